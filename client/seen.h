/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seen: digests of the files that this run has read, by inode, so that a program
 * that lies on the disk, runs in ten processes and is found by three checks is read
 * once. A file that was written to since is another one.
 */
#ifndef CLIENT_SEEN_H
#define CLIENT_SEEN_H

#include "core/digest_many.h"
#include "core/file.h"

struct seen_file {
	struct file_id id;
	off_t size;
	struct timespec changed; /* st_ctim */
	struct digest digest;
};

struct seen {
	struct seen_file *files;
	size_t count;
	bool sorted; /* as seen_find() wants them */
};

/* Remember the finished ones of `items`. */
bool seen_add(struct seen *s, const struct digest_many_item *items, size_t count,
	      struct error *err) MUST_CHECK;
/* NULL: not seen. Valid until the next seen_add(). */
const struct digest *seen_find(struct seen *s, const struct stat *st);
void seen_clear(struct seen *s);

#endif
