/* SPDX-License-Identifier: Apache-2.0 */
/* status: which TUF role expires when. */
#include "core/store_tuf.h"
#include "core/text.h"
#include "signer/cmd.h"
#include "signer/repo.h"

#include <inttypes.h>
#include <time.h>

enum { DAY = 86400 };

struct input {
	uint64_t within;
};

static const struct argp_option options[] = {
	{"within", 'w', "DAYS", 0,
	 "Exit status 1 when a role expires within so many days; default 0", 0},
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;

	if (key == 'w' && text_u64(arg, 0, 36500, &in->within))
		return true;
	return error_set(err, ERR_USAGE, "--within takes a number of days");
}

struct status {
	struct cmd_context *ctx;
	struct json_writer json;
	int64_t now, limit;
	size_t count, due;
};

static bool each(void *arg, const struct store_metadata *m, struct error *err)
{
	struct status *s = arg;
	const struct cli *cli = s->ctx->cli;
	int64_t left = m->expires - s->now;
	char expires[TEXT_TIME_SIZE];

	(void)err;
	text_time(m->expires, expires);
	s->due += m->expires <= s->limit;
	if (!s->count++ && !cli->json)
		fprintf(cli->out, "%-16s %7s  %-20s  %s\n", "ROLE", "VERSION",
			"EXPIRES", "DAYS LEFT");
	if (!cli->json) {
		fprintf(cli->out, "%-16s %7" PRId64 "  %s  %" PRId64 "%s\n", m->role,
			m->version, expires, left / DAY, left <= 0 ? " EXPIRED" : "");
		return true;
	}
	json_open(&s->json, NULL, '{');
	json_put_integer(&s->json, "days_left", left / DAY);
	json_put_bool(&s->json, "expired", left <= 0);
	json_put_string(&s->json, "expires", expires);
	json_put_string(&s->json, "role", m->role);
	json_put_integer(&s->json, "version", m->version);
	json_close(&s->json);
	return true;
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	const struct input *in = ctx->input;
	struct status s = {.ctx = ctx, .json = json_writer(&text), .now = time(NULL)};

	s.limit = s.now + (int64_t)in->within * DAY;
	json_open(&s.json, NULL, '{');
	json_open(&s.json, "roles", '[');
	if (!store_tuf_each(ctx->store, true, each, &s, err))
		return false;
	json_close(&s.json);
	json_close(&s.json);
	if (ctx->cli->json && !cmd_print_json(ctx->cli, &s.json, err))
		return false;
	if (!s.count)
		return error_set(err, ERR_NOT_FOUND, REPO_NO_ROLES);
	if (!s.due)
		return true;
	return error_set(err, ERR_MISMATCH, "%zu TUF role%s within %" PRIu64 " days",
			 s.due, s.due == 1 ? " expires" : "s expire", in->within);
}

const struct cmd cmd_status = {
	.name = "status",
	.operands = "",
	.summary = "say which TUF role expires when",
	.examples = "fips-manifest status --within 7",
	.need = CMD_STORE_READ,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
