/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history: every manifest that was ever published and every tool, as sources for
 * the digests: what the tree shows now, and older and withdrawn revisions, whose
 * texts are read from the store once and kept.
 */
#ifndef SERVER_HISTORY_H
#define SERVER_HISTORY_H

#include "core/store.h"
#include "server/digests.h"
#include "server/snapshot.h"

struct history {
	struct digests_source *hidden; /* not in the tree (any more) */
	size_t count, room;
};

/* The sources are for digests_build(). */
bool history_sources(struct history *h, struct store *store, const struct snapshot *s,
		     struct digests_source **out, size_t *count,
		     struct error *err) MUST_CHECK;
void history_clear(struct history *h);

#endif
