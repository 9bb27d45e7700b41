/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resource: one published name, ready to be sent: its body as it is, as gzip and
 * as zstd, each with its validators and its response.
 *
 * Rules: immutable and held by many (snapshots, transfers); the entity tag is
 * the body's SHA-256, with the coding behind it where there is one; a name whose
 * bytes never change may be kept for ever, all others for RESOURCE_MAX_AGE.
 */
#ifndef SERVER_RESOURCE_H
#define SERVER_RESOURCE_H

#include "core/digest.h"
#include "server/httpd.h"

enum {
	RESOURCE_MAX_AGE = 10, /* seconds that a cache may keep what can change */
	RESOURCE_ETAG_SIZE = DIGEST_HEX_SIZE + 8,
	RESOURCE_HEADERS_MAX = 16,
};

struct representation {
	struct bytes *body; /* NULL: there is none in this coding */
	char etag[RESOURCE_ETAG_SIZE];
	struct MHD_Response *response;             /* for 200 */
	_Atomic(struct MHD_Response *) unmodified; /* made when it is first asked for */
};

struct resource {
	atomic_uint holders;
	const char *type;   /* media type; static */
	const char *policy; /* Content-Security-Policy; borrowed, or NULL */
	struct digest digest;
	int64_t modified;
	bool immutable;
	bool codable; /* text: worth a coding */
	bool coded;   /* codings were tried */
	struct representation as[ENCODE_CODINGS];
	char last_modified[NEGOTIATE_DATE_SIZE];
	char path[]; /* as requested, with the "/" in front */
};

struct resource_spec {
	const char *path, *type, *policy;
	struct digest digest;
	int64_t modified;
	bool immutable;
};

bool resource_new(const struct resource_spec *spec, struct bytes *body,
		  struct resource **out, struct error *err) MUST_CHECK;
/* The same with codings, sharing the body; and with those of `twin`, which has the
 * same body (NULL: there is none). */
bool resource_encode(const struct resource *r, const struct resource *twin,
		     struct resource **out, struct error *err) MUST_CHECK;
struct resource *resource_hold(struct resource *r);
void resource_drop(struct resource *r);

/* What answers with 304; borrowed. NULL: no memory. */
struct MHD_Response *resource_unmodified(struct resource *r, enum encode_coding c);

/* The headers of a representation; texts are borrowed from the resource. */
size_t resource_headers(const struct resource *r, enum encode_coding c,
			struct httpd_header out[RESOURCE_HEADERS_MAX]);

#endif
