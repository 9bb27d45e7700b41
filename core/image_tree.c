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

/* ---- the order of paths ---- */

static int rank(char c)
{
	return c == '/' ? 1 : c ? (unsigned char)c + 1 : 0;
}

static int compare_paths(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return rank(*a) - rank(*b);
}

static bool is_beneath(const char *path, const char *folder)
{
	size_t n = folder[1] ? strlen(folder) : 0; /* of "/" */

	return !strncmp(path, folder, n) && path[n] == '/' && path[n + 1];
}

/* The index of the first node, from that on, that does not stand before the path. */
static size_t place_of(const struct image_tree *t, size_t from, const char *path)
{
	size_t end = t->count;

	while (from < end) {
		size_t mid = from + (end - from) / 2;

		if (compare_paths(t->nodes[mid].path, path) < 0)
			from = mid + 1;
		else
			end = mid;
	}
	return from;
}

static bool is_at(const struct image_tree *t, size_t i, const char *path)
{
	return i < t->count && !strcmp(t->nodes[i].path, path);
}

const struct image_node *image_tree_find(const struct image_tree *root,
					 const char *path)
{
	size_t i = place_of(root, 0, path);

	return is_at(root, i, path) ? &root->nodes[i] : NULL;
}

/* By path, entries before losses; then by place in the archive. */
static int compare(const void *a, const void *b)
{
	const struct image_node *x = a, *y = b;
	int cmp = compare_paths(x->path, y->path);

	if (!cmp)
		cmp = (int)x->loss - (int)y->loss;
	return cmp ? cmp : (x->order > y->order) - (x->order < y->order);
}

/* ---- hard links ---- */

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
			from = image_tree_find(root, n->target);
		ok = link_up(n, from, err);
	}
	free(sorted);
	return ok;
}

/* ---- merging ---- */

/* Make whiteouts the losses that they mean. */
static bool find_losses(struct image_tree *layer, struct error *err)
{
	for (size_t i = 0; i < layer->count; i++) {
		struct image_node *n = &layer->nodes[i];
		char *name = strrchr(n->path, '/') + 1;

		if (!strcmp(name, OPAQUE)) {
			name[name - n->path > 1 ? -1 : 0] = '\0';
			n->loss = IMAGE_LOSS_BENEATH;
		} else if (text_starts(name, WHITEOUT) && name[4]) {
			memmove(name, name + 4, strlen(name + 4) + 1);
			n->loss = IMAGE_LOSS_GONE;
			if (!text_is_path(n->path))
				return error_set(err, ERR_FORMAT, "a whiteout of '%s'",
						 TEXT_SAFE(n->path));
		}
	}
	return true;
}

/* Of several entries of one path the last stays. */
static void drop_doubles(struct image_tree *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct image_node n = TAKE(t->nodes[i]);

		if (kept && t->nodes[kept - 1].loss == n.loss &&
		    !strcmp(t->nodes[kept - 1].path, n.path))
			node_clear(&t->nodes[--kept]);
		t->nodes[kept++] = n;
	}
	t->count = kept;
}

/* Two sorted lists on their way into one. */
struct merging {
	struct image_tree *below;
	size_t at; /* nodes of it that are done with */
	struct image_tree out;
};

static void keep_before(struct merging *m, size_t end)
{
	for (; m->at < end; m->at++)
		m->out.nodes[m->out.count++] = TAKE(m->below->nodes[m->at]);
}

/* What the node of the layer takes away, and the node itself. */
static void lay_over(struct merging *m, struct image_node *n)
{
	keep_before(m, place_of(m->below, m->at, n->path));
	if (is_at(m->below, m->at, n->path)) {
		if (n->loss == IMAGE_LOSS_BENEATH)
			keep_before(m, m->at + 1);
		else
			node_clear(&m->below->nodes[m->at++]);
	}
	if (n->loss || n->type != UNPACK_FOLDER)
		while (m->at < m->below->count &&
		       is_beneath(m->below->nodes[m->at].path, n->path))
			node_clear(&m->below->nodes[m->at++]);
	if (n->loss)
		node_clear(n);
	else
		m->out.nodes[m->out.count++] = TAKE(*n);
}

bool image_tree_merge(struct image_tree *root, struct image_tree *layer,
		      struct error *err)
{
	struct merging m = {.below = root};

	if (!layer->count)
		return true;
	if (!link_all(root, layer, err) || !find_losses(layer, err))
		return false;
	qsort(layer->nodes, layer->count, sizeof(*layer->nodes), compare);
	drop_doubles(layer);
	m.out.capacity = root->count + layer->count;
	m.out.nodes = calloc(m.out.capacity, sizeof(*m.out.nodes));
	if (!m.out.nodes)
		return no_memory(err);
	for (size_t i = 0; i < layer->count; i++)
		lay_over(&m, &layer->nodes[i]);
	keep_before(&m, root->count);
	image_tree_clear(layer);
	image_tree_clear(root);
	*root = m.out;
	return root->count <= UNPACK_ENTRIES_MAX ||
	       error_set(err, ERR_LIMIT, "more than %d files", UNPACK_ENTRIES_MAX);
}

bool image_tree_check(const struct image_tree *root, struct error *err)
{
	for (size_t i = 1; i < root->count; i++) {
		const struct image_node *over = &root->nodes[i - 1];
		const char *path = root->nodes[i].path;

		if (over->type != UNPACK_FOLDER && is_beneath(path, over->path))
			return error_set(err, ERR_FORMAT,
					 "'%s' lies beneath '%s', which is no folder",
					 TEXT_SAFE(path), TEXT_SAFE(over->path));
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

bool image_tree_resolve(struct image_tree *root, const char *path,
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
		if (links && ++root->steps > IMAGE_TREE_STEPS_MAX)
			return error_set(err, ERR_LIMIT,
					 "the ways through symlinks take more than %d "
					 "steps, at '%s'",
					 IMAGE_TREE_STEPS_MAX, TEXT_SAFE(path));
		n = image_tree_find(root, here);
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
