/* SPDX-License-Identifier: Apache-2.0 */
/* site: the key with which a mirror's site says what it has and since when. */
#include "core/file.h"
#include "core/site.h"
#include "core/store_mirror.h"
#include "core/text.h"
#include "signer/cmd.h"
#include "signer/statement.h"

#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

enum { OPTION_NAME = 0x100, OPTION_PLAIN };

struct input {
	struct role_keys_input keys;
	const char *name;
	bool plain;
};

static const struct argp_option options[] = {
	{"name", OPTION_NAME, "TEXT", 0,
	 "With init: what the site is called; default this machine's name", 0},
	{"plain", OPTION_PLAIN, NULL, 0,
	 "Make the key without a passphrase, for a timer without one", 0},
	ROLE_KEYS_OPTIONS,
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;
	bool ok;

	if (role_keys_option(key, arg, &in->keys, &ok, err))
		return ok;
	if (key == OPTION_PLAIN) {
		in->plain = true;
		return true;
	}
	in->name = arg;
	return site_is_name(arg) || error_set(err, ERR_USAGE,
					      "a site's name is 1 to %d bytes of "
					      "printable ASCII",
					      SITE_NAME_MAX);
}

/* ---- making a key ---- */

static bool say_made(const struct cli *cli, const struct role_keys *keys,
		     const char *file, const char *id)
{
	cli_say(cli, "the nodes need '%s/%s.pub': fips-tool --site-key",
		TEXT_SAFE(keys->dir), file);
	fprintf(cli->out, "%s\n", id);
	return true;
}

static bool new_key(const struct cli *cli, struct role_keys *keys, const char *file,
		    struct error *err)
{
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;

	if (!role_keys_make(keys, file, TUF_ECDSA_P256, &key, err))
		return false;
	cli_say(cli, "made '%s/%s.pem'%s", TEXT_SAFE(keys->dir), file,
		keys->plain ? " without a passphrase" : "");
	return say_made(cli, keys, file, key.id);
}

/* The key is in a token, and DIR/site.uri names it: only its public half is written. */
static bool take_key(const struct cli *cli, struct role_keys *keys, struct error *err)
{
	AUTO(role_keys_drop) struct role_secrets secrets = EMPTY;
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" STATEMENT_ROLE ".pub", keys->dir);
	if (!role_keys_load(keys, STATEMENT_ROLE, &secrets, err))
		return false;
	if (!secrets.count)
		return error_set(err, ERR_FORMAT, STATEMENT_ROLE ".uri names no key");
	return tuf_sign_public(secrets.list[0], &key, err) &&
	       file_write_atomic(path, key.value, strlen(key.value), 0644, err) &&
	       say_made(cli, keys, STATEMENT_ROLE, key.id);
}

/* `dir` keeps the text of keys->dir. */
static bool open_keys(const struct cmd_context *ctx, struct buf *dir,
		      struct role_keys *keys, struct error *err)
{
	const struct input *in = ctx->input;

	if (in->plain && in->keys.passphrase_fd)
		return error_set(err, ERR_USAGE,
				 "give one of --plain and --passphrase-fd");
	keys->plain = in->plain;
	return role_keys_from(&in->keys, ctx->store_path, dir, keys, err);
}

static bool make_key(const struct cli *cli, struct role_keys *keys, const char *file,
		     struct error *err)
{
	return role_keys_on_token(keys, file) ? take_key(cli, keys, err)
					      : new_key(cli, keys, file, err);
}

/* An authority says itself what is newest. */
static bool may_be_site(struct store *s, struct error *err)
{
	struct store_metadata root;
	struct store_mirror m;
	bool is;

	if (!store_mirror(s, &m, &is, err))
		return false;
	if (is)
		return true;
	if (store_tuf_get(s, "root", 0, &root, NULL, err))
		return error_set(err, ERR_CONFLICT,
				 "the store has an authority of its own: a site is a "
				 "mirror of another one");
	if (err->code != ERR_NOT_FOUND)
		return false;
	error_clear(err);
	return true;
}

/* Also true when that cannot be told. */
static bool has_site(struct store *s)
{
	AUTO(buf_clear) struct buf statement = BUF_MAX(TUF_SITE_MAX);
	char name[STORE_SITE_NAME_SIZE];
	struct error why;

	return store_mirror_site(s, name, &statement, &why) ||
	       why.code != ERR_NOT_FOUND;
}

struct making {
	const struct cli *cli;
	const char *name;
	struct role_keys keys;
	bool made; /* the key */
};

static void making_clear(struct making *m)
{
	role_keys_clear(&m->keys);
}

/* The row first: it is taken back when there is no key. */
static bool make_site(struct store *s, void *arg, struct error *err)
{
	struct making *m = arg;

	m->made = store_mirror_add_site(s, m->name, err) &&
		  make_key(m->cli, &m->keys, STATEMENT_ROLE, err);
	return m->made;
}

/* The key is taken back when the row cannot be kept. */
static bool init_site(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf dir = BUF_MAX(PATH_MAX);
	const struct input *in = ctx->input;
	char host[HOST_NAME_MAX + 1] = "";
	AUTO(making_clear)
	struct making m = {.cli = ctx->cli,
			   .name = in->name ? in->name : host,
			   .keys = ROLE_KEYS_INIT};

	if (!in->name && (gethostname(host, HOST_NAME_MAX) || !site_is_name(host)))
		return error_set(
			err, ERR_USAGE,
			"this machine has no name to call the site by: --name");
	if (!open_keys(ctx, &dir, &m.keys, err) || !may_be_site(ctx->store, err))
		return false;
	if (cmd_change(ctx, ctx->store, make_site, &m, err))
		return true;
	if (m.made && !has_site(ctx->store)) /* as it may: the very last step failed */
		role_keys_unmake(&m.keys, STATEMENT_ROLE);
	return false;
}

static bool add_key(struct cmd_context *ctx, struct error *err)
{
	AUTO(role_keys_clear) struct role_keys keys = ROLE_KEYS_INIT;
	AUTO(buf_clear) struct buf dir = BUF_MAX(PATH_MAX);
	AUTO(buf_clear) struct buf statement = BUF_MAX(TUF_SITE_MAX);
	char site[STORE_SITE_NAME_SIZE], file[80];
	const char *name = ctx->operands[1];

	if (!text_is_name(name, 64))
		return error_set(err, ERR_USAGE, "'%s' is no name for a key file",
				 TEXT_SAFE(name));
	snprintf(file, sizeof(file), STATEMENT_ROLE "-%s", name);
	return store_mirror_site(ctx->store, site, &statement, err) &&
	       open_keys(ctx, &dir, &keys, err) && make_key(ctx->cli, &keys, file, err);
}

/* ---- showing ---- */

static void print_text(const struct cli *cli, const struct site *s,
		       const struct tuf_signed *file)
{
	char arrived[TEXT_TIME_SIZE], checked[TEXT_TIME_SIZE], expires[TEXT_TIME_SIZE];

	text_time(s->arrived, arrived);
	text_time(s->checked, checked);
	text_time(s->expires, expires);
	fprintf(cli->out,
		"snapshot   %" PRId64 " sha256 %s\n"
		"source     %s\n"
		"arrived    %s\n"
		"checked    %s\n"
		"timestamp  %" PRId64 " until %s\n",
		s->snapshot.version, DIGEST_HEX(&s->snapshot.digest), s->source,
		arrived, checked, s->timestamp, expires);
	for (size_t i = 0; i < file->count; i++)
		fprintf(cli->out, "key        %s\n", TEXT_SAFE(file->signatures[i].id));
}

static bool show(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf statement = BUF_MAX(TUF_SITE_MAX);
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;
	char name[STORE_SITE_NAME_SIZE];
	struct site s;

	if (!store_mirror_site(ctx->store, name, &statement, err))
		return false;
	if (!statement.len)
		return error_set(err, ERR_NOT_FOUND,
				 "site '%s' has said nothing yet: the next import or "
				 "mirror signs its statement",
				 name);
	if (ctx->cli->json) {
		fputs(statement.data, ctx->cli->out);
		return true;
	}
	if (!site_parse(statement.data, statement.len, &file, &s, err))
		return error_prefix(err, "the site's statement");
	fprintf(ctx->cli->out, "site       %s\n", name);
	print_text(ctx->cli, &s, &file);
	return true;
}

/* ---- the command ---- */

static bool run(struct cmd_context *ctx, struct error *err)
{
	static const struct {
		const char *name;
		size_t operands;
		bool (*run)(struct cmd_context *ctx, struct error *err);
	} verbs[] = {
		{"init", 1, init_site}, {"add-key", 2, add_key}, {"show", 1, show}};
	const struct input *in = ctx->input;
	const char *verb = ctx->operands[0];

	if (in->name && strcmp(verb, "init") != 0)
		return error_set(err, ERR_USAGE, "--name goes with site init");

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (!strcmp(verb, verbs[i].name))
			return ctx->operand_count == verbs[i].operands
				       ? verbs[i].run(ctx, err)
				       : error_set(err, ERR_USAGE, "site %s takes %s",
						   verb,
						   verbs[i].operands > 1
							   ? "NAME"
							   : "no operand");
	return error_set(err, ERR_USAGE, "site knows init, add-key and show, not '%s'",
			 TEXT_SAFE(verb));
}

static const char *const reading[] = {"show", "add-key", NULL};

const struct cmd cmd_site = {
	.name = "site",
	.operands = "init | add-key NAME | show",
	.summary = "the key and the statement of a mirror's site",
	.doc = "With a site, import and mirror sign a statement beside the tree, which "
	       "itself stays the authority's byte for byte: which snapshot the site "
	       "has, from what, when it came and when somebody last looked, by this "
	       "machine's clock. Nodes ask for it with fips-tool --site-key.",
	.examples = "fips-manifest --store mirror.db site init --name 'Site A'\n"
		    "fips-manifest --store mirror.db site show",
	.operands_min = 1,
	.operands_max = 2,
	.need = CMD_STORE_WRITE,
	.reading = reading,
	.mirrors = true,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
