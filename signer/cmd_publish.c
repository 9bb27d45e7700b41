/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish: everything complete becomes the published tree, in one transaction.
 *
 * Nothing is taken from an earlier verification: each file that is to become
 * visible is verified now, by the store's keys and threshold as they are now. When
 * those changed since the last time, or a signature or its key has expired, what is
 * visible already is verified too: what is no longer trusted is taken out of the tree,
 * said, and comes back when it has gained signatures or its keys are back. No older
 * revision takes its place.
 */
#include "core/text.h"
#include "core/tree.h"
#include "signer/cmd.h"
#include "signer/repo.h"
#include "signer/vouch.h"

#include <stdlib.h>

struct row {
	struct store_manifest manifest;
	struct store_signed file; /* the newest */
	int64_t shown; /* row of the file that the tree had before; 0: none */
	bool published, taken_out;
	char why[512]; /* why it stays behind or was taken out */
};

struct work {
	struct store *store;
	struct role_keys *keys;
	const struct cli *cli;
	struct vouch vouch;
	bool changed;     /* keys or threshold, since the last time */
	struct row *rows; /* everything that was not withdrawn */
	size_t count, room, marked;
	struct store_published rest;
	size_t taken_out;
	char sums_out[512]; /* why the signed list of tools was taken out */
	struct tree tree;   /* afterwards */
	char tuf[1024];     /* the roles that were signed */
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
	return store_signed(w->store, m->row, &r->file, err);
}

/* Comes in the order of the rows. */
static bool mark_visible(void *arg, const struct store_manifest *m,
			 const struct store_signed *f, struct error *err)
{
	struct work *w = arg;

	(void)err;
	while (w->marked < w->count && w->rows[w->marked].manifest.row != m->row)
		w->marked++;
	if (w->marked < w->count)
		w->rows[w->marked].shown = f->row;
	return true;
}

/* ---- one manifest ---- */

/* Not enough: said, and its state tells it. */
static bool refuse_row(struct work *w, struct row *r, const char *why,
		       struct error *err)
{
	snprintf(r->why, sizeof(r->why), "%s", why);
	if (r->shown) {
		r->taken_out = true;
		w->taken_out++;
		return store_distrust(w->store, r->shown, why, err);
	}
	if (r->manifest.state != STORE_COMPLETE)
		return true;
	r->manifest.state = STORE_PENDING;
	return store_set_state(w->store, r->manifest.row, STORE_PENDING, NULL, err);
}

static bool accept_row(struct work *w, struct row *r, const char *signers,
		       struct error *err)
{
	if (!r->file.published)
		return store_publish_manifest(w->store, r->manifest.row, signers, err);
	return !r->file.distrusted || store_distrust(w->store, r->file.row, NULL, err);
}

static bool publish_row(struct work *w, struct row *r, struct error *err)
{
	AUTO(buf_clear) struct buf asc = BUF_MAX(VOUCH_FILE_MAX);
	struct vouched v = EMPTY;
	struct error why = EMPTY;

	if (!store_signed_bytes(w->store, r->file.row, &asc, err))
		return false;
	if (!vouch_for(&w->vouch, asc.data, asc.len, &v, &why)) {
		if (why.code != ERR_UNTRUSTED) {
			*err = why;
			return false;
		}
		memcpy(v.why, why.msg, sizeof(v.why));
	}
	if (!v.enough)
		return refuse_row(w, r, v.why, err);
	r->published = !r->file.published || r->file.distrusted;
	return accept_row(w, r, v.signers, err);
}

/* The signed list of the tools is looked at each time: there is but one. */
static bool check_sums(struct work *w, struct error *err)
{
	AUTO(buf_clear) struct buf asc = BUF_MAX(VOUCH_FILE_MAX);
	struct store_sums sums;
	struct error why = EMPTY;
	struct vouched v = EMPTY;
	struct digest list;

	if (!store_newest_sums(w->store, &sums, &list, err)) {
		if (err->code != ERR_NOT_FOUND)
			return false;
		error_clear(err);
		return true;
	}
	if (!sums.size)
		return true;
	if (!store_sums_bytes(w->store, sums.row, &asc, err))
		return false;
	if (vouch_for(&w->vouch, asc.data, asc.len, &v, &why) && v.enough)
		return true;
	if (why.code != ERR_NONE && why.code != ERR_UNTRUSTED) {
		*err = why;
		return false;
	}
	snprintf(w->sums_out, sizeof(w->sums_out), "%s", *v.why ? v.why : why.msg);
	return store_drop_sums(w->store, &list, w->sums_out, err);
}

static bool needs_look(struct work *w, const struct row *r, bool *out,
		       struct error *err)
{
	bool stands = false;

	*out = !r->file.published || r->file.distrusted || (r->shown && w->changed);
	if (*out || !r->shown)
		return true;
	if (!vouch_stands(&w->vouch, w->store, &r->file, &stands, err))
		return false;
	*out = !stands;
	return true;
}

static bool publish_rows(struct work *w, struct error *err)
{
	for (size_t i = 0; i < w->count; i++) {
		bool look;

		if (!needs_look(w, &w->rows[i], &look, err) ||
		    (look && !publish_row(w, &w->rows[i], err)))
			return false;
	}
	return true;
}

static bool publish_all(struct store *s, void *arg, struct error *err)
{
	struct work *w = arg;

	if (!store_each_manifest(s, &(const struct store_filter)EMPTY, collect, w,
				 err) ||
	    !store_each_visible(s, mark_visible, w, err) ||
	    !vouch_changed(s, &w->changed, err) || !vouch_load_any(s, &w->vouch, err) ||
	    !check_sums(w, err))
		return false;
	return publish_rows(w, err) && store_publish_rest(s, &w->rest, err) &&
	       repo_update(s, w->keys, w->tuf, err) &&
	       tree_from_store(s, &w->tree, err);
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
		cli_say(cli, "%s keys/release.asc",
			tree_find(&w->tree, "keys/release.asc") ? "published"
								: "took out");
	if (w->rest.thresholds)
		cli_say(cli, "published the threshold %u", w->tree.index.threshold);
	if (w->rest.tools)
		cli_say(cli, "published %u tool%s", w->rest.tools,
			w->rest.tools == 1 ? "" : "s");
	if (*w->sums_out)
		cli_say(cli, "took tool/SHA256SUMS.asc out of the tree: %s",
			w->sums_out);
	else if (w->rest.sums)
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
		else if (r->taken_out)
			cli_say(w->cli, "took %s out of the tree: %s", id, r->why);
		else if (*r->why)
			cli_say(w->cli, "%s stays %s: %s", id,
				r->manifest.published ? "out of the tree" : "pending",
				r->why);
		any = any || r->published || r->taken_out;
	}
	show_rest(w);
	if (*w->tuf)
		cli_say(w->cli, "signed %s", w->tuf);
	if (!any && !*w->tuf && !w->rest.keyrings && !w->rest.thresholds &&
	    !w->rest.tools && !w->rest.sums)
		cli_say(w->cli, "nothing new to publish");
}

static void put_row(struct json_writer *w, const struct work *work, const struct row *r)
{
	char id[STORE_ID_SIZE];

	store_manifest_id(&r->manifest, id);
	json_open(w, NULL, '{');
	json_put_string(w, "id", id);
	json_put_optional(w, "path", r->published ? path_of(work, r) : NULL);
	json_put_bool(w, "published", r->published);
	json_put_bool(w, "taken_out", r->taken_out);
	json_put_optional(w, "why", *r->why ? r->why : NULL);
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
	json_put_string(&w, "signed_roles", work->tuf);
	json_put_bool(&w, "signed_sums", work->rest.sums && !*work->sums_out);
	json_put_bool(&w, "threshold", work->rest.thresholds != 0);
	json_put_integer(&w, "tools", work->rest.tools);
	json_close(&w);
	return cmd_print_json(work->cli, &w, err);
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf dir = BUF_MAX(4096);
	AUTO(role_keys_clear) struct role_keys keys = ROLE_KEYS_INIT;
	AUTO(work_clear)
	struct work w = {.store = ctx->store, .cli = ctx->cli, .keys = &keys};

	if (!role_keys_from(ctx->input, ctx->store_path, &dir, &keys, err) ||
	    !store_change(w.store, publish_all, &w, err))
		return false;
	if (ctx->cli->json && !print(&w, err))
		return false;
	if (!ctx->cli->json)
		show(&w);
	if (!w.taken_out && *w.sums_out)
		return error_set(err, ERR_MISMATCH,
				 "the signed list of the tools is no longer trusted: "
				 "sign what 'tool sums' prints, then 'tool add-sums'");
	if (!w.taken_out)
		return true;
	return error_set(err, ERR_MISMATCH,
			 "%zu published manifest%s no longer trusted: add signatures, "
			 "or withdraw",
			 w.taken_out, w.taken_out == 1 ? " is" : "s are");
}

const struct cmd cmd_publish = {
	.name = "publish",
	.operands = "",
	.summary = "make everything complete the published tree",
	.doc = "Every file is verified again, by the keys and the threshold that the "
	       "store has now. A published manifest that these no longer trust "
	       "is taken out of the tree, with exit status 1; it comes back when it "
	       "has gained signatures.",
	.examples = "fips-manifest publish",
	.need = CMD_STORE_WRITE,
	.options = role_keys_options,
	.parse = role_keys_parse,
	.input_size = sizeof(struct role_keys_input),
	.run = run,
};
