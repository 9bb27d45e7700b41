/* SPDX-License-Identifier: Apache-2.0 */
/* core/tuf_role, tuf_write, tuf_edit, tuf_find, tuf_hash, tuf_canonical: values. */
#include "core/tuf_edit.h"
#include "core/tuf_find.h"
#include "core/tuf_trust.h"
#include "core/tuf_walk.h"
#include "core/tuf_write.h"

#include "core/text.h"
#include "core/tuf_canonical.h"
#include "core/tuf_sign.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t FAR_FUTURE = 4102444800; /* 2100-01-01 */

/* ---- patterns ---- */

TEST(tuf_find_matches_as_the_specification_says)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} rows[] = {
		{"*", "file", true},
		{"*", "a/file", false},
		{"*/*", "a/file", true},
		{"*/*", "a/b/file", false},
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"**", "file", true},
		{"a*", "a", true},
		{"*a", "bcaba", true},
		{"*ab*cd*", "xxabxxcdxx", true},
		{"*ab*cd*", "xxabxxcxdxx", false},
		{"a?c", "abc", true},
		{"a?c", "a/c", false},
		{"a?c", "ac", false},
		{"?", "\xc3\xa9", true},
		{"??", "\xc3\xa9", false},
		{"a/*/c", "a/b/c", true},
		{"a/*/c", "a//c", true},
		{"a/*/c", "a/b/d/c", false},
		{"a*/c", "ab/x/c", false},
		{"foo-version-?.tgz", "foo-version-a.tgz", true},
		{"foo-version-?.tgz", "foo-version-alpha.tgz", false},
		{"*.tgz", "targets/foo.tgz", false},
		{"targets/*.tgz", "targets/foo.tgz", true},
		{"[ab]", "a", false},
		{"[ab]", "[ab]", true},
		{"a\\*", "a\\b", true},
		{"A", "a", false},
		{"manifests/*/manifest-el8-*", "manifests/v1/manifest-el8-x.asc", true},
		{"manifests/*/manifest-el8-*", "manifests/v1/manifest-el80-x.asc",
		 false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (tuf_find_matches(rows[i].pattern, rows[i].path) != rows[i].matches)
			fail_msg("'%s' and '%s'", rows[i].pattern, rows[i].path);
}

TEST(tuf_find_matches_in_little_time_whatever_the_pattern)
{
	AUTO(buf_clear) struct buf pattern = BUF_MAX(1 << 20);
	AUTO(buf_clear) struct buf path = BUF_MAX(1 << 20);

	for (int i = 0; i < 300; i++)
		buf_puts(&pattern, "*a");
	buf_puts(&pattern, "b");
	for (int i = 0; i < 1000; i++)
		buf_puts(&path, "a");
	assert_false(tuf_find_matches(pattern.data, path.data));
}

/* ---- canonical JSON ---- */

static bool canonical(const char *text, struct buf *out, struct error *why)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;

	return json_parse(text, strlen(text), 4096, &doc, why) &&
	       tuf_canonical_put(json_root(&doc), out, why);
}

TEST(tuf_canonical_writes_olpc_form)
{
	static const char *const rows[][2] = {
		{"{ }", "{}"},
		{"[ 1, -2,\n3 ]", "[1,-2,3]"},
		{"{\"b\":1,\"a\":2,\"B\":3,\"\":4}",
		 "{\"\":4,\"B\":3,\"a\":2,\"b\":1}"},
		{"\"\\u000a\\t\\\"\\\\\\/\\u00e9\"", "\"\n\t\\\"\\\\/\xc3\xa9\""},
		{"{\"k\":[true,false,null]}", "{\"k\":[true,false,null]}"},
		{"9007199254740993", "9007199254740993"},
		{"-0", "0"},
		{"{\"\\u00e9\":1,\"z\":2,\"\\ud83d\\ude00\":3,\"\\uffff\":4}",
		 "{\"z\":2,\"\xc3\xa9\":1,\"\xef\xbf\xbf\":4,\"\xf0\x9f\x98\x80\":3}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(buf_clear) struct buf out = BUF_MAX(4096);

		assert_ok(canonical(rows[i][0], &out, &err));
		assert_string_equal(out.data, rows[i][1]);
	}
}

TEST(tuf_canonical_has_no_form_for_reals)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(4096);

	assert_err(ERR_FORMAT, canonical("{\"a\":[1.0]}", &out, &err));
	assert_err(ERR_FORMAT, canonical("1e3", &out, &err));
}

/* ---- round trips ---- */

static struct tuf_key make_key(const char *id)
{
	AUTO(tuf_sign_freep) struct tuf_secret *s = NULL;
	AUTO(tuf_key_clear) struct tuf_key own = EMPTY;
	struct tuf_key key = EMPTY;
	struct error why;

	if (!tuf_sign_generate(TUF_ECDSA_P256, &s, &why) ||
	    !tuf_sign_public(s, &own, &why) ||
	    !tuf_key_init(id, own.type, own.scheme, own.value, &key, &why))
		fail_msg("%s", why.msg);
	return key;
}

static struct tuf_targets make_targets(void)
{
	struct tuf_targets t = {.version = 7, .expires = FAR_FUTURE};
	AUTO(tuf_key_clear) struct tuf_key a = make_key("key-a");
	AUTO(tuf_key_clear) struct tuf_key b = make_key(NULL);
	struct tuf_key keys[] = {b, a};
	char *paths[] = {(char[]){"manifests/*/manifest-el8-*"}, (char[]){"el8/*"}};
	char *hashes[] = {(char[]){"00"}, (char[]){"f"}};
	struct tuf_delegation el8 = {.name = (char[]){"el8"},
				     .signers.threshold = 2,
				     .patterns = paths,
				     .pattern_count = 2,
				     .terminating = true};
	struct tuf_delegation bin = {.name = (char[]){"bin"},
				     .signers.threshold = 1,
				     .patterns = hashes,
				     .pattern_count = 2,
				     .by_hash = true};
	struct tuf_target target = {.length = 3};
	struct error why;
	static const char *const names[] = {"m/b", "a", "z+1.0", "m/a", "m/b"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[16], custom[] = "{\"el\":\"8\",\"n\":[1,null,\"\\u000a\"]}";

		snprintf(path, sizeof(path), "%s", names[i]);
		target.path = path;
		target.custom = i % 2 ? custom : NULL;
		assert_true(tuf_hash_of(names[i], i, &target.hashes, &why));
		target.hashes.has_sha512 = i == 1;
		assert_true(tuf_edit_put_target(&t, &target, &why));
	}
	assert_true(tuf_edit_put_delegation(&t, &el8, keys, 2, &why));
	assert_true(tuf_edit_put_delegation(&t, &bin, keys, 1, &why));
	return t;
}

static bool parse_targets(const struct buf *text, struct tuf_targets *out,
			  struct error *why)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;

	return json_parse(text->data, text->len, TUF_TARGETS_MAX, &doc, why) &&
	       tuf_role_read_targets(json_root(&doc), out, why);
}

TEST(tuf_targets_written_and_read_again_are_the_same)
{
	AUTO(tuf_role_clear_targets) struct tuf_targets t = make_targets();
	AUTO(tuf_role_clear_targets) struct tuf_targets again = EMPTY;
	AUTO(buf_clear) struct buf text = BUF_MAX(1 << 20);
	AUTO(buf_clear) struct buf twice = BUF_MAX(1 << 20);

	assert_ok(tuf_write_targets(&t, &text, &err));
	assert_ok(parse_targets(&text, &again, &err));
	assert_ok(tuf_write_targets(&again, &twice, &err));
	assert_string_equal(text.data, twice.data);
	assert_int_equal(again.count, 4);
	assert_int_equal(again.version, 7);
	assert_int_equal(again.expires, FAR_FUTURE);
	assert_non_null(tuf_find_target(&again, "m/a"));
	assert_null(tuf_find_target(&again, "m"));
	assert_string_equal(tuf_find_target(&again, "a")->custom,
			    "{\"el\":\"8\",\"n\":[1,null,\"\\u000a\"]}\n");
	assert_true(tuf_find_target(&again, "a")->hashes.has_sha512);
	assert_int_equal(again.delegation_count, 2);
	assert_string_equal(again.delegations[0].name, "el8");
	assert_true(again.delegations[0].terminating);
	assert_true(again.delegations[1].by_hash);
	assert_non_null(tuf_find_key(&again.keys, "key-a"));
	assert_null(tuf_find_key(&again.keys, "key-b"));
}

TEST(tuf_edit_keeps_order_and_drops_what_nobody_names)
{
	AUTO(tuf_role_clear_targets) struct tuf_targets t = make_targets();
	AUTO(tuf_key_clear) struct tuf_key c = make_key("key-c");
	struct tuf_delegation again = t.delegations[0];

	assert_int_equal(t.keys.count, 2);
	for (size_t i = 1; i < t.count; i++)
		assert_true(strcmp(t.targets[i - 1].path, t.targets[i].path) < 0);
	/* in its place, with another key */
	again.name = (char[]){"el8"};
	assert_ok(tuf_edit_put_delegation(&t, &again, &c, 1, &err));
	assert_int_equal(t.delegation_count, 2);
	assert_string_equal(t.delegations[0].name, "el8");
	assert_int_equal(t.delegations[0].signers.count, 1);
	assert_null(tuf_find_key(&t.keys, "key-a"));
	assert_int_equal(t.keys.count, 2);
}

TEST(tuf_edit_root_keys_live_as_long_as_a_role_names_them)
{
	AUTO(tuf_role_clear_root) struct tuf_root r = {.version = 1};
	AUTO(tuf_key_clear) struct tuf_key a = make_key("key-a");
	AUTO(tuf_key_clear) struct tuf_key b = make_key("key-b");

	assert_ok(tuf_edit_add_key(&r, TUF_ROOT, &b, &err));
	assert_ok(tuf_edit_add_key(&r, TUF_TARGETS, &b, &err));
	assert_ok(tuf_edit_add_key(&r, TUF_ROOT, &a, &err));
	assert_err(ERR_CONFLICT, tuf_edit_add_key(&r, TUF_ROOT, &a, &err));
	assert_int_equal(r.keys.count, 2);
	assert_ok(tuf_edit_remove_key(&r, TUF_ROOT, "key-b", &err));
	assert_err(ERR_NOT_FOUND, tuf_edit_remove_key(&r, TUF_ROOT, "key-b", &err));
	assert_non_null(tuf_find_key(&r.keys, "key-b"));
	assert_ok(tuf_edit_remove_key(&r, TUF_TARGETS, "key-b", &err));
	assert_null(tuf_find_key(&r.keys, "key-b"));
	assert_string_equal(r.roles[TUF_ROOT].ids[0], "key-a");
}

TEST(tuf_snapshot_finds_its_entries_by_role)
{
	static const char *const files[] = {"targets.json", "el8.json", "el8-a.json",
					    "el.json", "el8.json.json"};
	AUTO(tuf_role_clear_snapshot)
	struct tuf_snapshot s = {.version = 3, .expires = FAR_FUTURE};
	AUTO(tuf_role_clear_snapshot) struct tuf_snapshot again = EMPTY;
	AUTO(buf_clear) struct buf text = BUF_MAX(1 << 20);
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		char file[32];
		struct tuf_meta m = {.file = file, .version = 10 + (int64_t)i};

		snprintf(file, sizeof(file), "%s", files[i]);
		m.length = i;
		assert_ok(tuf_edit_put_meta(&s, &m, &err));
		assert_ok(tuf_edit_put_meta(&s, &m, &err));
	}
	assert_int_equal(s.count, ARRAY_LEN(files));
	assert_ok(tuf_write_snapshot(&s, &text, &err));
	assert_ok(json_parse(text.data, text.len, text.len, &doc, &err));
	assert_ok(tuf_role_read_snapshot(json_root(&doc), &again, &err));
	assert_int_equal(tuf_find_meta(&again, "targets")->version, 10);
	assert_int_equal(tuf_find_meta(&again, "el8")->version, 11);
	assert_int_equal(tuf_find_meta(&again, "el8-a")->version, 12);
	assert_int_equal(tuf_find_meta(&again, "el8.json")->version, 14);
	assert_null(tuf_find_meta(&again, "e"));
	assert_null(tuf_find_meta(&again, "el8.jso"));
}

/* ---- the walk ---- */

static char *visit(struct tuf_walk *w, struct buf *order, struct error *why)
{
	struct tuf_step step;
	bool more;

	if (!tuf_walk_next(w, &step, &more, why))
		return NULL;
	buf_printf(order, " %s", more ? step.name : "end");
	return order->data;
}

TEST(tuf_walk_goes_down_first_and_ends_behind_a_terminating_role)
{
	AUTO(tuf_walk_clear) struct tuf_walk w = EMPTY;
	AUTO(buf_clear) struct buf order = BUF_MAX(4096);
	char *star[] = {(char[]){"*"}};
	struct tuf_delegation top[] = {
		{.name = (char[]){"a"}, .patterns = star, .pattern_count = 1},
		{.name = (char[]){"b"}, .patterns = star, .pattern_count = 1}};
	struct tuf_delegation of_a[] = {
		{.name = (char[]){"c"}, .patterns = star, .pattern_count = 1},
		{.name = (char[]){"d"},
		 .patterns = star,
		 .pattern_count = 1,
		 .terminating = true},
		{.name = (char[]){"e"}, .patterns = star, .pattern_count = 1}};
	struct tuf_targets targets = {.delegations = top, .delegation_count = 2};
	struct tuf_targets a = {.delegations = of_a, .delegation_count = 3};
	struct tuf_delegator root = EMPTY;

	assert_ok(tuf_walk_begin(&w, "file", root, &err));
	assert_non_null(visit(&w, &order, &err));
	assert_ok(tuf_walk_down(&w, &targets, &err));
	assert_non_null(visit(&w, &order, &err));
	assert_ok(tuf_walk_down(&w, &a, &err));
	for (int i = 0; i < 3; i++)
		assert_non_null(visit(&w, &order, &err));
	assert_string_equal(order.data, " targets a c d end");
}
