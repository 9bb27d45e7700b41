/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gobin: what an ELF file says of its Go toolchain and crypto module.
 *
 * The words of `crypto`:
 * - "boringcrypto": the toolchain says so (GOEXPERIMENT=boringcrypto, or a goboring
 *   version such as go1.16.7b7) *and* the function that only a linked BoringCrypto
 *   has is there, by its name in the table of functions, and the one that only Go's
 *   own crypto has is not. Without these a build with CGO_ENABLED=0 would pass, which
 *   silently falls back to Go's own crypto.
 * - "fips140-VERSION": built with GOFIPS140=VERSION ("v1.0.0", "latest") and on by
 *   default. The fips140 section and symbols prove nothing: every Go >= 1.24 has
 *   them.
 * - "none": any other Go program.
 * It tells how the file was built; GODEBUG in the environment of the process can
 * still switch a module off.
 *
 * Rules: only program headers are read, so strip changes nothing. Every offset and
 * length in the file is hostile: bounded, never trusted. This module alone includes
 * <elf.h>.
 */
#ifndef CORE_GOBIN_H
#define CORE_GOBIN_H

#include "core/buf.h"

enum {
	GOBIN_HEAD_MAX = 65536,          /* program headers lie within these bytes */
	GOBIN_SEGMENTS_MAX = 16,         /* loadable ones that are looked at */
	GOBIN_MODINFO_MAX = 1024 * 1024, /* bytes of build information */
};

struct gobin {
	char version[64]; /* "go1.19.8"; "" when this is no Go program; "unknown" when
			   * it is one whose version cannot be read */
	char crypto[64];  /* see above; "" when this is no Go program */
	char settings[4096]; /* "key=value\n"... of the build info, escaped; cut */
};

/* Look at an open file of `size` bytes through pread(2). A file that is not ELF
 * (little-endian), or not Go, is no error: version is "". ERR_FORMAT: a Go
 * program whose build information contradicts the file; ERR_LIMIT. */
bool gobin_read_fd(int fd, uint64_t size, struct gobin *out,
		   struct error *err) MUST_CHECK;
/* The same over a callback, which fills all `len` bytes or fails. */
bool gobin_read(bool (*read_at)(void *arg, uint64_t at, void *to, size_t len,
				struct error *err),
		void *arg, uint64_t size, struct gobin *out,
		struct error *err) MUST_CHECK;

/*
 * A file that comes as a stream: what gobin_read() needs of it is kept in a file
 * without a name (file_unnamed()), the rest is passed over. Constant memory. A file
 * that is not ELF costs nothing.
 */
struct gobin_stream;
bool gobin_stream_new(uint64_t size, struct gobin_stream **out,
		      struct error *err) MUST_CHECK;
/* The next bytes of the file. */
bool gobin_stream_add(struct gobin_stream *s, const void *data, size_t len,
		      struct error *err) MUST_CHECK;
/* After the last byte: as gobin_read_fd(). */
bool gobin_stream_end(struct gobin_stream *s, struct gobin *out,
		      struct error *err) MUST_CHECK;
void gobin_stream_free(struct gobin_stream *s);
void gobin_stream_freep(struct gobin_stream **s);

#endif
