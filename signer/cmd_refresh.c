/* SPDX-License-Identifier: Apache-2.0 */
/* refresh: sign timestamp again, so that clients see that nothing is held back. */
#include "signer/cmd.h"
#include "signer/repo.h"

struct input {
	struct role_keys_input keys;
};

static const struct argp_option options[] = {
	ROLE_KEYS_OPTIONS,
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;
	bool ok;

	if (role_keys_option(key, arg, &in->keys, &ok, err))
		return ok;
	return error_set(err, ERR_INTERNAL, "unknown option");
}

static bool refresh(struct store *s, struct role_keys *keys, struct repo *repo,
		    struct error *err)
{
	bool there;

	if (!repo_open(s, keys, repo, &there, err))
		return false;
	if (!there)
		return error_set(err, ERR_NOT_FOUND,
				 "the store has no TUF roles: 'root init' makes them");
	return repo_refresh(repo, err);
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(role_keys_clear) struct role_keys keys = ROLE_KEYS_INIT;
	AUTO(buf_clear) struct buf dir = BUF_MAX(4096);
	AUTO(repo_clear) struct repo repo = EMPTY;
	const struct input *in = ctx->input;

	if (!role_keys_from(&in->keys, ctx->store_path, &dir, &keys, err) ||
	    !store_begin(ctx->store, err))
		return false;
	if (!refresh(ctx->store, &keys, &repo, err)) {
		store_rollback(ctx->store);
		return false;
	}
	if (!store_commit(ctx->store, err))
		return false;
	cli_say(ctx->cli, "signed %s", repo.signed_roles);
	return true;
}

const struct cmd cmd_refresh = {
	.name = "refresh",
	.operands = "",
	.summary = "sign the TUF timestamp again, for a timer",
	.doc = "Snapshot is signed again too when less than half of its time is left. "
	       "The keys of root and targets are not needed.",
	.need = CMD_STORE_WRITE,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
