/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tarball, compressed or not. A later entry of the same path wins, as it does when
 * the tarball is unpacked. Every regular file is digested, because a hard link that is
 * asked for may have its content under a name that is not.
 */
#include "signer/artifact.h"

#include "core/text.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

/* The entry that a path means now. */
struct seen {
	const char *path; /* the entry's */
	size_t at;
};

struct tar {
	struct artifact_hasher hasher;
	struct artifact all; /* in the archive's order */
	void *seen;          /* tree of struct seen, tsearch(3) */
};

static void tar_clear(struct tar *t)
{
	tdestroy(t->seen, free);
	artifact_hasher_clear(&t->hasher);
	artifact_clear(&t->all);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->path, ((const struct seen *)b)->path);
}

/* The entry that `path` means so far; NULL when there is none. */
static const struct artifact_entry *meant(struct tar *t, const char *path)
{
	const struct seen key = {.path = path};
	struct seen *const *found = tfind(&key, &t->seen, by_path);

	return found ? &t->all.entries[(*found)->at] : NULL;
}

/* From now on the path means the last entry; one before it is no more. */
static bool supersede(struct tar *t, struct error *err)
{
	size_t at = t->all.count - 1;
	struct seen *new = malloc(sizeof(*new)), **in;

	if (new)
		*new = (struct seen){t->all.entries[at].file.path, at};
	in = new ? tsearch(new, &t->seen, by_path) : NULL;
	if (!in) {
		free(new);
		return error_set(err, ERR_SYSTEM, "no memory");
	}
	if (*in != new) {
		struct manifest_file *old = &t->all.entries[(*in)->at].file;

		free(TAKE(old->path));
		**in = *new;
		free(new);
	}
	return true;
}

/* "root:root", or numbers where a name is missing or has no form for a manifest. */
static char *owner_of(const struct unpack_entry *e)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_";
	char text[160];
	bool names = e->user && e->group && strlen(e->user) <= 64 &&
		     strlen(e->group) <= 64 && !e->user[strspn(e->user, set)] &&
		     !e->group[strspn(e->group, set)];

	if (names)
		snprintf(text, sizeof(text), "%s:%s", e->user, e->group);
	else
		snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64, e->uid, e->gid);
	return text_dup(text, strlen(text));
}

static bool hard_link(struct tar *t, const struct unpack_entry *in, size_t at,
		      struct error *err)
{
	AUTO(text_freep) char *target = NULL;
	struct artifact_entry *to = &t->all.entries[at];
	const struct artifact_entry *from;

	if (!unpack_path("/", in->hard_link, &target, err))
		return false;
	from = meant(t, target);
	if (!from || from->type != UNPACK_REGULAR || !from->taken)
		return error_set(
			err, ERR_FORMAT,
			"'%s' is a hard link to '%s', which is no file before it",
			TEXT_SAFE(in->name), TEXT_SAFE(in->hard_link));
	if (from->file.capabilities) {
		to->file.capabilities = text_dup(from->file.capabilities,
						 strlen(from->file.capabilities));
		if (!to->file.capabilities)
			return error_set(err, ERR_SYSTEM, "no memory");
	}
	return artifact_same(from, to, err);
}

static bool add(struct tar *t, struct unpack *u, const struct unpack_entry *in,
		struct error *err)
{
	char *path = NULL;
	struct artifact_entry *e;

	if (!unpack_path("/", in->name, &path, err))
		return false;
	e = artifact_add(&t->all, path, err);
	if (!e)
		return false;
	e->type = in->type;
	e->file.mode = in->mode;
	e->file.owner = owner_of(in);
	if (in->target)
		e->file.link = text_dup(in->target, strlen(in->target));
	if (!e->file.owner || (in->target && !e->file.link))
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!capability_name(&in->capability, &e->file.capabilities, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(in->name));
	if (in->hard_link && !hard_link(t, in, t->all.count - 1, err))
		return false;
	if (!in->hard_link && in->type == UNPACK_REGULAR &&
	    !artifact_hash(&t->hasher, unpack_content(u), in->size, e, err))
		return false;
	return supersede(t, err);
}

static bool read_all(struct tar *t, struct unpack *u, struct error *err)
{
	struct unpack_entry in;
	bool more;

	for (;;) {
		if (!unpack_next(u, &in, &more, err))
			return false;
		if (!more)
			return true;
		if (!add(t, u, &in, err))
			return false;
	}
}

/* Drop the entries that were superseded. */
static void compact(struct artifact *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->count; i++) {
		struct artifact_entry e = TAKE(a->entries[i]);

		if (e.file.path)
			a->entries[kept++] = e;
		else
			artifact_entry_clear(&e);
	}
	a->count = kept;
}

/* Unpacking would follow a symlink in the middle of a path to somewhere else. */
static bool check_folders(const struct artifact *a, struct error *err)
{
	char path[UNPACK_PATH_MAX];

	for (size_t i = 0; i < a->count; i++) {
		char *slash;

		snprintf(path, sizeof(path), "%s", a->entries[i].file.path);
		while ((slash = strrchr(path, '/')) != path) {
			const struct artifact_entry *over;

			*slash = '\0';
			over = artifact_find(a, path);
			if (over && over->type != UNPACK_FOLDER)
				return error_set(err, ERR_FORMAT,
						 "'%s' lies beneath '%s', which is no "
						 "folder",
						 TEXT_SAFE(a->entries[i].file.path),
						 TEXT_SAFE(path));
		}
	}
	return true;
}

bool artifact_tar_read(const struct artifact_job *job, struct artifact *out,
		       struct error *err)
{
	AUTO(artifact_source_freep) struct artifact_source *s = NULL;
	AUTO(unpack_freep) struct unpack *stream = NULL, *archive = NULL;
	AUTO(tar_clear) struct tar t = EMPTY;
	struct unpack_entry entry;
	bool more;

	if (!artifact_source_open(job, &s, err) ||
	    !unpack_open((struct unpack_from){artifact_source_next, s}, UNPACK_STREAM,
			 &stream, err) ||
	    !unpack_next(stream, &entry, &more, err))
		return false;
	if (!more)
		return error_set(err, ERR_FORMAT, "it is empty");
	if (!unpack_open(unpack_content(stream), UNPACK_TAR, &archive, err) ||
	    !read_all(&t, archive, err) || !unpack_drain(unpack_content(stream), err) ||
	    !artifact_source_end(s, &t.all.source, err))
		return false;
	compact(&t.all);
	artifact_sort(&t.all);
	if (!check_folders(&t.all, err))
		return false;
	*out = TAKE(t.all);
	return true;
}
