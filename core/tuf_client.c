/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_client.h"

#include "core/file.h"
#include "core/text.h"
#include "core/tuf_find.h"
#include "core/tuf_walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum {
	NAME_SIZE = TUF_NAME_MAX + 32, /* "VERSION.ROLE.json" */
	SAW_SECONDS = 3600, /* how exactly the time of the last update is kept */
};

struct tuf_client {
	struct tuf_options options;
	struct tuf_state state;
	struct tuf_trust trust;
	struct tuf_used *used;
	bool refreshed;
};

bool tuf_client_new(const struct tuf_options *options, struct tuf_client **out,
		    struct error *err)
{
	struct tuf_client *c = calloc(1, sizeof(*c));

	if (!c)
		return error_set(err, ERR_SYSTEM, "no memory");
	c->options = *options;
	if (!tuf_state_open(options->state_dir, &c->state, err)) {
		free(c);
		return false;
	}
	*out = c;
	return true;
}

void tuf_client_finish(struct tuf_client *c)
{
	tuf_state_close(&c->state);
	c->options.source = (struct tuf_source)EMPTY;
}

void tuf_client_free(struct tuf_client *c)
{
	if (!c)
		return;
	tuf_client_finish(c);
	tuf_trust_clear(&c->trust);
	free(c->used);
	free(c);
}

void tuf_client_freep(struct tuf_client **c)
{
	tuf_client_free(*c);
	*c = NULL;
}

bool tuf_client_init(const char *state_dir, const void *root, size_t len,
		     struct error *err)
{
	AUTO(tuf_state_close) struct tuf_state state = EMPTY;
	AUTO(tuf_trust_clear) struct tuf_trust trust = EMPTY;
	AUTO(buf_clear) struct buf text = BUF_MAX(TUF_ROOT_MAX);

	buf_append(&text, root, len);
	return buf_ok(&text, err) && tuf_trust_first_root(&trust, &text, err) &&
	       tuf_state_open(state_dir, &state, err) &&
	       tuf_state_write(&state, "root", root, len, err);
}

/* ---- bringing bytes ---- */

static bool asks_nobody(const struct tuf_client *c)
{
	return !c->options.source.metadata;
}

/* "[VERSION.]ROLE.json" from the source, up to `max` bytes. */
static bool fetch(struct tuf_client *c, const char *role, int64_t version, size_t max,
		  struct buf *out, struct error *err)
{
	AUTO(buf_clear) struct buf name = BUF_MAX(NAME_SIZE);

	if (asks_nobody(c))
		return error_set(err, ERR_NOT_FOUND,
				 "'%s' has no usable one, and no server is asked",
				 TEXT_SAFE(c->options.state_dir));
	*out = (struct buf)BUF_MAX(max);
	if (version)
		buf_printf(&name, "%" PRId64 ".", version);
	text_percent(role, "", &name);
	buf_puts(&name, ".json");
	return buf_ok(&name, err) &&
	       c->options.source.metadata(c->options.source.arg, name.data, out, err);
}

/* The same by what the role above says of it. */
static bool fetch_meta(struct tuf_client *c, const char *role, enum tuf_kind kind,
		       const struct tuf_meta *meta, struct buf *out, struct error *err)
{
	size_t max = tuf_signed_max(kind);
	bool ok;

	if (meta->length > max)
		ok = error_set(err, ERR_LIMIT,
			       "%" PRIu64 " bytes are announced, the limit is %zu",
			       meta->length, max);
	else
		ok = fetch(c, role, c->trust.root.consistent ? meta->version : 0,
			   meta->length ? (size_t)meta->length : max, out, err);
	return ok || error_prefix(err, "%s %" PRId64, TEXT_SAFE(role), meta->version);
}

static bool keep(struct tuf_client *c, const char *role, const struct buf *text,
		 struct error *err)
{
	return tuf_state_write(&c->state, role, text->data, text->len, err) ||
	       error_prefix(err, "cannot keep '%s'", TEXT_SAFE(role));
}

/* The state's copy of a role; false when there is none that can be read. */
static bool old_file(struct tuf_client *c, const char *role, enum tuf_kind kind,
		     struct buf *out)
{
	struct error why;

	*out = (struct buf)BUF_MAX(tuf_signed_max(kind));
	return tuf_state_read(&c->state, role, out, &why);
}

/* ---- 5.3: root ---- */

/* The state's root must not be another repository's. */
static bool same_root(const struct buf *a, const struct buf *b, struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed x = EMPTY, y = EMPTY;

	if (!tuf_signed_parse(TUF_ROOT, a->data, a->len, &x, err) ||
	    !tuf_signed_parse(TUF_ROOT, b->data, b->len, &y, err))
		return false;
	return (x.canonical.len == y.canonical.len &&
		!memcmp(x.canonical.data, y.canonical.data, x.canonical.len)) ||
	       error_set(err, ERR_UNTRUSTED,
			 "differs from the one that is kept under the same version: "
			 "the state folder is another repository's");
}

/* Begin with the state's root, or with the given one where that is newer or the
 * only good one. */
static bool load_root(struct tuf_client *c, struct error *err)
{
	AUTO(tuf_trust_clear) struct tuf_trust given = EMPTY;
	AUTO(buf_clear) struct buf old = BUF_MAX(TUF_ROOT_MAX), text = old;
	const struct tuf_options *o = &c->options;
	bool have = tuf_state_read(&c->state, "root", &old, err) &&
		    tuf_trust_first_root(&c->trust, &old, err);

	if (!o->trust)
		return have ||
		       error_prefix(err, "no root to begin with, and no --trust that "
					 "names one");
	buf_append(&text, o->trust, o->trust_len);
	if (!buf_ok(&text, err) || !tuf_trust_first_root(&given, &text, err))
		return error_prefix(err, "the root that --trust gives");
	if (have && given.root.version == c->trust.root.version)
		return same_root(&text, &old, err) ||
		       error_prefix(err, "the root that --trust gives");
	if (have && given.root.version < c->trust.root.version)
		return true;
	return tuf_trust_first_root(&c->trust, &text, err) &&
	       keep(c, "root", &text, err);
}

static bool update_root(struct tuf_client *c, struct error *err)
{
	if (!load_root(c, err))
		return false;
	for (int i = 0; i < TUF_ROOTS_MAX && !asks_nobody(c); i++) {
		AUTO(buf_clear) struct buf text = EMPTY;
		int64_t next = c->trust.root.version + 1;

		if (!fetch(c, "root", next, TUF_ROOT_MAX, &text, err)) {
			if (err->code == ERR_NOT_FOUND)
				break;
			return error_prefix(err, "root %" PRId64, next);
		}
		if (!tuf_trust_next_root(&c->trust, &text, err) ||
		    !keep(c, "root", &text, err))
			return false;
	}
	return tuf_trust_check_root(&c->trust, err);
}

/* ---- 5.4: timestamp ---- */

static bool update_timestamp(struct tuf_client *c, struct error *err)
{
	AUTO(buf_clear) struct buf old = EMPTY;
	AUTO(buf_clear) struct buf text = EMPTY;
	struct error why;
	bool newer = false, have = old_file(c, "timestamp", TUF_TIMESTAMP, &old) &&
				   tuf_trust_old_timestamp(&c->trust, &old, &why);

	if (!have || !asks_nobody(c)) {
		if (!fetch(c, "timestamp", 0, TUF_TIMESTAMP_MAX, &text, err))
			return error_prefix(err, "timestamp");
		if (!tuf_trust_new_timestamp(&c->trust, &text, &newer, err) ||
		    (newer && !keep(c, "timestamp", &text, err)))
			return false;
	}
	return tuf_trust_check_timestamp(&c->trust, err);
}

/* ---- 5.5: snapshot ---- */

static bool update_snapshot(struct tuf_client *c, struct error *err)
{
	AUTO(buf_clear) struct buf old = EMPTY;
	AUTO(buf_clear) struct buf text = EMPTY;
	struct error why;
	bool current = false;

	if (old_file(c, "snapshot", TUF_SNAPSHOT, &old) &&
	    tuf_trust_old_snapshot(&c->trust, &old, &current, &why) && current)
		return true;
	return fetch_meta(c, "snapshot", TUF_SNAPSHOT, &c->trust.timestamp.snapshot,
			  &text, err) &&
	       tuf_trust_new_snapshot(&c->trust, &text, err) &&
	       keep(c, "snapshot", &text, err);
}

/* ---- 5.6: targets and delegated roles ---- */

static bool load_targets(struct tuf_client *c, const char *role,
			 struct tuf_delegator by, const struct tuf_entry **out,
			 struct error *err)
{
	AUTO(buf_clear) struct buf old = EMPTY;
	AUTO(buf_clear) struct buf text = EMPTY;
	const struct tuf_entry *entry = NULL;
	const struct tuf_meta *meta;
	struct error why;

	if (!tuf_trust_known(&c->trust, role, by, &entry, err))
		return false;
	if (!entry && old_file(c, role, TUF_TARGETS, &old) &&
	    !tuf_trust_targets(&c->trust, role, by, &old, &entry, &why))
		entry = NULL;
	if (!entry && (!tuf_trust_meta(&c->trust, role, &meta, err) ||
		       !fetch_meta(c, role, TUF_TARGETS, meta, &text, err) ||
		       !tuf_trust_targets(&c->trust, role, by, &text, &entry, err) ||
		       !keep(c, role, &text, err)))
		return false;
	*out = entry;
	return true;
}

static struct tuf_delegator by_root(const struct tuf_client *c)
{
	return (struct tuf_delegator){&c->trust.root.keys,
				      &c->trust.root.roles[TUF_TARGETS]};
}

/* The time of this update, kept so that a clock that is set back later is noticed. A
 * state that cannot be written loses only that. */
static bool note_time(struct tuf_client *c, struct error *err)
{
	if (asks_nobody(c) ||
	    c->trust.now < tuf_state_last_seen(&c->state) + SAW_SECONDS)
		return true;
	return tuf_state_saw(&c->state, c->trust.now, err) || err->os == EROFS ||
	       err->os == EACCES || error_prefix(err, "cannot keep the time");
}

bool tuf_client_refresh(struct tuf_client *c, struct error *err)
{
	int64_t seen = tuf_state_last_seen(&c->state);
	const struct tuf_entry *targets;

	tuf_trust_clear(&c->trust);
	c->refreshed = false;
	c->trust.now = c->options.now ? c->options.now : (int64_t)time(NULL);
	c->trust.relax = c->options.as_of_last_seen;
	c->trust.vouched = c->options.vouched;
	if (c->trust.relax && seen > c->trust.now)
		c->trust.now = seen;
	if (!update_root(c, err) || !update_timestamp(c, err) ||
	    !update_snapshot(c, err) ||
	    !load_targets(c, "targets", by_root(c), &targets, err) ||
	    !note_time(c, err))
		return false;
	c->refreshed = true;
	return true;
}

/* ---- 5.6.7: searching ---- */

/* Who withholds a role must not make its targets unknown. */
static bool withheld(struct error *err)
{
	if (err->code == ERR_NOT_FOUND)
		err->code = ERR_SYSTEM;
	return false;
}

bool tuf_client_find(struct tuf_client *c, const char *path,
		     const struct tuf_target **out, struct error *err)
{
	AUTO(tuf_walk_clear) struct tuf_walk w = EMPTY;
	const struct tuf_target *found = NULL;
	const struct tuf_entry *entry;
	struct tuf_step step;
	bool more;

	if (!c->refreshed && !tuf_client_refresh(c, err))
		return withheld(err);
	if (!tuf_walk_begin(&w, path, by_root(c), err))
		return false;
	do {
		if (!tuf_walk_next(&w, &step, &more, err) ||
		    (more && !load_targets(c, step.name, step.by, &entry, err)))
			return withheld(err) ||
			       error_prefix(err, "target '%s'", TEXT_SAFE(path));
		if (!more)
			return error_set(err, ERR_NOT_FOUND,
					 "no role vouches for the target '%s'",
					 TEXT_SAFE(path));
		found = tuf_find_target(&entry->role, path);
		if (!found && !tuf_walk_down(&w, &entry->role, err))
			return false;
	} while (!found);
	*out = found;
	return true;
}

/* The targets of one role, each unless another role answers for its path. */
static bool each_of(struct tuf_client *c, const struct tuf_targets *t,
		    bool (*each)(void *arg, const struct tuf_target *t,
				 struct error *err),
		    void *arg, struct error *err)
{
	const struct tuf_target *found = NULL;

	for (size_t i = 0; i < t->count; i++) {
		if (!tuf_client_find(c, t->targets[i].path, &found, err)) {
			if (err->code != ERR_NOT_FOUND)
				return false;
			continue; /* the role is not delegated this path */
		}
		if (found == &t->targets[i] && !each(arg, found, err))
			return false;
	}
	return true;
}

bool tuf_client_each(struct tuf_client *c,
		     bool (*each)(void *arg, const struct tuf_target *t,
				  struct error *err),
		     void *arg, struct error *err)
{
	AUTO(tuf_walk_clear) struct tuf_walk w = EMPTY;
	const struct tuf_entry *entry;
	struct tuf_step step;
	bool more = true;

	if ((!c->refreshed && !tuf_client_refresh(c, err)) ||
	    !tuf_walk_begin(&w, NULL, by_root(c), err))
		return false;
	for (;;) {
		if (!tuf_walk_next(&w, &step, &more, err))
			return false;
		if (!more)
			return true;
		if (!load_targets(c, step.name, step.by, &entry, err) ||
		    !each_of(c, &entry->role, each, arg, err) ||
		    !tuf_walk_down(&w, &entry->role, err))
			return false;
	}
}

/* ---- 5.7: targets ---- */

static bool same_target(const struct tuf_target *t, const struct buf *got,
			struct error *err)
{
	if (got->len != t->length)
		return error_set(err, ERR_UNTRUSTED,
				 "it has %zu bytes, and %" PRIu64 " are what is signed",
				 got->len, t->length);
	return tuf_hash_check(&t->hashes, got->data, got->len, err);
}

/* "FOLDER/[HASH.]FILE" as the path of a URL. */
static void put_name(const struct tuf_client *c, const struct tuf_target *t,
		     struct buf *out)
{
	const char *file = file_basename(t->path);
	AUTO(buf_clear) struct buf name = BUF_MAX(SIZE_MAX / 2);
	char prefix[TUF_HASH_PREFIX_SIZE];

	buf_append(&name, t->path, (size_t)(file - t->path));
	if (c->trust.root.consistent) {
		tuf_hash_prefix(&t->hashes, prefix);
		buf_printf(&name, "%s.", prefix);
	}
	buf_puts(&name, file);
	text_percent(name.data ? name.data : "", "/", out);
}

bool tuf_client_get(struct tuf_client *c, const struct tuf_target *t, struct buf *out,
		    struct error *err)
{
	AUTO(buf_clear)
	struct buf name = BUF_MAX(SIZE_MAX / 2), got = BUF_MAX(t->length);
	const struct tuf_source *source = &c->options.source;

	put_name(c, t, &name);
	if (!source->target)
		return error_set(err, ERR_NOT_FOUND, "target '%s': no server is asked",
				 TEXT_SAFE(t->path));
	if (t->length > TUF_TARGET_MAX)
		return error_set(err, ERR_LIMIT, "target '%s' is larger than %d bytes",
				 TEXT_SAFE(t->path), TUF_TARGET_MAX);
	if (!buf_ok(&name, err) || !source->target(source->arg, name.data, &got, err) ||
	    !same_target(t, &got, err))
		return error_prefix(err, "target '%s'", TEXT_SAFE(t->path));
	buf_append(out, got.data, got.len);
	return buf_ok(out, err);
}

bool tuf_client_save(struct tuf_client *c, const struct tuf_target *t, const char *path,
		     bool *fetched, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(t->length);
	struct error why;

	if (t->length <= TUF_TARGET_MAX && file_read(path, &text, &why) &&
	    same_target(t, &text, &why)) {
		*fetched = false;
		return true;
	}
	buf_clear(&text);
	if (!tuf_client_get(c, t, &text, err) ||
	    !file_write_atomic(path, text.data, text.len, 0644, err))
		return false;
	*fetched = true;
	return true;
}

/* ---- for reports ---- */

size_t tuf_client_used(struct tuf_client *c, const struct tuf_used **out)
{
	const struct tuf_trust *t = &c->trust;
	struct tuf_used *u = calloc(t->entry_count + 3, sizeof(*u));
	size_t count = 0;

	free(c->used);
	c->used = u;
	*out = u;
	if (!u)
		return 0;
	u[count++] = (struct tuf_used){"root", t->root.version, t->root.expires};
	u[count++] = (struct tuf_used){"timestamp", t->timestamp.version,
				       t->timestamp.expires};
	u[count++] =
		(struct tuf_used){"snapshot", t->snapshot.version, t->snapshot.expires};
	for (size_t i = 0; i < t->entry_count; i++)
		u[count++] = (struct tuf_used){t->entries[i]->name,
					       t->entries[i]->role.version,
					       t->entries[i]->role.expires};
	return count;
}

size_t tuf_client_relaxed(const struct tuf_client *c, char *const **out)
{
	*out = c->trust.relaxed;
	return c->trust.relaxed_count;
}

int64_t tuf_client_now(const struct tuf_client *c)
{
	return c->trust.now;
}
