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
 * and trust levels decide nothing. GPGME, which this module alone includes, signs
 * (pgp_home.h).
 */
#ifndef CORE_PGP_H
#define CORE_PGP_H

#include "core/armor.h"
#include "core/digest.h"

enum {
	PGP_SKEW = 300,    /* seconds that a signer's clock may be ahead */
	PGP_FPR_SIZE = 65, /* 40 (v4) or 64 (v6) upper-case hex digits and a NUL */
	PGP_KEYS_MAX = 64, /* primaries in one keyring */
	PGP_KEYRING_MAX = 1024 * 1024, /* bytes of one keyring file */
	PGP_SUBKEYS_MAX = 256,         /* primaries and subkeys in one keyring */
	PGP_UID_MAX = 256,
	PGP_REASON_MAX = 224,
};

struct pgp_key {
	char fpr[PGP_FPR_SIZE]; /* of the primary key */
	char uid[PGP_UID_MAX];  /* first user id, escaped for printing */
	char algorithm[16];     /* "RSA3072", "P-256", ... of the primary key */
	int64_t created;
	char problem[PGP_REASON_MAX]; /* why nothing it signs counts; "" when it may */
	size_t at, len;               /* its packets in the keyring's bytes */
	/* when inspected: */
	int64_t expires; /* 0: never */
	bool revoked;
};

/* A primary or a subkey. */
struct pgp_subkey {
	char fpr[PGP_FPR_SIZE];
	char algorithm[16];
	int64_t created;
	size_t key; /* index of its primary */
	/* Whose signature that it belongs to its primary its binding carries, by name:
	 * of another key, and nothing that it signs counts. Whether it holds is for
	 * gpg. */
	enum { PGP_BACK_NONE, PGP_BACK_FOREIGN, PGP_BACK_OWN } back;
	bool made_to_sign;       /* as a binding says, or by not saying otherwise */
	bool carries_revocation; /* whether it holds is for gpg; else
				    pgp_packet_revocation */
	/* when inspected: */
	int64_t expires; /* 0: never */
	bool revoked;
	bool can_sign; /* and its binding to the primary holds */
};

/* Frozen bytes of a keyring and what they say of themselves; read-only once made, so
 * threads may share one. All but the bytes waits for pgp_keyring_finish(). */
struct pgp_keyring {
	struct buf bytes;   /* binary key packets */
	struct buf for_gpg; /* the same without bindings that the policy refuses */
	struct pgp_key keys[PGP_KEYS_MAX];
	size_t key_count;
	struct pgp_subkey subkeys[PGP_SUBKEYS_MAX];
	size_t subkey_count;
	bool inspected;
};

/* Armored or binary, one or many keys; each, and each subkey, once: who of two owners
 * signed with it nobody could tell. Secret keys are refused. */
bool pgp_keyring_parse(const void *data, size_t len, struct pgp_keyring *out,
		       struct error *err) MUST_CHECK;
bool pgp_keyring_read(const char *path, struct pgp_keyring *out,
		      struct error *err) MUST_CHECK;
/* The same in two steps. The second computes fingerprints, for which OpenSSL begins: to
 * be taken while gpgv works (struct pgp_policy) and once. */
bool pgp_keyring_begin(const void *data, size_t len, struct pgp_keyring *out,
		       struct error *err) MUST_CHECK;
bool pgp_keyring_begin_file(const char *path, struct pgp_keyring *out,
			    struct error *err) MUST_CHECK;
bool pgp_keyring_finish(struct pgp_keyring *k, struct error *err) MUST_CHECK;
void pgp_keyring_clear(struct pgp_keyring *k);
/* Append as one ASCII-armored PUBLIC KEY BLOCK. */
bool pgp_keyring_write(const struct pgp_keyring *k, struct buf *out,
		       struct error *err) MUST_CHECK;

/* The primary or subkey with this fingerprint; NULL when there is none. */
const struct pgp_subkey *pgp_keyring_part(const struct pgp_keyring *k, const char *fpr);

/* Ask gpg what holds of the keys now: expiry, revocation, which part can sign, the
 * first valid user id. Verifying needs none of it. ERR_FORMAT for a key that gpg does
 * not accept. */
bool pgp_inspect(struct pgp_keyring *k, struct error *err) MUST_CHECK;

/* Of key `at`, inspected, the part that gpg signs with: the newest that can at that
 * time (0: at any); NULL when there is none. */
const struct pgp_subkey *pgp_inspect_signer(const struct pgp_keyring *k, size_t at,
					    int64_t now);

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
