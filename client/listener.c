/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line: "  0: 0100007F:1920 00000000:0000 0A ...": number, local address and port,
 * remote ones, state (0A: it listens). An address is 32-bit words in the order of the
 * machine's bytes, a port a number.
 */
#include "client/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

enum { TABLE_MAX = 64 * 1024 * 1024, LISTENS = 0x0a };

static bool parse_line(const char *line, bool six, unsigned port, uint32_t words[4])
{
	unsigned state = 0, local = 0;
	int n;

	if (six)
		n = sscanf(line, " %*d: %8x%8x%8x%8x:%4x %*32[0-9A-F]:%*4x %2x",
			   &words[0], &words[1], &words[2], &words[3], &local, &state);
	else
		n = sscanf(line, " %*d: %8x:%4x %*8[0-9A-F]:%*4x %2x", &words[0],
			   &local, &state);
	return n == (six ? 6 : 3) && state == LISTENS && local == port;
}

static struct listener four(uint32_t word, unsigned port)
{
	struct listener l = {.len = sizeof(struct sockaddr_in)};
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = word ? word : htonl(INADDR_LOOPBACK),
	};

	memcpy(&l.addr, &in, sizeof(in));
	return l;
}

static struct listener six_(const uint32_t words[4], unsigned port)
{
	struct listener l = {.len = sizeof(struct sockaddr_in6)};
	struct sockaddr_in6 in = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
	};

	memcpy(&in.sin6_addr, words, sizeof(in.sin6_addr));
	if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr))
		return four(words[3], port);
	l.both = IN6_IS_ADDR_UNSPECIFIED(&in.sin6_addr);
	if (l.both)
		in.sin6_addr = in6addr_loopback;
	memcpy(&l.addr, &in, sizeof(in));
	return l;
}

struct listener listener_four(const struct listener *l)
{
	struct sockaddr_in6 in;

	memcpy(&in, &l->addr, sizeof(in));
	return four(0, ntohs(in.sin6_port));
}

static void add(struct listeners *out, const struct listener *l)
{
	for (size_t i = 0; i < out->count; i++)
		if (!memcmp(&out->list[i].addr, &l->addr, sizeof(l->addr)))
			return;
	out->more = out->more || out->count == LISTENERS_MAX;
	if (out->count < LISTENERS_MAX)
		out->list[out->count++] = *l;
}

void listener_parse(const char *text, bool six, unsigned port, struct listeners *out)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		uint32_t words[4] = {0};
		struct listener l;

		line += *line == '\n';
		if (!parse_line(line, six, port, words))
			continue;
		l = six ? six_(words, port) : four(words[0], port);
		add(out, &l);
	}
}

bool listener_find(const struct node *node, unsigned port, struct listeners *out,
		   struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(TABLE_MAX);

	*out = (struct listeners)EMPTY;
	if (!node_read_proc(node, "net/tcp", &text, err))
		return false;
	listener_parse(text.data ? text.data : "", false, port, out);
	buf_reset(&text);
	if (!node_read_proc(node, "net/tcp6", &text, err))
		return err->code == ERR_NOT_FOUND; /* a kernel without IPv6 */
	listener_parse(text.data ? text.data : "", true, port, out);
	return true;
}

void listener_text(const struct listener *l, char out[LISTENER_TEXT_MAX])
{
	char text[INET6_ADDRSTRLEN] = "?";
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (l->addr.ss_family == AF_INET) {
		memcpy(&in, &l->addr, sizeof(in));
		inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text));
		snprintf(out, LISTENER_TEXT_MAX, "%s:%u", text, ntohs(in.sin_port));
	} else {
		memcpy(&in6, &l->addr, sizeof(in6));
		inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof(text));
		snprintf(out, LISTENER_TEXT_MAX, "[%s]:%u", text, ntohs(in6.sin6_port));
	}
}
