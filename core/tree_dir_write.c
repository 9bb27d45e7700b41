/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a tree as a folder. Beside the folder NAME lies .NAME.fips-manifest-new while
 * the new tree is made, and the old one while it is taken away; what a killed run left
 * there is removed by the next one.
 */
#include "core/file.h"
#include "core/text.h"
#include "core/tree_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct work {
	const struct tree *tree;
	const struct tree_writing *how;
	char *path; /* for messages */
	char *name; /* of the folder in its parent */
	char *beside;
	int parent;
	int old;    /* -1: there is none */
	int fresh;  /* the folder beside it */
	int folder; /* the one of the last file, in fresh */
	char *in;   /* its path; NULL: none yet */
	struct tree_written done;
};

static void work_clear(struct work *w)
{
	free(w->path);
	free(w->name);
	free(w->beside);
	free(w->in);
	file_closep(&w->folder);
	file_closep(&w->fresh);
	file_closep(&w->old);
	file_closep(&w->parent);
}

static bool fail(const struct work *w, const char *what, struct error *err)
{
	return error_sys(err, "cannot %s '%s'", what, TEXT_SAFE(w->path));
}

/* ---- where it goes ---- */

/* `path` without symlinks and slashes at its end; its last part need not exist. */
static char *resolve(const char *path)
{
	AUTO(text_freep) char *trimmed = text_dup(path, strlen(path));
	AUTO(text_freep) char *parent = NULL;
	char *slash, *real = realpath(path, NULL);

	if (real || errno != ENOENT || !trimmed)
		return real;
	for (size_t n = strlen(trimmed); n > 1 && trimmed[n - 1] == '/'; n--)
		trimmed[n - 1] = '\0';
	slash = strrchr(trimmed, '/');
	if (!slash) {
		parent = realpath(".", NULL);
		return parent ? file_join(parent, trimmed) : NULL;
	}
	*slash = '\0';
	parent = realpath(*trimmed ? trimmed : "/", NULL);
	return parent ? file_join(parent, slash + 1) : NULL;
}

static bool locate(struct work *w, const char *path, struct error *err)
{
	AUTO(text_freep) char *real = resolve(path);
	AUTO(buf_clear) struct buf beside = BUF_MAX(NAME_MAX + 64);
	char *slash;

	w->path = text_dup(path, strlen(path));
	if (!real || !w->path)
		return error_sys(err, "cannot make folder '%s'", TEXT_SAFE(path));
	slash = strrchr(real, '/');
	if (!slash[1])
		return error_set(err, ERR_USAGE, "'%s' is no folder for a tree",
				 TEXT_SAFE(path));
	buf_printf(&beside, ".%s.fips-manifest-new", slash + 1);
	w->name = text_dup(slash + 1, strlen(slash + 1));
	w->beside = buf_take(&beside);
	if (!w->name || !w->beside)
		return error_set(err, ERR_SYSTEM, "no memory");
	*slash = '\0';
	return file_open(*real ? real : "/", O_RDONLY | O_DIRECTORY, &w->parent, err);
}

/* ---- removing ---- */

static bool remove_all(int at, const char *name);

static bool remove_content(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	bool ok = true;

	if (!dir) {
		close(fd);
		return false;
	}
	while (ok && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ok = remove_all(dirfd(dir), entry->d_name);
	closedir(dir);
	return ok;
}

/* A file or a folder with all in it; errno tells. */
static bool remove_all(int at, const char *name)
{
	int fd;

	if (!unlinkat(at, name, 0) || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return false;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && remove_content(fd) && !unlinkat(at, name, AT_REMOVEDIR);
}

/* ---- the old one ---- */

/* The files that a tree of another publication may have; targets have their digest in
 * front of their name. */
static bool is_of_a_tree(const char *path)
{
	static const char *const shapes[] = {
		"index.html",
		"index.json",
		"keys/release.asc",
		"manifests/*/manifest-el*.json.asc",
		"metadata/*.json",
		"site/statement.json",
		"tool/SHA256SUMS",
		"tool/SHA256SUMS.asc",
		"tool/fips-tool-*-linux-*",
	};
	char hex[DIGEST_HEX_SIZE];
	struct digest d;

	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		if (!fnmatch(shapes[i], path, FNM_PATHNAME))
			return true;
	snprintf(hex, sizeof(hex), "%s", file_basename(path));
	return text_starts(path, "targets/") && digest_unhex(hex, &d) &&
	       file_basename(path)[strlen(hex)] == '.';
}

static bool has_index(int dir)
{
	static const char begins[] = "{\n  \"format\": \"fips-manifest-index/";
	char text[sizeof(begins)] = "";
	AUTO(file_closep) int fd = -1;
	struct error ignored;

	return tree_dir_file(dir, "index.json", &fd, &ignored) &&
	       read(fd, text, sizeof(begins) - 1) == sizeof(begins) - 1 &&
	       !strcmp(text, begins);
}

static bool not_ours(const struct work *w, const char *path, struct error *err)
{
	return error_set(
		err, ERR_CONFLICT,
		"'%s' holds '%s', which is no part of a published tree: name a "
		"folder for the tree alone; nothing was changed",
		TEXT_SAFE(w->path), TEXT_SAFE(path));
}

static bool check_folder(const struct work *w, int at, struct buf *path, size_t *files,
			 struct error *err);

/* What lies at `path` of the old folder, in the folder `at`. */
static bool check_entry(const struct work *w, int at, struct buf *path, size_t *files,
			struct error *err)
{
	const char *name = file_basename(path->data);
	struct stat st;
	int fd;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW))
		return fail(w, "list", err);
	if (S_ISDIR(st.st_mode)) {
		fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		buf_putc(path, '/');
		return check_folder(w, fd, path, files, err);
	}
	++*files;
	return (S_ISREG(st.st_mode) &&
		(tree_find(w->tree, path->data) || is_of_a_tree(path->data))) ||
	       not_ours(w, path->data, err);
}

/* One entry of a folder after the other; a tree has no empty folder beneath its top. */
static bool check_entries(const struct work *w, DIR *dir, struct buf *path,
			  size_t *files, struct error *err)
{
	size_t before = path->len, entries = 0;
	struct dirent *entry;

	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		entries++;
		buf_puts(path, entry->d_name);
		if (!buf_ok(path, err) || !check_entry(w, dirfd(dir), path, files, err))
			return false;
		path->len = before;
		path->data[before] = '\0';
	}
	if (errno)
		return fail(w, "list", err);
	return entries || !before || not_ours(w, path->data, err);
}

/* Closes `at`. */
static bool check_folder(const struct work *w, int at, struct buf *path, size_t *files,
			 struct error *err)
{
	DIR *dir = at < 0 ? NULL : fdopendir(at);
	bool ok;

	if (!dir) {
		fail(w, "list", err);
		file_closep(&at);
		return false;
	}
	ok = check_entries(w, dir, path, files, err);
	closedir(dir);
	return ok;
}

/* Nothing in it, or a tree and nothing else: else it is not ours to replace. */
static bool check_old(const struct work *w, struct error *err)
{
	AUTO(buf_clear) struct buf path = BUF_MAX(PATH_MAX);
	size_t files = 0;

	if (!check_folder(w, fcntl(w->old, F_DUPFD_CLOEXEC, 0), &path, &files, err))
		return false;
	return !files || has_index(w->old) ||
	       error_set(err, ERR_CONFLICT,
			 "'%s' is neither empty nor a published tree: name a folder "
			 "for the tree alone; nothing was changed",
			 TEXT_SAFE(w->path));
}

static bool open_old(struct work *w, struct error *err)
{
	w->old = openat(w->parent, w->name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (w->old < 0)
		return errno == ENOENT || fail(w, "write a tree to", err);
	return check_old(w, err);
}

/* ---- the new one ---- */

/* Whatever the umask is: a server must be able to read it. */
static bool make_folder(int at, const char *name)
{
	if (mkdirat(at, name, 0755))
		return errno == EEXIST;
	/* a stick that was mounted for everyone: see file_set_mode() */
	return !fchmodat(at, name, 0755, 0) || errno == EPERM;
}

/* Make the folder that holds `path` and open it, unless it is open already. */
static bool enter(struct work *w, const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	AUTO(text_freep) char *in = text_dup(path, slash ? (size_t)(slash - path) : 0);
	int fd;

	if (!in)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (w->in && !strcmp(w->in, in))
		return true;
	for (char *end = in; *in && end;) {
		end = strchr(end + 1, '/');
		if (end)
			*end = '\0';
		if (!make_folder(w->fresh, in))
			return fail(w, "make a folder in", err);
		if (end)
			*end = '/';
	}
	fd = openat(w->fresh, *in ? in : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fail(w, "make a folder in", err);
	file_closep(&w->folder);
	w->folder = fd;
	free(w->in);
	w->in = TAKE(in);
	return true;
}

/* Is the old tree's file this one? Then the new tree gets the very file. */
static bool keep(const struct work *w, const struct tree_entry *e)
{
	AUTO(file_closep) int fd = -1;
	struct error ignored;
	struct digest d;
	struct stat st;
	uint64_t size;

	if (w->old < 0 || !tree_dir_file(w->old, e->path, &fd, &ignored) ||
	    fstat(fd, &st) || (st.st_mode & 07777) != 0644 ||
	    (uint64_t)st.st_size != e->size || !digest_of_fd(fd, &d, &size, &ignored) ||
	    !digest_equal(&d, &e->digest))
		return false;
	return !linkat(w->old, e->path, w->fresh, e->path, 0);
}

static bool fill(const struct work *w, const struct tree_entry *e, int fd,
		 struct error *err)
{
	const struct timespec times[2] = {{.tv_sec = e->modified},
					  {.tv_sec = e->modified}};
	struct sink to = sink_fd(&fd);

	if (!tree_stream(w->tree, e, &to, err))
		return false;
	if (!file_set_mode(fd, 0644) || (futimens(fd, times) && errno != EPERM))
		return error_sys(err, "'%s'", TEXT_SAFE(e->path));
	return true;
}

static bool put(struct work *w, const struct tree_entry *e, struct error *err)
{
	AUTO(file_closep) int fd = -1;

	if (w->how->begun)
		w->how->begun(w->how->arg, e);
	if (!enter(w, e->path, err))
		return false;
	w->done.files++;
	if (keep(w, e))
		return true;
	fd = openat(w->folder, file_basename(e->path),
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_sys(err, "cannot make '%s'", TEXT_SAFE(e->path));
	w->done.fresh++;
	w->done.bytes += e->size;
	return fill(w, e, fd, err);
}

static bool make(struct work *w, struct error *err)
{
	if (!remove_all(w->parent, w->beside) || !make_folder(w->parent, w->beside))
		return fail(w, "make a folder beside", err);
	w->fresh = openat(w->parent, w->beside,
			  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (w->fresh < 0)
		return fail(w, "make a folder beside", err);
	for (size_t i = 0; i < w->tree->count; i++)
		if (!put(w, &w->tree->entries[i], err))
			return error_prefix(err, "'%s'", TEXT_SAFE(w->path));
	return !syncfs(w->fresh) || fail(w, "write", err);
}

/* ---- changing places ---- */

/* For file systems that cannot exchange: FAT and some network ones. */
static bool replace(const struct work *w, const char *old_name)
{
	return !renameat(w->parent, w->name, w->parent, old_name) &&
	       !renameat(w->parent, w->beside, w->parent, w->name) &&
	       remove_all(w->parent, old_name);
}

static bool switch_over(const struct work *w, const char *old_name, struct error *err)
{
	bool ok;

	if (w->old < 0)
		ok = !renameat2(w->parent, w->beside, w->parent, w->name,
				RENAME_NOREPLACE) ||
		     (errno == EINVAL &&
		      !renameat(w->parent, w->beside, w->parent, w->name));
	else
		ok = !renameat2(w->parent, w->beside, w->parent, w->name,
				RENAME_EXCHANGE) ||
		     ((errno == EINVAL || errno == ENOSYS) && replace(w, old_name));
	if (!ok && errno == EBUSY)
		return error_set(err, ERR_SYSTEM,
				 "'%s' cannot be replaced in one step, because "
				 "something is mounted on it: name a folder in it",
				 TEXT_SAFE(w->path));
	if (!ok || (fsync(w->parent) && errno != EINVAL))
		return fail(w, "replace", err);
	return true;
}

/* A run that could not exchange was killed between its two renames. */
static bool mend(const struct work *w, const char *old_name, struct error *err)
{
	struct stat st;

	if (fstatat(w->parent, old_name, &st, AT_SYMLINK_NOFOLLOW))
		return true;
	if (fstatat(w->parent, w->name, &st, AT_SYMLINK_NOFOLLOW))
		return !renameat(w->parent, old_name, w->parent, w->name) ||
		       fail(w, "restore", err);
	return remove_all(w->parent, old_name) || fail(w, "clean up beside", err);
}

static bool write_tree(struct work *w, struct error *err)
{
	AUTO(buf_clear) struct buf old_name = BUF_MAX(NAME_MAX + 64);
	bool ok;

	buf_printf(&old_name, ".%s.fips-manifest-old", w->name);
	if (!buf_ok(&old_name, err) || !mend(w, old_name.data, err) ||
	    !open_old(w, err))
		return false;
	ok = make(w, err) && switch_over(w, old_name.data, err);
	/* what lies there now is the old tree, or half of the new one */
	if (!remove_all(w->parent, w->beside) && ok)
		return fail(w, "remove the old tree beside", err);
	return ok;
}

bool tree_dir_write(const struct tree *t, const char *path,
		    const struct tree_writing *how, struct tree_written *out,
		    struct error *err)
{
	AUTO(work_clear)
	struct work w = {
		.tree = t,
		.how = how,
		.parent = -1,
		.old = -1,
		.fresh = -1,
		.folder = -1,
	};

	if (!locate(&w, path, err))
		return false;
	/* one writer at a time; the lock goes with the descriptor */
	if (flock(w.parent, LOCK_EX))
		return fail(&w, "lock the folder of", err);
	if (!write_tree(&w, err))
		return false;
	*out = w.done;
	return true;
}
