/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd_conn: the connections of a daemon, for httpd*.c alone.
 *
 * Rules: a connection is in the list from its beginning to its end, under the lock;
 * only the thread that serves it closes its socket, others shut it down.
 */
#ifndef SERVER_HTTPD_CONN_H
#define SERVER_HTTPD_CONN_H

#include "server/httpd.h"
#include "server/peers.h"

#include <microhttpd.h>
#include <pthread.h>

enum {
	HTTPD_POOL = 4608, /* bytes a connection: heads of request and answer */
	HTTPD_TARGET = 128,
	HTTPD_METHOD = 16,
	HTTPD_OLD = 8, /* daemons that have a certificate of before */
};

struct httpd_conn {
	struct httpd_conn *next, *prev; /* under httpd.lock */
	_Atomic int64_t deadline;       /* ms; httpd_now() */
	atomic_bool busy;               /* headers are complete, the answer is not */
	atomic_bool fresh;              /* no request was complete yet */
	int fd;
	struct peer *peer; /* whose it is; or NULL */
	bool head;
	bool corked;
	char method[HTTPD_METHOD];
	char target[HTTPD_TARGET];
	unsigned status;
	size_t len;
	uint64_t begun;
	struct httpd_request request; /* its texts live as long as the request */
};

struct httpd {
	struct httpd_options options;
	struct MHD_Daemon *daemon;
	struct MHD_Daemon *old[HTTPD_OLD]; /* take no connections, end theirs */
	pthread_mutex_t lock;              /* of the next three */
	struct httpd_conn *conns;
	unsigned conn_count;
	struct peers peers;
	atomic_bool draining;
	atomic_uint_fast64_t refused;
};

/* Nanoseconds of the monotonic clock. */
uint64_t httpd_now(void);
int64_t httpd_ms(uint64_t ns);

/* For MHD_start_daemon(); `arg` is the struct httpd. */
enum MHD_Result httpd_conn_accept(void *arg, const struct sockaddr *address,
				  socklen_t len);
void httpd_conn_notify(void *arg, struct MHD_Connection *c, void **context,
		       enum MHD_ConnectionNotificationCode code);
extern const MHD_AccessHandlerCallback httpd_on_request;
void httpd_on_completed(void *arg, struct MHD_Connection *c, void **request,
			enum MHD_RequestTerminationCode code);

/* Nothing more is read on those that have no request under way, but what came
 * before is answered; those that never had one are left alone unless `fresh`. How
 * many connections remain? */
unsigned httpd_conn_end_idle(struct httpd *h, bool fresh);

#endif
