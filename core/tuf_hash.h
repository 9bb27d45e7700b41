/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_hash: the digests of a file as TUF metadata lists them: SHA-256, SHA-512 or
 * both. Others may stand beside them and are not looked at.
 */
#ifndef CORE_TUF_HASH_H
#define CORE_TUF_HASH_H

#include "core/digest.h"
#include "core/json.h"

enum { TUF_SHA512_SIZE = 64 };

/* At least one of the two, or, where the format lets them be left out, none. */
struct tuf_hashes {
	bool has_sha256, has_sha512;
	struct digest sha256;
	unsigned char sha512[TUF_SHA512_SIZE];
};

/* The member "hashes" of an object: ERR_FORMAT when none of them can be computed
 * here. */
bool tuf_hash_read(struct json object, struct tuf_hashes *out,
		   struct error *err) MUST_CHECK;
/* The same, written; nothing when there are none. */
void tuf_hash_write(struct json_writer *w, const struct tuf_hashes *h);

/* SHA-256 of these bytes, as the repository side lists files. */
bool tuf_hash_of(const void *data, size_t len, struct tuf_hashes *out,
		 struct error *err) MUST_CHECK;

/* Every digest that is there fits the bytes, else ERR_UNTRUSTED; none is there: true.
 */
bool tuf_hash_check(const struct tuf_hashes *h, const void *data, size_t len,
		    struct error *err) MUST_CHECK;

/* The hex that a consistent snapshot puts in front of a target's file name. */
enum { TUF_HASH_PREFIX_SIZE = 2 * TUF_SHA512_SIZE + 1 };
void tuf_hash_prefix(const struct tuf_hashes *h, char out[TUF_HASH_PREFIX_SIZE]);

#endif
