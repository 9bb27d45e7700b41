/* SPDX-License-Identifier: Apache-2.0 */
/* intake: what import and mirror share: options, the run, the report. */
#ifndef SIGNER_INTAKE_H
#define SIGNER_INTAKE_H

#include "signer/bundle.h"
#include "signer/cmd.h"
#include "signer/role_keys.h"

struct intake_input {
	struct bundle_options options;
	const char *ca_file, *netrc_file;
	struct role_keys_input keys; /* of a site: they sign its statement */
	uint64_t timeout;            /* seconds; 0: the default */
	bool dry_run;
};

enum {
	INTAKE_OPTION_TRUST = 0x400,
	INTAKE_OPTION_DRY,
	INTAKE_OPTION_EXPIRED,
	INTAKE_OPTION_EL,
	INTAKE_OPTION_KUBERNETES,
	INTAKE_OPTION_KEYRING,
	INTAKE_OPTION_THRESHOLD,
	INTAKE_OPTION_NO_KEYRING,
	INTAKE_OPTION_CA,
	INTAKE_OPTION_NETRC,
	INTAKE_OPTION_TIMEOUT,
};

#define INTAKE_OPTIONS                                                                 \
	{"trust",                                                                      \
	 INTAKE_OPTION_TRUST,                                                          \
	 "FILE",                                                                       \
	 0,                                                                            \
	 "The authority's root.json that trust begins with; the first time",           \
	 0},                                                                           \
		{"dry-run",                                                            \
		 INTAKE_OPTION_DRY,                                                    \
		 NULL,                                                                 \
		 0,                                                                    \
		 "Check everything and say what would change; change nothing",         \
		 0},                                                                   \
		{"allow-expired",                                                      \
		 INTAKE_OPTION_EXPIRED,                                                \
		 NULL,                                                                 \
		 0,                                                                    \
		 "Take a tree whose metadata have expired on the way, and say which",  \
		 0},                                                                   \
		{"keyring",                                                            \
		 INTAKE_OPTION_KEYRING,                                                \
		 "FILE",                                                               \
		 0,                                                                    \
		 "Pin release keys: they must have signed, too, now and later",        \
		 0},                                                                   \
		{"threshold",                                                          \
		 INTAKE_OPTION_THRESHOLD,                                              \
		 "N",                                                                  \
		 0,                                                                    \
		 "Of the pinned keys' owners N must have signed; default 1",           \
		 0},                                                                   \
		{"no-keyring",                                                         \
		 INTAKE_OPTION_NO_KEYRING,                                             \
		 NULL,                                                                 \
		 0,                                                                    \
		 "Forget the pinned keys",                                             \
		 0},                                                                   \
		{"el",                                                                 \
		 INTAKE_OPTION_EL,                                                     \
		 "N",                                                                  \
		 0,                                                                    \
		 "Keep manifests of this EL alone, or of 'all'",                       \
		 0},                                                                   \
	{                                                                              \
		"kubernetes", INTAKE_OPTION_KUBERNETES, "PATTERN", 0,                  \
			"Keep manifests of these Kubernetes versions alone: "          \
			"'v1.21.*'",                                                   \
			0                                                              \
	}

/* The commands' parse() (cmd.h); `input` is a struct intake_input. */
bool intake_parse(int key, char *arg, void *input, struct error *err) MUST_CHECK;

/* Bring the tree at `from` into the store, which keeps of a URL neither name nor
 * password. `look_first`: two requests where nothing is
 * new. */
bool intake_run(struct cmd_context *ctx, const char *what, const char *from,
		bool look_first, struct error *err) MUST_CHECK;

#endif
