/* SPDX-License-Identifier: Apache-2.0 */
#include "server/httpd_conn.h"

#include <stdlib.h>
#include <time.h>

uint64_t httpd_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t httpd_ms(uint64_t ns)
{
	return (int64_t)(ns / 1000000u);
}

enum MHD_Result httpd_conn_accept(void *arg, const struct sockaddr *address,
				  socklen_t len)
{
	struct httpd *h = arg;
	bool full;

	(void)len;
	if (!h->options.per_address)
		return MHD_YES;
	pthread_mutex_lock(&h->lock);
	full = peers_count(&h->peers, address) >= h->options.per_address;
	pthread_mutex_unlock(&h->lock);
	if (full)
		atomic_fetch_add_explicit(&h->refused, 1, memory_order_relaxed);
	return full ? MHD_NO : MHD_YES;
}

static const struct sockaddr *client(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info ? info->client_addr : NULL;
}

static void begin(struct httpd *h, struct MHD_Connection *c, void **context)
{
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct httpd_conn *conn = calloc(1, sizeof(*conn));

	if (!conn || !fd) {
		free(conn);
		return; /* without a context its requests are refused */
	}
	conn->fd = fd->connect_fd;
	atomic_init(&conn->fresh, true);
	atomic_init(&conn->deadline, httpd_ms(httpd_now()) + h->options.timeout_ms);
	pthread_mutex_lock(&h->lock);
	if (h->options.per_address)
		conn->peer = peers_add(&h->peers, client(c));
	conn->next = h->conns;
	if (h->conns)
		h->conns->prev = conn;
	h->conns = conn;
	h->conn_count++;
	pthread_mutex_unlock(&h->lock);
	*context = conn;
}

/* libmicrohttpd closes the socket after this, so no one else has its number. */
static void end(struct httpd *h, struct httpd_conn *conn)
{
	if (!conn)
		return;
	pthread_mutex_lock(&h->lock);
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		h->conns = conn->next;
	if (conn->next)
		conn->next->prev = conn->prev;
	h->conn_count--;
	peers_remove(&h->peers, conn->peer);
	pthread_mutex_unlock(&h->lock);
	free(conn);
}

void httpd_conn_notify(void *arg, struct MHD_Connection *c, void **context,
		       enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		begin(arg, c, context);
	} else {
		end(arg, *context);
		*context = NULL;
	}
}

void httpd_reap(struct httpd *h)
{
	int64_t now = httpd_ms(httpd_now());

	pthread_mutex_lock(&h->lock);
	for (struct httpd_conn *c = h->conns; c; c = c->next)
		if (atomic_load_explicit(&c->deadline, memory_order_relaxed) < now)
			shutdown(c->fd, SHUT_RDWR);
	pthread_mutex_unlock(&h->lock);
}

unsigned httpd_conn_end_idle(struct httpd *h, bool fresh)
{
	unsigned n;

	pthread_mutex_lock(&h->lock);
	for (struct httpd_conn *c = h->conns; c; c = c->next)
		if (!atomic_load_explicit(&c->busy, memory_order_acquire) &&
		    (fresh || !atomic_load_explicit(&c->fresh, memory_order_relaxed)))
			shutdown(c->fd, SHUT_RD);
	n = h->conn_count;
	pthread_mutex_unlock(&h->lock);
	return n;
}

unsigned httpd_connections(struct httpd *h)
{
	unsigned n;

	pthread_mutex_lock(&h->lock);
	n = h->conn_count;
	pthread_mutex_unlock(&h->lock);
	return n;
}

uint64_t httpd_refused(struct httpd *h)
{
	return atomic_load_explicit(&h->refused, memory_order_relaxed);
}
