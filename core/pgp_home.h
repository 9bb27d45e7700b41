/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_home: private GnuPG homes, and gpg run in them through GPGME.
 *
 * Rules: a home is a new folder, 0700 and short (gpg's sockets do not take long
 * paths), that holds one keyring and our gpg.conf: offline, no agent, no trust
 * database, no key that is not in the keyring. gpg runs by its absolute path. The
 * folder is deleted before the function returns, or with the handle.
 */
#ifndef CORE_PGP_HOME_H
#define CORE_PGP_HOME_H

#include "core/buf.h"

#include <gpgme.h>

/* Where the gpg of this machine is: ERR_SYSTEM when it has none. */
bool pgp_home_engine(const char **out, struct error *err) MUST_CHECK;

/*
 * Let the gpg at `engine` (NULL: this machine's) verify the detached signatures in
 * a home of its own that holds `keyring`, and append its status lines (pgp_status.h)
 * to `status`. One process, whatever the number of signatures; nothing else starts.
 */
struct pgp_home_job {
	const char *engine;
	const struct buf *keyring; /* binary key packets */
	const char *text;          /* as it was signed: without its last LF */
	size_t text_len;
	const char *signatures; /* binary packets */
	size_t signatures_len;
};
bool pgp_home_verify(const struct pgp_home_job *job, struct buf *status,
		     struct error *err) MUST_CHECK;

/* A home for more than one operation, with a context that works in it. */
struct pgp_home {
	char path[64];
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
