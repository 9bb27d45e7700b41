/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a tree from a folder; tree_dir_write.c writes one. */
#include "core/tree_dir.h"

#include "core/file.h"
#include "core/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEPTH_MAX = 64 };

/* ---- one file ---- */

/* openat(2) of one component of `path`, for a message that names all of it. */
static bool step(int at, const char *name, int flags, const char *path, int *fd,
		 struct error *err)
{
	int got = openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC);

	if (got >= 0) {
		*fd = got;
		return true;
	}
	if (errno == ELOOP)
		return error_set(err, ERR_FORMAT, "'%s' leads through a symlink",
				 TEXT_SAFE(path));
	return error_sys(err, "cannot open '%s'", TEXT_SAFE(path));
}

bool tree_dir_file(int root, const char *path, int *fd, struct error *err)
{
	AUTO(file_closep) int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
	AUTO(file_closep) int got = -1;
	const char *part = path, *slash;
	struct stat st;

	if (at < 0)
		return error_sys(err, "cannot open '%s'", TEXT_SAFE(path));
	for (; (slash = strchr(part, '/')); part = slash + 1) {
		AUTO(text_freep) char *name = text_dup(part, (size_t)(slash - part));
		AUTO(file_closep) int next = -1;

		if (!name)
			return error_set(err, ERR_SYSTEM, "no memory");
		if (!step(at, name, O_PATH, path, &next, err))
			return false;
		if (fstat(next, &st))
			return error_sys(err, "cannot open '%s'", TEXT_SAFE(path));
		if (S_ISLNK(st.st_mode))
			return error_set(err, ERR_FORMAT,
					 "'%s' leads through a symlink",
					 TEXT_SAFE(path));
		file_closep(&at);
		at = TAKE_FD(next);
	}
	/* a FIFO without a writer does not make us wait */
	if (!step(at, part, O_RDONLY | O_NONBLOCK | O_NOCTTY, path, &got, err))
		return false;
	if (fstat(got, &st) || !S_ISREG(st.st_mode))
		return error_set(err, ERR_FORMAT, "'%s' is not a regular file",
				 TEXT_SAFE(path));
	*fd = TAKE_FD(got);
	return true;
}

/* ---- a tree ---- */

struct folder {
	int fd;
};

static bool stream(void *carrier, const char *path, uint64_t max, const struct sink *to,
		   struct error *err)
{
	AUTO(file_closep) int fd = -1;
	struct folder *f = carrier;

	if (!tree_dir_file(f->fd, path, &fd, err))
		return false;
	return tree_source_pour(fd, max, to, err) ||
	       error_prefix(err, "'%s'", TEXT_SAFE(path));
}

static bool has(void *carrier, const char *path)
{
	AUTO(file_closep) int fd = -1;
	struct folder *f = carrier;
	struct error ignored;

	return tree_dir_file(f->fd, path, &fd, &ignored);
}

static void close_folder(void *carrier)
{
	struct folder *f = carrier;

	file_closep(&f->fd);
	free(f);
}

struct walk {
	size_t entries;
	unsigned depth;
};

static bool walk(int parent, const char *name, struct walk *w, struct error *err);

static bool look_at(int dir, const char *name, struct walk *w, struct error *err)
{
	struct stat st;

	if (++w->entries > TREE_ENTRIES_MAX)
		return error_set(err, ERR_LIMIT, "more than %d files",
				 TREE_ENTRIES_MAX);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
		return error_sys(err, "cannot look at '%s'", TEXT_SAFE(name));
	if (S_ISREG(st.st_mode))
		return true;
	if (S_ISDIR(st.st_mode))
		return walk(dir, name, w, err) ||
		       error_prefix(err, "'%s'", TEXT_SAFE(name));
	return error_set(err, ERR_FORMAT,
			 "'%s' is a %s: a tree has files and folders alone",
			 TEXT_SAFE(name),
			 S_ISLNK(st.st_mode)    ? "symlink"
			 : S_ISFIFO(st.st_mode) ? "FIFO"
						: "device or socket");
}

static bool each_name(DIR *dir, struct walk *w, struct error *err)
{
	struct dirent *entry;

	for (errno = 0; (entry = readdir(dir)); errno = 0)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    !look_at(dirfd(dir), entry->d_name, w, err))
			return false;
	return !errno || error_sys(err, "cannot list a folder");
}

/* Is all of it files and folders? */
static bool walk(int parent, const char *name, struct walk *w, struct error *err)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool ok;

	if (!dir) {
		error_sys_(err, "cannot open folder '%s'", TEXT_SAFE(name));
		file_closep(&fd);
		return false;
	}
	ok = ++w->depth <= DEPTH_MAX
		     ? each_name(dir, w, err)
		     : error_set(err, ERR_LIMIT, "folders deeper than %d", DEPTH_MAX);
	w->depth--;
	closedir(dir);
	return ok;
}

bool tree_dir_open(const char *path, struct tree_source **out, struct error *err)
{
	static const struct tree_source_ops ops = {
		.stream = stream,
		.has = has,
		.close = close_folder,
	};
	AUTO(file_closep) int fd = -1;
	struct walk w = EMPTY;
	struct folder *f;

	if (!file_open(path, O_RDONLY | O_DIRECTORY, &fd, err))
		return false;
	if (!walk(fd, ".", &w, err))
		return error_prefix(err, "folder '%s'", TEXT_SAFE(path));
	f = malloc(sizeof(*f));
	if (!f)
		return error_set(err, ERR_SYSTEM, "no memory");
	f->fd = TAKE_FD(fd);
	return tree_source_new(&ops, f, "folder", path, out, err);
}
