/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repo: the store's tree under TUF (The Update Framework 1.0.34, sections 4 and 6).
 *
 * Rules:
 * - Everything is signed before anything is stored, and stored in the caller's
 *   transaction: a reader sees all of a publication or nothing of it.
 * - What did not change is not signed again, unless less than half of its time is
 *   left or its keys changed.
 * - Every file that is signed here is then held against the keys and thresholds that
 *   clients will hold it against; what they would refuse is not published.
 */
#ifndef SIGNER_REPO_H
#define SIGNER_REPO_H

#include "core/store_tuf.h"
#include "core/tree.h"
#include "core/tuf_role.h"
#include "signer/role_keys.h"

struct repo {
	struct store *store;    /* borrowed, inside a transaction */
	struct role_keys *keys; /* borrowed */
	int64_t now;
	struct tuf_root root;
	/* the private keys that were opened, by the name of their role */
	struct {
		char name[STORE_ROLE_SIZE];
		struct role_secrets secrets;
	} opened[16];
	size_t opened_count;
	size_t bins_signed;
	char signed_roles[1024]; /* what was signed: "el8 2, 3 bins, snapshot 3" */
};

/* *there is false when the store has no roles: then there is nothing to do. */
bool repo_open(struct store *s, struct role_keys *keys, struct repo *out, bool *there,
	       struct error *err) MUST_CHECK;
void repo_clear(struct repo *r);

/* Bring targets, snapshot and timestamp to what the static part of the tree shows. */
bool repo_publish(struct repo *r, const struct tree *tree,
		  struct error *err) MUST_CHECK;
/* Sign timestamp again; snapshot too when less than half of its time is left. */
bool repo_refresh(struct repo *r, struct error *err) MUST_CHECK;

/* repo_open() and repo_publish() of what the store has published now; "" in `said`
 * when the store has no roles or nothing was signed. */
bool repo_update(struct store *s, struct role_keys *keys, char said[1024],
		 struct error *err) MUST_CHECK;

/* Days that new metadata of a role is valid: as the store says, else the default. */
bool repo_days(struct store *s, const char *role, unsigned *out,
	       struct error *err) MUST_CHECK;
#define REPO_NO_ROLES "the store has no TUF roles: 'root init' makes them"
/* The root that is published; ERR_NOT_FOUND, in these words. */
bool repo_root(struct store *s, struct tuf_root *out, struct buf *file,
	       struct error *err) MUST_CHECK;

#endif
