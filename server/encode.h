/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encode: a body as gzip (RFC 1952) or zstd (RFC 8878), made once.
 *
 * Rule: the same input gives the same bytes (no time, no name in the header).
 * This module alone includes <zlib.h> and <zstd.h>.
 */
#ifndef SERVER_ENCODE_H
#define SERVER_ENCODE_H

#include "server/bytes.h"

enum encode_coding { ENCODE_IDENTITY, ENCODE_GZIP, ENCODE_ZSTD, ENCODE_CODINGS };

/* "gzip", "zstd"; "identity". */
const char *encode_name(enum encode_coding c);

/* *out is NULL when the coding makes the body not smaller by at least a tenth. */
bool encode(enum encode_coding c, const struct bytes *in, struct bytes **out,
	    struct error *err) MUST_CHECK;

#endif
