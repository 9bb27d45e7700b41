/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd: HTTP/1.1 through libmicrohttpd: connections, limits, deadlines, and
 * responses that are made once and sent many times.
 *
 * Rules:
 * - A request is handed over when its headers are complete; one that announces
 *   a body, or whose method is neither GET nor HEAD, is answered at once and its
 *   connection closed.
 * - Every connection has an absolute deadline at any time: for its next headers,
 *   then for taking the answer. httpd_reap() cuts those over it; libmicrohttpd's
 *   own time limit counts inactivity alone.
 * - The answer function runs on the threads of the daemon and must not block.
 * This module (httpd*.c) alone includes <microhttpd.h>.
 */
#ifndef SERVER_HTTPD_H
#define SERVER_HTTPD_H

#include "server/negotiate.h"

#include <sys/socket.h>

/* ---- ready-made responses ---- */

struct MHD_Response;

struct httpd_header {
	const char *name, *value;
};

/* `len` bytes of `body` from `at`; the response holds the body by itself. All of a
 * body that is in a file is sent from there (httpd_answer.file). */
bool httpd_response_new(struct bytes *body, size_t at, size_t len,
			const struct httpd_header *headers, size_t count,
			struct MHD_Response **out, struct error *err) MUST_CHECK;
/* For 304: tells how long the body is and sends nothing of it. */
bool httpd_response_bare(struct bytes *body, const struct httpd_header *headers,
			 size_t count, struct MHD_Response **out,
			 struct error *err) MUST_CHECK;
/* Transfers that are under way go on. */
void httpd_response_free(struct MHD_Response *r);

/* ---- the daemon ---- */

enum { HTTPD_LISTS = 4 }; /* headers that are lists */

/* Texts are borrowed and live during the call; NULL: no such header. */
struct httpd_request {
	const char *method;
	const char *target; /* as it was sent, without the query */
	const char *version;
	const char *accept, *accept_encoding;
	struct negotiate_headers if_headers;
	char *joined[HTTPD_LISTS]; /* those that came in several lines */
	unsigned hosts;            /* Host headers */
	bool body;                 /* one was announced */
	size_t room;               /* bytes of the connection's pool that it takes, */
	bool large;                /* and with them the answer might not fit */
};

/* `response` is sent with `status`; `once`: it was made for this request and is
 * freed when sent. NULL: the connection is cut. drop(held) is called when the
 * response is queued, which holds it from then on. */
struct httpd_answer {
	unsigned status;
	struct MHD_Response *response;
	size_t len; /* of the body, for the deadline and the counters */
	bool once;
	bool file; /* the body is in a file: it leaves together with the headers */
	void *held;
	void (*drop)(void *held); /* or NULL */
};

/* A request that is over. `method` NULL: libmicrohttpd refused it before it was one;
 * then `client` and `target` are not known, either. */
struct httpd_done {
	const struct sockaddr *client; /* or NULL: not known */
	const char *method;            /* cut at 15 bytes */
	const char *target;            /* and this at 127 */
	unsigned status;               /* 0: none was sent */
	size_t len;                    /* of the body that was meant to be sent */
	uint64_t ns; /* from complete headers to the last byte handed over */
	bool complete;
};

struct httpd_options {
	int listen_fd; /* taken over, non-blocking */
	unsigned threads;
	unsigned connections; /* at most, in all */
	unsigned per_address; /* at most (peers.h); 0: no limit */
	unsigned timeout_ms;  /* for the next request's headers; and to take an
			       * answer, beside the time that its length is given */
	unsigned min_rate;    /* bytes a second at which an answer must be taken */
	const char *tls_cert, *tls_key; /* PEM; NULL: no TLS */
	void (*answer)(void *arg, const struct httpd_request *r,
		       struct httpd_answer *out);
	void (*done)(void *arg, const struct httpd_done *d); /* or NULL */
	void *arg;
};

struct httpd;

/* Serve until httpd_stop(). On failure the descriptor stays the caller's. */
bool httpd_start(const struct httpd_options *options, struct httpd **out,
		 struct error *err) MUST_CHECK;
/* Cut the connections that are over their deadline; call it often. */
void httpd_reap(struct httpd *h);
/* New connections get this certificate, transfers under way go on with theirs; on
 * failure the old one stays. ERR_FORMAT; ERR_CONFLICT: transfers under too many
 * certificates are under way. */
bool httpd_reload_tls(struct httpd *h, const char *cert, const char *key,
		      struct error *err) MUST_CHECK;
/*
 * The end: answer what was asked until now, close idle connections, take no new ones;
 * a connection that has not asked yet gets a second to do so. Wait at most `ms` for
 * requests under way, cut the rest, free. How many were cut?
 */
unsigned httpd_stop(struct httpd *h, unsigned ms);

unsigned httpd_connections(struct httpd *h);
/* How many connections were refused since the start, for their address had enough? */
uint64_t httpd_refused(struct httpd *h);

#endif
