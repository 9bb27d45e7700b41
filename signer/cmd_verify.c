/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: who signed, and is it enough.
 *
 * The keys are those of --keyring, else the store's with its threshold. --all
 * verifies what the store holds. Several files are verified on all cores.
 */
#include "core/file.h"
#include "core/manifest.h"
#include "core/text.h"
#include "signer/cmd.h"
#include "signer/signature.h"
#include "signer/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
	FILE_MAX = MANIFEST_TEXT_MAX + 2 * ARMOR_PACKET_MAX,
	OPTION_SIGNED_BEFORE_EXPIRY = 0x100,
};

struct input {
	const char *keyring;
	uint64_t threshold; /* 0: not given */
	bool all;
	bool signed_before_expiry;
};

static const struct argp_option options[] = {
	{"keyring", 'k', "FILE", 0, "Trust the keys in FILE; default the store's", 0},
	{"threshold", 't', "N", 0,
	 "Signatures of N different owners are needed; default the store's, else 1", 0},
	{"all", 'a', NULL, 0, "Verify every manifest of the store", 0},
	{"signed-before-expiry", OPTION_SIGNED_BEFORE_EXPIRY, NULL, 0,
	 "Count what a key signed before it expired", 0},
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;

	switch (key) {
	case 'k':
		in->keyring = arg;
		return true;
	case 't':
		return cmd_threshold(arg, &in->threshold, err);
	case 'a':
		in->all = true;
		return true;
	case OPTION_SIGNED_BEFORE_EXPIRY:
		in->signed_before_expiry = true;
		return true;
	default:
		return error_set(err, ERR_INTERNAL, "unknown option");
	}
}

/* ---- what is verified ---- */

struct item {
	char *name;           /* of the file, or "ID" of the store's row; owned */
	int64_t row;          /* in the store; 0: a file */
	struct digest digest; /* of the text, when trusted */
	char *id; /* "el8/v1.21.3/x86_64@1"; owned; NULL when not trusted or another
		     text */
	struct pgp_signature *signatures; /* owned */
	size_t count, distinct;
	struct error err; /* ERR_NONE: trusted */
	bool named;       /* err names the file itself */
};

struct work {
	const struct cmd_context *ctx;
	struct pgp_keyring keyring;
	struct pgp_policy policy;
	struct error keyring_err;
	bool keyring_done; /* it is finished, or cannot be: keyring_err */
	struct item *items;
	size_t count, room;
	size_t next;          /* the item that nobody has taken yet */
	pthread_mutex_t lock; /* of `next`, the store and the keyring */
};

static void work_clear(struct work *w)
{
	for (size_t i = 0; i < w->count; i++) {
		free(w->items[i].name);
		free(w->items[i].id);
		free(w->items[i].signatures);
	}
	free(w->items);
	pgp_keyring_clear(&w->keyring);
	pthread_mutex_destroy(&w->lock);
}

static bool add_item(struct work *w, char *name, int64_t row, struct error *err)
{
	if (name && w->count == w->room) {
		size_t room = w->room ? 2 * w->room : 16;
		struct item *items = realloc(w->items, room * sizeof(*items));

		if (items) {
			w->items = items;
			w->room = room;
		}
	}
	if (!name || w->count == w->room) {
		free(name);
		return error_set(err, ERR_SYSTEM, "no memory");
	}
	w->items[w->count++] = (struct item){.name = name, .row = row};
	return true;
}

static bool add_row(void *arg, const struct store_manifest *m, struct error *err)
{
	AUTO(buf_clear) struct buf name = BUF_MAX(512);

	buf_printf(&name, "el%s/%s/%s@%u", m->el, m->kubernetes, m->arch, m->revision);
	return add_item(arg, buf_take(&name), m->row, err);
}

/* ---- who is trusted ---- */

static bool begin_keyring(const struct cmd_context *ctx, struct pgp_keyring *out,
			  struct error *err)
{
	const struct input *in = ctx->input;
	AUTO(buf_clear) struct buf bytes = BUF_MAX(PGP_KEYRING_MAX);

	if (in->keyring)
		return pgp_keyring_begin_file(in->keyring, out, err);
	if (!ctx->store)
		return error_set(
			err, ERR_USAGE,
			"which keys are trusted? Name them with --keyring FILE "
			"or --store FILE");
	if (!store_keyring(ctx->store, &bytes, err))
		return false;
	if (!bytes.len)
		return error_set(err, ERR_NOT_FOUND,
				 "the store trusts no key yet: add one with "
				 "'fips-manifest key add FILE.asc'");
	return pgp_keyring_begin(bytes.data, bytes.len, out, err);
}

/* While the first gpgv works. */
static bool finish_keyring(void *arg, struct error *err)
{
	struct work *w = arg;
	const struct input *in = w->ctx->input;

	pthread_mutex_lock(&w->lock);
	if (!w->keyring_done && !pgp_keyring_finish(&w->keyring, &w->keyring_err) &&
	    in->keyring)
		error_prefix_(&w->keyring_err, "'%s'", TEXT_SAFE(in->keyring));
	w->keyring_done = true;
	pthread_mutex_unlock(&w->lock);
	if (w->keyring_err.code)
		*err = w->keyring_err;
	return !w->keyring_err.code;
}

static bool load_trust(struct work *w, struct error *err)
{
	const struct cmd_context *ctx = w->ctx;
	const struct input *in = ctx->input;
	unsigned n = 1;

	if (!begin_keyring(ctx, &w->keyring, err) ||
	    (!in->threshold && !in->keyring && !store_threshold(ctx->store, &n, err)))
		return false;
	w->policy = (struct pgp_policy){
		.threshold = in->threshold ? (size_t)in->threshold : n,
		.now = time(NULL),
		.signed_before_expiry = in->signed_before_expiry,
		.meanwhile = finish_keyring,
		.arg = w,
	};
	return true;
}

/* ---- verifying ---- */

static bool read_item(struct work *w, struct item *item, struct buf *out,
		      struct error *err)
{
	bool ok;

	if (!item->row) {
		item->named = !file_read(item->name, out, err);
		return !item->named;
	}
	pthread_mutex_lock(&w->lock);
	ok = store_asc(w->ctx->store, item->row, out, err);
	pthread_mutex_unlock(&w->lock);
	return ok;
}

/* Is this the line, and the value in it? */
static bool value_on(const char *line, const char *key, char *out, size_t size)
{
	size_t n;

	if (!text_starts(line, key))
		return false;
	line += strlen(key);
	line += *line == '"';
	n = strcspn(line, "\",\n");
	if (n >= size)
		return false;
	memcpy(out, line, n);
	out[n] = '\0';
	return true;
}

/* A member of the outermost object, read off its line: `key` is how that begins.
 * Looked for from both ends, for the long array of a manifest is between its members.
 * To show, not to decide by. */
static bool member(const struct armor_cut *cut, const char *key, char *out, size_t size)
{
	const char *head = cut->text, *tail = cut->text + cut->text_len - 1;

	while (head < tail) {
		const char *lf = memrchr(head, '\n', (size_t)(tail - head));

		if (value_on(head, key, out, size) ||
		    (lf && value_on(lf + 1, key, out, size)))
			return true;
		if (!lf)
			return false;
		tail = lf;
		while (*head++ != '\n')
			;
	}
	return false;
}

/* Which manifest was verified, if it is one. Whether it is a valid one is for those who
 * read it: a list of tools is signed the same way. */
static bool identify(const struct armor_cut *cut, struct item *item, struct error *err)
{
	char format[32], el[16], kubernetes[80], arch[32], revision[16];
	AUTO(buf_clear) struct buf id = BUF_MAX(256);

	if (!member(cut, "  \"format\": ", format, sizeof(format)) ||
	    strcmp(format, MANIFEST_FORMAT) != 0 ||
	    !member(cut, "  \"el\": ", el, sizeof(el)) ||
	    !member(cut, "  \"kubernetes\": ", kubernetes, sizeof(kubernetes)) ||
	    !member(cut, "  \"arch\": ", arch, sizeof(arch)) ||
	    !member(cut, "  \"revision\": ", revision, sizeof(revision)))
		return true;
	buf_printf(&id, "el%s/%s/%s@%s", el, kubernetes, arch, revision);
	item->id = buf_take(&id);
	return item->id ? true : error_set(err, ERR_SYSTEM, "no memory");
}

static bool verify_item(struct work *w, struct item *item, struct error *err)
{
	AUTO(buf_clear) struct buf file = BUF_MAX(FILE_MAX);
	AUTO(armor_cut_clear) struct armor_cut cut = EMPTY;
	struct pgp_verdict v = EMPTY;
	bool ok;

	if (!read_item(w, item, &file, err))
		return false;
	ok = pgp_verify_file(&w->keyring, &w->policy, file.data ? file.data : "",
			     file.len, &cut, &v, err);
	item->digest = v.digest;
	item->distinct = v.distinct;
	item->signatures = calloc(v.count + 1, sizeof(v.signatures[0]));
	if (!item->signatures)
		return error_set(err, ERR_SYSTEM, "no memory");
	memcpy(item->signatures, v.signatures, v.count * sizeof(v.signatures[0]));
	item->count = v.count;
	return ok && identify(&cut, item, err);
}

static struct item *take_item(struct work *w)
{
	struct item *item = NULL;

	pthread_mutex_lock(&w->lock);
	if (w->next < w->count)
		item = &w->items[w->next++];
	pthread_mutex_unlock(&w->lock);
	return item;
}

static void *work_on(void *arg)
{
	struct work *w = arg;
	struct error why = EMPTY;
	struct item *item;

	while ((item = take_item(w)))
		if (!verify_item(w, item, &why))
			item->err = why;
	return NULL;
}

/* ---- telling ---- */

static void show(FILE *out, const struct work *w, const struct item *item)
{
	if (item->err.code == ERR_NONE)
		fprintf(out,
			"%s: trusted: %s; %zu signed, %zu needed\n"
			"  sha256 %s\n",
			TEXT_SAFE(item->name),
			item->id ? TEXT_SAFE(item->id) : "a text that is no manifest",
			item->distinct, w->policy.threshold, DIGEST_HEX(&item->digest));
	else
		fprintf(out, "%s: %s: %s\n", TEXT_SAFE(item->name),
			item->err.code == ERR_UNTRUSTED ? "NOT TRUSTED" : "UNDECIDED",
			item->err.msg);
	for (size_t i = 0; i < item->count; i++)
		signature_show(out, &item->signatures[i]);
}

static void put(struct json_writer *w, const struct work *work, const struct item *item)
{
	bool trusted = item->err.code == ERR_NONE;

	json_open(w, NULL, '{');
	json_put_optional(w, "error", trusted ? NULL : item->err.msg);
	cmd_put_name(w, "file", item->name);
	json_put_optional(w, "manifest", item->id);
	json_put_integer(w, "owners", (int64_t)item->distinct);
	json_put_optional(w, "sha256", trusted ? DIGEST_HEX(&item->digest) : NULL);
	signature_put(w, item->signatures, item->count);
	json_put_integer(w, "threshold", (int64_t)work->policy.threshold);
	json_put_bool(w, "trusted", trusted);
	json_close(w);
}

static bool tell(const struct work *work, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(1 << 30);
	const struct cli *cli = work->ctx->cli;
	struct json_writer w = json_writer(&text);

	json_open(&w, NULL, '[');
	for (size_t i = 0; i < work->count; i++) {
		if (!cli->json)
			show(cli->out, work, &work->items[i]);
		else
			put(&w, work, &work->items[i]);
	}
	json_close(&w);
	if (!cli->json)
		return true;
	if (!json_write_end(&w, err))
		return false;
	fputs(text.data, cli->out);
	return true;
}

/* "Not trusted" speaks louder than "cannot decide". */
static bool conclude(const struct work *w, struct error *err)
{
	const struct item *worst = NULL;
	size_t bad = 0;

	for (size_t i = 0; i < w->count; i++) {
		const struct item *item = &w->items[i];

		if (item->err.code == ERR_NONE)
			continue;
		bad++;
		if (!worst || (item->err.code == ERR_UNTRUSTED &&
			       worst->err.code != ERR_UNTRUSTED))
			worst = item;
	}
	if (!worst)
		return true;
	*err = worst->err;
	if (!worst->named)
		error_prefix_(err, "'%s'", TEXT_SAFE(worst->name));
	if (w->count == 1)
		return false;
	return error_prefix(err, "%zu of %zu manifests %s", bad, w->count,
			    worst->err.code == ERR_UNTRUSTED ? "are not trusted"
							     : "cannot be verified");
}

/* ---- the command ---- */

static bool load_items(const struct cmd_context *ctx, struct work *w, struct error *err)
{
	const struct input *in = ctx->input;

	if (in->all && !ctx->store)
		return error_set(err, ERR_USAGE, "--all needs a --store");
	if (!in->all == !ctx->operand_count)
		return error_set(err, ERR_USAGE,
				 "name the files to verify, or --all of a store");
	if (in->all)
		return store_each_manifest(ctx->store, &(struct store_filter)EMPTY,
					   add_row, w, err);
	for (size_t i = 0; i < ctx->operand_count; i++)
		if (!add_item(w, text_dup(ctx->operands[i], strlen(ctx->operands[i])),
			      0, err))
			return false;
	return true;
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(work_clear)
	struct work w = {
		.ctx = ctx,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};

	if (!load_items(ctx, &w, err) || !load_trust(&w, err))
		return false;
	if (!w.count)
		cli_say(ctx->cli, "the store holds no manifest");
	/* a thread pays from its second item on */
	workers_run((w.count + 1) / 2, work_on, &w);
	return finish_keyring(&w, err) && tell(&w, err) && conclude(&w, err);
}

const struct cmd cmd_verify = {
	.name = "verify",
	.operands = "FILE.asc...",
	.summary = "say who signed manifests and whether that is enough",
	.doc = "Exit status 2 when one of them is not trusted.",
	.examples = "fips-manifest verify --keyring release.asc "
		    "manifest-el8-x86_64.json.asc\n"
		    "fips-manifest verify --all",
	.operands_max = SIZE_MAX,
	.need = CMD_STORE_MAYBE,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
