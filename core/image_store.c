/* SPDX-License-Identifier: Apache-2.0 */
#include "core/image_store.h"

#include "core/file.h"
#include "core/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 8, CHUNK = 256 * 1024 };

struct file {
	char *name;
	char *link;      /* the name that it leads to; NULL: it is a file */
	struct buf json; /* of a small JSON file */
};

struct image_store {
	struct image_store_tarball tarball;
	int folder; /* of a layout; else -1 */
	struct file **files;
	size_t count;
	size_t kept; /* bytes of JSON */
};

void image_store_free(struct image_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		free(s->files[i]->name);
		free(s->files[i]->link);
		buf_clear(&s->files[i]->json);
		free(s->files[i]);
	}
	free(s->files);
	file_closep(&s->folder);
	free(s);
}

void image_store_freep(struct image_store **s)
{
	image_store_free(*s);
	*s = NULL;
}

/* A file of that name, which becomes the store's or is freed. */
static struct file *add(struct image_store *s, char *name, struct error *err)
{
	AUTO(text_freep) char *own = name;
	struct file *f = NULL, **more = NULL;

	if (s->count == IMAGE_STORE_FILES_MAX) {
		error_set_(err, ERR_LIMIT, "more than %d files", IMAGE_STORE_FILES_MAX);
		return NULL;
	}
	if (own)
		more = reallocarray(s->files, s->count + 1, sizeof(struct file *));
	if (more) {
		s->files = more;
		f = calloc(1, sizeof(*f));
	}
	if (!f) {
		error_set_(err, ERR_SYSTEM, "no memory");
		return NULL;
	}
	*f = (struct file){.name = TAKE(own), .json = BUF_MAX(IMAGE_STORE_JSON_MAX)};
	s->files[s->count++] = f;
	return f;
}

static struct file *find(struct image_store *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->files[i]->name, name))
			return s->files[i];
	return NULL;
}

/* The file that the name leads to through links; NULL when there is none. */
static struct file *follow(struct image_store *s, const char *name)
{
	struct file *f = find(s, name);

	for (unsigned i = 0; f && f->link && i < LINKS_MAX; i++)
		f = find(s, f->link);
	return f && !f->link ? f : NULL;
}

/* ---- tarballs ---- */

/* Go from the folder `b` by one component of a symlink's target. */
static bool step(struct buf *b, const char *part, size_t len)
{
	if (len == 0 || (len == 1 && *part == '.'))
		return true;
	if (len != 2 || memcmp(part, "..", 2) != 0) {
		buf_putc(b, '/');
		buf_append(b, part, len);
		return true;
	}
	if (!b->len)
		return false;
	while (b->data[--b->len] != '/')
		;
	b->data[b->len] = '\0';
	return true;
}

/* Where a symlink of that name leads to, by its text. */
static bool link_target(const char *name, const char *target, char **out,
			struct error *err)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(2 * UNPACK_PATH_MAX);

	buf_append(&b, name, (size_t)(strrchr(name, '/') - name));
	for (const char *p = target; *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if (*target == '/' || !step(&b, p, len))
			return error_set(err, ERR_FORMAT,
					 "'%s' is a symlink that leads out",
					 TEXT_SAFE(name));
		p += len;
	}
	return buf_ok(&b, err) && unpack_path("/", b.len ? b.data + 1 : "", out, err);
}

/* Keep the content when it looks like JSON. */
static bool keep_json(struct image_store *s, struct file *f, struct unpack *u,
		      struct error *err)
{
	const void *data;
	size_t len;
	bool json;

	if (!unpack_read(u, &data, &len, err))
		return false;
	json = len && strchr("{[", *(const char *)data) && *(const char *)data;
	while (json && len) {
		s->kept += len;
		if (s->kept > IMAGE_STORE_KEPT_MAX)
			return error_set(err, ERR_LIMIT, "more than %d bytes of JSON",
					 IMAGE_STORE_KEPT_MAX);
		buf_append(&f->json, data, len);
		if (!buf_ok(&f->json, err) || !unpack_read(u, &data, &len, err))
			return false;
	}
	return true;
}

static bool list_entry(struct image_store *s, struct unpack *u,
		       const struct unpack_entry *in, struct error *err)
{
	char *name = NULL;
	struct file *f;

	if (in->type == UNPACK_FOLDER)
		return true;
	if (!unpack_path("/", in->name, &name, err))
		return false;
	if (find(s, name)) {
		free(name);
		return error_set(err, ERR_FORMAT, "it holds '%s' twice",
				 TEXT_SAFE(in->name));
	}
	f = add(s, name, err);
	if (!f)
		return false;
	if (in->hard_link)
		return unpack_path("/", in->hard_link, &f->link, err);
	if (in->type == UNPACK_LINK)
		return link_target(f->name, in->target, &f->link, err);
	if (in->type != UNPACK_REGULAR)
		return error_set(err, ERR_FORMAT, "'%s' is neither file nor folder",
				 TEXT_SAFE(f->name));
	return in->size > IMAGE_STORE_JSON_MAX || keep_json(s, f, u, err);
}

struct walk {
	struct image_store *store;
	struct unpack *stream, *archive;
};

static void walk_clear(struct walk *w)
{
	unpack_freep(&w->archive);
	unpack_freep(&w->stream);
}

static bool walk_open(struct image_store *s, struct walk *w, struct error *err)
{
	struct unpack_entry entry;
	bool more;

	w->store = s;
	if (!unpack_open(s->tarball.from, UNPACK_STREAM, &w->stream, err) ||
	    !unpack_next(w->stream, &entry, &more, err))
		return false;
	if (!more)
		return error_set(err, ERR_FORMAT, "it is empty");
	return unpack_open(unpack_content(w->stream), UNPACK_TAR, &w->archive, err);
}

static bool list_tarball(struct image_store *s, struct error *err)
{
	AUTO(walk_clear) struct walk w = EMPTY;
	struct unpack_entry in;
	bool more = true;

	if (!walk_open(s, &w, err))
		return false;
	while (more)
		if (!unpack_next(w.archive, &in, &more, err) ||
		    (more && !list_entry(s, w.archive, &in, err)))
			return false;
	return unpack_drain(unpack_content(w.stream), err) &&
	       unpack_drain(s->tarball.from, err);
}

/* ---- layouts ---- */

static bool open_inside(struct image_store *s, const char *name, int *out,
			struct error *err)
{
	AUTO(file_closep) int fd = -1;
	struct stat st;

	if (!file_open_beneath(s->folder, name, O_RDONLY | O_NONBLOCK, &fd, err))
		return false;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return error_set(err, ERR_FORMAT, "'%s' is not a regular file",
				 TEXT_SAFE(name));
	*out = TAKE_FD(fd);
	return true;
}

/* A descriptor as bytes to pull. */
struct from_fd {
	int fd;
	char *chunk;
};

static bool fd_next(void *arg, const void **data, size_t *len, struct error *err)
{
	struct from_fd *f = arg;

	*data = f->chunk;
	return file_read_piece(f->fd, f->chunk, CHUNK, len, err);
}

static bool layout_json(struct image_store *s, const char *name, const struct buf **out,
			struct error *err)
{
	AUTO(file_closep) int fd = -1;
	struct file *f = find(s, name);

	if (!f) {
		if (!open_inside(s, name, &fd, err))
			return false;
		f = add(s, text_dup(name, strlen(name)), err);
		if (!f)
			return false;
		if (!file_read_fd(fd, &f->json, err))
			return error_prefix(err, "'%s'", TEXT_SAFE(name));
	}
	*out = &f->json;
	return true;
}

/* ---- either ---- */

static bool store_new(struct image_store **out, struct error *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return error_set(err, ERR_SYSTEM, "no memory");
	(*out)->folder = -1;
	return true;
}

bool image_store_open_tarball(const struct image_store_tarball *t,
			      struct image_store **out, struct error *err)
{
	AUTO(image_store_freep) struct image_store *s = NULL;

	if (!store_new(&s, err))
		return false;
	s->tarball = *t;
	if (!list_tarball(s, err))
		return false;
	*out = TAKE(s);
	return true;
}

bool image_store_open_layout(const char *path, struct image_store **out,
			     struct digest *index, uint64_t *size, struct error *err)
{
	AUTO(image_store_freep) struct image_store *s = NULL;
	AUTO(file_closep) int fd = -1;

	if (!store_new(&s, err) ||
	    !file_open(path, O_RDONLY | O_DIRECTORY, &s->folder, err) ||
	    !open_inside(s, "index.json", &fd, err) ||
	    !digest_of_fd(fd, index, size, err))
		return false;
	*out = TAKE(s);
	return true;
}

bool image_store_has(struct image_store *s, const char *name)
{
	AUTO(file_closep) int fd = -1;
	struct error ignored;

	if (s->folder < 0)
		return follow(s, name);
	return open_inside(s, name, &fd, &ignored);
}

bool image_store_json(struct image_store *s, const char *name, const struct buf **out,
		      struct error *err)
{
	const struct file *f;

	if (s->folder >= 0)
		return layout_json(s, name, out, err);
	f = follow(s, name);
	if (!f || !f->json.len)
		return error_set(err, ERR_FORMAT, "it has no JSON file '%s'",
				 TEXT_SAFE(name));
	*out = &f->json;
	return true;
}

/* The first of the names that is this one; the count when none is. */
static size_t which(const char *const *names, size_t count, const char *name)
{
	size_t i = 0;

	while (i < count && strcmp(names[i], name) != 0)
		i++;
	return i;
}

static bool flow_layout(struct image_store *s, const struct image_store_files *files,
			bool (*each)(void *arg, size_t i, struct unpack_from content,
				     struct error *err),
			void *arg, struct error *err)
{
	AUTO(text_freep) char *chunk = malloc(CHUNK);
	bool ok = chunk || error_set(err, ERR_SYSTEM, "no memory");

	for (size_t i = 0; ok && i < files->count; i++) {
		AUTO(file_closep) int fd = -1;
		struct from_fd from = {.chunk = chunk};

		files->same[i] = which(files->names, i, files->names[i]);
		if (files->same[i] != i)
			continue;
		ok = open_inside(s, files->names[i], &fd, err);
		from.fd = fd;
		ok = ok && each(arg, i, (struct unpack_from){fd_next, &from}, err);
	}
	return ok;
}

/* Where the names of the files lead to in the tarball. */
static bool follow_all(struct image_store *s, const struct image_store_files *files,
		       const char **out, struct error *err)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct file *f = follow(s, files->names[i]);

		if (!f)
			return error_set(err, ERR_FORMAT, "it has no file '%s'",
					 TEXT_SAFE(files->names[i]));
		out[i] = f->name;
		files->same[i] = which(out, i, f->name);
	}
	return true;
}

static bool flow_tarball(struct image_store *s, const char *const *names, size_t count,
			 bool (*each)(void *arg, size_t i, struct unpack_from content,
				      struct error *err),
			 void *arg, struct error *err)
{
	AUTO(walk_clear) struct walk w = EMPTY;
	struct unpack_entry in;
	bool more;

	if (!s->tarball.again(s->tarball.from.arg, err) || !walk_open(s, &w, err))
		return false;
	for (;;) {
		AUTO(text_freep) char *name = NULL;
		size_t i;

		if (!unpack_next(w.archive, &in, &more, err))
			return false;
		if (!more)
			return true;
		if (in.type != UNPACK_REGULAR || in.hard_link)
			continue;
		if (!unpack_path("/", in.name, &name, err))
			return false;
		i = which(names, count, name);
		if (i < count && !each(arg, i, unpack_content(w.archive), err))
			return false;
	}
}

static void names_freep(const char ***names)
{
	free(*names);
}

bool image_store_flow(struct image_store *s, const struct image_store_files *files,
		      bool (*each)(void *arg, size_t i, struct unpack_from content,
				   struct error *err),
		      void *arg, struct error *err)
{
	AUTO(names_freep) const char **names = NULL;

	if (s->folder >= 0)
		return flow_layout(s, files, each, arg, err);
	names = calloc(files->count + 1, sizeof(*names));
	if (!names)
		return error_set(err, ERR_SYSTEM, "no memory");
	return follow_all(s, files, names, err) &&
	       flow_tarball(s, names, files->count, each, arg, err);
}
