/* SPDX-License-Identifier: Apache-2.0 */
#include "core/image_tree.h"

#include "core/buf.h"
#include "core/text.h"

#include <stdlib.h>

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

static void node_clear(struct image_node *n)
{
	free(n->path);
	free(n->target);
	*n = (struct image_node)EMPTY;
}

void image_tree_clear(struct image_tree *t)
{
	for (size_t i = 0; i < t->count; i++)
		node_clear(&t->nodes[i]);
	free(t->nodes);
	*t = (struct image_tree)EMPTY;
}

/* Append the node, which becomes the tree's or is cleared. */
static bool append(struct image_tree *t, struct image_node *n, struct error *err)
{
	if (t->count == t->capacity) {
		size_t capacity = t->capacity ? 2 * t->capacity : 64;
		void *more = reallocarray(t->nodes, capacity, sizeof(*t->nodes));

		if (!more) {
			node_clear(n);
			return no_memory(err);
		}
		t->nodes = more;
		t->capacity = capacity;
	}
	t->nodes[t->count++] = TAKE(*n);
	return true;
}

bool image_tree_add(struct image_tree *layer, const struct unpack_entry *in,
		    size_t order, size_t number, struct error *err)
{
	struct image_node n = {.type = in->type,
			       .order = order,
			       .layer = number,
			       .number = order,
			       .size = in->size,
			       .mode = in->mode,
			       .uid = in->uid,
			       .gid = in->gid,
			       .capability = in->capability,
			       .hard_link = in->hard_link};

	if (!unpack_path("/", in->name, &n.path, err))
		return false;
	if (in->hard_link && !unpack_path("/", in->hard_link, &n.target, err)) {
		node_clear(&n);
		return false;
	}
	if (!in->hard_link && in->target) {
		n.target = text_dup(in->target, strlen(in->target));
		if (!n.target) {
			node_clear(&n);
			return no_memory(err);
		}
	}
	return append(layer, &n, err);
}

/* ---- looking up ---- */

static const struct image_node *find_part(const struct image_tree *t, const char *path,
					  size_t len)
{
	size_t from = 0, end = t->count;

	while (from < end) {
		size_t mid = from + (end - from) / 2;
		const char *at = t->nodes[mid].path;
		int cmp = strncmp(path, at, len);

		if (cmp == 0 && !at[len])
			return &t->nodes[mid];
		if (cmp > 0)
			from = mid + 1;
		else
			end = mid;
	}
	return NULL;
}

const struct image_node *image_tree_find(const struct image_tree *root,
					 const char *path)
{
	return find_part(root, path, strlen(path));
}

/* ---- merging ---- */

/* By path, then by place in the archive. */
static int compare(const void *a, const void *b)
{
	const struct image_node *x = a, *y = b;
	int cmp = strcmp(x->path, y->path);

	return cmp ? cmp : (x->order > y->order) - (x->order < y->order);
}

static void sort(struct image_tree *t)
{
	if (t->count)
		qsort(t->nodes, t->count, sizeof(*t->nodes), compare);
}

static const char *name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* What a layer takes away: sorted paths. */
struct losses {
	struct image_tree gone;   /* these and what is beneath */
	struct image_tree hollow; /* what is beneath these */
};

static void losses_clear(struct losses *l)
{
	image_tree_clear(&l->gone);
	image_tree_clear(&l->hollow);
}

static bool add_loss(struct image_tree *t, const char *path, size_t len,
		     const char *name, struct error *err)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(2 * UNPACK_PATH_MAX);
	struct image_node n = EMPTY;

	buf_append(&b, path, len);
	buf_puts(&b, name);
	if (!buf_ok(&b, err))
		return false;
	n.path = buf_take(&b);
	return n.path ? append(t, &n, err) : no_memory(err);
}

/* Move the whiteouts out of the layer. */
static bool take_losses(struct image_tree *layer, struct losses *out, struct error *err)
{
	size_t kept = 0, count = layer->count;
	bool ok = true;

	for (size_t i = 0; i < count; i++) {
		AUTO(node_clear) struct image_node n = TAKE(layer->nodes[i]);
		const char *name = name_of(n.path);
		size_t folder = (size_t)(name - n.path);

		if (ok && !strcmp(name, OPAQUE))
			ok = add_loss(&out->hollow, n.path, folder - 1, "", err);
		else if (ok && text_starts(name, WHITEOUT) && name[4])
			ok = add_loss(&out->gone, n.path, folder, name + 4, err);
		else
			layer->nodes[kept++] = TAKE(n);
	}
	layer->count = kept;
	sort(&out->gone);
	sort(&out->hollow);
	return ok;
}

/* Of several entries of one path the last stays. */
static void drop_doubles(struct image_tree *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct image_node n = TAKE(t->nodes[i]);

		if (kept && !strcmp(t->nodes[kept - 1].path, n.path))
			node_clear(&t->nodes[--kept]);
		t->nodes[kept++] = n;
	}
	t->count = kept;
}

/* Does the path of the layers below go? */
static bool is_lost(const struct image_tree *layer, const struct losses *l,
		    const char *path)
{
	size_t len = strlen(path);

	if (find_part(layer, path, len) || find_part(&l->gone, path, len) ||
	    (path[1] && find_part(&l->hollow, "", 0)))
		return true;
	while (len > 1) {
		const struct image_node *over;

		while (path[--len] != '/')
			;
		if (!len)
			return false;
		over = find_part(layer, path, len);
		if ((over && over->type != UNPACK_FOLDER) ||
		    find_part(&l->gone, path, len) || find_part(&l->hollow, path, len))
			return true;
	}
	return false;
}

static int compare_pointers(const void *a, const void *b)
{
	return compare(*(struct image_node *const *)a, *(struct image_node *const *)b);
}

/* The last node of that path before the place `order`; NULL when there is none. */
static const struct image_node *find_before(struct image_node *const *sorted,
					    size_t count, const char *path,
					    size_t order)
{
	const struct image_node key = {.path = (char *)(uintptr_t)path, .order = order};
	size_t from = 0, end = count;

	while (from < end) {
		size_t mid = from + (end - from) / 2;

		if (compare(sorted[mid], &key) < 0)
			from = mid + 1;
		else
			end = mid;
	}
	return from && !strcmp(sorted[from - 1]->path, path) ? sorted[from - 1] : NULL;
}

static bool link_up(struct image_node *n, const struct image_node *from,
		    struct error *err)
{
	if (!from || from->type != UNPACK_REGULAR)
		return error_set(err, ERR_FORMAT,
				 "'%s' is a hard link to '%s', which is no file before "
				 "it",
				 TEXT_SAFE(n->path), TEXT_SAFE(n->target));
	n->type = from->type;
	n->layer = from->layer;
	n->number = from->number;
	n->size = from->size;
	n->capability = from->capability;
	n->hard_link = false;
	free(TAKE(n->target));
	return true;
}

/* Give hard links their content; the layer is in its own order. */
static bool link_all(const struct image_tree *root, struct image_tree *layer,
		     struct error *err)
{
	struct image_node **sorted = calloc(layer->count + 1, sizeof(*sorted));
	bool ok = sorted || no_memory(err);

	for (size_t i = 0; ok && i < layer->count; i++)
		sorted[i] = &layer->nodes[i];
	if (ok)
		qsort(sorted, layer->count, sizeof(struct image_node *),
		      compare_pointers);
	for (size_t i = 0; ok && i < layer->count; i++) {
		struct image_node *n = &layer->nodes[i];
		const struct image_node *from;

		if (!n->hard_link)
			continue;
		from = find_before(sorted, layer->count, n->target, n->order);
		if (!from)
			from = find_part(root, n->target, strlen(n->target));
		ok = link_up(n, from, err);
	}
	free(sorted);
	return ok;
}

bool image_tree_merge(struct image_tree *root, struct image_tree *layer,
		      struct error *err)
{
	AUTO(losses_clear) struct losses l = EMPTY;
	size_t kept = 0;

	if (!link_all(root, layer, err) || !take_losses(layer, &l, err))
		return false;
	sort(layer);
	drop_doubles(layer);
	for (size_t i = 0; i < root->count; i++) {
		struct image_node n = TAKE(root->nodes[i]);

		if (is_lost(layer, &l, n.path))
			node_clear(&n);
		else
			root->nodes[kept++] = n;
	}
	root->count = kept;
	if (root->count + layer->count > UNPACK_ENTRIES_MAX)
		return error_set(err, ERR_LIMIT, "more than %d files",
				 UNPACK_ENTRIES_MAX);
	for (size_t i = 0; i < layer->count; i++)
		if (!append(root, &layer->nodes[i], err))
			return false;
	sort(root);
	image_tree_clear(layer);
	return true;
}

bool image_tree_check(const struct image_tree *root, struct error *err)
{
	for (size_t i = 0; i < root->count; i++) {
		const char *path = root->nodes[i].path;

		for (size_t len = strlen(path); len > 1;) {
			const struct image_node *over;

			while (path[--len] != '/')
				;
			over = len ? find_part(root, path, len) : NULL;
			if (over && over->type != UNPACK_FOLDER)
				return error_set(err, ERR_FORMAT,
						 "'%s' lies beneath '%s', which is no "
						 "folder",
						 TEXT_SAFE(path),
						 TEXT_SAFE(over->path));
		}
	}
	return true;
}

/* ---- symlinks ---- */

/* Put the target and what was still to come in `rest`; true when it fits. */
static bool turn(char *rest, const char *target, const char *tail)
{
	char joined[2 * UNPACK_PATH_MAX];
	size_t n = strlen(target), m = strlen(tail);

	if (n + 1 + m >= sizeof(joined))
		return false;
	memcpy(joined, target, n);
	joined[n] = '/';
	memcpy(joined + n + 1, tail, m + 1);
	memcpy(rest, joined, n + m + 2);
	return true;
}

static bool circle(const char *path, struct error *err)
{
	return error_set(err, ERR_FORMAT, "'%s' leads through a circle of symlinks",
			 TEXT_SAFE(path));
}

/* One component further: `here` is the folder so far without a "/" at its end. */
static bool enter(char *here, const char *part, size_t len)
{
	size_t at = strlen(here);

	if (at + len + 2 > 2 * UNPACK_PATH_MAX)
		return false;
	if (len == 2 && !memcmp(part, "..", 2)) {
		while (at && here[--at] != '/')
			;
		here[at] = '\0';
	} else if (len && !(len == 1 && *part == '.')) {
		here[at] = '/';
		memcpy(here + at + 1, part, len);
		here[at + 1 + len] = '\0';
	}
	return true;
}

bool image_tree_resolve(const struct image_tree *root, const char *path,
			const struct image_node **out, struct error *err)
{
	char here[2 * UNPACK_PATH_MAX] = "", rest[2 * UNPACK_PATH_MAX];
	const struct image_node *n = NULL;
	unsigned links = 0;

	if (!turn(rest, "", path))
		return circle(path, err);
	while (*rest) {
		size_t len = strcspn(rest, "/");
		const char *tail = rest + len + (rest[len] == '/');
		size_t before = strlen(here);

		if (!enter(here, rest, len))
			return circle(path, err);
		n = find_part(root, here, strlen(here));
		if (!n || n->type != UNPACK_LINK) {
			memmove(rest, tail, strlen(tail) + 1);
			continue;
		}
		if (++links > IMAGE_TREE_LINKS_MAX || !turn(rest, n->target, tail))
			return circle(path, err);
		here[n->target[0] == '/' ? 0 : before] = '\0';
	}
	*out = n;
	return true;
}
