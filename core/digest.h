/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest: SHA-256 (FIPS 180-4) as a value.
 *
 * Invariants: a struct digest is always 32 bytes of a finished digest; its one
 * text form is 64 lower-case hex digits. The algorithm is fetched from OpenSSL
 * once a process. This module alone includes <openssl/evp.h>.
 */
#ifndef CORE_DIGEST_H
#define CORE_DIGEST_H

#include "core/error.h"

enum {
	DIGEST_SIZE = 32,
	DIGEST_HEX_SIZE = 65, /* with the NUL */
};

struct digest {
	unsigned char bytes[DIGEST_SIZE];
};

bool digest_of_bytes(const void *data, size_t len, struct digest *out,
		     struct error *err) MUST_CHECK;

/* Of everything from the descriptor's offset to end of file; *size counts the
 * bytes that were digested. Reads, never maps. */
bool digest_of_fd(int fd, struct digest *out, uint64_t *size,
		  struct error *err) MUST_CHECK;

/* SHA-1, for the one thing that is defined by it: the name of a version 4 OpenPGP
 * key, its fingerprint (RFC 9580 section 5.5.4.2). Never for content. */
enum { DIGEST_SHA1_SIZE = 20 };
bool digest_sha1(const void *data, size_t len, unsigned char out[DIGEST_SHA1_SIZE],
		 struct error *err) MUST_CHECK;

bool digest_equal(const struct digest *a, const struct digest *b) MUST_CHECK;
/* memcmp order. */
int digest_cmp(const struct digest *a, const struct digest *b);
void digest_hex(const struct digest *d, char out[DIGEST_HEX_SIZE]);
/* Exactly 64 lower-case hex digits. */
bool digest_unhex(const char *hex, struct digest *out) MUST_CHECK;
/* For printf: the hex form in an array of the caller's full expression. */
#define DIGEST_HEX(d) digest_text(d, (char[DIGEST_HEX_SIZE]){0})
const char *digest_text(const struct digest *d, char out[DIGEST_HEX_SIZE]);

/* ---- in pieces ---- */

struct digest_stream; /* opaque; one can be begun again after it was finished */

bool digest_stream_new(struct digest_stream **out, struct error *err) MUST_CHECK;
bool digest_stream_begin(struct digest_stream *s, struct error *err) MUST_CHECK;
bool digest_stream_add(struct digest_stream *s, const void *data, size_t len,
		       struct error *err) MUST_CHECK;
bool digest_stream_end(struct digest_stream *s, struct digest *out,
		       struct error *err) MUST_CHECK;
void digest_stream_free(struct digest_stream *s);
void digest_stream_freep(struct digest_stream **s);

/* Let digests be computed by OpenSSL's FIPS provider alone, from now on; called before
 * the first digest. ERR_SYSTEM when there is none that works. */
bool digest_require_fips(struct error *err) MUST_CHECK;

/* Let no configuration file of OpenSSL, and so no module, be loaded into this process;
 * called before anything else of OpenSSL. */
void digest_no_config(void);

/* What computed the digests: "OpenSSL 3.0.22, provider default 3.0.22". The
 * text lives as long as the process. */
const char *digest_module(void);

#endif
