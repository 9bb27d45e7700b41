/* SPDX-License-Identifier: Apache-2.0 */
/* list: what the store has, and in which state. */
#include "core/text.h"
#include "signer/cmd.h"
#include "signer/standing.h"

struct list {
	struct cmd_context *ctx;
	struct json_writer json;
	size_t count;
	struct vouch vouch;
};

static void list_clear(struct list *l)
{
	vouch_clear(&l->vouch);
}

static void show(const struct list *l, const struct store_manifest *m,
		 const char *state)
{
	char id[STORE_ID_SIZE], created[TEXT_TIME_SIZE];
	int room = cmd_digits(l->ctx->cli, 32 + 11 + 20 + 3);

	store_manifest_id(m, id);
	text_time(m->created, created);
	if (!l->count)
		fprintf(l->ctx->cli->out, "%-32s %-11s %-20s %s\n", "ID", "STATE",
			"CREATED", "SHA-256");
	fprintf(l->ctx->cli->out, "%-32s %-11s %-20s %.*s\n", id, state, created, room,
		DIGEST_HEX(&m->digest));
}

static void put(struct json_writer *w, const struct store_manifest *m,
		const struct standing *st)
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
	if (st->judged)
		json_put_bool(w, "trusted", st->trusted);
	json_put_bool(w, "visible", st->visible);
	cmd_put_time(w, "withdrawn", m->withdrawn);
	json_close(w);
}

static bool each(void *arg, const struct store_manifest *m, struct error *err)
{
	struct list *l = arg;
	struct standing st;

	if (!standing_of(l->ctx->store, &l->vouch, m, &st, err))
		return false;
	if (l->ctx->cli->json)
		put(&l->json, m, &st);
	else
		show(l, m, st.name);
	l->count++;
	return true;
}

static bool look(struct store *s, void *arg, struct error *err)
{
	struct list *l = arg;

	return vouch_load_any(s, &l->vouch, err) &&
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
	       "published, untrusted (published, but no longer vouched for by "
	       "signatures, "
	       "keys and threshold as they are now), superseded (published, and so is "
	       "a "
	       "newer revision), withdrawn. Of a digest the first digits are shown "
	       "that "
	       "the terminal has room for; 'show' and --json have all.",
	.examples = "fips-manifest list",
	.need = CMD_STORE_READ,
	.run = run,
};
