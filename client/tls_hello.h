/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_hello: the first words of a TLS handshake (RFC 5246, RFC 8446): write a
 * ClientHello that offers exactly what is asked about, read what the server chose.
 *
 * This is no TLS implementation: no key is agreed, nothing is encrypted, no handshake
 * is completed. It is written out, and does not come from a TLS library, because a
 * library in FIPS mode cannot offer what must not be accepted (RC4, 3DES, CHACHA20).
 * Every byte that comes back is hostile.
 */
#ifndef CLIENT_TLS_HELLO_H
#define CLIENT_TLS_HELLO_H

#include "core/buf.h"

enum {
	TLS_HELLO_SSL3 = 0x0300,
	TLS_HELLO_10 = 0x0301,
	TLS_HELLO_11 = 0x0302,
	TLS_HELLO_12 = 0x0303,
	TLS_HELLO_13 = 0x0304,
	TLS_HELLO_SUITES_MAX = 400,
	TLS_HELLO_GROUPS_MAX = 64,
	TLS_HELLO_ANSWER_MAX = 262144, /* bytes of a server's first flight */
};

/* One version, and what of it is offered. */
struct tls_offer {
	uint16_t version;
	uint16_t suites[TLS_HELLO_SUITES_MAX];
	size_t suite_count;
	uint16_t groups[TLS_HELLO_GROUPS_MAX]; /* none: no such extension */
	size_t group_count;
};

enum tls_answer_kind {
	TLS_ANSWER_MORE,    /* not all is there yet */
	TLS_ANSWER_HELLO,   /* the server chose */
	TLS_ANSWER_REFUSED, /* an alert, or the end, before a choice */
	TLS_ANSWER_FOREIGN, /* this is not TLS, or not an answer to the offer */
};

struct tls_answer {
	enum tls_answer_kind kind;
	uint16_t version; /* from TLS_HELLO_SSL3 to the one of the offer */
	uint16_t suite;   /* one of the offer's */
	uint16_t group;   /* 0: none is named */
	uint8_t alert;    /* TLS_ANSWER_REFUSED: its description, 0 at the end */
};

/* Append the record. 32 bytes of `random` need only differ between connections. */
void tls_hello_write(const struct tls_offer *o, const unsigned char random[32],
		     struct buf *b);

/* Look at all that came so far; `ended` when nothing more will. With `group` the
 * answer is complete only when TLS 1.2 has named its group or is known to name none. */
struct tls_answer tls_hello_read(const struct tls_offer *offer, const void *data,
				 size_t len, bool group, bool ended);

/* "TLSv1.2"; "unknown". */
const char *tls_hello_version_name(uint16_t version);

/* IANA's names of groups: "secp256r1". In the order in which they are offered. */
struct tls_group {
	uint16_t id;
	const char *name;
};
const struct tls_group *tls_hello_groups(size_t *count);
const char *tls_hello_group_name(uint16_t id);

#endif
