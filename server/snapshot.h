/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot: everything that is published at one moment, ready to be sent, in a
 * table of names. A request can reach what is in the table and nothing else.
 *
 * Rules: immutable; held by the server and by each request while it is looked
 * up; a new one takes over every resource that did not change.
 */
#ifndef SERVER_SNAPSHOT_H
#define SERVER_SNAPSHOT_H

#include "core/tree.h"
#include "server/digests.h"
#include "server/freshness.h"

enum {
	/* text bodies beyond this get no codings: making them takes time and
	 * memory; the page and the index come first, then the tree's order */
	SNAPSHOT_CODED_MAX = 16 * 1024 * 1024,
	SNAPSHOT_BODY_MAX = 1024 * 1024 * 1024,
	/* Bodies of these sizes are kept in files in memory, as many as may be, the
	 * newest: sent from there they reach a client on another core 1.3 times as
	 * fast (30 to 64 KB; as nginx with sendfile). Smaller ones gain nothing;
	 * larger ones are faster out of plain memory (6 MB: twice). */
	SNAPSHOT_FILE_LEAST = 16 * 1024,
	SNAPSHOT_FILE_MOST = 96 * 1024,
	SNAPSHOT_FILES_MAX = 1024,
	SNAPSHOT_FILE_FDS = 6, /* that one takes: body and two names, twice */
};

struct snapshot_shared; /* the index, of several snapshots */

struct snapshot {
	atomic_uint holders;
	struct resource **slots; /* hashed by path, open addressing */
	struct resource **twins; /* the first of each digest, hashed by it */
	size_t slot_count;       /* of both; a power of two */
	struct resource **all;   /* in the tree's order, the server's own first */
	size_t count;
	struct page_about about;
	struct digests *digests; /* NULL: not made yet */
	struct snapshot_shared *shared;
	const char *policy;
	uint64_t body_bytes; /* each digest once */
	size_t manifest_count, tool_count;
	int64_t made; /* when */
};

struct snapshot_settings {
	const char *policy;  /* page_policy(); outlives every snapshot */
	const char *openapi; /* the text of /openapi.json */
	size_t files;        /* bodies in files at most; 0 where nothing sends them */
	int64_t now;
};

/* The tree's entries and the server's own pages; `previous` may be NULL. Takes the
 * tree's index over. */
bool snapshot_build(const struct snapshot_settings *set, struct tree *tree,
		    const struct snapshot *previous, struct snapshot **out,
		    struct error *err) MUST_CHECK;
/* The same with codings for those that have none yet, and with `digests` (held;
 * NULL: none). */
bool snapshot_complete(const struct snapshot *s, struct digests *digests,
		       struct snapshot **out, struct error *err) MUST_CHECK;
struct snapshot *snapshot_hold(struct snapshot *s);
void snapshot_drop(struct snapshot *s);

const struct index *snapshot_index(const struct snapshot *s);

/* NULL: there is no such name. `path` begins with "/". */
struct resource *snapshot_find(const struct snapshot *s, const char *path);

#endif
