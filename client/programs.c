/* SPDX-License-Identifier: Apache-2.0 */
#include "client/programs.h"

#include "core/file.h"

#include <stdlib.h>

static bool is_program(const struct manifest_component *c,
		       const struct manifest_file *f)
{
	if (f->kind == MANIFEST_ON_HOST)
		return f->link || f->mode & 0111;
	return !f->link && !strcmp(file_basename(f->path), c->name);
}

static int by_name(const void *a, const void *b)
{
	const struct program *x = a, *y = b;
	int cmp = strcmp(x->name, y->name);

	return cmp ? cmp : strcmp(x->file->path, y->file->path);
}

bool programs_of(const struct manifest *m, struct programs *out, struct error *err)
{
	struct programs p = EMPTY;
	size_t n = 0;

	for (size_t i = 0; i < m->component_count; i++)
		n += m->components[i].file_count;
	p.list = calloc(n + 1, sizeof(*p.list));
	if (!p.list)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < m->component_count; i++) {
		const struct manifest_component *c = &m->components[i];

		for (size_t k = 0; k < c->file_count; k++) {
			const struct manifest_file *f = &c->files[k];

			if (is_program(c, f))
				p.list[p.count++] =
					(struct program){file_basename(f->path), c, f};
		}
	}
	qsort(p.list, p.count, sizeof(*p.list), by_name);
	*out = p;
	return true;
}

void programs_clear(struct programs *p)
{
	free(p->list);
	*p = (struct programs)EMPTY;
}

size_t programs_find(const struct programs *p, const char *name,
		     const struct program **first)
{
	size_t from = 0, to = p->count, n = 0;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (strcmp(p->list[mid].name, name) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	while (from + n < p->count && !strcmp(p->list[from + n].name, name))
		n++;
	*first = n ? &p->list[from] : NULL;
	return n;
}

const struct program *programs_with_digest(const struct programs *p, const char *name,
					   const struct digest *digest)
{
	const struct program *at;
	size_t n = programs_find(p, name, &at);

	for (size_t i = 0; i < n; i++)
		if (!at[i].file->link && digest_equal(&at[i].file->sha256, digest))
			return &at[i];
	return NULL;
}
