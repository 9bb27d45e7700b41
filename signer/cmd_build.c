/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build: release definitions and artifacts -> manifests; with --check, whether a
 * manifest is what its definition and artifacts give.
 *
 * Everything is built before the first file is written.
 */
#include "core/file.h"
#include "core/text.h"
#include "signer/build.h"
#include "signer/change.h"
#include "signer/cmd.h"
#include "signer/id.h"

#include <stdlib.h>

struct input {
	const char *artifacts;
	const char *output;
	const char *check;
};

enum { OPTION_CHECK = 0x100 };

static const int64_t CREATED_MAX = 253402300799; /* the end of 9999 */

static const struct argp_option options[] = {
	{"artifacts", 'a', "DIR", 0, "The folder of the artifacts", 0},
	{"output", 'o', "DIR", 0, "Write the manifests to DIR, which is made", 0},
	{"check", OPTION_CHECK, "FILE", 0,
	 "Write nothing: compare with the manifest FILE, signed or not", 0},
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;

	switch (key) {
	case 'a':
		in->artifacts = arg;
		return true;
	case 'o':
		in->output = arg;
		return true;
	case OPTION_CHECK:
		in->check = arg;
		return true;
	default:
		return error_set(err, ERR_INTERNAL, "unknown option");
	}
}

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

/* ---- what was built ---- */

struct built {
	struct manifest manifest;
	struct buf text;
	struct digest digest; /* of the text */
	char *id;
	char *path; /* where it goes */
};

struct builds {
	struct release *releases;
	struct manifest *manifests; /* until they move to items */
	struct built *items;
	size_t count;
};

static void builds_clear(struct builds *b)
{
	for (size_t i = 0; i < b->count; i++) {
		if (b->releases)
			release_clear(&b->releases[i]);
		if (b->manifests)
			manifest_clear(&b->manifests[i]);
		if (!b->items)
			continue;
		manifest_clear(&b->items[i].manifest);
		buf_clear(&b->items[i].text);
		free(b->items[i].id);
		free(b->items[i].path);
	}
	free(b->releases);
	free(b->manifests);
	free(b->items);
}

static bool finish(struct built *b, struct manifest *from, struct error *err)
{
	b->manifest = TAKE(*from);
	b->text.max = MANIFEST_TEXT_MAX;
	b->id = manifest_id(&b->manifest);
	return b->id ? manifest_write(&b->manifest, &b->text, err) &&
			       digest_of_bytes(b->text.data, b->text.len, &b->digest,
					       err)
		     : no_memory(err);
}

static bool time_of_creation(int64_t *out, struct error *err)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t t;

	*out = -1;
	if (!epoch || !*epoch)
		return true;
	if (!text_u64(epoch, 0, (uint64_t)CREATED_MAX, &t))
		return error_set(err, ERR_USAGE,
				 "SOURCE_DATE_EPOCH is not seconds since 1970: '%s'",
				 TEXT_SAFE(epoch));
	*out = (int64_t)t;
	return true;
}

static bool make(struct cmd_context *ctx, struct builds *b, struct error *err)
{
	const struct input *in = ctx->input;
	struct build_input input = {.artifacts = in->artifacts,
				    .count = ctx->operand_count};

	if (!time_of_creation(&input.created, err))
		return false;
	b->releases = calloc(ctx->operand_count, sizeof(*b->releases));
	b->manifests = calloc(ctx->operand_count, sizeof(*b->manifests));
	b->items = calloc(ctx->operand_count, sizeof(*b->items));
	if (!b->releases || !b->manifests || !b->items)
		return no_memory(err);
	b->count = ctx->operand_count;
	for (size_t i = 0; i < b->count; i++)
		if (!release_read(ctx->operands[i], &b->releases[i], err))
			return false;
	input.releases = b->releases;
	if (!build_run(&input, ctx->cli, b->manifests, err))
		return false;
	for (size_t i = 0; i < b->count; i++)
		if (!finish(&b->items[i], &b->manifests[i], err))
			return false;
	return true;
}

/* ---- writing ---- */

/* Several versions of Kubernetes at once get a folder each. */
static bool has_versions(const struct builds *b)
{
	for (size_t i = 1; i < b->count; i++)
		if (strcmp(b->items[i].manifest.kubernetes,
			   b->items[0].manifest.kubernetes) != 0)
			return true;
	return false;
}

static bool set_paths(struct builds *b, const char *output, struct error *err)
{
	bool folders = has_versions(b);

	for (size_t i = 0; i < b->count; i++) {
		struct built *one = &b->items[i];
		AUTO(text_freep) char *name = manifest_file_name(&one->manifest);
		AUTO(text_freep)
		char *folder = folders ? file_join(output, one->manifest.kubernetes)
				       : text_dup(output, strlen(output));

		one->path = name && folder ? file_join(folder, name) : NULL;
		if (!one->path)
			return no_memory(err);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(b->items[k].path, one->path))
				return error_set(err, ERR_CONFLICT,
						 "%s and %s make the same file '%s': "
						 "build them into two folders",
						 TEXT_SAFE(b->releases[k].file),
						 TEXT_SAFE(b->releases[i].file),
						 TEXT_SAFE(one->path));
	}
	return true;
}

static bool write_all(const struct builds *b, const char *output, struct error *err)
{
	if (!file_mkdir(output, 0777, err))
		return false;
	for (size_t i = 0; i < b->count; i++) {
		const struct built *one = &b->items[i];
		AUTO(text_freep)
		char *folder = file_join(output, one->manifest.kubernetes);

		if (!folder)
			return no_memory(err);
		if ((has_versions(b) && !file_mkdir(folder, 0777, err)) ||
		    !file_write_atomic(one->path, one->text.data, one->text.len, 0644,
				       err))
			return false;
	}
	return true;
}

static bool print_json(const struct cli *cli, const struct builds *b, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	struct json_writer w = json_writer(&text);

	json_open(&w, NULL, '[');
	for (size_t i = 0; i < b->count; i++) {
		json_open(&w, NULL, '{');
		cmd_put_name(&w, "definition", b->releases[i].file);
		cmd_put_name(&w, "file", b->items[i].path);
		json_put_string(&w, "id", b->items[i].id);
		json_put_string(&w, "sha256", DIGEST_HEX(&b->items[i].digest));
		json_close(&w);
	}
	json_close(&w);
	return cmd_print_json(cli, &w, err);
}

/* Paths on stdout, for a shell that goes on with them; the rest is talk. */
static bool print(const struct cli *cli, const struct builds *b, struct error *err)
{
	if (cli->json)
		return print_json(cli, b, err);
	for (size_t i = 0; i < b->count; i++) {
		const struct built *one = &b->items[i];
		size_t files = 0;

		for (size_t k = 0; k < one->manifest.component_count; k++)
			files += one->manifest.components[k].file_count;
		cli_say(cli, "%s: %zu component%s, %zu file%s, sha256 %s", one->id,
			one->manifest.component_count,
			one->manifest.component_count == 1 ? "" : "s", files,
			files == 1 ? "" : "s", DIGEST_HEX(&one->digest));
		fprintf(cli->out, "%s\n", one->path);
	}
	return true;
}

/* ---- checking ---- */

static bool check(struct cmd_context *ctx, const struct built *b, const char *file,
		  struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(manifest_clear) struct manifest there = EMPTY;
	AUTO(text_freep) char *id = NULL;
	struct digest digest;
	size_t count;

	if (!id_text(NULL, file, &text, err))
		return false;
	if (!manifest_parse(text.data ? text.data : "", text.len, &there, err) ||
	    !digest_of_bytes(text.data, text.len, &digest, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(file));
	id = manifest_id(&there);
	if (!id)
		return no_memory(err);
	if (!change_tell(ctx->cli, &(struct change_side){&there, &digest, id},
			 &(struct change_side){&b->manifest, &b->digest, b->id}, &count,
			 err))
		return false;
	if (!digest_equal(&digest, &b->digest))
		return error_set(err, ERR_MISMATCH,
				 "'%s' is not what the definition and artifacts give: "
				 "%zu %s",
				 TEXT_SAFE(file), count,
				 count == 1 ? "difference" : "differences");
	if (!ctx->cli->json)
		cli_say(ctx->cli, "%s: '%s' is what the definition and artifacts give",
			b->id, TEXT_SAFE(file));
	return true;
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(builds_clear) struct builds b = EMPTY;
	const struct input *in = ctx->input;

	if (!in->artifacts)
		return error_set(
			err, ERR_USAGE,
			"--artifacts DIR is missing: where the RPMs, images and "
			"tarballs are");
	if (!in->output == !in->check)
		return error_set(err, ERR_USAGE,
				 "either --output DIR or --check FILE is needed");
	if (in->check && ctx->operand_count != 1)
		return error_set(err, ERR_USAGE, "--check takes one definition");
	if (!make(ctx, &b, err))
		return false;
	if (in->check)
		return check(ctx, &b.items[0], in->check, err);
	return set_paths(&b, in->output, err) && write_all(&b, in->output, err) &&
	       print(ctx->cli, &b, err);
}

const struct cmd cmd_build = {
	.name = "build",
	.operands = "RELEASE.yaml...",
	.summary = "make manifests of release definitions and their artifacts",
	.doc = "Writes DIR/manifest-elEL-ARCH.json; definitions of several Kubernetes "
	       "versions at once give DIR/VERSION/manifest-elEL-ARCH.json. An existing "
	       "file is replaced. The time of creation comes from the definition, else "
	       "from SOURCE_DATE_EPOCH. With --check, differences are printed and the "
	       "exit status is 1.",
	.examples =
		"fips-manifest build releases/*.yaml --artifacts artifacts --output .\n"
		"fips-manifest build el8-v1.21.3.yaml -a artifacts --check "
		"manifest.asc",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.need = CMD_NO_STORE,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
