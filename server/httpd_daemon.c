/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's life: start, another certificate, the end. */
#include "core/text.h"
#include "server/httpd_conn.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	/* those that connected in time get this long to be taken and to ask */
	LAST_CALL_MS = 1000,
};

/* Targets are handed over as they were sent; route.h decodes them. */
static size_t keep_escapes(void *arg, struct MHD_Connection *c, char *s)
{
	(void)arg;
	(void)c;
	return strlen(s);
}

/* What libmicrohttpd refuses by itself, for it is no HTTP or does not fit, it tells
 * here alone, without saying whose it was. */
static void on_message(void *arg, const char *format, va_list values)
{
	static const char refused[] =
		"Error processing request (HTTP response code is %u";
	struct httpd *h = arg;
	struct httpd_done d = {.complete = true};

	if (!text_starts(format, refused) || !h->options.done)
		return;
	d.status = va_arg(values, unsigned);
	h->options.done(h->options.arg, &d);
}

static struct MHD_Daemon *start(struct httpd *h, const char *cert, const char *key)
{
	const struct httpd_options *o = &h->options;
	unsigned flags =
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG;
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
	more[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	/* without its own time limit: httpd_reap() has an absolute one */
	return MHD_start_daemon(flags, 0, httpd_conn_accept, h, httpd_on_request, h,
				MHD_OPTION_EXTERNAL_LOGGER, on_message, h,
				MHD_OPTION_LISTEN_SOCKET, (MHD_socket)o->listen_fd,
				MHD_OPTION_CONNECTION_LIMIT, o->connections,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTPD_POOL,
				MHD_OPTION_NOTIFY_COMPLETED, httpd_on_completed, h,
				MHD_OPTION_NOTIFY_CONNECTION, httpd_conn_notify, h,
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

/* ---- another certificate ---- */

static unsigned connections_of(struct MHD_Daemon *d)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(d, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info ? info->num_connections : 0;
}

/* Free the old daemons that have ended their connections; `all`: the others, too. */
static void stop_old(struct httpd *h, bool all)
{
	for (size_t i = 0; i < HTTPD_OLD; i++) {
		if (!h->old[i] || (!all && connections_of(h->old[i])))
			continue;
		MHD_stop_daemon(h->old[i]);
		h->old[i] = NULL;
	}
}

bool httpd_reload_tls(struct httpd *h, const char *cert, const char *key,
		      struct error *err)
{
	struct MHD_Daemon **place = NULL, *daemon;

	stop_old(h, false);
	for (size_t i = 0; i < HTTPD_OLD && !place; i++)
		place = h->old[i] ? NULL : &h->old[i];
	if (!place)
		return error_set(err, ERR_CONFLICT,
				 "transfers under %d certificates of before go on; the "
				 "one before stays",
				 HTTPD_OLD);
	daemon = start(h, cert, key);
	if (!daemon)
		return error_set(err, ERR_FORMAT,
				 "the TLS certificate and key cannot be used; the ones "
				 "before stay");
	MHD_quiesce_daemon(h->daemon);
	*place = h->daemon;
	h->daemon = daemon;
	return true;
}

/* ---- the end ---- */

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
}

/* Does a connection wait to be taken? */
static bool waits(int listen_fd)
{
	struct pollfd p = {.fd = listen_fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

unsigned httpd_stop(struct httpd *h, unsigned ms)
{
	uint64_t now = httpd_now(), end = now + (uint64_t)ms * 1000000u;
	uint64_t last_call = now + LAST_CALL_MS * 1000000u;
	unsigned left;

	if (!h)
		return 0;
	atomic_store(&h->draining, true);
	while (waits(h->options.listen_fd) && httpd_now() < last_call)
		pause_ms(1);
	MHD_quiesce_daemon(h->daemon);
	for (;;) {
		now = httpd_now();
		left = httpd_conn_end_idle(h, now >= last_call);
		if (!left || now >= end)
			break;
		pause_ms(10);
	}
	stop_old(h, true);
	MHD_stop_daemon(h->daemon);
	close(h->options.listen_fd);
	pthread_mutex_destroy(&h->lock);
	free(h);
	return left;
}
