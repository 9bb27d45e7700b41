/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics: what the server counts, in the Prometheus text format 0.0.4.
 *
 * Rule: counting is lock-free and allocates nothing; labels have few values, none
 * of them from a request.
 */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "core/buf.h"
#include "server/freshness.h"

#include <stdatomic.h>

enum { METRICS_STATUSES = 16, METRICS_BUCKETS = 10 };

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics {
	atomic_uint_fast64_t requests[METRICS_STATUSES];
	atomic_uint_fast64_t bytes;
	atomic_uint_fast64_t incomplete;
	atomic_uint_fast64_t buckets[METRICS_BUCKETS + 1]; /* the last: beyond all */
	atomic_uint_fast64_t nanoseconds;
	atomic_uint_fast64_t loads, load_failures;
	atomic_uint_fast64_t log_lost; /* lines */
};

/* What is known at the moment of asking. */
struct metrics_now {
	unsigned connections;
	uint64_t refused; /* connections */
	size_t manifests, tools;
	uint64_t body_bytes;
	int64_t loaded; /* when the snapshot was made; 0: there is none */
	int64_t now;
	bool store_ok;
	struct page_about about;
};

void metrics_request(struct metrics *m, unsigned status, uint64_t bytes, uint64_t ns,
		     bool complete);
bool metrics_write(struct metrics *m, const struct metrics_now *now, struct buf *out,
		   struct error *err) MUST_CHECK;

#endif
