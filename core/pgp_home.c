/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_home.h"

#include "core/pgp_run.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the library ---- */

/*
 * GPGME looks for "gpg" along PATH when it begins, and runs what it finds. A folder
 * is found for the name ".", and cannot be run; from then on it gets absolute paths.
 */
static void init(void)
{
	gpgme_set_global_flag("disable-gpgconf", "1");
	gpgme_set_global_flag("gpg-name", ".");
	gpgme_check_version(NULL);
}

bool pgp_home_open(gpgme_ctx_t *out, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	AUTO(pgp_home_releasep) gpgme_ctx_t ctx = NULL;
	const char *engine;
	gpgme_error_t why;

	if (!pgp_run_gpg(&engine, err))
		return false;
	pthread_once(&once, init);
	why = gpgme_new(&ctx);
	if (!why)
		why = gpgme_set_protocol(ctx, GPGME_PROTOCOL_OpenPGP);
	if (!why)
		why = gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_OpenPGP, engine,
						NULL);
	if (why)
		return pgp_home_error(err, why, "cannot use '%s' through GPGME",
				      engine);
	gpgme_set_offline(ctx, 1);
	*out = TAKE(ctx);
	return true;
}

void pgp_home_releasep(gpgme_ctx_t *ctx)
{
	if (*ctx)
		gpgme_release(*ctx);
	*ctx = NULL;
}

bool pgp_home_data(const void *bytes, size_t len, gpgme_data_t *out, struct error *err)
{
	gpgme_error_t why = gpgme_data_new_from_mem(out, bytes, len, 0);

	return why ? pgp_home_error(err, why, "cannot hand data to gpg") : true;
}

void pgp_home_datap(gpgme_data_t *d)
{
	if (*d)
		gpgme_data_release(*d);
	*d = NULL;
}

/* What to do next, for the errors that people meet. */
static const struct {
	gpgme_err_code_t code;
	const char *words;
} hints[] = {
	{GPG_ERR_BAD_PASSPHRASE, "wrong passphrase"},
	{GPG_ERR_BAD_PIN, "the token refused the PIN: wrong PIN"},
	{GPG_ERR_PIN_BLOCKED, "the token is locked after too many wrong PINs"},
	{GPG_ERR_NO_SCDAEMON, "no token: gpg-agent has no scdaemon that runs"},
	{GPG_ERR_CARD_NOT_PRESENT, "the token is not plugged in"},
	{GPG_ERR_CARD_REMOVED, "the token was pulled out"},
	{GPG_ERR_NO_SECKEY, "the secret key is not here (is the token plugged in?)"},
	{GPG_ERR_CANCELED, "the passphrase was not given"},
	{GPG_ERR_NO_PIN_ENTRY, "gpg-agent has no pinentry to ask for the passphrase; "
			       "give it with --passphrase-fd"},
	{GPG_ERR_ENOTTY, "gpg-agent's pinentry has no terminal to ask for the "
			 "passphrase at; give it with --passphrase-fd"},
	{GPG_ERR_NO_PASSPHRASE, "the passphrase is empty"},
	{GPG_ERR_NO_AGENT, "gpg-agent does not run"},
};

void pgp_home_error_(struct error *err, gpgme_error_t why, const char *fmt, ...)
{
	char text[128] = "";
	const char *words = text;
	va_list ap;
	size_t len;

	err->code = ERR_SYSTEM;
	err->os = 0;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	gpgme_strerror_r(why, text, sizeof(text));
	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		if (hints[i].code == gpgme_err_code(why))
			words = hints[i].words;
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", words);
}

bool pgp_home_has_token(void)
{
	const char *const argv[] = {"gpg-connect-agent", "SCD LEARN", "/bye", NULL};
	AUTO(buf_clear) struct buf out = BUF_MAX(65536);
	struct error why = EMPTY;

	return !pgp_run_program("/usr/bin/gpg-connect-agent", argv, &out, &why) ||
	       strstr(out.data, "S KEYPAIRINFO ");
}
