/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_check: is a site's statement (core/site.h) signed by the key that the user
 * pinned, young enough, and of the tree that was verified?
 *
 * Rule: asked for, it is required. Where it is missing, damaged, old, from the future,
 * of another snapshot or signed by another key, nothing is used: ERR_UNTRUSTED.
 */
#ifndef CLIENT_SITE_CHECK_H
#define CLIENT_SITE_CHECK_H

#include "core/site.h"
#include "core/tuf_client.h"

struct site_check {
	struct site site;
	char *key;       /* its id, for the report */
	int64_t max_age; /* seconds, as the user asked */
	int64_t as_of;   /* site_as_of() of the verified tree */
};

/* "14d" or "36h": seconds, from an hour to ten years. */
bool site_check_parse_age(const char *s, int64_t *out) MUST_CHECK;

/* What the statement alone tells, with the public key in the file `key` (PEM). */
bool site_check_statement(const struct buf *text, const char *key, int64_t max_age,
			  struct site_check *out, struct error *err) MUST_CHECK;
/* How old is what the site has, by the roles that the client used? The snapshot itself
 * was held against c->site.snapshot by the client (tuf_options.vouched). */
bool site_check_tree(struct site_check *c, struct tuf_client *client,
		     struct error *err) MUST_CHECK;
void site_check_clear(struct site_check *c);

#endif
