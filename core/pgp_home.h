/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_home: a private GnuPG home that holds one keyring, and a GPGME context that
 * works in it and nowhere else.
 *
 * Rules: the folder is new, 0700 and short (gpg's sockets do not take long paths);
 * gpg runs by its absolute path with our gpg.conf: offline, no agent, no trust
 * database, no key that is not in the keyring. Closing deletes the folder. A home
 * serves one thread at a time; two of them never wait for each other.
 */
#ifndef CORE_PGP_HOME_H
#define CORE_PGP_HOME_H

#include "core/buf.h"

#include <gpgme.h>

struct pgp_home {
	char path[64];
	gpgme_ctx_t ctx;
};

/* A home with `keyring` (binary key packets) as its only keys; `engine` NULL: the
 * gpg of this machine, ERR_SYSTEM when it has none. */
bool pgp_home_open(const char *engine, const struct buf *keyring, struct pgp_home **out,
		   struct error *err) MUST_CHECK;
void pgp_home_close(struct pgp_home *h);
void pgp_home_closep(struct pgp_home **h);

/* A context in the user's own home (GNUPGHOME), to sign with. */
bool pgp_home_users(gpgme_ctx_t *out, struct error *err) MUST_CHECK;
void pgp_home_releasep(gpgme_ctx_t *ctx);

/* Is the engine of this context a gpg of at least this version? */
bool pgp_home_at_least(gpgme_ctx_t ctx, const char *version) MUST_CHECK;

/* Borrow bytes for one operation: AUTO(pgp_home_datap). */
bool pgp_home_data(const void *bytes, size_t len, gpgme_data_t *out,
		   struct error *err) MUST_CHECK;
void pgp_home_datap(gpgme_data_t *d);

/* "RSA3072", "P-256", "Ed25519", "DSA1024"... */
void pgp_home_algorithm(gpgme_subkey_t key, char out[16]);

/* The one translator of GPGME's errors: "what: why"; yields false. */
#define pgp_home_error(err, why, ...) (pgp_home_error_(err, why, __VA_ARGS__), false)
void pgp_home_error_(struct error *err, gpgme_error_t why, const char *fmt, ...)
	PRINTF(3, 4);

#endif
