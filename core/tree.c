/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tree.h"

#include "core/digest_sink.h"
#include "core/text.h"

#include <stdlib.h>

enum { LOAD_MAX = 64 * 1024 * 1024 }; /* of a carrier that cannot stream */

const char *tree_media_type(const char *path)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".json", "application/json"},
		{".asc", "text/plain; charset=utf-8"},
		{".sha256", "text/plain; charset=utf-8"},
		{"SHA256SUMS", "text/plain; charset=utf-8"},
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (text_ends(path, types[i].end))
			return types[i].type;
	return "application/octet-stream";
}

void tree_clear(struct tree *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->entries[i].path);
		free(t->entries[i].bytes);
	}
	free(t->entries);
	index_clear(&t->index);
	*t = (struct tree)EMPTY;
}

static int path_cmp(const void *a, const void *b)
{
	const struct tree_entry *x = a, *y = b;

	return strcmp(x->path, y->path);
}

struct page_beside tree_beside(const struct tree *t)
{
	struct page_beside beside = EMPTY;

	for (size_t i = 0; i < t->count; i++) {
		const char *path = t->entries[i].path;

		beside.keys = beside.keys || !strcmp(path, "keys/release.asc");
		beside.signed_sums =
			beside.signed_sums || !strcmp(path, "tool/SHA256SUMS.asc");
	}
	return beside;
}

const struct tree_entry *tree_find(const struct tree *t, const char *path)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = strcmp(path, t->entries[middle].path);

		if (!c)
			return &t->entries[middle];
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static bool wrong(const struct tree_entry *e, struct error *err)
{
	return error_set(err, ERR_MISMATCH,
			 "'%s' of the tree does not have the digest %s",
			 TEXT_SAFE(e->path), DIGEST_HEX(&e->digest));
}

bool tree_load(const struct tree *t, const struct tree_entry *e, struct buf *out,
	       struct error *err)
{
	size_t at = out->len;
	struct digest d;

	if (e->bytes)
		buf_append(out, e->bytes, e->size);
	else if (!t->load(t->carrier, e, out, err))
		return false;
	if (!buf_ok(out, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(e->path));
	if (!digest_of_bytes(out->data + at, out->len - at, &d, err))
		return false;
	if (out->len - at == e->size && digest_equal(&d, &e->digest))
		return true;
	out->len = at;
	if (out->data)
		out->data[at] = '\0';
	return wrong(e, err);
}

static bool give(const struct tree *t, const struct tree_entry *e,
		 const struct sink *to, struct error *err)
{
	AUTO(buf_clear) struct buf whole = BUF_MAX(LOAD_MAX);

	if (e->bytes)
		return sink_put(to, e->bytes, e->size, err);
	if (t->stream)
		return t->stream(t->carrier, e, to, err);
	return t->load(t->carrier, e, &whole, err) && buf_ok(&whole, err) &&
	       sink_put(to, whole.data, whole.len, err);
}

bool tree_stream(const struct tree *t, const struct tree_entry *e,
		 const struct sink *to, struct error *err)
{
	AUTO(digest_sink_clear) struct digest_sink passing = EMPTY;
	struct digest d;

	if (!digest_sink_begin(&passing, to, err))
		return false;
	if (!give(t, e, &passing.sink, err) || !digest_sink_end(&passing, &d, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(e->path));
	return (passing.size == e->size && digest_equal(&d, &e->digest)) ||
	       wrong(e, err);
}

int64_t tree_time(const struct tree *t)
{
	int64_t newest = 0;

	for (size_t i = 0; i < t->index.manifest_count; i++)
		if (newest < t->index.manifests[i].published)
			newest = t->index.manifests[i].published;
	return newest;
}

/* ---- for carriers ---- */

static bool grow(struct tree *t)
{
	size_t room = t->room ? t->room * 2 : 64;
	struct tree_entry *entries;

	if (t->count < t->room)
		return true;
	entries = reallocarray(t->entries, room, sizeof(*entries));
	if (!entries)
		return false;
	t->entries = entries;
	t->room = room;
	return true;
}

bool tree_add(struct tree *t, const char *path, const struct tree_entry *e,
	      struct error *err)
{
	char *copy = text_dup(path, strlen(path));

	if (t->count == TREE_ENTRIES_MAX || !copy || !grow(t)) {
		free(copy);
		free(e->bytes);
		return t->count == TREE_ENTRIES_MAX
			       ? error_set(err, ERR_LIMIT,
					   "a tree of more than %d entries",
					   TREE_ENTRIES_MAX)
			       : error_set(err, ERR_SYSTEM, "no memory");
	}
	t->entries[t->count] = *e;
	t->entries[t->count].path = copy;
	t->entries[t->count++].type = tree_media_type(path);
	return true;
}

bool tree_add_made(struct tree *t, const char *path, int64_t modified,
		   struct buf *bytes, struct error *err)
{
	struct tree_entry e = {.modified = modified, .size = bytes->len};

	if (!buf_ok(bytes, err) ||
	    !digest_of_bytes(bytes->data, bytes->len, &e.digest, err))
		return error_prefix(err, "'%s'", path);
	e.bytes = buf_take(bytes);
	if (!e.bytes)
		return error_set(err, ERR_SYSTEM, "no memory");
	return tree_add(t, path, &e, err);
}

bool tree_sort(struct tree *t, struct error *err)
{
	if (t->count)
		qsort(t->entries, t->count, sizeof(*t->entries), path_cmp);
	for (size_t i = 1; i < t->count; i++)
		if (!strcmp(t->entries[i - 1].path, t->entries[i].path))
			return error_set(err, ERR_CONFLICT,
					 "two entries of the tree are called '%s'",
					 TEXT_SAFE(t->entries[i].path));
	return true;
}

/* ---- the list of the tools' digests ---- */

static int tool_name_cmp(const void *a, const void *b)
{
	const struct index_tool *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

bool tree_sums(const struct index *x, struct buf *out, struct error *err)
{
	const struct index_tool **by_name = calloc(x->tool_count + 1, sizeof(*by_name));

	if (!by_name)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < x->tool_count; i++)
		by_name[i] = &x->tools[i];
	if (x->tool_count)
		qsort(by_name, x->tool_count, sizeof(*by_name), tool_name_cmp);
	for (size_t i = 0; i < x->tool_count; i++)
		buf_printf(out, "%s  %s\n", DIGEST_HEX(&by_name[i]->digest),
			   strrchr(by_name[i]->path, '/') + 1);
	free(by_name);
	return buf_ok(out, err);
}
