/* SPDX-License-Identifier: Apache-2.0 */
#include "core/file.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* "NAME.tmp-XXXXXX", as mkostemp(3) fills it in. */
static bool is_temp_of(const char *entry, const char *name)
{
	static const char mark[] = ".tmp-";
	size_t len = strlen(name);
	const char *tail = entry + len + sizeof(mark) - 1;

	if (strncmp(entry, name, len) != 0 ||
	    strncmp(entry + len, mark, sizeof(mark) - 1) != 0 || strlen(tail) != 6)
		return false;
	while (isalnum((unsigned char)*tail))
		tail++;
	return !*tail;
}

/* Nobody writes it any more: a running writer has it locked. */
static void drop(int dir, const char *entry)
{
	int fd = openat(dir, entry, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && !flock(fd, LOCK_EX | LOCK_NB))
		unlinkat(dir, entry, 0);
	close(fd);
}

void file_temp_sweep(const char *path)
{
	const char *name = file_basename(path);
	AUTO(buf_clear) struct buf folder = BUF_MAX(PATH_MAX);
	struct dirent *entry;
	DIR *dir;

	buf_append(&folder, path, (size_t)(name - path));
	dir = opendir(folder.len ? folder.data : ".");
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (is_temp_of(entry->d_name, name))
			drop(dirfd(dir), entry->d_name);
	closedir(dir);
}
