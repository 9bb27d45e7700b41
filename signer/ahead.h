/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ahead: a thread that fills chunks ahead of who takes them, so that what it does
 * costs no time where a core is free.
 *
 * Rule: what `fill` uses is that thread's alone until ahead_free().
 */
#ifndef SIGNER_AHEAD_H
#define SIGNER_AHEAD_H

#include "core/error.h"

enum { AHEAD_CHUNK = 256 * 1024 }; /* bytes; a few of them are kept */

struct ahead; /* opaque */

/* Put bytes into the chunk; *len 0 is the end, after which it is not called again. */
typedef bool ahead_fill(void *arg, char chunk[AHEAD_CHUNK], size_t *len,
			struct error *err);

/* Start to call `fill` with `arg`. */
bool ahead_new(ahead_fill *fill, void *arg, struct ahead **out,
	       struct error *err) MUST_CHECK;
/* End the thread, whatever it has left. */
void ahead_free(struct ahead *a);
void ahead_freep(struct ahead **a);

/* The next chunk, borrowed until the next call, for struct unpack_from; the end, or
 * the error of `fill`, stays however often it is asked for. */
bool ahead_next(void *ahead, const void **data, size_t *len,
		struct error *err) MUST_CHECK;

#endif
