/* SPDX-License-Identifier: Apache-2.0 */
/*
 * withdraw: a manifest no longer holds.
 *
 * Nothing is served in its place: an older revision does not come back, because
 * nobody has said that it holds again. A new revision has to.
 */
#include "core/text.h"
#include "signer/cmd.h"
#include "signer/id.h"
#include "signer/repo.h"

struct input {
	const char *reason;
	struct role_keys_input keys;
};

static const struct argp_option options[] = {
	{"reason", 'r', "TEXT", 0, "Why; it is published", 0},
	ROLE_KEYS_OPTIONS,
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;
	bool ok;

	if (role_keys_option(key, arg, &in->keys, &ok, err))
		return ok;
	in->reason = arg;
	return true;
}

/* The one that nodes see is meant, unless a revision is named. */
static bool find(struct cmd_context *ctx, struct store_manifest *out, struct error *err)
{
	const char *name = ctx->operands[0];
	struct id id;

	return id_find(ctx->store, name, id_parse(name, &id) && !id.revision, out, err);
}

struct work {
	struct cmd_context *ctx;
	struct store_manifest manifest;
	char said[1024];
};

static bool withdraw(struct store *s, void *arg, struct error *err)
{
	AUTO(buf_clear) struct buf dir = BUF_MAX(4096);
	AUTO(role_keys_clear) struct role_keys keys = ROLE_KEYS_INIT;
	struct work *w = arg;
	const struct input *in = w->ctx->input;

	if (!role_keys_from(&in->keys, w->ctx->store_path, &dir, &keys, err) ||
	    !find(w->ctx, &w->manifest, err) ||
	    !store_set_state(s, w->manifest.row, STORE_WITHDRAWN, in->reason, err))
		return false;
	/* what was never published is in no tree */
	return !w->manifest.published || repo_update(s, &keys, w->said, err);
}

/* What the log and the index can hold. */
static bool is_reason(const char *s)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return text_is_utf8(s, strlen(s));
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	const struct input *in = ctx->input;
	struct work w = {.ctx = ctx};
	char id[STORE_ID_SIZE];

	if (!in->reason)
		return error_set(err, ERR_USAGE, "say why, with --reason TEXT");
	if (!is_reason(in->reason))
		return error_set(err, ERR_USAGE, "a reason is one line of UTF-8 text");
	if (!store_change(ctx->store, withdraw, &w, err))
		return false;
	store_manifest_id(&w.manifest, id);
	cli_say(ctx->cli, "%s is withdrawn%s", id,
		w.manifest.published
			? "; nothing is served in its place until a newer revision "
			  "is published"
			: "; it was never published");
	if (*w.said)
		cli_say(ctx->cli, "signed %s", w.said);
	return true;
}

const struct cmd cmd_withdraw = {
	.name = "withdraw",
	.operands = "ID",
	.summary = "take a manifest back, with the reason",
	.doc = "Without @REVISION the newest published revision is meant. An older "
	       "revision does not come back: nothing is served until a newer one is "
	       "published. The tree is signed again, which needs the role keys.",
	.examples =
		"fips-manifest withdraw el8/v1.21.3@2 --reason 'a newer build follows'",
	.operands_min = 1,
	.operands_max = 1,
	.need = CMD_STORE_WRITE,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
