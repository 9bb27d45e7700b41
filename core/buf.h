/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf: growable bytes with a mandatory ceiling.
 *
 * Invariants:
 * - data is NULL or has a NUL at data[len], so a buffer of text is a string;
 *   len never counts that NUL and never exceeds max.
 * - Failure is sticky: after an append that hit the ceiling or found no memory
 *   the buffer takes nothing more, and buf_ok() says why. A writer appends
 *   freely and asks once, before it uses the bytes.
 */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include "core/error.h"

struct buf {
	char *data;
	size_t len;
	size_t cap; /* bytes allocated, the NUL included */
	size_t max; /* ceiling of len */
	bool failed;
};

/* An empty buffer that may hold at most `limit` bytes. */
#define BUF_MAX(limit)                                                                 \
	{                                                                              \
		.max = (limit)                                                         \
	}

void buf_append(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

/* Make room for `more` bytes behind len; NULL when failed. Fill it, then raise
 * len by what was written with buf_advance(). */
char *buf_reserve(struct buf *b, size_t more) MUST_CHECK;
void buf_advance(struct buf *b, size_t written);

/* True when every append so far went in; else ERR_LIMIT or ERR_SYSTEM. */
bool buf_ok(const struct buf *b, struct error *err) MUST_CHECK;

/* The same bytes? */
bool buf_equal(const struct buf *a, const struct buf *b) MUST_CHECK;

/* Keep the memory and the ceiling, drop content and failure. */
void buf_reset(struct buf *b);

/* Free the memory; the ceiling stays. */
void buf_clear(struct buf *b);

/* The same after overwriting the bytes: for buffers that held a secret. Such a
 * buffer is reserved at its full size first, so that growing leaves no copy. */
void buf_cleanse(struct buf *b);

/* Hand the bytes (NUL-terminated, to be freed with free()) to the caller and
 * leave the buffer empty; "" when it is empty. NULL when failed. */
char *buf_take(struct buf *b) MUST_CHECK;

#endif
