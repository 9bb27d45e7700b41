/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_role: the four roles of TUF as values, read from metadata (The Update Framework
 * 1.0.34, section 4).
 *
 * Rules:
 * - A struct here is the "signed" part alone, says nothing of signatures, and is well
 *   formed: versions from 1, thresholds from 1, key ids once a role, role names once a
 *   delegation and never those of the top-level roles, lists sorted where the format
 *   has objects. Who signed it is tuf_signed's question.
 * - Reading takes fields that it does not know and forgets them; whoever adds a
 *   signature works on the file itself (tuf_sign) and so keeps them.
 * tuf_find asks, tuf_edit changes, tuf_write writes.
 */
#ifndef CORE_TUF_ROLE_H
#define CORE_TUF_ROLE_H

#include "core/json.h"
#include "core/tuf_hash.h"
#include "core/tuf_key.h"

enum tuf_kind {
	TUF_ROOT,
	TUF_TARGETS,
	TUF_SNAPSHOT,
	TUF_TIMESTAMP,
	TUF_KINDS,
	TUF_SITE = TUF_KINDS, /* no role: a site's statement, signed alike (site.h) */
};

enum { TUF_NAME_MAX = 200 }; /* bytes of a delegated role's name, percent-encoded */

/* "root", "targets", ...: what "_type" says */
const char *tuf_role_name(enum tuf_kind kind);

/* Keys by id, sorted. */
struct tuf_keys {
	struct tuf_key *list;
	size_t count;
};

/* Who must sign: so many of these ids; in the order in which they stand. */
struct tuf_signers {
	char **ids;
	size_t count;
	unsigned threshold;
};

/* What snapshot and timestamp say of another role's file. */
struct tuf_meta {
	char *file; /* "NAME.json" */
	int64_t version;
	uint64_t length; /* 0: not said */
	struct tuf_hashes hashes;
};

struct tuf_root {
	int64_t version, expires;
	bool consistent; /* consistent_snapshot */
	struct tuf_keys keys;
	struct tuf_signers roles[TUF_KINDS];
};

struct tuf_timestamp {
	int64_t version, expires;
	struct tuf_meta snapshot;
};

struct tuf_snapshot {
	int64_t version, expires;
	struct tuf_meta *meta; /* sorted by file */
	size_t count;
};

struct tuf_target {
	char *path;
	uint64_t length;
	struct tuf_hashes hashes;
	char *custom; /* JSON text of an object, or NULL */
};

/* A delegation: who may sign what. */
struct tuf_delegation {
	char *name;
	struct tuf_signers signers;
	char **patterns; /* of paths; or prefixes of the SHA-256 of a path, in hex */
	size_t pattern_count;
	bool by_hash; /* patterns are path_hash_prefixes */
	bool terminating;
};

/* Also every delegated role. */
struct tuf_targets {
	int64_t version, expires;
	struct tuf_target *targets; /* sorted by path */
	size_t count;
	struct tuf_keys keys;               /* of the delegations */
	struct tuf_delegation *delegations; /* in their order, which counts */
	size_t delegation_count;
	/* succinct hash bins instead of the list: 2^bits roles PREFIX-HEX */
	unsigned succinct_bits; /* 0: none */
	char *succinct_prefix;
	struct tuf_signers succinct_signers;
};

/* ---- reading the "signed" part: ERR_FORMAT names the member ---- */

bool tuf_role_read_root(struct json v, struct tuf_root *out,
			struct error *err) MUST_CHECK;
bool tuf_role_read_timestamp(struct json v, struct tuf_timestamp *out,
			     struct error *err) MUST_CHECK;
bool tuf_role_read_snapshot(struct json v, struct tuf_snapshot *out,
			    struct error *err) MUST_CHECK;
bool tuf_role_read_targets(struct json v, struct tuf_targets *out,
			   struct error *err) MUST_CHECK;

void tuf_role_clear_root(struct tuf_root *r);
void tuf_role_clear_timestamp(struct tuf_timestamp *t);
void tuf_role_clear_snapshot(struct tuf_snapshot *s);
void tuf_role_clear_targets(struct tuf_targets *t);

#endif
