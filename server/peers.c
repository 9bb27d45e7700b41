/* SPDX-License-Identifier: Apache-2.0 */
#include "server/peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct peer {
	uint64_t key;
	unsigned count;
};

static const struct in6_addr *six(const struct sockaddr *a)
{
	return &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
}

/* The IPv4 address, also where it is mapped into IPv6; NULL: it is none. */
static const void *four(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return &((const struct sockaddr_in *)(const void *)a)->sin_addr;
	if (a->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six(a)))
		return &six(a)->s6_addr[12];
	return NULL;
}

/* IPv4 lies where no IPv6 network is: 0:ffff::/32. */
static bool key_of(const struct sockaddr *a, uint64_t *out)
{
	const void *ipv4 = a ? four(a) : NULL;
	unsigned char bytes[8] = {0, 0, 0xff, 0xff};

	if (ipv4)
		memcpy(bytes + 4, ipv4, 4);
	else if (a && a->sa_family == AF_INET6)
		memcpy(bytes, six(a), sizeof(bytes));
	else
		return false;
	memcpy(out, bytes, sizeof(*out));
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct peer *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

unsigned peers_count(const struct peers *p, const struct sockaddr *address)
{
	struct peer wanted = EMPTY;
	struct peer *const *found;

	if (!key_of(address, &wanted.key))
		return 0;
	found = tfind(&wanted, &p->tree, compare);
	return found ? (*found)->count : 0;
}

struct peer *peers_add(struct peers *p, const struct sockaddr *address)
{
	struct peer wanted = EMPTY, *made;
	struct peer *const *found;

	if (!key_of(address, &wanted.key))
		return NULL;
	found = tfind(&wanted, &p->tree, compare);
	if (!found) {
		made = malloc(sizeof(*made));
		if (!made)
			return NULL;
		*made = wanted;
		found = tsearch(made, &p->tree, compare);
		if (!found) {
			free(made);
			return NULL;
		}
	}
	(*found)->count++;
	return *found;
}

void peers_remove(struct peers *p, struct peer *peer)
{
	if (!peer || --peer->count)
		return;
	tdelete(peer, &p->tree, compare);
	free(peer);
}

const char *peers_text(const struct sockaddr *address, char out[PEERS_TEXT_SIZE])
{
	const void *ipv4 = address ? four(address) : NULL;
	const char *text = NULL;

	if (ipv4)
		text = inet_ntop(AF_INET, ipv4, out, PEERS_TEXT_SIZE);
	else if (address && address->sa_family == AF_INET6)
		text = inet_ntop(AF_INET6, six(address), out, PEERS_TEXT_SIZE);
	if (!text)
		out[0] = '\0';
	return out;
}
