/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passphrase: one line from a descriptor or from the terminal.
 *
 * Rule: it lies in a buffer that is cleansed (buf_cleanse) and reserved at its full
 * size, so that no copy stays behind; it never comes from arguments or environment.
 */
#ifndef SIGNER_PASSPHRASE_H
#define SIGNER_PASSPHRASE_H

#include "core/buf.h"

enum { PASSPHRASE_MAX = 1024 };

/* Is there somebody to ask, or a descriptor (fd >= 0)? */
bool passphrase_can_ask(int fd) MUST_CHECK;
/* The first line of `fd`, or, with fd -1, what is typed at the terminal without
 * echo, twice when `twice`. `out` is BUF_MAX(PASSPHRASE_MAX) and gets a NUL-terminated
 * text. ERR_USAGE: no terminal, empty, or the two differ. */
bool passphrase_read(int fd, const char *prompt, bool twice, struct buf *out,
		     struct error *err) MUST_CHECK;

#endif
