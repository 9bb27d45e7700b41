/* SPDX-License-Identifier: Apache-2.0 */
/* Into the store, in one transaction. */
#include "core/armor.h"
#include "core/text.h"
#include "signer/bundle.h"
#include "signer/vouch.h"
#include "signer/workers.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- metadata ---- */

static bool put_role(struct bundle *b, const struct bundle_role *r, struct error *err)
{
	struct store_metadata m = {.version = r->version, .expires = r->expires};

	snprintf(m.role, sizeof(m.role), "%s", r->name);
	m.size = r->bytes.len;
	return store_tuf_put(b->store, &m, r->bytes.data, b->snapshot, err);
}

/* The client had them all; when they expire is read again, for 'status'. */
static bool put_root(struct bundle *b, struct bundle_role *r, struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;
	AUTO(tuf_role_clear_root) struct tuf_root root = EMPTY;

	if (!tuf_signed_parse(TUF_ROOT, r->bytes.data, r->bytes.len, &file, err) ||
	    !tuf_role_read_root(tuf_signed_body(&file), &root, err))
		return false;
	r->expires = root.expires;
	return put_role(b, r, err);
}

static bool put_roots(struct bundle *b, struct error *err)
{
	for (size_t i = 0; i < b->root_count; i++)
		if (b->roots[i].version > b->old_root &&
		    !put_root(b, &b->roots[i], err))
			return error_prefix(err, "root %" PRId64, b->roots[i].version);
	return true;
}

static bool put_roles(struct bundle *b, struct error *err)
{
	for (size_t i = 0; i < b->role_count; i++) {
		const struct bundle_role *r = &b->roles[i];
		struct store_metadata m;

		if (store_tuf_get(b->store, r->name, 0, &m, NULL, err)) {
			if (m.version == r->version)
				continue;
		} else if (err->code != ERR_NOT_FOUND) {
			return false;
		}
		if (!put_role(b, r, err))
			return error_prefix(err, "TUF role '%s'", TEXT_SAFE(r->name));
	}
	error_clear(err);
	return true;
}

struct roles {
	const struct bundle *b;
	char (*gone)[STORE_ROLE_SIZE];
	size_t count;
};

static bool find_gone(void *arg, const struct store_metadata *m, struct error *err)
{
	struct roles *r = arg;
	void *grown;

	if (!strcmp(m->role, "root"))
		return true;
	for (size_t i = 0; i < r->b->role_count; i++)
		if (!strcmp(r->b->roles[i].name, m->role))
			return true;
	grown = reallocarray(r->gone, r->count + 1, sizeof(*r->gone));
	if (!grown)
		return error_set(err, ERR_SYSTEM, "no memory");
	r->gone = grown;
	memcpy(r->gone[r->count++], m->role, sizeof(m->role));
	return true;
}

static bool end_roles(struct bundle *b, struct error *err)
{
	struct roles r = {.b = b};
	bool ok = store_tuf_each(b->store, true, find_gone, &r, err);

	for (size_t i = 0; ok && i < r.count; i++)
		ok = store_tuf_end(b->store, r.gone[i], b->snapshot, err);
	free(r.gone);
	return ok;
}

/* ---- one target ---- */

/* A target that was read; a manifest is parsed, too, which needs no store. */
struct ready {
	struct buf file;
	struct armor_cut cut;
	struct store_parsed *parsed;
};

static void ready_clear(struct ready *r)
{
	store_parsed_freep(&r->parsed);
	armor_cut_clear(&r->cut);
	buf_clear(&r->file);
}

static bool parse(const struct bundle_target *t, struct ready *r, struct error *err)
{
	struct store_put put = {
		.asc = r->file.data,
		.asc_len = r->file.len,
		.asc_digest = &t->digest,
		.text_digest = t->signers ? &t->text : NULL,
		.state = STORE_COMPLETE,
		.signers = t->signers ? t->signers : "",
	};

	if (!armor_cut(r->file.data ? r->file.data : "", r->file.len, &r->cut, err))
		return false;
	put.text = r->cut.text;
	put.text_len = r->cut.text_len;
	return store_parse_manifest(&put, &r->parsed, err);
}

/* A manifest must be for what its path says. */
static bool put_manifest(struct bundle *b, const struct bundle_target *t,
			 struct ready *r, struct store_target *out, struct error *err)
{
	char path[INDEX_PATH_SIZE];
	struct store_signed newest;
	struct store_manifest m;

	if (!store_put_parsed(b->store, r->parsed, &m, err))
		return false;
	index_manifest_path(m.el, m.kubernetes, m.arch, path);
	if (strcmp(path, t->path) != 0)
		return error_set(err, ERR_UNTRUSTED, "it is the manifest of '%s'",
				 path);
	if (!store_signed(b->store, m.row, &newest, err))
		return false;
	out->kind = STORE_TARGET_SIGNED;
	out->of = newest.row;
	return digest_equal(&newest.digest, &t->digest) ||
	       error_set(err, ERR_INTERNAL, "the store kept another file");
}

struct giver {
	struct bundle *b;
	const struct bundle_target *t;
};

static bool give(void *arg, const struct sink *to, struct error *err)
{
	const struct giver *g = arg;

	return bundle_give(g->b, g->t, to, err);
}

/* "tool/fips-tool-VERSION-linux-ARCH" */
static bool name_tool(const struct bundle_target *t, struct store_tool *out,
		      struct error *err)
{
	const char *version = t->path + strlen("tool/fips-tool-");
	const char *end = strstr(version, "-linux-"), *next;
	char path[INDEX_PATH_SIZE] = "";

	for (; end && (next = strstr(end + 1, "-linux-")); end = next)
		;
	if (end && (size_t)(end - version) < sizeof(out->version) &&
	    text_is_arch(end + strlen("-linux-"))) {
		memcpy(out->version, version, (size_t)(end - version));
		snprintf(out->arch, sizeof(out->arch), "%s", end + strlen("-linux-"));
		index_tool_path(out->version, out->arch, path);
	}
	return (!strcmp(path, t->path) &&
		text_is_name(out->version, sizeof(out->version) - 1)) ||
	       error_set(err, ERR_FORMAT, "no name of a tool");
}

struct looking {
	const struct store_tool *tool;
	int64_t row;
};

static bool is_tool(void *arg, const struct store_tool *t, struct error *err)
{
	struct looking *l = arg;

	(void)err;
	if (!strcmp(t->version, l->tool->version) && !strcmp(t->arch, l->tool->arch))
		l->row = t->row;
	return true;
}

static bool put_tool(struct bundle *b, const struct bundle_target *t,
		     struct store_target *out, struct error *err)
{
	struct store_tool tool = {.digest = t->digest, .size = t->size};
	struct looking l = {.tool = &tool};

	if (!name_tool(t, &tool, err) ||
	    !store_mirror_put_tool(b->store, &tool, give, &(struct giver){b, t}, err) ||
	    !store_each_tool(b->store, is_tool, &l, err))
		return false;
	out->kind = STORE_TARGET_TOOL;
	out->of = l.row;
	return true;
}

/* ---- what changes of the targets ---- */

struct current {
	struct store_target *list; /* sorted by path, as those of the bundle */
	size_t count, room;
};

static bool take(void *arg, const struct store_target *t, struct error *err)
{
	struct current *c = arg;

	if (c->count == c->room) {
		void *grown = reallocarray(c->list, c->room * 2 + 64, sizeof(*c->list));

		if (!grown)
			return error_set(err, ERR_SYSTEM, "no memory");
		c->list = grown;
		c->room = c->room * 2 + 64;
	}
	c->list[c->count++] = *t;
	return true;
}

/* Targets are read and parsed on all cores; each changes the store when it is its
 * turn, so that every run writes the same. */
enum { READERS_MAX = 3 }; /* what one writer keeps busy; each takes ten times a file */

struct work {
	struct bundle *b;
	struct current current;
	size_t old; /* of the current ones, the first that was not looked at */
	pthread_mutex_t source; /* of reading it */
	pthread_mutex_t lock;   /* of what follows */
	pthread_cond_t turned;
	size_t next, turn; /* the store is for whose turn it is */
	bool failed;
	struct error why;
};

/* Does the store have it already, as what it is? */
static bool is_stored(const struct bundle_target *t)
{
	return t->here && t->there.kind != STORE_TARGET_MADE;
}

static bool get_ready(struct work *w, const struct bundle_target *t, struct ready *r,
		      struct error *err)
{
	bool ok;

	pthread_mutex_lock(&w->source);
	ok = bundle_load(w->b, t, t->is_manifest ? VOUCH_FILE_MAX : BUNDLE_MADE_MAX,
			 &r->file, err);
	pthread_mutex_unlock(&w->source);
	return ok && (!t->is_manifest || parse(t, r, err));
}

static bool put_new(struct work *w, const struct bundle_target *t, struct ready *r,
		    struct store_target *out, struct error *err)
{
	bool ok;

	/* that which the store has is not read before its turn */
	if (t->here && !t->is_tool && !get_ready(w, t, r, err))
		return false;
	if (t->is_manifest)
		return put_manifest(w->b, t, r, out, err);
	out->kind = STORE_TARGET_MADE;
	if (!t->is_tool)
		return true;
	pthread_mutex_lock(&w->source);
	ok = put_tool(w->b, t, out, err);
	pthread_mutex_unlock(&w->source);
	return ok;
}

static bool put_target(struct work *w, const struct bundle_target *t, struct ready *r,
		       struct error *err)
{
	struct store_target to = {.digest = t->digest, .size = t->size};

	snprintf(to.path, sizeof(to.path), "%s", t->path);
	if (is_stored(t)) {
		to.kind = t->there.kind;
		to.of = t->there.of;
	} else if (!put_new(w, t, r, &to, err)) {
		return false;
	}
	return store_tuf_put_target(w->b->store, &to, r->file.data ? r->file.data : "",
				    w->b->snapshot, err);
}

/* What left the tree goes at once; what was replaced is shown for a while. */
static bool change_target(struct work *w, const struct bundle_target *t,
			  struct ready *r, struct error *err)
{
	const struct current *c = &w->current;
	struct store *s = w->b->store;
	int order = 1;

	for (; w->old < c->count && (order = strcmp(c->list[w->old].path, t->path)) < 0;
	     w->old++)
		if (!store_tuf_end_target(s, c->list[w->old].row, 0, err))
			return false;
	if (w->old < c->count && !order) {
		const struct store_target *was = &c->list[w->old++];

		if (digest_equal(&was->digest, &t->digest))
			return true;
		if (!store_tuf_end_target(s, was->row, w->b->snapshot, err))
			return false;
	}
	return put_target(w, t, r, err);
}

/* The next target in order; false when there is none or one failed. */
static bool take_next(struct work *w, size_t *at)
{
	bool more;

	pthread_mutex_lock(&w->lock);
	more = !w->failed && w->next < w->b->target_count;
	*at = w->next;
	w->next += more;
	pthread_mutex_unlock(&w->lock);
	return more;
}

static void take_turn(struct work *w, size_t at, struct ready *r, bool ok,
		      struct error *why)
{
	const struct bundle_target *t = &w->b->targets[at];
	bool skip;

	pthread_mutex_lock(&w->lock);
	while (w->turn != at)
		pthread_cond_wait(&w->turned, &w->lock);
	skip = w->failed;
	pthread_mutex_unlock(&w->lock);
	ok = skip || (ok && change_target(w, t, r, why));
	pthread_mutex_lock(&w->lock);
	if (!ok) {
		error_prefix_(why, "target '%s'", TEXT_SAFE(t->path));
		w->why = *why;
		w->failed = true;
	}
	w->turn++;
	pthread_cond_broadcast(&w->turned);
	pthread_mutex_unlock(&w->lock);
}

static void *work_on(void *arg)
{
	struct work *w = arg;
	size_t at;

	while (take_next(w, &at)) {
		AUTO(ready_clear) struct ready r = EMPTY;
		const struct bundle_target *t = &w->b->targets[at];
		struct error why = EMPTY;
		bool ok = t->here || t->is_tool || get_ready(w, t, &r, &why);

		take_turn(w, at, &r, ok, &why);
	}
	return NULL;
}

static bool change_targets(struct work *w, struct error *err)
{
	struct store *s = w->b->store;

	workers_run(READERS_MAX, work_on, w);
	if (w->failed) {
		*err = w->why;
		return false;
	}
	for (; w->old < w->current.count; w->old++)
		if (!store_tuf_end_target(s, w->current.list[w->old].row, 0, err))
			return false;
	return true;
}

static bool put_targets(struct bundle *b, struct error *err)
{
	struct work w = {
		.b = b,
		.source = PTHREAD_MUTEX_INITIALIZER,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.turned = PTHREAD_COND_INITIALIZER,
	};
	bool ok = store_tuf_each_target(b->store, true, take, &w.current, err) &&
		  change_targets(&w, err);

	free(w.current.list);
	return ok;
}

/* ---- keys, threshold, what was withdrawn ---- */

static bool put_trust(struct bundle *b, struct error *err)
{
	AUTO(buf_clear) struct buf old = BUF_MAX(PGP_KEYRING_MAX);
	const struct buf *now = &b->keyring.bytes;
	struct store_published counts;
	unsigned threshold;

	if (!store_keyring(b->store, &old, err) ||
	    !store_threshold(b->store, &threshold, err))
		return false;
	if (!buf_equal(&old, now) &&
	    !store_set_keyring(b->store, now->data ? now->data : "", now->len,
			       "by the authority", err))
		return false;
	if (threshold != b->index.threshold &&
	    !store_set_threshold(b->store, b->index.threshold, err))
		return false;
	if (b->pin_changed &&
	    !store_mirror_set_pin(b->store, &b->pin.keyring.bytes,
				  (unsigned)b->pin.policy.threshold, err))
		return false;
	return store_publish_rest(b->store, &counts, err);
}

static bool put_withdrawn(struct bundle *b, struct error *err)
{
	for (size_t i = 0; i < b->index.withdrawn_count; i++) {
		const struct index_withdrawn *w = &b->index.withdrawn[i];
		struct store_manifest m;

		if (!store_manifest_by_digest(b->store, &w->digest, &m, err)) {
			if (err->code != ERR_NOT_FOUND)
				return false;
			error_clear(err);
		} else if (m.state != STORE_WITHDRAWN &&
			   !store_set_state(b->store, m.row, STORE_WITHDRAWN, w->reason,
					    err)) {
			return false;
		}
	}
	return true;
}

/* ---- all of it ---- */

static bool put_mirror(struct bundle *b, const char *what, const char *from,
		       struct error *err)
{
	struct store_mirror m = {.arrived = b->mirror.arrived, .checked = b->now};
	char subject[64], detail[1200];

	if (b->snapshot != b->old_snapshot)
		m.arrived = b->now;
	snprintf(m.source, sizeof(m.source), "%s", from);
	snprintf(m.el, sizeof(m.el), "%s", b->options->el);
	snprintf(m.kubernetes, sizeof(m.kubernetes), "%s", b->options->kubernetes);
	if (!store_set_mirror(b->store, &m, err))
		return false;
	if (b->snapshot == b->old_snapshot)
		return true;
	snprintf(subject, sizeof(subject), "snapshot %" PRId64, b->snapshot);
	snprintf(detail, sizeof(detail),
		 "timestamp %" PRId64 ", root %" PRId64 ", from %s", b->timestamp,
		 b->root, from);
	return store_log(b->store, what, subject, detail, err);
}

bool bundle_store(struct bundle *b, const char *what, const char *from,
		  struct error *err)
{
	return put_roots(b, err) && put_targets(b, err) && put_roles(b, err) &&
	       end_roles(b, err) && put_trust(b, err) && put_withdrawn(b, err) &&
	       put_mirror(b, what, from, err);
}
