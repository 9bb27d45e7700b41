/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp: who vouches for a text, by the machine's gpgv or gpg, under our own rules.
 *
 * The order in which a signature comes to count (docs/TRUST.md):
 *  1 the file was cut by armor.h; text and packets go to gpgv as a detached pair;
 *  2 gpgv runs by its absolute path with the pinned keyring and nothing else: no
 *    home, no configuration, no agent, no network (pgp_run.h);
 *  3 its status lines tell of each signature that it is good and valid: neither
 *    its expiry nor its key's nor a revocation is overlooked;
 *  4 it was made by a key of the keyring: counted by *primary* fingerprint;
 *  5 digest and public-key algorithm are in the policy table;
 *  6 it is dated neither later than now + PGP_SKEW nor before its key;
 *  7 no signature beside it is bad: one that fails its arithmetic means that text
 *    or signatures were changed, and the file vouches for nothing;
 *  8 at least `threshold` distinct primaries remain.
 * Success without at least one counted signature does not exist. Exit codes
 * and trust levels decide nothing. Keys are in pgp_keyring.h, what is wrong with them
 * in pgp_check.h; GPGME, which pgp_home.h alone includes, signs (pgp_sign.h).
 */
#ifndef CORE_PGP_H
#define CORE_PGP_H

#include "core/armor.h"
#include "core/digest.h"
#include "core/pgp_keyring.h"

enum { PGP_SKEW = 300 }; /* seconds that a signer's clock may be ahead */

struct pgp_signature {
	char primary[PGP_FPR_SIZE]; /* "" when the key is not in the keyring */
	char signer[PGP_FPR_SIZE];  /* of the (sub)key that signed, or its key id */
	char uid[PGP_UID_MAX];      /* of the primary, escaped; may be "" */
	char key_algorithm[16];     /* "RSA3072" */
	char digest_algorithm[16];  /* "SHA256" */
	int64_t created;
	int64_t expires; /* 0: never */
	bool counts;
	bool revoked;                /* does not count because its key is revoked */
	char reason[PGP_REASON_MAX]; /* why it does not count; "" when it does */
};

struct pgp_verdict {
	struct digest digest; /* of the text: its identity */
	struct pgp_signature signatures[ARMOR_SIGNATURES_MAX];
	size_t count;
	size_t distinct;  /* primaries that count */
	size_t threshold; /* that was asked for */
};

struct pgp_policy {
	size_t threshold;          /* at least 1 */
	int64_t now;               /* one fixed time a run */
	bool signed_before_expiry; /* count a signature of a key that expired later */
	const char *engine;        /* NULL: this machine's gpg; tests name old ones */
	int64_t deadline; /* of digest_many_now(): gpgv is ended then; 0: after 60 s */
	/* Done once a verification while gpgv works: of the keyring that is being
	 * verified by, the bytes alone were used until then. May be NULL. */
	bool (*meanwhile)(void *arg, struct error *err);
	void *arg;
};

/* Cut a whole .asc file, verify it, and hand out the cut text that was verified. True
 * only when verdict->distinct >= policy->threshold; ERR_UNTRUSTED with the reason
 * otherwise, and then `verdict` is filled all the same so that it can be shown (the one
 * output that is written on failure). ERR_SYSTEM: no gpg. */
bool pgp_verify_file(const struct pgp_keyring *keyring, const struct pgp_policy *policy,
		     const char *file, size_t len, struct armor_cut *cut,
		     struct pgp_verdict *verdict, struct error *err) MUST_CHECK;

#endif
