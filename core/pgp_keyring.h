/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_keyring: the keys that are trusted, as frozen bytes and as what these say of
 * themselves; and, where a person is told of keys, as gpg judges them (pgp_inspect()).
 *
 * Rules: the bytes are kept as they came. gpg gets them without what the policy refuses
 * and without what it would believe unseen (pgp_packet_strip()). A part, primary or
 * subkey, is there once.
 */
#ifndef CORE_PGP_KEYRING_H
#define CORE_PGP_KEYRING_H

#include "core/buf.h"

enum {
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
	bool made_to_sign;       /* as one of its bindings says, or does not deny */
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
	struct buf for_gpg; /* the same, stripped (pgp_packet.h) */
	struct pgp_key keys[PGP_KEYS_MAX];
	size_t key_count;
	struct pgp_subkey subkeys[PGP_SUBKEYS_MAX];
	size_t subkey_count;
};

/* Armored or binary, one or many keys; secret keys are refused, and a part that is
 * there twice: who of two owners signed with it nobody could tell. */
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

#endif
