/* SPDX-License-Identifier: Apache-2.0 */
/* list: what the store has, and in which state. */
#include "core/text.h"
#include "signer/cmd.h"
#include "signer/vouch.h"

#include <stdlib.h>

struct list {
	struct cmd_context *ctx;
	struct json_writer json;
	struct store_manifest newer; /* the last published one of the same name */
	size_t count;
	/* what the tree shows, in the order of the list */
	struct shown {
		int64_t row;
		bool trusted; /* by the keys and the threshold as they are now */
	} * shown;
	size_t shown_count, next;
	struct vouch vouch;
};

static void list_clear(struct list *l)
{
	free(l->shown);
	vouch_clear(&l->vouch);
}

static bool is_trusted(struct list *l, const struct store_signed *f, bool *out,
		       struct error *err)
{
	AUTO(buf_clear) struct buf asc = BUF_MAX(VOUCH_FILE_MAX);
	enum vouch_guess guess = vouch_guess(&l->vouch, f);
	struct vouched v = EMPTY;

	if (guess == VOUCH_ASK) {
		if (!store_signed_bytes(l->ctx->store, f->row, &asc, err))
			return false;
		if (!vouch_for(&l->vouch, asc.data, asc.len, &v, err) &&
		    err->code != ERR_UNTRUSTED)
			return false;
		error_clear(err);
	}
	*out = guess == VOUCH_YES || v.enough;
	return true;
}

static bool collect(void *arg, const struct store_manifest *m,
		    const struct store_signed *f, struct error *err)
{
	struct list *l = arg;
	struct shown *grown, shown = {.row = m->row};

	grown = reallocarray(l->shown, l->shown_count + 1, sizeof(*grown));
	if (!grown)
		return error_set(err, ERR_SYSTEM, "no memory");
	l->shown = grown;
	if (!is_trusted(l, f, &shown.trusted, err))
		return false;
	l->shown[l->shown_count++] = shown;
	return true;
}

/* The tree's row of this manifest; NULL: it has none. */
static const struct shown *shown_of(struct list *l, const struct store_manifest *m)
{
	if (l->next < l->shown_count && l->shown[l->next].row == m->row)
		return &l->shown[l->next++];
	return NULL;
}

static bool same_name(const struct store_manifest *a, const struct store_manifest *b)
{
	return !strcmp(a->el, b->el) && !strcmp(a->kubernetes, b->kubernetes) &&
	       !strcmp(a->arch, b->arch);
}

/* For people: what it is to a node. */
static const char *state_of(const struct store_manifest *m, const struct shown *shown,
			    bool superseded)
{
	if (m->state != STORE_PUBLISHED)
		return store_state_name(m->state);
	if (superseded)
		return "superseded";
	return shown && shown->trusted ? "published" : "untrusted";
}

static void show(const struct list *l, const struct store_manifest *m,
		 const char *state)
{
	char id[STORE_ID_SIZE], created[TEXT_TIME_SIZE];

	store_manifest_id(m, id);
	text_time(m->created, created);
	if (!l->count)
		fprintf(l->ctx->cli->out, "%-32s %-11s %-20s %s\n", "ID", "STATE",
			"CREATED", "SHA-256");
	fprintf(l->ctx->cli->out, "%-32s %-11s %-20s %s\n", id, state, created,
		DIGEST_HEX(&m->digest));
}

static void put(struct json_writer *w, const struct store_manifest *m,
		const struct shown *shown, bool superseded)
{
	char id[STORE_ID_SIZE];

	store_manifest_id(m, id);
	json_open(w, NULL, '{');
	cmd_put_time(w, "added", m->added);
	json_put_string(w, "arch", m->arch);
	cmd_put_time(w, "created", m->created);
	json_put_string(w, "digest", DIGEST_HEX(&m->digest));
	json_put_string(w, "el", m->el);
	json_put_string(w, "id", id);
	json_put_string(w, "kubernetes", m->kubernetes);
	cmd_put_time(w, "published", m->published);
	json_put_optional(w, "reason",
			  *m->withdrawn_reason ? m->withdrawn_reason : NULL);
	json_put_integer(w, "revision", m->revision);
	json_put_integer(w, "size", (int64_t)m->size);
	json_put_string(w, "state", store_state_name(m->state));
	if (m->state == STORE_PUBLISHED && !superseded)
		json_put_bool(w, "trusted", shown && shown->trusted);
	json_put_bool(w, "visible", shown != NULL);
	cmd_put_time(w, "withdrawn", m->withdrawn);
	json_close(w);
}

/* Newest revisions come first, so what supersedes a row has been seen. */
static bool each(void *arg, const struct store_manifest *m, struct error *err)
{
	struct list *l = arg;
	bool superseded = l->newer.published && same_name(&l->newer, m);
	const struct shown *shown = shown_of(l, m);

	(void)err;
	if (l->ctx->cli->json)
		put(&l->json, m, shown, superseded);
	else
		show(l, m, state_of(m, shown, superseded));
	if (m->published)
		l->newer = *m;
	l->count++;
	return true;
}

static bool look(struct store *s, void *arg, struct error *err)
{
	struct list *l = arg;

	return vouch_load_any(s, &l->vouch, err) &&
	       store_each_visible(s, collect, l, err) &&
	       store_each_manifest(s, &(const struct store_filter)EMPTY, each, l, err);
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	AUTO(list_clear) struct list l = {.ctx = ctx, .json = json_writer(&text)};

	json_open(&l.json, NULL, '{');
	json_open(&l.json, "manifests", '[');
	if (!store_view(ctx->store, look, &l, err))
		return false;
	json_close(&l.json);
	json_close(&l.json);
	if (ctx->cli->json)
		return cmd_print_json(ctx->cli, &l.json, err);
	if (!l.count)
		cli_say(ctx->cli, "the store holds no manifest");
	return true;
}

const struct cmd cmd_list = {
	.name = "list",
	.operands = "",
	.summary = "list the manifests of the store",
	.doc = "States: pending (too few signatures), complete (ready for 'publish'), "
	       "published, untrusted (published, but no longer vouched for by the keys "
	       "and the threshold as they are now), superseded (published, and so is a "
	       "newer revision), withdrawn.",
	.examples = "fips-manifest list",
	.need = CMD_STORE_READ,
	.run = run,
};
