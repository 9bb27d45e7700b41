/* SPDX-License-Identifier: Apache-2.0 */
/*
 * views: the pages of manifests, made when they are asked for and kept, the
 * newest VIEWS_MAX of them.
 *
 * Rule: a page depends on the signed file and on the revision before, so it is
 * kept under both.
 */
#ifndef SERVER_VIEWS_H
#define SERVER_VIEWS_H

#include "server/snapshot.h"

#include <pthread.h>

enum { VIEWS_MAX = 128 };

struct views {
	pthread_mutex_t lock;
	struct view_slot {
		struct digest file;
		unsigned previous; /* revision; 0: none */
		struct resource *page;
	} slots[VIEWS_MAX];
	unsigned next; /* to be replaced */
};

void views_init(struct views *v);
void views_clear(struct views *v);

/* The signed manifest that "/manifests/VERSION/NAME.html" shows; NULL: none. */
struct resource *views_subject(const struct snapshot *s, const char *path);
/* Its page, held for the caller. */
bool views_get(struct views *v, const struct snapshot *s,
	       const struct resource *subject, struct resource **out,
	       struct error *err) MUST_CHECK;

#endif
