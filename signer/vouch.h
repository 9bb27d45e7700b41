/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vouch: does a signed file satisfy the store: its release keys, its threshold,
 * at one fixed time.
 */
#ifndef SIGNER_VOUCH_H
#define SIGNER_VOUCH_H

#include "core/pgp.h"
#include "core/store.h"

enum { VOUCH_FILE_MAX = 33 * 1024 * 1024 }; /* bytes of a signed file */

struct vouch {
	struct pgp_keyring keyring;
	struct pgp_policy policy;
	bool settled; /* the keys are those that the tree was published with */
};

/* ERR_NOT_FOUND when the store trusts no key yet. */
bool vouch_load(struct store *s, struct vouch *out, struct error *err) MUST_CHECK;
/* The same, and without a key nothing is trusted. */
bool vouch_load_any(struct store *s, struct vouch *out, struct error *err) MUST_CHECK;
void vouch_clear(struct vouch *v);

struct vouched {
	bool enough;                                    /* the threshold is met */
	size_t owners;                                  /* that count */
	char signers[STORE_SIGNERS_MAX * PGP_FPR_SIZE]; /* their keys, by blanks */
	struct digest text; /* of what they vouch for: of the manifest */
	char why[512];      /* why it is not enough; "" when it is */
};

/* False (ERR_UNTRUSTED) unless a trusted key vouches for the file's text. */
bool vouch_for(const struct vouch *v, const char *file, size_t len, struct vouched *out,
	       struct error *err) MUST_CHECK;

/* Did keys or threshold change since the tree was published? */
bool vouch_changed(struct store *s, bool *changed, struct error *err) MUST_CHECK;
/* Would those who vouched for the published file be enough now? From the keys alone: to
 * tell, and which files to look at again, never to publish. VOUCH_ASK: a key has parts
 * that count and parts that do not, so that only its signature tells. Where the keys
 * are settled, that is asked only when a part expired since. */
enum vouch_guess { VOUCH_NO, VOUCH_ASK, VOUCH_YES };
enum vouch_guess vouch_guess(const struct vouch *v, const struct store_signed *f);

#endif
