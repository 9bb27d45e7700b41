/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_load PORT SECONDS CONNECTIONS TARGET [HEADER]...: GET after GET on keep-alive
 * connections to 127.0.0.1; prints the first answer's status, requests a second, and
 * the latency that 99 of 100 stay under, in milliseconds. TARGET "@FILE": the targets
 * in this file by turns, a line each.
 *
 * For 304: wrk waits for the content that a Content-Length there announces and that
 * never comes (RFC 9110, section 8.6); h2load is slower than the servers. And for many
 * targets: wrk asks a Lua function for each, which takes as long as the answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST = 4096, ANSWER = 1 << 20, SLOTS = 1000000 /* microseconds */ };

struct conn {
	int fd;
	size_t left; /* of the answer's content */
	uint64_t sent;
};

struct request {
	char *text;
	size_t len;
};

struct load {
	struct request *requests;
	size_t count, next;
	char buffer[ANSWER];
	unsigned slots[SLOTS];
	uint64_t done;
};

static void die(const char *what)
{
	fprintf(stderr, "http_load: %s: %s\n", what, strerror(errno));
	exit(3);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static int connect_to(uint16_t port)
{
	const struct sockaddr_in a = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)))
		die("cannot connect");
	return fd;
}

static void ask(struct load *l, struct conn *c)
{
	const struct request *r = &l->requests[l->next++ % l->count];

	c->sent = now_us();
	if (send(c->fd, r->text, r->len, MSG_NOSIGNAL) != (ssize_t)r->len)
		die("cannot send");
}

static size_t take(struct load *l, struct conn *c)
{
	ssize_t n = recv(c->fd, l->buffer, sizeof(l->buffer) - 1, 0);

	if (n <= 0)
		die("the answer ended");
	l->buffer[n] = '\0';
	return (size_t)n;
}

/* A head, all of it, and the beginning of its content: how much is still to come? */
static size_t behind(const struct load *l, size_t got)
{
	const char *end = strstr(l->buffer, "\r\n\r\n");
	const char *length = strcasestr(l->buffer, "\r\ncontent-length:");
	size_t whole;

	if (!end || got < 12) {
		fprintf(stderr, "http_load: a head that came in pieces\n");
		exit(1);
	}
	whole = (size_t)(end + 4 - l->buffer);
	if (length && length < end && strncmp(l->buffer + 9, "304", 3) != 0)
		whole += strtoul(length + 17, NULL, 10);
	return whole - got;
}

/* Is the answer there to its end? */
static bool take_answer(struct load *l, struct conn *c)
{
	size_t got = take(l, c);

	c->left = c->left ? c->left - got : behind(l, got);
	return !c->left;
}

static void ready(struct load *l, struct conn *c)
{
	uint64_t us;

	if (!take_answer(l, c))
		return;
	us = now_us() - c->sent;
	l->slots[us < SLOTS ? us : SLOTS - 1]++;
	l->done++;
	ask(l, c);
}

static double p99(const struct load *l)
{
	uint64_t seen = 0;
	size_t i = 0;

	while (i < SLOTS - 1 && (seen += l->slots[i]) * 100 < l->done * 99)
		i++;
	return (double)i / 1000;
}

static void run(struct load *l, struct conn *conns, size_t count, double seconds)
{
	struct epoll_event events[64];
	int epoll = epoll_create1(0);
	uint64_t begin, end;

	ask(l, &conns[0]);
	conns[0].left = behind(l, take(l, &conns[0]));
	printf("%.3s ", l->buffer + 9);
	while (conns[0].left)
		conns[0].left -= take(l, &conns[0]);
	for (size_t i = 0; i < count; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.ptr = &conns[i]};

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, conns[i].fd, &e))
			die("epoll");
		ask(l, &conns[i]);
	}
	begin = now_us();
	end = begin + (uint64_t)(seconds * 1e6);
	while (now_us() < end) {
		int n = epoll_wait(epoll, events, 64, 1000);

		for (int i = 0; i < n; i++)
			ready(l, events[i].data.ptr);
	}
	printf("%.1f %.3f\n", (double)l->done / ((double)(now_us() - begin) / 1e6),
	       p99(l));
	close(epoll);
}

static void add_request(struct load *l, const char *target, char **headers)
{
	struct request *r;
	char text[REQUEST];
	int n = snprintf(text, REQUEST, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n",
			 target);

	for (; *headers && n < REQUEST; headers++)
		n += snprintf(text + n, (size_t)(REQUEST - n), "%s\r\n", *headers);
	l->requests = reallocarray(l->requests, l->count + 1, sizeof(*l->requests));
	if (n + 2 >= REQUEST || !l->requests)
		die("a request that is too long");
	r = &l->requests[l->count++];
	r->len = (size_t)n + 2;
	memcpy(text + n, "\r\n", 3);
	r->text = strdup(text);
}

static void add_requests(struct load *l, const char *target, char **headers)
{
	FILE *f = *target == '@' ? fopen(target + 1, "r") : NULL;
	char line[REQUEST];

	if (*target != '@') {
		add_request(l, target, headers);
		return;
	}
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		add_request(l, line, headers);
	}
	if (!l->count)
		die(target + 1);
	fclose(f);
}

int main(int argc, char **argv)
{
	static struct load l;
	struct conn conns[1024] = {0};
	size_t count = argc > 4 ? strtoul(argv[3], NULL, 10) : 0;

	if (!count || count > 1024) {
		fprintf(stderr, "usage: http_load PORT SECONDS CONNECTIONS TARGET "
				"[HEADER]...\n");
		return 64;
	}
	add_requests(&l, argv[4], argv + 5);
	for (size_t i = 0; i < count; i++)
		conns[i].fd = connect_to((uint16_t)strtoul(argv[1], NULL, 10));
	run(&l, conns, count, strtod(argv[2], NULL));
	return 0;
}
