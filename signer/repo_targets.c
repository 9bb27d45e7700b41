/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/repo_targets.h"

#include <stdio.h>
#include <stdlib.h>

struct targets {
	const struct tree *tree;
	struct store_target *current;
	size_t count, room;
};

static bool take_target(void *arg, const struct store_target *t, struct error *err)
{
	struct targets *all = arg;
	struct store_target *grown;

	if (all->count == all->room) {
		grown = reallocarray(all->current, all->room * 2 + 64, sizeof(*grown));
		if (!grown)
			return error_set(err, ERR_SYSTEM, "no memory");
		all->current = grown;
		all->room = all->room * 2 + 64;
	}
	all->current[all->count++] = *t;
	return true;
}

static bool put_target(struct store *s, const struct tree_entry *e, int64_t at,
		       struct error *err)
{
	struct store_target t = {.digest = e->digest, .size = e->size};

	snprintf(t.path, sizeof(t.path), "%s", e->path);
	t.kind = e->bytes ? STORE_TARGET_MADE : (enum store_target_kind)e->kind;
	t.of = e->bytes ? 0 : e->row;
	return store_tuf_put_target(s, &t, e->bytes, at, err);
}

/* A manifest that left the tree was withdrawn or is distrusted: its file goes at
 * once. What was replaced is shown for a while. */
static bool end_targets(struct store *s, const struct targets *all, int64_t at,
			struct error *err)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct store_target *t = &all->current[i];
		const struct tree_entry *e = tree_find(all->tree, t->path);

		if (e && digest_equal(&e->digest, &t->digest))
			continue;
		if (!store_tuf_end_target(s, t->row, e ? at : 0, err))
			return false;
	}
	return true;
}

static bool put_new(struct store *s, const struct targets *all, int64_t at,
		    struct error *err)
{
	size_t next = 0; /* both lists are sorted by path */

	for (size_t i = 0; i < all->tree->count; i++) {
		const struct tree_entry *e = &all->tree->entries[i];
		int c = -1;

		if (!repo_roles_lists(e->path))
			continue;
		while (next < all->count &&
		       (c = strcmp(all->current[next].path, e->path)) < 0)
			next++;
		if (next < all->count && !c &&
		    digest_equal(&all->current[next].digest, &e->digest))
			continue;
		if (!put_target(s, e, at, err))
			return false;
	}
	return true;
}

bool repo_targets_put(struct store *s, const struct tree *tree, int64_t at,
		      struct error *err)
{
	struct targets all = {.tree = tree};
	bool ok = store_tuf_each_target(s, true, take_target, &all, err) &&
		  end_targets(s, &all, at, err) && put_new(s, &all, at, err);

	free(all.current);
	return ok;
}

/* ---- roles ---- */

struct gone {
	const struct repo_roles *roles;
	char (*names)[STORE_ROLE_SIZE];
	size_t count;
};

static bool is_top(const char *role)
{
	for (int k = 0; k < TUF_KINDS; k++)
		if (!strcmp(role, tuf_role_name((enum tuf_kind)k)))
			return true;
	return false;
}

static bool find_gone(void *arg, const struct store_metadata *m, struct error *err)
{
	struct gone *g = arg;
	void *grown;

	if (is_top(m->role))
		return true;
	for (size_t i = 0; i < g->roles->count; i++)
		if (!strcmp(g->roles->list[i].name, m->role))
			return true;
	grown = reallocarray(g->names, g->count + 1, sizeof(*g->names));
	if (!grown)
		return error_set(err, ERR_SYSTEM, "no memory");
	g->names = grown;
	memcpy(g->names[g->count++], m->role, sizeof(m->role));
	return true;
}

bool repo_targets_end_roles(struct store *s, const struct repo_roles *roles, int64_t at,
			    struct error *err)
{
	struct gone g = {.roles = roles};
	bool ok = store_tuf_each(s, true, find_gone, &g, err);

	for (size_t i = 0; ok && i < g.count; i++)
		ok = store_tuf_end(s, g.names[i], at, err);
	free(g.names);
	return ok;
}
