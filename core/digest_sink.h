/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_sink: a sink that counts and digests the bytes that pass through it on
 * their way to another.
 *
 *     AUTO(digest_sink_clear) struct digest_sink s = EMPTY;
 *     digest_sink_begin(&s, to, err) && pour(..., &s.sink, err) &&
 *             digest_sink_end(&s, &digest, err)        s.size: the bytes passed
 */
#ifndef CORE_DIGEST_SINK_H
#define CORE_DIGEST_SINK_H

#include "core/digest.h"
#include "core/sink.h"

/* Not moved between begin and clear: sink points back to it. */
struct digest_sink {
	struct sink sink;      /* hand this on */
	const struct sink *to; /* borrowed */
	struct digest_stream *stream;
	uint64_t size;
};

bool digest_sink_begin(struct digest_sink *s, const struct sink *to,
		       struct error *err) MUST_CHECK;
bool digest_sink_end(struct digest_sink *s, struct digest *out,
		     struct error *err) MUST_CHECK;
void digest_sink_clear(struct digest_sink *s);

#endif
