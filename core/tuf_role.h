/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_role: the four roles of TUF as values: read, changed, written (The Update
 * Framework 1.0.34, section 4).
 *
 * Rules:
 * - A struct here is the "signed" part alone, says nothing of signatures, and is well
 *   formed: versions from 1, thresholds from 1, key ids once a role, role names once a
 *   delegation and never those of the top-level roles, lists sorted where the format
 *   has objects. Who signed it is tuf_signed's question.
 * - Reading takes fields that it does not know and forgets them; whoever adds a
 *   signature works on the file itself (tuf_sign) and so keeps them.
 * - The tuf_role_put_* functions replace what has the same name and keep the order.
 */
#ifndef CORE_TUF_ROLE_H
#define CORE_TUF_ROLE_H

#include "core/json.h"
#include "core/tuf_key.h"

enum tuf_kind { TUF_ROOT, TUF_TARGETS, TUF_SNAPSHOT, TUF_TIMESTAMP, TUF_KINDS };

enum { TUF_NAME_MAX = 200 }; /* bytes of a delegated role's name */

/* "root", "targets", ... */
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

/* Digests of a file: at least one of the two. */
struct tuf_hashes {
	bool has_sha256, has_sha512;
	struct digest sha256;
	unsigned char sha512[TUF_SHA512_SIZE];
};

/* What snapshot and timestamp say of another role's file. */
struct tuf_meta {
	char *name; /* the role's, without ".json" */
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
	struct tuf_meta *meta; /* sorted by name */
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

/* ---- writing: compact JSON, what tuf_sign_new() takes ---- */

bool tuf_role_write_root(const struct tuf_root *r, struct buf *out,
			 struct error *err) MUST_CHECK;
bool tuf_role_write_timestamp(const struct tuf_timestamp *t, struct buf *out,
			      struct error *err) MUST_CHECK;
bool tuf_role_write_snapshot(const struct tuf_snapshot *s, struct buf *out,
			     struct error *err) MUST_CHECK;
bool tuf_role_write_targets(const struct tuf_targets *t, struct buf *out,
			    struct error *err) MUST_CHECK;

/* ---- changing; everything given is copied ---- */

/* Let a key sign for a role of root; ERR_CONFLICT when it does already. */
bool tuf_role_add_key(struct tuf_root *r, enum tuf_kind kind, const struct tuf_key *key,
		      struct error *err) MUST_CHECK;
/* ERR_NOT_FOUND; a key that no role names any more goes too. The threshold stays. */
bool tuf_role_remove_key(struct tuf_root *r, enum tuf_kind kind, const char *id,
			 struct error *err) MUST_CHECK;
bool tuf_role_put_meta(struct tuf_snapshot *s, const struct tuf_meta *meta,
		       struct error *err) MUST_CHECK;
bool tuf_role_put_target(struct tuf_targets *t, const struct tuf_target *target,
			 struct error *err) MUST_CHECK;
/* ERR_NOT_FOUND */
bool tuf_role_remove_target(struct tuf_targets *t, const char *path,
			    struct error *err) MUST_CHECK;
/* At the end, or in the place of the delegation of that name, with the keys that may
 * sign it (its signers.ids are made from them). */
bool tuf_role_put_delegation(struct tuf_targets *t, const struct tuf_delegation *d,
			     const struct tuf_key *keys, size_t key_count,
			     struct error *err) MUST_CHECK;

/* ---- asking ---- */

const struct tuf_key *tuf_role_key(const struct tuf_keys *keys, const char *id);
const struct tuf_meta *tuf_role_meta(const struct tuf_snapshot *s, const char *name);
const struct tuf_target *tuf_role_target(const struct tuf_targets *t, const char *path);
/* Does the delegation cover this target path? Patterns: "*" and "?" within one
 * component, "/" only by "/" (section 4.5). */
bool tuf_role_covers(const struct tuf_delegation *d, const char *path) MUST_CHECK;
bool tuf_role_matches(const char *pattern, const char *path) MUST_CHECK;
/* The succinct bin of a path: its name to be freed; NULL without memory. */
char *tuf_role_bin(const struct tuf_targets *t, const char *path) MUST_CHECK;

/* SHA-256 of these bytes as their hashes, for tuf_meta and tuf_target. */
bool tuf_role_hash(const void *data, size_t len, struct tuf_hashes *out,
		   struct error *err) MUST_CHECK;
/* Every digest that is there fits the bytes, or the descriptor's content from its
 * offset on; else ERR_MISMATCH. */
bool tuf_role_check_bytes(const struct tuf_hashes *h, const void *data, size_t len,
			  struct error *err) MUST_CHECK;
bool tuf_role_check_fd(const struct tuf_hashes *h, int fd,
		       struct error *err) MUST_CHECK;

#endif
