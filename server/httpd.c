/* SPDX-License-Identifier: Apache-2.0 */
#include "server/httpd.h"

#include "server/httpd_conn.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	/* libmicrohttpd keeps the request in the connection's pool, beside this for
	 * every line of it, field of its target and cookie, */
	LINE = 64,
	ANSWER = 900, /* and the head of the answer must fit behind: at most this, */
	LARGE = 300,  /* or this, where it says that the request is too large */
};

_Static_assert(HTTPD_POOL - ANSWER >= 3700, "problem.c and docs/HTTP.md say so");

/* ---- requests ---- */

/* A list that comes in several lines is one (RFC 9110, section 5.3); without memory the
 * last line stands for all. */
static void take(const char **to, const char *value, char **joined)
{
	char *text = NULL;

	if (*to && joined && asprintf(&text, "%s, %s", *to, value) >= 0) {
		free(*joined);
		*joined = text;
	}
	*to = text ? text : value;
}

static void drop_joined(struct httpd_request *r)
{
	for (size_t i = 0; i < HTTPD_LISTS; i++)
		free(r->joined[i]);
	memset(r->joined, 0, sizeof(r->joined));
}

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *key,
				 size_t key_len, const char *value, size_t value_len)
{
	struct httpd_request *r = arg;
	const struct {
		const char *name;
		const char **to;
	} texts[] = {
		/* HTTPD_LISTS lists */
		{"Accept", &r->accept},
		{"Accept-Encoding", &r->accept_encoding},
		{"If-Match", &r->if_headers.if_match},
		{"If-None-Match", &r->if_headers.if_none_match},
		/* and what there is one of */
		{"If-Modified-Since", &r->if_headers.if_modified_since},
		{"If-Unmodified-Since", &r->if_headers.if_unmodified_since},
		{"Range", &r->if_headers.range},
		{"If-Range", &r->if_headers.if_range},
	};

	(void)key_len;
	r->room += LINE;
	if (kind != MHD_HEADER_KIND)
		return MHD_YES;
	/* most headers of most requests begin with another letter */
	switch (key[0] | 0x20) {
	case 'h':
		r->hosts += !strcasecmp(key, "Host");
		break;
	case 'c':
		r->body |= !strcasecmp(key, "Content-Length") &&
			   (value_len != 1 || value[0] != '0');
		if (!strcasecmp(key, "Cookie"))
			r->room += value_len; /* read out of a copy */
		break;
	case 't':
		r->body |= !strcasecmp(key, "Transfer-Encoding");
		break;
	case 'a':
	case 'i':
	case 'r':
		for (size_t i = 0; i < ARRAY_LEN(texts); i++)
			if (!strcasecmp(key, texts[i].name))
				take(texts[i].to, value ? value : "",
				     i < HTTPD_LISTS ? &r->joined[i] : NULL);
		break;
	}
	return MHD_YES;
}

/* libmicrohttpd sends the headers of a file by themselves: a packet more, and for the
 * client a wakeup more. While the socket is corked they wait for what follows; taking
 * the cork out sends the rest. */
static void cork(struct httpd_conn *conn, int on)
{
	setsockopt(conn->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
	conn->corked = on;
}

/* The request has left no room for the head of any answer: this one goes past
 * libmicrohttpd, which closes the connection. */
static enum MHD_Result answer_large(struct MHD_Connection *c, struct httpd_conn *conn)
{
	static const char text[] =
		"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n"
		"Content-Length: 0\r\n\r\n";
	const union MHD_ConnectionInfo *tls =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	conn->status = MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
	if (!tls)
		send(conn->fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	return MHD_NO;
}

static enum MHD_Result answer(struct httpd *h, struct MHD_Connection *c,
			      struct httpd_conn *conn)
{
	struct httpd_answer a = EMPTY;
	enum MHD_Result queued;

	if (conn->request.room > HTTPD_POOL - LARGE)
		return answer_large(c, conn);
	h->options.answer(h->options.arg, &conn->request, &a);
	if (a.file && !conn->head)
		cork(conn, true);
	conn->status = a.status;
	conn->len = conn->head || a.status == MHD_HTTP_NOT_MODIFIED ? 0 : a.len;
	atomic_store_explicit(&conn->deadline,
			      httpd_ms(conn->begun) + h->options.timeout_ms +
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

static void begin(struct httpd *h, struct httpd_conn *conn, const char *method,
		  const char *target)
{
	conn->begun = httpd_now();
	conn->status = 0;
	conn->len = 0;
	atomic_store_explicit(&conn->fresh, false, memory_order_relaxed);
	conn->head = !strcmp(method, MHD_HTTP_METHOD_HEAD);
	copy(conn->method, sizeof(conn->method), method);
	copy(conn->target, sizeof(conn->target), target);
	/* nothing more is waited for but that the answer is taken */
	atomic_store_explicit(&conn->deadline,
			      httpd_ms(conn->begun) + h->options.timeout_ms,
			      memory_order_relaxed);
	atomic_store_explicit(&conn->busy, true, memory_order_relaxed);
}

/* The headers of a new request, and whether it may be answered on the second call: an
 * answer that is queued on the first closes the connection, which is wanted where it
 * is in doubt what follows, and not else. */
static bool read_request(struct MHD_Connection *c, struct httpd_request *r)
{
	const union MHD_ConnectionInfo *info;

	MHD_get_connection_values_n(
		c, MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND, on_header,
		r);
	info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	r->room += info ? info->header_size : 0;
	r->large = r->room > HTTPD_POOL - ANSWER;
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
	struct httpd_conn *conn = *request;

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

const MHD_AccessHandlerCallback httpd_on_request = on_request;

void httpd_on_completed(void *arg, struct MHD_Connection *c, void **request,
			enum MHD_RequestTerminationCode code)
{
	struct httpd *h = arg;
	struct httpd_conn *conn = *request;
	const union MHD_ConnectionInfo *info;
	struct httpd_done d;
	uint64_t now;

	if (!conn)
		return;
	*request = NULL;
	drop_joined(&conn->request);
	if (conn->corked)
		cork(conn, false);
	now = httpd_now();
	atomic_store_explicit(
		&conn->deadline,
		atomic_load(&h->draining) ? 0 : httpd_ms(now) + h->options.timeout_ms,
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
