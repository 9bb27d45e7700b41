/* SPDX-License-Identifier: Apache-2.0 */
/*
 * armor_block: the layers below a signed file: lines, radix-64 blocks and the
 * frames of OpenPGP packets (RFC 9580 sections 4.2 and 6).
 *
 * Rule: every refusal is ERR_FORMAT (ERR_LIMIT for a buffer's ceiling) and names
 * the line or byte; nothing is skipped silently.
 */
#ifndef CORE_ARMOR_BLOCK_H
#define CORE_ARMOR_BLOCK_H

#include "core/buf.h"

/* ---- lines ---- */

struct armor_line {
	const char *s; /* borrowed from the file */
	size_t len;    /* without its end */
};

struct armor_cursor {
	const char *at, *end;
	size_t number; /* of the line that was read last */
	bool crlf;     /* lines may end in CRLF: a CR there is no part of them */
};

/* False at the end of the file and for a last line without LF; the number counts
 * in either case. */
bool armor_block_line(struct armor_cursor *c, struct armor_line *out) MUST_CHECK;
bool armor_block_line_is(const struct armor_line *l, const char *s) MUST_CHECK;
/* Read a line that must be this one. */
bool armor_block_expect(struct armor_cursor *c, const char *wanted,
			struct error *err) MUST_CHECK;
/* The beginning of a line for a message. */
#define ARMOR_LINE_SAFE(l) armor_block_line_safe(l, (char[96]){0})
const char *armor_block_line_safe(const struct armor_line *l, char out[96]);

/* error_set() with the number of the line that was read last in front. */
#define armor_block_refuse(err, c, fmt, ...)                                           \
	error_set(err, ERR_FORMAT, "line %zu: " fmt, (c)->number, ##__VA_ARGS__)

/* ---- blocks ---- */

/* From the first line of base64 up to and with `end_line`; append the bytes. */
bool armor_block_body(struct armor_cursor *c, const char *end_line, struct buf *out,
		      struct error *err) MUST_CHECK;
/* Append the bytes of every "-----BEGIN PGP `what`-----" block; only empty lines
 * stand between blocks, "Key: value" headers and CRLF are allowed. */
bool armor_block_read(const char *file, size_t len, const char *what, struct buf *out,
		      struct error *err) MUST_CHECK;
/* Append one block: 64 characters a line, CRC-24, no headers. */
void armor_block_write(const char *what, const void *data, size_t len, struct buf *out);

/* ---- packets ---- */

/* One OpenPGP packet, borrowed from the bytes it was found in. */
struct armor_packet {
	unsigned tag;
	const unsigned char *body;
	size_t len;
	size_t at, end; /* the whole packet, header included */
};

/* The packet at p->end of `data`, which must not be its end; p begins as all
 * zero. Lengths that are partial or open-ended are refused. */
bool armor_block_packet(const void *data, size_t len, struct armor_packet *p,
			struct error *err) MUST_CHECK;

#endif
