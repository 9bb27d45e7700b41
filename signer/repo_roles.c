/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/repo_roles.h"

#include "core/text.h"
#include "core/tuf_edit.h"
#include "core/tuf_find.h"
#include "core/tuf_signed.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAJOR_MAX = 100, DIGITS_MAX = 2, BINS_MAX = 256, CUSTOM_MAX = 1 << 20 };

static const char index_role[] = "index";

static bool is_index(const char *path)
{
	return !strcmp(path, "index.json") || !strcmp(path, "index.html");
}

bool repo_roles_lists(const char *path)
{
	return is_index(path) || text_starts(path, "manifests/") ||
	       text_starts(path, "keys/") ||
	       (text_starts(path, "tool/") && !text_ends(path, ".sha256"));
}

void repo_roles_clear(struct repo_roles *r)
{
	for (size_t i = 0; i < r->count; i++)
		tuf_role_clear_targets(&r->list[i].body);
	free(r->list);
	*r = (struct repo_roles)EMPTY;
}

static bool add_role(struct repo_roles *r, const char *name, size_t parent,
		     struct error *err)
{
	struct repo_role *grown;

	if (r->count == r->room) {
		grown = reallocarray(r->list, r->room * 2 + 16, sizeof(*grown));
		if (!grown)
			return error_set(err, ERR_SYSTEM, "no memory");
		r->list = grown;
		r->room = r->room * 2 + 16;
	}
	r->list[r->count] = (struct repo_role){.parent = parent};
	snprintf(r->list[r->count].name, sizeof(r->list[0].name), "%s", name);
	r->count++;
	return true;
}

/* ---- targets ---- */

/* What a client wants to know before it fetches; and, behind a withdrawn revision,
 * why that one no longer holds. */
static bool make_custom(const struct index *x, const struct index_manifest *m,
			struct buf *out, struct error *err)
{
	struct json_writer w = json_writer(out);
	bool any = false;

	w.compact = true;
	json_open(&w, NULL, '{');
	json_put_string(&w, "arch", m->arch);
	json_put_string(&w, "el", m->el);
	json_put_string(&w, "kubernetes", m->kubernetes);
	json_put_integer(&w, "revision", m->revision);
	for (size_t i = 0; i < x->withdrawn_count; i++) {
		const struct index_withdrawn *old = &x->withdrawn[i];

		if (strcmp(old->el, m->el) != 0 || strcmp(old->arch, m->arch) != 0 ||
		    strcmp(old->kubernetes, m->kubernetes) != 0)
			continue;
		if (!any)
			json_open(&w, "withdrawn", '[');
		any = true;
		json_open(&w, NULL, '{');
		json_put_string(&w, "reason", old->reason);
		json_put_integer(&w, "revision", old->revision);
		json_close(&w);
	}
	if (any)
		json_close(&w);
	json_close(&w);
	return json_write_end(&w, err);
}

static bool put_target(struct repo_role *role, const struct tree_entry *e, char *custom,
		       struct error *err)
{
	struct tuf_target t = {
		.path = e->path,
		.length = e->size,
		.hashes = {.has_sha256 = true, .sha256 = e->digest},
		.custom = custom,
	};

	return tuf_edit_put_target(&role->body, &t, err);
}

static bool put_manifest(struct repo_role *role, const struct tree *tree,
			 const struct index_manifest *m, struct error *err)
{
	AUTO(buf_clear) struct buf custom = BUF_MAX(CUSTOM_MAX);
	const struct tree_entry *e = tree_find(tree, m->path);

	if (!e)
		return error_set(err, ERR_INTERNAL, "the tree has no '%s'", m->path);
	return make_custom(&tree->index, m, &custom, err) &&
	       put_target(role, e, custom.data, err);
}

/* ---- one EL ---- */

/* An EL role in the making. */
struct el {
	struct repo_roles *roles;
	const struct tree *tree;
	size_t at; /* of its role */
	unsigned major;
	unsigned digits;       /* of its bins' names; 0: it has none */
	size_t bins[BINS_MAX]; /* their roles; 0: not there */
};

static unsigned major_of(const char *el)
{
	return (unsigned)strtoul(el, NULL, 10);
}

static bool add_bin(struct el *el, unsigned bin, struct error *err)
{
	char name[STORE_ROLE_SIZE];

	if (el->bins[bin])
		return true;
	snprintf(name, sizeof(name), "el%u-%0*x", el->major, (int)el->digits, bin);
	el->bins[bin] = el->roles->count;
	return add_role(el->roles, name, el->at, err);
}

/* The first digits of the SHA-256 of a target's path. */
static bool bin_of(const struct el *el, const char *path, unsigned *out,
		   struct error *err)
{
	struct digest d;

	if (!digest_of_bytes(path, strlen(path), &d, err))
		return false;
	*out = el->digits == 1 ? d.bytes[0] >> 4 : d.bytes[0];
	return true;
}

static bool place_manifest(struct el *el, const struct index_manifest *m,
			   struct error *err)
{
	unsigned bin;

	if (!el->digits)
		return put_manifest(&el->roles->list[el->at], el->tree, m, err);
	return bin_of(el, m->path, &bin, err) && add_bin(el, bin, err) &&
	       put_manifest(&el->roles->list[el->bins[bin]], el->tree, m, err);
}

/* Bins that were published stay; so does how they are cut. */
static bool keep_bins(struct el *el, const struct tuf_targets *old, struct error *err)
{
	for (size_t i = 0; i < old->delegation_count; i++) {
		const char *dash = strchr(old->delegations[i].name, '-');
		size_t digits = dash ? strlen(dash + 1) : 0;

		if (digits < 1 || digits > DIGITS_MAX)
			return error_set(err, ERR_CONFLICT,
					 "el%u delegates to '%s', which is no bin",
					 el->major,
					 TEXT_SAFE(old->delegations[i].name));
		if (digits > el->digits)
			el->digits = (unsigned)digits;
	}
	for (size_t i = 0; i < old->delegation_count; i++) {
		const char *hex = strchr(old->delegations[i].name, '-') + 1;

		if (strlen(hex) == el->digits &&
		    !add_bin(el, (unsigned)strtoul(hex, NULL, 16), err))
			return false;
	}
	return true;
}

/* The role as it is published; *there is false when it is not. */
static bool read_old(struct store *s, const char *name, struct tuf_targets *out,
		     bool *there, struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;
	AUTO(buf_clear) struct buf bytes = BUF_MAX(TUF_TARGETS_MAX);
	struct store_metadata m;

	*there = store_tuf_get(s, name, 0, &m, &bytes, err);
	if (!*there) {
		if (err->code != ERR_NOT_FOUND)
			return false;
		error_clear(err);
		return true;
	}
	return tuf_signed_parse(TUF_TARGETS, bytes.data, bytes.len, &file, err) &&
	       tuf_role_read_targets(tuf_signed_body(&file), out, err);
}

static unsigned digits_for(size_t count)
{
	return count <= REPO_BIN_MAX ? 0 : count <= 16 * REPO_BIN_MAX ? 1 : 2;
}

/* Does anything make this EL a role? */
static bool make_el(struct store *s, struct repo_roles *roles, const struct tree *tree,
		    unsigned major, struct error *err)
{
	AUTO(tuf_role_clear_targets) struct tuf_targets old = EMPTY;
	struct el el = {.roles = roles, .tree = tree, .major = major};
	const struct index *x = &tree->index;
	char name[STORE_ROLE_SIZE];
	size_t count = 0;
	bool there;

	for (size_t i = 0; i < x->manifest_count; i++)
		count += major_of(x->manifests[i].el) == major;
	snprintf(name, sizeof(name), "el%u", major);
	if (!read_old(s, name, &old, &there, err))
		return false;
	if (!count && !there)
		return true;
	el.at = roles->count;
	el.digits = digits_for(count);
	if (!add_role(roles, name, 0, err) || !keep_bins(&el, &old, err))
		return false;
	for (size_t i = 0; i < x->manifest_count; i++)
		if (major_of(x->manifests[i].el) == major &&
		    !place_manifest(&el, &x->manifests[i], err))
			return false;
	return true;
}

/* ---- delegations ---- */

/* The keys of a delegated role; borrowed from root where the store names none. */
struct delegates {
	struct tuf_key keys[64];
	size_t count;
};

static void delegates_clear(struct delegates *d)
{
	for (size_t i = 0; i < d->count; i++)
		tuf_key_clear(&d->keys[i]);
}

static bool take_key(void *arg, const struct store_role_key *k, struct error *err)
{
	struct delegates *d = arg;

	if (d->count == ARRAY_LEN(d->keys))
		return error_set(err, ERR_LIMIT, "more than %zu keys of one role",
				 ARRAY_LEN(d->keys));
	if (!tuf_key_init(NULL, k->type, k->scheme, k->value, &d->keys[d->count], err))
		return false;
	d->count++;
	return true;
}

static bool root_keys(const struct tuf_root *root, struct delegates *d,
		      struct error *err)
{
	const struct tuf_signers *by = &root->roles[TUF_TARGETS];

	for (size_t i = 0; i < by->count && d->count < ARRAY_LEN(d->keys); i++) {
		const struct tuf_key *k = tuf_find_key(&root->keys, by->ids[i]);

		if (!k || !tuf_key_copy(k, &d->keys[d->count], err))
			return k ? false
				 : error_set(err, ERR_INTERNAL,
					     "root names a key that it lacks");
		d->count++;
	}
	return true;
}

/* `el` is the role whose keys count: a bin is signed by its EL's. */
static bool load_delegates(struct store *s, const struct tuf_root *root, const char *el,
			   struct delegates *d, unsigned *threshold, struct error *err)
{
	struct store_role settings;

	if (!store_tuf_each_key(s, el, take_key, d, err) ||
	    !store_tuf_role(s, el, &settings, err))
		return false;
	*threshold = settings.threshold;
	if (d->count)
		return true;
	*threshold = root->roles[TUF_TARGETS].threshold;
	return root_keys(root, d, err);
}

static bool delegate(struct store *s, const struct tuf_root *root,
		     struct repo_roles *roles, struct repo_role *role,
		     struct error *err)
{
	AUTO(delegates_clear) struct delegates keys = EMPTY;
	char major[STORE_ROLE_SIZE + 32], minor[STORE_ROLE_SIZE + 32],
		*patterns[2] = {major, minor};
	const char *dash = strchr(role->name, '-');
	struct tuf_delegation d = {
		.name = role->name,
		.patterns = patterns,
		.pattern_count = dash ? 1 : 2,
		.by_hash = dash,
		.terminating = true,
	};

	snprintf(major, sizeof(major), "manifests/*/manifest-%s-*", role->name);
	snprintf(minor, sizeof(minor), "manifests/*/manifest-%s.*", role->name);
	if (dash)
		snprintf(major, sizeof(major), "%s", dash + 1);
	if (!strcmp(role->name, index_role)) {
		snprintf(major, sizeof(major), "index.json");
		snprintf(minor, sizeof(minor), "index.html");
	}
	return load_delegates(s, root,
			      dash ? roles->list[role->parent].name : role->name, &keys,
			      &d.signers.threshold, err) &&
	       tuf_edit_put_delegation(&roles->list[role->parent].body, &d, keys.keys,
				       keys.count, err);
}

/* What lists manifests is no node's business and changes with each publication: so it
 * is a role of its own. */
static bool make_top(struct repo_roles *r, const struct tree *tree, struct error *err)
{
	if (!add_role(r, "targets", SIZE_MAX, err) || !add_role(r, index_role, 0, err))
		return false;
	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_entry *e = &tree->entries[i];

		if (repo_roles_lists(e->path) && !text_starts(e->path, "manifests/") &&
		    !put_target(&r->list[is_index(e->path)], e, NULL, err))
			return false;
	}
	return true;
}

bool repo_roles_make(struct store *s, const struct tuf_root *root,
		     const struct tree *tree, struct repo_roles *out, struct error *err)
{
	AUTO(repo_roles_clear) struct repo_roles r = EMPTY;

	if (!make_top(&r, tree, err))
		return false;
	for (unsigned major = 0; major < MAJOR_MAX; major++)
		if (!make_el(s, &r, tree, major, err))
			return false;
	for (size_t i = 1; i < r.count; i++)
		if (!delegate(s, root, &r, &r.list[i], err))
			return false;
	*out = TAKE(r);
	return true;
}
