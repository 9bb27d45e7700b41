/* SPDX-License-Identifier: Apache-2.0 */
#include "server/httpd.h"

#include "core/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	POOL = 4096,        /* bytes a connection: headers of request and answer */
	HEADERS_MAX = 2600, /* so that the answer's fit behind the request's */
	TARGET = 128,
};

/* One connection; `next` and `prev` are guarded by httpd.lock. */
struct conn {
	struct conn *next, *prev;
	_Atomic int64_t deadline;
	atomic_bool busy; /* headers are complete, the answer is not */
	int fd;
	bool head;
	bool corked;
	char method[8];
	char target[TARGET];
	unsigned status;
	size_t len;
	uint64_t begun;
	struct httpd_request request; /* its texts live as long as the request */
};

struct httpd {
	struct httpd_options options;
	struct MHD_Daemon *daemon;
	struct MHD_Daemon *old; /* had the certificate before; drains */
	pthread_mutex_t lock;
	struct conn *conns;
	unsigned conn_count;
	atomic_bool draining;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int64_t ms_of(uint64_t ns)
{
	return (int64_t)(ns / 1000000u);
}

const char *httpd_library(char *out, size_t size)
{
	snprintf(out, size, "libmicrohttpd %s", MHD_get_version());
	return out;
}

/* ---- connections ---- */

static void conn_open(struct httpd *h, struct MHD_Connection *c, void **context)
{
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn || !fd) {
		free(conn);
		return; /* without a context its requests are refused */
	}
	conn->fd = fd->connect_fd;
	atomic_init(&conn->deadline, ms_of(now_ns()) + h->options.timeout_ms);
	pthread_mutex_lock(&h->lock);
	conn->next = h->conns;
	if (h->conns)
		h->conns->prev = conn;
	h->conns = conn;
	h->conn_count++;
	pthread_mutex_unlock(&h->lock);
	*context = conn;
}

/* libmicrohttpd closes the socket after this, so no one else has its number. */
static void conn_close(struct httpd *h, struct conn *conn)
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
	pthread_mutex_unlock(&h->lock);
	free(conn);
}

static void on_connection(void *arg, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		conn_open(arg, c, context);
	} else {
		conn_close(arg, *context);
		*context = NULL;
	}
}

void httpd_reap(struct httpd *h)
{
	int64_t now = ms_of(now_ns());

	pthread_mutex_lock(&h->lock);
	for (struct conn *c = h->conns; c; c = c->next)
		if (atomic_load_explicit(&c->deadline, memory_order_relaxed) < now)
			shutdown(c->fd, SHUT_RDWR);
	pthread_mutex_unlock(&h->lock);
}

unsigned httpd_connections(struct httpd *h)
{
	unsigned n;

	pthread_mutex_lock(&h->lock);
	n = h->conn_count;
	pthread_mutex_unlock(&h->lock);
	return n;
}

/* ---- requests ---- */

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *key,
				 size_t key_len, const char *value, size_t value_len)
{
	struct httpd_request *r = arg;
	const struct {
		const char *name;
		const char **to;
	} texts[] = {
		{"Accept", &r->accept},
		{"Accept-Encoding", &r->accept_encoding},
		{"If-Match", &r->if_headers.if_match},
		{"If-None-Match", &r->if_headers.if_none_match},
		{"If-Modified-Since", &r->if_headers.if_modified_since},
		{"If-Unmodified-Since", &r->if_headers.if_unmodified_since},
		{"Range", &r->if_headers.range},
		{"If-Range", &r->if_headers.if_range},
	};

	(void)kind;
	(void)key_len;
	/* most headers of most requests begin with another letter */
	switch (key[0] | 0x20) {
	case 'h':
		r->hosts += !strcasecmp(key, "Host");
		break;
	case 'c':
		r->body |= !strcasecmp(key, "Content-Length") &&
			   (value_len != 1 || value[0] != '0');
		break;
	case 't':
		r->body |= !strcasecmp(key, "Transfer-Encoding");
		break;
	case 'a':
	case 'i':
	case 'r':
		for (size_t i = 0; i < ARRAY_LEN(texts); i++)
			if (!strcasecmp(key, texts[i].name))
				*texts[i].to = value ? value : "";
		break;
	}
	return MHD_YES;
}

/* libmicrohttpd sends the headers of a file by themselves: a packet more, and for the
 * client a wakeup more. While the socket is corked they wait for what follows; taking
 * the cork out sends the rest. */
static void cork(struct conn *conn, int on)
{
	setsockopt(conn->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
	conn->corked = on;
}

static enum MHD_Result answer(struct httpd *h, struct MHD_Connection *c,
			      struct conn *conn)
{
	struct httpd_answer a = EMPTY;
	enum MHD_Result queued;

	h->options.answer(h->options.arg, &conn->request, &a);
	if (a.file && !conn->head)
		cork(conn, true);
	conn->status = a.status;
	conn->len = conn->head || a.status == MHD_HTTP_NOT_MODIFIED ? 0 : a.len;
	atomic_store_explicit(&conn->deadline,
			      ms_of(conn->begun) + h->options.timeout_ms +
				      (int64_t)(a.len * 1000 / h->options.min_rate),
			      memory_order_relaxed);
	queued = a.response ? MHD_queue_response(c, a.status, a.response) : MHD_NO;
	if (a.once)
		MHD_destroy_response(a.response);
	if (a.drop)
		a.drop(a.held);
	return queued;
}

/* What fits; snprintf() would be the most of a request's cost here. */
static void copy(char *to, size_t size, const char *from)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

static void begin(struct httpd *h, struct conn *conn, const char *method,
		  const char *target)
{
	conn->begun = now_ns();
	conn->status = 0;
	conn->len = 0;
	conn->head = !strcmp(method, MHD_HTTP_METHOD_HEAD);
	copy(conn->method, sizeof(conn->method), method);
	copy(conn->target, sizeof(conn->target), target);
	/* nothing more is waited for but that the answer is taken */
	atomic_store_explicit(&conn->deadline,
			      ms_of(conn->begun) + h->options.timeout_ms,
			      memory_order_relaxed);
	atomic_store_explicit(&conn->busy, true, memory_order_relaxed);
}

/* The headers of a new request, and whether it may be answered on the second call: an
 * answer that is queued on the first closes the connection, which is wanted where it
 * is in doubt what follows, and not else. */
static bool read_request(struct MHD_Connection *c, struct httpd_request *r)
{
	const union MHD_ConnectionInfo *info;

	MHD_get_connection_values_n(c, MHD_HEADER_KIND, on_header, r);
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	r->large = !info || info->header_size > HEADERS_MAX;
	return !r->body && r->hosts == 1 && !r->large &&
	       (!strcmp(r->method, MHD_HTTP_METHOD_GET) ||
		!strcmp(r->method, MHD_HTTP_METHOD_HEAD));
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c,
				  const char *target, const char *method,
				  const char *version, const char *upload,
				  size_t *upload_len, void **request)
{
	struct httpd *h = arg;
	const union MHD_ConnectionInfo *info;
	struct conn *conn = *request;

	(void)upload;
	(void)upload_len;
	if (conn)
		return answer(h, c, conn);
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	conn = info ? info->socket_context : NULL;
	if (!conn)
		return MHD_NO;
	*request = conn;
	begin(h, conn, method, target);
	conn->request = (struct httpd_request){
		.method = method, .target = target, .version = version};
	return read_request(c, &conn->request) ? MHD_YES : answer(h, c, conn);
}

const char *httpd_address(const struct sockaddr *client, char out[HTTPD_ADDRESS_SIZE])
{
	int family = client ? client->sa_family : 0;
	const void *at = NULL;

	if (family == AF_INET)
		at = &((const struct sockaddr_in *)(const void *)client)->sin_addr;
	else if (family == AF_INET6)
		at = &((const struct sockaddr_in6 *)(const void *)client)->sin6_addr;
	if (!at || !inet_ntop(family, at, out, HTTPD_ADDRESS_SIZE))
		out[0] = '\0';
	return out;
}

static void on_completed(void *arg, struct MHD_Connection *c, void **request,
			 enum MHD_RequestTerminationCode code)
{
	struct httpd *h = arg;
	struct conn *conn = *request;
	const union MHD_ConnectionInfo *info;
	struct httpd_done d;
	uint64_t now;

	if (!conn)
		return;
	*request = NULL;
	if (conn->corked)
		cork(conn, false);
	now = now_ns();
	atomic_store_explicit(
		&conn->deadline,
		atomic_load(&h->draining) ? 0 : ms_of(now) + h->options.timeout_ms,
		memory_order_relaxed);
	atomic_store_explicit(&conn->busy, false, memory_order_release);
	if (!h->options.done)
		return;
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	d = (struct httpd_done){
		.client = info ? info->client_addr : NULL,
		.method = conn->method,
		.target = conn->target,
		.status = conn->status,
		.len = conn->len,
		.ns = now - conn->begun,
		.complete = code == MHD_REQUEST_TERMINATED_COMPLETED_OK,
	};
	h->options.done(h->options.arg, &d);
}

/* Targets are handed over as they were sent; route.h decodes them. */
static size_t keep_escapes(void *arg, struct MHD_Connection *c, char *s)
{
	(void)arg;
	(void)c;
	return strlen(s);
}

/* ---- the daemon ---- */

static struct MHD_Daemon *start(struct httpd *h, const char *cert, const char *key)
{
	const struct httpd_options *o = &h->options;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC;
	struct MHD_OptionItem more[8];
	size_t n = 0;

	if (cert) {
		flags |= MHD_USE_TLS;
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0,
						    (char *)(uintptr_t)cert};
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0,
						    (char *)(uintptr_t)key};
		more[n++] = (struct MHD_OptionItem){
			MHD_OPTION_HTTPS_PRIORITIES, 0,
			(char *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1."
					    "2"};
	}
	if (o->threads > 1)
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE,
						    (intptr_t)o->threads, NULL};
	if (o->per_address)
		more[n++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT,
						    (intptr_t)o->per_address, NULL};
	more[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, h,
				MHD_OPTION_LISTEN_SOCKET, (MHD_socket)o->listen_fd,
				MHD_OPTION_CONNECTION_LIMIT, o->connections,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL,
				MHD_OPTION_CONNECTION_TIMEOUT, o->timeout_ms / 1000 + 1,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
				MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
				MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

bool httpd_start(const struct httpd_options *options, struct httpd **out,
		 struct error *err)
{
	struct httpd *h = calloc(1, sizeof(*h));

	if (!h)
		return error_set(err, ERR_SYSTEM, "no memory");
	h->options = *options;
	pthread_mutex_init(&h->lock, NULL);
	errno = 0;
	h->daemon = start(h, options->tls_cert, options->tls_key);
	if (!h->daemon) {
		pthread_mutex_destroy(&h->lock);
		free(h);
		return error_set(err, ERR_SYSTEM, "cannot start the HTTP server%s",
				 options->tls_cert ? ": is the TLS certificate made "
						     "for the TLS key?"
						   : "");
	}
	h->options.tls_cert = h->options.tls_key = NULL; /* borrowed for the call */
	*out = h;
	return true;
}

bool httpd_reload_tls(struct httpd *h, const char *cert, const char *key,
		      struct error *err)
{
	struct MHD_Daemon *daemon = start(h, cert, key);

	if (!daemon)
		return error_set(err, ERR_FORMAT,
				 "the TLS certificate and key cannot be used; the ones "
				 "before stay");
	if (h->old)
		MHD_stop_daemon(h->old);
	MHD_quiesce_daemon(h->daemon);
	h->old = h->daemon;
	h->daemon = daemon;
	return true;
}

/* Close what has no request under way; how many connections remain? */
static unsigned close_idle(struct httpd *h)
{
	unsigned n;

	pthread_mutex_lock(&h->lock);
	for (struct conn *c = h->conns; c; c = c->next)
		if (!atomic_load_explicit(&c->busy, memory_order_acquire))
			shutdown(c->fd, SHUT_RDWR);
	n = h->conn_count;
	pthread_mutex_unlock(&h->lock);
	return n;
}

void httpd_stop(struct httpd *h, unsigned ms)
{
	uint64_t end = now_ns() + (uint64_t)ms * 1000000u;

	if (!h)
		return;
	atomic_store(&h->draining, true);
	MHD_quiesce_daemon(h->daemon);
	while (close_idle(h) && now_ns() < end)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	if (h->old)
		MHD_stop_daemon(h->old);
	MHD_stop_daemon(h->daemon);
	close(h->options.listen_fd);
	pthread_mutex_destroy(&h->lock);
	free(h);
}
