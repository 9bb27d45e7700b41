/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/role_keys.h"

#include "core/file.h"
#include "core/text.h"
#include "signer/passphrase.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEXT_MAX = 65536 }; /* bytes of a .uri or .pub file */

void role_keys_clear(struct role_keys *k)
{
	buf_cleanse(&k->passphrase);
}

bool role_keys_unlock(struct role_keys *k, bool twice, struct error *err)
{
	if (k->passphrase.len)
		return true;
	return passphrase_read(k->passphrase_fd,
			       twice ? "New passphrase for the role keys"
				     : "Passphrase of the role keys",
			       twice, &k->passphrase, err);
}

void role_keys_drop(struct role_secrets *s)
{
	while (s->count)
		tuf_sign_free(s->list[--s->count]);
}

/* Does this URI name where its PIN is (RFC 7512)? Then the passphrase is not its. */
static bool brings_pin(const char *name)
{
	return text_starts(name, "pkcs11:") && strstr(name, "pin-source=");
}

static bool load_secret(struct role_keys *k, const char *name, struct tuf_secret **out,
			struct error *err)
{
	if (k->plain && text_ends(name, ".pem")) {
		if (tuf_sign_load(name, NULL, out, err))
			return true;
		if (err->code != ERR_CONFLICT) /* else a passphrase is needed */
			return false;
	}
	return (brings_pin(name) || role_keys_unlock(k, false, err)) &&
	       tuf_sign_load(name, k->passphrase.data, out, err);
}

static bool load_one(struct role_keys *k, const char *name, struct role_secrets *out,
		     struct error *err)
{
	if (out->count == ROLE_KEYS_MAX)
		return error_set(err, ERR_LIMIT,
				 "more than %d keys of one role in '%s'", ROLE_KEYS_MAX,
				 TEXT_SAFE(k->dir));
	if (!load_secret(k, name, &out->list[out->count], err))
		return false;
	out->count++;
	return true;
}

/* Every file of the folder whose name fits; no folder has no files. */
static bool load_files(struct role_keys *k, const char *role, struct role_secrets *out,
		       struct error *err)
{
	AUTO(buf_clear) struct buf whole = BUF_MAX(PATH_MAX), more = BUF_MAX(PATH_MAX);
	struct dirent **names = NULL;
	bool ok = true;
	int n;

	buf_printf(&whole, "%s.pem", role);
	buf_printf(&more, "%s-", role);
	if (!buf_ok(&whole, err) || !buf_ok(&more, err))
		return false;
	n = scandir(k->dir, &names, NULL, alphasort);
	if (n < 0)
		return errno == ENOENT ||
		       error_sys(err, "cannot look into '%s'", TEXT_SAFE(k->dir));
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		AUTO(text_freep) char *path = NULL;

		if (ok && (!strcmp(name, whole.data) ||
			   (text_starts(name, more.data) && text_ends(name, ".pem")))) {
			path = file_join(k->dir, name);
			ok = path ? load_one(k, path, out, err)
				  : error_set(err, ERR_SYSTEM, "no memory");
		}
		free(names[i]);
	}
	free(names);
	return ok;
}

bool role_keys_on_token(const struct role_keys *k, const char *role)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.uri", k->dir, role);
	return !access(path, F_OK);
}

static bool load_uris(struct role_keys *k, const char *role, struct role_secrets *out,
		      struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(TEXT_MAX), path = BUF_MAX(PATH_MAX);
	char *line, *rest;

	if (!role_keys_on_token(k, role))
		return true;
	buf_printf(&path, "%s/%s.uri", k->dir, role);
	if (!buf_ok(&path, err) || !file_read(path.data, &text, err))
		return false;
	rest = text.data;
	while (rest && (line = strsep(&rest, "\n")))
		if (*line && !load_one(k, line, out, err))
			return false;
	return true;
}

bool role_keys_load(struct role_keys *k, const char *role, struct role_secrets *out,
		    struct error *err)
{
	AUTO(role_keys_drop) struct role_secrets s = EMPTY;

	if (!load_files(k, role, &s, err) || !load_uris(k, role, &s, err))
		return false;
	*out = TAKE(s);
	return true;
}

bool role_keys_make(struct role_keys *k, const char *name, enum tuf_scheme scheme,
		    struct tuf_key *out, struct error *err)
{
	AUTO(buf_clear) struct buf pem = BUF_MAX(PATH_MAX), pub = BUF_MAX(PATH_MAX);
	AUTO(tuf_sign_freep) struct tuf_secret *secret = NULL;
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;

	buf_printf(&pem, "%s/%s.pem", k->dir, name);
	buf_printf(&pub, "%s/%s.pub", k->dir, name);
	if (!buf_ok(&pem, err) || !buf_ok(&pub, err))
		return false;
	if (!access(pub.data, F_OK))
		return error_set(err, ERR_CONFLICT, "'%s' is there already",
				 TEXT_SAFE(pub.data));
	if ((!k->plain && !role_keys_unlock(k, true, err)) ||
	    !file_mkdir(k->dir, 0700, err) ||
	    !tuf_sign_generate(scheme, &secret, err) ||
	    !tuf_sign_public(secret, &key, err))
		return false;
	if (k->plain ? !tuf_sign_save_plain(secret, pem.data, err)
		     : !tuf_sign_save(secret, pem.data, k->passphrase.data, err)) {
		rmdir(k->dir); /* stays when it holds anything */
		return false;
	}
	if (!file_write_atomic(pub.data, key.value, strlen(key.value), 0644, err)) {
		unlink(pem.data);
		return false;
	}
	*out = TAKE(key);
	return true;
}

void role_keys_unmake(const struct role_keys *k, const char *name)
{
	static const char *const ends[] = {"pem", "pub"};
	char path[PATH_MAX];

	if (role_keys_on_token(k, name))
		return; /* it was there before */
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (snprintf(path, sizeof(path), "%s/%s.%s", k->dir, name, ends[i]) <
		    (int)sizeof(path))
			unlink(path);
	rmdir(k->dir); /* stays when it holds anything else */
}

bool role_keys_public(const char *path, struct tuf_key *out, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(TEXT_MAX);

	return file_read(path, &text, err) &&
	       (tuf_key_of_pem(text.data ? text.data : "", out, err) ||
		error_prefix(err, "'%s'", TEXT_SAFE(path)));
}

/* ---- options ---- */

bool role_keys_option(int key, char *arg, struct role_keys_input *in, bool *ok,
		      struct error *err)
{
	uint64_t n;

	*ok = true;
	if (key == ROLE_KEYS_OPTION_DIR) {
		in->dir = arg;
		return true;
	}
	if (key != ROLE_KEYS_OPTION_FD)
		return false;
	if (text_u64(arg, 0, INT_MAX - 1, &n))
		in->passphrase_fd = (int)n + 1;
	else
		*ok = error_set(err, ERR_USAGE,
				"--passphrase-fd takes a number, not "
				"'%s'",
				TEXT_SAFE(arg));
	return true;
}

const struct argp_option role_keys_options[] = {
	ROLE_KEYS_OPTIONS,
	{0},
};

bool role_keys_parse(int key, char *arg, void *input, struct error *err)
{
	bool ok;

	if (role_keys_option(key, arg, input, &ok, err))
		return ok;
	return error_set(err, ERR_INTERNAL, "unknown option");
}

bool role_keys_from(const struct role_keys_input *in, const char *store_path,
		    struct buf *dir, struct role_keys *out, struct error *err)
{
	buf_printf(dir, "%s%s", in->dir ? in->dir : store_path, in->dir ? "" : ".keys");
	if (!buf_ok(dir, err))
		return false;
	out->dir = dir->data;
	out->passphrase_fd = in->passphrase_fd - 1;
	return true;
}
