/* SPDX-License-Identifier: Apache-2.0 */
/* log: who did what to the store; --verify recomputes the chain of digests. */
#include "core/text.h"
#include "signer/cmd.h"

#include <inttypes.h>

struct input {
	bool verify;
};

static const struct argp_option options[] = {
	{"verify", 'v', NULL, 0,
	 "Recompute the chain of digests, and hold the store against it", 0},
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;

	(void)arg;
	if (key != 'v')
		return error_set(err, ERR_INTERNAL, "unknown option");
	in->verify = true;
	return true;
}

struct log_view {
	const struct cli *cli;
	struct json_writer json;
};

static void put(struct json_writer *w, const struct store_event *e)
{
	json_open(w, NULL, '{');
	json_put_string(w, "action", e->action);
	json_put_string(w, "actor", e->actor);
	json_put_string(w, "detail", e->detail);
	json_put_string(w, "digest", DIGEST_HEX(&e->digest));
	json_put_string(w, "previous", DIGEST_HEX(&e->previous));
	json_put_integer(w, "row", e->row);
	json_put_string(w, "subject", e->subject);
	json_put_integer(w, "time", e->time);
	json_close(w);
}

/* How much of the text fits into so many columns without cutting a word. */
static size_t fitting(const char *text, size_t columns)
{
	size_t n = strcspn(text, " ");

	for (size_t next = n; text[next]; n = next) {
		next += 1 + strcspn(text + next + 1, " ");
		if (next > columns)
			break;
	}
	return n;
}

/* A row is a line. On a terminal where that does not fit, its detail stands below. */
static void show(FILE *out, const char *head, const char *detail)
{
	enum { INDENT = 2 };
	size_t columns = cli_columns(out), len = strlen(detail);

	if (!columns || !len || strlen(head) + strlen(": ") + len <= columns) {
		fprintf(out, "%s%s%s\n", head, len ? ": " : "", detail);
		return;
	}
	fprintf(out, "%s\n", head);
	while (*detail) {
		size_t n = fitting(detail, columns > INDENT ? columns - INDENT : 0);

		fprintf(out, "%*s%.*s\n", INDENT, "", (int)n, detail);
		detail += n + (detail[n] == ' ');
	}
}

static bool each(void *arg, const struct store_event *e, struct error *err)
{
	AUTO(buf_clear) struct buf detail = BUF_MAX(65536), head = BUF_MAX(4096);
	struct log_view *v = arg;
	char t[TEXT_TIME_SIZE];

	if (v->cli->json) {
		put(&v->json, e);
		return true;
	}
	text_time(e->time, t);
	text_escape(e->detail, strlen(e->detail), &detail);
	if (!buf_ok(&detail, err))
		return false;
	buf_printf(&head, "%" PRId64 " %s %s %s %s", e->row, t, TEXT_SAFE(e->actor),
		   TEXT_SAFE(e->action), TEXT_SAFE(e->subject));
	if (!buf_ok(&head, err))
		return false;
	show(v->cli->out, head.data, detail.len ? detail.data : "");
	return true;
}

static bool verify(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	struct json_writer w = json_writer(&text);
	struct digest last;
	uint64_t rows;

	if (!store_verify_log(ctx->store, &rows, &last, err))
		return false;
	if (!ctx->cli->json) {
		fprintf(ctx->cli->out,
			"%" PRIu64 " rows, the chain is whole; the last "
			"digest is %s\n",
			rows, DIGEST_HEX(&last));
		return true;
	}
	json_open(&w, NULL, '{');
	json_put_string(&w, "last", DIGEST_HEX(&last));
	json_put_integer(&w, "rows", (int64_t)rows);
	json_close(&w);
	return cmd_print_json(ctx->cli, &w, err);
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	struct log_view v = {ctx->cli, json_writer(&text)};
	const struct input *in = ctx->input;

	if (in->verify)
		return verify(ctx, err);
	json_open(&v.json, NULL, '{');
	json_open(&v.json, "events", '[');
	if (!store_each_event(ctx->store, each, &v, err))
		return false;
	json_close(&v.json);
	json_close(&v.json);
	return !ctx->cli->json || cmd_print_json(ctx->cli, &v.json, err);
}

const struct cmd cmd_log = {
	.name = "log",
	.operands = "",
	.summary = "show the audit log, or verify its chain",
	.doc = "Each row carries the digest of the row before it. Rows cut off at the "
	       "end leave no trace in the rest: keep the last digest that --verify "
	       "prints somewhere else. Exit status 1 when the chain is broken, when "
	       "another program changed the store's tables or triggers, or when a "
	       "manifest is not there, published or withdrawn as the log tells.",
	.examples = "fips-manifest log\n"
		    "fips-manifest log --verify",
	.need = CMD_STORE_READ,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
