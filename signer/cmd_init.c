/* SPDX-License-Identifier: Apache-2.0 */
/* init: make a store. */
#include "core/text.h"
#include "signer/cmd.h"

static bool run(struct cmd_context *ctx, struct error *err)
{
	if (!store_create(ctx->store_path, err))
		return false;
	cli_say(ctx->cli, "made the store '%s'", TEXT_SAFE(ctx->store_path));
	return true;
}

const struct cmd cmd_init = {
	.name = "init",
	.operands = "",
	.summary = "make a store",
	.doc = "An existing file is never touched.",
	.need = CMD_NO_STORE,
	.run = run,
};
