/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_signed: a metadata file: signatures around a "signed" part, and whether enough
 * of the right keys made them (The Update Framework 1.0.34, sections 4.2 and 5).
 *
 *     {"signatures": [{"keyid": ID, "sig": HEX}, ...], "signed": {"_type": ...}}
 *
 * Rules:
 * - A key id stands at most once in "signatures", else the file is refused.
 * - tuf_signed_check() counts keys, not signatures and not ids: a signature counts
 *   when its id is among the signers, its key verifies it, and no other id with the
 *   same key was counted. What is not a good signature counts nothing and harms
 *   nothing.
 * - The limits are the specification's examples, held before parsing.
 */
#ifndef CORE_TUF_SIGNED_H
#define CORE_TUF_SIGNED_H

#include "core/tuf_role.h"

enum {
	TUF_ROOT_MAX = 512000,
	TUF_TIMESTAMP_MAX = 16384,
	TUF_SNAPSHOT_MAX = 2000000,
	TUF_TARGETS_MAX = 5000000,
	TUF_SITE_MAX = 16384,
	TUF_SIGNATURES_MAX = 256,
};

/* The ceiling of a role's file; delegated roles are TUF_TARGETS. */
size_t tuf_signed_max(enum tuf_kind kind);

struct tuf_signature {
	char *id;
	struct buf bytes;
};

struct tuf_signed {
	struct json_doc doc;
	struct buf canonical; /* of the "signed" part */
	struct tuf_signature *signatures;
	size_t count;
};

/* Parse a file that claims to be of this kind: ERR_FORMAT, ERR_LIMIT. */
bool tuf_signed_parse(enum tuf_kind kind, const void *text, size_t len,
		      struct tuf_signed *out, struct error *err) MUST_CHECK;
void tuf_signed_clear(struct tuf_signed *s);
/* The "signed" part, for tuf_role_read_*(). */
struct json tuf_signed_body(const struct tuf_signed *s);

/* How many distinct keys of these signers made a good signature. */
unsigned tuf_signed_count(const struct tuf_signed *s, const struct tuf_keys *keys,
			  const struct tuf_signers *signers);
/* At least the threshold of them, else ERR_UNTRUSTED. */
bool tuf_signed_check(const struct tuf_signed *s, const struct tuf_keys *keys,
		      const struct tuf_signers *signers, struct error *err) MUST_CHECK;

#endif
