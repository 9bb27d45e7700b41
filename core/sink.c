/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sink.h"

#include "core/file.h"

bool sink_put(const struct sink *s, const void *data, size_t len, struct error *err)
{
	return s->take(s->arg, data, len, err);
}

static bool to_buf(void *arg, const void *data, size_t len, struct error *err)
{
	buf_append(arg, data, len);
	return buf_ok(arg, err);
}

struct sink sink_buf(struct buf *b)
{
	return (struct sink){to_buf, b};
}

static bool to_fd(void *arg, const void *data, size_t len, struct error *err)
{
	const int *fd = arg;

	return file_write_fd(*fd, data, len, err);
}

struct sink sink_fd(const int *fd)
{
	return (struct sink){to_fd, (void *)(uintptr_t)fd};
}
