/* SPDX-License-Identifier: Apache-2.0 */
/* authority: the first root of a store: one key a role, thresholds of 1. */
#ifndef SIGNER_AUTHORITY_H
#define SIGNER_AUTHORITY_H

#include "core/store_tuf.h"
#include "signer/role_keys.h"

/* The options that make an authority. */
struct authority_input {
	enum tuf_scheme scheme;
	struct {
		char name[STORE_ROLE_SIZE];
		unsigned days;
	} expiry[8];
	size_t expiry_count;
};
enum { AUTHORITY_OPTION_SCHEME = 0x300, AUTHORITY_OPTION_EXPIRY };
#define AUTHORITY_OPTIONS                                                              \
	{"scheme",                                                                     \
	 AUTHORITY_OPTION_SCHEME,                                                      \
	 "NAME",                                                                       \
	 0,                                                                            \
	 "Kind of the role keys: ecdsa (P-256, the default), rsa (3072, PSS) or "      \
	 "ed25519",                                                                    \
	 0},                                                                           \
	{                                                                              \
		"expiry", AUTHORITY_OPTION_EXPIRY, "ROLE=DAYS", 0,                     \
			"How long metadata of a role is valid; defaults: root 365, "   \
			"targets 90, snapshot and timestamp 30",                       \
			0                                                              \
	}
/* True when the key was one of the two; *ok tells whether its value was good. */
bool authority_option(int key, char *arg, struct authority_input *in, bool *ok,
		      struct error *err) MUST_CHECK;

/* "root", "targets", "snapshot", "timestamp": *kind; delegated ones, "index" and
 * "el8": TUF_KINDS. */
bool authority_role(const char *name, enum tuf_kind *kind,
		    struct error *err) MUST_CHECK;

/* Make keys, save of a role whose DIR/ROLE.uri is there, and root 1, and publish what
 * the store shows, inside the caller's transaction. Files that were made are taken away
 * on failure. */
bool authority_make(struct store *s, struct role_keys *keys,
		    const struct authority_input *in, struct error *err) MUST_CHECK;
/* Say so, and what to do next. */
void authority_say(const struct cli *cli, const struct role_keys *keys);
/* Take away the key files that authority_make() made. */
void authority_undo(const struct role_keys *keys);

#endif
