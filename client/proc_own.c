/* SPDX-License-Identifier: Apache-2.0 */
#include "client/proc_own.h"

#include "core/file.h"
#include "core/text.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* No test can put this kernel into FIPS mode. In the tests' own fips-tool
 * (build/tests/stand-in) a tmpfs over /proc stands for one that is. */
#ifndef PROC_STAND_IN
#define PROC_STAND_IN false
#endif

static bool stands_in(int fd)
{
	struct statfs fs;

	return PROC_STAND_IN && !fstatfs(fd, &fs) && fs.f_type == TMPFS_MAGIC;
}

static bool same_file_system(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev;
}

/* The part of an absolute path that is beneath /proc, "" for /proc; NULL for another.
 */
static const char *beneath_proc(const char *path)
{
	const char *rest = path + strlen("/proc");

	if (!text_starts(path, "/proc") || (*rest && *rest != '/'))
		return NULL;
	return *rest ? rest + 1 : rest;
}

static bool is_on_the_way(const char *point, const char *path)
{
	size_t n = strlen(point);

	return !n || (!strncmp(point, path, n) && (!path[n] || path[n] == '/'));
}

/* A line of proc_pid_mountinfo(5) has in its 4th field what is mounted, as a path
 * within its file system, and in its 5th where. */
static bool is_harmless(const char *line, const char *path)
{
	AUTO(text_freep) char *what = NULL, *where = NULL;
	const char *point;

	if (sscanf(line, "%*s %*s %*s %ms %ms", &what, &where) != 2)
		return false;
	point = beneath_proc(where);
	return !point || !is_on_the_way(point, path) || !strcmp(what + 1, point);
}

static bool no_other_place(int proc_fd, const char *path)
{
	AUTO(file_closep) int fd = -1;
	AUTO(buf_clear) struct buf mounts = BUF_MAX(16 << 20);
	struct error ignored; /* what cannot be read tells nothing */
	char *rest;

	if (!file_open_beneath(proc_fd, "self/mountinfo", O_RDONLY, &fd, &ignored) ||
	    !same_file_system(fd, proc_fd) || !file_read_fd(fd, &mounts, &ignored) ||
	    !mounts.len)
		return false;
	rest = mounts.data;
	for (char *line; (line = strsep(&rest, "\n")) && *line;)
		if (!is_harmless(line, path))
			return false;
	return true;
}

bool proc_own_file(int proc_fd, const char *path)
{
	AUTO(file_closep) int fd = -1;
	struct error ignored; /* what cannot be opened is not told to be its own */

	if (!file_open_beneath(proc_fd, path, O_PATH, &fd, &ignored))
		return false;
	return stands_in(fd) ||
	       (same_file_system(fd, proc_fd) && no_other_place(proc_fd, path));
}
