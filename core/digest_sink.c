/* SPDX-License-Identifier: Apache-2.0 */
#include "core/digest_sink.h"

static bool pass(void *arg, const void *data, size_t len, struct error *err)
{
	struct digest_sink *s = arg;

	s->size += len;
	return digest_stream_add(s->stream, data, len, err) &&
	       sink_put(s->to, data, len, err);
}

bool digest_sink_begin(struct digest_sink *s, const struct sink *to, struct error *err)
{
	*s = (struct digest_sink){.sink = {pass, s}, .to = to};
	return digest_stream_new(&s->stream, err) &&
	       digest_stream_begin(s->stream, err);
}

bool digest_sink_end(struct digest_sink *s, struct digest *out, struct error *err)
{
	return digest_stream_end(s->stream, out, err);
}

void digest_sink_clear(struct digest_sink *s)
{
	digest_stream_freep(&s->stream);
}
