/* SPDX-License-Identifier: Apache-2.0 */
/* gobin_elf: what the parts of gobin share: where an ELF file keeps its data. */
#ifndef CORE_GOBIN_ELF_H
#define CORE_GOBIN_ELF_H

#include "core/gobin.h"

enum { GOBIN_ELF_HEADER = 64 /* bytes of the first header */ };

struct gobin_segment {
	uint64_t offset, size, address;
	bool writable;
};

/* The loadable segments that hold constants and data, as far as they lie in the file:
 * those without code; all where the constants lie with the code. */
struct gobin_segments {
	struct gobin_segment at[GOBIN_SEGMENTS_MAX];
	size_t count;
};

/* Bytes at the start of the file that hold ELF and program headers; 0 when `head`, its
 * first GOBIN_ELF_HEADER bytes, is not of a file that we look at. */
size_t gobin_head_size(const void *head, uint64_t file_size) MUST_CHECK;
/* `head` holds that many bytes. */
void gobin_find_segments(const char *head, uint64_t file_size,
			 struct gobin_segments *out);

#endif
