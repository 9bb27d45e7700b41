/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listen: the socket that the server takes connections from: bound to an
 * address, or handed over by systemd (sd_listen_fds(3)).
 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include "core/error.h"

enum { LISTEN_TEXT_SIZE = 80 };

/* "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:0"; a numeric address. Bound,
 * listening, non-blocking. */
bool listen_on(const char *address, int *fd, struct error *err) MUST_CHECK;
/* The one socket of LISTEN_FDS; ERR_NOT_FOUND when none was handed over. */
bool listen_inherited(int *fd, struct error *err) MUST_CHECK;
/* "127.0.0.1:43211", as the socket is bound. */
bool listen_text(int fd, char out[LISTEN_TEXT_SIZE], struct error *err) MUST_CHECK;

#endif
