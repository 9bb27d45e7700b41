/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_sign: text signatures by the user's own keys, through the user's own gpg-agent
 * (which may keep them in a token).
 *
 * Rules: nothing is signed by a key, or with a digest, that the policy would not let
 * count; which key signs is settled before the first signature; a passphrase passes
 * through one descriptor and one buffer that is cleansed. Only programs that sign
 * link this module.
 */
#ifndef CORE_PGP_SIGN_H
#define CORE_PGP_SIGN_H

#include "core/pgp.h"

enum { PGP_SIGN_KEYS_MAX = 8 };

struct pgp_sign_options {
	/* fingerprints, or whatever gpg takes as a user id: exactly one usable secret
	 * key must match each; none given: the home's only one */
	const char *const *keys;
	size_t key_count;
	int passphrase_fd; /* its first line, for all keys; -1: gpg-agent asks */
};

struct pgp_sign; /* opaque: settled keys, ready to sign */

/* In the user's own home (GNUPGHOME). ERR_NOT_FOUND, ERR_CONFLICT for the number of
 * keys, ERR_UNTRUSTED for what the policy refuses. */
bool pgp_sign_open(const struct pgp_sign_options *options, struct pgp_sign **out,
		   struct error *err) MUST_CHECK;
/* Another one for the same keys, so that a second thread can sign; `s` outlives it. */
bool pgp_sign_join(const struct pgp_sign *s, struct pgp_sign **out,
		   struct error *err) MUST_CHECK;
void pgp_sign_close(struct pgp_sign *s);
void pgp_sign_closep(struct pgp_sign **s);

/* The public halves of the keys that will sign. */
const struct pgp_keyring *pgp_sign_keys(const struct pgp_sign *s);

/* Sign the canonical `text` with each key; `rsa_only` as EL 7 needs. Appends to
 * `packets`, which holds the signatures that are there already and of which none may
 * be bad, and says in `made` what was made. */
bool pgp_sign_text(struct pgp_sign *s, bool rsa_only, const char *text, size_t text_len,
		   struct buf *packets, struct pgp_verdict *made,
		   struct error *err) MUST_CHECK;

#endif
