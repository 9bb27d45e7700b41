/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: the file system, with the care that an untrusted tree needs.
 *
 * Rules: every descriptor is O_CLOEXEC; nothing here follows a symlink out of
 * the root it was given; a file that is written appears whole or not at all.
 */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include "core/buf.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/types.h>

/* AUTO(file_closep) int fd = -1; keeps errno. */
void file_closep(int *fd);
/* AUTO(file_closedirp) DIR *dir = NULL; keeps errno, too. */
void file_closedirp(DIR **dir);

/* What tells a file from all others that are there now, whatever its names. */
struct file_id {
	dev_t dev;
	ino_t ino;
};

struct file_id file_id_of(const struct stat *st);
/* For qsort(3); 0: the very same file. */
int file_id_compare(struct file_id a, struct file_id b);
bool file_is_same(const struct stat *a, const struct stat *b);

/*
 * Open `path` (absolute or relative, both mean beneath `root_fd`) with `flags`
 * as open(2) has them, O_NOCTTY and O_CLOEXEC added. Symlinks are followed as
 * if root_fd were "/": an absolute target begins again at the root, ".." stops
 * there. O_NOFOLLOW speaks of the last component. Creating flags are not
 * allowed. Errors: ERR_NOT_FOUND, ERR_SYSTEM (ELOOP for a loop).
 *
 * Uses openat2(2) RESOLVE_IN_ROOT; the kernels of EL 7 and EL 8 lack it, and
 * there the path is walked component by component.
 */
bool file_open_beneath(int root_fd, const char *path, int flags, int *fd,
		       struct error *err) MUST_CHECK;
/* The walk itself, for kernels without openat2 and for the test that holds the
 * two against each other. */
bool file_walk_beneath(int root_fd, const char *path, int flags, int *fd,
		       struct error *err) MUST_CHECK;

/* open(2) with O_CLOEXEC and an error that names the path. */
bool file_open(const char *path, int flags, int *fd, struct error *err) MUST_CHECK;

/* read(2) once more when a signal broke in; *len is 0 at the end alone. */
bool file_read_piece(int fd, void *to, size_t max, size_t *len,
		     struct error *err) MUST_CHECK;
/* Append all of `fd` (from its offset to end of file) to `out`: ERR_LIMIT when
 * it does not fit into the buffer's ceiling. */
bool file_read_fd(int fd, struct buf *out, struct error *err) MUST_CHECK;
/* The same for a regular file or pipe by name; "-" is standard input. */
bool file_read(const char *path, struct buf *out, struct error *err) MUST_CHECK;

/* write(2) until all is out. */
bool file_write_fd(int fd, const void *data, size_t len, struct error *err) MUST_CHECK;

/* fchmod(2) of a file or folder of our own making; errno tells. On a stick that was
 * mounted for everyone (FAT with umask=000) it belongs to root and has the mount's
 * mode: that will do for what everyone may read, and is a failure for a secret. */
bool file_set_mode(int fd, mode_t mode) MUST_CHECK;

/*
 * Make `path` hold exactly these bytes: a temporary file beside it, write,
 * fsync, rename, fsync of the folder. On failure the old file stays and the
 * temporary one is gone. `mode` is not narrowed by the umask. What is there and no
 * regular file (a device, a pipe) is not replaced: ERR_SYSTEM.
 */
bool file_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
		       struct error *err) MUST_CHECK;

/*
 * The same in pieces: write to temp.fd, then place it; cleared without that, nothing is
 * left. Where the file system has O_TMPFILE, kill -9 hardly leaves anything either.
 *
 *     AUTO(file_temp_clear) struct file_temp temp = FILE_TEMP;
 */
struct file_temp {
	int fd;
	char *path; /* where it goes */
	char *name; /* that it has beside it; NULL: none yet */
};
#define FILE_TEMP                                                                      \
	{                                                                              \
		.fd = -1                                                               \
	}
bool file_temp_open(const char *path, struct file_temp *out,
		    struct error *err) MUST_CHECK;
bool file_temp_place(struct file_temp *t, mode_t mode, struct error *err) MUST_CHECK;
void file_temp_clear(struct file_temp *t);
/* Remove what writers of the same path left beside it that were killed. */
void file_temp_sweep(const char *path);

/* A file without a name in $TMPDIR, else /var/tmp: gone when it is closed. */
bool file_unnamed(int *fd, struct error *err) MUST_CHECK;

/* First thing in main(): those of the first three descriptors that are closed are taken
 * by one that can neither be read nor written (EBADF). No file, pipe or connection gets
 * their numbers, and with it what is meant for standard output. */
void file_take_standard(void);

/* An empty file in memory; `name` is what /proc shows. */
bool file_memory(const char *name, int *fd, struct error *err) MUST_CHECK;
bool file_pipe(int *from, int *to, struct error *err) MUST_CHECK;
/* Make an empty file in memory `size` bytes large, which begin with the `len` of `data`
 * and go on in NULs: from here on nobody can change it, whoever has it. */
bool file_seal(int fd, const void *data, size_t len, size_t size,
	       struct error *err) MUST_CHECK;
/* Both at once. */
bool file_sealed(const char *name, const void *data, size_t len, size_t size, int *fd,
		 struct error *err) MUST_CHECK;

/* mkdir(2); an existing folder is fine, anything else of that name is not. */
bool file_mkdir(const char *path, mode_t mode, struct error *err) MUST_CHECK;

/* The part of `path` behind its last "/". */
const char *file_basename(const char *path);

/* "DIR/NAME" as a string to be freed; NULL when there is no memory. */
char *file_join(const char *dir, const char *name) MUST_CHECK;

#endif
