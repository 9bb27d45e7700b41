/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_probe: what a TLS server accepts, found by asking: offer everything, take away
 * what it chose, ask again until it refuses.
 *
 * Rules: at most TLS_PROBE_CONNECTIONS connections, each with a time limit of its own
 * within one for all; a server that is silent, drips or speaks something else costs
 * time that is bounded and is told as what it is.
 */
#ifndef CLIENT_TLS_PROBE_H
#define CLIENT_TLS_PROBE_H

#include "client/tls_hello.h"

#include <sys/socket.h>

enum {
	TLS_PROBE_CONNECTIONS = 60,
	TLS_PROBE_ONE_MS = 5000,  /* one connection */
	TLS_PROBE_ALL_MS = 20000, /* all of them */
};

enum tls_probe_state {
	TLS_PROBE_ANSWERS,
	TLS_PROBE_NO_CONNECTION,
	TLS_PROBE_SILENT,  /* a connection, and no (whole) answer in time */
	TLS_PROBE_FOREIGN, /* an answer that is not TLS */
	TLS_PROBE_REFUSES, /* every offer */
};

struct tls_probe {
	enum tls_probe_state state;
	unsigned connections;
	bool cut;            /* there was no time, or no connection, left for all */
	bool accepts[5];     /* a version, by its number - TLS_HELLO_SSL3 */
	bool server_decides; /* TLS 1.2: by its own order, not by the client's */
	/* in the order in which they were chosen: the preferred one first */
	uint16_t suites_13[TLS_HELLO_SUITES_MAX], suites_12[TLS_HELLO_SUITES_MAX];
	size_t suites_13_count, suites_12_count;
	uint16_t groups[TLS_HELLO_GROUPS_MAX];
	size_t group_count;
};

/* Probe the server at an address until `deadline` (digest_many_now()) at the latest. */
void tls_probe_run(const struct sockaddr *addr, socklen_t len, int64_t deadline,
		   struct tls_probe *out);

#endif
