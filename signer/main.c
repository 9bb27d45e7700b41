/* SPDX-License-Identifier: Apache-2.0 */
/* fips-manifest: the table of commands, and what all of them share. */
#include "core/file.h"
#include "core/text.h"
#include "signer/cmd.h"

#include <stdlib.h>
#include <unistd.h>

/* in the order in which they are used; clang-format would put them in columns */
/* clang-format off */
static const struct cmd *const commands[] = {
	&cmd_init,
	&cmd_build,
	&cmd_sign,
	&cmd_verify,
	&cmd_add,
	&cmd_publish,
	&cmd_list,
	&cmd_show,
	&cmd_diff,
	&cmd_find,
	&cmd_withdraw,
	&cmd_export,
	&cmd_import,
	&cmd_mirror,
	&cmd_site,
	&cmd_log,
	&cmd_key,
	&cmd_tool,
	&cmd_root,
	&cmd_refresh,
	&cmd_status,
};
/* clang-format on */

enum {
	OPTIONS_MAX = 64, /* of one command */
	KEY_STORE = 0x2000,
};

struct globals {
	const char *store_path;
};

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
	struct globals *g = state->input;

	if (key == 's')
		g->store_path = arg;
	else if (key == ARGP_KEY_NO_ARGS)
		argp_error(state, "no command given; --help lists them");
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

/* "  build      make manifests ..." for every command, behind the options. */
static char *help_filter(int key, const char *text, void *input)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(16384);

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	buf_puts(&b, "Commands (COMMAND --help tells more):\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		buf_printf(&b, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
	buf_puts(&b,
		 "\nExit status: 0 good, 1 findings, 2 not trusted, 3 cannot decide, "
		 "64 usage.\n\n"
		 "Examples:\n"
		 "  fips-manifest init\n"
		 "  fips-manifest key add first.asc\n"
		 "  fips-manifest build releases/*.yaml --artifacts artifacts --output "
		 ".\n"
		 "  fips-manifest sign --key first@example.org "
		 "manifest-el8-x86_64.json\n"
		 "  fips-manifest add manifest-el8-x86_64.json.asc\n"
		 "  fips-manifest publish");
	return buf_take(&b);
}

/* ---- a command that is none ---- */

/* How many letters to put in, leave out or change between two words. */
static size_t distance(const char *a, const char *b)
{
	enum { LONGEST = 16 };
	size_t row[LONGEST + 1], n = strlen(b);

	if (n > LONGEST)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t before = row[0]++;

		for (size_t j = 0; j < n; j++) {
			size_t least = before + (a[i] != b[j]);

			least = least < row[j] + 1 ? least : row[j] + 1;
			before = row[j + 1];
			row[j + 1] = least < before + 1 ? least : before + 1;
		}
	}
	return row[n];
}

static bool no_command(const char *name, struct error *err)
{
	const char *near = NULL;
	size_t least = strlen(name) / 2 + 1;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		size_t d = distance(name, commands[i]->name);

		if (d < least) {
			least = d;
			near = commands[i]->name;
		}
	}
	if (near)
		return error_set(err, ERR_USAGE,
				 "no command '%s': is '%s' meant? --help lists them",
				 TEXT_SAFE(name), near);
	return error_set(err, ERR_USAGE, "no command '%s'; --help lists them",
			 TEXT_SAFE(name));
}

/* ---- one command ---- */

struct call {
	const struct cmd *cmd;
	struct cmd_context *ctx;
	struct globals *globals;
};

static error_t parse_command(int key, char *arg, struct argp_state *state)
{
	struct call *call = state->input;
	struct cmd_context *ctx = call->ctx;
	struct error err = EMPTY;

	switch (key) {
	case 'j':
		ctx->cli->json = true;
		return 0;
	case 'q':
		ctx->cli->quiet = true;
		return 0;
	case KEY_STORE:
		call->globals->store_path = arg;
		return 0;
	case ARGP_KEY_ARG:
		ctx->operands[ctx->operand_count++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (ctx->operand_count < call->cmd->operands_min)
			argp_error(state, "an operand is missing: %s",
				   call->cmd->operands);
		if (ctx->operand_count > call->cmd->operands_max)
			argp_error(state, "more operands than it takes: '%s'",
				   TEXT_SAFE(ctx->operands[call->cmd->operands_max]));
		return 0;
	default:
		if (key <= 0 || key >= ARGP_KEY_END || !call->cmd->parse)
			return ARGP_ERR_UNKNOWN;
		if (!call->cmd->parse(key, arg, ctx->input, &err))
			argp_error(state, "%s", err.msg);
		return 0;
	}
}

/* Does this run of the command only read? */
static bool only_reads(const struct cmd *cmd, const struct cmd_context *ctx)
{
	const char *const *verb = cmd->reading;

	if (cmd->need != CMD_STORE_WRITE)
		return true;
	while (verb && *verb && ctx->operand_count)
		if (!strcmp(*verb++, ctx->operands[0]))
			return true;
	return false;
}

static bool open_store(const struct cmd *cmd, const struct globals *g,
		       struct cmd_context *ctx, struct error *err)
{
	const char *env = getenv("FIPS_MANIFEST_STORE");
	const char *named = g->store_path ? g->store_path : env;

	ctx->store_path = named ? named : "fips-manifest.db";
	if (cmd->need == CMD_NO_STORE ||
	    (cmd->need == CMD_STORE_MAYBE && !g->store_path &&
	     access(ctx->store_path, F_OK)))
		return true;
	if (cmd->need == CMD_STORE_WRITE && !cmd->mirrors && !only_reads(cmd, ctx))
		return cmd_open_to_change(ctx->store_path, &ctx->store, err);
	return store_open(ctx->store_path,
			  only_reads(cmd, ctx) ? STORE_READ : STORE_WRITE, &ctx->store,
			  err);
}

/* What every command takes, and what it takes alone. */
static void join_options(const struct argp_option *own, struct argp_option *out,
			 size_t max)
{
	size_t n = 0;

	out[n++] = (struct argp_option){
		"json", 'j', NULL, 0, "Write the result as JSON", 0};
	out[n++] = (struct argp_option){
		"quiet", 'q', NULL, 0, "Say only what went wrong", 0};
	/* a habit from other programs: behind the command, too */
	out[n++] = (struct argp_option){"store",       KEY_STORE, "FILE",
					OPTION_HIDDEN, NULL,      0};
	for (; own && (own->name || own->doc) && n + 1 < max; own++)
		out[n++] = *own;
	out[n] = (struct argp_option)EMPTY;
}

/* What --help says above and below the options. */
static void write_help(const struct cmd *cmd, struct buf *out)
{
	const char *line = cmd->examples, *end;

	buf_printf(out, "%s\v", cmd->summary);
	if (cmd->doc)
		buf_printf(out, "%s\n\n", cmd->doc);
	buf_puts(out, strchr(line, '\n') ? "Examples:" : "Example:");
	for (; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		buf_printf(out, "\n  %.*s", (int)(end - line), line);
	}
}

static bool run_command(const struct cmd *cmd, struct globals *g, int argc, char **argv,
			struct cli *cli, struct error *err)
{
	AUTO(buf_clear) struct buf doc = BUF_MAX(65536), name = BUF_MAX(256);
	AUTO(text_freep) char *input = calloc(1, cmd->input_size + 1);
	char **operands = calloc((size_t)argc + 1, sizeof(char *));
	struct cmd_context ctx = {.cli = cli, .input = input, .operands = operands};
	struct argp_option options[OPTIONS_MAX];
	bool ok;

	join_options(cmd->options, options, ARRAY_LEN(options));
	write_help(cmd, &doc);
	buf_printf(&name, "fips-manifest %s", cmd->name);
	if (!input || !operands || !buf_ok(&doc, err) || !buf_ok(&name, err))
		return error_set(err, ERR_SYSTEM, "no memory");
	argv[0] = name.data;
	cli_parse(&(const struct argp){.options = options,
				       .parser = parse_command,
				       .args_doc = cmd->operands,
				       .doc = doc.data},
		  argc, argv, 0, NULL, &(struct call){cmd, &ctx, g});
	ok = open_store(cmd, g, &ctx, err) && cmd->run(&ctx, err);
	store_close(ctx.store);
	free(operands);
	return cli_flush(cli, ok ? err : &(struct error)EMPTY) && ok;
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{"store", 's', "FILE", 0,
		 "The store; default $FIPS_MANIFEST_STORE, else ./fips-manifest.db. "
		 "Also behind COMMAND",
		 0},
		{0},
	};
	const struct argp argp = {
		.options = options,
		.parser = parse_global,
		.args_doc = "COMMAND [ARGUMENT...]",
		.doc = "Build, sign, keep and publish manifests of the digests that "
		       "FIPS "
		       "builds have on Enterprise Linux nodes.\vcommands",
		.help_filter = help_filter,
	};
	struct cli cli = {.program = "fips-manifest", .out = stdout, .talk = stderr};
	struct globals g = EMPTY;
	struct error err = EMPTY;
	int at = 0;

	file_take_standard();
	cli_parse(&argp, argc, argv, ARGP_IN_ORDER, &at, &g);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i]->name, argv[at]))
			return run_command(commands[i], &g, argc - at, argv + at, &cli,
					   &err)
				       ? CLI_GOOD
				       : (int)cli_fail(&cli, &err);
	(void)no_command(argv[at], &err);
	return (int)cli_fail(&cli, &err);
}
