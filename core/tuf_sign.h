/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_sign: the private keys of TUF roles and signing with them. Only the signer
 * calls it.
 *
 * Rules: a role's private key is kept as an encrypted PKCS#8 file of mode 0600, or
 * stays in a token that OpenSSL reaches by a URI ("pkcs11:..." through a provider of
 * the machine's configuration); passphrases are the caller's to read and to cleanse; a
 * signed file is never changed in its "signed" part.
 */
#ifndef CORE_TUF_SIGN_H
#define CORE_TUF_SIGN_H

#include "core/tuf_signed.h"

enum tuf_scheme { TUF_ECDSA_P256, TUF_RSA_PSS_3072, TUF_ED25519 };

struct tuf_secret; /* a private key */

bool tuf_sign_generate(enum tuf_scheme scheme, struct tuf_secret **out,
		       struct error *err) MUST_CHECK;
/* From a file or a URI with a scheme ("pkcs11:", "file:"). A passphrase or PIN that is
 * missing or wrong is ERR_CONFLICT, a token that is not there ERR_NOT_FOUND, a URI
 * with its PIN in it ERR_USAGE. */
bool tuf_sign_load(const char *name, const char *passphrase, struct tuf_secret **out,
		   struct error *err) MUST_CHECK;
/* PKCS#8, AES-256-CBC under PBKDF2 with SHA-256; ERR_CONFLICT when `path` is there.
 * The passphrase must have at least 8 bytes. */
bool tuf_sign_save(const struct tuf_secret *s, const char *path, const char *passphrase,
		   struct error *err) MUST_CHECK;
/* The same without a passphrase: for the key of a site (site.h), and no role's. */
bool tuf_sign_save_plain(const struct tuf_secret *s, const char *path,
			 struct error *err) MUST_CHECK;
void tuf_sign_free(struct tuf_secret *s);
void tuf_sign_freep(struct tuf_secret **s);

/* Its public half as metadata has it (PEM), with the recommended id. */
bool tuf_sign_public(const struct tuf_secret *s, struct tuf_key *out,
		     struct error *err) MUST_CHECK;

/* A metadata file of a "signed" part (tuf_write_*), signed by these keys. */
bool tuf_sign_new(enum tuf_kind kind, const char *body, size_t len,
		  struct tuf_secret *const *secrets, size_t count, struct buf *out,
		  struct error *err) MUST_CHECK;
/* The same file with more signatures: for a root that goes from machine to machine.
 * A signature by the same id is replaced; unknown fields stay. */
bool tuf_sign_add(enum tuf_kind kind, const char *file, size_t len,
		  struct tuf_secret *const *secrets, size_t count, struct buf *out,
		  struct error *err) MUST_CHECK;

#endif
