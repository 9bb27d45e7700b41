/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish: everything complete becomes the published tree, in one transaction.
 *
 * Nothing is taken from an earlier verification: each file that is to become
 * visible is verified now, by the store's keys and threshold as they are now. When
 * those changed since the last time, what is visible already is verified too, and
 * a file that would no longer be trusted stops everything: publishing it under the
 * new keys would break every node, and dropping it silently would be no better.
 */
#include "core/text.h"
#include "core/tree.h"
#include "signer/cmd.h"
#include "signer/vouch.h"

#include <stdlib.h>

struct row {
	struct store_manifest manifest;
	struct store_signed file;
	bool due;       /* its newest file is not published yet */
	bool visible;   /* before this run */
	bool published; /* by this run */
	char why[512];  /* why it stays behind; "" */
};

struct work {
	struct store *store;
	const struct cli *cli;
	struct vouch vouch;
	struct row *rows; /* everything that was not withdrawn */
	size_t count, room, marked;
	struct store_published rest;
	struct tree tree; /* afterwards */
};

static void work_clear(struct work *w)
{
	vouch_clear(&w->vouch);
	tree_clear(&w->tree);
	free(w->rows);
}

/* ---- what there is ---- */

static bool collect(void *arg, const struct store_manifest *m, struct error *err)
{
	struct work *w = arg;
	struct row *r;

	if (m->state == STORE_WITHDRAWN)
		return true;
	if (w->count == w->room) {
		r = reallocarray(w->rows, w->room * 2 + 16, sizeof(*r));
		if (!r)
			return error_set(err, ERR_SYSTEM, "no memory");
		w->rows = r;
		w->room = w->room * 2 + 16;
	}
	r = &w->rows[w->count++];
	*r = (struct row){.manifest = *m};
	if (!store_signed(w->store, m->row, &r->file, err))
		return false;
	r->due = !r->file.published;
	return true;
}

/* Comes in the order of the rows. */
static bool mark_visible(void *arg, const struct store_manifest *m,
			 const struct store_signed *f, struct error *err)
{
	struct work *w = arg;

	(void)f;
	(void)err;
	while (w->marked < w->count && w->rows[w->marked].manifest.row != m->row)
		w->marked++;
	if (w->marked < w->count)
		w->rows[w->marked].visible = true;
	return true;
}

/* Did keys or threshold change since the tree was published? */
static bool trust_changed(struct store *s, bool *changed, struct error *err)
{
	AUTO(buf_clear) struct buf now = BUF_MAX(PGP_KEYRING_MAX);
	AUTO(buf_clear) struct buf then = BUF_MAX(PGP_KEYRING_MAX);
	unsigned threshold, published;
	int64_t since;

	if (!store_keyring(s, &now, err) ||
	    !store_published_keyring(s, &then, &since, err) ||
	    !store_threshold(s, &threshold, err) ||
	    !store_published_threshold(s, &published, err))
		return false;
	*changed = threshold != published || now.len != then.len ||
		   (now.len && memcmp(now.data, then.data, now.len) != 0);
	return true;
}

/* ---- one manifest ---- */

/* Not enough yet: said, and its state tells it. */
static bool stay_behind(struct work *w, struct row *r, const char *why,
			struct error *err)
{
	snprintf(r->why, sizeof(r->why), "%s", why);
	if (r->manifest.state != STORE_COMPLETE)
		return true;
	r->manifest.state = STORE_PENDING;
	return store_set_state(w->store, r->manifest.row, STORE_PENDING, NULL, err);
}

static bool publish_row(struct work *w, struct row *r, struct error *err)
{
	AUTO(buf_clear) struct buf asc = BUF_MAX(VOUCH_FILE_MAX);
	struct vouched v = EMPTY;
	struct error why = EMPTY;
	char id[STORE_ID_SIZE];

	if (!store_signed_bytes(w->store, r->file.row, &asc, err))
		return false;
	if (!vouch_for(&w->vouch, asc.data, asc.len, &v, &why)) {
		*err = why;
		if (why.code != ERR_UNTRUSTED)
			return false;
		memcpy(v.why, why.msg, sizeof(v.why));
	}
	if (v.enough) {
		r->published = r->due;
		return !r->due || store_publish_manifest(w->store, r->manifest.row,
							 v.signers, err);
	}
	if (!r->visible)
		return stay_behind(w, r, v.why, err);
	store_manifest_id(&r->manifest, id);
	return error_set(err, ERR_UNTRUSTED,
			 "%s is published and would no longer be trusted (%s): add "
			 "signatures or withdraw it; nothing was published",
			 id, v.why);
}

static bool publish_all(struct work *w, struct error *err)
{
	bool changed, any = false;

	if (!store_each_manifest(w->store, &(const struct store_filter)EMPTY, collect,
				 w, err) ||
	    !store_each_visible(w->store, mark_visible, w, err) ||
	    !trust_changed(w->store, &changed, err))
		return false;
	for (size_t i = 0; i < w->count; i++) {
		struct row *r = &w->rows[i];

		if (!r->due && !(changed && r->visible))
			continue;
		if (!any && !vouch_load(w->store, &w->vouch, err))
			return false;
		any = true;
		if (!publish_row(w, r, err))
			return false;
	}
	return store_publish_rest(w->store, &w->rest, err) &&
	       tree_from_store(w->store, &w->tree, err);
}

/* ---- telling ---- */

/* Where nodes find it; NULL: a newer revision is there. */
static const char *path_of(const struct work *w, const struct row *r)
{
	const struct store_manifest *m = &r->manifest;
	const struct tree_entry *e;
	char path[INDEX_PATH_SIZE];

	index_manifest_path(m->el, m->kubernetes, m->arch, path);
	e = tree_find(&w->tree, path);
	return e && digest_equal(&e->digest, &r->file.digest) ? e->path : NULL;
}

static void show_rest(const struct work *w)
{
	const struct cli *cli = w->cli;

	if (w->rest.keyrings)
		cli_say(cli, "published keys/release.asc");
	if (w->rest.thresholds)
		cli_say(cli, "published the threshold %u", w->tree.index.threshold);
	if (w->rest.tools)
		cli_say(cli, "published %u tool%s", w->rest.tools,
			w->rest.tools == 1 ? "" : "s");
	if (w->rest.sums)
		cli_say(cli, "published tool/SHA256SUMS.asc");
	if (w->rest.tools && !tree_find(&w->tree, "tool/SHA256SUMS.asc"))
		cli_say(cli, "tool/SHA256SUMS is not signed yet: sign what 'tool sums' "
			     "prints, then 'tool add-sums'");
}

static void show(const struct work *w)
{
	char id[STORE_ID_SIZE];
	bool any = false;

	for (size_t i = 0; i < w->count; i++) {
		const struct row *r = &w->rows[i];

		store_manifest_id(&r->manifest, id);
		if (r->published && path_of(w, r))
			cli_say(w->cli, "published %s as %s", id, path_of(w, r));
		else if (r->published)
			cli_say(w->cli, "published %s, hidden by a newer revision", id);
		else if (*r->why)
			cli_say(w->cli, "%s stays pending: %s", id, r->why);
		any = any || r->published;
	}
	show_rest(w);
	if (!any && !w->rest.keyrings && !w->rest.thresholds && !w->rest.tools &&
	    !w->rest.sums)
		cli_say(w->cli, "nothing new to publish");
}

static void put_row(struct json_writer *w, const struct work *work, const struct row *r)
{
	char id[STORE_ID_SIZE];

	store_manifest_id(&r->manifest, id);
	json_open(w, NULL, '{');
	json_put_string(w, "id", id);
	json_put_optional(w, "path", r->published ? path_of(work, r) : NULL);
	json_put_optional(w, "pending", *r->why ? r->why : NULL);
	json_put_bool(w, "published", r->published);
	json_close(w);
}

static bool print(const struct work *work, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	struct json_writer w = json_writer(&text);

	json_open(&w, NULL, '{');
	json_put_bool(&w, "keyring", work->rest.keyrings != 0);
	json_open(&w, "manifests", '[');
	for (size_t i = 0; i < work->count; i++)
		if (work->rows[i].published || *work->rows[i].why)
			put_row(&w, work, &work->rows[i]);
	json_close(&w);
	json_put_bool(&w, "signed_sums", work->rest.sums != 0);
	json_put_bool(&w, "threshold", work->rest.thresholds != 0);
	json_put_integer(&w, "tools", work->rest.tools);
	json_close(&w);
	return cmd_print_json(work->cli, &w, err);
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(work_clear) struct work w = {.store = ctx->store, .cli = ctx->cli};

	if (!store_begin(w.store, err))
		return false;
	if (!publish_all(&w, err)) {
		store_rollback(w.store);
		return false;
	}
	if (!store_commit(w.store, err))
		return false;
	if (ctx->cli->json)
		return print(&w, err);
	show(&w);
	return true;
}

const struct cmd cmd_publish = {
	.name = "publish",
	.operands = "",
	.summary = "make everything complete the published tree",
	.doc = "Every file is verified again, by the keys and the threshold that the "
	       "store has now. A published manifest that these no longer trust stops "
	       "everything, with exit status 2.",
	.need = CMD_STORE_WRITE,
	.run = run,
};
