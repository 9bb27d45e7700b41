/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container image.
 *
 * 1. The carrier is read once for its digest and its JSON; the plan says of which
 * layers the image is made (image_store.h, image_plan.h).
 * 2. Every layer flows by once for its list of entries, and its digest is checked; the
 *    lists make the merged root (image_tree.h).
 * 3. What is asked for is looked up in the root through its symlinks, and the layers
 *    flow by again for the content of these files alone; their digests are checked
 *    again.
 *
 * A path that is asked for stands in the manifest as it was asked for, with what
 * opening it gives, whatever symlinks are on the way.
 */
#include "core/text.h"
#include "signer/artifact.h"
#include "signer/image_plan.h"
#include "signer/image_store.h"
#include "signer/image_tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct image {
	const struct artifact_job *job;
	struct image_store *store;
	struct image_plan plan;
	size_t same[IMAGE_PLAN_LAYERS_MAX]; /* the first layer of the same file */
	struct image_tree layers[IMAGE_PLAN_LAYERS_MAX];
	struct image_tree root;
	struct artifact out;
	struct wanted *wanted; /* sorted by content */
	size_t wanted_count, wanted_capacity;
	struct artifact_hasher hasher;
};

/* Content that is asked for, and the entry of `out` that gets its facts. */
struct wanted {
	size_t layer, number;
	size_t entry;
};

static void image_clear(struct image *m)
{
	for (size_t i = 0; i < IMAGE_PLAN_LAYERS_MAX; i++)
		image_tree_clear(&m->layers[i]);
	image_tree_clear(&m->root);
	image_plan_clear(&m->plan);
	image_store_free(m->store);
	artifact_clear(&m->out);
	artifact_hasher_clear(&m->hasher);
	free(m->wanted);
}

/* ---- a layer as it flows by, and its digest ---- */

/* Bytes that are digested on their way. */
struct counted {
	struct unpack_from from;
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
	       digest_stream_add(c->digest, *data, *len, err);
}

static bool counted_new(struct counted *c, struct unpack_from from, struct error *err)
{
	c->from = from;
	return digest_stream_new(&c->digest, err) &&
	       digest_stream_begin(c->digest, err);
}

static bool counted_check(const struct image *m, struct counted *c, size_t i,
			  struct error *err)
{
	struct digest actual;
	char hex[2][DIGEST_HEX_SIZE];

	if (!artifact_drain((struct unpack_from){counted_next, c}, err) ||
	    !digest_stream_end(c->digest, &actual, err))
		return false;
	if (digest_equal(&actual, &m->plan.digests[i]))
		return true;
	return error_set(err, ERR_UNTRUSTED,
			 "layer %zu has the digest %s and should have %s", i + 1,
			 digest_text(&actual, hex[0]),
			 digest_text(&m->plan.digests[i], hex[1]));
}

typedef bool layer_each(struct image *m, size_t layer, size_t number,
			const struct unpack_entry *in, struct unpack *u,
			struct error *err);

/* Call `each` for the entries of a layer. */
static bool read_entries(struct image *m, size_t layer, struct unpack_from tar,
			 layer_each *each, struct error *err)
{
	AUTO(unpack_freep) struct unpack *u = NULL;
	struct unpack_entry in;
	bool more = true;

	if (!unpack_open(tar, UNPACK_LAYER, &u, err))
		return false;
	for (size_t number = 0; more; number++)
		if (!unpack_next(u, &in, &more, err) ||
		    (more && !each(m, layer, number, &in, u, err)))
			return false;
	return true;
}

/* A layer's file: digested as it is or unpacked, as the plan says. */
static bool read_layer(struct image *m, size_t i, struct unpack_from file,
		       layer_each *each, struct error *err)
{
	AUTO(counted_clear) struct counted c = EMPTY;
	AUTO(unpack_freep) struct unpack *stream = NULL;
	struct unpack_from packed = file, tar;
	struct unpack_entry entry;
	bool more;

	if (!m->plan.unpacked) {
		if (!counted_new(&c, file, err))
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
		if (!counted_new(&c, tar, err))
			return false;
		tar = (struct unpack_from){counted_next, &c};
	}
	return (read_entries(m, i, tar, each, err) ||
		error_prefix(err, "layer %zu", i + 1)) &&
	       artifact_drain(tar, err) && counted_check(m, &c, i, err);
}

static bool list_entry(struct image *m, size_t layer, size_t number,
		       const struct unpack_entry *in, struct unpack *u,
		       struct error *err)
{
	(void)u;
	return image_tree_add(&m->layers[layer], in, number, layer, err);
}

static bool list_layer(void *arg, size_t i, struct unpack_from file, struct error *err)
{
	return read_layer(arg, i, file, list_entry, err);
}

/* A layer that is there twice was listed once: a copy of its list. */
static bool merge_layer(struct image *m, size_t i, struct error *err)
{
	AUTO(image_tree_clear) struct image_tree copy = EMPTY;
	const struct image_tree *from = &m->layers[m->same[i]];

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
		};

		if (!image_tree_add(&copy, &in, n->order, n->layer, err))
			return false;
	}
	return image_tree_merge(&m->root, &copy, err) ||
	       error_prefix(err, "layer %zu", i + 1);
}

/* ---- what is asked for ---- */

/* An entry of `out` for the path, with what it leads to. */
static bool add_entry(struct image *m, const char *path, const struct image_node *n,
		      struct error *err)
{
	struct artifact_entry *e =
		artifact_add(&m->out, text_dup(path, strlen(path)), err);
	char owner[64];

	if (!e)
		return false;
	e->type = n ? n->type : UNPACK_OTHER;
	if (!n)
		return true;
	snprintf(owner, sizeof(owner), "%" PRId64 ":%" PRId64, n->uid, n->gid);
	e->file.mode = n->mode;
	e->file.owner = text_dup(owner, strlen(owner));
	if (!e->file.owner)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (n->type != UNPACK_REGULAR || !artifact_wanted(m->job, e))
		return true;
	if (m->wanted_count == m->wanted_capacity) {
		size_t capacity = m->wanted_capacity ? 2 * m->wanted_capacity : 16;
		void *more = reallocarray(m->wanted, capacity, sizeof(*m->wanted));

		if (!more)
			return error_set(err, ERR_SYSTEM, "no memory");
		m->wanted = more;
		m->wanted_capacity = capacity;
	}
	m->wanted[m->wanted_count++] =
		(struct wanted){n->layer, n->number, m->out.count - 1};
	return true;
}

/* Symlinks stand for what they lead to where they are asked for; without a list they
 * are not. */
static bool add_node(struct image *m, const struct image_node *n, struct error *err)
{
	const struct artifact_entry asked = {.file.path = n->path, .type = n->type};
	const struct image_node *to = NULL;

	if (n->type != UNPACK_LINK)
		return add_entry(m, n->path, n, err);
	if (!artifact_wanted(m->job, &asked))
		return true;
	if (!image_tree_resolve(&m->root, n->path, &to, err))
		return false;
	if (!to)
		return error_set(err, ERR_NOT_FOUND,
				 "'%s' is a symlink that leads to no file",
				 TEXT_SAFE(n->path));
	return add_entry(m, n->path, to, err);
}

static const struct image_node *in_root(const struct image *m, const char *path)
{
	for (size_t i = 0; i < m->root.count; i++)
		if (!strcmp(m->root.nodes[i].path, path))
			return &m->root.nodes[i];
	return NULL;
}

/* A path that is there only through a symlink on the way. */
static bool add_detour(struct image *m, const char *path, struct error *err)
{
	const struct image_node *to;

	if (artifact_is_pattern(path) || in_root(m, path))
		return true;
	for (size_t i = m->root.count; i < m->out.count; i++)
		if (!strcmp(m->out.entries[i].file.path, path))
			return true;
	if (!image_tree_resolve(&m->root, path, &to, err))
		return false;
	return !to || add_entry(m, path, to, err);
}

static int by_content(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->layer != y->layer)
		return x->layer < y->layer ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static bool find_wanted(struct image *m, struct error *err)
{
	for (size_t i = 0; i < m->root.count; i++)
		if (!add_node(m, &m->root.nodes[i], err))
			return false;
	for (size_t i = 0; i < m->job->component_count; i++) {
		const struct manifest_strings *files = &m->job->components[i]->files;

		for (size_t k = 0; k < files->count; k++)
			if (!add_detour(m, files->items[k], err))
				return false;
	}
	if (m->wanted_count)
		qsort(m->wanted, m->wanted_count, sizeof(*m->wanted), by_content);
	return true;
}

/* ---- content ---- */

/* The first of the wanted that is not before this content. */
static size_t first_wanted(const struct image *m, size_t layer, size_t number)
{
	const struct wanted key = {.layer = layer, .number = number};
	size_t from = 0, end = m->wanted_count;

	while (from < end) {
		size_t mid = from + (end - from) / 2;

		if (by_content(&m->wanted[mid], &key) < 0)
			from = mid + 1;
		else
			end = mid;
	}
	return from;
}

static bool hash_entry(struct image *m, size_t layer, size_t number,
		       const struct unpack_entry *in, struct unpack *u,
		       struct error *err)
{
	size_t i = first_wanted(m, layer, number);
	struct artifact_entry *first;

	if (i == m->wanted_count || m->wanted[i].layer != layer ||
	    m->wanted[i].number != number)
		return true;
	first = &m->out.entries[m->wanted[i].entry];
	if (!artifact_hash(&m->hasher, unpack_content(u), in->size, first, err))
		return false;
	for (i++; i < m->wanted_count && m->wanted[i].layer == layer &&
		  m->wanted[i].number == number;
	     i++)
		if (!artifact_same(first, &m->out.entries[m->wanted[i].entry], err))
			return false;
	return true;
}

/* The layers that flow by again, by their numbers. */
struct again {
	struct image *image;
	size_t layers[IMAGE_PLAN_LAYERS_MAX];
};

static bool hash_layer(void *arg, size_t i, struct unpack_from file, struct error *err)
{
	struct again *again = arg;

	return read_layer(again->image, again->layers[i], file, hash_entry, err);
}

/* Those that hold anything wanted. */
static bool hash_wanted(struct image *m, struct error *err)
{
	struct again again = {.image = m};
	const char *names[IMAGE_PLAN_LAYERS_MAX];
	size_t same[IMAGE_PLAN_LAYERS_MAX];
	struct image_store_files files = {.names = names, .same = same};

	for (size_t i = 0; i < m->wanted_count; i++) {
		size_t layer = m->wanted[i].layer;

		if (files.count && again.layers[files.count - 1] == layer)
			continue;
		again.layers[files.count] = layer;
		names[files.count++] = m->plan.layers[layer];
	}
	return image_store_flow(m->store, &files, hash_layer, &again, err);
}

static bool read_image(struct image *m, struct error *err)
{
	const struct image_store_files files = {
		.names = (const char *const *)m->plan.layers,
		.count = m->plan.layer_count,
		.same = m->same};

	if (!image_store_flow(m->store, &files, list_layer, m, err))
		return false;
	for (size_t i = 0; i < m->plan.layer_count; i++)
		if (!merge_layer(m, i, err))
			return false;
	return image_tree_check(&m->root, err) && find_wanted(m, err) &&
	       hash_wanted(m, err);
}

bool artifact_image_read(const struct artifact_job *job, struct artifact *out,
			 struct error *err)
{
	AUTO(image_clear) struct image m = {.job = job};

	if (!image_store_open(job, &m.store, &m.out.source, err) ||
	    !image_plan_read(m.store, job->arch, &m.plan, err) || !read_image(&m, err))
		return false;
	m.out.source.image_manifest = m.plan.manifest;
	m.out.source.image_config = m.plan.config;
	m.out.source.image_reference = TAKE(m.plan.reference);
	m.out.version = TAKE(m.plan.version);
	artifact_sort(&m.out);
	*out = TAKE(m.out);
	return true;
}
