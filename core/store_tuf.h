/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_tuf: TUF metadata, targets and role settings in the store
 * (schema/002_tuf.sql). Bytes and names alone: what they mean is for the tuf_*
 * modules to say.
 *
 * Rules: a role's version only grows and published metadata never changes.
 * Publications are counted by the version of the snapshot role. What was replaced is
 * shown for STORE_TUF_KEEP publications more, so that a client that began its update
 * before finds all of it; every version of root is shown for ever.
 */
#ifndef CORE_STORE_TUF_H
#define CORE_STORE_TUF_H

#include "core/store.h"

enum { STORE_TUF_KEEP = 8, STORE_ROLE_SIZE = 201 };

struct store_metadata {
	int64_t row;
	char role[STORE_ROLE_SIZE];
	int64_t version, expires, published;
	int64_t since; /* the publication that it came with */
	uint64_t size;
	struct digest digest;
};

/* The next version of a role; ends the one before with the publication `at`. Row,
 * size, digest and time are set here. ERR_CONFLICT: the version does not grow. */
bool store_tuf_put(struct store *s, const struct store_metadata *m, const void *bytes,
		   int64_t at, struct error *err) MUST_CHECK;
/* A role goes: it is no longer current. */
bool store_tuf_end(struct store *s, const char *role, int64_t at,
		   struct error *err) MUST_CHECK;
/* One version, or with 0 the current one; the bytes too when `bytes` is not NULL
 * (appended, checked against their digest). ERR_NOT_FOUND. */
bool store_tuf_get(struct store *s, const char *role, int64_t version,
		   struct store_metadata *out, struct buf *bytes,
		   struct error *err) MUST_CHECK;
bool store_tuf_bytes(struct store *s, int64_t row, struct buf *out,
		     struct error *err) MUST_CHECK;
/* What is current, or everything that the tree shows; by role and version. */
bool store_tuf_each(struct store *s, bool current_only,
		    bool (*each)(void *arg, const struct store_metadata *m,
				 struct error *err),
		    void *arg, struct error *err) MUST_CHECK;

/* ---- targets ---- */

enum store_target_kind {
	STORE_TARGET_SIGNED,
	STORE_TARGET_TOOL,
	STORE_TARGET_SUMS,
	STORE_TARGET_MADE, /* its bytes are the target's own */
};

struct store_target {
	int64_t row;
	char path[256];
	struct digest digest;
	uint64_t size;
	int64_t published;
	int64_t since; /* the publication that it came with */
	enum store_target_kind kind;
	int64_t of; /* the row where the bytes are; 0 for STORE_TARGET_MADE */
};

bool store_tuf_put_target(struct store *s, const struct store_target *t,
			  const void *bytes, int64_t at, struct error *err) MUST_CHECK;
/* Not current any more: shown for a while (at > 0) or gone at once (0). */
bool store_tuf_end_target(struct store *s, int64_t row, int64_t at,
			  struct error *err) MUST_CHECK;
/* Delete the bytes that were made and are shown no more. */
bool store_tuf_prune(struct store *s, struct error *err) MUST_CHECK;
bool store_tuf_each_target(struct store *s, bool current_only,
			   bool (*each)(void *arg, const struct store_target *t,
					struct error *err),
			   void *arg, struct error *err) MUST_CHECK;
/* Append the bytes, wherever they are. */
bool store_tuf_target_bytes(struct store *s, const struct store_target *t,
			    struct buf *out, struct error *err) MUST_CHECK;

/* ---- how the next metadata is made ---- */

struct store_role {
	unsigned days;      /* 0: the default */
	unsigned threshold; /* of a delegated role */
};
bool store_tuf_role(struct store *s, const char *name, struct store_role *out,
		    struct error *err) MUST_CHECK;
bool store_tuf_set_role(struct store *s, const char *name, const struct store_role *r,
			struct error *err) MUST_CHECK;

/* A public key of a delegated role, as metadata has it; borrowed in the callback. */
struct store_role_key {
	const char *type, *scheme, *value;
	const char *role; /* in the callback alone */
};
/* ERR_CONFLICT: the role has it. */
bool store_tuf_add_key(struct store *s, const char *role,
		       const struct store_role_key *k, struct error *err) MUST_CHECK;
/* ERR_NOT_FOUND */
bool store_tuf_remove_key(struct store *s, const char *role, const char *value,
			  struct error *err) MUST_CHECK;
/* By key; the role "": those of every role, by role. */
bool store_tuf_each_key(struct store *s, const char *role,
			bool (*each)(void *arg, const struct store_role_key *k,
				     struct error *err),
			void *arg, struct error *err) MUST_CHECK;

#endif
