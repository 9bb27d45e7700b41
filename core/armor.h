/* SPDX-License-Identifier: Apache-2.0 */
/*
 * armor: the one form of a signed manifest, cut strictly (RFC 9580 sections 6
 * and 7; RFC 4880 the same).
 *
 * The file, from byte 0 to its end, nothing before, between or after:
 *
 *     -----BEGIN PGP SIGNED MESSAGE-----
 *     Hash: SHA256            (one line; SHA256, SHA384 or SHA512, more by comma)
 *
 *     ...text...              canonical: printable ASCII, LF, no trailing blanks,
 *                             no line that begins with "-", ends in LF
 *     -----BEGIN PGP SIGNATURE-----
 *
 *     ...base64 of one or more signature packets, in lines of at most 76...
 *     =CRC-24                 optional for a reader; gpg 2.2 does not do without
 *     -----END PGP SIGNATURE-----
 *
 * Every packet is a version 4 signature of a text (type 0x01) whose digest the
 * Hash: line names. What such a signature covers leaves out the last LF of the
 * text and ends its lines in CRLF (section 7.1): as a detached pair it is
 * (text, text_len - 1) and the packets. Whatever is not of this form vouches for
 * nothing: every refusal is ERR_UNTRUSTED with the line.
 */
#ifndef CORE_ARMOR_H
#define CORE_ARMOR_H

#include "core/buf.h"

enum {
	ARMOR_SIGNATURES_MAX = 32,
	ARMOR_PACKET_MAX = 65536, /* bytes of all signature packets */
};

struct armor_cut {
	const char *text; /* borrowed from the file; ends in LF */
	size_t text_len;
	struct buf packets; /* binary signature packets, one behind the other */
	size_t packet_count;
};

bool armor_cut(const char *file, size_t len, struct armor_cut *out,
	       struct error *err) MUST_CHECK;
void armor_cut_clear(struct armor_cut *cut);

/* One armored or binary block of signature packets alone, of the kind above. */
bool armor_packets(const char *block, size_t len, struct buf *out, size_t *count,
		   struct error *err) MUST_CHECK;

/* Append the whole signed file: `packets` in byte order, each once, Hash: with
 * the algorithms that they name. The text must be as above. */
bool armor_write(const char *text, size_t len, const struct buf *packets,
		 struct buf *out, struct error *err) MUST_CHECK;

/* Of two cuts of the same text: the file with the packets of both, each once.
 * ERR_MISMATCH when the texts differ. */
bool armor_merge(const struct armor_cut *a, const struct armor_cut *b, struct buf *out,
		 struct error *err) MUST_CHECK;

#endif
