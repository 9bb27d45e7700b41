/* SPDX-License-Identifier: Apache-2.0 */
#include "server/resource.h"

#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>

/* What a 304 has, too (RFC 9110, section 15.4.5); the rest the client knows. */
static size_t cache_headers(const struct resource *r, enum encode_coding c,
			    struct httpd_header *out)
{
	size_t n = 0;

	out[n++] = (struct httpd_header){"ETag", r->as[c].etag};
	out[n++] = (struct httpd_header){
		"Cache-Control", r->immutable ? "public, max-age=31536000, immutable"
					      : "public, max-age=10"};
	if (r->codable)
		out[n++] = (struct httpd_header){"Vary", "Accept-Encoding"};
	return n;
}

size_t resource_headers(const struct resource *r, enum encode_coding c,
			struct httpd_header out[RESOURCE_HEADERS_MAX])
{
	size_t n = cache_headers(r, c, out);

	out[n++] = (struct httpd_header){"Content-Type", r->type};
	out[n++] = (struct httpd_header){"Last-Modified", r->last_modified};
	out[n++] = (struct httpd_header){"Accept-Ranges", "bytes"};
	out[n++] = (struct httpd_header){"X-Content-Type-Options", "nosniff"};
	if (c != ENCODE_IDENTITY)
		out[n++] = (struct httpd_header){"Content-Encoding", encode_name(c)};
	if (r->policy) {
		out[n++] = (struct httpd_header){"Content-Security-Policy", r->policy};
		out[n++] = (struct httpd_header){"Referrer-Policy", "no-referrer"};
		out[n++] = (struct httpd_header){"X-Frame-Options", "DENY"};
		out[n++] = (struct httpd_header){"Cross-Origin-Opener-Policy",
						 "same-origin"};
	}
	return n;
}

_Static_assert(RESOURCE_MAX_AGE == 10, "Cache-Control above says so");

static bool respond(struct resource *r, enum encode_coding c, struct error *err)
{
	struct httpd_header headers[RESOURCE_HEADERS_MAX];
	size_t n = resource_headers(r, c, headers);

	return httpd_response_new(r->as[c].body, 0, r->as[c].body->len, headers, n,
				  &r->as[c].response, err);
}

/* Everything but the bodies. */
static struct resource *blank(const struct resource_spec *spec)
{
	size_t len = strlen(spec->path);
	struct resource *r = calloc(1, sizeof(*r) + len + 1);

	if (!r)
		return NULL;
	atomic_init(&r->holders, 1);
	memcpy(r->path, spec->path, len + 1);
	r->type = spec->type;
	r->policy = spec->policy;
	r->digest = spec->digest;
	r->modified = spec->modified;
	r->immutable = spec->immutable;
	r->codable = strcmp(spec->type, "application/octet-stream") != 0;
	negotiate_date(spec->modified, r->last_modified);
	for (int c = 0; c < ENCODE_CODINGS; c++)
		snprintf(r->as[c].etag, sizeof(r->as[c].etag), "\"%s%s%s\"",
			 DIGEST_HEX(&spec->digest), c ? "-" : "",
			 c ? encode_name((enum encode_coding)c) : "");
	return r;
}

bool resource_new(const struct resource_spec *spec, struct bytes *body,
		  struct resource **out, struct error *err)
{
	struct resource *r = blank(spec);

	if (!r)
		return error_set(err, ERR_SYSTEM, "no memory");
	r->as[ENCODE_IDENTITY].body = bytes_hold(body);
	if (!respond(r, ENCODE_IDENTITY, err)) {
		resource_drop(r);
		return false;
	}
	*out = r;
	return true;
}

static bool code(struct resource *r, enum encode_coding c, const struct resource *twin,
		 struct error *err)
{
	struct representation *as = &r->as[c];

	if (twin && twin->coded)
		as->body = twin->as[c].body ? bytes_hold(twin->as[c].body) : NULL;
	else if (!encode(c, r->as[ENCODE_IDENTITY].body, &as->body, err))
		return false;
	return !as->body || respond(r, c, err);
}

bool resource_encode(const struct resource *r, const struct resource *twin,
		     struct resource **out, struct error *err)
{
	const struct resource_spec spec = {
		.path = r->path,
		.type = r->type,
		.policy = r->policy,
		.digest = r->digest,
		.modified = r->modified,
		.immutable = r->immutable,
	};
	struct resource *made = NULL;

	if (!resource_new(&spec, r->as[ENCODE_IDENTITY].body, &made, err))
		return false;
	made->coded = true;
	for (int c = ENCODE_GZIP; c < ENCODE_CODINGS; c++) {
		if (!code(made, (enum encode_coding)c, twin, err)) {
			resource_drop(made);
			return false;
		}
	}
	*out = made;
	return true;
}

struct MHD_Response *resource_unmodified(struct resource *r, enum encode_coding c)
{
	struct representation *as = &r->as[c];
	struct MHD_Response *made, *first = atomic_load(&as->unmodified);
	struct httpd_header headers[RESOURCE_HEADERS_MAX];
	struct error err;

	if (first || !httpd_response_bare(as->body, headers,
					  cache_headers(r, c, headers), &made, &err))
		return first;
	/* two threads may have made one: the first stays */
	if (atomic_compare_exchange_strong(&as->unmodified, &first, made))
		return made;
	httpd_response_free(made);
	return first;
}

struct resource *resource_hold(struct resource *r)
{
	atomic_fetch_add_explicit(&r->holders, 1, memory_order_relaxed);
	return r;
}

void resource_drop(struct resource *r)
{
	if (!r || atomic_fetch_sub_explicit(&r->holders, 1, memory_order_acq_rel) != 1)
		return;
	for (int c = 0; c < ENCODE_CODINGS; c++) {
		httpd_response_free(r->as[c].response);
		httpd_response_free(r->as[c].unmodified);
		bytes_drop(r->as[c].body);
	}
	free(r);
}
