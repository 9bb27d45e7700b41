/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd: a command of fips-manifest: one descriptor a file (signer/cmd_NAME.c),
 * listed once in main.c. Help, the command list and --json, --quiet, --help come
 * from here; a command states what it needs and main opens it.
 */
#ifndef SIGNER_CMD_H
#define SIGNER_CMD_H

#include "core/cli.h"
#include "core/json.h"
#include "core/store.h"

enum cmd_need {
	CMD_NO_STORE,
	CMD_STORE_READ,
	CMD_STORE_WRITE,
	CMD_STORE_MAYBE, /* read when --store names it or it is there */
};

/* What run() gets beside its own input. */
struct cmd_context {
	struct cli *cli;
	struct store *store; /* as the need says; NULL where it says none */
	const char
		*store_path; /* --store, else $FIPS_MANIFEST_STORE, else the default */
	char **operands;
	size_t operand_count;
	void *input; /* cmd->input_size zeroed bytes that parse() filled */
};

struct cmd {
	const char *name; /* "build"; for a group "key" the first operand is its verb */
	const char *operands; /* "RELEASE.yaml...", for --help */
	const char *summary;  /* one line: what it does */
	const char *doc;      /* what --help says below the options; may be NULL */
	const char *examples; /* whole command lines, LF between; tests run them */
	size_t operands_min, operands_max; /* SIZE_MAX: any number */
	enum cmd_need need;
	const char *const *reading; /* of a group that writes: the verbs that only
				     * read, NULL at the end; may be NULL */
	bool mirrors;               /* it may write a store that is a mirror */
	const struct argp_option *options; /* its own; NULL: none */
	/* one own option: `input` is the command's; false with err set is a usage
	 * error that exits 64 */
	bool (*parse)(int key, char *arg, void *input, struct error *err);
	size_t input_size;
	/* ERR_MISMATCH after findings were printed: its message is the summary */
	bool (*run)(struct cmd_context *ctx, struct error *err);
};

enum { CMD_JSON_MAX = 1 << 28 }; /* bytes of what --json prints */

/* store_change() of a command that tells what it does on the way: what `change` prints
 * and says comes out once it is stored, and not at all when it is not. */
bool cmd_change(struct cmd_context *ctx, struct store *s,
		bool (*change)(struct store *s, void *arg, struct error *err),
		void *arg, struct error *err) MUST_CHECK;

/* End the text that was written, and print it. */
bool cmd_print_json(const struct cli *cli, struct json_writer *w,
		    struct error *err) MUST_CHECK;
/* A time as the value of a member; 0 is left out. */
void cmd_put_time(struct json_writer *w, const char *key, int64_t t);

/* The name of a file, escaped as errors have it: any bytes may be in one, and JSON says
 * no more than a terminal may see. */
void cmd_put_name(struct json_writer *w, const char *key, const char *name);

/* How many digits of a digest fit behind so many columns of the terminal. */
int cmd_digits(const struct cli *cli, size_t before);

/* The argument of --threshold. */
bool cmd_threshold(const char *arg, uint64_t *out, struct error *err) MUST_CHECK;

/* Open a store to change what it publishes: a mirror changes no byte of what it
 * mirrors, ERR_CONFLICT. */
bool cmd_open_to_change(const char *path, struct store **out,
			struct error *err) MUST_CHECK;

extern const struct cmd cmd_add, cmd_build, cmd_diff, cmd_export, cmd_find, cmd_import,
	cmd_init, cmd_key, cmd_list, cmd_log, cmd_mirror, cmd_publish, cmd_refresh,
	cmd_root, cmd_show, cmd_sign, cmd_site, cmd_status, cmd_tool, cmd_verify,
	cmd_withdraw;

#endif
