/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign: .json -> .json.asc; given an .asc, adds a signature to it.
 *
 * Order: read and check every file, show what would be signed, ask, then sign and
 * write; what was written is named when it is safe on the disk. Nothing but a canonical
 * manifest is ever signed.
 */
#include "core/armor.h"
#include "core/file.h"
#include "core/manifest.h"
#include "core/pgp_sign.h"
#include "core/text.h"
#include "signer/cmd.h"
#include "signer/signature.h"
#include "signer/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_MAX = MANIFEST_TEXT_MAX + 2 * ARMOR_PACKET_MAX,
	OUTPUT_MAX = 4096,
};

struct input {
	const char *keys[PGP_SIGN_KEYS_MAX];
	size_t key_count;
	const char *output;
	int passphrase_fd; /* 0: none; else descriptor + 1 */
	bool yes;
};

enum { OPTION_PASSPHRASE_FD = 0x100 };

static const struct argp_option options[] = {
	{"key", 'k', "KEY", 0,
	 "Sign with this key (fingerprint or user id); may be repeated", 0},
	{"output", 'o', "FILE", 0, "Write to FILE instead of beside the manifest", 0},
	{"yes", 'y', NULL, 0, "Sign without a question", 0},
	{"passphrase-fd", OPTION_PASSPHRASE_FD, "N", 0,
	 "Read the passphrase from descriptor N", 0},
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;
	uint64_t n;

	switch (key) {
	case 'k':
		if (in->key_count == PGP_SIGN_KEYS_MAX)
			return error_set(err, ERR_USAGE, "more than %d keys",
					 PGP_SIGN_KEYS_MAX);
		in->keys[in->key_count++] = arg;
		return true;
	case 'o':
		in->output = arg;
		return true;
	case 'y':
		in->yes = true;
		return true;
	case OPTION_PASSPHRASE_FD:
		if (!text_u64(arg, 0, 1 << 20, &n))
			return error_set(err, ERR_USAGE, "'%s' is not a descriptor",
					 TEXT_SAFE(arg));
		in->passphrase_fd = (int)n + 1;
		return true;
	default:
		return error_set(err, ERR_INTERNAL, "unknown option");
	}
}

/* ---- one file ---- */

struct job {
	const char *path;
	struct buf output; /* path of what is written */
	struct buf file;
	struct buf before;    /* what is at `output` already */
	struct armor_cut cut; /* packets that are there already, in both */
	const char *text;     /* borrowed from file */
	size_t text_len;
	struct manifest manifest;
	struct digest digest;
	struct pgp_signature made[PGP_SIGN_KEYS_MAX];
	size_t made_count; /* 0: not signed */
};

static void job_clear(struct job *j)
{
	buf_clear(&j->output);
	buf_clear(&j->file);
	buf_clear(&j->before);
	armor_cut_clear(&j->cut);
	manifest_clear(&j->manifest);
}

struct jobs {
	struct job *items;
	size_t count;
};

static void jobs_clear(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++)
		job_clear(&jobs->items[i]);
	free(jobs->items);
}

/* The file that is at `output` now; nothing where there is none. */
static bool read_output(const struct job *j, struct buf *out, struct error *err)
{
	struct stat st;

	return stat(j->output.data, &st) || !S_ISREG(st.st_mode) ||
	       file_read(j->output.data, out, err);
}

/* A signed file that is there already keeps its signatures or is left alone. */
static bool load_before(struct job *j, struct error *err)
{
	AUTO(armor_cut_clear) struct armor_cut cut = EMPTY;
	AUTO(buf_clear) struct buf both = BUF_MAX(FILE_MAX);
	struct error why = EMPTY;

	if (!read_output(j, &j->before, err))
		return false;
	if (!j->before.len)
		return true;
	if (!armor_cut(j->before.data, j->before.len, &cut, &why) ||
	    cut.text_len != j->text_len || memcmp(cut.text, j->text, j->text_len))
		return error_set(err, ERR_CONFLICT,
				 "'%s' is there and is not a signed form of this "
				 "manifest: remove it or choose another --output",
				 TEXT_SAFE(j->output.data));
	if (j->cut.packet_count) {
		if (!armor_merge(&j->cut, &cut, &both, err))
			return false;
		armor_cut_clear(&cut);
		if (!armor_cut(both.data, both.len, &cut, err))
			return false;
	}
	armor_cut_clear(&j->cut);
	j->cut = TAKE(cut);
	j->cut.text = j->text;
	return true;
}

/* Since it was read, hours may have passed at the question or the pinentry. */
static bool check_unchanged(const struct job *j, struct error *err)
{
	AUTO(buf_clear) struct buf now = BUF_MAX(FILE_MAX);

	if (!read_output(j, &now, err))
		return false;
	if (now.len == j->before.len &&
	    (!now.len || !memcmp(now.data, j->before.data, now.len)))
		return true;
	return error_set(err, ERR_CONFLICT,
			 "'%s' was changed meanwhile: look at it, and sign again",
			 TEXT_SAFE(j->output.data));
}

static bool load(const char *path, const char *output, struct job *j, struct error *err)
{
	bool is_signed;

	*j = (struct job){.path = path,
			  .output = BUF_MAX(OUTPUT_MAX),
			  .file = BUF_MAX(FILE_MAX),
			  .before = BUF_MAX(FILE_MAX)};
	if (!strcmp(path, "-") && !output)
		return error_set(err, ERR_USAGE,
				 "standard input needs an --output to sign to");
	if (!file_read(path, &j->file, err))
		return false;
	is_signed = j->file.len && text_starts(j->file.data, "-----BEGIN PGP");
	if (is_signed && !armor_cut(j->file.data, j->file.len, &j->cut, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(path));
	j->text = is_signed ? j->cut.text : j->file.data;
	j->text_len = is_signed ? j->cut.text_len : j->file.len;
	if (!manifest_parse(j->text ? j->text : "", j->text_len, &j->manifest, err) ||
	    !digest_of_bytes(j->text, j->text_len, &j->digest, err))
		return error_prefix(err, "'%s' is not signed: not a valid manifest",
				    TEXT_SAFE(path));
	if (output)
		buf_puts(&j->output, output);
	else
		buf_printf(&j->output, "%s%s", path, is_signed ? "" : ".asc");
	return buf_ok(&j->output, err) && load_before(j, err);
}

/* ---- showing ---- */

static void show_component(const struct cli *cli, const struct manifest_component *c)
{
	const char *crypto = NULL;

	for (size_t i = 0; i < c->file_count && !crypto; i++)
		crypto = c->files[i].go_crypto;
	cli_say(cli, "  %s %s, %s: %s %s, %zu file%s%s%s", TEXT_SAFE(c->name),
		TEXT_SAFE(c->version), manifest_presence_name(c->presence),
		manifest_source_name(c->source.type), TEXT_SAFE(c->source.name),
		c->file_count, c->file_count == 1 ? "" : "s", crypto ? ", crypto " : "",
		crypto ? crypto : "");
}

static void show_change(void *arg, const struct manifest_change *c)
{
	const struct cli *cli = arg;

	cli_say(cli, "    %s%s%s%s%s: %s -> %s", c->component ? c->component : "",
		c->component ? " " : "", c->path ? TEXT_SAFE(c->path) : "",
		c->path ? " " : "", c->field, c->from ? TEXT_SAFE(c->from) : "none",
		c->to ? TEXT_SAFE(c->to) : "none");
}

/* The newest revision below this one that the store has. */
struct previous {
	unsigned below;
	struct store_manifest found;
};

static bool pick_previous(void *arg, const struct store_manifest *m, struct error *err)
{
	struct previous *p = arg;

	(void)err;
	if (m->revision < p->below && m->revision > p->found.revision)
		p->found = *m;
	return true;
}

static bool show_difference(struct cmd_context *ctx, const struct manifest *m,
			    struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(manifest_clear) struct manifest old = EMPTY;
	struct previous p = {.below = m->revision};

	if (!store_each_manifest(ctx->store,
				 &(struct store_filter){.el = m->el,
							.kubernetes = m->kubernetes,
							.arch = m->arch},
				 pick_previous, &p, err))
		return false;
	if (!p.found.revision) {
		cli_say(ctx->cli, "  the store has no earlier revision");
		return true;
	}
	if (!store_text(ctx->store, p.found.row, &text, err) ||
	    !manifest_parse(text.data, text.len, &old, err))
		return error_prefix(err, "revision %u in the store", p.found.revision);
	cli_say(ctx->cli, "  against revision %u in the store:", p.found.revision);
	return manifest_compare(&old, m, show_change, ctx->cli, err);
}

static bool show(struct cmd_context *ctx, const struct job *j, struct error *err)
{
	const struct manifest *m = &j->manifest;
	char created[TEXT_TIME_SIZE];

	text_time(m->created, created);
	cli_say(ctx->cli, "%s: EL %s, Kubernetes %s, %s, revision %u, created %s",
		TEXT_SAFE(j->path), m->el, m->kubernetes, m->arch, m->revision,
		created);
	for (size_t i = 0; i < m->component_count; i++)
		show_component(ctx->cli, &m->components[i]);
	cli_say(ctx->cli, "  SHA-256 of the text %s", DIGEST_HEX(&j->digest));
	if (j->cut.packet_count)
		cli_say(ctx->cli, "  carries %zu signature%s already",
			j->cut.packet_count, j->cut.packet_count == 1 ? "" : "s");
	return !ctx->store || show_difference(ctx, m, err);
}

static bool confirm(const struct cmd_context *ctx, size_t count,
		    const struct pgp_keyring *keys, struct error *err)
{
	const struct input *in = ctx->input;
	AUTO(text_freep) char *line = NULL;
	size_t size = 0;

	for (size_t i = 0; i < keys->key_count; i++)
		cli_say(ctx->cli, "key %s %s %s", keys->keys[i].fpr,
			keys->keys[i].algorithm, keys->keys[i].uid);
	if (in->yes)
		return true;
	if (!isatty(STDIN_FILENO))
		return error_set(err, ERR_USAGE,
				 "standard input is no terminal to ask on: --yes signs "
				 "without a question");
	fprintf(ctx->cli->talk, "sign %s? [y/N] ",
		count == 1 ? "this manifest" : "these manifests");
	fflush(ctx->cli->talk);
	if (getline(&line, &size, stdin) > 0 && (line[0] == 'y' || line[0] == 'Y'))
		return true;
	return error_set(err, ERR_USAGE, "nothing was signed");
}

/* ---- signing ---- */

/* EL 7 and older: their gpg reads RSA alone. */
static bool needs_rsa(const struct manifest *m)
{
	return strtoul(m->el, NULL, 10) <= 7;
}

static bool sign_one(struct pgp_sign *signer, struct job *j, struct error *err)
{
	AUTO(buf_clear) struct buf packets = BUF_MAX(2 * ARMOR_PACKET_MAX);
	AUTO(buf_clear) struct buf out = BUF_MAX(FILE_MAX);
	struct pgp_verdict made;

	buf_append(&packets, j->cut.packets.data, j->cut.packets.len);
	if (!pgp_sign_text(signer, needs_rsa(&j->manifest), j->text, j->text_len,
			   &packets, &made, err) ||
	    !armor_write(j->text, j->text_len, &packets, &out, err) ||
	    !check_unchanged(j, err) ||
	    !file_write_atomic(j->output.data, out.data, out.len, 0644, err))
		return false;
	memcpy(j->made, made.signatures, made.count * sizeof(made.signatures[0]));
	j->made_count = made.count;
	return true;
}

/* Work that threads share: gpg-agent computes for one while the other's gpg starts and
 * its file is synced. */
struct signing {
	struct pgp_sign *signer;
	struct jobs *jobs;
	size_t next; /* that nobody has taken yet */
	bool failed;
	struct error err;     /* of the first that failed */
	pthread_mutex_t lock; /* of next, failed, err */
};

static struct job *take(struct signing *s)
{
	struct job *j = NULL;

	pthread_mutex_lock(&s->lock);
	if (!s->failed && s->next < s->jobs->count)
		j = &s->jobs->items[s->next++];
	pthread_mutex_unlock(&s->lock);
	return j;
}

static void fail(struct signing *s, const struct error *why)
{
	pthread_mutex_lock(&s->lock);
	if (!s->failed)
		s->err = *why;
	s->failed = true;
	pthread_mutex_unlock(&s->lock);
}

static void sign_next(struct signing *s, struct pgp_sign *signer, struct job *j)
{
	struct error why = EMPTY;

	if (sign_one(signer, j, &why))
		return;
	error_prefix_(&why, "'%s'", TEXT_SAFE(j->path));
	fail(s, &why);
}

static void *work_on(void *arg)
{
	struct signing *s = arg;
	AUTO(pgp_sign_closep) struct pgp_sign *own = NULL;
	struct error why = EMPTY;
	struct job *j;

	if (!pgp_sign_join(s->signer, &own, &why))
		fail(s, &why);
	while ((j = take(s)))
		sign_next(s, own, j);
	return NULL;
}

/* Everything that was written, also where something failed then. */
static bool tell(const struct cmd_context *ctx, const struct jobs *jobs,
		 struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(64 * 1024 * 1024);
	struct json_writer w = json_writer(&text);

	json_open(&w, NULL, '[');
	for (size_t i = 0; i < jobs->count; i++) {
		const struct job *j = &jobs->items[i];

		if (!j->made_count)
			continue;
		json_open(&w, NULL, '{');
		cmd_put_name(&w, "file", j->output.data);
		json_put_string(&w, "sha256", DIGEST_HEX(&j->digest));
		signature_put(&w, j->made, j->made_count);
		json_close(&w);
		if (!ctx->cli->json)
			fprintf(ctx->cli->out, "%s\n", TEXT_SAFE(j->output.data));
	}
	json_close(&w);
	if (!ctx->cli->json)
		return true;
	if (!json_write_end(&w, err))
		return false;
	fputs(text.data, ctx->cli->out);
	return true;
}

/* The first alone: whoever is asked for a passphrase or PIN is asked once, and a wrong
 * one is tried once. */
static bool sign_all(struct cmd_context *ctx, struct pgp_sign *signer,
		     struct jobs *jobs, struct error *err)
{
	struct signing s = {
		.signer = signer,
		.jobs = jobs,
		.next = 1,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};

	sign_next(&s, signer, &jobs->items[0]);
	if (!s.failed && jobs->count > 1)
		workers_run(jobs->count / 2, work_on, &s);
	pthread_mutex_destroy(&s.lock);
	if (s.failed && ctx->cli->json) {
		*err = s.err;
		return false;
	}
	if (!tell(ctx, jobs, err))
		return false;
	*err = s.err;
	return !s.failed;
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	const struct input *in = ctx->input;
	AUTO(jobs_clear) struct jobs jobs = EMPTY;
	AUTO(pgp_sign_closep) struct pgp_sign *signer = NULL;

	if (in->output && ctx->operand_count > 1)
		return error_set(err, ERR_USAGE,
				 "--output takes one manifest at a time");
	jobs.items = calloc(ctx->operand_count, sizeof(*jobs.items));
	if (!jobs.items)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (; jobs.count < ctx->operand_count; jobs.count++)
		if (!load(ctx->operands[jobs.count], in->output,
			  &jobs.items[jobs.count], err)) {
			job_clear(&jobs.items[jobs.count]);
			return false;
		}
	for (size_t i = 0; i < jobs.count; i++)
		if (!show(ctx, &jobs.items[i], err))
			return false;
	return pgp_sign_open(&(struct pgp_sign_options){.keys = in->keys,
							.key_count = in->key_count,
							.passphrase_fd =
								in->passphrase_fd - 1},
			     &signer, err) &&
	       confirm(ctx, jobs.count, pgp_sign_keys(signer), err) &&
	       sign_all(ctx, signer, &jobs, err);
}

const struct cmd cmd_sign = {
	.name = "sign",
	.operands = "FILE...",
	.summary = "sign manifests: .json becomes .json.asc, an .asc gains a signature",
	.doc = "The keys are those of the GnuPG home ($GNUPGHOME). The manifest is "
	       "checked and shown, with its difference to the previous revision when "
	       "a store is given, before anything is signed.",
	.examples =
		"fips-manifest sign --key first@example.org manifest-el8-x86_64.json\n"
		"fips-manifest sign --key second@example.org "
		"manifest-el8-x86_64.json.asc",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.need = CMD_STORE_MAYBE,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
