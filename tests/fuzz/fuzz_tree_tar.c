/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the tar holds: it is refused, or it is a tree whose files come whole, within
 * their ceiling and the same a second time. */
#include "core/file.h"
#include "core/tree_tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CEILING = 65536 };

static void read_twice(struct tree_source *s, const char *path)
{
	AUTO(buf_clear) struct buf a = BUF_MAX(CEILING), b = BUF_MAX(CEILING);
	struct error err = EMPTY;
	bool ok = tree_source_get(s, path, &a, &err);

	if (tree_source_get(s, path, &b, &err) != ok || a.len != b.len ||
	    (a.len && memcmp(a.data, b.data, a.len) != 0) || a.len > CEILING)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(tree_source_closep) struct tree_source *s = NULL;
	AUTO(file_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct error err = EMPTY;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || (size && write(fd, data, size) != (ssize_t)size))
		abort();
	if (!tree_tar_open(path, &s, &err)) {
		if (err.code != ERR_FORMAT && err.code != ERR_LIMIT)
			abort();
		return 0;
	}
	read_twice(s, "index.json");
	read_twice(s, "metadata/1.root.json");
	read_twice(s, "a");
	read_twice(s, "no/such");
	return 0;
}
