/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, tools, and what nobody may change. */
#include "tests/unit/sample.h"

/* ---- keys, tools ---- */

TEST(the_keyring_and_the_threshold_are_kept)
{
	AUTO(store_closep) struct store *s = sample_store("keys.db");
	AUTO(buf_clear) struct buf ring = BUF_MAX(1024);
	struct store_published counts;
	int64_t since = 1;
	unsigned n = 0;

	assert_ok(store_keyring(s, &ring, &err));
	assert_int_equal(ring.len, 0);
	assert_ok(store_published_keyring(s, &ring, &since, &err));
	assert_int_equal(since, 0);
	assert_ok(store_set_keyring(s, "one\0two", 7, "added AA", &err));
	assert_ok(store_set_keyring(s, "three", 5, "added BB", &err));
	assert_ok(store_keyring(s, &ring, &err));
	assert_int_equal(ring.len, 5);
	assert_ok(store_publish_rest(s, &counts, &err));
	assert_int_equal(counts.keyrings, 1);
	assert_ok(store_publish_rest(s, &counts, &err));
	assert_int_equal(counts.keyrings, 0);
	assert_ok(store_set_keyring(s, "four", 4, "added CC", &err));
	buf_reset(&ring);
	assert_ok(store_published_keyring(s, &ring, &since, &err));
	assert_string_equal(ring.data, "three");
	assert_true(since != 0);
	assert_ok(store_threshold(s, &n, &err));
	assert_int_equal(n, 1);
	assert_ok(store_set_threshold(s, 2, &err));
	assert_err(ERR_USAGE, store_set_threshold(s, 0, &err));
	assert_err(ERR_USAGE, store_set_threshold(s, 65, &err));
	assert_ok(store_threshold(s, &n, &err));
	assert_int_equal(n, 2);
	assert_ok(store_published_threshold(s, &n, &err));
	assert_int_equal(n, 1);
	assert_ok(store_publish_rest(s, &counts, &err));
	assert_int_equal(counts.thresholds, 1);
	assert_ok(store_published_threshold(s, &n, &err));
	assert_int_equal(n, 2);
}

static bool keep_tool(void *arg, const struct store_tool *t, struct error *why)
{
	(void)why;
	*(struct store_tool *)arg = *t;
	return true;
}

TEST(a_tool_never_changes_under_its_name)
{
	AUTO(store_closep) struct store *s = sample_store("tool.db");
	AUTO(buf_clear) struct buf got = BUF_MAX(1024);
	struct store_tool t = {.version = "1.0.0", .arch = "x86_64"}, found = EMPTY;
	struct store_sums sums;
	struct digest d;

	assert_ok(store_put_tool(s, &t, "ELF", 3, &err));
	assert_ok(store_put_tool(s, &t, "ELF", 3, &err));
	assert_err(ERR_CONFLICT, store_put_tool(s, &t, "elf", 3, &err));
	assert_says("1.0.0 for x86_64");
	assert_err(ERR_FORMAT, store_put_tool(s, &t, "", 0, &err));
	t = (struct store_tool){.version = "1/0", .arch = "x86_64"};
	assert_err(ERR_USAGE, store_put_tool(s, &t, "ELF", 3, &err));
	t = (struct store_tool){.version = "1.0", .arch = "sparc"};
	assert_err(ERR_USAGE, store_put_tool(s, &t, "ELF", 3, &err));
	assert_ok(store_each_tool(s, keep_tool, &found, &err));
	assert_string_equal(found.version, "1.0.0");
	assert_int_equal(found.size, 3);
	assert_int_equal(found.published, 0);
	assert_ok(digest_of_bytes("ELF", 3, &d, &err));
	assert_true(digest_equal(&found.digest, &d));
	assert_ok(store_tool_bytes(s, found.row, &got, &err));
	assert_string_equal(got.data, "ELF");
	assert_err(ERR_NOT_FOUND, store_sums(s, &d, false, &sums, &err));
	assert_ok(store_put_sums(s, &d, "signed", 6, &err));
	assert_ok(store_sums(s, &d, false, &sums, &err));
	assert_int_equal(sums.size, 6);
	assert_err(ERR_NOT_FOUND, store_sums(s, &d, true, &sums, &err));
	buf_reset(&got);
	assert_ok(store_sums_bytes(s, sums.row, &got, &err));
	assert_string_equal(got.data, "signed");
}

/* ---- what the schema itself refuses ---- */

/* What anybody with the sqlite3 program may try. */
static const char *const refused[] = {
	"UPDATE manifest SET revision = 9",
	"UPDATE manifest SET digest = zeroblob(32)",
	"UPDATE manifest SET created = 1",
	"UPDATE manifest SET published = 1",
	"UPDATE manifest SET state = 1, published = NULL",
	"UPDATE manifest SET state = 3",
	"DELETE FROM manifest",
	"UPDATE signed SET asc = x'00'",
	"UPDATE signed SET signers = 'EE'",
	"UPDATE signed SET published = NULL, signers = NULL",
	"DELETE FROM signed",
	"REPLACE INTO signed SELECT * FROM signed",
	"REPLACE INTO manifest SELECT * FROM manifest",
	"UPDATE keyring SET bytes = x'00'",
	"DELETE FROM keyring",
	"REPLACE INTO keyring SELECT * FROM keyring",
	"UPDATE tool SET bytes = x'000000'",
	"DELETE FROM tool",
	"REPLACE INTO tool SELECT * FROM tool",
	"UPDATE sums SET asc = x'00'",
	"DELETE FROM sums",
	"REPLACE INTO sums SELECT * FROM sums",
	"UPDATE log SET detail = 'x'",
	"DELETE FROM log",
	"REPLACE INTO log SELECT * FROM log WHERE id = 1",
	("INSERT INTO log SELECT id + 100, time, actor, action, subject, "
	 "detail, previous, digest FROM log WHERE id = 2"),
	"UPDATE listed SET prefixes = '00000000'",
	"DELETE FROM listed",
	"REPLACE INTO listed SELECT * FROM listed",
	"INSERT INTO listed VALUES (9, '')",
	"INSERT INTO listed VALUES (9, '0000000')",
	"INSERT INTO listed VALUES (9, x'3030303030303030')",
	"UPDATE setting SET threshold = 0",
	"UPDATE setting SET threshold = 'two'",
	"INSERT INTO setting VALUES (2, 1, 1)",
};

TEST(published_rows_and_the_log_refuse_every_change)
{
	AUTO(store_closep) struct store *s = sample_store("fixed.db");
	struct store_tool t = {.version = "1.0.0", .arch = "x86_64"};
	struct store_published counts;
	struct store_manifest m;
	struct digest d = EMPTY;
	char msg[256];

	sample_put_named(s, "8", "v1.21.3", 1, &m);
	assert_ok(store_set_keyring(s, "ring", 4, "added AA", &err));
	assert_ok(store_put_tool(s, &t, "ELF", 3, &err));
	assert_ok(store_put_sums(s, &d, "signed", 6, &err));
	assert_ok(store_publish_manifest(s, m.row, "AA", &err));
	assert_ok(store_publish_rest(s, &counts, &err));
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (sample_sql("fixed.db", refused[i], msg, sizeof(msg)) !=
		    SQLITE_CONSTRAINT)
			fail_msg("%s: %s", refused[i], msg);
	/* the one change that is allowed */
	sample_sql_ok(
		"fixed.db",
		"UPDATE manifest SET state = 3, reason = 'because', withdrawn = 1");
}

TEST(a_changed_log_row_is_named)
{
	static const struct {
		const char *change, *says;
	} tries[] = {
		{"UPDATE log SET detail = 'nothing' WHERE id = 3", "row 3 was changed"},
		{"UPDATE log SET time = time + 1 WHERE id = 2", "row 2 was changed"},
		{"DELETE FROM log WHERE id = 2", "row 2 is missing"},
		{"UPDATE log SET detail = cast(x'ff' AS TEXT) WHERE id = 3",
		 "row 3 holds no valid text"},
		{"UPDATE log SET digest = zeroblob(32) WHERE id = 2",
		 "row 2 was changed"},
		{"UPDATE log SET previous = zeroblob(32) WHERE id = 3",
		 "row 3 does not carry"},
		{"DELETE FROM log", "it is empty"},
	};
	char change[512];

	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		AUTO(store_closep) struct store *s = sample_store("log.db");
		struct digest last = EMPTY;
		uint64_t rows = 77;

		assert_ok(store_log(s, "one", "s", "d", &err));
		assert_ok(store_log(s, "two", "s", "\"quoted\" \\ text", &err));
		assert_ok(store_log(s, "three", "s", "d", &err));
		assert_ok(store_verify_log(s, &rows, &last, &err));
		assert_int_equal(rows, 4);
		rows = 77;
		snprintf(change, sizeof(change),
			 "DROP TRIGGER log_fixed; DROP TRIGGER log_kept; %s",
			 tries[i].change);
		sample_sql_ok("log.db", change);
		assert_err(ERR_MISMATCH, store_verify_log(s, &rows, &last, &err));
		assert_says(tries[i].says);
		assert_int_equal(rows, 77);
	}
}

/* A store whose change nobody else made is refused to writers and told to auditors. */
static void assert_changed(const char *path, const char *says, struct error *err_)
{
	struct store *s = NULL;
	struct digest last;
	uint64_t rows;

	assert_err(ERR_MISMATCH, store_open(path, STORE_WRITE, &s, &err));
	assert_says(says);
	assert_null(s);
	assert_ok(store_open(path, STORE_READ, &s, &err));
	assert_err(ERR_MISMATCH, store_verify_log(s, &rows, &last, &err));
	assert_says(says);
	store_close(s);
}

TEST(a_changed_schema_is_named_and_written_no_more)
{
	static const struct {
		const char *change, *says;
	} tries[] = {
		{"DROP TRIGGER log_fixed", "its trigger 'log_fixed' is missing"},
		{"DROP TRIGGER tool_once", "its trigger 'tool_once' is missing"},
		{"DROP INDEX signed_digest", "its index 'signed_digest' is missing"},
		{"CREATE TRIGGER extra AFTER INSERT ON log "
		 "BEGIN DELETE FROM setting; END",
		 "its trigger 'extra' is not ours"},
		{"CREATE TABLE zoo (x)", "its table 'zoo' is not ours"},
		{"DROP TRIGGER log_kept; CREATE TRIGGER log_kept BEFORE DELETE ON log "
		 "BEGIN SELECT 1; END",
		 "its trigger 'log_kept' is another"},
		{"PRAGMA writable_schema = 1; UPDATE sqlite_master SET sql = "
		 "replace(sql, 'BETWEEN 1 AND 64', 'BETWEEN 0 AND 64') "
		 "WHERE name = 'setting'",
		 "its table 'setting' is another"},
	};

	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		AUTO(store_closep) struct store *s = sample_store("schema.db");

		store_closep(&s);
		sample_sql_ok("schema.db", tries[i].change);
		assert_changed("schema.db", tries[i].says, err_);
	}
}

TEST(what_sqlite_itself_adds_to_the_schema_is_let_be)
{
	AUTO(store_closep) struct store *s = sample_store("analyzed.db");

	store_closep(&s);
	sample_sql_ok("analyzed.db", "ANALYZE; VACUUM");
	assert_ok(store_open("analyzed.db", STORE_WRITE, &s, &err));
}

/* Triggers can be switched off without a trace in the schema. */
static void run_unguarded(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

TEST(a_manifest_that_is_not_as_the_log_tells_is_named)
{
	static const struct {
		const char *change, *says;
	} tries[] = {
		{"UPDATE manifest SET revision = 7", "el8/v1.21.3/x86_64@7 is in the"},
		{"UPDATE manifest SET digest = zeroblob(32)",
		 "@1 is in the store, and was never added so"},
		{"PRAGMA foreign_keys = OFF; DELETE FROM manifest",
		 "el8/v1.21.3/x86_64@1 was added, and is not in the store so"},
		{"UPDATE manifest SET state = 2, published = 1",
		 "@1 shows as published, and never was"},
		{"UPDATE manifest SET state = 3, reason = 'x', withdrawn = 1",
		 "@1 shows as withdrawn, and never was"},
	};

	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		AUTO(store_closep) struct store *s = sample_store("told.db");
		struct store_manifest m;
		struct digest last;
		uint64_t rows;

		sample_put_named(s, "8", "v1.21.3", 1, &m);
		assert_ok(store_verify_log(s, &rows, &last, &err));
		run_unguarded("told.db", tries[i].change);
		assert_err(ERR_MISMATCH, store_verify_log(s, &rows, &last, &err));
		assert_says(tries[i].says);
	}
}

TEST(a_damaged_body_is_never_handed_out)
{
	AUTO(store_closep) struct store *s = sample_store("body.db");
	AUTO(buf_clear) struct buf got = BUF_MAX(ASC_MAX);
	struct store_manifest m;

	sample_put_named(s, "8", "v1.21.3", 1, &m);
	sample_sql_ok("body.db",
		      "DROP TRIGGER signed_fixed; UPDATE signed SET asc = "
		      "cast(replace(cast(asc AS TEXT), 'kubelet', 'Kubelet') AS BLOB)");
	buf_puts(&got, "before");
	assert_err(ERR_FORMAT, store_text(s, m.row, &got, &err));
	assert_says("damaged");
	assert_err(ERR_FORMAT, store_asc(s, m.row, &got, &err));
	assert_string_equal(got.data, "before");
}
