/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_walk.h"

#include "core/text.h"
#include "core/tuf_find.h"

#include <stdlib.h>

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

static bool push(struct tuf_walk *w, const char *name, struct tuf_delegator by,
		 struct error *err)
{
	struct tuf_step *grown = realloc(w->stack, (w->depth + 1) * sizeof(*grown));

	if (!grown)
		return no_memory(err);
	w->stack = grown;
	memcpy(grown[w->depth].name, name, strlen(name) + 1);
	grown[w->depth++].by = by;
	return true;
}

bool tuf_walk_begin(struct tuf_walk *w, const char *path, struct tuf_delegator by,
		    struct error *err)
{
	struct digest d;

	*w = (struct tuf_walk){.path = path};
	if (path) {
		if (!digest_of_bytes(path, strlen(path), &d, err))
			return false;
		digest_hex(&d, w->hash);
	}
	return push(w, tuf_role_name(TUF_TARGETS), by, err);
}

void tuf_walk_clear(struct tuf_walk *w)
{
	for (size_t i = 0; i < w->seen_count; i++)
		free(w->seen[i]);
	free(w->seen);
	free(w->stack);
	*w = (struct tuf_walk)EMPTY;
}

static bool seen(const struct tuf_walk *w, const char *name)
{
	for (size_t i = 0; i < w->seen_count; i++)
		if (!strcmp(w->seen[i], name))
			return true;
	return false;
}

static bool remember(struct tuf_walk *w, const char *name, struct error *err)
{
	char **grown = realloc(w->seen, (w->seen_count + 1) * sizeof(*grown));

	if (!grown)
		return no_memory(err);
	w->seen = grown;
	grown[w->seen_count] = text_dup(name, strlen(name));
	return grown[w->seen_count++] || no_memory(err);
}

bool tuf_walk_next(struct tuf_walk *w, struct tuf_step *out, bool *more,
		   struct error *err)
{
	size_t limit = w->path ? TUF_DELEGATIONS_MAX + 1 : TUF_ROLES_MAX;

	while (w->depth && seen(w, w->stack[w->depth - 1].name))
		w->depth--;
	*more = w->depth > 0;
	if (!*more)
		return true;
	if (w->seen_count == limit)
		return error_set(err, ERR_LIMIT, "more than %zu roles to ask", limit);
	*out = w->stack[--w->depth];
	return remember(w, out->name, err);
}

static bool covers(const struct tuf_walk *w, const struct tuf_delegation *d)
{
	return !w->path || tuf_find_covers(d, w->path, w->hash);
}

/* The first on top of the stack. Behind a terminating one nothing is asked, here or
 * where the walk came from. */
static bool push_delegations(struct tuf_walk *w, const struct tuf_targets *t,
			     struct error *err)
{
	size_t end = 0;

	while (end < t->delegation_count) {
		const struct tuf_delegation *d = &t->delegations[end++];

		if (w->path && d->terminating && covers(w, d)) {
			w->depth = 0;
			break;
		}
	}
	while (end-- > 0) {
		const struct tuf_delegation *d = &t->delegations[end];
		struct tuf_delegator by = {&t->keys, &d->signers};

		if (covers(w, d) && !push(w, d->name, by, err))
			return false;
	}
	return true;
}

static bool push_bin(struct tuf_walk *w, const struct tuf_targets *t, struct error *err)
{
	struct tuf_delegator by = {&t->keys, &t->succinct_signers};
	char name[TUF_NAME_MAX + 1];

	if (!w->path)
		return error_set(err, ERR_LIMIT,
				 "succinct bins cannot be listed, only searched");
	w->depth = 0; /* bins terminate */
	return tuf_find_bin(t, w->path, name, err) && push(w, name, by, err);
}

bool tuf_walk_down(struct tuf_walk *w, const struct tuf_targets *role,
		   struct error *err)
{
	return role->succinct_bits ? push_bin(w, role, err)
				   : push_delegations(w, role, err);
}
