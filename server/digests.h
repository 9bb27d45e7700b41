/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digests: which releases list a digest: of a file, of an artifact, of an image,
 * or their own. An auditor's first question about an unknown program.
 *
 * Rules: made of the canonical texts (or the signed files that hold them) as
 * they lie in memory: 12 bytes for each digest that one of them lists, no copy of
 * a name. What it answers is read from the text again, line by line. Immutable,
 * held by many.
 */
#ifndef SERVER_DIGESTS_H
#define SERVER_DIGESTS_H

#include "core/index.h"
#include "server/resource.h"

enum {
	DIGESTS_FOUND_MAX = 200, /* that one answer tells */
};

struct digests;

/* A manifest or a tool. */
struct digests_source {
	struct resource *resource; /* held; NULL: it is not in the tree any more */
	struct bytes *text;        /* held; holds the canonical text; NULL: a tool */
	struct digest digest;      /* of the canonical text, of the tool */
	char el[8], kubernetes[64], arch[16];
	unsigned revision;
	bool withdrawn;
};

/* Takes the sources over, also on failure. What `previous` (NULL: nothing) has read of
 * the same texts is not read again. */
bool digests_build(struct digests_source *sources, size_t count,
		   const struct digests *previous, struct digests **out,
		   struct error *err) MUST_CHECK;
struct digests *digests_hold(struct digests *d);
void digests_drop(struct digests *d);

/* The revision before the one that this resource is; NULL: there is none. */
const struct digests_source *digests_before(const struct digests *d,
					    const struct resource *signed_file);

/* The answer as JSON (schema/openapi.json, "Digest"); *found counts the places. */
bool digests_write(const struct digests *d, const struct digest *wanted,
		   struct buf *out, size_t *found, struct error *err) MUST_CHECK;

#endif
