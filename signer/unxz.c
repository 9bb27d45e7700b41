/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/unxz.h"

#include "core/late.h"
#include "soname.inc"

#include <inttypes.h>
#include <lzma.h>
#include <stdlib.h>

#define FUNCTIONS(_) _(lzma_code) _(lzma_end) _(lzma_stream_decoder)
LATE_LIBRARY(FUNCTIONS, LZMA, "building manifests from RPMs with xz payloads")

struct unxz {
	struct unpack_from from;
	lzma_stream stream;
	lzma_action action;
	bool ended;
};

bool unxz_open(struct unpack_from from, struct unxz **out, struct error *err)
{
	AUTO(unxz_freep) struct unxz *u = NULL;

	if (!lib_load(err))
		return false;
	u = calloc(1, sizeof(*u));
	if (!u ||
	    lib.lzma_stream_decoder(&u->stream, UNXZ_MEMORY_MAX,
				    LZMA_CONCATENATED | LZMA_IGNORE_CHECK) != LZMA_OK)
		return error_set(err, ERR_SYSTEM, "no memory");
	u->from = from;
	u->action = LZMA_RUN;
	*out = TAKE(u);
	return true;
}

void unxz_free(struct unxz *u)
{
	if (!u)
		return;
	lib.lzma_end(&u->stream);
	free(u);
}

void unxz_freep(struct unxz **u)
{
	unxz_free(*u);
	*u = NULL;
}

/* liblzma's error as ours. */
static bool fail(lzma_ret why, struct error *err)
{
	switch (why) {
	case LZMA_MEM_ERROR:
		return error_set(err, ERR_SYSTEM, "no memory");
	case LZMA_MEMLIMIT_ERROR:
		return error_set(err, ERR_LIMIT,
				 "its payload needs more than %" PRIu64
				 " MiB of memory to unpack",
				 UNXZ_MEMORY_MAX >> 20);
	case LZMA_BUF_ERROR:
		return error_set(err, ERR_FORMAT, "damaged archive: xz is cut off");
	default:
		return error_set(err, ERR_FORMAT, "damaged archive: xz is damaged");
	}
}

static bool pull(struct unxz *u, struct error *err)
{
	const void *data;

	if (u->stream.avail_in || u->action == LZMA_FINISH)
		return true;
	if (!u->from.next(u->from.arg, &data, &u->stream.avail_in, err))
		return false;
	u->stream.next_in = data;
	if (!u->stream.avail_in)
		u->action = LZMA_FINISH;
	return true;
}

bool unxz_fill(void *unxz, char chunk[AHEAD_CHUNK], size_t *len, struct error *err)
{
	struct unxz *u = unxz;

	u->stream.next_out = (uint8_t *)chunk;
	u->stream.avail_out = AHEAD_CHUNK;
	while (!u->ended && u->stream.avail_out) {
		lzma_ret got;

		if (!pull(u, err))
			return false;
		got = lib.lzma_code(&u->stream, u->action);
		if (got != LZMA_OK && got != LZMA_STREAM_END)
			return fail(got, err);
		u->ended = got == LZMA_STREAM_END;
	}
	if (u->stream.total_out > UNPACK_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "unpacks to more than %" PRIu64 " GiB",
				 UNPACK_BYTES_MAX >> 30);
	*len = AHEAD_CHUNK - u->stream.avail_out;
	return true;
}
