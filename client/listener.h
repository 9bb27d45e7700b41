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
	LISTENERS_MAX = 16,
	LISTENER_TEXT_MAX = 64 /* "[::1]:6443" */
};

struct listener {
	struct sockaddr_storage addr;
	socklen_t len;
	bool both; /* the wildcard of IPv6, which mostly takes IPv4, too */
};

struct listeners {
	struct listener list[LISTENERS_MAX];
	size_t count;
	bool more; /* than there is room for */
};

/* All of them; false when the kernel does not say. */
bool listener_find(const struct node *node, unsigned port, struct listeners *out,
		   struct error *err) MUST_CHECK;
/* Add those of one file's text (six: tcp6) that are not there yet. */
void listener_parse(const char *text, bool six, unsigned port, struct listeners *out);
/* The IPv4 loopback address with its port: for one of `both` on a node whose IPv6 is
 * switched off. */
struct listener listener_four(const struct listener *l);
void listener_text(const struct listener *l, char out[LISTENER_TEXT_MAX]);

#endif
