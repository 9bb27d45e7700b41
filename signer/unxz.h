/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unxz: an RPM's xz payload as it flows by, through liblzma.
 *
 * libarchive does the same, and has liblzma compute the check that the payload carries
 * in itself: rpmbuild writes SHA-256 there, which liblzma computes in plain C, a fifth
 * of its time. Here it is not computed: whoever may trust a payload at all trusts a
 * digest of its bytes and the digests of its files, not a check that came with it.
 */
#ifndef SIGNER_UNXZ_H
#define SIGNER_UNXZ_H

#include "core/unpack.h"
#include "signer/ahead.h"

/* Of liblzma's memory, by the dictionary that the payload asks for: librpm's own
 * limit; rpmbuild's highest level needs 65 MiB. */
#define UNXZ_MEMORY_MAX ((uint64_t)100 << 20)

struct unxz; /* opaque */

bool unxz_open(struct unpack_from from, struct unxz **out,
	       struct error *err) MUST_CHECK;
void unxz_free(struct unxz *u);
void unxz_freep(struct unxz **u);

/* The next unpacked bytes, at most UNPACK_BYTES_MAX in all, for ahead_new(), which
 * pulls in its own thread. ERR_FORMAT: damaged; ERR_LIMIT. */
bool unxz_fill(void *unxz, char chunk[AHEAD_CHUNK], size_t *len,
	       struct error *err) MUST_CHECK;

#endif
