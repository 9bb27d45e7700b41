/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_key: the public keys of TUF metadata (The Update Framework 1.0.34, section
 * 4.2) and what is verified with them.
 *
 * Rules:
 * - A key is what its numbers are: `identity` is a SHA-256 of them, however they are
 *   encoded, so that one key under two ids counts once. Ids are names and need not be
 *   digests.
 * - Known: ecdsa and ecdsa-sha2-nistp256 on P-256, rsa with RSASSA-PSS and SHA-256
 *   from 2048 bits up, ed25519 (not where OpenSSL's default is FIPS). Values are PEM,
 *   or hex of the raw key. A key of another kind, or damaged, is kept with its reason
 *   and verifies nothing.
 * The tuf_* modules alone include <openssl/pem.h>.
 */
#ifndef CORE_TUF_KEY_H
#define CORE_TUF_KEY_H

#include "core/buf.h"
#include "core/digest.h"

struct evp_pkey_st; /* OpenSSL's */

struct tuf_key {
	char *id;
	char *type, *scheme; /* keytype and scheme as the metadata has them */
	char *value;         /* keyval.public, likewise */
	struct evp_pkey_st *pkey;
	const char *unusable; /* why pkey is NULL; static */
	struct digest identity;
};

/* A key from the strings of its metadata; `id` NULL: the digest that the
 * specification recommends. Only memory can fail. */
bool tuf_key_init(const char *id, const char *type, const char *scheme,
		  const char *value, struct tuf_key *out, struct error *err) MUST_CHECK;
/* The public half of an OpenSSL key, in the one form that this program writes (PEM).
 * ERR_FORMAT for a kind that is not known. */
bool tuf_key_of(const struct evp_pkey_st *pkey, struct tuf_key *out,
		struct error *err) MUST_CHECK;
/* A public key in PEM, likewise. */
bool tuf_key_of_pem(const char *pem, struct tuf_key *out, struct error *err) MUST_CHECK;
bool tuf_key_copy(const struct tuf_key *key, struct tuf_key *out,
		  struct error *err) MUST_CHECK;
void tuf_key_clear(struct tuf_key *key);

/* Is `sig` this key's signature over the bytes? False also for an unusable key. */
bool tuf_key_verify(const struct tuf_key *key, const void *data, size_t len,
		    const void *sig, size_t sig_len) MUST_CHECK;

#endif
