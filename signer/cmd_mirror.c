/* SPDX-License-Identifier: Apache-2.0 */
/* mirror: bring a store to what a server (or another carrier) has now. */
#include "signer/intake.h"

static const struct argp_option options[] = {
	INTAKE_OPTIONS,
	ROLE_KEYS_OPTIONS,
	{"ca-file", INTAKE_OPTION_CA, "FILE", 0,
	 "Certificates that a server's must be signed by; default: the system's", 0},
	{"netrc-file", INTAKE_OPTION_NETRC, "FILE", 0,
	 "Names and passwords for servers, as netrc(5): 'machine HOST login NAME "
	 "password WORD'",
	 0},
	{"timeout", INTAKE_OPTION_TIMEOUT, "SECONDS", 0,
	 "Give up on a server that sends less than 16 bytes a second for so long; "
	 "default 30",
	 0},
	{0},
};

static bool run(struct cmd_context *ctx, struct error *err)
{
	struct store_mirror m = EMPTY;
	bool is = true;

	if (ctx->operand_count)
		return intake_run(ctx, "mirror", ctx->operands[0], true, err);
	if (!store_mirror(ctx->store, &m, &is, err))
		return false;
	return is ? intake_run(ctx, "mirror", m.source, true, err)
		  : error_set(err, ERR_USAGE,
			      "the store mirrors nothing yet: name the URL");
}

const struct cmd cmd_mirror = {
	.name = "mirror",
	.operands = "[URL]",
	.summary = "bring a mirror store to what a server has now",
	.doc = "Without URL the one of the last time. Only what the store lacks is "
	       "fetched, and what was fetched when a run was cut off is not fetched "
	       "again; where nothing is new there are two requests. All checks are "
	       "those of import, and so is SOURCE where URL is none. A name and "
	       "password in URL are used and not kept.",
	.examples = "fips-manifest --store mirror.db mirror https://fips.example.org/\n"
		    "fips-manifest --store mirror.db mirror",
	.operands_max = 1,
	.need = CMD_STORE_WRITE,
	.mirrors = true,
	.options = options,
	.parse = intake_parse,
	.input_size = sizeof(struct intake_input),
	.run = run,
};
