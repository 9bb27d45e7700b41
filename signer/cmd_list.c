/* SPDX-License-Identifier: Apache-2.0 */
/* list: what the store has, and in which state. */
#include "core/text.h"
#include "signer/cmd.h"

struct list {
	const struct cli *cli;
	struct json_writer json;
	struct store_manifest newer; /* the last published one of the same name */
	size_t count;
};

static bool same_name(const struct store_manifest *a, const struct store_manifest *b)
{
	return !strcmp(a->el, b->el) && !strcmp(a->kubernetes, b->kubernetes) &&
	       !strcmp(a->arch, b->arch);
}

static void show(const struct list *l, const struct store_manifest *m,
		 const char *state)
{
	char id[STORE_ID_SIZE], created[TEXT_TIME_SIZE];

	store_manifest_id(m, id);
	text_time(m->created, created);
	if (!l->count)
		fprintf(l->cli->out, "%-32s %-11s %-20s %s\n", "ID", "STATE", "CREATED",
			"SHA-256");
	fprintf(l->cli->out, "%-32s %-11s %-20s %s\n", id, state, created,
		DIGEST_HEX(&m->digest));
}

static void put(struct json_writer *w, const struct store_manifest *m, bool superseded)
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
	json_put_bool(w, "visible", m->state == STORE_PUBLISHED && !superseded);
	cmd_put_time(w, "withdrawn", m->withdrawn);
	json_close(w);
}

/* Newest revisions come first, so what supersedes a row has been seen. */
static bool each(void *arg, const struct store_manifest *m, struct error *err)
{
	struct list *l = arg;
	bool superseded = l->newer.published && same_name(&l->newer, m);

	(void)err;
	if (l->cli->json)
		put(&l->json, m, superseded);
	else
		show(l, m,
		     superseded && m->state == STORE_PUBLISHED
			     ? "superseded"
			     : store_state_name(m->state));
	if (m->published)
		l->newer = *m;
	l->count++;
	return true;
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	struct list l = {.cli = ctx->cli, .json = json_writer(&text)};

	json_open(&l.json, NULL, '{');
	json_open(&l.json, "manifests", '[');
	if (!store_each_manifest(ctx->store, &(const struct store_filter)EMPTY, each,
				 &l, err))
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
	       "published, superseded (published, and so is a newer revision), "
	       "withdrawn.",
	.need = CMD_STORE_READ,
	.run = run,
};
