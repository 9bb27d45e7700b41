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
	size_t len;
	char data[] __attribute__((aligned(64))); /* and a NUL behind it */
};

/* A copy of `data`, held once; NULL without memory. */
struct bytes *bytes_new(const void *data, size_t len) MUST_CHECK;
struct bytes *bytes_hold(struct bytes *b);
void bytes_drop(struct bytes *b); /* NULL is fine */
/* The holder of a pointer to the first byte lets go. */
void bytes_drop_data(void *data);

#endif
