/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/standing.h"

static bool judge_complete(struct store *s, const struct vouch *v,
			   const struct store_manifest *m, struct standing *out,
			   struct error *err)
{
	struct store_signed f;

	if (!store_signed(s, m->row, &f, err) ||
	    !vouch_stands(v, s, &f, &out->trusted, err))
		return false;
	out->judged = true;
	if (!out->trusted)
		out->name = store_state_name(STORE_PENDING);
	return true;
}

static bool judge_published(struct store *s, const struct vouch *v,
			    const struct store_manifest *m, struct standing *out,
			    struct error *err)
{
	struct store_signed f;
	bool superseded;

	if (!store_shown(s, m->row, &f, &superseded, err))
		return false;
	if (superseded) {
		out->name = "superseded";
		return true;
	}
	out->judged = true;
	out->visible = !f.distrusted;
	if (out->visible && !vouch_stands(v, s, &f, &out->trusted, err))
		return false;
	if (!out->trusted)
		out->name = "untrusted";
	return true;
}

bool standing_of(struct store *s, const struct vouch *v, const struct store_manifest *m,
		 struct standing *out, struct error *err)
{
	struct standing st = {.name = store_state_name(m->state)};

	if ((m->state == STORE_COMPLETE && !judge_complete(s, v, m, &st, err)) ||
	    (m->state == STORE_PUBLISHED && !judge_published(s, v, m, &st, err)))
		return false;
	*out = st;
	return true;
}
