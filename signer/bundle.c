/* SPDX-License-Identifier: Apache-2.0 */
/* The folder on the way, and the TUF client workflow over the source. */
#include "signer/bundle.h"

#include "core/file.h"
#include "core/text.h"
#include "core/tree_tuf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static const char state_name[] = "state";

/* ---- the folder ---- */

/* Empty and remove DIR/NAME, a folder of files. */
static void remove_flat(const char *dir, const char *name)
{
	AUTO(text_freep) char *path = file_join(dir, name);
	DIR *d = path ? opendir(path) : NULL;
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	if (path)
		rmdir(path);
}

/* One run at a time; what a killed one left of its state is gone. */
static bool open_folder(struct bundle *b, const char *store_path, struct error *err)
{
	AUTO(buf_clear) struct buf path = BUF_MAX(PATH_MAX);

	buf_printf(&path, "%s.incoming", store_path);
	if (!buf_ok(&path, err) || !file_mkdir(path.data, 0700, err) ||
	    !file_open(path.data, O_RDONLY | O_DIRECTORY, &b->lock, err))
		return false;
	if (flock(b->lock, LOCK_EX | LOCK_NB))
		return error_set(err, ERR_CONFLICT,
				 "another import or mirror works on '%s'",
				 TEXT_SAFE(store_path));
	b->keep = true; /* until there is nothing to go on with */
	b->folder = buf_take(&path);
	if (!b->folder)
		return error_set(err, ERR_SYSTEM, "no memory");
	remove_flat(b->folder, state_name);
	return true;
}

static void close_folder(struct bundle *b)
{
	if (b->folder) {
		remove_flat(b->folder, state_name);
		if (!b->keep)
			remove_flat(b->folder, ".");
		rmdir(b->folder); /* not when something is kept */
	}
	text_freep(&b->folder);
	file_closep(&b->lock);
}

/* ---- values ---- */

static void clear_roles(struct bundle_role *roles, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_clear(&roles[i].bytes);
	free(roles);
}

void bundle_clear(struct bundle *b)
{
	close_folder(b);
	clear_roles(b->roots, b->root_count);
	clear_roles(b->roles, b->role_count);
	for (size_t i = 0; i < b->target_count; i++) {
		free(b->targets[i].path);
		free(b->targets[i].signers);
	}
	free(b->targets);
	index_clear(&b->index);
	pgp_keyring_clear(&b->keyring);
	vouch_clear(&b->pin);
	for (size_t i = 0; i < b->relaxed_count; i++)
		free(b->relaxed[i]);
	free(b->relaxed);
}

/* What the store is and has. */
static bool look_at_store(struct bundle *b, struct error *err)
{
	struct store_metadata m;
	bool is;

	if (!store_mirror(b->store, &b->mirror, &is, err))
		return false;
	if (store_tuf_get(b->store, "root", 0, &m, NULL, err))
		b->old_root = m.version;
	else if (err->code != ERR_NOT_FOUND)
		return false;
	if (b->old_root && !is)
		return error_set(err, ERR_CONFLICT,
				 "the store has an authority of its own: a mirror "
				 "needs a store made by 'init --no-roles'");
	if (store_tuf_get(b->store, "snapshot", 0, &m, NULL, err))
		b->old_snapshot = m.version;
	else if (err->code != ERR_NOT_FOUND)
		return false;
	error_clear(err);
	return true;
}

/* The pinned keys of before, and those that are pinned now. */
static bool load_pin(struct bundle *b, struct error *err)
{
	AUTO(buf_clear) struct buf old = BUF_MAX(PGP_KEYRING_MAX);
	const struct bundle_options *o = b->options;
	struct vouch *pin = &b->pin;
	unsigned threshold;

	if (!store_mirror_pin(b->store, &old, &threshold, err))
		return false;
	if (o->keyring) {
		if (!pgp_keyring_read(o->keyring, &pin->keyring, err))
			return false;
		pin->policy.threshold = o->threshold ? (size_t)o->threshold : 1;
	} else if (old.len && !o->no_keyring) {
		if (!pgp_keyring_parse(old.data, old.len, &pin->keyring, err))
			return error_prefix(err, "the pinned keyring");
		pin->policy.threshold = threshold;
	}
	pin->policy.now = (int64_t)time(NULL);
	b->pin_changed = pin->policy.threshold != threshold ||
			 !buf_equal(&pin->keyring.bytes, &old);
	return true;
}

static bool found_one(void *arg, const struct store_manifest *m, struct error *err)
{
	char id[STORE_ID_SIZE];

	(void)arg;
	store_manifest_id(m, id);
	return error_set(err, ERR_CONFLICT,
			 "the store holds %s of its own: a mirror needs an empty one",
			 id);
}

bool bundle_open(struct store *s, const char *store_path, struct tree_source *source,
		 const struct bundle_options *options, struct bundle *out,
		 struct error *err)
{
	AUTO(bundle_clear)
	struct bundle b = {
		.store = s,
		.source = source,
		.options = options,
		.lock = -1,
		.remote = tree_source_remote(source),
	};

	if (!look_at_store(&b, err) || !load_pin(&b, err))
		return false;
	if (!b.old_root && !store_each_manifest(s, &(const struct store_filter)EMPTY,
						found_one, NULL, err))
		return false;
	if (!b.old_root && !options->trust)
		return error_set(err, ERR_USAGE,
				 "the store trusts nobody yet: give the root to begin "
				 "with as --trust root.json");
	if (!open_folder(&b, store_path, err))
		return false;
	*out = b;
	b = (struct bundle)BUNDLE_NONE;
	return true;
}

/* ---- the source, as the TUF client asks it ---- */

static struct bundle_role *room_for_role(struct bundle_role **list, size_t *count,
					 struct error *err)
{
	struct bundle_role *grown = reallocarray(*list, *count + 1, sizeof(*grown));

	if (!grown) {
		error_set_(err, ERR_SYSTEM, "no memory");
		return NULL;
	}
	*list = grown;
	grown[*count] = (struct bundle_role){.bytes = BUF_MAX(TUF_TARGETS_MAX)};
	return &grown[(*count)++];
}

bool bundle_add_root(struct bundle *b, const char *data, size_t len, int64_t version,
		     struct error *err)
{
	struct bundle_role *r;

	if (b->root_count == BUNDLE_ROOTS_MAX)
		return error_set(err, ERR_LIMIT, "more than %d roots",
				 BUNDLE_ROOTS_MAX);
	r = room_for_role(&b->roots, &b->root_count, err);
	if (!r)
		return false;
	memcpy(r->name, "root", sizeof("root"));
	r->version = version;
	buf_append(&r->bytes, data, len);
	return buf_ok(&r->bytes, err);
}

static bool get_metadata(void *arg, const char *name, struct buf *out,
			 struct error *err)
{
	struct bundle *b = arg;
	AUTO(buf_clear) struct buf path = BUF_MAX(2048);
	const char *dot = strchr(name, '.');
	size_t before = out->len;

	if (!tree_tuf_path("metadata", name, &path, err) ||
	    !tree_source_get(b->source, path.data, out, err))
		return false;
	if (!dot || strcmp(dot, ".root.json") != 0)
		return true;
	/* the client keeps only the last root */
	return bundle_add_root(b, out->data + before, out->len - before,
			       strtoll(name, NULL, 10), err);
}

/* ---- the state that the client begins with: what the store has ---- */

struct seed {
	struct store *store;
	const char *dir;
};

static bool put_state(void *arg, const struct store_metadata *m, struct error *err)
{
	const struct seed *seed = arg;
	AUTO(buf_clear) struct buf bytes = BUF_MAX(TUF_TARGETS_MAX);
	AUTO(buf_clear) struct buf path = BUF_MAX(PATH_MAX);
	AUTO(file_closep) int fd = -1;

	buf_printf(&path, "%s/", seed->dir);
	text_percent(m->role, "", &path);
	buf_puts(&path, ".json");
	if (!buf_ok(&path, err) || !store_tuf_bytes(seed->store, m->row, &bytes, err))
		return false;
	fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, "cannot make '%s'", path.data);
	return file_write_fd(fd, bytes.data, bytes.len, err);
}

/* The newest time that this store saw counts where the clock was set back. */
static bool put_time(const struct bundle *b, const char *dir, struct error *err)
{
	AUTO(tuf_state_close) struct tuf_state state = EMPTY;

	return tuf_state_open(dir, &state, err) &&
	       (!b->mirror.checked || tuf_state_saw(&state, b->mirror.checked, err));
}

static bool seed(const struct bundle *b, const char *dir, struct error *err)
{
	struct seed s = {b->store, dir};

	return file_mkdir(dir, 0700, err) &&
	       store_tuf_each(b->store, true, put_state, &s, err) &&
	       put_time(b, dir, err);
}

/* ---- what came ---- */

static bool take_target(void *arg, const struct tuf_target *t, struct error *err)
{
	struct bundle *b = arg;
	struct bundle_target *to;

	if (!bundle_wants(b->options, t->path))
		return true;
	if (!tree_source_is_path(t->path) || strlen(t->path) >= sizeof(to->there.path))
		return error_set(err, ERR_FORMAT, "target '%s' is no path of a tree",
				 TEXT_SAFE(t->path));
	if (!t->hashes.has_sha256)
		return error_set(err, ERR_FORMAT, "target '%s' has no SHA-256",
				 TEXT_SAFE(t->path));
	if (b->target_count == b->target_room) {
		size_t room = b->target_room * 2 + 64;
		void *grown = reallocarray(b->targets, room, sizeof(*b->targets));

		if (!grown)
			return error_set(err, ERR_SYSTEM, "no memory");
		b->targets = grown;
		b->target_room = room;
	}
	to = &b->targets[b->target_count];
	*to = (struct bundle_target){
		.path = text_dup(t->path, strlen(t->path)),
		.digest = t->hashes.sha256,
		.size = t->length,
		.is_manifest = text_starts(t->path, "manifests/"),
		.is_tool = text_starts(t->path, "tool/fips-tool-"),
	};
	b->target_count += to->path != NULL;
	return to->path || error_set(err, ERR_SYSTEM, "no memory");
}

static int target_cmp(const void *a, const void *b)
{
	const struct bundle_target *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Versions and sentences of the report. */
static bool take_report(struct bundle *b, struct tuf_client *c, struct error *err)
{
	const struct tuf_used *used;
	char *const *relaxed;
	size_t count = tuf_client_used(c, &used);
	size_t sentences = tuf_client_relaxed(c, &relaxed);

	b->relaxed = calloc(sentences + 1, sizeof(*b->relaxed));
	if (!count || !b->relaxed)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (; b->relaxed_count < sentences; b->relaxed_count++) {
		const char *s = relaxed[b->relaxed_count];

		b->relaxed[b->relaxed_count] = text_dup(s, strlen(s));
		if (!b->relaxed[b->relaxed_count])
			return error_set(err, ERR_SYSTEM, "no memory");
	}
	b->root = used[0].version;
	b->timestamp = used[1].version;
	b->snapshot = used[2].version;
	b->now = tuf_client_now(c);
	for (size_t i = 1; i < count; i++) {
		struct bundle_role *r = room_for_role(&b->roles, &b->role_count, err);

		if (!r)
			return false;
		snprintf(r->name, sizeof(r->name), "%s", used[i].role);
		r->version = used[i].version;
		r->expires = used[i].expires;
	}
	return true;
}

/* The files of the roles, as the client kept them. */
static bool take_files(struct bundle *b, const char *dir, struct error *err)
{
	AUTO(tuf_state_close) struct tuf_state state = EMPTY;

	if (!tuf_state_open(dir, &state, err))
		return false;
	for (size_t i = 0; i < b->role_count; i++)
		if (!tuf_state_read(&state, b->roles[i].name, &b->roles[i].bytes, err))
			return false;
	return true;
}

static bool run_client(struct bundle *b, const char *dir, struct error *err)
{
	AUTO(buf_clear) struct buf trust = BUF_MAX(TUF_ROOT_MAX);
	AUTO(tuf_client_freep) struct tuf_client *c = NULL;
	struct tuf_options options = {
		.source = {.metadata = get_metadata, .arg = b},
		.state_dir = dir,
		.as_of_last_seen = b->options->allow_expired,
	};

	if (b->options->trust && !file_read(b->options->trust, &trust, err))
		return false;
	if (b->old_root) {
		if (b->options->trust && !bundle_same_root(b, &trust, err))
			return false;
	} else {
		options.trust = trust.data ? trust.data : "";
		options.trust_len = trust.len;
	}
	if (!tuf_client_new(&options, &c, err) || !tuf_client_refresh(c, err) ||
	    !tuf_client_each(c, take_target, b, err) || !take_report(b, c, err))
		return false;
	qsort(b->targets, b->target_count, sizeof(*b->targets), target_cmp);
	tuf_client_finish(c);
	return take_files(b, dir, err) &&
	       (b->old_root || bundle_first_roots(b, &trust, err));
}

/* A source of another authority fails in many ways; say what it is. */
static bool explain(struct bundle *b, struct error *err)
{
	AUTO(buf_clear) struct buf ours = BUF_MAX(TUF_ROOT_MAX);
	AUTO(buf_clear) struct buf theirs = BUF_MAX(TUF_ROOT_MAX);
	struct store_metadata m;
	struct error ignored, why = *err;

	if (b->old_root && store_tuf_get(b->store, "root", 1, &m, &ours, &ignored) &&
	    tree_source_get(b->source, "metadata/1.root.json", &theirs, &ignored) &&
	    !buf_equal(&ours, &theirs))
		return error_set(err, ERR_UNTRUSTED,
				 "%s is the tree of another authority: its root 1 is "
				 "not the one that this store began with",
				 tree_source_name(b->source));
	if (why.code == ERR_NOT_FOUND && !b->remote &&
	    !tree_source_has(b->source, "metadata/timestamp.json"))
		return error_set(err, ERR_NOT_FOUND,
				 "%s is no published tree: it has no "
				 "'metadata/timestamp.json'",
				 tree_source_name(b->source));
	if (why.code == ERR_NOT_FOUND && b->old_snapshot && !b->remote)
		return error_set(err, ERR_NOT_FOUND,
				 "%s: a bundle by 'export --since %" PRId64
				 "' has what this store lacks",
				 why.msg, b->old_snapshot);
	return false;
}

bool bundle_update(struct bundle *b, struct error *err)
{
	AUTO(text_freep) char *dir = file_join(b->folder, state_name);

	if (!dir)
		return error_set(err, ERR_SYSTEM, "no memory");
	return (seed(b, dir, err) && run_client(b, dir, err)) || explain(b, err);
}

/* A root may be published alone: no timestamp tells of it. */
static bool has_next_root(struct bundle *b, bool *has, struct error *err)
{
	AUTO(buf_clear) struct buf ignored = BUF_MAX(TUF_ROOT_MAX);
	char path[64];

	snprintf(path, sizeof(path), "metadata/%" PRId64 ".root.json", b->old_root + 1);
	*has = tree_source_get(b->source, path, &ignored, err);
	if (!*has && err->code != ERR_NOT_FOUND)
		return false;
	error_clear(err);
	return true;
}

static bool first_expiry(void *arg, const struct store_metadata *m, struct error *err)
{
	int64_t *first = arg;

	(void)err;
	*first = m->expires < *first ? m->expires : *first;
	return true;
}

bool bundle_is_same(struct bundle *b, bool *same, struct error *err)
{
	AUTO(buf_clear) struct buf ours = BUF_MAX(TUF_TIMESTAMP_MAX);
	AUTO(buf_clear) struct buf theirs = BUF_MAX(TUF_TIMESTAMP_MAX);
	struct store_metadata m;
	int64_t expires = INT64_MAX;
	bool next;

	*same = false;
	if (!b->old_snapshot || b->pin_changed ||
	    strcmp(b->mirror.el, b->options->el) != 0 ||
	    strcmp(b->mirror.kubernetes, b->options->kubernetes) != 0)
		return true;
	if (!store_tuf_each(b->store, true, first_expiry, &expires, err) ||
	    !store_tuf_get(b->store, "timestamp", 0, &m, &ours, err) ||
	    !has_next_root(b, &next, err) ||
	    !tree_source_get(b->source, "metadata/timestamp.json", &theirs, err))
		return false;
	*same = !next && expires > (int64_t)time(NULL) && buf_equal(&ours, &theirs);
	b->keep = !*same;
	b->root = b->old_root;
	b->snapshot = b->old_snapshot;
	b->timestamp = m.version;
	return true;
}
