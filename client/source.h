/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source: the manifest that a node is held against, and who vouches for it.
 *
 * Rule: a struct source that source_load() filled was verified: its manifest was
 * parsed from the very text that enough keys of the keyring signed, and no key
 * but those of the keyring was asked.
 */
#ifndef CLIENT_SOURCE_H
#define CLIENT_SOURCE_H

#include "core/manifest.h"
#include "core/pgp.h"

/* Where the release keys lie when no --keyring names another file and none were built
 * in. */
#define SOURCE_KEYRING_DEFAULT "/etc/fips-manifest/release.asc"

enum { SOURCE_FILE_MAX = MANIFEST_TEXT_MAX + 4 * ARMOR_PACKET_MAX };

struct source {
	char *origin; /* file name or URL, for reports */
	struct manifest manifest;
	struct pgp_keyring keyring;
	struct pgp_verdict verdict;
};

struct source_trust {
	const char *keyring; /* file; NULL: see source_keyring() */
	size_t threshold;
	int64_t now;
	int64_t deadline; /* of digest_many_now(), for gpgv; 0: its own */
	/* Done while gpgv works, each time that it does. May be NULL. */
	void (*meanwhile)(void *arg);
	void *arg;
};

/* The keys to trust: of the file, else those that were built in, else of the default
 * file. ERR_UNTRUSTED when there are none. */
bool source_keyring(const char *path, struct pgp_keyring *out,
		    struct error *err) MUST_CHECK;

/* Verify a signed file's bytes, then parse what was verified. ERR_UNTRUSTED also
 * when there is no keyring at all. */
bool source_load(const char *origin, const char *file, size_t len,
		 const struct source_trust *trust, struct source *out,
		 struct error *err) MUST_CHECK;
void source_clear(struct source *s);

#endif
