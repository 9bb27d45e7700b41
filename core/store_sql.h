/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_sql: what the files of the store share and nobody else sees: the handle,
 * the table of statements, and the way to run one.
 *
 * Rules: every statement is prepared when the store is opened, so that a typo
 * fails the first test. Values are bound in the order of the ?s. A failed bind is
 * sticky and told by the step.
 *
 *     AUTO(store_query_clear) struct store_query q = store_query(s, SQL_X);
 *     store_bind_int(&q, row);
 *     return store_run(&q, err);
 */
#ifndef CORE_STORE_SQL_H
#define CORE_STORE_SQL_H

#include "core/store.h"

#include <sqlite3.h>

enum store_sql {
	SQL_VERSION,
	SQL_STEP_BEGIN,
	SQL_STEP_END,
	SQL_LOG_LAST,
	SQL_LOG_ADD,
	SQL_LOG_EACH,
	SQL_LOG_STRAY,
	SQL_MANIFEST_ADD,
	SQL_MANIFEST_EACH,
	SQL_MANIFEST_BY_ROW,
	SQL_MANIFEST_BY_DIGEST,
	SQL_MANIFEST_BY_ID,
	SQL_MANIFEST_STATE,
	SQL_MANIFEST_PUBLISH,
	SQL_SIGNED_ADD,
	SQL_SIGNED_DROP,
	SQL_SIGNED_NEWEST,
	SQL_SIGNED_SHOWN,
	SQL_SIGNED_END,
	SQL_SIGNED_TEXT,
	SQL_SIGNED_BYTES,
	SQL_SIGNED_PUBLISH,
	SQL_SIGNED_DISTRUST,
	SQL_SIGNED_MANIFEST,
	SQL_VISIBLE,
	SQL_VISIBLE_SORTED,
	SQL_LISTED_ADD,
	SQL_FIND_OWN,
	SQL_FIND_LISTED,
	SQL_KEYRING,
	SQL_KEYRING_PUBLISHED,
	SQL_KEYRING_ADD,
	SQL_KEYRING_PUBLISH,
	SQL_THRESHOLD,
	SQL_THRESHOLD_SET,
	SQL_THRESHOLD_PUBLISH,
	SQL_TOOL_ADD,
	SQL_TOOL_BY_NAME,
	SQL_TOOL_EACH,
	SQL_TOOL_BYTES,
	SQL_TOOL_PUBLISH,
	SQL_SUMS_ADD,
	SQL_SUMS,
	SQL_SUMS_NEWEST,
	SQL_SUMS_BYTES,
	SQL_SUMS_PUBLISH,
	SQL_TUF_ADD,
	SQL_TUF_END,
	SQL_TUF_CURRENT,
	SQL_TUF_VERSION,
	SQL_TUF_BYTES,
	SQL_TUF_EACH,
	SQL_TARGET_ADD,
	SQL_TARGET_END,
	SQL_TARGET_PRUNE,
	SQL_TARGET_EACH,
	SQL_TARGET_BYTES,
	SQL_ROLE,
	SQL_ROLE_SET,
	SQL_ROLE_KEY_ADD,
	SQL_ROLE_KEY_REMOVE,
	SQL_ROLE_KEY_EACH,
	SQL_MIRROR,
	SQL_MIRROR_SET,
	SQL_PIN,
	SQL_PIN_SET,
	SQL_PIN_DROP,
	SQL_TARGET_BY_DIGEST,
	SQL_SITE,
	SQL_SITE_ADD,
	SQL_SITE_STATE,
	SQL_TOOL_ROOM,
	SQL_COUNT,
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
	char *path;
	enum store_mode mode;
	char actor[128]; /* who changes it, for the log; "" until asked */
};

/* The one translator of SQLite's last error into ours. */
#define store_fail(s, err, what) (store_fail_(s, err, what), false)
void store_fail_(struct store *s, struct error *err, const char *what);

bool store_prepare(struct store *s, struct error *err) MUST_CHECK;
/* Statements without values and rows. */
bool store_exec(struct store *s, const char *sql, struct error *err) MUST_CHECK;

/* ---- the schema (store_schema.c) ---- */

/* The value of a PRAGMA that yields one number. */
bool store_pragma(struct store *s, const char *sql, int *out,
		  struct error *err) MUST_CHECK;
/* The number of the last migration. */
int store_schema_newest(void);
/* Run the migrations that the store lacks, all or none. */
bool store_migrate(struct store *s, struct error *err) MUST_CHECK;
/* Has the store just the tables, indices and triggers that the migrations make?
 * ERR_MISMATCH names the first that is missing, changed or not theirs. */
bool store_check_schema(struct store *s, struct error *err) MUST_CHECK;

/* ---- one run of a statement ---- */

struct store_query {
	struct store *s;
	sqlite3_stmt *st;
	int bound;
	int rc; /* SQLITE_OK as long as nothing failed */
};

struct store_query store_query(struct store *s, enum store_sql which);
void store_query_clear(struct store_query *q);
void store_bind_int(struct store_query *q, int64_t v);
void store_bind_null(struct store_query *q);
void store_bind_text(struct store_query *q, const char *v); /* NULL is NULL */
/* Borrowed until the query is cleared. */
void store_bind_blob(struct store_query *q, const void *v, size_t len);
void store_bind_digest(struct store_query *q, const struct digest *d);

/* The next row: *has tells whether there is one. */
bool store_row(struct store_query *q, bool *has, struct error *err) MUST_CHECK;
/* To its end, for statements that give no rows. */
bool store_run(struct store_query *q, struct error *err) MUST_CHECK;
/* The one row that must be there: else ERR_NOT_FOUND "the store has no WHAT". */
bool store_one(struct store_query *q, const char *what, struct error *err) MUST_CHECK;

int64_t store_column_int(struct store_query *q, int i);
/* ERR_FORMAT when it does not fit: a damaged store. NULL is "". */
bool store_column_text(struct store_query *q, int i, char *out, size_t size,
		       struct error *err) MUST_CHECK;
bool store_column_digest(struct store_query *q, int i, struct digest *out,
			 struct error *err) MUST_CHECK;
void store_column_append(struct store_query *q, int i, struct buf *out);

/* Append column 1 of the row that the statement finds by one number; column 0 is its
 * digest: ERR_FORMAT when it is not. Nothing is appended on failure. */
bool store_blob(struct store *s, enum store_sql which, int64_t row, const char *what,
		struct buf *out, struct error *err) MUST_CHECK;

/* Columns 0 to 12 of every query that yields a manifest. */
#define STORE_MANIFEST_COLUMNS                                                         \
	"m.id, m.el, m.kubernetes, m.arch, m.revision, m.digest, m.size, "             \
	"m.created, m.added, m.published, m.withdrawn, m.state, m.reason"
enum { STORE_MANIFEST_COLUMN_COUNT = 13 };
bool store_column_manifest(struct store_query *q, struct store_manifest *out,
			   struct error *err) MUST_CHECK;

/* What publishing a manifest whose signed file is published changes of it and logs. */
bool store_note_published(struct store *s, struct store_manifest *m,
			  const struct digest *file, struct error *err) MUST_CHECK;

/* Append what the table `listed` keeps of a manifest. */
struct manifest;
enum { STORE_LISTED_MAX = 2 * 1024 * 1024 };
bool store_listed(const struct manifest *m, struct buf *out,
		  struct error *err) MUST_CHECK;

/* The columns of every query that yields a target. */
struct store_target;
bool store_column_target(struct store_query *q, struct store_target *out,
			 struct error *err) MUST_CHECK;

/* *known: the very bytes are there already. ERR_CONFLICT: others are, under its name.
 */
bool store_tool_known(struct store *s, const struct store_tool *t, bool *known,
		      struct error *err) MUST_CHECK;

#endif
