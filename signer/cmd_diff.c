/* SPDX-License-Identifier: Apache-2.0 */
/* diff: what one manifest says otherwise than another. */
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

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(side_clear) struct side a = EMPTY, b = EMPTY;
	size_t count;

	if (!read_side(ctx->store, ctx->operands[0], &a, err) ||
	    !read_side(ctx->store, ctx->operands[1], &b, err))
		return false;
	if (!change_tell(ctx->cli, &(struct change_side){&a.manifest, &a.digest, a.id},
			 &(struct change_side){&b.manifest, &b.digest, b.id}, &count,
			 err))
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
