/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peers: how many connections each address has open.
 *
 * Rules: an IPv6 address counts by its first 64 bits, for whoever has one of them has
 * them all; an IPv4 address that is mapped into IPv6 counts as itself. Not for several
 * threads at once: the caller locks.
 */
#ifndef SERVER_PEERS_H
#define SERVER_PEERS_H

#include "core/base.h"

#include <sys/socket.h>

struct peer;

struct peers {
	void *tree; /* of struct peer, for tsearch(3) */
};

/* How many has the one behind this address? 0 for what has no address. */
unsigned peers_count(const struct peers *p, const struct sockaddr *address) MUST_CHECK;
/* One more. NULL: it is not counted, for it has no address or there is no memory. */
struct peer *peers_add(struct peers *p, const struct sockaddr *address);
/* One fewer; NULL is fine. */
void peers_remove(struct peers *p, struct peer *peer);

enum { PEERS_TEXT_SIZE = 64 };

/* The address for people, a mapped one as IPv4; "" when there is none. */
const char *peers_text(const struct sockaddr *address, char out[PEERS_TEXT_SIZE]);

#endif
