/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container image (core/image.h). What is asked for is looked up in its merged root
 * through symlinks: a path that is asked for stands in the manifest as it was asked
 * for, with what opening it gives, whatever symlinks are on the way.
 */
#include "core/file.h"
#include "core/image.h"
#include "core/text.h"
#include "signer/artifact.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct reading {
	const struct artifact_job *job;
	struct artifact_source *source; /* of a tarball */
	struct image_store *store;
	struct image image;
	struct artifact out;
	struct image_want *wanted; /* tag: the entry of `out` that gets the facts */
	size_t wanted_count, wanted_capacity;
	struct artifact_hasher hasher;
};

static void reading_clear(struct reading *m)
{
	image_clear(&m->image);
	image_store_free(m->store);
	artifact_source_free(m->source);
	artifact_clear(&m->out);
	artifact_hasher_clear(&m->hasher);
	free(m->wanted);
}

/* ---- what is asked for ---- */

/* An entry of `out` for the path, with what it leads to. */
static bool add_entry(struct reading *m, const char *path, const struct image_node *n,
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
	if (!capability_name(&n->capability, &e->file.capabilities, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(path));
	if (m->wanted_count == m->wanted_capacity) {
		size_t capacity = m->wanted_capacity ? 2 * m->wanted_capacity : 16;
		void *more = reallocarray(m->wanted, capacity, sizeof(*m->wanted));

		if (!more)
			return error_set(err, ERR_SYSTEM, "no memory");
		m->wanted = more;
		m->wanted_capacity = capacity;
	}
	m->wanted[m->wanted_count++] = (struct image_want){n, m->out.count - 1};
	return true;
}

/* Symlinks stand for what they lead to where they are asked for; without a list they
 * are not. */
static bool add_node(struct reading *m, const struct image_node *n, struct error *err)
{
	const struct artifact_entry asked = {.file.path = n->path, .type = n->type};
	const struct image_node *to = NULL;

	if (n->type != UNPACK_LINK)
		return add_entry(m, n->path, n, err);
	if (!artifact_wanted(m->job, &asked))
		return true;
	if (!image_tree_resolve(&m->image.root, n->path, &to, err))
		return false;
	if (!to)
		return error_set(err, ERR_NOT_FOUND,
				 "'%s' is a symlink that leads to no file",
				 TEXT_SAFE(n->path));
	return add_entry(m, n->path, to, err);
}

/* A path that is there only through a symlink on the way; such ones are in `out` from
 * `first` on. */
static bool add_detour(struct reading *m, const char *path, size_t first,
		       struct error *err)
{
	const struct image_node *to;

	if (artifact_is_pattern(path) || image_tree_find(&m->image.root, path))
		return true;
	for (size_t i = first; i < m->out.count; i++)
		if (!strcmp(m->out.entries[i].file.path, path))
			return true;
	if (!image_tree_resolve(&m->image.root, path, &to, err))
		return false;
	return !to || add_entry(m, path, to, err);
}

static bool find_wanted(struct reading *m, struct error *err)
{
	size_t first;

	for (size_t i = 0; i < m->image.root.count; i++)
		if (!add_node(m, &m->image.root.nodes[i], err))
			return false;
	first = m->out.count;
	for (size_t i = 0; i < m->job->component_count; i++) {
		const struct manifest_strings *files = &m->job->components[i]->files;

		for (size_t k = 0; k < files->count; k++)
			if (!add_detour(m, files->items[k], first, err))
				return false;
	}
	return true;
}

/* ---- content ---- */

static bool hash_content(void *arg, const struct image_want *want, size_t count,
			 uint64_t size, struct unpack_from content, struct error *err)
{
	struct reading *m = arg;
	struct artifact_entry *first = &m->out.entries[want[0].tag];

	if (!artifact_hash(&m->hasher, content, size, first, err))
		return false;
	for (size_t i = 1; i < count; i++)
		if (!artifact_same(first, &m->out.entries[want[i].tag], err))
			return false;
	return true;
}

/* ---- the carrier ---- */

static bool source_again(void *arg, struct error *err)
{
	return artifact_source_again(arg, err);
}

static bool open_tarball(struct reading *m, struct error *err)
{
	struct image_store_tarball tarball = {.again = source_again};

	if (!artifact_source_open(m->job, &m->source, err))
		return false;
	tarball.from = (struct unpack_from){artifact_source_next, m->source};
	return image_store_open_tarball(&tarball, &m->store, err) &&
	       artifact_source_end(m->source, &m->out.source, err);
}

static bool open_layout(struct reading *m, struct error *err)
{
	struct manifest_source *out = &m->out.source;
	const char *path = m->job->path;
	size_t len = strlen(path);
	const char *name;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (name = path + len; name > path && name[-1] != '/';)
		name--;
	out->type = m->job->type;
	out->name = text_dup(name, (size_t)(path + len - name));
	if (!out->name)
		return error_set(err, ERR_SYSTEM, "no memory");
	return image_store_open_layout(path, &m->store, &out->sha256, &out->size, err);
}

static bool open_store(struct reading *m, struct error *err)
{
	struct stat st;

	if (stat(m->job->path, &st))
		return error_sys(err, "cannot open '%s'", TEXT_SAFE(m->job->path));
	return S_ISDIR(st.st_mode) ? open_layout(m, err) : open_tarball(m, err);
}

bool artifact_image_read(const struct artifact_job *job, struct artifact *out,
			 struct error *err)
{
	AUTO(reading_clear) struct reading m = {.job = job};

	if (!open_store(&m, err) ||
	    !image_open(m.store, job->arch, NULL, &m.image, err) ||
	    !find_wanted(&m, err) ||
	    !image_contents(&m.image, m.wanted, m.wanted_count, hash_content, &m, err))
		return false;
	m.out.source.image_manifest = m.image.plan.manifest;
	m.out.source.image_config = m.image.plan.config;
	m.out.source.image_reference = TAKE(m.image.plan.reference);
	m.out.version = TAKE(m.image.plan.version);
	artifact_sort(&m.out);
	*out = TAKE(m.out);
	return true;
}
