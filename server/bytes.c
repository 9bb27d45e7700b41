/* SPDX-License-Identifier: Apache-2.0 */
#include "server/bytes.h"

#include "core/file.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct bytes *bytes_new(const void *data, size_t len)
{
	struct bytes *b = aligned_alloc(64, (sizeof(*b) + len + 1 + 63) & ~(size_t)63);

	if (!b)
		return NULL;
	atomic_init(&b->holders, 1);
	b->file = -1;
	b->len = len;
	b->data = b->own;
	if (len)
		memcpy(b->own, data, len);
	b->own[len] = '\0';
	return b;
}

struct bytes *bytes_new_file(const void *data, size_t len)
{
	AUTO(file_closep) int fd = -1;
	struct error why;
	struct bytes *b;
	void *map;

	if (!file_sealed("body", data, len, len + 1, &fd, &why))
		return NULL;
	map = mmap(NULL, len + 1, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return NULL;
	b = aligned_alloc(64, sizeof(*b));
	if (!b) {
		munmap(map, len + 1);
		return NULL;
	}
	atomic_init(&b->holders, 1);
	b->file = TAKE_FD(fd);
	b->len = len;
	b->data = map;
	return b;
}

struct bytes *bytes_hold(struct bytes *b)
{
	atomic_fetch_add_explicit(&b->holders, 1, memory_order_relaxed);
	return b;
}

void bytes_drop(struct bytes *b)
{
	if (!b || atomic_fetch_sub_explicit(&b->holders, 1, memory_order_acq_rel) != 1)
		return;
	if (b->file >= 0) {
		munmap((void *)(uintptr_t)b->data, b->len + 1);
		close(b->file);
	}
	free(b);
}

void bytes_drop_data(void *data)
{
	bytes_drop((struct bytes *)((char *)data - offsetof(struct bytes, own)));
}
