/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/cmd.h"

#include "core/pgp_keyring.h"
#include "core/store_mirror.h"
#include "core/text.h"

#include <stdlib.h>

/* What goes to a stream is kept in memory. */
struct held {
	FILE **stream, *real;
	char *text;
	size_t len;
};

static bool hold(FILE **stream, struct held *h, struct error *err)
{
	FILE *memory = open_memstream(&h->text, &h->len);

	if (!memory)
		return error_sys(err, "cannot keep what is to be said");
	h->stream = stream;
	h->real = *stream;
	*stream = memory;
	return true;
}

static void release(struct held *h, bool print)
{
	if (!h->stream)
		return;
	fclose(*h->stream);
	*h->stream = h->real;
	if (print)
		fwrite(h->text, 1, h->len, h->real);
	free(h->text);
}

bool cmd_change(struct cmd_context *ctx, struct store *s,
		bool (*change)(struct store *s, void *arg, struct error *err),
		void *arg, struct error *err)
{
	struct held out = EMPTY, talk = EMPTY;
	bool ok = hold(&ctx->cli->out, &out, err) &&
		  hold(&ctx->cli->talk, &talk, err) &&
		  store_change(s, change, arg, err);

	release(&out, ok);
	release(&talk, ok);
	return ok;
}

bool cmd_print_json(const struct cli *cli, struct json_writer *w, struct error *err)
{
	if (!json_write_end(w, err))
		return false;
	fputs(w->out->data, cli->out);
	return true;
}

void cmd_put_time(struct json_writer *w, const char *key, int64_t t)
{
	char text[TEXT_TIME_SIZE];

	text_time(t, text);
	json_put_optional(w, key, t ? text : NULL);
}

void cmd_put_name(struct json_writer *w, const char *key, const char *name)
{
	AUTO(buf_clear) struct buf safe = BUF_MAX(4 * strlen(name));

	text_escape(name, strlen(name), &safe);
	json_put_string(w, key, safe.data ? safe.data : "");
}

int cmd_digits(const struct cli *cli, size_t before)
{
	enum { FEWEST = 12, ALL = 2 * DIGEST_SIZE };
	size_t columns = cli_columns(cli->out);

	if (!columns || columns >= before + ALL)
		return ALL;
	return columns < before + FEWEST ? FEWEST : (int)(columns - before);
}

bool cmd_threshold(const char *arg, uint64_t *out, struct error *err)
{
	return text_u64(arg, 1, PGP_KEYS_MAX, out) ||
	       error_set(err, ERR_USAGE, "a threshold is a number from 1 to %d",
			 PGP_KEYS_MAX);
}

bool cmd_open_to_change(const char *path, struct store **out, struct error *err)
{
	AUTO(store_closep) struct store *s = NULL;
	struct store_mirror m;
	bool is;

	if (!store_open(path, STORE_WRITE, &s, err) || !store_mirror(s, &m, &is, err))
		return false;
	if (is)
		return error_set(err, ERR_CONFLICT,
				 "'%s' is a mirror of '%s': it changes by import and "
				 "mirror alone",
				 TEXT_SAFE(path), TEXT_SAFE(m.source));
	*out = TAKE(s);
	return true;
}
