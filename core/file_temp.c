/* SPDX-License-Identifier: Apache-2.0 */
/* Files that come whole or not at all. */
#include "core/file.h"

#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder of `path`, as a string to be freed. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return text_dup(".", 1);
	return text_dup(path, slash == path ? 1 : (size_t)(slash - path));
}

static bool sync_folder(const char *path, struct error *err)
{
	AUTO(text_freep) char *dir = folder_of(path);
	AUTO(file_closep) int fd = -1;

	if (!dir)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!file_open(dir, O_RDONLY | O_DIRECTORY, &fd, err))
		return false;
	/* some file systems cannot sync a folder and say EINVAL */
	if (fsync(fd) && errno != EINVAL)
		return error_sys(err, "cannot sync '%s'", TEXT_SAFE(dir));
	return true;
}

/* A name of its own beside `path`, for mkostemp(3) and for link(2). */
static char *beside(const char *path)
{
	AUTO(buf_clear) struct buf name = BUF_MAX(PATH_MAX);

	buf_printf(&name, "%s.tmp-XXXXXX", path);
	return buf_take(&name);
}

/* rename(2) would put a file into the place of a device, for root even of /dev/null; of
 * a folder it says so itself. */
static bool may_replace(const char *path, struct error *err)
{
	struct stat st;

	if (stat(path, &st) || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return true;
	return error_set(err, ERR_SYSTEM,
			 "'%s' is there and no regular file: not replaced",
			 TEXT_SAFE(path));
}

bool file_temp_open(const char *path, struct file_temp *out, struct error *err)
{
	AUTO(file_temp_clear) struct file_temp t = FILE_TEMP;
	AUTO(text_freep) char *dir = folder_of(path);

	if (!may_replace(path, err))
		return false;
	t.path = text_dup(path, strlen(path));
	if (!dir || !t.path)
		return error_set(err, ERR_SYSTEM, "no memory");
	/* a nameless file gets its name through /proc */
	t.fd = access("/proc/self/fd", X_OK)
		       ? -1
		       : open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (t.fd < 0) {
		t.name = beside(path);
		if (!t.name)
			return error_set(err, ERR_SYSTEM, "no memory");
		t.fd = mkostemp(t.name, O_CLOEXEC);
	}
	if (t.fd < 0)
		return error_sys(err, "cannot create a file beside '%s'",
				 TEXT_SAFE(path));
	(void)flock(t.fd, LOCK_EX | LOCK_NB); /* for file_temp_sweep() of others */
	*out = TAKE(t);
	t.fd = -1;
	return true;
}

/* Give a nameless file a name beside its place: rename(2) wants one. */
static bool name_temp(struct file_temp *t, struct error *err)
{
	char fd_path[64];
	int placeholder;

	if (t->name)
		return true;
	snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d", t->fd);
	for (int tries = 0; tries < 100; tries++) {
		AUTO(text_freep) char *name = beside(t->path);

		placeholder = name ? mkostemp(name, O_CLOEXEC) : -1;
		if (placeholder < 0)
			break;
		close(placeholder);
		unlink(name);
		if (!linkat(AT_FDCWD, fd_path, AT_FDCWD, name, AT_SYMLINK_FOLLOW)) {
			t->name = TAKE(name);
			return true;
		}
		if (errno != EEXIST)
			break;
	}
	return error_sys(err, "cannot create a file beside '%s'", TEXT_SAFE(t->path));
}

bool file_set_mode(int fd, mode_t mode)
{
	return !fchmod(fd, mode) || (errno == EPERM && (mode & S_IROTH));
}

bool file_temp_place(struct file_temp *t, mode_t mode, struct error *err)
{
	if (!file_set_mode(t->fd, mode) || fsync(t->fd))
		return error_sys(err, "'%s': cannot write", TEXT_SAFE(t->path));
	if (!name_temp(t, err))
		return false;
	if (rename(t->name, t->path))
		return error_sys(err, "cannot create '%s'", TEXT_SAFE(t->path));
	free(t->name);
	t->name = NULL;
	return sync_folder(t->path, err);
}

void file_temp_clear(struct file_temp *t)
{
	if (t->name)
		unlink(t->name);
	free(t->name);
	free(t->path);
	file_closep(&t->fd);
	*t = (struct file_temp)FILE_TEMP;
}

bool file_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
		       struct error *err)
{
	AUTO(file_temp_clear) struct file_temp t = FILE_TEMP;

	if (!file_temp_open(path, &t, err))
		return false;
	if (!file_write_fd(t.fd, data, len, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(path));
	return file_temp_place(&t, mode, err);
}
