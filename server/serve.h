/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: the server's state, in one struct, and its answer to every request.
 *
 * Rule: requests see one whole snapshot each; setting another never disturbs
 * those under way.
 */
#ifndef SERVER_SERVE_H
#define SERVER_SERVE_H

#include "core/log.h"
#include "server/metrics.h"
#include "server/problem.h"
#include "server/views.h"

#include <pthread.h>

enum serve_access { SERVE_ACCESS_OFF, SERVE_ACCESS_ERRORS, SERVE_ACCESS_ALL };

struct serve {
	pthread_mutex_t lock; /* of the next three */
	struct snapshot *snapshot;
	char fault[512]; /* why the store cannot be read; "": it can */
	bool stopping;
	struct problems problems;
	struct metrics metrics;
	struct views views;
	struct httpd *httpd; /* for the number of connections; may be NULL */
	const struct log *log;
	enum serve_access access;
};

/* `policy` is what page_policy() says, borrowed. */
bool serve_init(struct serve *s, const struct log *log, enum serve_access access,
		const char *policy, struct error *err) MUST_CHECK;
void serve_clear(struct serve *s);

/* Takes `snapshot` over. */
void serve_set_snapshot(struct serve *s, struct snapshot *snapshot);
/* NULL: the store is fine again. */
void serve_set_fault(struct serve *s, const char *fault);
void serve_set_stopping(struct serve *s);

/* For struct httpd_options. */
void serve_answer(void *serve, const struct httpd_request *q, struct httpd_answer *out);
void serve_done(void *serve, const struct httpd_done *d);

#endif
