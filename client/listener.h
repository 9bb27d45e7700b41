/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener: the addresses at which something listens on a TCP port of this node, from
 * /proc/net/tcp and tcp6 (proc(5)). A wildcard is told as the loopback address.
 */
#ifndef CLIENT_LISTENER_H
#define CLIENT_LISTENER_H

#include "client/node.h"

#include <sys/socket.h>

enum {
	LISTENERS_MAX = 8,
	LISTENER_TEXT_MAX = 64 /* "[::1]:6443" */
};

struct listener {
	struct sockaddr_storage addr;
	socklen_t len;
};

/* How many of them; false when the kernel does not say. */
bool listener_find(const struct node *node, unsigned port,
		   struct listener out[LISTENERS_MAX], size_t *count,
		   struct error *err) MUST_CHECK;
/* Add those of one file's text (six: tcp6) that are not there yet. */
void listener_parse(const char *text, bool six, unsigned port,
		    struct listener out[LISTENERS_MAX], size_t *count);
void listener_text(const struct listener *l, char out[LISTENER_TEXT_MAX]);

#endif
