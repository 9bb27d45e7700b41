/* SPDX-License-Identifier: Apache-2.0 */
#include "server/bytes.h"

#include <stdlib.h>

struct bytes *bytes_new(const void *data, size_t len)
{
	struct bytes *b = aligned_alloc(64, (sizeof(*b) + len + 1 + 63) & ~(size_t)63);

	if (!b)
		return NULL;
	atomic_init(&b->holders, 1);
	b->len = len;
	if (len)
		memcpy(b->data, data, len);
	b->data[len] = '\0';
	return b;
}

struct bytes *bytes_hold(struct bytes *b)
{
	atomic_fetch_add_explicit(&b->holders, 1, memory_order_relaxed);
	return b;
}

void bytes_drop(struct bytes *b)
{
	if (b && atomic_fetch_sub_explicit(&b->holders, 1, memory_order_acq_rel) == 1)
		free(b);
}

void bytes_drop_data(void *data)
{
	bytes_drop((struct bytes *)((char *)data - offsetof(struct bytes, data)));
}
