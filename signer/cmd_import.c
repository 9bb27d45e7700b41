/* SPDX-License-Identifier: Apache-2.0 */
/* import: a tree that a courier brought, into a mirror store. */
#include "core/text.h"
#include "signer/intake.h"

static const struct argp_option options[] = {
	INTAKE_OPTIONS,
	ROLE_KEYS_OPTIONS,
	{0},
};

static bool run(struct cmd_context *ctx, struct error *err)
{
	const char *from = ctx->operands[0];

	if (text_starts(from, "http://") || text_starts(from, "https://"))
		return error_set(err, ERR_USAGE,
				 "import takes a folder, a tar or oci:DIR; a server is "
				 "for 'mirror'");
	return intake_run(ctx, "import", from, false, err);
}

const struct cmd cmd_import = {
	.name = "import",
	.operands = "SOURCE",
	.summary = "take a tree that was exported into a mirror store",
	.doc = "SOURCE is a folder, a .tar or .tar.zst, or oci:DIR[:TAG]. The TUF "
	       "metadata are followed from what the store trusts, every target is held "
	       "against them, every signed file against the release keys; then all of "
	       "it is stored, or nothing. An older tree and one of another authority "
	       "are refused.",
	.examples =
		"fips-manifest --store mirror.db import tree.tar --trust root.json\n"
		"fips-manifest --store mirror.db import newer.tar --dry-run",
	.operands_min = 1,
	.operands_max = 1,
	.need = CMD_STORE_WRITE,
	.mirrors = true,
	.options = options,
	.parse = intake_parse,
	.input_size = sizeof(struct intake_input),
	.run = run,
};
