/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tool: the node tool, its SHA-256, and the signed list of all of them.
 *
 * The list (SHA256SUMS) covers every tool of the store. It is signed where the
 * release keys are, which may be another machine:
 *     tool sums >SHA256SUMS; gpg --clearsign SHA256SUMS; tool add-sums SHA256SUMS.asc
 */
#include "core/file.h"
#include "core/text.h"
#include "core/tree.h"
#include "signer/cmd.h"
#include "signer/vouch.h"

#include <stdlib.h>

enum {
	TOOL_MAX = 256 * 1024 * 1024,
	SUMS_MAX = 1 << 20,
	OPTION_VERSION = 0x100,
};

struct input {
	const char *version, *arch;
};

static const struct argp_option options[] = {
	{"version", OPTION_VERSION, "V", 0, "The tool's version", 0},
	{"arch", 'a', "ARCH", 0, "x86_64 or aarch64", 0},
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;

	if (key == OPTION_VERSION)
		in->version = arg;
	else if (key == 'a')
		in->arch = arg;
	else
		return error_set(err, ERR_INTERNAL, "unknown option");
	return true;
}

/* ---- add ---- */

/* The header of an ELF file (64 bits, little-endian), as far as it is read. */
enum {
	ELF_HEAD = 64,
	ELF_MACHINE = 18,
	ELF_SECTIONS = 40,     /* where their headers begin: linkers put them last, */
	ELF_SECTION_SIZE = 58, /* of one header */
	ELF_SECTION_COUNT = 60,
	MACHINE_X86_64 = 62,
	MACHINE_AARCH64 = 183,
};

static uint64_t elf_number(const struct buf *b, size_t at, size_t bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | (unsigned char)b->data[at + bytes];
	return n;
}

/* A tool is never taken out of a store again, so what is no program of this machine, or
 * not all of one, does not come in. */
static bool check_program(const struct buf *b, const char *arch, struct error *err)
{
	uint64_t machine, sections, size;
	const char *is;

	if (b->len < ELF_HEAD || memcmp(b->data, "\177ELF\2\1", 6) != 0)
		return error_set(err, ERR_FORMAT,
				 "it is no program for nodes: not an ELF file of "
				 "64 bits");
	machine = elf_number(b, ELF_MACHINE, 2);
	is = machine == MACHINE_X86_64    ? "x86_64"
	     : machine == MACHINE_AARCH64 ? "aarch64"
					  : "another machine";
	if (strcmp(is, arch) != 0)
		return error_set(err, ERR_CONFLICT, "it is a program for %s, not %s",
				 is, arch);
	sections = elf_number(b, ELF_SECTIONS, 8);
	size = elf_number(b, ELF_SECTION_SIZE, 2) * elf_number(b, ELF_SECTION_COUNT, 2);
	if (sections > b->len || size > b->len - sections)
		return error_set(err, ERR_FORMAT,
				 "it is cut short: a program of more than %zu bytes",
				 b->len);
	return true;
}

static bool fill(const struct input *in, struct store_tool *t, struct error *err)
{
	if (!in->version || !in->arch)
		return error_set(
			err, ERR_USAGE,
			"tool add FILE --version V --arch ARCH: '%s' is missing",
			in->version ? "--arch" : "--version");
	if (strlen(in->version) >= sizeof(t->version))
		return error_set(err, ERR_USAGE, "a version has at most %zu bytes",
				 sizeof(t->version) - 1);
	if (!text_is_arch(in->arch))
		return error_set(err, ERR_USAGE, "'%s' is neither x86_64 nor aarch64",
				 TEXT_SAFE(in->arch));
	memcpy(t->version, in->version, strlen(in->version) + 1);
	memcpy(t->arch, in->arch, strlen(in->arch) + 1);
	return true;
}

static bool add(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_MAX(TOOL_MAX);
	const char *path = ctx->operands[1];
	struct store_tool t = EMPTY;
	struct digest d;

	if (!fill(ctx->input, &t, err) || !file_read(path, &bytes, err))
		return false;
	if (!check_program(&bytes, t.arch, err) ||
	    !digest_of_bytes(bytes.data, bytes.len, &d, err) ||
	    !store_put_tool(ctx->store, &t, bytes.data, bytes.len, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(path));
	cli_say(ctx->cli, "added fips-tool %s for %s, sha256 %s", t.version, t.arch,
		DIGEST_HEX(&d));
	return true;
}

/* ---- list ---- */

struct list {
	const struct cli *cli;
	struct json_writer json;
};

static bool each(void *arg, const struct store_tool *t, struct error *err)
{
	struct list *l = arg;

	(void)err;
	if (!l->cli->json) {
		fprintf(l->cli->out, "%-11s %-7s %-9s %.*s\n", t->version, t->arch,
			t->published ? "published" : "complete",
			cmd_digits(l->cli, 11 + 7 + 9 + 3), DIGEST_HEX(&t->digest));
		return true;
	}
	json_open(&l->json, NULL, '{');
	cmd_put_time(&l->json, "added", t->added);
	json_put_string(&l->json, "arch", t->arch);
	cmd_put_time(&l->json, "published", t->published);
	json_put_string(&l->json, "sha256", DIGEST_HEX(&t->digest));
	json_put_integer(&l->json, "size", (int64_t)t->size);
	json_put_string(&l->json, "version", t->version);
	json_close(&l->json);
	return true;
}

static bool list(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	struct list l = {ctx->cli, json_writer(&text)};

	json_open(&l.json, NULL, '{');
	json_open(&l.json, "tools", '[');
	if (!store_each_tool(ctx->store, each, &l, err))
		return false;
	json_close(&l.json);
	json_close(&l.json);
	return !ctx->cli->json || cmd_print_json(ctx->cli, &l.json, err);
}

/* ---- sums ---- */

static bool take(void *arg, const struct store_tool *t, struct error *err)
{
	struct index *x = arg;
	struct index_tool *row;
	void *grown = reallocarray(x->tools, x->tool_count + 1, sizeof(*x->tools));

	if (!grown)
		return error_set(err, ERR_SYSTEM, "no memory");
	x->tools = grown;
	row = &x->tools[x->tool_count++];
	*row = (struct index_tool){.digest = t->digest, .size = t->size};
	index_tool_path(t->version, t->arch, row->path);
	return true;
}

/* The list as it is once everything is published. */
static bool make_sums(struct store *s, struct buf *out, struct error *err)
{
	AUTO(index_clear) struct index x = EMPTY;

	if (!store_each_tool(s, take, &x, err))
		return false;
	if (!x.tool_count)
		return error_set(err, ERR_NOT_FOUND, "the store has no tool");
	return tree_sums(&x, out, err);
}

static bool sums(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(SUMS_MAX);

	if (!make_sums(ctx->store, &text, err))
		return false;
	fwrite(text.data, 1, text.len, ctx->cli->out);
	return true;
}

static bool add_sums(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(SUMS_MAX), file = BUF_MAX(SUMS_MAX);
	AUTO(armor_cut_clear) struct armor_cut cut = EMPTY;
	AUTO(vouch_clear) struct vouch v = EMPTY;
	const char *path = ctx->operands[1];
	struct vouched vouched;
	struct digest d;

	if (!vouch_load(ctx->store, &v, err) || !make_sums(ctx->store, &text, err) ||
	    !file_read(path, &file, err))
		return false;
	if (!vouch_for(&v, file.data ? file.data : "", file.len, &vouched, err) ||
	    !armor_cut(file.data, file.len, &cut, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(path));
	if (!vouched.enough)
		return error_set(err, ERR_UNTRUSTED, "'%s': %s", TEXT_SAFE(path),
				 vouched.why);
	if (cut.text_len != text.len || memcmp(cut.text, text.data, text.len) != 0)
		return error_set(
			err, ERR_CONFLICT,
			"'%s' does not list the tools of the store as they are "
			"now; sign what 'tool sums' prints",
			TEXT_SAFE(path));
	if (!digest_of_bytes(text.data, text.len, &d, err) ||
	    !store_put_sums(ctx->store, &d, file.data, file.len, err))
		return false;
	cli_say(ctx->cli, "added the signed list of the tools; %zu signed, %zu needed",
		vouched.owners, v.policy.threshold);
	return true;
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	static const struct {
		const char *verb;
		size_t operands;
		bool (*run)(struct cmd_context *ctx, struct error *err);
	} verbs[] = {
		{"add", 2, add},
		{"list", 1, list},
		{"sums", 1, sums},
		{"add-sums", 2, add_sums},
	};

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].verb, ctx->operands[0]) != 0)
			continue;
		if (ctx->operand_count != verbs[i].operands)
			return error_set(
				err, ERR_USAGE, "tool %s takes %s", verbs[i].verb,
				verbs[i].operands == 2 ? "one file" : "no operand");
		return verbs[i].run(ctx, err);
	}
	return error_set(err, ERR_USAGE,
			 "tool knows add, list, sums and add-sums, not "
			 "'%s'",
			 TEXT_SAFE(ctx->operands[0]));
}

static const char *const reading[] = {"list", "sums", NULL};

const struct cmd cmd_tool = {
	.name = "tool",
	.operands = "add FILE | list | sums | add-sums FILE.asc",
	.summary = "keep the node tool and its SHA-256",
	.doc = "'add' takes a program (ELF), its --version and its --arch. 'sums' "
	       "prints SHA256SUMS of every tool, to be signed where the release keys "
	       "are ('gpg --clearsign'); 'add-sums' stores it once it is vouched for.",
	.examples = "fips-manifest tool add fips-tool --version 1.0.0 --arch x86_64\n"
		    "fips-manifest tool sums >SHA256SUMS\n"
		    "fips-manifest tool add-sums SHA256SUMS.asc",
	.operands_min = 1,
	.operands_max = 2,
	.need = CMD_STORE_WRITE,
	.reading = reading,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
