/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_home: gpg through GPGME, to sign in the user's own home.
 *
 * Rule: gpg runs by its absolute path, offline.
 */
#ifndef CORE_PGP_HOME_H
#define CORE_PGP_HOME_H

#include "core/buf.h"

#include <gpgme.h>

/* A context in the user's own home (GNUPGHOME). */
bool pgp_home_open(gpgme_ctx_t *out, struct error *err) MUST_CHECK;
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
