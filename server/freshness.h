/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freshness: until when the published TUF metadata is valid, by role.
 *
 * Rule: read for people and monitoring alone; who relies on the metadata verifies
 * it (core/tuf_client.h).
 */
#ifndef SERVER_FRESHNESS_H
#define SERVER_FRESHNESS_H

#include "core/page.h"
#include "core/tree.h"

struct freshness {
	struct page_role roles[PAGE_ROLES]; /* those that the tree has */
	size_t count;
};

/* Of each top-level role the newest version. */
bool freshness_read(const struct tree *t, struct freshness *out,
		    struct error *err) MUST_CHECK;
/* Has any of them expired? */
bool freshness_expired(const struct freshness *f, int64_t now) MUST_CHECK;

#endif
