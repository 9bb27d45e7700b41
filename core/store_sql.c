/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store_sql.h"

#include "core/text.h"

#include <stdio.h>

/* The newest signed file of m, published or not. */
#define NEWEST_OF_M "(SELECT max(id) FROM signed WHERE manifest = m.id)"

/* The newest that was published. */
#define PUBLISHED_OF_M                                                                 \
	"(SELECT max(id) FROM signed WHERE manifest = m.id AND published IS NOT NULL)"

#define METADATA                                                                       \
	"id, role, version, expires, published, length(bytes), digest, since "         \
	"FROM metadata"
/* The publication whose replaced files are shown no more: STORE_TUF_KEEP ago. */
#define GONE                                                                           \
	"max(0, coalesce((SELECT max(version) FROM metadata "                          \
	"WHERE role = 'snapshot'), 0) - 8)"

/* A newer revision of m was published. */
#define SUPERSEDED                                                                     \
	"EXISTS (SELECT 1 FROM manifest n "                                            \
	"WHERE n.el = m.el AND n.kubernetes = m.kubernetes "                           \
	"AND n.arch = m.arch AND n.revision > m.revision "                             \
	"AND n.published IS NOT NULL)"

#define SIGNED_COLUMNS                                                                 \
	"f.id, f.digest, length(f.asc), f.added, f.published, f.signers, f.distrusted"

#define VISIBLE                                                                        \
	"SELECT " STORE_MANIFEST_COLUMNS ", " SIGNED_COLUMNS " FROM manifest m "       \
	"JOIN signed f ON f.id = " PUBLISHED_OF_M                                      \
	" WHERE m.state = 2 AND f.distrusted IS NULL AND NOT " SUPERSEDED " "

static const char *const statements[] = {
	[SQL_VERSION] = "PRAGMA data_version",
	[SQL_STEP_BEGIN] = "SAVEPOINT change",
	[SQL_STEP_END] = "RELEASE change",
	[SQL_LOG_LAST] = "SELECT id, digest FROM log ORDER BY id DESC LIMIT 1",
	[SQL_LOG_ADD] = "INSERT INTO log (id, time, actor, action, subject, detail, "
			"previous, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_LOG_EACH] = "SELECT id, time, actor, action, subject, detail, previous, "
			 "digest FROM log ORDER BY id",
	[SQL_LOG_STRAY] =
		"WITH kept AS (SELECT 'el' || el || '/' || kubernetes || '/' || arch "
		"|| '@' || revision AS id, lower(hex(digest)) AS digest, "
		"published IS NOT NULL AS published, state FROM manifest), "
		"added AS (SELECT subject AS id, substr(detail, 13, 64) AS digest "
		"FROM log WHERE action = 'add'), "
		"told AS (SELECT subject AS id FROM log "
		"WHERE action = 'publish' AND subject GLOB 'el*@*'), "
		"taken AS (SELECT subject AS id FROM log WHERE action = 'withdraw') "
		"SELECT id, 'is in the store, and was never added so' "
		"FROM (SELECT id, digest FROM kept EXCEPT SELECT * FROM added) "
		"UNION ALL SELECT id, 'was added, and is not in the store so' "
		"FROM (SELECT * FROM added EXCEPT SELECT id, digest FROM kept) "
		"UNION ALL SELECT id, 'shows as published, and never was' "
		"FROM (SELECT id FROM kept WHERE published "
		"EXCEPT SELECT * FROM told) "
		"UNION ALL SELECT id, 'was published, and does not show it' "
		"FROM (SELECT * FROM told "
		"EXCEPT SELECT id FROM kept WHERE published) "
		"UNION ALL SELECT id, 'shows as withdrawn, and never was' "
		"FROM (SELECT id FROM kept WHERE state = 3 "
		"EXCEPT SELECT * FROM taken) "
		"UNION ALL SELECT id, 'was withdrawn, and does not show it' "
		"FROM (SELECT * FROM taken "
		"EXCEPT SELECT id FROM kept WHERE state = 3) LIMIT 1",
	[SQL_MANIFEST_ADD] = "INSERT INTO manifest (el, kubernetes, arch, revision, "
			     "digest, size, created, added, state) "
			     "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_MANIFEST_EACH] =
		"SELECT " STORE_MANIFEST_COLUMNS " FROM manifest m "
		"WHERE (?1 IS NULL OR el = ?1) AND (?2 IS NULL OR kubernetes = ?2) "
		"AND (?3 IS NULL OR arch = ?3) AND (?4 = 0 OR revision = ?4) "
		"AND (?5 = 0 OR state = 2) AND (?6 = 0 OR state = 3) "
		"ORDER BY el COLLATE el, kubernetes COLLATE kubernetes DESC, arch, "
		"revision DESC",
	[SQL_MANIFEST_BY_ROW] =
		"SELECT " STORE_MANIFEST_COLUMNS " FROM manifest m WHERE id = ?",
	[SQL_MANIFEST_BY_DIGEST] =
		"SELECT " STORE_MANIFEST_COLUMNS " FROM manifest m WHERE digest = ?",
	[SQL_MANIFEST_BY_ID] =
		"SELECT " STORE_MANIFEST_COLUMNS " FROM manifest m "
		"WHERE el = ? AND kubernetes = ? AND arch = ? AND revision = ?",
	[SQL_MANIFEST_STATE] =
		"UPDATE manifest SET state = ?, reason = ?, withdrawn = ? WHERE id = ?",
	[SQL_MANIFEST_PUBLISH] = "UPDATE manifest SET state = 2, "
				 "published = coalesce(published, ?) WHERE id = ?",
	[SQL_SIGNED_ADD] = "INSERT INTO signed (manifest, digest, text_at, added, "
			   "published, signers, asc) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[SQL_SIGNED_DROP] = "DELETE FROM signed WHERE manifest = ? "
			    "AND published IS NULL",
	[SQL_SIGNED_NEWEST] = "SELECT " SIGNED_COLUMNS " FROM signed f "
			      "WHERE manifest = ? ORDER BY id DESC LIMIT 1",
	[SQL_SIGNED_SHOWN] = "SELECT " SIGNED_COLUMNS ", " SUPERSEDED
			     " FROM manifest m JOIN signed f ON f.id = " PUBLISHED_OF_M
			     " WHERE m.id = ?",
	[SQL_SIGNED_END] = "SELECT f.text_at + m.size FROM signed f "
			   "JOIN manifest m ON m.id = f.manifest WHERE f.id = ?",
	[SQL_SIGNED_TEXT] = "SELECT m.digest, substr(f.asc, f.text_at + 1, m.size) "
			    "FROM manifest m JOIN signed f ON f.id = " NEWEST_OF_M
			    " WHERE m.id = ?",
	[SQL_SIGNED_BYTES] = "SELECT digest, asc FROM signed WHERE id = ?",
	[SQL_SIGNED_PUBLISH] = "UPDATE signed SET published = ?, signers = ? "
			       "WHERE id = ? AND published IS NULL",
	[SQL_SIGNED_DISTRUST] = "UPDATE signed SET distrusted = ? WHERE id = ?",
	[SQL_SIGNED_MANIFEST] = "SELECT manifest FROM signed WHERE id = ?",
	[SQL_VISIBLE] = VISIBLE,
	[SQL_VISIBLE_SORTED] = VISIBLE
	"ORDER BY m.el COLLATE el, m.kubernetes COLLATE kubernetes DESC, "
	"m.arch",
	[SQL_LISTED_ADD] = "INSERT INTO listed (manifest, prefixes) VALUES (?, ?)",
	[SQL_FIND_OWN] =
		"SELECT " STORE_MANIFEST_COLUMNS ", " SUPERSEDED " FROM manifest m "
		"WHERE m.id IN (SELECT id FROM manifest WHERE digest = ?1 "
		"UNION SELECT manifest FROM signed WHERE digest = ?1)",
	[SQL_FIND_LISTED] =
		"SELECT " STORE_MANIFEST_COLUMNS ", " SUPERSEDED " FROM listed l "
		"JOIN manifest m ON m.id = l.manifest WHERE instr(l.prefixes, ?) "
		"ORDER BY m.el COLLATE el, m.kubernetes COLLATE kubernetes DESC, "
		"m.arch, m.revision DESC",
	[SQL_KEYRING] = "SELECT bytes FROM keyring ORDER BY id DESC LIMIT 1",
	[SQL_KEYRING_PUBLISHED] = "SELECT bytes, published FROM keyring "
				  "WHERE published IS NOT NULL "
				  "ORDER BY id DESC LIMIT 1",
	[SQL_KEYRING_ADD] = "INSERT INTO keyring (added, bytes) VALUES (?, ?)",
	[SQL_KEYRING_PUBLISH] = "UPDATE keyring SET published = ? "
				"WHERE id = (SELECT max(id) FROM keyring) "
				"AND published IS NULL",
	[SQL_THRESHOLD] = "SELECT threshold, published FROM setting",
	[SQL_THRESHOLD_SET] = "UPDATE setting SET threshold = ?",
	[SQL_THRESHOLD_PUBLISH] = "UPDATE setting SET published = threshold "
				  "WHERE published <> threshold",
	[SQL_TOOL_ADD] = "INSERT INTO tool (version, arch, digest, size, added, bytes) "
			 "VALUES (?, ?, ?, ?, ?, ?)",
	[SQL_TOOL_BY_NAME] = "SELECT digest FROM tool WHERE version = ? AND arch = ?",
	[SQL_TOOL_EACH] = "SELECT id, version, arch, digest, size, added, published "
			  "FROM tool ORDER BY version, arch",
	[SQL_TOOL_BYTES] = "SELECT digest, bytes FROM tool WHERE id = ?",
	[SQL_TOOL_PUBLISH] = "UPDATE tool SET published = ? WHERE published IS NULL",
	[SQL_SUMS_ADD] = "INSERT INTO sums (digest, added, asc) VALUES (?, ?, ?)",
	[SQL_SUMS] = "SELECT id, added, published, length(asc) FROM sums "
		     "WHERE digest = ?1 AND (?2 = 0 OR published IS NOT NULL) "
		     "ORDER BY id DESC LIMIT 1",
	[SQL_SUMS_NEWEST] =
		"SELECT id, added, published, length(asc), digest FROM sums "
		"ORDER BY id DESC LIMIT 1",
	[SQL_SUMS_BYTES] = "SELECT asc FROM sums WHERE id = ?",
	[SQL_SUMS_PUBLISH] = "UPDATE sums SET published = ? WHERE published IS NULL",
	[SQL_TUF_ADD] = "INSERT INTO metadata (role, version, expires, published, "
			"since, digest, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[SQL_TUF_END] = "UPDATE metadata SET until = ? WHERE role = ? "
			"AND until IS NULL",
	[SQL_TUF_CURRENT] = "SELECT " METADATA " WHERE role = ? AND until IS NULL",
	[SQL_TUF_VERSION] = "SELECT " METADATA " WHERE role = ? AND version = ?",
	[SQL_TUF_BYTES] = "SELECT digest, bytes FROM metadata WHERE id = ?",
	[SQL_TUF_EACH] = "SELECT " METADATA " WHERE until IS NULL OR NOT ?1 "
			 "AND (role = 'root' OR role <> 'timestamp' AND until > " GONE
			 ") ORDER BY role, version",
	[SQL_TARGET_ADD] = "INSERT INTO target (path, digest, size, published, since, "
			   "kind, row, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_TARGET_END] = "UPDATE target SET until = ? WHERE id = ?",
	[SQL_TARGET_PRUNE] = "DELETE FROM target WHERE kind = 3 AND until <= " GONE,
	[SQL_TARGET_EACH] =
		"SELECT id, path, digest, size, published, kind, row, since FROM "
		"target "
		"WHERE until IS NULL OR NOT ?1 AND until > " GONE " ORDER BY path, id",
	[SQL_TARGET_BYTES] = "SELECT digest, bytes FROM target WHERE id = ?",
	[SQL_ROLE] = "SELECT days, threshold FROM role WHERE name = ?",
	[SQL_ROLE_SET] = "INSERT INTO role (name, days, threshold) VALUES (?1, ?2, ?3) "
			 "ON CONFLICT (name) DO UPDATE SET days = ?2, threshold = ?3",
	[SQL_ROLE_KEY_ADD] = "INSERT INTO role_key (role, type, scheme, value) "
			     "VALUES (?, ?, ?, ?)",
	[SQL_ROLE_KEY_REMOVE] = "DELETE FROM role_key WHERE role = ? AND value = ?",
	[SQL_ROLE_KEY_EACH] = "SELECT type, scheme, value, role FROM role_key "
			      "WHERE role = ?1 OR ?1 = '' ORDER BY role, value",
	[SQL_MIRROR] = "SELECT source, arrived, checked, el, kubernetes FROM mirror",
	[SQL_MIRROR_SET] = "INSERT INTO mirror (id, source, arrived, checked, el, "
			   "kubernetes) VALUES (1, ?1, ?2, ?3, ?4, ?5) "
			   "ON CONFLICT (id) DO UPDATE SET source = ?1, arrived = ?2, "
			   "checked = ?3, el = ?4, kubernetes = ?5",
	[SQL_PIN] = "SELECT threshold, bytes FROM pin",
	[SQL_PIN_SET] = "INSERT INTO pin (id, threshold, bytes) VALUES (1, ?1, ?2) "
			"ON CONFLICT (id) DO UPDATE SET threshold = ?1, bytes = ?2",
	[SQL_PIN_DROP] = "DELETE FROM pin",
	[SQL_TARGET_BY_DIGEST] = "SELECT id, path, digest, size, published, kind, row, "
				 "since FROM target "
				 "WHERE digest = ? LIMIT 1",
	[SQL_SITE] = "SELECT name, statement FROM site",
	[SQL_SITE_ADD] = "INSERT INTO site (id, name) VALUES (1, ?)",
	[SQL_SITE_STATE] = "UPDATE site SET statement = ?",
	[SQL_TOOL_ROOM] =
		"INSERT INTO tool (version, arch, digest, size, added, bytes) "
		"VALUES (?1, ?2, ?3, ?4, ?5, zeroblob(?4))",
};

static enum error_code code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	case SQLITE_FORMAT:
		return ERR_FORMAT;
	case SQLITE_CONSTRAINT:
		return ERR_CONFLICT;
	case SQLITE_TOOBIG:
		return ERR_LIMIT;
	case SQLITE_ERROR:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
	case SQLITE_SCHEMA:
		return ERR_INTERNAL;
	default:
		return ERR_SYSTEM;
	}
}

/* What a person can do with it; NULL: SQLite's own words are the best. */
static const char *words_of(int rc)
{
	if (rc == SQLITE_READONLY_ROLLBACK || rc == SQLITE_READONLY_RECOVERY)
		return "a write was interrupted and must be undone first: run "
		       "'fips-manifest list' as a user who may write it";
	switch (rc & 0xff) {
	case SQLITE_NOTADB:
		return "not a store: it is not an SQLite file";
	case SQLITE_FULL:
		return "no space left on the device; nothing was changed";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "another process is using it; try again";
	case SQLITE_READONLY:
		return "it cannot be written";
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return "permission denied";
	default:
		return NULL;
	}
}

void store_fail_(struct store *s, struct error *err, const char *what)
{
	int rc = s->db ? sqlite3_extended_errcode(s->db) : SQLITE_NOMEM;
	int os = s->db ? sqlite3_system_errno(s->db) : 0;
	const char *words = words_of(rc);
	bool system = (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN;
	char text[128];

	error_set_(err, code_of(rc), "store '%s': %s%s%s", TEXT_SAFE(s->path),
		   what ? what : "", what ? ": " : "",
		   words   ? words
		   : s->db ? sqlite3_errmsg(s->db)
			   : "no memory");
	if (words || !system || !os)
		return;
	error_set_(err, ERR_SYSTEM, "store '%s': %s%s%s", TEXT_SAFE(s->path),
		   what ? what : "", what ? ": " : "",
		   strerror_r(os, text, sizeof(text)));
	err->os = os;
}

bool store_prepare(struct store *s, struct error *err)
{
	_Static_assert(ARRAY_LEN(statements) == SQL_COUNT, "one text a statement");

	for (size_t i = 0; i < SQL_COUNT; i++)
		if (sqlite3_prepare_v3(s->db, statements[i], -1,
				       SQLITE_PREPARE_PERSISTENT, &s->statements[i],
				       NULL) != SQLITE_OK)
			return store_fail(s, err, NULL);
	return true;
}

bool store_exec(struct store *s, const char *sql, struct error *err)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(s, err, NULL);
	return true;
}

/* ---- one run of a statement ---- */

struct store_query store_query(struct store *s, enum store_sql which)
{
	struct store_query q = {.s = s, .st = s->statements[which], .rc = SQLITE_OK};

	if (sqlite3_stmt_busy(q.st)) {
		q.rc = SQLITE_MISUSE; /* a callback calls what called it */
		q.st = NULL;
	}
	return q;
}

void store_query_clear(struct store_query *q)
{
	if (!q->st)
		return;
	sqlite3_reset(q->st);
	sqlite3_clear_bindings(q->st);
	q->st = NULL;
}

static void bound(struct store_query *q, int rc)
{
	if (q->rc == SQLITE_OK)
		q->rc = rc;
}

void store_bind_int(struct store_query *q, int64_t v)
{
	if (q->st)
		bound(q, sqlite3_bind_int64(q->st, ++q->bound, v));
}

void store_bind_null(struct store_query *q)
{
	if (q->st)
		bound(q, sqlite3_bind_null(q->st, ++q->bound));
}

void store_bind_text(struct store_query *q, const char *v)
{
	if (q->st)
		bound(q, sqlite3_bind_text(q->st, ++q->bound, v, -1, SQLITE_TRANSIENT));
}

void store_bind_blob(struct store_query *q, const void *v, size_t len)
{
	if (q->st)
		bound(q, sqlite3_bind_blob64(q->st, ++q->bound, v ? v : "", len,
					     SQLITE_STATIC));
}

void store_bind_digest(struct store_query *q, const struct digest *d)
{
	if (q->st)
		bound(q, sqlite3_bind_blob(q->st, ++q->bound, d->bytes, DIGEST_SIZE,
					   SQLITE_TRANSIENT));
}

bool store_row(struct store_query *q, bool *has, struct error *err)
{
	int rc;

	if (!q->st)
		return error_set(err, ERR_INTERNAL,
				 "store '%s': a statement is run inside itself",
				 TEXT_SAFE(q->s->path));
	if (q->rc != SQLITE_OK)
		return store_fail(q->s, err, NULL);
	rc = sqlite3_step(q->st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return store_fail(q->s, err, NULL);
	*has = rc == SQLITE_ROW;
	return true;
}

bool store_run(struct store_query *q, struct error *err)
{
	bool more;

	if (!store_row(q, &more, err))
		return false;
	if (more)
		return error_set(err, ERR_INTERNAL,
				 "a statement that changes gave rows");
	return true;
}

bool store_one(struct store_query *q, const char *what, struct error *err)
{
	bool has;

	if (!store_row(q, &has, err))
		return false;
	if (!has)
		return error_set(err, ERR_NOT_FOUND, "the store has no %s", what);
	return true;
}

int64_t store_column_int(struct store_query *q, int i)
{
	return sqlite3_column_int64(q->st, i);
}

bool store_column_text(struct store_query *q, int i, char *out, size_t size,
		       struct error *err)
{
	const unsigned char *text = sqlite3_column_text(q->st, i);
	size_t len = (size_t)sqlite3_column_bytes(q->st, i);

	if (len >= size || (text && strlen((const char *)text) != len))
		return error_set(err, ERR_FORMAT,
				 "store '%s' is damaged: a text of %zu bytes where %zu "
				 "are the limit, or with a NUL",
				 TEXT_SAFE(q->s->path), len, size - 1);
	memcpy(out, text ? (const char *)text : "", len + 1);
	return true;
}

bool store_column_digest(struct store_query *q, int i, struct digest *out,
			 struct error *err)
{
	const void *bytes = sqlite3_column_blob(q->st, i);

	if (!bytes || sqlite3_column_bytes(q->st, i) != DIGEST_SIZE)
		return error_set(err, ERR_FORMAT,
				 "store '%s' is damaged: a digest is not of 32 bytes",
				 TEXT_SAFE(q->s->path));
	memcpy(out->bytes, bytes, DIGEST_SIZE);
	return true;
}

void store_column_append(struct store_query *q, int i, struct buf *out)
{
	const void *bytes = sqlite3_column_blob(q->st, i);

	buf_append(out, bytes ? bytes : "", (size_t)sqlite3_column_bytes(q->st, i));
}

bool store_blob(struct store *s, enum store_sql which, int64_t row, const char *what,
		struct buf *out, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, which);
	struct digest wanted, got;
	size_t at = out->len;

	store_bind_int(&q, row);
	if (!store_one(&q, what, err) || !store_column_digest(&q, 0, &wanted, err))
		return false;
	store_column_append(&q, 1, out);
	if (!buf_ok(out, err) ||
	    !digest_of_bytes(out->data + at, out->len - at, &got, err))
		return false;
	if (digest_equal(&wanted, &got))
		return true;
	out->len = at;
	out->data[at] = '\0';
	return error_set(err, ERR_FORMAT,
			 "store '%s' is damaged: the bytes of a %s do not have their "
			 "digest",
			 TEXT_SAFE(s->path), what);
}

bool store_column_manifest(struct store_query *q, struct store_manifest *out,
			   struct error *err)
{
	struct store_manifest m = {
		.row = store_column_int(q, 0),
		.revision = (unsigned)store_column_int(q, 4),
		.size = (uint64_t)store_column_int(q, 6),
		.created = store_column_int(q, 7),
		.added = store_column_int(q, 8),
		.published = store_column_int(q, 9),
		.withdrawn = store_column_int(q, 10),
		.state = (enum store_state)store_column_int(q, 11),
	};

	if (!store_column_text(q, 1, m.el, sizeof(m.el), err) ||
	    !store_column_text(q, 2, m.kubernetes, sizeof(m.kubernetes), err) ||
	    !store_column_text(q, 3, m.arch, sizeof(m.arch), err) ||
	    !store_column_digest(q, 5, &m.digest, err) ||
	    !store_column_text(q, 12, m.withdrawn_reason, sizeof(m.withdrawn_reason),
			       err))
		return false;
	*out = m;
	return true;
}
