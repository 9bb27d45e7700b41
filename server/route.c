/* SPDX-License-Identifier: Apache-2.0 */
#include "server/route.h"

#include "core/text.h"

#include <strings.h>

enum { PATH_SIZE = 1100 };

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The path of an absolute-form target: behind "http://authority". */
static const char *behind_authority(const char *target)
{
	const char *slash;

	if (target[0] == '/')
		return target;
	if (!strncasecmp(target, "http://", 7))
		target += 7;
	else if (!strncasecmp(target, "https://", 8))
		target += 8;
	else
		return NULL;
	slash = strchr(target, '/');
	return slash ? slash : "/";
}

bool route_path(const char *target, char *out, size_t size)
{
	const char *s = behind_authority(target);
	size_t n = 0;

	if (!s)
		return false;
	for (; *s; s++) {
		int c = (unsigned char)*s;

		if (n + 1 == size)
			return false;
		if (c == '%') {
			int high = hex(s[1]), low = high < 0 ? -1 : hex(s[2]);

			if (low < 0)
				return false;
			c = high * 16 + low;
			if (c < 0x20 || c == 0x7f || c == '/')
				return false;
			s += 2;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return true;
}

/* The representation with the highest quality; of equals the smallest. */
static bool choose(const struct resource *r, const struct httpd_request *q,
		   enum encode_coding *out)
{
	struct negotiate_codings codings;
	int best = -1;

	if (!q->accept_encoding) {
		*out = ENCODE_IDENTITY;
		return true;
	}
	negotiate_codings(q->accept_encoding, &codings);
	/* parts are of the body as it is, where that is acceptable at all */
	if (q->if_headers.range && codings.q[ENCODE_IDENTITY]) {
		*out = ENCODE_IDENTITY;
		return true;
	}
	for (int c = 0; c < ENCODE_CODINGS; c++) {
		if (!r->as[c].body || !codings.q[c])
			continue;
		if (best < 0 || codings.q[c] > codings.q[best] ||
		    (codings.q[c] == codings.q[best] &&
		     r->as[c].body->len < r->as[best].body->len))
			best = c;
	}
	if (best < 0)
		return false;
	*out = (enum encode_coding)best;
	return true;
}

static void problem(struct route *out, enum problem p)
{
	out->kind = ROUTE_PROBLEM;
	out->problem = p;
}

void route_resource(struct resource *r, const struct httpd_request *q, int64_t now,
		    struct route *out)
{
	const struct negotiate_headers *h = &q->if_headers;
	struct negotiate_validators v;

	out->resource = r;
	out->kind = ROUTE_RESOURCE;
	if (!choose(r, q, &out->coding)) {
		problem(out, PROBLEM_NOT_ACCEPTABLE);
		return;
	}
	v = (struct negotiate_validators){
		.etag = r->as[out->coding].etag, .modified = r->modified, .now = now};
	switch (negotiate_condition(h, &v)) {
	case NEGOTIATE_GO:
		break;
	case NEGOTIATE_NOT_MODIFIED:
		out->status = 304;
		return;
	case NEGOTIATE_FAILED:
		problem(out, PROBLEM_CONDITION);
		return;
	}
	out->status = 200;
	/* section 14.2: Range is defined for GET alone */
	if (!h->range || strcmp(q->method, "GET") != 0 || !negotiate_if_range(h, &v))
		return;
	switch (negotiate_range(h->range, r->as[out->coding].body->len, &out->first,
				&out->last)) {
	case NEGOTIATE_WHOLE:
		break;
	case NEGOTIATE_PART:
		out->status = 206;
		break;
	case NEGOTIATE_UNSATISFIABLE:
		out->status = 416;
		break;
	}
}

static bool own(const char *path, struct route *out)
{
	static const char digests[] = "/digests/";
	static const struct {
		const char *path;
		enum route_kind kind;
	} table[] = {
		{"/healthz", ROUTE_HEALTH},
		{"/readyz", ROUTE_READY},
		{"/metrics", ROUTE_METRICS},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (!strcmp(path, table[i].path)) {
			out->kind = table[i].kind;
			return true;
		}
	}
	if (!text_starts(path, digests))
		return false;
	out->kind = ROUTE_DIGEST;
	if (!digest_unhex(path + strlen(digests), &out->digest))
		problem(out, PROBLEM_BAD_DIGEST);
	return true;
}

/* RFC 9112 section 3.2: one Host in HTTP/1.1, not more in any version. */
static bool well_formed(const struct httpd_request *q)
{
	if (!strcmp(q->version, "HTTP/1.0"))
		return q->hosts <= 1;
	/* a higher minor version is read as 1.1 (RFC 9110 section 2.5) */
	return text_starts(q->version, "HTTP/1.") && q->hosts == 1;
}

void route(const struct snapshot *s, const struct httpd_request *q, int64_t now,
	   struct route *out)
{
	char path[PATH_SIZE];
	struct resource *r = NULL;

	*out = (struct route)EMPTY;
	if (q->large) {
		problem(out, PROBLEM_LARGE);
		return;
	}
	if (!well_formed(q)) {
		problem(out, PROBLEM_BAD_REQUEST);
		return;
	}
	if (strcmp(q->method, "GET") != 0 && strcmp(q->method, "HEAD") != 0) {
		problem(out, PROBLEM_METHOD);
		return;
	}
	if (q->body) {
		problem(out, PROBLEM_BODY);
		return;
	}
	r = s ? snapshot_find(s, q->target) : NULL;
	if (r) {
		route_resource(r, q, now, out);
		return;
	}
	if (!route_path(q->target, path, sizeof(path))) {
		problem(out, PROBLEM_NOT_FOUND);
		return;
	}
	if (own(path, out))
		return;
	if (!s) {
		problem(out, PROBLEM_BUSY);
		return;
	}
	r = snapshot_find(s, path);
	if (r) {
		route_resource(r, q, now, out);
		return;
	}
	out->kind = ROUTE_VIEW;
	out->resource = views_subject(s, path);
	if (!out->resource)
		problem(out, PROBLEM_NOT_FOUND);
}
