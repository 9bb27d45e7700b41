/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: manifests, signatures, tools, release keys, the published tree's rows
 * and the audit log, in one SQLite file (schema/NNN_name.sql).
 *
 * Rules: rollback journal, synchronous=EXTRA, foreign keys on; what a function
 * reported as stored survives power loss. A published row never changes. Every
 * change writes its audit row in the same transaction; each audit row carries
 * the SHA-256 of the one before. A store newer than this program, or an older one
 * opened read-only, is refused in words. The store verifies nothing: callers
 * verify signatures first. Readers need no write permission. This module alone
 * includes <sqlite3.h>.
 */
#ifndef CORE_STORE_H
#define CORE_STORE_H

#include "core/buf.h"
#include "core/digest.h"

struct store;

enum store_mode { STORE_READ, STORE_WRITE };

/* Make a new store at `path`; ERR_CONFLICT when anything is there. */
bool store_create(const char *path, struct error *err) MUST_CHECK;
/* Open one; STORE_WRITE migrates an older one. */
bool store_open(const char *path, enum store_mode mode, struct store **out,
		struct error *err) MUST_CHECK;
void store_close(struct store *s);
void store_closep(struct store **s);

/* A transaction around several calls; without it each call is its own. */
bool store_begin(struct store *s, struct error *err) MUST_CHECK;
bool store_commit(struct store *s, struct error *err) MUST_CHECK;
void store_rollback(struct store *s);

/* Changes whenever anything in the store changed, in any process. */
bool store_version(struct store *s, uint64_t *out, struct error *err) MUST_CHECK;

/* ---- manifests ---- */

enum store_state { STORE_PENDING, STORE_COMPLETE, STORE_PUBLISHED, STORE_WITHDRAWN };
const char *store_state_name(enum store_state s);

struct store_manifest {
	int64_t row;
	char el[8], kubernetes[64], arch[16];
	unsigned revision;
	struct digest digest; /* of the canonical text */
	uint64_t size;
	int64_t created, added, published; /* published 0: not */
	enum store_state state;
	char withdrawn_reason[1024];
};

/* Text (canonical) and signed file; the state as the caller's verification says.
 * Same text again: the row is found and only its .asc is replaced (merging is the
 * caller's). ERR_CONFLICT: another text under the same (el, kubernetes, arch,
 * revision). */
bool store_put_manifest(struct store *s, const struct store_manifest *m,
			const char *text, size_t text_len, const char *asc,
			size_t asc_len, struct store_manifest *out,
			struct error *err) MUST_CHECK;
/* Which ones; empty fields and revision 0 match all. Newest revision first within
 * (el, kubernetes, arch). */
struct store_filter {
	const char *el, *kubernetes, *arch;
	unsigned revision;
	bool published_only;
};
bool store_each_manifest(struct store *s, const struct store_filter *f,
			 bool (*each)(void *arg, const struct store_manifest *m,
				      struct error *err),
			 void *arg, struct error *err) MUST_CHECK;
/* Append canonical text or signed file. */
bool store_text(struct store *s, int64_t row, struct buf *out,
		struct error *err) MUST_CHECK;
bool store_asc(struct store *s, int64_t row, struct buf *out,
	       struct error *err) MUST_CHECK;
bool store_set_state(struct store *s, int64_t row, enum store_state state,
		     const char *reason, struct error *err) MUST_CHECK;

/* Which manifests list this digest as a file's, an artifact's or their own. */
struct store_hit {
	struct store_manifest manifest;
	char component[129];
	char path[1025]; /* "" when it is the artifact or the manifest itself */
};
bool store_find_digest(struct store *s, const struct digest *d,
		       bool (*each)(void *arg, const struct store_hit *h,
				    struct error *err),
		       void *arg, struct error *err) MUST_CHECK;

/* ---- release keys, settings ---- */

/* The whole keyring (binary), replaced as a whole; "" when there is none yet. */
bool store_keyring(struct store *s, struct buf *out, struct error *err) MUST_CHECK;
bool store_set_keyring(struct store *s, const void *data, size_t len, const char *what,
		       struct error *err) MUST_CHECK;
bool store_threshold(struct store *s, unsigned *out, struct error *err) MUST_CHECK;
bool store_set_threshold(struct store *s, unsigned n, struct error *err) MUST_CHECK;

/* ---- tools ---- */

struct store_tool {
	int64_t row;
	char version[64], arch[16];
	struct digest digest;
	uint64_t size;
	int64_t added;
};
bool store_put_tool(struct store *s, const struct store_tool *t, const void *data,
		    size_t len, struct error *err) MUST_CHECK;
bool store_each_tool(struct store *s,
		     bool (*each)(void *arg, const struct store_tool *t,
				  struct error *err),
		     void *arg, struct error *err) MUST_CHECK;
bool store_tool_bytes(struct store *s, int64_t row, struct buf *out,
		      struct error *err) MUST_CHECK;

/* ---- the audit log ---- */

struct store_event {
	int64_t row, time;
	char actor[128];
	char action[64];
	char subject[256];
	char detail[1024];
	struct digest previous, digest;
};
bool store_each_event(struct store *s,
		      bool (*each)(void *arg, const struct store_event *e,
				   struct error *err),
		      void *arg, struct error *err) MUST_CHECK;
bool store_log(struct store *s, const char *action, const char *subject,
	       const char *detail, struct error *err) MUST_CHECK;
/* Recompute the chain: ERR_MISMATCH names the first row that does not fit. */
bool store_verify_log(struct store *s, uint64_t *rows, struct error *err) MUST_CHECK;

#endif
