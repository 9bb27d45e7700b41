/* SPDX-License-Identifier: Apache-2.0 */
/*
 * add: signed manifests into the store.
 *
 * Each must be vouched for by a release key of the store. Not enough of them yet:
 * it is kept as pending. A text that is there already gains the signatures. All
 * files go in, or none.
 */
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "signer/cmd.h"
#include "signer/vouch.h"

#include <stdlib.h>

/* One file on its way in. */
struct item {
	const char *path;
	struct vouched vouched; /* of all signatures that there are now */
	struct store_manifest manifest;
	bool known; /* its text was in the store before, */
	bool grown; /* and gained signatures */
};

struct work {
	struct store *store;
	struct vouch vouch;
	struct item *items;
	size_t count;
};

static void work_clear(struct work *w)
{
	vouch_clear(&w->vouch);
	free(w->items);
}

/* `file` becomes what the store shall hold: the same in our own form, with the checksum
 * that gpg 2.2 does not do without; where the text is there already, all signatures of
 * both, or the stored file itself when nothing is new. */
static bool merge(struct store *s, struct buf *file, struct item *item,
		  struct error *err)
{
	AUTO(armor_cut_clear) struct armor_cut new = EMPTY, old = EMPTY, both = EMPTY;
	AUTO(buf_clear) struct buf stored = BUF_MAX(VOUCH_FILE_MAX);
	AUTO(buf_clear) struct buf merged = BUF_MAX(VOUCH_FILE_MAX);
	struct digest d;

	if (!armor_cut(file->data, file->len, &new, err) ||
	    !digest_of_bytes(new.text, new.text_len, &d, err))
		return false;
	item->known = store_manifest_by_digest(s, &d, &item->manifest, err);
	if (!item->known) {
		if (err->code != ERR_NOT_FOUND)
			return false;
		error_clear(err);
		if (!armor_merge(&new, &new, &merged, err))
			return false;
		buf_clear(file);
		*file = TAKE(merged);
		return true;
	}
	if (!store_asc(s, item->manifest.row, &stored, err) ||
	    !armor_cut(stored.data, stored.len, &old, err) ||
	    !armor_merge(&old, &new, &merged, err) ||
	    !armor_cut(merged.data, merged.len, &both, err))
		return false;
	item->grown = both.packet_count > old.packet_count;
	buf_clear(file);
	*file = item->grown ? TAKE(merged) : TAKE(stored);
	return true;
}

static bool put(struct store *s, const struct buf *file, struct item *item,
		struct error *err)
{
	AUTO(armor_cut_clear) struct armor_cut cut = EMPTY;
	struct store_put p = {
		.asc = file->data,
		.asc_len = file->len,
		.state = item->vouched.enough ? STORE_COMPLETE : STORE_PENDING,
	};

	if (!armor_cut(file->data, file->len, &cut, err))
		return false;
	p.text = cut.text;
	p.text_len = cut.text_len;
	return store_put_manifest(s, &p, &item->manifest, err);
}

static bool add_file(struct work *w, struct item *item, struct error *err)
{
	AUTO(buf_clear) struct buf file = BUF_MAX(VOUCH_FILE_MAX);

	if (!file_read(item->path, &file, err))
		return false;
	/* the file alone first: one that nobody vouches for brings nothing in */
	if (vouch_for(&w->vouch, file.data ? file.data : "", file.len, &item->vouched,
		      err) &&
	    merge(w->store, &file, item, err) &&
	    (!item->known ||
	     vouch_for(&w->vouch, file.data, file.len, &item->vouched, err)) &&
	    put(w->store, &file, item, err))
		return true;
	return error_prefix(err, "'%s'", TEXT_SAFE(item->path));
}

static bool add_all(struct store *s, void *arg, struct error *err)
{
	struct work *w = arg;

	(void)s;
	for (size_t i = 0; i < w->count; i++)
		if (!add_file(w, &w->items[i], err))
			return false;
	return true;
}

/* ---- telling ---- */

static void show(const struct cli *cli, const struct work *w, const struct item *item)
{
	const struct store_manifest *m = &item->manifest;
	const struct vouched *v = &item->vouched;
	char id[STORE_ID_SIZE], expires[TEXT_TIME_SIZE];

	store_manifest_id(m, id);
	fprintf(cli->out, "%s: %s, %s; ", id, store_state_name(m->state),
		!item->known  ? "new"
		: item->grown ? "gained signatures"
			      : "nothing new");
	if (v->enough)
		fprintf(cli->out, "%zu signed, %zu needed\n", v->owners,
			w->vouch.policy.threshold);
	else
		fprintf(cli->out, "%s\n", v->why);
	text_time(v->expires, expires);
	if (v->expires)
		cli_say(cli,
			"%s: a signature of it expires on %s, and counts no more then",
			id, expires);
}

static void put_json(struct json_writer *w, const struct work *work,
		     const struct item *item)
{
	const struct store_manifest *m = &item->manifest;
	char id[STORE_ID_SIZE];

	store_manifest_id(m, id);
	json_open(w, NULL, '{');
	json_put_string(w, "digest", DIGEST_HEX(&m->digest));
	cmd_put_time(w, "expires", item->vouched.expires);
	cmd_put_name(w, "file", item->path);
	json_put_string(w, "id", id);
	json_put_bool(w, "new", !item->known || item->grown);
	json_put_integer(w, "owners", (int64_t)item->vouched.owners);
	json_put_string(w, "state", store_state_name(m->state));
	json_put_integer(w, "threshold", (int64_t)work->vouch.policy.threshold);
	json_close(w);
}

static bool tell(const struct cli *cli, const struct work *work, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	struct json_writer w = json_writer(&text);

	for (size_t i = 0; !cli->json && !cli->quiet && i < work->count; i++)
		show(cli, work, &work->items[i]);
	if (!cli->json)
		return true;
	json_open(&w, NULL, '[');
	for (size_t i = 0; i < work->count; i++)
		put_json(&w, work, &work->items[i]);
	json_close(&w);
	return cmd_print_json(cli, &w, err);
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(work_clear) struct work w = {.store = ctx->store};

	w.items = calloc(ctx->operand_count, sizeof(*w.items));
	if (!w.items)
		return error_set(err, ERR_SYSTEM, "no memory");
	w.count = ctx->operand_count;
	for (size_t i = 0; i < w.count; i++)
		w.items[i].path = ctx->operands[i];
	return vouch_load(w.store, &w.vouch, err) &&
	       store_change(w.store, add_all, &w, err) && tell(ctx->cli, &w, err);
}

const struct cmd cmd_add = {
	.name = "add",
	.operands = "FILE.asc...",
	.summary = "put signed manifests into the store",
	.doc = "A release key of the store must have signed each. With fewer than the "
	       "threshold it is kept as pending, until 'add' of the same text brings "
	       "the others. All files go in, or none.",
	.examples = "fips-manifest add manifest-el8-x86_64.json.asc",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.need = CMD_STORE_WRITE,
	.run = run,
};
