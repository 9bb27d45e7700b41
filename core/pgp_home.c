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

enum {
	BASE_MAX = 40, /* bytes of the folder that a home is made in */
	HOME_SIZE = sizeof(((struct pgp_home *)0)->path),
};

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
			   "no-random-seed-file\n"
			   "lock-never\n";

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

bool pgp_home_engine(const char **out, struct error *err)
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

static bool new_context(gpgme_protocol_t protocol, gpgme_ctx_t *out, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	AUTO(pgp_home_releasep) gpgme_ctx_t ctx = NULL;
	gpgme_error_t why;

	pthread_once(&once, init);
	why = gpgme_new(&ctx);
	if (!why)
		why = gpgme_set_protocol(ctx, protocol);
	if (why)
		return pgp_home_error(err, why, "cannot use GPGME");
	*out = TAKE(ctx);
	return true;
}

/* A context for gpg in this home; NULL: the user's. */
static bool gpg_context(const char *home, gpgme_ctx_t *out, struct error *err)
{
	AUTO(pgp_home_releasep) gpgme_ctx_t ctx = NULL;
	const char *engine;
	gpgme_error_t why;

	if (!pgp_home_engine(&engine, err) ||
	    !new_context(GPGME_PROTOCOL_OpenPGP, &ctx, err))
		return false;
	why = gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_OpenPGP, engine, home);
	if (why)
		return pgp_home_error(err, why, "cannot run '%s'", engine);
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

bool pgp_home_users(gpgme_ctx_t *out, struct error *err)
{
	return gpg_context(NULL, out, err);
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

static void remove_folder(char (*path)[HOME_SIZE])
{
	if (**path)
		nftw(*path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static bool make_in(const char *base, char path[HOME_SIZE])
{
	char made[HOME_SIZE];

	if (!base || base[0] != '/' || strlen(base) > BASE_MAX)
		return false;
	snprintf(made, sizeof(made), "%s/fips-XXXXXX", base);
	if (!mkdtemp(made))
		return false;
	memcpy(path, made, sizeof(made));
	return true;
}

static bool make_folder(char path[HOME_SIZE], struct error *err)
{
	if (make_in(secure_getenv("XDG_RUNTIME_DIR"), path) || make_in("/tmp", path) ||
	    make_in("/dev/shm", path) || make_in("/run", path))
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
	remove_folder(&h->path);
	free(h);
}

void pgp_home_closep(struct pgp_home **h)
{
	pgp_home_close(*h);
	*h = NULL;
}

/* A folder with keyring and gpg.conf; its path is set as soon as it is there. */
static bool fill(const struct buf *keyring, char path[HOME_SIZE], struct error *err)
{
	/* pubring.gpg and not .kbx: every gpg from 1.4 on reads it, without import */
	return make_folder(path, err) &&
	       put_file(path, "gpg.conf", conf, sizeof(conf) - 1, err) &&
	       put_file(path, "pubring.gpg", keyring->data, keyring->len, err);
}

bool pgp_home_open(const struct buf *keyring, struct pgp_home **out, struct error *err)
{
	AUTO(pgp_home_closep) struct pgp_home *h = calloc(1, sizeof(*h));

	if (!h)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!fill(keyring, h->path, err) || !gpg_context(h->path, &h->ctx, err))
		return false;
	*out = TAKE(h);
	return true;
}

/* ---- verifying ---- */

/* Run a program to its end and append what it prints. */
static bool spawn(const char *program, const char **argv, struct buf *out,
		  struct error *err)
{
	AUTO(pgp_home_releasep) gpgme_ctx_t ctx = NULL;
	AUTO(pgp_home_datap) gpgme_data_t data = NULL;
	gpgme_error_t why;
	char *bytes;
	size_t len;

	if (!new_context(GPGME_PROTOCOL_SPAWN, &ctx, err))
		return false;
	why = gpgme_data_new(&data);
	if (!why)
		why = gpgme_op_spawn(ctx, program, argv, NULL, data, NULL, 0);
	if (why)
		return pgp_home_error(err, why, "cannot run '%s'", program);
	bytes = gpgme_data_release_and_get_mem(TAKE(data), &len);
	buf_append(out, bytes ? bytes : "", len);
	gpgme_free(bytes);
	return buf_ok(out, err);
}

bool pgp_home_has_token(void)
{
	const char *argv[] = {"gpg-connect-agent", "SCD LEARN", "/bye", NULL};
	AUTO(buf_clear) struct buf out = BUF_MAX(65536);
	struct error why = EMPTY;

	return !spawn("/usr/bin/gpg-connect-agent", argv, &out, &why) || !out.len ||
	       strstr(out.data, "S KEYPAIRINFO ");
}

/* GPGME's own verification runs gpg once more to ask its version, which would double
 * the time; it is the spawning and the reading that it does here. */
static bool run_verify(const char *engine, const char *home, struct buf *status,
		       struct error *err)
{
	AUTO(text_freep) char *signatures = file_join(home, "signatures");
	AUTO(text_freep) char *text = file_join(home, "text");
	const char *argv[] = {"gpg",      "--homedir", home,       "--status-fd",
			      "1",        "--batch",   "--no-tty", "--verify",
			      signatures, text,        NULL};

	if (!signatures || !text)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!spawn(engine, argv, status, err))
		return false;
	if (!status->len)
		return error_set(err, ERR_SYSTEM, "'%s' does not run or said nothing",
				 engine);
	return true;
}

bool pgp_home_verify(const struct pgp_home_job *job, struct buf *status,
		     struct error *err)
{
	AUTO(remove_folder) char home[HOME_SIZE] = "";
	const char *engine = job->engine;

	return (engine || pgp_home_engine(&engine, err)) &&
	       fill(job->keyring, home, err) &&
	       put_file(home, "text", job->text, job->text_len, err) &&
	       put_file(home, "signatures", job->signatures, job->signatures_len,
			err) &&
	       run_verify(engine, home, status, err);
}
