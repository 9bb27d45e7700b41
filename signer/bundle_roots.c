/* SPDX-License-Identifier: Apache-2.0 */
/* The roots before the one that trust begins with: a mirror shows them all, because its
 * clients may begin with any of them. */
#include "core/text.h"
#include "core/tuf_trust.h"
#include "signer/bundle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Do two root files say the same? */
static bool same(const struct buf *a, const struct buf *b, bool *is, struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed x = EMPTY, y = EMPTY;

	if (!tuf_signed_parse(TUF_ROOT, a->data, a->len, &x, err) ||
	    !tuf_signed_parse(TUF_ROOT, b->data, b->len, &y, err))
		return false;
	*is = buf_equal(&x.canonical, &y.canonical);
	return true;
}

static bool version_of(const struct buf *root, int64_t *out, struct error *err)
{
	AUTO(tuf_trust_clear) struct tuf_trust t = EMPTY;

	if (!tuf_trust_first_root(&t, root, err))
		return error_prefix(err, "the root that --trust gives");
	*out = t.root.version;
	return true;
}

bool bundle_same_root(struct bundle *b, const struct buf *trust, struct error *err)
{
	AUTO(buf_clear) struct buf ours = BUF_MAX(TUF_ROOT_MAX);
	struct store_metadata m;
	bool is = false;
	int64_t version;

	if (!version_of(trust, &version, err) ||
	    !store_tuf_get(b->store, "root", version, &m, &ours, err) ||
	    !same(&ours, trust, &is, err))
		return false;
	return is || error_set(err, ERR_CONFLICT,
			       "the given root %" PRId64
			       " is not the one that this store has: it mirrors "
			       "another authority",
			       version);
}

/* Get root `version` and let it in behind the one before. */
static bool next(struct bundle *b, struct tuf_trust *t, int64_t version,
		 struct buf *last, struct error *err)
{
	char path[64];

	snprintf(path, sizeof(path), "metadata/%" PRId64 ".root.json", version);
	buf_reset(last);
	if (!tree_source_get(b->source, path, last, err))
		return false;
	return (version == 1 ? tuf_trust_first_root(t, last, err)
			     : tuf_trust_next_root(t, last, err)) &&
	       bundle_add_root(b, last->data, last->len, version, err);
}

bool bundle_first_roots(struct bundle *b, const struct buf *trust, struct error *err)
{
	AUTO(tuf_trust_clear) struct tuf_trust t = EMPTY;
	AUTO(buf_clear) struct buf last = BUF_MAX(TUF_ROOT_MAX);
	struct bundle_role *came = b->roots;
	size_t count = b->root_count;
	bool ok = true, is = false;
	int64_t begin;

	if (!version_of(trust, &begin, err))
		return false;
	b->roots = NULL;
	b->root_count = 0;
	for (int64_t v = 1; ok && v <= begin; v++)
		ok = next(b, &t, v, &last, err);
	ok = ok && same(&last, trust, &is, err) &&
	     (is ||
	      error_set(err, ERR_UNTRUSTED,
			"root %" PRId64 " of the source is not the one that was given",
			begin));
	for (size_t i = 0; i < count; i++) {
		ok = ok && bundle_add_root(b, came[i].bytes.data, came[i].bytes.len,
					   came[i].version, err);
		buf_clear(&came[i].bytes);
	}
	free(came);
	return ok;
}
