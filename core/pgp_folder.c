/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_folder.h"

#include "core/file.h"
#include "core/text.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BASE_MAX = 40 }; /* bytes of the folder that it is made in */

static int remove_one(const char *path, const struct stat *st, int kind,
		      struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	(void)remove(path);
	return 0;
}

void pgp_folder_clear(struct pgp_folder *f)
{
	if (*f->path)
		nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	*f->path = '\0';
}

static bool make_in(const char *base, struct pgp_folder *out)
{
	struct pgp_folder made;

	if (!base || base[0] != '/' || strlen(base) > BASE_MAX)
		return false;
	snprintf(made.path, sizeof(made.path), "%s/fips-XXXXXX", base);
	if (!mkdtemp(made.path))
		return false;
	*out = made;
	return true;
}

bool pgp_folder_make(struct pgp_folder *out, struct error *err)
{
	if (make_in(secure_getenv("XDG_RUNTIME_DIR"), out) || make_in("/tmp", out) ||
	    make_in("/dev/shm", out) || make_in("/run", out))
		return true;
	return error_sys(err, "cannot make a private folder for gpg in /tmp, /dev/shm "
			      "or /run");
}

bool pgp_folder_put(const struct pgp_folder *f, const char *name, const void *data,
		    size_t len, struct error *err)
{
	AUTO(text_freep) char *path = file_join(f->path, name);
	AUTO(file_closep) int fd = -1;

	if (!path)
		return error_set(err, ERR_SYSTEM, "no memory");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_sys(err, "cannot create '%s'", path);
	return file_write_fd(fd, data, len, err) || error_prefix(err, "'%s'", path);
}
