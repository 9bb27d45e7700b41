/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a tree from a tar; tree_tar_write.c writes one. A first pass reads every
 * header and keeps where each file's entry begins and ends; an entry is read later by
 * handing these very bytes to libarchive as an archive of their own.
 */
#include "core/tree_tar.h"

#include "core/file.h"
#include "core/late.h"
#include "core/text.h"
#include "soname.inc"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* clang-format off */
#define FUNCTIONS(_) \
	_(archive_entry_filetype) _(archive_entry_hardlink) \
	_(archive_entry_pathname) _(archive_entry_size) \
	_(archive_entry_sparse_count) _(archive_entry_symlink) _(archive_errno) \
	_(archive_error_string) _(archive_read_data_block) _(archive_read_free) \
	_(archive_read_header_position) _(archive_read_new) \
	_(archive_read_next_header) _(archive_read_open2) \
	_(archive_read_support_filter_zstd) _(archive_read_support_format_raw) \
	_(archive_read_support_format_tar) _(archive_set_error)
LATE_LIBRARY(FUNCTIONS, ARCHIVE, "reading a tree from a tar")
/* clang-format on */

enum {
	TAR_BLOCK = 512,
	TAR_END = 2 * TAR_BLOCK, /* zeros that say "this is all" */
	PIECE = 128 * 1024,
	ZSTD_MAGIC = 4,
};

struct member {
	char *path;
	uint64_t at, end; /* of headers, content and padding, in the file */
};

struct tar {
	int fd;
	uint64_t size;
	struct member *members; /* sorted by path when the tar is open */
	size_t count, room;
	char *piece; /* PIECE bytes that libarchive reads from */
};

static void tar_free(struct tar *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		free(t->members[i].path);
	free(t->members);
	free(t->piece);
	file_closep(&t->fd);
	free(t);
}

static void tar_freep(struct tar **t)
{
	tar_free(*t);
	*t = NULL;
}

/* ---- libarchive over a part of the file ---- */

struct window {
	const struct tar *tar;
	uint64_t at, end;
	struct error why; /* reading failed */
};

static la_ssize_t on_read(struct archive *a, void *arg, const void **data)
{
	struct window *w = arg;
	uint64_t left = w->end - w->at;
	ssize_t n;

	do
		n = pread(w->tar->fd, w->tar->piece, left < PIECE ? left : PIECE,
			  (off_t)w->at);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		error_sys_(&w->why, "cannot read");
		lib.archive_set_error(a, EIO, "%s", w->why.msg);
		return -1;
	}
	w->at += (uint64_t)n;
	*data = w->tar->piece;
	return n;
}

static la_int64_t on_skip(struct archive *a, void *arg, la_int64_t request)
{
	struct window *w = arg;
	uint64_t left = w->end - w->at;
	uint64_t skip = request < 0 ? 0 : (uint64_t)request;

	(void)a;
	skip = skip < left ? skip : left;
	w->at += skip;
	return (la_int64_t)skip;
}

static void reader_free(struct archive **a)
{
	if (*a)
		lib.archive_read_free(*a);
	*a = NULL;
}

static bool fail(struct archive *a, const struct window *w, struct error *err)
{
	const char *text = lib.archive_error_string(a);

	if (w->why.code != ERR_NONE) {
		*err = w->why;
		return false;
	}
	if (lib.archive_errno(a) == ENOMEM)
		return error_set(err, ERR_SYSTEM, "no memory");
	return error_set(err, ERR_FORMAT, "damaged tar: %s",
			 text ? TEXT_SAFE(text) : "no reason given");
}

static bool open_window(struct archive *a, struct window *w, struct error *err)
{
	if (!a)
		return error_set(err, ERR_SYSTEM, "no memory");
	return (lib.archive_read_support_format_tar(a) == ARCHIVE_OK &&
		lib.archive_read_open2(a, w, NULL, on_read, on_skip, NULL) ==
			ARCHIVE_OK) ||
	       fail(a, w, err);
}

/* ---- the first pass ---- */

static bool refuse(const char *name, const char *why, struct error *err)
{
	return error_set(err, ERR_FORMAT, "'%s' %s", TEXT_SAFE(name), why);
}

/* What no tree has. */
static bool check_kind(struct archive_entry *e, const char *name, struct error *err)
{
	if (lib.archive_entry_hardlink(e))
		return refuse(name, "is a hard link: a tree has files alone", err);
	if (lib.archive_entry_symlink(e) || lib.archive_entry_filetype(e) == AE_IFLNK)
		return refuse(name, "is a symlink: a tree has files alone", err);
	if (lib.archive_entry_filetype(e) != AE_IFREG &&
	    lib.archive_entry_filetype(e) != AE_IFDIR)
		return refuse(name, "is neither a file nor a folder", err);
	if (lib.archive_entry_sparse_count(e))
		return refuse(name, "is a sparse file: a tree has none", err);
	return true;
}

/* The name as the tree has it; "." is the archive's own top. */
static bool name_of(struct archive_entry *e, char **out, struct error *err)
{
	const char *name = lib.archive_entry_pathname(e);
	bool folder = lib.archive_entry_filetype(e) == AE_IFDIR;
	AUTO(text_freep) char *path = NULL;
	const char *from;
	size_t len;

	if (!name)
		return error_set(err, ERR_FORMAT, "a name that is not ASCII");
	if (!check_kind(e, name, err))
		return false;
	from = text_starts(name, "./") && name[2] ? name + 2 : name;
	len = strlen(from);
	if (folder && len > 1 && from[len - 1] == '/')
		len--;
	path = text_dup(from, len);
	if (!path)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!tree_source_is_path(path) && !(folder && !strcmp(path, ".")))
		return refuse(name, "is no path of a tree", err);
	*out = TAKE(path);
	return true;
}

static bool add_member(struct tar *t, char *path, uint64_t at, struct error *err)
{
	if (t->count == TREE_ENTRIES_MAX)
		return error_set(err, ERR_LIMIT, "more than %d files",
				 TREE_ENTRIES_MAX);
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 64;
		struct member *grown = reallocarray(t->members, room, sizeof(*grown));

		if (!grown)
			return error_set(err, ERR_SYSTEM, "no memory");
		t->members = grown;
		t->room = room;
	}
	t->members[t->count++] = (struct member){.path = path, .at = at};
	return true;
}

/* An entry and where it begins. The entry before it ends there. */
static bool on_entry(struct tar *t, struct archive *a, struct archive_entry *e,
		     struct member **open, struct error *err)
{
	uint64_t at = (uint64_t)lib.archive_read_header_position(a);
	AUTO(text_freep) char *path = NULL;

	if (*open)
		(*open)->end = at;
	*open = NULL;
	if (!name_of(e, &path, err))
		return false;
	if (lib.archive_entry_filetype(e) == AE_IFDIR)
		return true;
	if (lib.archive_entry_size(e) < 0 ||
	    (uint64_t)lib.archive_entry_size(e) > t->size)
		return refuse(path, "is larger than the whole tar", err);
	if (!add_member(t, path, at, err))
		return false;
	*open = &t->members[t->count - 1];
	path = NULL;
	return true;
}

/* Zeros from where the last entry ends to the end of the file, two blocks at least:
 * else a tar that was cut off between two entries would look whole. */
static bool check_end(const struct tar *t, uint64_t at, struct error *err)
{
	if (at > t->size || t->size - at < TAR_END)
		return error_set(err, ERR_FORMAT,
				 "damaged tar: it is cut off at byte %" PRIu64
				 ", before its end mark",
				 t->size);
	while (at < t->size) {
		uint64_t left = t->size - at;
		ssize_t n =
			pread(t->fd, t->piece, left < PIECE ? left : PIECE, (off_t)at);

		if (n <= 0)
			return error_sys(err, "cannot read");
		for (ssize_t i = 0; i < n; i++)
			if (t->piece[i])
				return error_set(err, ERR_FORMAT,
						 "damaged tar: data behind its end "
						 "mark");
		at += (uint64_t)n;
	}
	return true;
}

static bool scan(struct tar *t, struct error *err)
{
	AUTO(reader_free) struct archive *a = lib.archive_read_new();
	struct window w = {.tar = t, .end = t->size};
	struct member *open = NULL;
	struct archive_entry *e;
	int rc;

	if (!open_window(a, &w, err))
		return false;
	while ((rc = lib.archive_read_next_header(a, &e)) == ARCHIVE_OK)
		if (!on_entry(t, a, e, &open, err))
			return false;
	if (rc != ARCHIVE_EOF)
		return fail(a, &w, err);
	if (open)
		open->end = (uint64_t)lib.archive_read_header_position(a);
	return check_end(t, (uint64_t)lib.archive_read_header_position(a), err);
}

static int member_cmp(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static bool sort(struct tar *t, struct error *err)
{
	if (t->count)
		qsort(t->members, t->count, sizeof(*t->members), member_cmp);
	for (size_t i = 1; i < t->count; i++)
		if (!strcmp(t->members[i - 1].path, t->members[i].path))
			return refuse(t->members[i].path, "is there twice", err);
	return true;
}

/* ---- an entry ---- */

static bool pour(struct archive *a, const struct window *w, uint64_t size,
		 const struct sink *to, struct error *err)
{
	const void *data;
	la_int64_t offset;
	uint64_t done = 0;
	size_t len;
	int rc;

	while ((rc = lib.archive_read_data_block(a, &data, &len, &offset)) ==
	       ARCHIVE_OK) {
		if ((uint64_t)offset != done || len > size - done)
			return error_set(err, ERR_FORMAT, "damaged tar: a hole");
		done += len;
		if (len && !sink_put(to, data, len, err))
			return false;
	}
	if (rc != ARCHIVE_EOF)
		return fail(a, w, err);
	return done == size || error_set(err, ERR_FORMAT, "damaged tar: cut off");
}

static bool stream_member(const struct tar *t, const struct member *m, uint64_t max,
			  const struct sink *to, struct error *err)
{
	AUTO(reader_free) struct archive *a = lib.archive_read_new();
	struct window w = {.tar = t, .at = m->at, .end = m->end};
	struct archive_entry *e;
	uint64_t size;

	if (!open_window(a, &w, err))
		return false;
	if (lib.archive_read_next_header(a, &e) != ARCHIVE_OK)
		return fail(a, &w, err);
	size = (uint64_t)lib.archive_entry_size(e);
	if (size > max)
		return error_set(err, ERR_LIMIT, "more than %" PRIu64 " bytes", max);
	return pour(a, &w, size, to, err);
}

static const struct member *find(const struct tar *t, const char *path)
{
	const struct member key = {.path = (char *)(uintptr_t)path};

	return t->count ? bsearch(&key, t->members, t->count, sizeof(key), member_cmp)
			: NULL;
}

static bool has(void *carrier, const char *path)
{
	return find(carrier, path);
}

static bool stream(void *carrier, const char *path, uint64_t max, const struct sink *to,
		   struct error *err)
{
	const struct tar *t = carrier;
	const struct member *m = find(t, path);

	if (!m)
		return error_set(err, ERR_NOT_FOUND, "it holds no '%s'",
				 TEXT_SAFE(path));
	return stream_member(t, m, max, to, err) ||
	       error_prefix(err, "'%s'", TEXT_SAFE(path));
}

static void close_tar(void *carrier)
{
	tar_free(carrier);
}

/* ---- compressed ones ---- */

static bool is_zstd(const struct tar *t)
{
	static const unsigned char magic[ZSTD_MAGIC] = {0x28, 0xb5, 0x2f, 0xfd};
	unsigned char head[ZSTD_MAGIC];

	return pread(t->fd, head, sizeof(head), 0) == sizeof(head) &&
	       !memcmp(head, magic, sizeof(head));
}

static bool unpack_to(struct archive *a, const struct window *w, int fd,
		      struct error *err)
{
	uint64_t size = 0;
	struct archive_entry *e;
	const void *data;
	la_int64_t offset;
	size_t len;
	int rc;

	if (lib.archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
	    lib.archive_read_support_format_raw(a) != ARCHIVE_OK ||
	    lib.archive_read_open2(a, (void *)(uintptr_t)w, NULL, on_read, on_skip,
				   NULL) != ARCHIVE_OK ||
	    lib.archive_read_next_header(a, &e) != ARCHIVE_OK)
		return fail(a, w, err);
	while ((rc = lib.archive_read_data_block(a, &data, &len, &offset)) ==
	       ARCHIVE_OK) {
		size += len;
		if (size > TREE_TAR_BYTES_MAX)
			return error_set(err, ERR_LIMIT,
					 "more than %" PRIu64 " bytes, unpacked",
					 TREE_TAR_BYTES_MAX);
		if (!file_write_fd(fd, data, len, err))
			return error_prefix(err, "unpacking to $TMPDIR or /var/tmp");
	}
	return rc == ARCHIVE_EOF || fail(a, w, err);
}

/* Put the unpacked bytes in the place of the compressed ones. */
static bool unpack(struct tar *t, struct error *err)
{
	AUTO(reader_free) struct archive *a = lib.archive_read_new();
	struct window w = {.tar = t, .end = t->size};
	AUTO(file_closep) int fd = -1;
	struct stat st;

	if (!a)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!file_unnamed(&fd, err) || !unpack_to(a, &w, fd, err))
		return false;
	if (fstat(fd, &st))
		return error_sys(err, "cannot read");
	file_closep(&t->fd);
	t->fd = TAKE_FD(fd);
	t->size = (uint64_t)st.st_size;
	return true;
}

/* ---- opening ---- */

static bool open_file(struct tar *t, const char *path, struct error *err)
{
	struct stat st;

	t->piece = malloc(PIECE);
	if (!t->piece)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!file_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, &t->fd, err))
		return false;
	if (fstat(t->fd, &st) || !S_ISREG(st.st_mode))
		return error_set(err, ERR_FORMAT, "'%s' is neither a folder nor a tar",
				 TEXT_SAFE(path));
	t->size = (uint64_t)st.st_size;
	return true;
}

bool tree_tar_open(const char *path, struct tree_source **out, struct error *err)
{
	static const struct tree_source_ops ops = {
		.stream = stream,
		.has = has,
		.close = close_tar,
	};
	AUTO(tar_freep) struct tar *t = calloc(1, sizeof(*t));

	if (!t)
		return error_set(err, ERR_SYSTEM, "no memory");
	t->fd = -1;
	if (!lib_load(err) || !open_file(t, path, err))
		return false;
	if ((is_zstd(t) && !unpack(t, err)) || !scan(t, err) || !sort(t, err))
		return error_prefix(err, "tar '%s'", TEXT_SAFE(path));
	return tree_source_new(&ops, TAKE(t), "tar", path, out, err);
}
