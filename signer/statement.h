/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement: signing what a site says of the tree that it mirrors (core/site.h).
 *
 * Rules: the keys are opened before anything is fetched, so a mirror whose site cannot
 * sign changes nothing; the statement is made in the transaction that stores the tree
 * it speaks of, from what is stored there; its times are this machine's clock.
 */
#ifndef SIGNER_STATEMENT_H
#define SIGNER_STATEMENT_H

#include "core/store.h"
#include "signer/role_keys.h"

#define STATEMENT_ROLE "site" /* the name of its keys */

struct statement {
	bool is_site; /* else there is nothing to sign */
	struct role_secrets secrets;
};

/* Look whether the store has a site, and open its keys: ERR_NOT_FOUND when they are
 * not there. */
bool statement_open(struct store *s, const struct role_keys_input *in,
		    const char *store_path, struct statement *out,
		    struct error *err) MUST_CHECK;
void statement_clear(struct statement *st);

/* Sign anew what the store has: once this tree was looked for and is stored. */
bool statement_renew(const struct statement *st, struct store *s,
		     struct error *err) MUST_CHECK;

#endif
