/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST = 256 }; /* bytes of the first allocation */

/* Grow so that `need` bytes of content and the NUL fit. */
static bool grow(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : FIRST;
	char *data;

	if (need < b->cap)
		return true;
	if (need == SIZE_MAX)
		return false;
	while (cap <= need)
		cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
	if (cap > b->max && need <= b->max)
		cap = b->max < SIZE_MAX ? b->max + 1 : SIZE_MAX;
	data = realloc(b->data, cap);
	if (!data)
		return false;
	if (!b->data)
		data[0] = '\0';
	b->data = data;
	b->cap = cap;
	return true;
}

char *buf_reserve(struct buf *b, size_t more)
{
	if (b->failed)
		return NULL;
	if (more > b->max - b->len || !grow(b, b->len + more)) {
		b->failed = true;
		return NULL;
	}
	return b->data + b->len;
}

void buf_advance(struct buf *b, size_t written)
{
	b->len += written;
	b->data[b->len] = '\0';
}

void buf_append(struct buf *b, const void *data, size_t len)
{
	char *to = buf_reserve(b, len);

	if (!to)
		return;
	if (len)
		memcpy(to, data, len);
	buf_advance(b, len);
}

void buf_puts(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	/* what nearly every call finds */
	if (!b->failed && b->len < b->max && b->len + 1 < b->cap) {
		b->data[b->len++] = c;
		b->data[b->len] = '\0';
		return;
	}
	buf_append(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	/* a first room, which most texts fit: else each were formatted twice */
	size_t room = buf_reserve(b, 0) ? b->cap - b->len : 0;
	va_list ap, again;
	char *to;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(room ? b->data + b->len : NULL, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		b->failed = true;
	to = n < 0 ? NULL : buf_reserve(b, (size_t)n);
	if (to && (size_t)n >= room)
		vsnprintf(to, (size_t)n + 1, fmt, again);
	if (to)
		buf_advance(b, (size_t)n);
	else if (b->data)
		b->data[b->len] = '\0';
	va_end(again);
}

bool buf_ok(const struct buf *b, struct error *err)
{
	if (!b->failed)
		return true;
	return error_set(err, ERR_LIMIT, "more than %zu bytes, or no memory for them",
			 b->max);
}

bool buf_equal(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len));
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data)
		b->data[0] = '\0';
}

void buf_clear(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_MAX(b->max);
}

void buf_cleanse(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_clear(b);
}

char *buf_take(struct buf *b)
{
	char *data;

	if (!buf_reserve(b, 0))
		return NULL;
	data = b->data;
	*b = (struct buf)BUF_MAX(b->max);
	return data;
}
