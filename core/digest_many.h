/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_many: SHA-256 of many files at once on all cores, the largest first.
 *
 * Rules: a path is opened beneath the root it was given and never blocks: only a
 * regular file is read, a FIFO, device, socket or folder is told by its kind. A
 * file that was changed while it was read has no digest. Nothing is read beyond
 * an item's ceiling. When the deadline passes, items that were not finished stay
 * DIGEST_MANY_PENDING, also when the kernel never answers for one of them.
 */
#ifndef CORE_DIGEST_MANY_H
#define CORE_DIGEST_MANY_H

#include "core/digest.h"

#include <sys/stat.h>

enum { DIGEST_MANY_CAPABILITY_MAX = 32 }; /* bytes; the kernel's largest has 24 */

enum digest_many_state {
	DIGEST_MANY_PENDING, /* not begun or not finished when time was over */
	DIGEST_MANY_DONE,
	DIGEST_MANY_ABSENT,      /* no such file */
	DIGEST_MANY_NOT_REGULAR, /* `why` names the kind */
	DIGEST_MANY_TOO_LARGE,   /* stat.st_size is over the ceiling */
	DIGEST_MANY_CHANGED,     /* it was written to meanwhile */
	DIGEST_MANY_FAILED,      /* `why` is the reason */
};

struct digest_many_item {
	const char *path; /* beneath the root; used in messages alone when fd >= 0 */
	int fd;        /* -1, or an open regular file, read from offset 0, borrowed */
	uint64_t hint; /* expected size: says which ones are begun first */
	uint64_t max;  /* ceiling in bytes; 0: none */

	enum digest_many_state state;
	struct digest digest; /* DIGEST_MANY_DONE */
	struct stat stat; /* of the open file: DONE, TOO_LARGE, CHANGED, NOT_REGULAR */
	unsigned char capability[DIGEST_MANY_CAPABILITY_MAX]; /* security.capability */
	int capability_len; /* 0: none; -1: it could not be read */
	char *why;          /* or NULL; freed by digest_many_clear() */
};

struct digest_many_options {
	unsigned threads; /* 0: what is best on this machine */
	int64_t deadline; /* milliseconds of digest_many_now(); 0: none */
	bool capability;  /* read that of each regular file, too */
	/* Called for each finished item, one at a time. May be NULL. */
	void (*finished)(void *arg, const struct digest_many_item *item, size_t i);
	void *arg;
};

/* Fill in state and what belongs to it, of the items that are DIGEST_MANY_PENDING.
 * False only without memory or SHA-256: what befalls a file is told in its item. */
bool digest_many(int root_fd, struct digest_many_item *items, size_t count,
		 const struct digest_many_options *options,
		 struct error *err) MUST_CHECK;
void digest_many_clear(struct digest_many_item *items, size_t count);

/* Monotonic milliseconds, as deadlines are told. */
int64_t digest_many_now(void);

/* "a FIFO", "a folder", ... for messages. */
const char *digest_many_kind(mode_t mode);

#endif
