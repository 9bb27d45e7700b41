/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes: immutable bytes with many holders: a snapshot, the responses made from
 * it, and transfers that outlive both.
 *
 * Rule: the content never changes after bytes_new(); the last holder frees it.
 */
#ifndef SERVER_BYTES_H
#define SERVER_BYTES_H

#include "core/error.h"

#include <stdatomic.h>

struct bytes {
	atomic_uint holders;
	int file; /* a sealed file in memory with the same content; -1: none */
	size_t len;
	const char *data; /* and a NUL behind it */
	char own[] __attribute__((aligned(64)));
};

/* A copy of `data`, held once; NULL without memory. */
struct bytes *bytes_new(const void *data, size_t len) MUST_CHECK;
/* The same in a file that lives in memory alone, which the system can send without
 * copying it: whole pages, a descriptor, and not before Linux 3.17. NULL: not to be
 * had. */
struct bytes *bytes_new_file(const void *data, size_t len) MUST_CHECK;
struct bytes *bytes_hold(struct bytes *b);
void bytes_drop(struct bytes *b); /* NULL is fine */
/* The holder of a pointer to the first byte lets go; not of those in a file. */
void bytes_drop_data(void *data);

#endif
