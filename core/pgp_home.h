/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_home: gpg through GPGME, to list keys in private homes and to sign in the
 * user's.
 *
 * Rules: a private home is a folder (pgp_folder.h) that holds one keyring and our
 * gpg.conf: offline, no agent, no trust database, no key that is not in the keyring.
 * gpg runs by its absolute path. The folder is deleted with the handle.
 */
#ifndef CORE_PGP_HOME_H
#define CORE_PGP_HOME_H

#include "core/buf.h"
#include "core/pgp_folder.h"

#include <gpgme.h>

/* A home, with a context that works in it. */
struct pgp_home {
	struct pgp_folder folder;
	gpgme_ctx_t ctx;
};
bool pgp_home_open(const struct buf *keyring, struct pgp_home **out,
		   struct error *err) MUST_CHECK;
void pgp_home_close(struct pgp_home *h);
void pgp_home_closep(struct pgp_home **h);

/* A context in the user's own home (GNUPGHOME), to sign with. */
bool pgp_home_users(gpgme_ctx_t *out, struct error *err) MUST_CHECK;
void pgp_home_releasep(gpgme_ctx_t *ctx);

/* Does the user's gpg-agent see a token with a key in it? True when it cannot be
 * asked. */
bool pgp_home_has_token(void) MUST_CHECK;

/* Borrow bytes for one operation: AUTO(pgp_home_datap). */
bool pgp_home_data(const void *bytes, size_t len, gpgme_data_t *out,
		   struct error *err) MUST_CHECK;
void pgp_home_datap(gpgme_data_t *d);

/* The one translator of GPGME's errors: "what: why"; yields false. */
#define pgp_home_error(err, why, ...) (pgp_home_error_(err, why, __VA_ARGS__), false)
void pgp_home_error_(struct error *err, gpgme_error_t why, const char *fmt, ...)
	PRINTF(3, 4);

#endif
