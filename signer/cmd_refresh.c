/* SPDX-License-Identifier: Apache-2.0 */
/* refresh: sign timestamp again, so that clients see that nothing is held back. */
#include "signer/cmd.h"
#include "signer/repo.h"

struct work {
	struct role_keys *keys;
	struct repo repo;
};

static void work_clear(struct work *w)
{
	repo_clear(&w->repo);
}

static bool refresh(struct store *s, void *arg, struct error *err)
{
	struct work *w = arg;
	bool there;

	if (!repo_open(s, w->keys, &w->repo, &there, err))
		return false;
	if (!there)
		return error_set(err, ERR_NOT_FOUND, REPO_NO_ROLES);
	return repo_refresh(&w->repo, err);
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(role_keys_clear) struct role_keys keys = ROLE_KEYS_INIT;
	AUTO(buf_clear) struct buf dir = BUF_MAX(4096);
	AUTO(work_clear) struct work w = {.keys = &keys};

	if (!role_keys_from(ctx->input, ctx->store_path, &dir, &keys, err) ||
	    !store_change(ctx->store, refresh, &w, err))
		return false;
	cli_say(ctx->cli, "signed %s", w.repo.signed_roles);
	return true;
}

const struct cmd cmd_refresh = {
	.name = "refresh",
	.operands = "",
	.summary = "sign the TUF timestamp again, for a timer",
	.doc = "Snapshot is signed again too when less than half of its time is left. "
	       "The keys of root and targets are not needed.",
	.examples = "fips-manifest refresh",
	.need = CMD_STORE_WRITE,
	.options = role_keys_options,
	.parse = role_keys_parse,
	.input_size = sizeof(struct role_keys_input),
	.run = run,
};
