/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_walk: the order in which targets roles are asked for a path: pre-order, depth
 * first, each role once (The Update Framework 1.0.34, section 5.6.7).
 *
 *     tuf_walk_begin(&w, path, by_root, err)
 *     while (tuf_walk_next(&w, &step, &more, err) && more)
 *             load and verify step.name for step.by; look into it;
 *             tuf_walk_down(&w, role, err)
 *
 * Rules: a terminating delegation that covers the path ends the search behind its own
 * descendants; at most TUF_DELEGATIONS_MAX delegated roles are asked for one path.
 */
#ifndef CORE_TUF_WALK_H
#define CORE_TUF_WALK_H

#include "core/tuf_trust.h"

enum { TUF_DELEGATIONS_MAX = 32 };

struct tuf_step {
	char name[TUF_NAME_MAX + 1];
	struct tuf_delegator by; /* borrowed from the role that was gone down from */
};

struct tuf_walk {
	const char *path; /* or NULL: every role that is delegated to */
	char hash[DIGEST_HEX_SIZE];
	struct tuf_step *stack;
	size_t depth;
	char **seen; /* names of the roles asked */
	size_t seen_count;
};

/* Begin at "targets", signed by `by`. */
bool tuf_walk_begin(struct tuf_walk *w, const char *path, struct tuf_delegator by,
		    struct error *err) MUST_CHECK;
void tuf_walk_clear(struct tuf_walk *w);

/* The next role to ask; *more is false when there is none. ERR_LIMIT. */
bool tuf_walk_next(struct tuf_walk *w, struct tuf_step *out, bool *more,
		   struct error *err) MUST_CHECK;
/* Go on with those that this role delegates to. It must outlive the walk. */
bool tuf_walk_down(struct tuf_walk *w, const struct tuf_targets *role,
		   struct error *err) MUST_CHECK;

#endif
