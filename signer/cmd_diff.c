/* SPDX-License-Identifier: Apache-2.0 */
/* diff: what one manifest says otherwise than another. */
#include "core/digest.h"
#include "core/manifest.h"
#include "core/text.h"
#include "signer/change.h"
#include "signer/cmd.h"
#include "signer/id.h"

/* One of the two sides. */
struct side {
	struct manifest manifest;
	struct digest digest; /* of its text */
	char *id;
};

static void side_clear(struct side *s)
{
	manifest_clear(&s->manifest);
	text_freep(&s->id);
}

static bool read_side(struct store *store, const char *name, struct side *out,
		      struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);

	if (!id_text(store, name, &text, err))
		return false;
	if (!manifest_parse(text.data ? text.data : "", text.len, &out->manifest,
			    err) ||
	    !digest_of_bytes(text.data, text.len, &out->digest, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(name));
	out->id = manifest_id(&out->manifest);
	return out->id || error_set(err, ERR_SYSTEM, "no memory");
}

/* ---- one line a difference ---- */

static bool diff_text(struct cmd_context *ctx, const struct side *a,
		      const struct side *b, size_t *count, struct error *err)
{
	struct change_talk t = {.out = ctx->cli->out};

	if (!manifest_compare(&a->manifest, &b->manifest, change_print, &t, err))
		return false;
	*count = t.count;
	return true;
}

/* ---- JSON ---- */

struct list {
	struct json_writer w;
	size_t count;
};

static void put_change(void *arg, const struct manifest_change *c)
{
	struct list *l = arg;

	l->count++;
	json_open(&l->w, NULL, '{');
	json_put_optional(&l->w, "component", c->component);
	json_put_string(&l->w, "field", c->field);
	json_put_optional(&l->w, "from", c->from);
	json_put_optional(&l->w, "path", c->path);
	json_put_optional(&l->w, "to", c->to);
	json_close(&l->w);
}

static void put_side(struct json_writer *w, const char *key, const struct side *s)
{
	json_open(w, key, '{');
	json_put_string(w, "digest", DIGEST_HEX(&s->digest));
	json_put_string(w, "id", s->id);
	json_close(w);
}

static bool diff_json(struct cmd_context *ctx, const struct side *a,
		      const struct side *b, size_t *count, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	struct list l = {.w = json_writer(&text)};

	json_open(&l.w, NULL, '{');
	json_open(&l.w, "changes", '[');
	if (!manifest_compare(&a->manifest, &b->manifest, put_change, &l, err))
		return false;
	json_close(&l.w);
	put_side(&l.w, "from", a);
	put_side(&l.w, "to", b);
	json_close(&l.w);
	*count = l.count;
	return cmd_print_json(ctx->cli, &l.w, err);
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(side_clear) struct side a = EMPTY, b = EMPTY;
	size_t count = 0;

	if (!read_side(ctx->store, ctx->operands[0], &a, err) ||
	    !read_side(ctx->store, ctx->operands[1], &b, err))
		return false;
	if (!(ctx->cli->json ? diff_json : diff_text)(ctx, &a, &b, &count, err))
		return false;
	if (!count)
		return true;
	return error_set(err, ERR_MISMATCH, "%s and %s differ in %zu %s", a.id, b.id,
			 count, count == 1 ? "place" : "places");
}

const struct cmd cmd_diff = {
	.name = "diff",
	.operands = "A B",
	.summary = "tell what manifest B says otherwise than manifest A",
	.doc = "A and B are IDs in the store or files, .json or .json.asc, whose "
	       "signatures are not looked at. Exit status 1 when they differ.",
	.examples = "fips-manifest diff el8/v1.21.3@1 el8/v1.21.3@2",
	.operands_min = 2,
	.operands_max = 2,
	.need = CMD_STORE_MAYBE,
	.run = run,
};
