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
};

/* ERR_NOT_FOUND when the store trusts no key yet. */
bool vouch_load(struct store *s, struct vouch *out, struct error *err) MUST_CHECK;
/* The same, and without a key nothing is trusted. */
bool vouch_load_any(struct store *s, struct vouch *out, struct error *err) MUST_CHECK;
void vouch_clear(struct vouch *v);

struct vouched {
	bool enough;     /* the threshold is met */
	size_t owners;   /* that count */
	int64_t expires; /* the first of their signatures; 0: none ever does */
	char signers[STORE_SIGNERS_MAX * PGP_FPR_SIZE]; /* their keys, by blanks */
	struct digest text; /* of what they vouch for: of the manifest */
	char why[512];      /* why it is not enough; "" when it is */
};

/* False (ERR_UNTRUSTED) unless a trusted key vouches for the file's text. */
bool vouch_for(const struct vouch *v, const char *file, size_t len, struct vouched *out,
	       struct error *err) MUST_CHECK;

/* Did keys or threshold change since the tree was published? */
bool vouch_changed(struct store *s, bool *changed, struct error *err) MUST_CHECK;
/* Would those who vouched for a signed file be enough now? From the keys, and from what
 * the signatures say of themselves: nothing is verified. To tell, and which published
 * files to look at again, never to publish. */
bool vouch_stands(const struct vouch *v, struct store *s, const struct store_signed *f,
		  bool *out, struct error *err) MUST_CHECK;

#endif
