/* SPDX-License-Identifier: Apache-2.0 */
/* export: the published tree to a folder, a tar or an OCI layout. */
#include "core/file.h"
#include "core/json.h"
#include "core/store_tuf.h"
#include "core/text.h"
#include "core/tree_dir.h"
#include "core/tree_oci.h"
#include "core/tree_tar.h"
#include "signer/cmd.h"
#include "signer/repo.h"

#include <inttypes.h>
#include <stdlib.h>

struct input {
	bool zstd;
	uint64_t since;
	const char *since_bundle;
};

enum { OPT_ZSTD = 1000, OPT_SINCE, OPT_SINCE_BUNDLE };

static const struct argp_option options[] = {
	{"zstd", OPT_ZSTD, NULL, 0,
	 "Compress a tar with zstd (a name in .tar.zst says so, too)", 0},
	{"since", OPT_SINCE, "VERSION", 0,
	 "Into a tar, only what a mirror at this snapshot lacks", 0},
	{"since-bundle", OPT_SINCE_BUNDLE, "FILE", 0,
	 "Into a tar, only what whoever has this bundle lacks", 0},
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;

	if (key == OPT_ZSTD)
		in->zstd = true;
	else if (key == OPT_SINCE_BUNDLE)
		in->since_bundle = arg;
	else if (!text_u64(arg, 1, INT32_MAX, &in->since))
		return error_set(err, ERR_USAGE, "'%s' is no version of a snapshot",
				 TEXT_SAFE(arg));
	return true;
}

static void on_file(void *arg, const struct tree_entry *e)
{
	cli_progress_add(arg, e->size, file_basename(e->path));
}

static bool write_oci(const struct tree *t, const char *where, struct tree_writing *how,
		      struct tree_written *out, struct error *err)
{
	AUTO(text_freep) char *dir = NULL;
	AUTO(text_freep) char *tag = NULL;

	if (!tree_oci_split(where, &dir, &tag, err))
		return false;
	how->tag = tag;
	return tree_oci_write(t, dir, how, out, err);
}

static bool is_tar(const char *dest)
{
	return text_ends(dest, ".tar") || text_ends(dest, ".tar.zst");
}

/* What goes into a tar alone; and no folder gets the name of another archive. */
static bool check_dest(const struct input *in, const char *dest, struct error *err)
{
	static const char *const others[] = {".gz",  ".tgz",  ".xz", ".bz2",
					     ".zst", ".tzst", ".zip"};

	if (is_tar(dest))
		return true;
	if (in->since || in->since_bundle)
		return error_set(
			err, ERR_USAGE,
			"a part of the tree goes into a tar, and '%s' does not "
			"end in .tar",
			TEXT_SAFE(dest));
	if (in->zstd)
		return error_set(err, ERR_USAGE,
				 "--zstd is for a tar, and '%s' does not end in .tar",
				 TEXT_SAFE(dest));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (text_ends(dest, others[i]))
			return error_set(err, ERR_USAGE,
					 "an archive is written as NAME.tar or "
					 "NAME.tar.zst, not as '%s'",
					 TEXT_SAFE(dest));
	return true;
}

static bool write_tree(const struct tree *t, const char *dest, struct tree_writing *how,
		       struct tree_written *out, struct error *err)
{
	if (text_starts(dest, "oci:"))
		return write_oci(t, dest + strlen("oci:"), how, out, err);
	how->zstd |= text_ends(dest, ".zst");
	return is_tar(dest) ? tree_tar_write(t, dest, how, out, err)
			    : tree_dir_write(t, dest, how, out, err);
}

/* ---- only what the other side lacks ---- */

/* What it can make again from the targets is not sent; every root is. */
static bool lacks(const struct input *in, struct tree_source *had,
		  const struct tree_entry *e)
{
	if (text_ends(e->path, ".root.json") || text_ends(e->path, "/timestamp.json"))
		return true;
	if (!text_starts(e->path, "metadata/") && !text_starts(e->path, "targets/"))
		return false;
	return had ? !tree_source_has(had, e->path) : e->since > (int64_t)in->since;
}

static bool reduce(const struct input *in, struct tree *t, struct error *err)
{
	AUTO(tree_source_closep) struct tree_source *had = NULL;
	size_t n = 0;

	if (in->since_bundle && !tree_source_open(in->since_bundle, NULL, &had, err))
		return false;
	for (size_t i = 0; i < t->count; i++) {
		if (lacks(in, had, &t->entries[i])) {
			t->entries[n++] = t->entries[i];
			continue;
		}
		free(t->entries[i].path);
		free(t->entries[i].bytes);
	}
	t->count = n;
	return true;
}

/* A mirror is never ahead of its authority: that number is a mistake. */
static bool check_since(const struct input *in, struct store *s, struct error *err)
{
	struct store_metadata m;

	if (!in->since)
		return true;
	if (!store_tuf_get(s, "snapshot", 0, &m, NULL, err))
		return err->code == ERR_NOT_FOUND
			       ? error_set(err, ERR_NOT_FOUND, REPO_NO_ROLES)
			       : false;
	return (int64_t)in->since <= m.version ||
	       error_set(err, ERR_CONFLICT,
			 "no mirror is at snapshot %" PRIu64 ": the newest is %" PRId64,
			 in->since, m.version);
}

static bool report(const struct cli *cli, const struct tree *t, const char *dest,
		   const struct tree_written *done, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(65536);
	struct json_writer w = json_writer(&text);

	cli_say(cli,
		"exported %zu manifests and %zu tools to '%s': %zu files, %zu of them "
		"written (%" PRIu64 " bytes)",
		t->index.manifest_count, t->index.tool_count, TEXT_SAFE(dest),
		done->files, done->fresh, done->bytes);
	if (!cli->json)
		return true;
	json_open(&w, NULL, '{');
	cmd_put_name(&w, "destination", dest);
	json_put_integer(&w, "files", (int64_t)done->files);
	json_put_integer(&w, "manifests", (int64_t)t->index.manifest_count);
	json_put_integer(&w, "tools", (int64_t)t->index.tool_count);
	json_put_integer(&w, "written", (int64_t)done->fresh);
	json_put_integer(&w, "written_bytes", (int64_t)done->bytes);
	json_close(&w);
	if (!json_write_end(&w, err))
		return false;
	fputs(text.data, cli->out);
	return true;
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(cli_progress_freep) struct cli_progress *progress = NULL;
	const struct input *in = ctx->input;
	struct tree_writing how = {.zstd = in->zstd, .begun = on_file};
	AUTO(tree_clear) struct tree t = EMPTY;
	struct tree_written done = EMPTY;
	uint64_t total = 0;
	bool ok;

	if (!check_dest(in, ctx->operands[0], err) ||
	    !check_since(in, ctx->store, err) ||
	    !tree_from_store_current(ctx->store, &t, err) ||
	    ((in->since || in->since_bundle) && !reduce(in, &t, err)))
		return false;
	for (size_t i = 0; i < t.count; i++)
		total += t.entries[i].size;
	progress = cli_progress_new(ctx->cli, "export", total);
	how.arg = progress;
	ok = write_tree(&t, ctx->operands[0], &how, &done, err);
	cli_progress_freep(&progress);
	return ok && report(ctx->cli, &t, ctx->operands[0], &done, err);
}

const struct cmd cmd_export = {
	.name = "export",
	.operands = "DEST",
	.summary = "write the published tree to a folder, a tar or an OCI layout",
	.doc = "DEST is a folder that any web server or rsync carries, NAME.tar or "
	       "NAME.tar.zst, or oci:DIR[:TAG], an OCI image layout for skopeo. It "
	       "holds "
	       "the old tree whole or the new one whole; in a folder and a layout a "
	       "file "
	       "that did not change is not written again.",
	.examples = "fips-manifest export tree.tar\n"
		    "fips-manifest export --since-bundle tree.tar newer.tar\n"
		    "fips-manifest export oci:layout",
	.operands_min = 1,
	.operands_max = 1,
	.need = CMD_STORE_READ,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
