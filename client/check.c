/* SPDX-License-Identifier: Apache-2.0 */
#include "client/check.h"

#include "core/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void finished(void *arg, const struct digest_many_item *it, size_t i)
{
	const struct check *c = arg;

	(void)i;
	c->progress(c->progress_arg, it->path,
		    it->state == DIGEST_MANY_DONE ? (uint64_t)it->stat.st_size : 0);
}

/* What was read already is not read again; how large the rest is says the file best. */
static void fill_in(const struct check *c, struct digest_many_item *it)
{
	const struct digest *d;
	struct stat st;

	if (it->fd < 0 || fstat(it->fd, &st))
		return;
	it->hint = (uint64_t)st.st_size;
	d = seen_find(c->seen, &st);
	if (!d)
		return;
	it->stat = st;
	it->digest = *d;
	it->state = DIGEST_MANY_DONE;
}

bool check_digests(const struct check *c, struct digest_many_item *items, size_t count,
		   struct error *err)
{
	const struct digest_many_options options = {
		.threads = c->threads,
		.deadline = c->deadline,
		.capability = true,
		.finished = c->progress ? finished : NULL,
		.arg = (void *)(uintptr_t)c,
	};

	for (size_t i = 0; i < count; i++)
		fill_in(c, &items[i]);
	return digest_many(c->node->root_fd, items, count, &options, err) &&
	       seen_add(c->seen, items, count, err);
}

static int by_inode(const void *a, const void *b)
{
	const struct digest_many_item *x = a, *y = b;

	return file_id_compare(file_id_of(&x->stat), file_id_of(&y->stat));
}

/* Each file once; the new count. */
static size_t drop_doubles(struct digest_many_item *items, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(items, count, sizeof(*items), by_inode);
	for (size_t i = 0; i < count; i++)
		if (!kept || !file_is_same(&items[kept - 1].stat, &items[i].stat))
			items[kept++] = items[i];
	return kept;
}

bool check_digests_ahead(const struct check *c, struct digest_many_item *items,
			 size_t count, const struct digest_many_item *next,
			 size_t next_count, struct error *err)
{
	struct digest_many_item *all = calloc(count + next_count + 1, sizeof(*all));
	struct stat st;
	size_t n = 0;
	bool ok;

	if (!all)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < count + next_count; i++) {
		const struct digest_many_item *it =
			i < count ? &items[i] : &next[i - count];

		if (it->fd >= 0 && !fstat(it->fd, &st))
			all[n++] = (struct digest_many_item){.path = it->path,
							     .fd = it->fd,
							     .max = it->max,
							     .stat = st};
	}
	n = drop_doubles(all, n);
	/* both find in c->seen what became of it, or try again */
	ok = check_digests(c, all, n, err);
	digest_many_clear(all, n);
	free(all);
	return ok && check_digests(c, items, count, err);
}

bool check_identifies(const struct manifest_component *c, const struct manifest_file *f)
{
	return f->kind == MANIFEST_IN_IMAGE && !f->link &&
	       (c->file_count == 1 || !strcmp(file_basename(f->path), c->name));
}

const char *check_why_not(const struct digest_many_item *it)
{
	switch (it->state) {
	case DIGEST_MANY_ABSENT:
		return "it went away";
	case DIGEST_MANY_NOT_REGULAR:
	case DIGEST_MANY_FAILED:
		return it->why ? it->why : "cannot be read";
	case DIGEST_MANY_TOO_LARGE:
		return "far too large: not read";
	case DIGEST_MANY_CHANGED:
		return "changed while it was read";
	case DIGEST_MANY_PENDING:
		return "time was over before it was read";
	case DIGEST_MANY_DONE:
		break;
	}
	return "";
}

void check_actual(const struct digest_many_item *it, char out[CHECK_ACTUAL_SIZE])
{
	if (it->state == DIGEST_MANY_TOO_LARGE)
		snprintf(out, CHECK_ACTUAL_SIZE, "%" PRId64 " bytes",
			 (int64_t)it->stat.st_size);
	else
		snprintf(out, CHECK_ACTUAL_SIZE, "sha256:%s", DIGEST_HEX(&it->digest));
}
