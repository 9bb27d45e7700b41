/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gobin: what an ELF file says of its Go toolchain and crypto module.
 *
 * The words of `crypto`: "boringcrypto" (GOEXPERIMENT=boringcrypto, or the older
 * goboring toolchains), "fips140-VERSION" (GOFIPS140=VERSION), "none". Nothing
 * proves that the module is switched on at run time. Every offset and length in
 * the file is hostile: bounded, never trusted. This module alone includes
 * <elf.h>.
 */
#ifndef CORE_GOBIN_H
#define CORE_GOBIN_H

#include "core/buf.h"

struct gobin {
	char version[64];    /* "go1.19.8"; "" when this is no Go program */
	char crypto[64];     /* see above; "" when this is no Go program */
	char settings[4096]; /* "key=value\n"... of the build info, escaped; cut */
};

/* Look at an open ELF file of `size` bytes through pread(2). A file that is not
 * ELF, or not Go, is no error: version is "". ERR_FORMAT: an ELF file whose
 * tables contradict the file. */
bool gobin_read_fd(int fd, uint64_t size, struct gobin *out,
		   struct error *err) MUST_CHECK;
/* The same over a callback, for a file inside an archive that was spooled. */
bool gobin_read(bool (*read_at)(void *arg, uint64_t at, void *to, size_t len),
		void *arg, uint64_t size, struct gobin *out,
		struct error *err) MUST_CHECK;

#endif
