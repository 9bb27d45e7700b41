/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listen.h"

#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_FD = 3 }; /* SD_LISTEN_FDS_START */

/* Split "HOST:PORT" or "[HOST]:PORT" at its last colon. */
static bool split(const char *address, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;
	uint64_t n;

	if (!len || len >= size || !text_u64(colon + 1, 0, 65535, &n))
		return false;
	if (address[0] == '[') {
		if (len < 3 || address[len - 1] != ']')
			return false;
		address++;
		len -= 2;
	} else if (memchr(address, ':', len)) {
		return false; /* an IPv6 address without brackets */
	}
	memcpy(host, address, len);
	host[len] = '\0';
	*port = colon + 1;
	return true;
}

static bool bind_to(const struct addrinfo *a, const char *address, int *out,
		    struct error *err)
{
	AUTO(file_closep)
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0)
		return error_sys(err, "cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen))
		return error_sys(err, "cannot listen on '%s'", TEXT_SAFE(address));
	if (listen(fd, SOMAXCONN))
		return error_sys(err, "cannot listen on '%s'", TEXT_SAFE(address));
	*out = TAKE_FD(fd);
	return true;
}

bool listen_on(const char *address, int *fd, struct error *err)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *a = NULL;
	const char *port;
	char host[64];
	bool ok;

	if (!split(address, host, sizeof(host), &port) ||
	    getaddrinfo(host, port, &hints, &a))
		return error_set(
			err, ERR_USAGE,
			"'%s' is not ADDRESS:PORT with a numeric address, such "
			"as 127.0.0.1:8080 or [::1]:8080",
			TEXT_SAFE(address));
	ok = bind_to(a, address, fd, err);
	freeaddrinfo(a);
	return ok;
}

bool listen_inherited(int *fd, struct error *err)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	socklen_t len = sizeof(int);
	uint64_t n;
	int on = 0;

	if (!pid || !fds || !text_u64(pid, 1, INT32_MAX, &n) ||
	    n != (uint64_t)getpid() || !text_u64(fds, 0, 1024, &n) || n == 0)
		return error_set(err, ERR_NOT_FOUND, "no socket was handed over");
	if (n != 1)
		return error_set(err, ERR_USAGE,
				 "%s sockets were handed over, and one is needed", fds);
	if (getsockopt(FIRST_FD, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) || !on)
		return error_set(err, ERR_USAGE,
				 "the socket that was handed over does not listen");
	if (fcntl(FIRST_FD, F_SETFD, FD_CLOEXEC) ||
	    fcntl(FIRST_FD, F_SETFL, fcntl(FIRST_FD, F_GETFL) | O_NONBLOCK))
		return error_sys(err, "cannot use the socket that was handed over");
	*fd = FIRST_FD;
	return true;
}

bool listen_text(int fd, char out[LISTEN_TEXT_SIZE], struct error *err)
{
	struct sockaddr_storage a = EMPTY;
	socklen_t len = sizeof(a);
	char host[64], port[8];

	if (getsockname(fd, (struct sockaddr *)&a, &len))
		return error_sys(err, "cannot tell the address of the socket");
	if (a.ss_family != AF_INET && a.ss_family != AF_INET6) {
		snprintf(out, LISTEN_TEXT_SIZE, "a local socket");
		return true;
	}
	if (getnameinfo((struct sockaddr *)&a, len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return error_set(err, ERR_SYSTEM,
				 "cannot tell the address of the socket");
	snprintf(out, LISTEN_TEXT_SIZE, a.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
		 host, port);
	return true;
}
