/* SPDX-License-Identifier: Apache-2.0 */
#include "server/encode.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

/* Above this a body is coded fast rather than small: publishing must not wait. */
enum { LARGE = 1024 * 1024 };

const char *encode_name(enum encode_coding c)
{
	static const char *const names[] = {
		[ENCODE_IDENTITY] = "identity",
		[ENCODE_GZIP] = "gzip",
		[ENCODE_ZSTD] = "zstd",
	};

	return names[c];
}

/* Bytes written; 0 when they do not fit into `room`. */
static size_t gzip(const struct bytes *in, char *to, size_t room)
{
	z_stream z = EMPTY;
	size_t made = 0;

	/* 15 bits of window, 16 for the gzip header */
	if (deflateInit2(&z, in->len > LARGE ? 1 : 6, Z_DEFLATED, 15 + 16, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	z.next_in = (unsigned char *)(uintptr_t)in->data;
	z.avail_in = (uInt)in->len;
	z.next_out = (unsigned char *)to;
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END)
		made = z.total_out;
	deflateEnd(&z);
	return made;
}

static size_t zstd(const struct bytes *in, char *to, size_t room)
{
	size_t made =
		ZSTD_compress(to, room, in->data, in->len, in->len > LARGE ? 1 : 6);

	return ZSTD_isError(made) ? 0 : made;
}

bool encode(enum encode_coding c, const struct bytes *in, struct bytes **out,
	    struct error *err)
{
	size_t room = in->len - in->len / 10, made = 0;
	char *to;

	*out = NULL;
	if (in->len > UINT32_MAX / 2 || c == ENCODE_IDENTITY)
		return true;
	to = malloc(room + 1);
	if (!to)
		return error_set(err, ERR_SYSTEM, "no memory for %zu bytes", room);
	made = c == ENCODE_GZIP ? gzip(in, to, room) : zstd(in, to, room);
	if (made)
		*out = bytes_new(to, made);
	free(to);
	if (made && !*out)
		return error_set(err, ERR_SYSTEM, "no memory for %zu bytes", made);
	return true;
}
