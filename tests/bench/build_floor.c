/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_floor RPM THREADS: what no build of a manifest can do without, and nothing
 * else: the payload unpacked by its bare library; SHA-256 by bare OpenSSL of the file,
 * of its payload, and of what was unpacked. With 2 threads one unpacks and one digests.
 */
#include "signer/ahead.h"

#include <endian.h>
#include <fcntl.h>
#include <lzma.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

struct packed {
	z_stream gzip;
	lzma_stream xz;
	ZSTD_DStream *zstd;
	ZSTD_inBuffer from;
	size_t left; /* of zstd's frame; 0: nothing */
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* ---- unpacking: the next bytes, 0 at the end ---- */

static size_t gzip(struct packed *p, char *to)
{
	p->gzip.next_out = (unsigned char *)to;
	p->gzip.avail_out = AHEAD_CHUNK;
	must(inflate(&p->gzip, Z_NO_FLUSH) >= 0);
	return AHEAD_CHUNK - p->gzip.avail_out;
}

static size_t xz(struct packed *p, char *to)
{
	p->xz.next_out = (unsigned char *)to;
	p->xz.avail_out = AHEAD_CHUNK;
	must(lzma_code(&p->xz, LZMA_FINISH) <= LZMA_STREAM_END);
	return AHEAD_CHUNK - p->xz.avail_out;
}

static size_t zstd(struct packed *p, char *to)
{
	ZSTD_outBuffer out = {to, AHEAD_CHUNK, 0};

	while (out.pos < out.size && p->left) {
		p->left = ZSTD_decompressStream(p->zstd, &out, &p->from);
		must(!ZSTD_isError(p->left));
	}
	return out.pos;
}

static bool fill(void *arg, char chunk[AHEAD_CHUNK], size_t *len, struct error *err)
{
	struct packed *p = arg;

	(void)err;
	*len = (p->zstd ? zstd : p->xz.internal ? xz : gzip)(p, chunk);
	return true;
}

static void begin(struct packed *p, unsigned char *payload, size_t len)
{
	if (!memcmp(payload, "\x28\xb5\x2f\xfd", 4)) {
		p->zstd = ZSTD_createDStream();
		p->from = (ZSTD_inBuffer){payload, len, 0};
		p->left = 1;
		must(p->zstd);
	} else if (!memcmp(payload,
			   "\xfd"
			   "7zXZ",
			   5)) {
		must(lzma_stream_decoder(&p->xz, UINT64_MAX, LZMA_IGNORE_CHECK) ==
		     LZMA_OK);
		p->xz.next_in = payload;
		p->xz.avail_in = len;
	} else {
		must(inflateInit2(&p->gzip, 16 + MAX_WBITS) == Z_OK);
		p->gzip.next_in = payload;
		p->gzip.avail_in = (unsigned)len;
	}
}

/* ---- digesting ---- */

static EVP_MD_CTX *digest(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx && EVP_DigestInit_ex2(ctx, EVP_sha256(), NULL) == 1);
	return ctx;
}

static void add(EVP_MD_CTX *ctx, const void *data, size_t len)
{
	must(EVP_DigestUpdate(ctx, data, len) == 1);
}

static void end(EVP_MD_CTX *ctx)
{
	unsigned char out[EVP_MAX_MD_SIZE];

	must(EVP_DigestFinal_ex(ctx, out, NULL) == 1);
	EVP_MD_CTX_free(ctx);
	for (size_t i = 0; i < 32; i++)
		printf("%02x", out[i]);
	puts("");
}

/* ---- the file ---- */

/* The size of the header at `at`: its intro, 16 bytes a tag, and the tags' data. */
static size_t header(const unsigned char *at)
{
	uint32_t tags, bytes;

	memcpy(&tags, at + 8, 4);
	memcpy(&bytes, at + 12, 4);
	return 16 + 16 * (size_t)be32toh(tags) + be32toh(bytes);
}

static size_t payload_at(const unsigned char *file)
{
	size_t at = 96 + header(file + 96);

	at = (at + 7) / 8 * 8;
	return at + header(file + at);
}

/* Digest at most `max` more bytes of the file, the payload's twice. */
static size_t add_file(EVP_MD_CTX *whole, EVP_MD_CTX *packed, const unsigned char *file,
		       size_t at, size_t size, size_t max)
{
	size_t len = size - at < max ? size - at : max, payload = payload_at(file);

	add(whole, file + at, len);
	if (at + len > payload && at < payload)
		add(packed, file + payload, at + len - payload);
	else if (at >= payload)
		add(packed, file + at, len);
	return at + len;
}

int main(int argc, char **argv)
{
	EVP_MD_CTX *whole = digest(), *packed = digest(), *unpacked = digest();
	int fd = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	static char chunk[AHEAD_CHUNK];
	struct packed p = {.xz = LZMA_STREAM_INIT};
	size_t payload, size, len, at = 0;
	struct ahead *a = NULL;
	const void *data = chunk;
	unsigned char *file;
	struct error err;
	struct stat st;

	must(fd >= 0 && !fstat(fd, &st));
	size = (size_t)st.st_size;
	file = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	must(file != MAP_FAILED);
	payload = payload_at(file);
	begin(&p, file + payload, size - payload);
	must(argv[2][0] == '1' || ahead_new(fill, &p, &a, &err));
	do {
		must(a ? ahead_next(a, &data, &len, &err)
		       : fill(&p, chunk, &len, &err));
		add(unpacked, data, len);
		/* by turns with the contents, so that neither thread waits long */
		at = add_file(whole, packed, file, at, size, AHEAD_CHUNK / 4);
	} while (len);
	add_file(whole, packed, file, at, size, size);
	end(whole);
	end(packed);
	end(unpacked);
	ahead_free(a);
	return 0;
}
