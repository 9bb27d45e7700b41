/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 1. The carrier was read once for its JSON (image_store.h); the plan says of which
 * layers the image is made (image_plan.h).
 * 2. Every layer flows by once for its list of entries, and its digest is checked; the
 *    lists make the merged root (image_tree.h).
 * 3. Layers flow by again for the content of the files that are wanted.
 */
#include "core/image.h"

#include <stdlib.h>

void image_clear(struct image *m)
{
	image_plan_clear(&m->plan);
	image_tree_clear(&m->root);
}

/* ---- a layer as it flows by, and its digest ---- */

/* Bytes that are digested on their way. */
struct counted {
	struct unpack_from from;
	const struct image_watch *watch;
	struct digest_stream *digest;
};

static void counted_clear(struct counted *c)
{
	digest_stream_free(c->digest);
}

static bool counted_next(void *arg, const void **data, size_t *len, struct error *err)
{
	struct counted *c = arg;

	return c->from.next(c->from.arg, data, len, err) &&
	       digest_stream_add(c->digest, *data, *len, err) &&
	       (!c->watch->bytes || c->watch->bytes(c->watch->arg, *len, err));
}

static bool counted_new(struct counted *c, const struct image *m,
			struct unpack_from from, struct error *err)
{
	c->from = from;
	c->watch = &m->watch;
	return digest_stream_new(&c->digest, err) &&
	       digest_stream_begin(c->digest, err);
}

static bool counted_check(const struct image *m, struct counted *c, size_t i,
			  struct error *err)
{
	struct digest actual;
	char hex[2][DIGEST_HEX_SIZE];

	if (!unpack_drain((struct unpack_from){counted_next, c}, err) ||
	    !digest_stream_end(c->digest, &actual, err))
		return false;
	if (digest_equal(&actual, &m->plan.digests[i]))
		return true;
	return error_set(err, ERR_UNTRUSTED,
			 "layer %zu has the digest %s and should have %s", i + 1,
			 digest_text(&actual, hex[0]),
			 digest_text(&m->plan.digests[i], hex[1]));
}

/* What is done with the entries of a layer. */
struct visit {
	bool (*each)(void *arg, size_t layer, size_t number,
		     const struct unpack_entry *in, struct unpack *u,
		     struct error *err);
	void *arg;
};

static bool read_entries(const struct visit *v, size_t layer, struct unpack_from tar,
			 struct error *err)
{
	AUTO(unpack_freep) struct unpack *u = NULL;
	struct unpack_entry in;
	bool more = true;

	if (!unpack_open(tar, UNPACK_LAYER, &u, err))
		return false;
	for (size_t number = 0; more; number++)
		if (!unpack_next(u, &in, &more, err) ||
		    (more && !v->each(v->arg, layer, number, &in, u, err)))
			return false;
	return true;
}

/* A layer's file: digested as it is or unpacked, as the plan says. */
static bool read_layer(const struct image *m, size_t i, struct unpack_from file,
		       const struct visit *v, struct error *err)
{
	AUTO(counted_clear) struct counted c = EMPTY;
	AUTO(unpack_freep) struct unpack *stream = NULL;
	struct unpack_from packed = file, tar;
	struct unpack_entry entry;
	bool more;

	if (!m->plan.unpacked) {
		if (!counted_new(&c, m, file, err))
			return false;
		packed = (struct unpack_from){counted_next, &c};
	}
	if (!unpack_open(packed, UNPACK_STREAM, &stream, err) ||
	    !unpack_next(stream, &entry, &more, err))
		return false;
	if (!more)
		return error_set(err, ERR_FORMAT, "layer %zu is empty", i + 1);
	tar = unpack_content(stream);
	if (m->plan.unpacked) {
		if (!counted_new(&c, m, tar, err))
			return false;
		tar = (struct unpack_from){counted_next, &c};
	}
	return (read_entries(v, i, tar, err) ||
		error_prefix(err, "layer %zu", i + 1)) &&
	       unpack_drain(tar, err) && counted_check(m, &c, i, err);
}

/* ---- the merged root ---- */

struct lists {
	const struct image *image;
	size_t bytes;                       /* that all lists take */
	size_t same[IMAGE_PLAN_LAYERS_MAX]; /* the first layer of the same file */
	struct image_tree layers[IMAGE_PLAN_LAYERS_MAX];
};

static void lists_clear(struct lists *l)
{
	for (size_t i = 0; i < IMAGE_PLAN_LAYERS_MAX; i++)
		image_tree_clear(&l->layers[i]);
}

/* One more entry in a list, or once more: work is bounded as memory is. */
static bool count_entry(struct lists *l, const struct unpack_entry *in,
			struct error *err)
{
	l->bytes += sizeof(struct image_node) + strlen(in->name) +
		    (in->target ? strlen(in->target) : 0) +
		    (in->hard_link ? strlen(in->hard_link) : 0);
	return l->bytes <= IMAGE_LISTS_MAX ||
	       error_set(err, ERR_LIMIT,
			 "the lists of the layers' files take more than %d MiB",
			 IMAGE_LISTS_MAX >> 20);
}

static bool list_entry(void *arg, size_t layer, size_t number,
		       const struct unpack_entry *in, struct unpack *u,
		       struct error *err)
{
	struct lists *l = arg;

	(void)u;
	return count_entry(l, in, err) &&
	       image_tree_add(&l->layers[layer], in, number, layer, err);
}

static bool list_layer(void *arg, size_t i, struct unpack_from file, struct error *err)
{
	struct lists *l = arg;
	const struct visit v = {list_entry, l};

	return read_layer(l->image, i, file, &v, err);
}

/* A layer that is there twice was listed once: a copy of its list. */
static bool merge_layer(struct lists *l, size_t i, struct image_tree *root,
			struct error *err)
{
	AUTO(image_tree_clear) struct image_tree copy = EMPTY;
	const struct image_tree *from = &l->layers[l->same[i]];

	for (size_t k = 0; k < from->count; k++) {
		const struct image_node *n = &from->nodes[k];
		const struct unpack_entry in = {
			.name = n->path + 1,
			.type = n->type,
			.size = n->size,
			.mode = n->mode,
			.target = n->hard_link ? NULL : n->target,
			.hard_link = n->hard_link ? n->target + 1 : NULL,
			.uid = n->uid,
			.gid = n->gid,
			.capability = n->capability,
		};

		if ((l->same[i] != i && !count_entry(l, &in, err)) ||
		    !image_tree_add(&copy, &in, n->order, n->layer, err))
			return false;
	}
	return image_tree_merge(root, &copy, err) ||
	       error_prefix(err, "layer %zu", i + 1);
}

static bool read_root(struct image *m, struct error *err)
{
	AUTO(lists_clear) struct lists l = {.image = m};
	const struct image_store_files files = {
		.names = (const char *const *)m->plan.layers,
		.count = m->plan.layer_count,
		.same = l.same};

	if (!image_store_flow(m->store, &files, list_layer, &l, err))
		return false;
	for (size_t i = 0; i < m->plan.layer_count; i++)
		if (!merge_layer(&l, i, &m->root, err))
			return false;
	return image_tree_check(&m->root, err);
}

bool image_open(struct image_store *store, const char *arch,
		const struct image_watch *watch, struct image *out, struct error *err)
{
	AUTO(image_clear) struct image m = {.store = store};

	if (watch)
		m.watch = *watch;
	if (!image_plan_read(store, arch, &m.plan, err) || !read_root(&m, err))
		return false;
	*out = TAKE(m);
	return true;
}

/* ---- content ---- */

/* Layers flow by again, by their numbers, for what is wanted, sorted by content. */
struct again {
	const struct image *image;
	const struct image_want *wanted;
	size_t count;
	image_each *each;
	void *arg;
	size_t layers[IMAGE_PLAN_LAYERS_MAX];
};

static int by_content(const void *a, const void *b)
{
	const struct image_node *x = ((const struct image_want *)a)->node;
	const struct image_node *y = ((const struct image_want *)b)->node;

	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/* The first of the wanted that is not before this content. */
static size_t first_wanted(const struct again *g, const struct image_want *key)
{
	size_t from = 0, end = g->count;

	while (from < end) {
		size_t mid = from + (end - from) / 2;

		if (by_content(&g->wanted[mid], key) < 0)
			from = mid + 1;
		else
			end = mid;
	}
	return from;
}

static bool give_entry(void *arg, size_t layer, size_t number,
		       const struct unpack_entry *in, struct unpack *u,
		       struct error *err)
{
	struct again *g = arg;
	const struct image_node content = {.layer = layer, .number = number};
	const struct image_want key = {.node = &content};
	size_t first = first_wanted(g, &key), end = first;

	while (end < g->count && by_content(&g->wanted[end], &key) == 0)
		end++;
	return end == first || g->each(g->arg, &g->wanted[first], end - first, in->size,
				       unpack_content(u), err);
}

static bool give_layer(void *arg, size_t i, struct unpack_from file, struct error *err)
{
	struct again *g = arg;
	const struct visit v = {give_entry, g};

	return read_layer(g->image, g->layers[i], file, &v, err);
}

bool image_contents(const struct image *m, struct image_want *wanted, size_t count,
		    image_each *each, void *arg, struct error *err)
{
	struct again g = {m, wanted, count, each, arg, EMPTY};
	const char *names[IMAGE_PLAN_LAYERS_MAX];
	size_t same[IMAGE_PLAN_LAYERS_MAX];
	struct image_store_files files = {.names = names, .same = same};

	if (count)
		qsort(wanted, count, sizeof(*wanted), by_content);
	for (size_t i = 0; i < count; i++) {
		size_t layer = wanted[i].node->layer;

		if (files.count && g.layers[files.count - 1] == layer)
			continue;
		g.layers[files.count] = layer;
		names[files.count++] = m->plan.layers[layer];
	}
	return !files.count || image_store_flow(m->store, &files, give_layer, &g, err);
}
