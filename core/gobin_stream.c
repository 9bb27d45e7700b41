/* SPDX-License-Identifier: Apache-2.0 */
#include "core/file.h"
#include "core/gobin_elf.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum gobin_state { WANT_HEADER, WANT_HEAD, KEEPING, PASSING };

struct gobin_stream {
	uint64_t size, at; /* of the file; bytes seen */
	enum gobin_state state;
	size_t want; /* bytes of head that the state waits for */
	struct buf head;
	struct gobin_segments segments;
	int fd;
};

bool gobin_stream_new(uint64_t size, struct gobin_stream **out, struct error *err)
{
	struct gobin_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, ERR_SYSTEM, "no memory");
	s->size = size;
	s->fd = -1;
	s->head.max = GOBIN_HEAD_MAX;
	s->want = GOBIN_ELF_HEADER;
	s->state = size < s->want ? PASSING : WANT_HEADER;
	*out = s;
	return true;
}

void gobin_stream_free(struct gobin_stream *s)
{
	if (!s)
		return;
	file_closep(&s->fd);
	buf_clear(&s->head);
	free(s);
}

void gobin_stream_freep(struct gobin_stream **s)
{
	gobin_stream_free(*s);
	*s = NULL;
}

static bool keep(struct gobin_stream *s, const char *data, size_t len, uint64_t at,
		 struct error *err)
{
	while (len) {
		ssize_t n = pwrite(s->fd, data, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, "cannot write a temporary file");
		data += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

/* Keep what of these bytes, which are at `at` in the file, lies in a segment. */
static bool keep_segments(struct gobin_stream *s, const char *data, size_t len,
			  uint64_t at, struct error *err)
{
	for (size_t i = 0; i < s->segments.count; i++) {
		const struct gobin_segment *g = &s->segments.at[i];
		uint64_t from = g->offset > at ? g->offset : at;
		uint64_t end =
			g->offset + g->size < at + len ? g->offset + g->size : at + len;

		if (from < end &&
		    !keep(s, data + (from - at), (size_t)(end - from), from, err))
			return false;
	}
	return true;
}

/* The head that was waited for is there: go on to the next state. */
static bool have_head(struct gobin_stream *s, struct error *err)
{
	if (s->state == WANT_HEADER) {
		s->want = gobin_head_size(s->head.data, s->size);
		s->state = s->want ? WANT_HEAD : PASSING;
		if (s->state == PASSING || s->head.len < s->want)
			return true;
	}
	gobin_find_segments(s->head.data, s->size, &s->segments);
	s->state = KEEPING;
	return file_unnamed(&s->fd, err) &&
	       keep(s, s->head.data, s->head.len, 0, err) &&
	       keep_segments(s, s->head.data, s->head.len, 0, err);
}

bool gobin_stream_add(struct gobin_stream *s, const void *data, size_t len,
		      struct error *err)
{
	const char *p = data;

	while (len && s->state < KEEPING) {
		size_t more = s->want - s->head.len, n = len < more ? len : more;

		buf_append(&s->head, p, n);
		if (!buf_ok(&s->head, err))
			return false;
		p += n;
		len -= n;
		s->at += n;
		if (s->head.len == s->want && !have_head(s, err))
			return false;
	}
	if (s->state == KEEPING && !keep_segments(s, p, len, s->at, err))
		return false;
	s->at += len;
	return true;
}

bool gobin_stream_end(struct gobin_stream *s, struct gobin *out, struct error *err)
{
	if (s->at != s->size)
		return error_set(err, ERR_INTERNAL, "a stream of other than its size");
	if (s->state == KEEPING) {
		/* so that a read of what was passed over gives zeros, not an end */
		if (ftruncate(s->fd, (off_t)s->size))
			return error_sys(err, "cannot extend a temporary file");
		return gobin_read_fd(s->fd, s->size, out, err);
	}
	*out = (struct gobin)EMPTY;
	return true;
}
