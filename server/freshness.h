/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freshness: until when the published TUF metadata is valid, by role; and what a
 * mirror's site says of when the tree came.
 *
 * Rule: read for people and monitoring alone; who relies on the metadata verifies
 * it (core/tuf_client.h).
 */
#ifndef SERVER_FRESHNESS_H
#define SERVER_FRESHNESS_H

#include "core/page.h"
#include "core/tree.h"

/* Of each top-level role the newest version; a statement that is not understood is as
 * none. */
bool freshness_read(const struct tree *t, struct page_about *out,
		    struct error *err) MUST_CHECK;
/* Has any of the roles expired? */
bool freshness_expired(const struct page_about *a, int64_t now) MUST_CHECK;

#endif
