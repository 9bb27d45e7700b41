/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sample.h"

#include <sqlite3.h>

/* What anybody with the sqlite3 program can do. */
static int sql(const char *path, const char *text, char *msg, size_t size)
{
	sqlite3 *db;
	int rc;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	rc = sqlite3_exec(db, text, NULL, NULL, NULL);
	snprintf(msg, size, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	return rc;
}

static void sql_ok(const char *path, const char *text)
{
	char msg[256];

	if (sql(path, text, msg, sizeof(msg)) != SQLITE_OK)
		fail_msg("%s: %s", text, msg);
}

struct seen {
	size_t count;
	char ids[16][STORE_ID_SIZE];
	enum store_state states[16];
};

static bool see(void *arg, const struct store_manifest *m, struct error *why)
{
	struct seen *seen = arg;

	(void)why;
	assert_true(seen->count < ARRAY_LEN(seen->ids));
	seen->states[seen->count] = m->state;
	store_manifest_id(m, seen->ids[seen->count++]);
	return true;
}

static bool see_visible(void *arg, const struct store_manifest *m,
			const struct store_signed *f, struct error *why)
{
	assert_true(f->published != 0);
	assert_string_not_equal(f->signers, "");
	return see(arg, m, why);
}

/* ---- making and opening ---- */

TEST(a_store_is_made_once_and_opened_again)
{
	AUTO(store_closep) struct store *s = NULL;
	uint64_t rows;
	struct digest last;

	unlink("a.db");
	assert_ok(store_create("a.db", &err));
	assert_err(ERR_CONFLICT, store_create("a.db", &err));
	assert_says("exists already");
	assert_ok(store_open("a.db", STORE_READ, &s, &err));
	assert_ok(store_verify_log(s, &rows, &last, &err));
	assert_int_equal(rows, 1);
}

TEST(init_leaves_nothing_behind_when_it_cannot_finish)
{
	assert_err(ERR_NOT_FOUND, store_create("nowhere/a.db", &err));
	assert_says("nowhere/a.db");
	assert_int_equal(access("nowhere", F_OK), -1);
}

TEST(what_is_no_store_is_refused_in_words)
{
	struct store *s = NULL;

	assert_err(ERR_NOT_FOUND, store_open("none.db", STORE_READ, &s, &err));
	assert_says("no store 'none.db'");
	assert_ok(file_write_atomic("text.db", "this is a text file of some length\n",
				    35, 0644, &err));
	assert_err(ERR_FORMAT, store_open("text.db", STORE_READ, &s, &err));
	assert_says("not an SQLite file");
	assert_err(ERR_FORMAT, store_open("text.db", STORE_WRITE, &s, &err));
	assert_ok(file_write_atomic("empty.db", "", 0, 0644, &err));
	assert_err(ERR_FORMAT, store_open("empty.db", STORE_WRITE, &s, &err));
	assert_says("no fips-manifest store");
	sql_ok("other.db", "CREATE TABLE IF NOT EXISTS t (x)");
	assert_err(ERR_FORMAT, store_open("other.db", STORE_WRITE, &s, &err));
	assert_says("no fips-manifest store");
	assert_err(ERR_SYSTEM, store_open("tmp", STORE_READ, &s, &err));
	assert_null(s);
}

TEST(a_newer_store_is_refused)
{
	struct store *s = NULL;

	store_close(sample_store("newer.db"));
	sql_ok("newer.db", "PRAGMA user_version = 99");
	assert_err(ERR_CONFLICT, store_open("newer.db", STORE_READ, &s, &err));
	assert_says("schema 99");
	assert_err(ERR_CONFLICT, store_open("newer.db", STORE_WRITE, &s, &err));
	assert_says("newer fips-manifest");
}

TEST(an_older_store_is_not_migrated_by_a_reader)
{
	struct store *s = NULL;

	sql_ok("older.db", "PRAGMA application_id = 1179472689");
	assert_err(ERR_CONFLICT, store_open("older.db", STORE_READ, &s, &err));
	assert_says("schema 0");
	assert_ok(store_open("older.db", STORE_WRITE, &s, &err));
	store_closep(&s);
	assert_ok(store_open("older.db", STORE_READ, &s, &err));
	store_closep(&s);
}

TEST(a_reader_writes_nothing)
{
	AUTO(store_closep) struct store *s = NULL;

	store_close(sample_store("reader.db"));
	assert_ok(store_open("reader.db", STORE_READ, &s, &err));
	assert_err(ERR_INTERNAL, store_log(s, "a", "b", "c", &err));
	assert_says("open for reading");
}

/* ---- manifests ---- */

TEST(a_manifest_is_kept_with_its_text_and_its_signed_file)
{
	AUTO(store_closep) struct store *s = sample_store("put.db");
	AUTO(buf_clear) struct buf text = BUF_MAX(ASC_MAX);
	AUTO(buf_clear) struct buf got = BUF_MAX(ASC_MAX);
	AUTO(buf_clear) struct buf asc = BUF_MAX(ASC_MAX);
	struct store_manifest m, by;
	struct digest d;

	sample_text("8", "v1.21.3", 1, "note", &text);
	assert_ok(sample_put(s, &text, "sig", STORE_PENDING, &m, &err));
	assert_string_equal(m.el, "8");
	assert_string_equal(m.kubernetes, "v1.21.3");
	assert_string_equal(m.arch, "x86_64");
	assert_int_equal(m.state, STORE_PENDING);
	assert_int_equal(m.size, text.len);
	assert_ok(digest_of_bytes(text.data, text.len, &d, &err));
	assert_true(digest_equal(&d, &m.digest));
	assert_ok(store_text(s, m.row, &got, &err));
	assert_string_equal(got.data, text.data);
	assert_ok(store_asc(s, m.row, &asc, &err));
	assert_true(text_starts(asc.data, "head\n\n{"));
	assert_true(text_ends(asc.data, "}\nsig\n"));
	assert_ok(store_manifest_by_digest(s, &d, &by, &err));
	assert_int_equal(by.row, m.row);
	d.bytes[0] ^= 1;
	assert_err(ERR_NOT_FOUND, store_manifest_by_digest(s, &d, &by, &err));
	assert_err(ERR_NOT_FOUND, store_text(s, 99, &got, &err));
}

TEST(the_same_text_again_replaces_its_signatures_until_they_are_published)
{
	AUTO(store_closep) struct store *s = sample_store("again.db");
	AUTO(buf_clear) struct buf text = BUF_MAX(ASC_MAX);
	AUTO(buf_clear) struct buf asc = BUF_MAX(ASC_MAX);
	struct store_manifest m, again;
	struct store_signed first, second;

	sample_text("8", "v1.21.3", 1, "note", &text);
	assert_ok(sample_put(s, &text, "one", STORE_PENDING, &m, &err));
	assert_ok(sample_put(s, &text, "one two", STORE_COMPLETE, &again, &err));
	assert_int_equal(m.row, again.row);
	assert_int_equal(again.state, STORE_COMPLETE);
	assert_ok(store_asc(s, m.row, &asc, &err));
	assert_true(text_ends(asc.data, "}\none two\n"));
	assert_ok(store_publish_manifest(s, m.row, "AA BB", &err));
	assert_ok(store_signed(s, m.row, &first, &err));
	assert_string_equal(first.signers, "AA BB");
	assert_true(first.published != 0);
	/* a third signature waits beside the published file */
	assert_ok(sample_put(s, &text, "one two three", STORE_COMPLETE, &again, &err));
	assert_int_equal(again.state, STORE_PUBLISHED);
	assert_ok(store_signed(s, m.row, &second, &err));
	assert_int_not_equal(first.row, second.row);
	assert_int_equal(second.published, 0);
	buf_reset(&asc);
	assert_ok(store_signed_bytes(s, first.row, &asc, &err));
	assert_true(text_ends(asc.data, "}\none two\n"));
	assert_ok(store_publish_manifest(s, m.row, "AA BB CC", &err));
	assert_ok(store_signed(s, m.row, &second, &err));
	assert_true(second.published != 0);
}

TEST(another_text_under_the_same_name_is_refused)
{
	AUTO(store_closep) struct store *s = sample_store("other-text.db");
	AUTO(buf_clear) struct buf text = BUF_MAX(ASC_MAX);
	struct store_manifest m = {.row = 77};
	struct seen seen = EMPTY;

	sample_text("8", "v1.21.3", 1, "one", &text);
	assert_ok(sample_put(s, &text, "sig", STORE_COMPLETE, &m, &err));
	sample_text("8", "v1.21.3", 1, "two", &text);
	m.row = 77;
	assert_err(ERR_CONFLICT, sample_put(s, &text, "sig", STORE_COMPLETE, &m, &err));
	assert_says("el8/v1.21.3/x86_64@1");
	assert_int_equal(m.row, 77);
	assert_err(ERR_FORMAT,
		   store_put_manifest(
			   s, &(const struct store_put){"{}\n", 3, "{}\n", 3, 0}, &m,
			   &err));
	assert_ok(store_each_manifest(s, &(const struct store_filter)EMPTY, see, &seen,
				      &err));
	assert_int_equal(seen.count, 1);
}

TEST(manifests_come_in_the_order_of_versions)
{
	AUTO(store_closep) struct store *s = sample_store("order.db");
	static const char *const want[] = {
		"el7/v1.21.3/x86_64@1",   "el8/v1.21.10/x86_64@1",
		"el8/v1.21.3/x86_64@2",   "el8/v1.21.3/x86_64@1",
		"el8.4/v1.21.3/x86_64@1", "el8.10/v1.21.3/x86_64@1",
		"el10/v1.21.3/x86_64@1",
	};
	struct store_manifest m;
	struct seen seen = EMPTY, some = EMPTY;

	sample_put_named(s, "10", "v1.21.3", 1, &m);
	sample_put_named(s, "8.10", "v1.21.3", 1, &m);
	sample_put_named(s, "8", "v1.21.3", 1, &m);
	sample_put_named(s, "8", "v1.21.10", 1, &m);
	sample_put_named(s, "8.4", "v1.21.3", 1, &m);
	sample_put_named(s, "8", "v1.21.3", 2, &m);
	sample_put_named(s, "7", "v1.21.3", 1, &m);
	assert_ok(store_each_manifest(s, &(const struct store_filter)EMPTY, see, &seen,
				      &err));
	assert_int_equal(seen.count, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_string_equal(seen.ids[i], want[i]);
	assert_ok(store_each_manifest(
		s,
		&(const struct store_filter){
			.el = "8", .kubernetes = "v1.21.3", .revision = 1},
		see, &some, &err));
	assert_int_equal(some.count, 1);
}

TEST(the_newest_published_revision_alone_is_visible)
{
	AUTO(store_closep) struct store *s = sample_store("visible.db");
	struct store_manifest one, two;
	struct seen seen = EMPTY;

	sample_put_named(s, "8", "v1.21.3", 1, &one);
	assert_ok(store_each_visible(s, see_visible, &seen, &err));
	assert_int_equal(seen.count, 0);
	assert_ok(store_publish_manifest(s, one.row, "AA", &err));
	sample_put_named(s, "8", "v1.21.3", 2, &two);
	assert_ok(store_each_visible(s, see_visible, &seen, &err));
	assert_string_equal(seen.ids[0], "el8/v1.21.3/x86_64@1");
	assert_ok(store_publish_manifest(s, two.row, "AA", &err));
	seen.count = 0;
	assert_ok(store_each_visible(s, see_visible, &seen, &err));
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.ids[0], "el8/v1.21.3/x86_64@2");
	/* withdrawn: nothing is served, not even the older one */
	assert_ok(store_set_state(s, two.row, STORE_WITHDRAWN, "wrong build", &err));
	seen.count = 0;
	assert_ok(store_each_visible(s, see_visible, &seen, &err));
	assert_int_equal(seen.count, 0);
	sample_put_named(s, "8", "v1.21.3", 3, &two);
	assert_ok(store_publish_manifest(s, two.row, "AA", &err));
	assert_ok(store_each_visible(s, see_visible, &seen, &err));
	assert_string_equal(seen.ids[0], "el8/v1.21.3/x86_64@3");
}

TEST(what_is_withdrawn_stays_so)
{
	AUTO(store_closep) struct store *s = sample_store("withdrawn.db");
	AUTO(buf_clear) struct buf text = BUF_MAX(ASC_MAX);
	struct store_manifest m;
	struct seen seen = EMPTY;

	sample_text("8", "v1.21.3", 1, "note", &text);
	assert_ok(sample_put(s, &text, "sig", STORE_COMPLETE, &m, &err));
	assert_err(ERR_USAGE, store_set_state(s, m.row, STORE_WITHDRAWN, "", &err));
	assert_err(ERR_FORMAT,
		   store_set_state(s, m.row, STORE_WITHDRAWN, "two\nlines", &err));
	assert_ok(store_each_manifest(s, &(const struct store_filter)EMPTY, see, &seen,
				      &err));
	assert_int_equal(seen.states[0], STORE_COMPLETE);
	assert_ok(store_set_state(s, m.row, STORE_WITHDRAWN, "why", &err));
	assert_err(ERR_CONFLICT,
		   store_set_state(s, m.row, STORE_WITHDRAWN, "again", &err));
	assert_err(ERR_CONFLICT, store_set_state(s, m.row, STORE_COMPLETE, NULL, &err));
	assert_err(ERR_CONFLICT, store_publish_manifest(s, m.row, "AA", &err));
	assert_err(ERR_CONFLICT,
		   sample_put(s, &text, "more", STORE_COMPLETE, &m, &err));
	assert_says("was withdrawn (why)");
}

struct hits {
	size_t count;
	struct store_hit first;
};

static bool hit(void *arg, const struct store_hit *h, struct error *why)
{
	struct hits *hits = arg;

	(void)why;
	if (!hits->count++)
		hits->first = *h;
	return true;
}

TEST(a_digest_finds_every_manifest_that_lists_it)
{
	AUTO(store_closep) struct store *s = sample_store("find.db");
	AUTO(manifest_clear) struct manifest sample = EMPTY;
	struct store_manifest m, later;
	struct store_signed f;
	struct hits hits = EMPTY;
	const struct manifest_component *c;
	struct digest none = EMPTY;

	sample_load(&sample);
	c = &sample.components[0];
	sample_put_named(s, "8", "v1.21.3", 1, &m);
	sample_put_named(s, "8", "v1.21.3", 2, &later);
	assert_ok(store_find_digest(s, &c->files[0].sha256, hit, &hits, &err));
	assert_int_equal(hits.count, 2);
	assert_int_equal(hits.first.manifest.revision, 2);
	assert_string_equal(hits.first.component, c->name);
	assert_string_equal(hits.first.path, c->files[0].path);
	hits.count = 0;
	assert_ok(store_find_digest(s, &c->source.sha256, hit, &hits, &err));
	assert_int_equal(hits.count, 2);
	assert_string_equal(hits.first.path, "");
	hits.count = 0;
	assert_ok(store_find_digest(s, &m.digest, hit, &hits, &err));
	assert_int_equal(hits.count, 1);
	assert_string_equal(hits.first.component, "");
	hits.count = 0;
	assert_ok(store_signed(s, m.row, &f, &err));
	assert_ok(store_find_digest(s, &f.digest, hit, &hits, &err));
	assert_int_equal(hits.count, 1);
	hits.count = 0;
	assert_ok(store_find_digest(s, &none, hit, &hits, &err));
	assert_int_equal(hits.count, 0);
}

/* ---- transactions ---- */

TEST(a_transaction_is_kept_whole_or_not_at_all)
{
	AUTO(store_closep) struct store *s = sample_store("whole.db");
	AUTO(store_closep) struct store *reader = NULL;
	struct store_manifest m;
	struct seen seen = EMPTY;
	uint64_t before, after;

	assert_ok(store_open("whole.db", STORE_READ, &reader, &err));
	assert_ok(store_version(reader, &before, &err));
	assert_ok(store_begin(s, &err));
	sample_put_named(s, "8", "v1.21.3", 1, &m);
	store_rollback(s);
	assert_ok(store_each_manifest(s, &(const struct store_filter)EMPTY, see, &seen,
				      &err));
	assert_int_equal(seen.count, 0);
	assert_ok(store_version(reader, &after, &err));
	assert_int_equal(before, after);
	assert_ok(store_begin(s, &err));
	sample_put_named(s, "8", "v1.21.3", 1, &m);
	assert_ok(store_commit(s, &err));
	assert_ok(store_version(reader, &after, &err));
	assert_int_not_equal(before, after);
}

TEST(a_failed_call_inside_a_transaction_undoes_itself_alone)
{
	AUTO(store_closep) struct store *s = sample_store("inner.db");
	AUTO(buf_clear) struct buf text = BUF_MAX(ASC_MAX);
	struct store_manifest m;
	struct seen seen = EMPTY;
	struct digest last;
	uint64_t rows;

	assert_ok(store_begin(s, &err));
	sample_put_named(s, "8", "v1.21.3", 1, &m);
	sample_text("8", "v1.21.3", 1, "another", &text);
	assert_err(ERR_CONFLICT, sample_put(s, &text, "sig", STORE_COMPLETE, &m, &err));
	assert_ok(store_commit(s, &err));
	assert_ok(store_each_manifest(s, &(const struct store_filter)EMPTY, see, &seen,
				      &err));
	assert_int_equal(seen.count, 1);
	assert_ok(store_verify_log(s, &rows, &last, &err));
	assert_int_equal(rows, 2);
}

struct nested {
	struct store *s;
	struct error why;
};

static bool call_again(void *arg, const struct store_manifest *m, struct error *why)
{
	struct nested *n = arg;

	(void)m;
	(void)why;
	assert_false(store_each_manifest(n->s, &(const struct store_filter)EMPTY, see,
					 &(struct seen)EMPTY, &n->why));
	return true;
}

TEST(a_callback_that_calls_its_caller_is_refused)
{
	AUTO(store_closep) struct store *s = sample_store("nested.db");
	struct nested n = {.s = s};
	struct store_manifest m;

	sample_put_named(s, "8", "v1.21.3", 1, &m);
	assert_ok(store_each_manifest(s, &(const struct store_filter)EMPTY, call_again,
				      &n, &err));
	assert_int_equal(n.why.code, ERR_INTERNAL);
}

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

TEST(published_rows_and_the_log_refuse_every_change)
{
	static const char *const tries[] = {
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
		"UPDATE setting SET threshold = 0",
		"UPDATE setting SET threshold = 'two'",
		"INSERT INTO setting VALUES (2, 1, 1)",
	};
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
	for (size_t i = 0; i < ARRAY_LEN(tries); i++)
		if (sql("fixed.db", tries[i], msg, sizeof(msg)) != SQLITE_CONSTRAINT)
			fail_msg("%s: %s", tries[i], msg);
	/* the one change that is allowed */
	sql_ok("fixed.db",
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
		sql_ok("log.db", change);
		assert_err(ERR_MISMATCH, store_verify_log(s, &rows, &last, &err));
		assert_says(tries[i].says);
		assert_int_equal(rows, 77);
	}
}

TEST(a_damaged_body_is_never_handed_out)
{
	AUTO(store_closep) struct store *s = sample_store("body.db");
	AUTO(buf_clear) struct buf got = BUF_MAX(ASC_MAX);
	struct store_manifest m;

	sample_put_named(s, "8", "v1.21.3", 1, &m);
	sql_ok("body.db",
	       "DROP TRIGGER signed_fixed; UPDATE signed SET asc = "
	       "cast(replace(cast(asc AS TEXT), 'kubelet', 'Kubelet') AS BLOB)");
	buf_puts(&got, "before");
	assert_err(ERR_FORMAT, store_text(s, m.row, &got, &err));
	assert_says("damaged");
	assert_err(ERR_FORMAT, store_asc(s, m.row, &got, &err));
	assert_string_equal(got.data, "before");
}
