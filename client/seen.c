/* SPDX-License-Identifier: Apache-2.0 */
#include "client/seen.h"

#include <stdlib.h>

static int by_inode(const void *a, const void *b)
{
	const struct seen_file *x = a, *y = b;

	return file_id_compare(x->id, y->id);
}

bool seen_add(struct seen *s, const struct digest_many_item *items, size_t count,
	      struct error *err)
{
	struct seen_file *more =
		reallocarray(s->files, s->count + count + 1, sizeof(*s->files));

	if (!more)
		return error_set(err, ERR_SYSTEM, "no memory");
	s->files = more;
	for (size_t i = 0; i < count; i++) {
		const struct stat *st = &items[i].stat;

		if (items[i].state == DIGEST_MANY_DONE)
			s->files[s->count++] =
				(struct seen_file){file_id_of(st), st->st_size,
						   st->st_ctim, items[i].digest};
	}
	s->sorted = false;
	return true;
}

const struct digest *seen_find(struct seen *s, const struct stat *st)
{
	const struct seen_file key = {.id = file_id_of(st)};
	const struct seen_file *f;

	if (s->count == 0)
		return NULL;
	if (!s->sorted)
		qsort(s->files, s->count, sizeof(*s->files), by_inode);
	s->sorted = true;
	f = bsearch(&key, s->files, s->count, sizeof(key), by_inode);
	if (!f || f->size != st->st_size || f->changed.tv_sec != st->st_ctim.tv_sec ||
	    f->changed.tv_nsec != st->st_ctim.tv_nsec)
		return NULL;
	return &f->digest;
}

void seen_clear(struct seen *s)
{
	free(s->files);
	*s = (struct seen)EMPTY;
}
