/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the file holds: no read beyond it, words of the format alone, and the same
 * answer when the bytes come as a stream. */
#include "core/gobin.h"
#include "core/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
	const uint8_t *data;
	size_t size;
};

static bool read_at(void *arg, uint64_t at, void *to, size_t len, struct error *err)
{
	const struct file *f = arg;

	(void)err;
	if (at > f->size || len > f->size - at)
		abort();
	memcpy(to, f->data + at, len);
	return true;
}

static bool stream(const uint8_t *data, size_t size, struct gobin *out,
		   struct error *err)
{
	AUTO(gobin_stream_freep) struct gobin_stream *s = NULL;
	size_t chunk = size / 3 + 1;

	if (!gobin_stream_new(size, &s, err))
		return false;
	for (size_t at = 0; at < size; at += chunk)
		if (!gobin_stream_add(s, data + at,
				      size - at < chunk ? size - at : chunk, err))
			return false;
	return gobin_stream_end(s, out, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file f = {data, size};
	struct gobin a = EMPTY, b = EMPTY;
	struct error err = EMPTY;
	bool ok = gobin_read(read_at, &f, size, &a, &err);

	if (!ok && err.code != ERR_FORMAT && err.code != ERR_LIMIT)
		abort();
	if (stream(data, size, &b, &err) != ok || memcmp(&a, &b, sizeof(a)) != 0)
		abort();
	if (!text_is_printable(a.version, strlen(a.version)) ||
	    (a.version[0] == '\0') != (a.crypto[0] == '\0'))
		abort();
	if (a.crypto[0] && strcmp(a.crypto, "none") != 0 &&
	    strcmp(a.crypto, "boringcrypto") != 0 && !text_starts(a.crypto, "fips140-"))
		abort();
	return 0;
}
