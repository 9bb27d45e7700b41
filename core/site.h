/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site: a site's statement, format fips-manifest-site/1 (docs/FORMAT.md, section 11):
 * which snapshot of an authority's tree a mirror holds, when it came there and when
 * somebody last looked for a newer one, by the site's clock, signed by the site's key.
 *
 * Rules:
 * - It is a metadata file in TUF's envelope (tuf_signed) of _type "site", so it is
 *   signed as roles are and no role can be taken for it. It is no part of the tree.
 * - It is understood wholly or not at all: unknown members are refused.
 * - It counts by one key that the reader pinned. Key ids are names: the key is tried on
 *   every signature.
 * - It says nothing of digests and lets nothing in but the passing of time
 *   (struct tuf_vouched).
 */
#ifndef CORE_SITE_H
#define CORE_SITE_H

#include "core/tuf_signed.h"
#include "core/tuf_trust.h"

#define SITE_FORMAT "fips-manifest-site/1"

enum {
	SITE_NAME_MAX = 128,    /* bytes */
	SITE_SOURCE_MAX = 1023, /* bytes */
	SITE_SIGNATURES_MAX = 16,
	SITE_SKEW = 300, /* seconds that the clocks of site and reader may differ */
};

struct site {
	char name[SITE_NAME_MAX + 1];     /* printable ASCII, as is the source */
	char source[SITE_SOURCE_MAX + 1]; /* what the snapshot came from */
	int64_t arrived;                  /* when the snapshot came, at the latest */
	int64_t checked;                  /* when import or mirror last ended well */
	struct tuf_vouched snapshot;
	int64_t timestamp, expires; /* version and expiry of the tree's timestamp */
};

/* Is it a name for a site? */
bool site_is_name(const char *s) MUST_CHECK;

/* The "signed" part, for tuf_sign_new(). */
bool site_write(const struct site *s, struct buf *out, struct error *err) MUST_CHECK;
/* A statement, whoever signed it: for showing one's own. ERR_FORMAT, ERR_LIMIT. */
bool site_parse(const char *text, size_t len, struct tuf_signed *file, struct site *out,
		struct error *err) MUST_CHECK;
/* A statement that this key signed: ERR_UNTRUSTED where it did not, and where the text
 * is no statement. */
bool site_verify(const char *text, size_t len, const struct tuf_key *key,
		 struct site *out, struct error *err) MUST_CHECK;

/*
 * Until when nothing newer was to be had, as far as anybody vouches: until the site
 * looked, or until the roles that tell what is current expired (`expires`, the earlier
 * of timestamp and snapshot, of the tree that was verified), where that was before.
 */
int64_t site_as_of(const struct site *s, int64_t expires);
/* Is that at most `max_age` seconds ago, and is the statement not from the future?
 * ERR_UNTRUSTED. */
bool site_check_age(const struct site *s, int64_t expires, int64_t now, int64_t max_age,
		    struct error *err) MUST_CHECK;

#endif
