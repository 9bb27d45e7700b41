/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_mirror: a store that holds another authority's tree, and its site
 * (schema/003_mirror.sql).
 */
#ifndef CORE_STORE_MIRROR_H
#define CORE_STORE_MIRROR_H

#include "core/store_tuf.h"

enum { STORE_SOURCE_SIZE = 1024, STORE_SITE_NAME_SIZE = 129 };

struct store_mirror {
	char source[STORE_SOURCE_SIZE]; /* what the tree came from */
	int64_t arrived;                /* when the snapshot that it has came */
	int64_t checked;                /* when import or mirror last ended well */
	char el[8], kubernetes[64];     /* the part that it keeps; "" is all */
};

/* *is tells whether the store is a mirror; if not, `out` stays untouched. */
bool store_mirror(struct store *s, struct store_mirror *out, bool *is,
		  struct error *err) MUST_CHECK;
/* Make it one, or change what is said. */
bool store_set_mirror(struct store *s, const struct store_mirror *m,
		      struct error *err) MUST_CHECK;

/* The keyring that the mirror's operator pinned, appended, and its threshold: none of
 * both is 0 bytes and 0. */
bool store_mirror_pin(struct store *s, struct buf *keyring, unsigned *threshold,
		      struct error *err) MUST_CHECK;
/* Pin another one; 0 bytes: none. */
bool store_mirror_set_pin(struct store *s, const struct buf *keyring,
			  unsigned threshold, struct error *err) MUST_CHECK;

/* Any target, shown or not, with these bytes; ERR_NOT_FOUND. */
bool store_mirror_find(struct store *s, const struct digest *d,
		       struct store_target *out, struct error *err) MUST_CHECK;

/* The site's name and its last statement (appended; may be none). ERR_NOT_FOUND when
 * the store has no site. */
bool store_mirror_site(struct store *s, char name[STORE_SITE_NAME_SIZE],
		       struct buf *statement, struct error *err) MUST_CHECK;
/* ERR_CONFLICT: it has one. */
bool store_mirror_add_site(struct store *s, const char *name,
			   struct error *err) MUST_CHECK;
bool store_mirror_state(struct store *s, const struct buf *statement,
			struct error *err) MUST_CHECK;

/* A tool whose bytes come in pieces: digest and size of `t` must be theirs, else
 * ERR_MISMATCH. The same ones again are found; ERR_CONFLICT as store_put_tool(). */
bool store_mirror_put_tool(struct store *s, const struct store_tool *t,
			   bool (*give)(void *arg, const struct sink *to,
					struct error *err),
			   void *arg, struct error *err) MUST_CHECK;

#endif
