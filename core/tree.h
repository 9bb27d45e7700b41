/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree: the published tree: path -> bytes and media type. The same tree whatever
 * carries it: a store here; a directory, a tar and a URL as they come.
 *
 * Rules: paths are relative, without "." and "..", sorted by bytes, each once.
 * An entry's bytes are loaded on demand and always have its digest and size.
 * The tree holds: index.html, index.json, manifests/VERSION/NAME.json.asc,
 * tool/..., tool/SHA256SUMS, keys/release.asc (and metadata/, targets/ under
 * TUF).
 */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include "core/index.h"
#include "core/store.h"

struct tree_entry {
	char *path;
	const char *type; /* media type, static */
	struct digest digest;
	uint64_t size;
	int64_t modified; /* Last-Modified */
	bool immutable;   /* the bytes under this path never change */
	int64_t row;      /* the carrier's own */
	char *bytes;      /* made entries (index, page, sums); NULL: from the carrier */
};

struct tree {
	struct tree_entry *entries;
	size_t count;
	struct index index;
	struct store *store; /* borrowed; the carrier */
};

/* What the store has published, inside one read transaction. */
bool tree_from_store(struct store *s, struct tree *out, struct error *err) MUST_CHECK;
void tree_clear(struct tree *t);

/* NULL when the tree has no such path. */
const struct tree_entry *tree_find(const struct tree *t, const char *path);
/* Append the entry's bytes, checked against its digest. */
bool tree_load(const struct tree *t, const struct tree_entry *e, struct buf *out,
	       struct error *err) MUST_CHECK;

/* The media type for a path by its ending. */
const char *tree_media_type(const char *path);

#endif
