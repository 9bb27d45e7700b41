/* SPDX-License-Identifier: Apache-2.0 */
#include "core/file.h"
#include "core/store_sql.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	APPLICATION_ID = 0x464d5331, /* "FMS1", as schema/001_store.sql sets it */
	BUSY_MS = 10000,
};

/* ---- orders that SQL text has no notion of ---- */

/* As much as fits, as a string. */
static void cut(const void *from, int len, char *to, int size)
{
	len = len < size ? len : size - 1;
	memcpy(to, from, (size_t)len);
	to[len] = '\0';
}

static int version_order(void *unused, int an, const void *a, int bn, const void *b)
{
	char x[64], y[64];

	(void)unused;
	if (an == bn && !memcmp(a, b, (size_t)an))
		return 0;
	cut(a, an, x, sizeof(x));
	cut(b, bn, y, sizeof(y));
	if (!text_is_kubernetes(x) || !text_is_kubernetes(y))
		return strcmp(x, y);
	return text_kubernetes_cmp(x, y);
}

static int el_order(void *unused, int an, const void *a, int bn, const void *b)
{
	char x[16], y[16];

	(void)unused;
	if (an == bn && !memcmp(a, b, (size_t)an))
		return 0;
	cut(a, an, x, sizeof(x));
	cut(b, bn, y, sizeof(y));
	return text_is_el(x) && text_is_el(y) ? text_el_cmp(x, y) : strcmp(x, y);
}

/* ---- opening ---- */

/* The connection and what holds for all of its life; nothing is read yet. */
static bool connect_to(struct store *s, int flags, struct error *err)
{
	if (sqlite3_open_v2(s->path, &s->db, flags | SQLITE_OPEN_EXRESCODE, NULL) !=
	    SQLITE_OK)
		return store_fail(s, err, NULL);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	if (sqlite3_create_collation(s->db, "kubernetes", SQLITE_UTF8, NULL,
				     version_order) ||
	    sqlite3_create_collation(s->db, "el", SQLITE_UTF8, NULL, el_order) ||
	    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) ||
	    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL))
		return store_fail(s, err, NULL);
	return store_exec(s,
			  "PRAGMA foreign_keys = ON; PRAGMA synchronous = EXTRA; "
			  "PRAGMA cell_size_check = ON",
			  err);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

/* The schema's number, of a file that is a store. */
static bool identify(struct store *s, int *version, struct error *err)
{
	int id;

	if (!store_pragma(s, "PRAGMA application_id", &id, err))
		return false;
	if (id == 0 && size_of(s->path) == 0)
		return error_set(err, ERR_FORMAT,
				 "'%s' is no fips-manifest store, but an empty file: "
				 "delete it, then fips-manifest --store FILE init "
				 "makes one",
				 TEXT_SAFE(s->path));
	if (id != APPLICATION_ID)
		return error_set(
			err, ERR_FORMAT,
			"'%s' is no fips-manifest store, but another program's "
			"SQLite file",
			TEXT_SAFE(s->path));
	return store_pragma(s, "PRAGMA user_version", version, err);
}

static bool connect_and_identify(struct store *s, int flags, int *version,
				 struct error *err)
{
	return connect_to(s, flags, err) && identify(s, version, err);
}

/* Undo a write that was interrupted: what a reader may not do. */
static bool recover(const char *path, struct error *err)
{
	AUTO(store_closep) struct store *s = calloc(1, sizeof(*s));
	int version;

	if (!s || !(s->path = text_dup(path, strlen(path))))
		return error_set(err, ERR_SYSTEM, "no memory");
	return connect_and_identify(s, SQLITE_OPEN_READWRITE, &version, err);
}

static bool connect_reader(struct store *s, int *version, struct error *err)
{
	struct error ignored = EMPTY;

	if (connect_and_identify(s, SQLITE_OPEN_READONLY, version, err))
		return true;
	if (sqlite3_extended_errcode(s->db) != SQLITE_READONLY_ROLLBACK)
		return false;
	sqlite3_close(s->db);
	s->db = NULL;
	return recover(s->path, &ignored) &&
	       connect_and_identify(s, SQLITE_OPEN_READONLY, version, err);
}

static bool check_version(struct store *s, int version, struct error *err)
{
	if (version > store_schema_newest())
		return error_set(err, ERR_CONFLICT,
				 "store '%s' is of schema %d, and this program knows "
				 "%d: use the newer fips-manifest that made it",
				 TEXT_SAFE(s->path), version, store_schema_newest());
	if (version == store_schema_newest())
		return true;
	if (s->mode == STORE_READ)
		return error_set(err, ERR_CONFLICT,
				 "store '%s' is of schema %d and must be brought to %d "
				 "first: run any fips-manifest command that writes it",
				 TEXT_SAFE(s->path), version, store_schema_newest());
	return store_migrate(s, err);
}

/* A write-ahead log, which another program may have set, shuts readers out that may not
 * write. While one has it open it stays, and does no other harm. */
static void undo_wal(struct store *s)
{
	struct error ignored;

	if (!store_exec(s, "PRAGMA journal_mode = DELETE", &ignored))
		return;
}

static bool open_existing(struct store *s, struct error *err)
{
	int version;

	if (access(s->path, F_OK) && errno == ENOENT)
		return error_set(err, ERR_NOT_FOUND,
				 "no store '%s': fips-manifest --store FILE init makes "
				 "one",
				 TEXT_SAFE(s->path));
	if (s->mode == STORE_READ
		    ? !connect_reader(s, &version, err)
		    : !connect_and_identify(s, SQLITE_OPEN_READWRITE, &version, err))
		return false;
	if (s->mode == STORE_WRITE && sqlite3_db_readonly(s->db, "main"))
		return error_set(err, ERR_SYSTEM, "store '%s' cannot be written",
				 TEXT_SAFE(s->path));
	if (!check_version(s, version, err) ||
	    (s->mode == STORE_WRITE && !store_check_schema(s, err)))
		return false;
	if (s->mode == STORE_WRITE)
		undo_wal(s);
	return store_prepare(s, err);
}

bool store_open(const char *path, enum store_mode mode, struct store **out,
		struct error *err)
{
	AUTO(store_closep) struct store *s = calloc(1, sizeof(*s));

	if (!s || !(s->path = text_dup(path, strlen(path))))
		return error_set(err, ERR_SYSTEM, "no memory");
	s->mode = mode;
	if (!open_existing(s, err))
		return false;
	*out = TAKE(s);
	return true;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
}

void store_closep(struct store **s)
{
	store_close(*s);
	*s = NULL;
}

/* ---- making one ---- */

/* A store in a file that is there and empty. */
static bool fill(const char *path, struct error *err)
{
	AUTO(store_closep) struct store *s = calloc(1, sizeof(*s));

	if (!s || !(s->path = text_dup(path, strlen(path))))
		return error_set(err, ERR_SYSTEM, "no memory");
	s->mode = STORE_WRITE;
	return connect_to(s, SQLITE_OPEN_READWRITE, err) && store_migrate(s, err) &&
	       store_prepare(s, err) && store_log(s, "init", "store", "", err);
}

static bool taken(const char *path, struct error *err)
{
	return error_set(err, ERR_CONFLICT, "'%s' exists already; nothing was changed",
			 TEXT_SAFE(path));
}

/* Give the finished file its name: link(2) refuses an existing one. */
static bool place(const char *made, const char *path, struct error *err)
{
	AUTO(file_closep) int dir = -1;
	AUTO(buf_clear) struct buf parent = BUF_MAX(4096);
	const char *base = file_basename(path);

	buf_append(&parent, path, (size_t)(base - path));
	buf_puts(&parent, ".");
	if (!buf_ok(&parent, err) ||
	    !file_open(parent.data, O_RDONLY | O_DIRECTORY, &dir, err))
		return false;
	if (link(made, path))
		return errno == EEXIST
			       ? taken(path, err)
			       : error_sys(err, "cannot make '%s'", TEXT_SAFE(path));
	if (fsync(dir))
		return error_sys(err, "cannot make '%s' durable", TEXT_SAFE(path));
	return true;
}

/* What SQLite finds beside a store it plays back into it: a journal that outlived an
 * earlier store of the name would bring that one's keys and rows into the new one. */
static bool refuse_left(const char *path, struct error *err)
{
	static const char *const ends[] = {"journal", "wal"};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		AUTO(buf_clear) struct buf name = BUF_MAX(4096);

		buf_printf(&name, "%s-%s", path, ends[i]);
		if (!buf_ok(&name, err))
			return false;
		if (!access(name.data, F_OK))
			return error_set(err, ERR_CONFLICT,
					 "'%s' is left of an earlier store: delete it, "
					 "or put that store back beside it",
					 TEXT_SAFE(name.data));
	}
	return true;
}

bool store_create(const char *path, struct error *err)
{
	AUTO(buf_clear) struct buf made = BUF_MAX(4096);
	AUTO(file_closep) int fd = -1;
	bool ok;

	if (!access(path, F_OK))
		return taken(path, err);
	if (!refuse_left(path, err))
		return false;
	buf_printf(&made, "%s.new-%ld", path, (long)getpid());
	if (!buf_ok(&made, err))
		return false;
	fd = open(made.data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_sys(err, "cannot make '%s'", TEXT_SAFE(path));
	ok = fill(made.data, err) && place(made.data, path, err);
	unlink(made.data);
	return ok;
}

/* ---- transactions ---- */

bool store_begin(struct store *s, struct error *err)
{
	uint64_t version;

	/* a read transaction begins with its first reading */
	return store_exec(s, s->mode == STORE_WRITE ? "BEGIN IMMEDIATE" : "BEGIN",
			  err) &&
	       store_version(s, &version, err);
}

bool store_commit(struct store *s, struct error *err)
{
	if (store_exec(s, "COMMIT", err))
		return true;
	store_rollback(s);
	return false;
}

void store_rollback(struct store *s)
{
	struct error ignored = EMPTY;

	/* a full disk may have ended the transaction already */
	if (!sqlite3_get_autocommit(s->db) && !store_exec(s, "ROLLBACK", &ignored))
		return;
}

bool store_view(struct store *s,
		bool (*look)(struct store *s, void *arg, struct error *err), void *arg,
		struct error *err)
{
	struct error ignored = EMPTY;
	bool ok;

	if (!store_exec(s, "SAVEPOINT view", err))
		return false;
	ok = look(s, arg, err);
	/* nothing was changed in it, so this only ends the view */
	return store_exec(s, "RELEASE view", ok ? err : &ignored) && ok;
}

bool store_version(struct store *s, uint64_t *out, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_VERSION);
	unsigned changes = (unsigned)sqlite3_total_changes(s->db);

	if (!store_one(&q, "version", err))
		return false;
	*out = (uint64_t)store_column_int(&q, 0) << 32 | changes;
	return true;
}

/* ---- one step ---- */

static bool mark(struct store *s, enum store_sql which, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, which);

	return store_run(&q, err);
}

bool store_change(struct store *s,
		  bool (*change)(struct store *s, void *arg, struct error *err),
		  void *arg, struct error *err)
{
	struct error ignored = EMPTY;
	bool outer = !sqlite3_get_autocommit(s->db);

	if (s->mode != STORE_WRITE)
		return error_set(err, ERR_INTERNAL, "store '%s' is open for reading",
				 TEXT_SAFE(s->path));
	if (!(outer ? mark(s, SQL_STEP_BEGIN, err)
		    : store_exec(s, "BEGIN IMMEDIATE", err)))
		return false;
	if (change(s, arg, err) &&
	    (outer ? mark(s, SQL_STEP_END, err) : store_exec(s, "COMMIT", err)))
		return true;
	/* a full disk may have ended the transaction already */
	if (!sqlite3_get_autocommit(s->db) &&
	    !store_exec(s, outer ? "ROLLBACK TO change; RELEASE change" : "ROLLBACK",
			&ignored))
		return false;
	return false;
}
