/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sample.h"

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
	sample_sql_ok("other.db", "CREATE TABLE IF NOT EXISTS t (x)");
	assert_err(ERR_FORMAT, store_open("other.db", STORE_WRITE, &s, &err));
	assert_says("no fips-manifest store");
	assert_err(ERR_SYSTEM, store_open("tmp", STORE_READ, &s, &err));
	assert_null(s);
}

TEST(a_newer_store_is_refused)
{
	struct store *s = NULL;

	store_close(sample_store("newer.db"));
	sample_sql_ok("newer.db", "PRAGMA user_version = 99");
	assert_err(ERR_CONFLICT, store_open("newer.db", STORE_READ, &s, &err));
	assert_says("schema 99");
	assert_err(ERR_CONFLICT, store_open("newer.db", STORE_WRITE, &s, &err));
	assert_says("newer fips-manifest");
}

TEST(an_older_store_is_not_migrated_by_a_reader)
{
	struct store *s = NULL;

	sample_sql_ok("older.db", "PRAGMA application_id = 1179472689");
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

TEST(the_signatures_of_a_file_are_what_stands_behind_its_text)
{
	AUTO(store_closep) struct store *s = sample_store("behind.db");
	AUTO(buf_clear) struct buf text = BUF_MAX(ASC_MAX);
	AUTO(buf_clear) struct buf got = BUF_MAX(4), small = BUF_MAX(3);
	struct store_manifest m;
	struct store_signed f;
	bool superseded;

	sample_text("8", "v1.21.3", 1, "note", &text);
	assert_ok(sample_put(s, &text, "sig", STORE_COMPLETE, &m, &err));
	assert_ok(store_signed(s, m.row, &f, &err));
	assert_ok(store_signatures(s, f.row, &got, &err));
	assert_string_equal(got.data, "sig\n");
	assert_err(ERR_LIMIT, store_signatures(s, f.row, &small, &err));
	assert_err(ERR_NOT_FOUND, store_signatures(s, 99, &got, &err));
	assert_err(ERR_NOT_FOUND, store_shown(s, m.row, &f, &superseded, &err));
	assert_ok(store_publish_manifest(s, m.row, "AA", &err));
	assert_ok(store_shown(s, m.row, &f, &superseded, &err));
	assert_string_equal(f.signers, "AA");
	assert_false(superseded);
	sample_text("8", "v1.21.3", 2, "note", &text);
	assert_ok(sample_put(s, &text, "sig", STORE_COMPLETE, &m, &err));
	assert_ok(store_publish_manifest(s, m.row, "AA", &err));
	assert_ok(store_shown(s, m.row, &f, &superseded, &err));
	assert_false(superseded);
	assert_ok(store_shown(s, m.row - 1, &f, &superseded, &err));
	assert_true(superseded);
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
		   store_put_manifest(s,
				      &(const struct store_put){.text = "{}\n",
								.text_len = 3,
								.asc = "{}\n",
								.asc_len = 3},
				      &m, &err));
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

static bool put_signed(struct store *s, const struct buf *text, const char *signature,
		       const char *signers, struct store_manifest *out,
		       struct error *why)
{
	AUTO(buf_clear) struct buf asc = BUF_MAX(ASC_MAX);
	struct store_put put = {.text = text->data,
				.text_len = text->len,
				.state = STORE_COMPLETE,
				.signers = signers};

	/* a head that begins as the text does */
	buf_printf(&asc, "{\n  \"components\": [\n\n%s%s\n", text->data, signature);
	put.asc = asc.data;
	put.asc_len = asc.len;
	return store_put_manifest(s, &put, out, why);
}

static bool count_publish(void *arg, const struct store_event *e, struct error *why)
{
	unsigned *count = arg;

	(void)why;
	*count += !strcmp(e->action, "publish");
	return true;
}

TEST(what_is_put_with_its_signers_is_published_at_once)
{
	AUTO(store_closep) struct store *s = sample_store("at-once.db");
	AUTO(buf_clear) struct buf text = BUF_MAX(ASC_MAX);
	AUTO(buf_clear) struct buf got = BUF_MAX(ASC_MAX);
	struct store_manifest m;
	struct store_signed f;
	unsigned count = 0;

	sample_text("8", "v1.21.3", 1, "note", &text);
	assert_err(ERR_INTERNAL, put_signed(s, &text, "one", "", &m, &err));
	assert_ok(put_signed(s, &text, "one", "AA", &m, &err));
	assert_int_equal(m.state, STORE_PUBLISHED);
	assert_int_not_equal(m.published, 0);
	assert_ok(put_signed(s, &text, "one", "AA", &m, &err)); /* nothing new */
	assert_ok(store_each_event(s, count_publish, &count, &err));
	assert_int_equal(count, 1);
	assert_ok(put_signed(s, &text, "two", "AA BB", &m, &err));
	assert_ok(store_signed(s, m.row, &f, &err));
	assert_string_equal(f.signers, "AA BB");
	assert_int_not_equal(f.published, 0);
	assert_ok(store_text(s, m.row, &got, &err));
	assert_true(buf_equal(&got, &text));
	count = 0;
	assert_ok(store_each_event(s, count_publish, &count, &err));
	assert_int_equal(count, 2);
	/* what waits unpublished is published by the same file with its signers */
	sample_text("8", "v1.21.3", 2, "note", &text);
	assert_ok(put_signed(s, &text, "one", NULL, &m, &err));
	assert_int_equal(m.state, STORE_COMPLETE);
	assert_ok(put_signed(s, &text, "one", "AA", &m, &err));
	assert_ok(store_signed(s, m.row, &f, &err));
	assert_string_equal(f.signers, "AA");
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
