/* SPDX-License-Identifier: Apache-2.0 */
/* find: which manifests list a digest: a file's, an artifact's or their own. */
#include "core/file.h"
#include "core/text.h"
#include "signer/cmd.h"
#include "signer/standing.h"

#include <errno.h>
#include <fcntl.h>

struct find {
	struct cmd_context *ctx;
	const struct digest *wanted;
	struct json_writer json;
	struct vouch vouch;
	int64_t row; /* of the manifest that was found last, and */
	struct standing standing;
	size_t count;
};

static void find_clear(struct find *f)
{
	vouch_clear(&f->vouch);
}

static void put(struct json_writer *w, const struct store_hit *h, const char *id,
		const struct standing *st)
{
	json_open(w, NULL, '{');
	json_put_optional(w, "component", *h->component ? h->component : NULL);
	json_put_string(w, "id", id);
	json_put_optional(w, "path", *h->path ? h->path : NULL);
	json_put_string(w, "state", store_state_name(h->manifest.state));
	json_put_bool(w, "superseded", h->superseded);
	if (st->judged)
		json_put_bool(w, "trusted", st->trusted);
	json_close(w);
}

static bool each(void *arg, const struct store_hit *h, struct error *err)
{
	AUTO(buf_clear) struct buf path = BUF_MAX(65536);
	struct find *f = arg;
	char id[STORE_ID_SIZE];

	text_escape(h->path, strlen(h->path), &path);
	if (!buf_ok(&path, err))
		return false;
	if (f->row != h->manifest.row &&
	    !standing_of(f->ctx->store, &f->vouch, &h->manifest, &f->standing, err))
		return false;
	f->row = h->manifest.row;
	f->count++;
	store_manifest_id(&h->manifest, id);
	if (f->ctx->cli->json)
		put(&f->json, h, id, &f->standing);
	else
		fprintf(f->ctx->cli->out, "%-32s %-11s %s %s\n", id, f->standing.name,
			*h->component ? h->component : "(the manifest)",
			path.len        ? path.data
			: *h->component ? "(the artifact)"
					: "");
	return true;
}

/* "sha256:HEX", "HEX", or the digest of a file. */
static bool digest_named(const char *name, struct digest *out, struct error *err)
{
	const char *hex = text_starts(name, "sha256:") ? name + 7 : name;
	AUTO(file_closep) int fd = -1;
	uint64_t size;

	if (digest_unhex(hex, out))
		return true;
	if (!file_open(name, O_RDONLY, &fd, err))
		return err->os != ENOENT
			       ? false
			       : error_set(err, ERR_NOT_FOUND,
					   "'%s' is neither a digest, 64 hex digits, "
					   "nor a file that is here",
					   TEXT_SAFE(name));
	return digest_of_fd(fd, out, &size, err) ||
	       error_prefix(err, "'%s'", TEXT_SAFE(name));
}

static bool look(struct store *s, void *arg, struct error *err)
{
	struct find *f = arg;

	return vouch_load_any(s, &f->vouch, err) &&
	       store_find_digest(s, f->wanted, each, f, err);
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	struct digest d;
	AUTO(find_clear)
	struct find f = {.ctx = ctx, .wanted = &d, .json = json_writer(&text)};

	if (!digest_named(ctx->operands[0], &d, err))
		return false;
	json_open(&f.json, NULL, '{');
	json_put_string(&f.json, "digest", DIGEST_HEX(&d));
	json_open(&f.json, "found", '[');
	if (!store_view(ctx->store, look, &f, err))
		return false;
	json_close(&f.json);
	json_close(&f.json);
	if (ctx->cli->json && !cmd_print_json(ctx->cli, &f.json, err))
		return false;
	if (f.count)
		return true;
	return error_set(err, ERR_MISMATCH, "no manifest lists the digest %s",
			 DIGEST_HEX(&d));
}

const struct cmd cmd_find = {
	.name = "find",
	.operands = "DIGEST|FILE",
	.summary = "say which manifests list a digest",
	.doc = "DIGEST is 64 hex digits, with or without \"sha256:\". Exit status 1 "
	       "when "
	       "none does.",
	.examples = "fips-manifest find /usr/bin/kubelet",
	.operands_min = 1,
	.operands_max = 1,
	.need = CMD_STORE_READ,
	.run = run,
};
