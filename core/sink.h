/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink: where bytes go that come in pieces, so that memory does not grow with them.
 *
 * Rule: pieces come in order; what was taken counts only after whoever gives them
 * said that all went well.
 */
#ifndef CORE_SINK_H
#define CORE_SINK_H

#include "core/buf.h"

struct sink {
	bool (*take)(void *arg, const void *data, size_t len, struct error *err);
	void *arg;
};

bool sink_put(const struct sink *s, const void *data, size_t len,
	      struct error *err) MUST_CHECK;

/* Append to a buffer; its ceiling holds. */
struct sink sink_buf(struct buf *b);
/* Write to a descriptor. */
struct sink sink_fd(const int *fd);

#endif
