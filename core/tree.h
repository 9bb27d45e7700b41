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

#include "core/page.h"
#include "core/store.h"

enum { TREE_ENTRIES_MAX = 1000000 };

/* What a site says of the tree that it holds; beside the tree, no part of it. */
#define TREE_SITE_PATH "site/statement.json"

struct tree_entry {
	char *path;
	const char *type; /* media type, static */
	struct digest digest;
	uint64_t size;
	int64_t modified; /* Last-Modified */
	int64_t since;    /* of metadata/ and targets/: the snapshot it came with */
	bool immutable;   /* the bytes under this path never change */
	char *bytes;      /* of a made entry (index, page, sums); NULL: the carrier's */
	int kind;         /* the carrier's own, */
	int64_t row;      /* and so is this */
};

struct tree {
	struct tree_entry *entries;
	size_t count, room;
	struct index index;
	/* the carrier: appends an entry's bytes, unchecked */
	bool (*load)(void *carrier, const struct tree_entry *e, struct buf *out,
		     struct error *err);
	/* the same in pieces; NULL: it has nothing that is large */
	bool (*stream)(void *carrier, const struct tree_entry *e, const struct sink *to,
		       struct error *err);
	void *carrier; /* borrowed */
};

/* What the store has published, in one view of it. The store stays open as long
 * as the tree. */
bool tree_from_store(struct store *s, struct tree *out, struct error *err) MUST_CHECK;
/* The same without the metadata and targets that were replaced and are still shown to
 * clients in the middle of an update: alike for an authority and its mirrors. */
bool tree_from_store_current(struct store *s, struct tree *out,
			     struct error *err) MUST_CHECK;
void tree_clear(struct tree *t);

/* NULL when the tree has no such path. */
const struct tree_entry *tree_find(const struct tree *t, const char *path);
/* Append the entry's bytes, checked against its digest. */
bool tree_load(const struct tree *t, const struct tree_entry *e, struct buf *out,
	       struct error *err) MUST_CHECK;

/* Hand the entry's bytes to `to` in pieces: they are the entry's only after this
 * returned true. */
bool tree_stream(const struct tree *t, const struct tree_entry *e,
		 const struct sink *to, struct error *err) MUST_CHECK;

/* When the tree became what it is, by its own index: the newest publication of a
 * manifest, 0 in a tree without one. Alike in every carrier. */
int64_t tree_time(const struct tree *t);

/* What the page has to know of it; the entries may be in any order. */
struct page_beside tree_beside(const struct tree *t);

/* The media type for a path by its ending. */
const char *tree_media_type(const char *path);

/* Append SHA256SUMS as sha256sum -c reads it: every tool of the index, by name. */
bool tree_sums(const struct index *x, struct buf *out, struct error *err) MUST_CHECK;

/* ---- writing a tree to another carrier (tree_dir, tree_tar, tree_oci) ---- */

struct tree_writing {
	bool zstd;       /* compress; a tar alone */
	const char *tag; /* org.opencontainers.image.ref.name, or NULL; OCI alone */
	/* Called for each entry before it is written. May be NULL. */
	void (*begun)(void *arg, const struct tree_entry *e);
	void *arg;
};

struct tree_written {
	size_t files, fresh; /* fresh: those that were not there already */
	uint64_t bytes;      /* of the fresh ones */
};

/* ---- for carriers: entries in any order, then tree_sort() ---- */

/* Takes e->bytes over and copies `path`, also on failure; the type is the path's. */
bool tree_add(struct tree *t, const char *path, const struct tree_entry *e,
	      struct error *err) MUST_CHECK;
/* A made entry: digest and size are computed, the bytes taken out of the buffer. */
bool tree_add_made(struct tree *t, const char *path, int64_t modified,
		   struct buf *bytes, struct error *err) MUST_CHECK;
/* ERR_CONFLICT when a path is there twice. */
bool tree_sort(struct tree *t, struct error *err) MUST_CHECK;

#endif
