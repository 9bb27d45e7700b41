/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema: schema/NNN_name.sql in order, and whether a store has it. A trigger that
 * somebody dropped guards nothing, and one that somebody added runs in our
 * transactions. SQLite keeps the text of every CREATE as it was; those of a store must
 * be those of a new one in memory. What ANALYZE adds (sqlite_...) is let be.
 */
#include "core/store_sql.h"

#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>

struct migration {
	int number;
	const char *name;
	const char *sql;
};

/* from the Makefile */
static const struct migration migrations[] = {
#include "schema.inc"
};

int store_schema_newest(void)
{
	return migrations[ARRAY_LEN(migrations) - 1].number;
}

bool store_pragma(struct store *s, const char *sql, int *out, struct error *err)
{
	sqlite3_stmt *st = NULL;
	bool ok = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK &&
		  sqlite3_step(st) == SQLITE_ROW;

	if (ok)
		*out = sqlite3_column_int(st, 0);
	else
		store_fail_(s, err, NULL);
	sqlite3_finalize(st);
	return ok;
}

static bool migrate_one(struct store *s, const struct migration *m, struct error *err)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", m->number);
	if (store_exec(s, m->sql, err) && store_exec(s, sql, err))
		return true;
	return error_prefix(err, "schema %03d_%s", m->number, m->name);
}

bool store_migrate(struct store *s, struct error *err)
{
	int version;

	if (!store_exec(s, "BEGIN EXCLUSIVE", err) ||
	    !store_pragma(s, "PRAGMA user_version", &version, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(migrations); i++)
		if (migrations[i].number > version &&
		    !migrate_one(s, &migrations[i], err))
			return false; /* closing rolls back */
	return store_exec(s, "COMMIT", err);
}

/* ---- is it this one? ---- */

struct objects {
	struct store *s;
	sqlite3_stmt *st;
};

static void objects_clear(struct objects *o)
{
	sqlite3_finalize(o->st);
}

static bool list_objects(struct store *s, struct objects *out, struct error *err)
{
	out->s = s;
	if (sqlite3_prepare_v2(s->db,
			       "SELECT name, type, coalesce(sql, '') "
			       "FROM sqlite_master WHERE name NOT GLOB 'sqlite_*' "
			       "ORDER BY name, type",
			       -1, &out->st, NULL) != SQLITE_OK)
		return store_fail(s, err, NULL);
	return true;
}

static bool next_object(struct objects *o, bool *has, struct error *err)
{
	int rc = sqlite3_step(o->st);

	*has = rc == SQLITE_ROW;
	return *has || rc == SQLITE_DONE || store_fail(o->s, err, NULL);
}

static const char *column(const struct objects *o, int i)
{
	const char *text = (const char *)sqlite3_column_text(o->st, i);

	return text ? text : "";
}

static bool refuse(const struct store *s, const struct objects *o, const char *why,
		   struct error *err)
{
	return error_set(err, ERR_MISMATCH,
			 "store '%s' was changed by another program: its %s '%s' %s",
			 TEXT_SAFE(s->path), column(o, 1), TEXT_SAFE(column(o, 0)),
			 why);
}

static bool compare(struct objects *is, struct objects *wanted, struct error *err)
{
	for (;;) {
		bool here, there;
		int order;

		if (!next_object(is, &here, err) || !next_object(wanted, &there, err))
			return false;
		if (!here && !there)
			return true;
		order = !here    ? 1
			: !there ? -1
				 : strcmp(column(is, 0), column(wanted, 0));
		if (order > 0)
			return refuse(is->s, wanted, "is missing", err);
		if (order < 0)
			return refuse(is->s, is, "is not ours", err);
		if (strcmp(column(is, 2), column(wanted, 2)) != 0)
			return refuse(is->s, is, "is another", err);
	}
}

bool store_check_schema(struct store *s, struct error *err)
{
	AUTO(store_closep) struct store *fresh = calloc(1, sizeof(*fresh));
	AUTO(objects_clear) struct objects is = EMPTY, wanted = EMPTY;

	if (!fresh || !(fresh->path = text_dup("a new one", 9)))
		return error_set(err, ERR_SYSTEM, "no memory");
	if (sqlite3_open(":memory:", &fresh->db) != SQLITE_OK)
		return store_fail(fresh, err, NULL);
	return store_migrate(fresh, err) && list_objects(s, &is, err) &&
	       list_objects(fresh, &wanted, err) && compare(&is, &wanted, err);
}
