/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/repo.h"

#include "core/text.h"
#include "core/tuf_edit.h"
#include "core/tuf_find.h"
#include "core/tuf_sign.h"
#include "core/tuf_write.h"
#include "signer/repo_targets.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { DAY = 86400, DAYS_TARGETS = 90, DAYS_ROOT = 365, DAYS_OTHERS = 30 };

void repo_clear(struct repo *r)
{
	tuf_role_clear_root(&r->root);
	for (size_t i = 0; i < r->opened_count; i++)
		role_keys_drop(&r->opened[i].secrets);
	*r = (struct repo)EMPTY;
}

bool repo_days(struct store *s, const char *role, unsigned *out, struct error *err)
{
	struct store_role settings;

	if (!store_tuf_role(s, role, &settings, err))
		return false;
	*out = settings.days                ? settings.days
	       : !strcmp(role, "root")      ? DAYS_ROOT
	       : !strcmp(role, "snapshot")  ? DAYS_OTHERS
	       : !strcmp(role, "timestamp") ? DAYS_OTHERS
					    : DAYS_TARGETS;
	return true;
}

bool repo_root(struct store *s, struct tuf_root *out, struct buf *file,
	       struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed parsed = EMPTY;
	struct store_metadata m;

	if (!store_tuf_get(s, "root", 0, &m, file, err))
		return err->code == ERR_NOT_FOUND
			       ? error_set(err, ERR_NOT_FOUND, REPO_NO_ROLES)
			       : false;
	return tuf_signed_parse(TUF_ROOT, file->data, file->len, &parsed, err) &&
	       tuf_role_read_root(tuf_signed_body(&parsed), out, err);
}

bool repo_open(struct store *s, struct role_keys *keys, struct repo *out, bool *there,
	       struct error *err)
{
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_ROOT_MAX);
	struct repo r = {.store = s, .keys = keys, .now = time(NULL)};
	char expires[TEXT_TIME_SIZE];

	*there = repo_root(s, &r.root, &file, err);
	if (!*there) {
		if (err->code != ERR_NOT_FOUND)
			return false;
		error_clear(err);
		return true;
	}
	if (r.root.expires <= r.now) {
		text_time(r.root.expires, expires);
		error_set_(err, ERR_UNTRUSTED,
			   "root %" PRId64 " expired on %s: sign and publish a new one "
			   "first (fips-manifest root)",
			   r.root.version, expires);
		repo_clear(&r);
		return false;
	}
	*out = TAKE(r);
	return true;
}

/* ---- one role ---- */

/* A role's file as it is published, and as it is to be. */
struct role_file {
	const char *name;
	enum tuf_kind kind; /* of its format: every delegated role is TUF_TARGETS */
	const struct tuf_keys *keys;
	const struct tuf_signers *signers;
	const char *key_names[3]; /* whose private keys are tried, in this order */
	/* as it is: */
	bool there;
	struct store_metadata old;
	struct tuf_signed file;
};

static void role_file_clear(struct role_file *f)
{
	tuf_signed_clear(&f->file);
}

static bool read_role(struct repo *r, struct role_file *f, struct error *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_MAX(TUF_TARGETS_MAX);

	f->there = store_tuf_get(r->store, f->name, 0, &f->old, &bytes, err);
	if (f->there)
		return tuf_signed_parse(f->kind, bytes.data, bytes.len, &f->file, err);
	if (err->code != ERR_NOT_FOUND)
		return false;
	error_clear(err);
	return true;
}

/* Must it be signed again although it says the same? Less than half of its time is
 * left, or its keys are others now. */
static bool is_due(struct repo *r, const struct role_file *f, bool *due,
		   struct error *err)
{
	unsigned days;

	if (!repo_days(r->store, f->name, &days, err))
		return false;
	*due = f->old.expires - r->now < (int64_t)days * DAY / 2 ||
	       tuf_signed_count(&f->file, f->keys, f->signers) < f->signers->threshold;
	return true;
}

static bool open_keys(struct repo *r, const char *name, struct role_secrets **out,
		      struct error *err)
{
	for (size_t i = 0; i < r->opened_count; i++)
		if (!strcmp(r->opened[i].name, name)) {
			*out = &r->opened[i].secrets;
			return true;
		}
	if (r->opened_count == ARRAY_LEN(r->opened))
		role_keys_drop(&r->opened[--r->opened_count].secrets);
	if (!role_keys_load(r->keys, name, &r->opened[r->opened_count].secrets, err))
		return false;
	snprintf(r->opened[r->opened_count].name, STORE_ROLE_SIZE, "%s", name);
	*out = &r->opened[r->opened_count++].secrets;
	return true;
}

static bool may_sign(const struct tuf_signers *signers, const char *id)
{
	for (size_t i = 0; i < signers->count; i++)
		if (!strcmp(signers->ids[i], id))
			return true;
	return false;
}

/* Those of the opened keys that may sign for the role; borrowed. */
static bool pick_keys(struct repo *r, const struct role_file *f, const char *name,
		      struct role_secrets *out, struct error *err)
{
	struct role_secrets *opened;

	if (!open_keys(r, name, &opened, err))
		return false;
	for (size_t i = 0; i < opened->count && out->count < ROLE_KEYS_MAX; i++) {
		AUTO(tuf_key_clear) struct tuf_key key = EMPTY;

		if (!tuf_sign_public(opened->list[i], &key, err))
			return false;
		if (may_sign(f->signers, key.id))
			out->list[out->count++] = opened->list[i];
	}
	return true;
}

static bool sign(struct repo *r, const struct role_file *f, const struct buf *body,
		 struct buf *out, struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed made = EMPTY;
	struct role_secrets secrets = EMPTY; /* borrowed */

	for (size_t i = 0; !secrets.count && i < ARRAY_LEN(f->key_names); i++)
		if (f->key_names[i] && !pick_keys(r, f, f->key_names[i], &secrets, err))
			return false;
	if (!secrets.count)
		return error_set(err, ERR_NOT_FOUND,
				 "no private key that may sign it in '%s'",
				 TEXT_SAFE(r->keys->dir));
	return tuf_sign_new(f->kind, body->data, body->len, secrets.list, secrets.count,
			    out, err) &&
	       tuf_signed_parse(f->kind, out->data, out->len, &made, err) &&
	       tuf_signed_check(&made, f->keys, f->signers, err);
}

/* Bins may be many, so they are only counted. */
static void note(struct repo *r, const char *role, int64_t version)
{
	size_t len = strlen(r->signed_roles), size = sizeof(r->signed_roles);

	if (strchr(role, '-')) {
		r->bins_signed++;
		return;
	}
	if (!strcmp(role, "snapshot") && r->bins_signed)
		len += (size_t)snprintf(r->signed_roles + len, size - len,
					"%s%zu bin%s", len ? ", " : "", r->bins_signed,
					r->bins_signed == 1 ? "" : "s");
	snprintf(r->signed_roles + len, size - len, "%s%s %" PRId64, len ? ", " : "",
		 role, version);
}

/* Of `made` the version and the expiry. */
static bool put_role(struct repo *r, const struct role_file *f,
		     const struct store_metadata *made, const struct buf *body,
		     int64_t at, struct buf *file, struct error *err)
{
	struct store_metadata m = {.version = made->version, .expires = made->expires};

	snprintf(m.role, sizeof(m.role), "%s", f->name);
	buf_reset(file);
	if (!sign(r, f, body, file, err))
		return error_prefix(err, "TUF role '%s'", f->name);
	m.size = file->len;
	if (!store_tuf_put(r->store, &m, file->data, at, err))
		return false;
	note(r, f->name, m.version);
	return true;
}

static bool new_expiry(struct repo *r, const char *role, int64_t *out,
		       struct error *err)
{
	unsigned days;

	if (!repo_days(r->store, role, &days, err))
		return false;
	*out = r->now + (int64_t)days * DAY;
	return true;
}

/* ---- targets and delegated roles ---- */

/* Do the two say the same, version and expiry aside? */
static bool same_targets(struct tuf_targets *wanted, const struct role_file *f,
			 bool *same, struct error *err)
{
	AUTO(tuf_role_clear_targets) struct tuf_targets old = EMPTY;
	AUTO(buf_clear) struct buf a = BUF_MAX(TUF_TARGETS_MAX);
	AUTO(buf_clear) struct buf b = BUF_MAX(TUF_TARGETS_MAX);

	if (!tuf_role_read_targets(tuf_signed_body(&f->file), &old, err))
		return false;
	wanted->version = old.version;
	wanted->expires = old.expires;
	if (!tuf_write_targets(&old, &a, err) || !tuf_write_targets(wanted, &b, err))
		return false;
	*same = a.len == b.len && !memcmp(a.data, b.data, a.len);
	return true;
}

/* *version is the one that is current afterwards. */
static bool publish_role(struct repo *r, struct repo_roles *roles, size_t i, int64_t at,
			 int64_t *version, struct error *err)
{
	AUTO(buf_clear) struct buf body = BUF_MAX(TUF_TARGETS_MAX);
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_TARGETS_MAX);
	struct repo_role *role = &roles->list[i];
	AUTO(role_file_clear)
	struct role_file f = {.name = role->name,
			      .kind = TUF_TARGETS,
			      .keys = &r->root.keys,
			      .signers = &r->root.roles[TUF_TARGETS],
			      .key_names = {role->name}};
	bool same = false, due = false;

	if (i) {
		const struct repo_role *by = &roles->list[role->parent];

		f.keys = &by->body.keys;
		for (size_t d = 0; d < by->body.delegation_count; d++)
			if (!strcmp(by->body.delegations[d].name, role->name))
				f.signers = &by->body.delegations[d].signers;
		f.key_names[1] = by->name;
		f.key_names[2] = "targets";
	}
	if (!read_role(r, &f, err) ||
	    (f.there &&
	     (!same_targets(&role->body, &f, &same, err) || !is_due(r, &f, &due, err))))
		return false;
	*version = f.old.version;
	if (f.there && same && !due)
		return true;
	role->body.version = ++*version;
	return new_expiry(r, role->name, &role->body.expires, err) &&
	       tuf_write_targets(&role->body, &body, err) &&
	       put_role(r, &f,
			&(struct store_metadata){.version = *version,
						 .expires = role->body.expires},
			&body, at, &file, err);
}

/* ---- snapshot and timestamp ---- */

static struct role_file top_role(struct repo *r, enum tuf_kind kind)
{
	return (struct role_file){.name = tuf_role_name(kind),
				  .kind = kind,
				  .keys = &r->root.keys,
				  .signers = &r->root.roles[kind],
				  .key_names = {tuf_role_name(kind)}};
}

/* Always the next version. `snapshot` is the file that it names. */
static bool publish_timestamp(struct repo *r, int64_t snapshot_version,
			      const struct buf *snapshot, struct error *err)
{
	AUTO(role_file_clear) struct role_file f = top_role(r, TUF_TIMESTAMP);
	AUTO(buf_clear) struct buf body = BUF_MAX(TUF_TIMESTAMP_MAX);
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_TIMESTAMP_MAX);
	char name[] = "snapshot.json";
	struct tuf_timestamp t = {
		.snapshot = {.file = name,
			     .version = snapshot_version,
			     .length = snapshot->len},
	};

	if (!read_role(r, &f, err))
		return false;
	t.version = f.old.version + 1;
	return tuf_hash_of(snapshot->data, snapshot->len, &t.snapshot.hashes, err) &&
	       new_expiry(r, f.name, &t.expires, err) &&
	       tuf_write_timestamp(&t, &body, err) &&
	       put_role(r, &f,
			&(struct store_metadata){.version = t.version,
						 .expires = t.expires},
			&body, snapshot_version, &file, err);
}

static bool publish_snapshot(struct repo *r, const struct role_file *f,
			     struct tuf_snapshot *s, struct error *err)
{
	AUTO(buf_clear) struct buf body = BUF_MAX(TUF_SNAPSHOT_MAX);
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_SNAPSHOT_MAX);

	s->version = f->old.version + 1;
	return new_expiry(r, f->name, &s->expires, err) &&
	       tuf_write_snapshot(s, &body, err) &&
	       put_role(r, f,
			&(struct store_metadata){.version = s->version,
						 .expires = s->expires},
			&body, s->version, &file, err) &&
	       publish_timestamp(r, s->version, &file, err);
}

/* The snapshot as it is published; empty when there is none. */
static bool read_snapshot(struct repo *r, struct role_file *f, struct tuf_snapshot *s,
			  struct error *err)
{
	return read_role(r, f, err) &&
	       (!f->there || tuf_role_read_snapshot(tuf_signed_body(&f->file), s, err));
}

/* Does timestamp name this snapshot, by keys that hold, with enough time left? */
static bool timestamp_stands(struct repo *r, bool *stands, struct error *err)
{
	AUTO(role_file_clear) struct role_file f = top_role(r, TUF_TIMESTAMP);
	bool due = true;

	if (!read_role(r, &f, err) || (f.there && !is_due(r, &f, &due, err)))
		return false;
	*stands = f.there && !due;
	return true;
}

/* The old snapshot signed again, or its bytes under a new timestamp. */
static bool renew(struct repo *r, bool timestamp_too, struct error *err)
{
	AUTO(role_file_clear) struct role_file f = top_role(r, TUF_SNAPSHOT);
	AUTO(tuf_role_clear_snapshot) struct tuf_snapshot s = EMPTY;
	AUTO(buf_clear) struct buf bytes = BUF_MAX(TUF_SNAPSHOT_MAX);
	bool due = false, stands = false;

	if (!read_snapshot(r, &f, &s, err))
		return false;
	if (!f.there)
		return error_set(err, ERR_NOT_FOUND,
				 "nothing is published under TUF yet: run publish");
	if (!is_due(r, &f, &due, err) || !timestamp_stands(r, &stands, err))
		return false;
	if (due)
		return publish_snapshot(r, &f, &s, err);
	if (stands && !timestamp_too)
		return true;
	return store_tuf_bytes(r->store, f.old.row, &bytes, err) &&
	       publish_timestamp(r, f.old.version, &bytes, err);
}

/* ---- all of it ---- */

/* Sign what changed; put its version into the snapshot. */
static bool publish_roles(struct repo *r, struct repo_roles *roles,
			  struct tuf_snapshot *s, int64_t at, struct error *err)
{
	char file[STORE_ROLE_SIZE + 8];

	for (size_t i = 0; i < roles->count; i++) {
		struct tuf_meta meta = {.file = file};

		if (!publish_role(r, roles, i, at, &meta.version, err))
			return false;
		snprintf(file, sizeof(file), "%s.json", roles->list[i].name);
		if (!tuf_edit_put_meta(s, &meta, err))
			return false;
	}
	return repo_targets_end_roles(r->store, roles, at, err);
}

bool repo_publish(struct repo *r, const struct tree *tree, struct error *err)
{
	AUTO(role_file_clear) struct role_file f = top_role(r, TUF_SNAPSHOT);
	AUTO(tuf_role_clear_snapshot) struct tuf_snapshot s = EMPTY;
	AUTO(repo_roles_clear) struct repo_roles roles = EMPTY;

	if (!read_snapshot(r, &f, &s, err) ||
	    !repo_roles_make(r->store, &r->root, tree, &roles, err))
		return false;
	if (!repo_targets_put(r->store, tree, f.old.version + 1, err) ||
	    !publish_roles(r, &roles, &s, f.old.version + 1, err))
		return false;
	return (*r->signed_roles || r->bins_signed ? publish_snapshot(r, &f, &s, err)
						   : renew(r, false, err)) &&
	       store_tuf_prune(r->store, err);
}

bool repo_refresh(struct repo *r, struct error *err)
{
	return renew(r, true, err);
}

bool repo_update(struct store *s, struct role_keys *keys, char said[1024],
		 struct error *err)
{
	AUTO(tree_clear) struct tree tree = EMPTY;
	AUTO(repo_clear) struct repo r = EMPTY;
	bool there;

	said[0] = '\0';
	if (!repo_open(s, keys, &r, &there, err))
		return false;
	if (!there)
		return true;
	if (!tree_from_store(s, &tree, err) || !repo_publish(&r, &tree, err))
		return false;
	memcpy(said, r.signed_roles, sizeof(r.signed_roles));
	return true;
}
