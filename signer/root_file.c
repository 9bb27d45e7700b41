/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/root_file.h"

#include "core/file.h"
#include "core/store_tuf.h"
#include "core/text.h"
#include "core/tuf_write.h"
#include "signer/repo.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { DAY = 86400 };

void root_file_clear(struct root_file *f)
{
	tuf_role_clear_root(&f->root);
	tuf_signed_clear(&f->file);
	buf_clear(&f->bytes);
}

static bool parse(struct root_file *f, struct error *err)
{
	return tuf_signed_parse(TUF_ROOT, f->bytes.data, f->bytes.len, &f->file, err) &&
	       tuf_role_read_root(tuf_signed_body(&f->file), &f->root, err);
}

static bool begin(struct root_file *f, struct store *s, struct error *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_MAX(TUF_ROOT_MAX);
	unsigned days;

	if (!s)
		return error_set(err, ERR_NOT_FOUND, "no root in preparation at '%s'",
				 TEXT_SAFE(f->path));
	if (!repo_root(s, &f->root, &bytes, err) || !repo_days(s, "root", &days, err))
		return false;
	f->root.version++;
	f->root.expires = time(NULL) + (int64_t)days * DAY;
	return true;
}

bool root_file_open(const char *path, struct store *s, struct root_file *out,
		    struct error *err)
{
	struct root_file f = {.path = path, .bytes = BUF_MAX(TUF_ROOT_MAX)};
	bool ok;

	f.there = !access(path, F_OK);
	if (f.there)
		ok = file_read(path, &f.bytes, err) &&
		     (parse(&f, err) || error_prefix(err, "'%s'", TEXT_SAFE(path)));
	else
		ok = begin(&f, s, err);
	if (!ok) {
		root_file_clear(&f);
		return false;
	}
	*out = TAKE(f);
	return true;
}

/* A threshold above the number of keys could never be met. */
static bool check(const struct tuf_root *r, struct error *err)
{
	for (int k = 0; k < TUF_KINDS; k++) {
		const struct tuf_signers *s = &r->roles[k];

		if (s->threshold < 1 || s->threshold > s->count)
			return error_set(err, ERR_USAGE,
					 "%s would have %zu key%s and a threshold of "
					 "%u",
					 tuf_role_name((enum tuf_kind)k), s->count,
					 s->count == 1 ? "" : "s", s->threshold);
	}
	return true;
}

bool root_file_write(const struct root_file *f, struct error *err)
{
	AUTO(buf_clear) struct buf body = BUF_MAX(TUF_ROOT_MAX);
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_ROOT_MAX);

	return check(&f->root, err) && tuf_write_root(&f->root, &body, err) &&
	       tuf_sign_new(TUF_ROOT, body.data, body.len, NULL, 0, &file, err) &&
	       file_write_atomic(f->path, file.data, file.len, 0644, err);
}

bool root_file_sign(const struct root_file *f, struct role_keys *keys,
		    size_t *signatures, struct error *err)
{
	AUTO(role_keys_drop) struct role_secrets secrets = EMPTY;
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_ROOT_MAX);
	AUTO(tuf_signed_clear) struct tuf_signed made = EMPTY;

	if (!f->there)
		return error_set(err, ERR_NOT_FOUND, "no root in preparation at '%s'",
				 TEXT_SAFE(f->path));
	if (!role_keys_load(keys, "root", &secrets, err))
		return false;
	if (!secrets.count)
		return error_set(err, ERR_NOT_FOUND, "no private key of root in '%s'",
				 TEXT_SAFE(keys->dir));
	if (!tuf_sign_add(TUF_ROOT, f->bytes.data, f->bytes.len, secrets.list,
			  secrets.count, &file, err) ||
	    !tuf_signed_parse(TUF_ROOT, file.data, file.len, &made, err) ||
	    !file_write_atomic(f->path, file.data, file.len, 0644, err))
		return false;
	*signatures = made.count;
	return true;
}

void root_file_count(const struct root_file *f, const struct tuf_root *published,
		     struct root_missing *out)
{
	const struct tuf_signers *old = &published->roles[TUF_ROOT];
	const struct tuf_signers *own = &f->root.roles[TUF_ROOT];

	*out = (struct root_missing){
		.old_has = tuf_signed_count(&f->file, &published->keys, old),
		.old_needs = old->threshold,
		.own_has = tuf_signed_count(&f->file, &f->root.keys, own),
		.own_needs = own->threshold,
	};
}

bool root_file_publish(const struct root_file *f, struct store *s, struct error *err)
{
	AUTO(tuf_role_clear_root) struct tuf_root old = EMPTY;
	AUTO(buf_clear) struct buf bytes = BUF_MAX(TUF_ROOT_MAX);
	struct store_metadata m = {.role = "root",
				   .version = f->root.version,
				   .expires = f->root.expires,
				   .size = f->bytes.len};
	struct root_missing n;

	if (!f->there)
		return error_set(err, ERR_NOT_FOUND, "no root in preparation at '%s'",
				 TEXT_SAFE(f->path));
	if (!repo_root(s, &old, &bytes, err) || !check(&f->root, err))
		return false;
	if (f->root.version != old.version + 1)
		return error_set(err, ERR_CONFLICT,
				 "'%s' is root %" PRId64
				 ", and the next one is %" PRId64,
				 TEXT_SAFE(f->path), f->root.version, old.version + 1);
	root_file_count(f, &old, &n);
	if (n.old_has < n.old_needs || n.own_has < n.own_needs)
		return error_set(err, ERR_UNTRUSTED,
				 "root %" PRId64 " is signed by %u of %u keys of the "
				 "published root and by %u of %u of its own",
				 m.version, n.old_has, n.old_needs, n.own_has,
				 n.own_needs);
	return store_tuf_put(s, &m, f->bytes.data, 0, err);
}
