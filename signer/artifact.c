/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/artifact.h"

#include "core/file.h"
#include "core/text.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

/* ---- entries ---- */

static void file_clear(struct manifest_file *f)
{
	free(f->path);
	free(f->link);
	free(f->owner);
	free(f->capabilities);
	free(f->go_version);
	free(f->go_crypto);
	*f = (struct manifest_file)EMPTY;
}

void artifact_entry_clear(struct artifact_entry *e)
{
	file_clear(&e->file);
}

void artifact_clear(struct artifact *a)
{
	for (size_t i = 0; i < a->count; i++)
		artifact_entry_clear(&a->entries[i]);
	free(a->entries);
	free(a->version);
	free(a->source.name);
	free(a->source.signer);
	free(a->source.image_reference);
	*a = (struct artifact)EMPTY;
}

struct artifact_entry *artifact_add(struct artifact *a, char *path, struct error *err)
{
	AUTO(text_freep) char *own = path;

	if (a->count == UNPACK_ENTRIES_MAX) {
		error_set_(err, ERR_LIMIT, "more than %d files", UNPACK_ENTRIES_MAX);
		return NULL;
	}
	if (a->count == a->capacity) {
		size_t capacity = a->capacity ? 2 * a->capacity : 16;
		void *more = reallocarray(a->entries, capacity, sizeof(*a->entries));

		if (!more) {
			no_memory(err);
			return NULL;
		}
		a->entries = more;
		a->capacity = capacity;
	}
	if (!path) {
		no_memory(err);
		return NULL;
	}
	a->entries[a->count] = (struct artifact_entry){.file.path = TAKE(own)};
	return &a->entries[a->count++];
}

static int by_path(const void *a, const void *b)
{
	const struct artifact_entry *x = a, *y = b;

	return strcmp(x->file.path, y->file.path);
}

void artifact_sort(struct artifact *a)
{
	if (a->count)
		qsort(a->entries, a->count, sizeof(*a->entries), by_path);
}

static int against_path(const void *path, const void *entry)
{
	return strcmp(path, ((const struct artifact_entry *)entry)->file.path);
}

struct artifact_entry *artifact_find(const struct artifact *a, const char *path)
{
	if (!a->count)
		return NULL;
	return bsearch(path, a->entries, a->count, sizeof(*a->entries), against_path);
}

/* ---- what is asked for ---- */

bool artifact_is_pattern(const char *path)
{
	return path[strcspn(path, "*?[\\")] != '\0';
}

static bool is_ordinary(const struct artifact_entry *e)
{
	return !(e->flags & (ARTIFACT_CONFIG | ARTIFACT_GHOST));
}

/* Does one line of the list ask for the entry, which lies at `path` on the node? */
static bool line_asks(const char *line, const struct artifact_entry *e,
		      const char *path)
{
	if ((e->type != UNPACK_REGULAR && e->type != UNPACK_LINK) ||
	    e->flags & ARTIFACT_GHOST)
		return false;
	if (!artifact_is_pattern(line))
		return !strcmp(line, path);
	return is_ordinary(e) && !fnmatch(line, path, FNM_PATHNAME);
}

/* Where the entry lies on the node: joined into `room` where there is a prefix. */
static const char *place(const struct release_component *c,
			 const struct artifact_entry *e, char room[2 * UNPACK_PATH_MAX])
{
	if (c->type == MANIFEST_FILE)
		return c->path;
	if (c->type != MANIFEST_TAR || !c->prefix || !strcmp(c->prefix, "/"))
		return e->file.path;
	snprintf(room, 2 * UNPACK_PATH_MAX, "%s%s", c->prefix, e->file.path);
	return room;
}

bool artifact_asks(const struct release_component *c, const struct artifact_entry *e)
{
	char room[2 * UNPACK_PATH_MAX];
	const char *path = place(c, e, room);

	if (c->files.count == 0)
		return e->type == UNPACK_REGULAR && is_ordinary(e);
	for (size_t i = 0; i < c->files.count; i++)
		if (line_asks(c->files.items[i], e, path))
			return true;
	return false;
}

bool artifact_wanted(const struct artifact_job *job, const struct artifact_entry *e)
{
	for (size_t i = 0; i < job->component_count; i++)
		if (artifact_asks(job->components[i], e))
			return true;
	return false;
}

/* Why the line finds nothing. */
static bool refuse_line(const struct artifact *a, const struct release_component *c,
			const char *line, struct error *err)
{
	char room[2 * UNPACK_PATH_MAX];

	for (size_t i = 0; i < a->count; i++) {
		const struct artifact_entry *e = &a->entries[i];

		if (strcmp(place(c, e, room), line) != 0)
			continue;
		if (e->flags & ARTIFACT_GHOST)
			return error_set(
				err, ERR_NOT_FOUND,
				"'%s' is a ghost: the package owns it and does "
				"not hold it",
				TEXT_SAFE(line));
		return error_set(err, ERR_NOT_FOUND,
				 "'%s' is %s: only files and symlinks can be in a "
				 "manifest",
				 TEXT_SAFE(line),
				 e->type == UNPACK_FOLDER ? "a folder"
							  : "a device, pipe or socket");
	}
	return error_set(err, ERR_NOT_FOUND, "it holds nothing that matches '%s'",
			 TEXT_SAFE(line));
}

static bool check_lines(const struct artifact *a, const struct release_component *c,
			struct error *err)
{
	char room[2 * UNPACK_PATH_MAX];

	for (size_t i = 0; i < c->files.count; i++) {
		const char *line = c->files.items[i];
		bool found = false;

		for (size_t k = 0; k < a->count && !found; k++)
			found = line_asks(line, &a->entries[k],
					  place(c, &a->entries[k], room));
		if (!found)
			return refuse_line(a, c, line, err);
	}
	return true;
}

/* A copy of `s`, NULL for NULL; *ok becomes false without memory. */
static char *copy(const char *s, bool *ok)
{
	char *new = s ? text_dup(s, strlen(s)) : NULL;

	*ok = *ok && !s == !new;
	return new;
}

static bool copy_file(const struct artifact_entry *e, const char *path,
		      enum manifest_kind kind, struct manifest_file *out,
		      struct error *err)
{
	const struct manifest_file *f = &e->file;
	bool ok = true;

	if (!text_is_path(path))
		return error_set(err, ERR_LIMIT, "'%s' is longer than a path may be",
				 TEXT_SAFE(path));
	*out = (struct manifest_file){
		.kind = kind, .sha256 = f->sha256, .size = f->size, .mode = f->mode};
	out->path = copy(path, &ok);
	out->link = copy(f->link, &ok);
	out->owner = copy(f->owner, &ok);
	out->capabilities = copy(f->capabilities, &ok);
	out->go_version = copy(f->go_version, &ok);
	out->go_crypto = copy(f->go_crypto, &ok);
	if (ok)
		return true;
	file_clear(out);
	return no_memory(err);
}

bool artifact_select(const struct artifact *a, const struct release_component *c,
		     struct manifest_component *out, struct error *err)
{
	enum manifest_kind kind =
		c->type == MANIFEST_IMAGE ? MANIFEST_IN_IMAGE : MANIFEST_ON_HOST;
	size_t count = 0;
	struct manifest_file *files;

	if (!check_lines(a, c, err))
		return false;
	for (size_t i = 0; i < a->count; i++)
		count += artifact_asks(c, &a->entries[i]);
	if (count == 0)
		return error_set(err, ERR_NOT_FOUND, "it holds no regular file");
	files = calloc(count, sizeof(*files));
	if (!files)
		return no_memory(err);
	out->files = files;
	for (size_t i = 0; i < a->count; i++) {
		const struct artifact_entry *e = &a->entries[i];
		char room[2 * UNPACK_PATH_MAX];

		if (!artifact_asks(c, e))
			continue;
		if (e->type == UNPACK_REGULAR && !e->taken)
			return error_set(err, ERR_INTERNAL, "'%s' was not digested",
					 TEXT_SAFE(e->file.path));
		if (!copy_file(e, place(c, e, room), kind, &files[out->file_count],
			       err))
			return false;
		out->file_count++;
	}
	return true;
}

/* ---- content ---- */

void artifact_hasher_clear(struct artifact_hasher *h)
{
	digest_stream_freep(&h->digest);
}

static bool set_go(const struct gobin *g, struct manifest_file *f, struct error *err)
{
	bool ok = true;

	if (!g->version[0])
		return true;
	f->go_version = copy(g->version, &ok);
	f->go_crypto = copy(g->crypto, &ok);
	return ok ? true : no_memory(err);
}

static bool flow(struct artifact_hasher *h, struct gobin_stream *go,
		 struct unpack_from content, uint64_t size, struct error *err)
{
	uint64_t total = 0;
	const void *data;
	size_t len;

	for (;;) {
		if (!content.next(content.arg, &data, &len, err))
			return false;
		total += len;
		if (total > size || (!len && total < size))
			return error_set(err, ERR_FORMAT,
					 "its content has other than its %" PRIu64
					 " bytes",
					 size);
		if (!len)
			return true;
		if (!digest_stream_add(h->digest, data, len, err) ||
		    !gobin_stream_add(go, data, len, err))
			return false;
	}
}

bool artifact_hash(struct artifact_hasher *h, struct unpack_from content, uint64_t size,
		   struct artifact_entry *e, struct error *err)
{
	AUTO(gobin_stream_freep) struct gobin_stream *go = NULL;
	struct gobin facts;

	if ((!h->digest && !digest_stream_new(&h->digest, err)) ||
	    !digest_stream_begin(h->digest, err) || !gobin_stream_new(size, &go, err))
		return false;
	if (!flow(h, go, content, size, err) || !gobin_stream_end(go, &facts, err) ||
	    !digest_stream_end(h->digest, &e->file.sha256, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(e->file.path));
	e->file.size = size;
	e->taken = true;
	return set_go(&facts, &e->file, err);
}

bool artifact_same(const struct artifact_entry *from, struct artifact_entry *to,
		   struct error *err)
{
	bool ok = true;

	to->type = from->type;
	to->taken = from->taken;
	to->file.sha256 = from->file.sha256;
	to->file.size = from->file.size;
	to->file.go_version = copy(from->file.go_version, &ok);
	to->file.go_crypto = copy(from->file.go_crypto, &ok);
	return ok ? true : no_memory(err);
}

/* ---- the kinds ---- */

bool artifact_file_read(const struct artifact_job *job, struct artifact *out,
			struct error *err)
{
	AUTO(artifact_source_freep) struct artifact_source *s = NULL;
	AUTO(artifact_hasher_clear) struct artifact_hasher h = EMPTY;
	AUTO(artifact_clear) struct artifact a = EMPTY;
	struct artifact_entry *e;
	char head[4] = EMPTY;

	if (!artifact_source_open(job, &s, err))
		return false;
	if (pread(artifact_source_fd(s), head, sizeof(head), 0) < 0)
		return error_sys(err, "cannot read");
	e = artifact_add(&a, text_dup("/", 1), err);
	if (!e)
		return false;
	e->type = UNPACK_REGULAR;
	/* the mode on disk depends on how the file came here */
	e->file.mode =
		!memcmp(head, "\177ELF", 4) || !memcmp(head, "#!", 2) ? 0755 : 0644;
	if (!artifact_hash(&h, (struct unpack_from){artifact_source_next, s},
			   artifact_source_size(s), e, err) ||
	    !artifact_source_end(s, &a.source, err))
		return false;
	*out = TAKE(a);
	return true;
}

bool artifact_read(const struct artifact_job *job, struct artifact *out,
		   struct error *err)
{
	bool (*const read[])(const struct artifact_job *, struct artifact *,
			     struct error *) = {
		[MANIFEST_RPM] = artifact_rpm_read,
		[MANIFEST_IMAGE] = artifact_image_read,
		[MANIFEST_TAR] = artifact_tar_read,
		[MANIFEST_FILE] = artifact_file_read,
	};

	/* a fault of opening names the whole path already */
	if (read[job->type](job, out, err))
		return true;
	if (!strstr(err->msg, job->path))
		error_prefix_(err, "'%s'", TEXT_SAFE(file_basename(job->path)));
	return false;
}
