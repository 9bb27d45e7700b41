/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_trust.h"

#include "core/text.h"
#include "core/tuf_find.h"

#include <inttypes.h>
#include <stdlib.h>

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

static void clear_entry(struct tuf_entry *e)
{
	free(e->name);
	tuf_signed_clear(&e->file);
	tuf_role_clear_targets(&e->role);
}

void tuf_trust_clear(struct tuf_trust *t)
{
	tuf_role_clear_root(&t->root);
	tuf_role_clear_timestamp(&t->timestamp);
	tuf_role_clear_snapshot(&t->snapshot);
	for (size_t i = 0; i < t->entry_count; i++) {
		clear_entry(t->entries[i]);
		free(t->entries[i]);
	}
	free(t->entries);
	for (size_t i = 0; i < t->relaxed_count; i++)
		free(t->relaxed[i]);
	free(t->relaxed);
	*t = (struct tuf_trust)EMPTY;
}

/* ---- rules that all roles share ---- */

/* "ROLE VERSION: " in front, the version where it is known. */
static bool blame(const char *role, int64_t version, struct error *err)
{
	if (version)
		return error_prefix(err, "%s %" PRId64, TEXT_SAFE(role), version);
	return error_prefix(err, "%s", TEXT_SAFE(role));
}

/* Note an expired role that is used all the same, once, and on what ground. */
static bool relax(struct tuf_trust *t, const char *role, int64_t version,
		  int64_t expires, const char *ground, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(1024);
	char when[TEXT_TIME_SIZE], **grown;

	text_time(expires, when);
	buf_printf(&text, "%s %" PRId64 " expired on %s and is used %s",
		   TEXT_SAFE(role), version, when, ground);
	if (!buf_ok(&text, err))
		return false;
	for (size_t i = 0; i < t->relaxed_count; i++)
		if (!strcmp(t->relaxed[i], text.data))
			return true;
	grown = realloc(t->relaxed, (t->relaxed_count + 1) * sizeof(*grown));
	if (!grown)
		return no_memory(err);
	t->relaxed = grown;
	t->relaxed[t->relaxed_count++] = buf_take(&text);
	return true;
}

/* Indefinite freeze: the expiry must lie after the time of this update. */
static bool fresh(struct tuf_trust *t, const char *role, int64_t version,
		  int64_t expires, struct error *err)
{
	char when[TEXT_TIME_SIZE], now[TEXT_TIME_SIZE];

	if (expires > t->now)
		return true;
	if (t->relax)
		return relax(t, role, version, expires, "as of last seen", err);
	text_time(expires, when);
	text_time(t->now, now);
	return error_set(err, ERR_UNTRUSTED,
			 "expired on %s, and it is %s: no newer one was published, "
			 "it is held back, or the clock is wrong",
			 when, now);
}

/* The same of a role that tells what is current: a snapshot that is vouched for is
 * current as long as whoever vouches for it is believed. */
static bool current(struct tuf_trust *t, const char *role, int64_t version,
		    int64_t expires, struct error *err)
{
	if (t->vouched.version && expires <= t->now && !t->relax)
		return relax(t, role, version, expires, "on the site's word", err);
	return fresh(t, role, version, expires, err);
}

/* Only the snapshot that is vouched for, where one is. */
static bool is_vouched(const struct tuf_trust *t, int64_t snapshot, struct error *err)
{
	return !t->vouched.version || snapshot == t->vouched.version ||
	       error_set(err, ERR_UNTRUSTED,
			 "its snapshot is %" PRId64
			 ", and the site's statement is of snapshot %" PRId64
			 ": one of the two is an old copy, or held back",
			 snapshot, t->vouched.version);
}

static bool has_vouched_bytes(const struct tuf_trust *t, const struct buf *text,
			      struct error *err)
{
	struct digest d;

	if (!t->vouched.version)
		return true;
	if (!digest_of_bytes(text->data, text->len, &d, err))
		return false;
	return digest_equal(&d, &t->vouched.digest) ||
	       error_set(err, ERR_UNTRUSTED,
			 "the site's statement is of another snapshot with this "
			 "version");
}

/* What the role above says of a file: length and digests, where it says them. */
static bool same_bytes(const struct tuf_meta *meta, const struct buf *text,
		       struct error *err)
{
	if (meta->length && meta->length != text->len)
		return error_set(err, ERR_UNTRUSTED,
				 "it has %zu bytes, and %" PRIu64 " are what is signed",
				 text->len, meta->length);
	return tuf_hash_check(&meta->hashes, text->data, text->len, err);
}

static bool same_version(const struct tuf_meta *meta, int64_t version,
			 struct error *err)
{
	return version == meta->version ||
	       error_set(err, ERR_UNTRUSTED,
			 "its version is %" PRId64 ", and %" PRId64
			 " is what is signed",
			 version, meta->version);
}

static bool not_older(const char *what, int64_t old, int64_t now, struct error *err)
{
	return now >= old ||
	       error_set(err, ERR_UNTRUSTED,
			 "%srolled back from version %" PRId64 " to %" PRId64, what,
			 old, now);
}

/* ---- root ---- */

static bool read_root(const struct buf *text, struct tuf_signed *file,
		      struct tuf_root *out, struct error *err)
{
	return tuf_signed_parse(TUF_ROOT, text->data, text->len, file, err) &&
	       tuf_role_read_root(tuf_signed_body(file), out, err);
}

static bool signed_by(const struct tuf_signed *file, const struct tuf_root *by,
		      struct error *err)
{
	return tuf_signed_check(file, &by->keys, &by->roles[TUF_ROOT], err) ||
	       error_prefix(err, "by the keys of root %" PRId64, by->version);
}

static bool root(struct tuf_trust *t, const struct buf *text, int64_t wanted,
		 struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;
	AUTO(tuf_role_clear_root) struct tuf_root next = EMPTY;

	if (!read_root(text, &file, &next, err) ||
	    (wanted && !signed_by(&file, &t->root, err)) ||
	    !signed_by(&file, &next, err))
		return false;
	if (wanted && next.version != wanted)
		return error_set(err, ERR_UNTRUSTED, "its version is %" PRId64,
				 next.version);
	tuf_role_clear_root(&t->root);
	t->root = TAKE(next);
	return true;
}

bool tuf_trust_first_root(struct tuf_trust *t, const struct buf *text,
			  struct error *err)
{
	return root(t, text, 0, err) || blame("root", 0, err);
}

bool tuf_trust_next_root(struct tuf_trust *t, const struct buf *text, struct error *err)
{
	int64_t wanted = t->root.version + 1;

	return root(t, text, wanted, err) || blame("root", wanted, err);
}

bool tuf_trust_check_root(struct tuf_trust *t, struct error *err)
{
	return fresh(t, "root", t->root.version, t->root.expires, err) ||
	       blame("root", t->root.version, err);
}

/* ---- timestamp ---- */

static bool read_timestamp(const struct tuf_trust *t, const struct buf *text,
			   struct tuf_timestamp *out, struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;

	return (tuf_signed_parse(TUF_TIMESTAMP, text->data, text->len, &file, err) &&
		tuf_signed_check(&file, &t->root.keys, &t->root.roles[TUF_TIMESTAMP],
				 err) &&
		tuf_role_read_timestamp(tuf_signed_body(&file), out, err)) ||
	       blame("timestamp", 0, err);
}

bool tuf_trust_old_timestamp(struct tuf_trust *t, const struct buf *text,
			     struct error *err)
{
	return read_timestamp(t, text, &t->timestamp, err);
}

static bool let_timestamp(struct tuf_trust *t, struct tuf_timestamp *got,
			  struct error *err)
{
	const struct tuf_timestamp *old = &t->timestamp;

	if (!not_older("", old->version, got->version, err) ||
	    !not_older("snapshot is ", old->snapshot.version, got->snapshot.version,
		       err) ||
	    !is_vouched(t, got->snapshot.version, err) ||
	    !current(t, "timestamp", got->version, got->expires, err))
		return false;
	tuf_role_clear_timestamp(&t->timestamp);
	t->timestamp = TAKE(*got);
	return true;
}

bool tuf_trust_new_timestamp(struct tuf_trust *t, const struct buf *text, bool *newer,
			     struct error *err)
{
	AUTO(tuf_role_clear_timestamp) struct tuf_timestamp got = EMPTY;
	int64_t version;

	if (!read_timestamp(t, text, &got, err))
		return false;
	version = got.version;
	if (version != t->timestamp.version && !let_timestamp(t, &got, err))
		return blame("timestamp", version, err);
	*newer = got.version == 0; /* it was taken */
	return true;
}

bool tuf_trust_check_timestamp(struct tuf_trust *t, struct error *err)
{
	const struct tuf_timestamp *own = &t->timestamp;

	return (is_vouched(t, own->snapshot.version, err) &&
		current(t, "timestamp", own->version, own->expires, err)) ||
	       blame("timestamp", t->timestamp.version, err);
}

/* ---- snapshot ---- */

static bool read_snapshot(const struct tuf_trust *t, const struct buf *text,
			  struct tuf_snapshot *out, struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;

	return tuf_signed_parse(TUF_SNAPSHOT, text->data, text->len, &file, err) &&
	       tuf_signed_check(&file, &t->root.keys, &t->root.roles[TUF_SNAPSHOT],
				err) &&
	       tuf_role_read_snapshot(tuf_signed_body(&file), out, err);
}

static bool fits_timestamp(struct tuf_trust *t, const struct tuf_snapshot *s,
			   struct error *err)
{
	return same_version(&t->timestamp.snapshot, s->version, err) &&
	       current(t, "snapshot", s->version, s->expires, err);
}

bool tuf_trust_old_snapshot(struct tuf_trust *t, const struct buf *text, bool *good,
			    struct error *err)
{
	struct error why;

	if (!read_snapshot(t, text, &t->snapshot, err))
		return blame("snapshot", 0, err);
	*good = same_bytes(&t->timestamp.snapshot, text, &why) &&
		has_vouched_bytes(t, text, &why) &&
		fits_timestamp(t, &t->snapshot, &why);
	return true;
}

/* Rollback: no role may vanish, none may have a lower version than before. */
static bool keeps_roles(const struct tuf_snapshot *old, const struct tuf_snapshot *s,
			struct error *err)
{
	size_t at = 0;

	for (size_t i = 0; i < old->count; i++) {
		const char *file = old->meta[i].file;

		while (at < s->count && strcmp(s->meta[at].file, file) < 0)
			at++;
		if (at == s->count || strcmp(s->meta[at].file, file))
			return error_set(err, ERR_UNTRUSTED, "'%s' vanished from it",
					 TEXT_SAFE(file));
		if (!not_older("", old->meta[i].version, s->meta[at].version, err))
			return error_prefix(err, "'%s'", TEXT_SAFE(file));
	}
	return true;
}

bool tuf_trust_new_snapshot(struct tuf_trust *t, const struct buf *text,
			    struct error *err)
{
	AUTO(tuf_role_clear_snapshot) struct tuf_snapshot got = EMPTY;

	if (!same_bytes(&t->timestamp.snapshot, text, err) ||
	    !read_snapshot(t, text, &got, err) ||
	    !same_version(&t->timestamp.snapshot, got.version, err) ||
	    !keeps_roles(&t->snapshot, &got, err) || !has_vouched_bytes(t, text, err) ||
	    !fits_timestamp(t, &got, err))
		return blame("snapshot", t->timestamp.snapshot.version, err);
	tuf_role_clear_snapshot(&t->snapshot);
	t->snapshot = TAKE(got);
	return true;
}

/* ---- targets and delegated roles ---- */

bool tuf_trust_meta(const struct tuf_trust *t, const char *role,
		    const struct tuf_meta **out, struct error *err)
{
	const struct tuf_meta *meta = tuf_find_meta(&t->snapshot, role);

	if (!meta)
		return error_set(err, ERR_UNTRUSTED,
				 "snapshot %" PRId64 " does not list the role '%s'",
				 t->snapshot.version, TEXT_SAFE(role));
	*out = meta;
	return true;
}

static bool read_targets(struct tuf_trust *t, struct tuf_entry *e,
			 struct tuf_delegator by, const struct buf *text,
			 const struct tuf_meta *meta, struct error *err)
{
	if (!same_bytes(meta, text, err) ||
	    !tuf_signed_parse(TUF_TARGETS, text->data, text->len, &e->file, err) ||
	    !tuf_signed_check(&e->file, by.keys, by.signers, err) ||
	    !tuf_role_read_targets(tuf_signed_body(&e->file), &e->role, err) ||
	    !same_version(meta, e->role.version, err) ||
	    !fresh(t, e->name, e->role.version, e->role.expires, err))
		return false;
	/* counting signatures again needs the canonical form alone */
	json_doc_clear(&e->file.doc);
	e->by = by.signers;
	return true;
}

static struct tuf_entry *add_entry(struct tuf_trust *t, struct tuf_entry *e)
{
	struct tuf_entry **grown =
		realloc(t->entries, (t->entry_count + 1) * sizeof(*grown));
	struct tuf_entry *own = malloc(sizeof(*own));

	if (grown)
		t->entries = grown;
	if (!grown || !own) {
		free(own);
		return NULL;
	}
	*own = TAKE(*e);
	t->entries[t->entry_count++] = own;
	return own;
}

bool tuf_trust_targets(struct tuf_trust *t, const char *role, struct tuf_delegator by,
		       const struct buf *text, const struct tuf_entry **out,
		       struct error *err)
{
	AUTO(clear_entry) struct tuf_entry e = {.name = text_dup(role, strlen(role))};
	const struct tuf_meta *meta;
	const struct tuf_entry *own;

	if (!e.name)
		return no_memory(err);
	if (t->entry_count == TUF_ROLES_MAX)
		return error_set(err, ERR_LIMIT, "more than %d roles", TUF_ROLES_MAX);
	if (!tuf_trust_meta(t, role, &meta, err))
		return false;
	if (!read_targets(t, &e, by, text, meta, err))
		return blame(role, meta->version, err);
	own = add_entry(t, &e);
	if (!own)
		return no_memory(err);
	*out = own;
	return true;
}

bool tuf_trust_known(const struct tuf_trust *t, const char *role,
		     struct tuf_delegator by, const struct tuf_entry **out,
		     struct error *err)
{
	struct tuf_entry *found = NULL;

	for (size_t i = 0; i < t->entry_count && !found; i++)
		if (!strcmp(t->entries[i]->name, role))
			found = t->entries[i];
	/* roles do not change while they are held, so an address is a delegator */
	if (found && found->by != by.signers) {
		if (!tuf_signed_check(&found->file, by.keys, by.signers, err))
			return blame(role, found->role.version, err);
		found->by = by.signers;
	}
	*out = found;
	return true;
}
