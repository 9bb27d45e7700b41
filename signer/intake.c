/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/intake.h"

#include "core/file.h"
#include "core/text.h"
#include "signer/intake_report.h"
#include "signer/statement.h"

#include <time.h>

bool intake_parse(int key, char *arg, void *input, struct error *err)
{
	struct intake_input *in = input;
	bool ok;

	if (role_keys_option(key, arg, &in->keys, &ok, err))
		return ok;
	switch (key) {
	case INTAKE_OPTION_TRUST:
		in->options.trust = arg;
		return true;
	case INTAKE_OPTION_DRY:
		in->dry_run = true;
		return true;
	case INTAKE_OPTION_EXPIRED:
		in->options.allow_expired = true;
		return true;
	case INTAKE_OPTION_CA:
		in->ca_file = arg;
		return true;
	case INTAKE_OPTION_NETRC:
		in->netrc_file = arg;
		return true;
	case INTAKE_OPTION_TIMEOUT:
		return text_u64(arg, 1, 3600, &in->timeout) ||
		       error_set(err, ERR_USAGE,
				 "a timeout is a number of seconds from 1 to 3600");
	case INTAKE_OPTION_EL:
		in->options.el = strcmp(arg, "all") != 0 ? arg : "";
		return !*in->options.el || text_is_el(arg) ||
		       error_set(err, ERR_USAGE, "'%s' is no EL version: 8 or 8.4",
				 TEXT_SAFE(arg));
	case INTAKE_OPTION_KEYRING:
		in->options.keyring = arg;
		return true;
	case INTAKE_OPTION_THRESHOLD:
		return text_u64(arg, 1, PGP_KEYS_MAX, &in->options.threshold) ||
		       error_set(err, ERR_USAGE, "a threshold is a number from 1 to %d",
				 PGP_KEYS_MAX);
	case INTAKE_OPTION_NO_KEYRING:
		in->options.no_keyring = true;
		return true;
	case INTAKE_OPTION_KUBERNETES:
		in->options.kubernetes = arg;
		return (*arg && strlen(arg) < 64) ||
		       error_set(err, ERR_USAGE, "a pattern has 1 to 63 bytes");
	default:
		return error_set(err, ERR_INTERNAL, "unknown option");
	}
}

/* The part that the mirror kept so far is what it keeps, unless said otherwise. */
static bool fill_options(struct store *s, struct bundle_options *o,
			 struct store_mirror *m, struct error *err)
{
	bool is;

	if (!o->keyring ? o->threshold != 0 : o->no_keyring)
		return error_set(err, ERR_USAGE,
				 o->keyring ? "--keyring or --no-keyring, not both"
					    : "--threshold is of --keyring FILE");
	if (!store_mirror(s, m, &is, err))
		return false;
	o->el = o->el ? o->el : m->el;
	o->kubernetes = o->kubernetes ? o->kubernetes : m->kubernetes;
	return true;
}

static void on_target(void *arg, const struct bundle_target *t)
{
	cli_progress_add(arg, t->size, file_basename(t->path));
}

static bool check(struct cmd_context *ctx, const char *what, struct bundle *b,
		  struct error *err)
{
	AUTO(cli_progress_freep) struct cli_progress *progress = NULL;
	uint64_t total = 0;

	for (size_t i = 0; i < b->target_count; i++)
		total += b->targets[i].size;
	progress = cli_progress_new(ctx->cli, what, total);
	b->step = on_target;
	b->arg = progress;
	return bundle_check(b, err);
}

/* One run: what it works with and what it is for. */
struct run {
	struct cmd_context *ctx;
	const char *what, *from; /* from: as the store keeps it */
	struct statement statement;
};

static void run_clear(struct run *r)
{
	statement_clear(&r->statement);
}

/* Change the store as one, and have the site sign what came of it. */
static bool commit(struct run *r, struct bundle *b,
		   bool (*change)(struct run *r, struct bundle *b, struct error *err),
		   struct error *err)
{
	if (!store_begin(b->store, err))
		return false;
	if (!change(r, b, err) || !statement_renew(&r->statement, b->store, err)) {
		store_rollback(b->store);
		return false;
	}
	if (!store_commit(b->store, err))
		return false;
	b->keep = false;
	return true;
}

static bool put_tree(struct run *r, struct bundle *b, struct error *err)
{
	return bundle_store(b, r->what, r->from, err);
}

/* The source has what the store has: only that it was looked at is kept. */
static bool note_same(struct run *r, struct bundle *b, struct error *err)
{
	struct store_mirror m = b->mirror;

	m.checked = (int64_t)time(NULL);
	snprintf(m.source, sizeof(m.source), "%s", r->from);
	return store_set_mirror(b->store, &m, err);
}

static bool work(struct run *r, struct bundle *b, struct error *err)
{
	const struct intake_input *in = r->ctx->input;
	AUTO(intake_report_clear) struct intake_report report = EMPTY;

	if (!bundle_update(b, err) || !check(r->ctx, r->what, b, err) ||
	    !intake_report_make(b, &report, err) ||
	    (!in->dry_run && !commit(r, b, put_tree, err)))
		return false;
	return intake_report_print(r->ctx->cli, b, &report, in->dry_run, err);
}

/* There is nothing new. */
static bool done(struct run *r, struct bundle *b, struct error *err)
{
	const struct intake_input *in = r->ctx->input;

	return (in->dry_run || commit(r, b, note_same, err)) &&
	       intake_report_print(r->ctx->cli, b, &(struct intake_report)EMPTY,
				   in->dry_run, err);
}

/* What the tree comes from, as the store keeps it. */
static bool put_name(const char *from, struct buf *out, struct error *err)
{
	if (text_starts(from, "http://") || text_starts(from, "https://"))
		http_name(from, out);
	else
		buf_puts(out, from);
	return buf_ok(out, err) || error_prefix(err, "its name");
}

bool intake_run(struct cmd_context *ctx, const char *what, const char *from,
		bool look_first, struct error *err)
{
	struct intake_input *in = ctx->input;
	const struct http_options http = {
		.ca_file = in->ca_file,
		.netrc_file = in->netrc_file,
		.connect_seconds = in->timeout < 10 ? (long)in->timeout : 0,
		.low_speed_seconds = (long)in->timeout,
	};
	AUTO(buf_clear) struct buf name = BUF_MAX(STORE_SOURCE_SIZE - 1);
	AUTO(run_clear) struct run r = {.ctx = ctx, .what = what};
	AUTO(tree_source_closep) struct tree_source *source = NULL;
	AUTO(bundle_clear) struct bundle b = BUNDLE_NONE;
	struct store_mirror mirror = EMPTY;
	bool same = false;

	if (!put_name(from, &name, err))
		return false;
	r.from = name.data;
	if (!fill_options(ctx->store, &in->options, &mirror, err) ||
	    (!in->dry_run && !statement_open(ctx->store, &in->keys, ctx->store_path,
					     &r.statement, err)) ||
	    !tree_source_open(from, &http, &source, err) ||
	    !bundle_open(ctx->store, ctx->store_path, source, &in->options, &b, err))
		return false;
	if (look_first && !bundle_is_same(&b, &same, err))
		return false;
	if (!(same ? done(&r, &b, err) : work(&r, &b, err)))
		return false;
	if (r.statement.is_site)
		cli_say(ctx->cli, "signed the site's statement");
	return true;
}
