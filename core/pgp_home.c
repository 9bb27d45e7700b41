/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_home.h"

#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BASE_MAX = 40 }; /* bytes of the folder that a home is made in */

/* Never through PATH: who can write there would decide what is trusted. */
static const char *const engines[] = {
	"/usr/bin/gpg",
	"/usr/bin/gpg2",
	"/bin/gpg",
	"/usr/local/bin/gpg",
};

/*
 * What may not be known to an older gpg stands in ignore-invalid-option; the
 * verdict does not lean on it (core/pgp.c has the policy).
 */
static const char conf[] = "ignore-invalid-option no-autostart disable-dirmngr "
			   "no-auto-key-import weak-digest no-auto-key-retrieve\n"
			   "batch\n"
			   "no-tty\n"
			   "no-greeting\n"
			   "no-autostart\n"
			   "disable-dirmngr\n"
			   "no-auto-key-retrieve\n"
			   "keyserver-options no-auto-key-retrieve\n"
			   "no-auto-key-locate\n"
			   "no-auto-key-import\n"
			   "weak-digest SHA1\n"
			   "weak-digest RIPEMD160\n"
			   "no-auto-check-trustdb\n"
			   "trust-model always\n"
			   "lock-never\n";

/* ---- the library ---- */

static void init(void)
{
	gpgme_set_global_flag("disable-gpgconf", "1");
	gpgme_check_version(NULL);
}

static bool find_engine(const char **out, struct error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		if (!access(engines[i], X_OK)) {
			*out = engines[i];
			return true;
		}
	return error_set(err, ERR_SYSTEM,
			 "this machine has no gpg (looked for %s, %s and %s): install "
			 "gnupg2 or gpg",
			 engines[0], engines[1], engines[3]);
}

static bool new_context(const char *engine, const char *home, gpgme_ctx_t *out,
			struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	AUTO(pgp_home_releasep) gpgme_ctx_t ctx = NULL;
	gpgme_error_t why;

	pthread_once(&once, init);
	if (!engine && !find_engine(&engine, err))
		return false;
	why = gpgme_new(&ctx);
	if (!why)
		why = gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_OpenPGP, engine,
						home);
	if (!why)
		why = gpgme_set_protocol(ctx, GPGME_PROTOCOL_OpenPGP);
	if (why)
		return pgp_home_error(err, why, "cannot run '%s'", engine);
	if (!pgp_home_at_least(ctx, "1.4"))
		return error_set(err, ERR_SYSTEM, "'%s' is not a gpg that runs",
				 engine);
	*out = TAKE(ctx);
	return true;
}

void pgp_home_releasep(gpgme_ctx_t *ctx)
{
	if (*ctx)
		gpgme_release(*ctx);
	*ctx = NULL;
}

bool pgp_home_users(gpgme_ctx_t *out, struct error *err)
{
	return new_context(NULL, NULL, out, err);
}

bool pgp_home_at_least(gpgme_ctx_t ctx, const char *version)
{
	gpgme_engine_info_t info = gpgme_ctx_get_engine_info(ctx);

	for (; info; info = info->next)
		if (info->protocol == GPGME_PROTOCOL_OpenPGP && info->version)
			return strverscmp(info->version, version) >= 0;
	return false;
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
	{GPG_ERR_CARD_NOT_PRESENT, "no token is plugged in"},
	{GPG_ERR_CARD_REMOVED, "the token was pulled out"},
	{GPG_ERR_NO_SECKEY, "the secret key is not here (is the token plugged in?)"},
	{GPG_ERR_CANCELED, "the passphrase was not given"},
	{GPG_ERR_NO_PIN_ENTRY, "gpg-agent has no pinentry to ask for the passphrase; "
			       "give it with --passphrase-fd"},
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

void pgp_home_algorithm(gpgme_subkey_t key, char out[16])
{
	static const char *const curves[][2] = {
		{"nistp256", "P-256"},  {"nistp384", "P-384"},  {"nistp521", "P-521"},
		{"ed25519", "Ed25519"}, {"cv25519", "Cv25519"}, {"ed448", "Ed448"},
	};
	const char *name = gpgme_pubkey_algo_name(key->pubkey_algo);

	for (size_t i = 0; key->curve && i < ARRAY_LEN(curves); i++)
		if (!strcmp(key->curve, curves[i][0])) {
			snprintf(out, 16, "%s", curves[i][1]);
			return;
		}
	if (key->curve)
		text_safe(key->curve, out, 16);
	else
		snprintf(out, 16, "%s%u", name ? name : "unknown", key->length);
}

/* ---- the folder ---- */

static int remove_one(const char *path, const struct stat *st, int kind,
		      struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	(void)remove(path);
	return 0;
}

static bool make_in(const char *base, char *path, size_t size)
{
	if (!base || base[0] != '/' || strlen(base) > BASE_MAX)
		return false;
	snprintf(path, size, "%s/fips-XXXXXX", base);
	return mkdtemp(path) != NULL;
}

static bool make_folder(char *path, size_t size, struct error *err)
{
	if (make_in(secure_getenv("XDG_RUNTIME_DIR"), path, size) ||
	    make_in("/tmp", path, size) || make_in("/dev/shm", path, size) ||
	    make_in("/run", path, size))
		return true;
	return error_sys(err, "cannot make a private folder for gpg in /tmp, /dev/shm "
			      "or /run");
}

static bool put_file(const char *dir, const char *name, const void *data, size_t len,
		     struct error *err)
{
	AUTO(text_freep) char *path = file_join(dir, name);
	AUTO(file_closep) int fd = -1;

	if (!path)
		return error_set(err, ERR_SYSTEM, "no memory");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, "cannot create '%s'", path);
	return file_write_fd(fd, data, len, err) || error_prefix(err, "'%s'", path);
}

void pgp_home_close(struct pgp_home *h)
{
	if (!h)
		return;
	pgp_home_releasep(&h->ctx);
	if (h->path[0])
		nftw(h->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(h);
}

void pgp_home_closep(struct pgp_home **h)
{
	pgp_home_close(*h);
	*h = NULL;
}

bool pgp_home_open(const char *engine, const struct buf *keyring, struct pgp_home **out,
		   struct error *err)
{
	AUTO(pgp_home_closep) struct pgp_home *h = calloc(1, sizeof(*h));
	char path[sizeof(h->path)];

	if (!h)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!make_folder(path, sizeof(path), err))
		return false;
	memcpy(h->path, path, sizeof(path));
	/* pubring.gpg and not .kbx: every gpg from 1.4 on reads it, without import */
	if (!put_file(path, "gpg.conf", conf, sizeof(conf) - 1, err) ||
	    !put_file(path, "pubring.gpg", keyring->data, keyring->len, err) ||
	    !new_context(engine, path, &h->ctx, err))
		return false;
	gpgme_set_offline(h->ctx, 1);
	*out = TAKE(h);
	return true;
}
