/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <stdio.h>

static const size_t MAX = 1 << 20;

/* ---- the canonical form ---- */

/* Each is its own canonical form. */
static const char *const canonical[] = {
	"null\n",
	"true\n",
	"0\n",
	"-1\n",
	"9007199254740991\n",
	"-9007199254740991\n",
	"\"\"\n",
	"\"\\\"\\\\/\"\n",
	"\"caf\\u00e9 \\u20ac \\ud83d\\ude00\"\n",
	"{}\n",
	"[]\n",
	"[\n  1,\n  2\n]\n",
	"{\n  \"A\": 1,\n  \"a\": [\n    {},\n    []\n  ],\n  \"b\": false\n}\n",
	/* keys with escapes: the order is that of the text, not of its escapes */
	"{\n  \"!\": 1,\n  \"\\\"\": 2,\n  \"#\": 3\n}\n",
	"{\n  \"\": 1,\n  \"a\": 2,\n  \"a!\": 3,\n  \"aa\": 4\n}\n",
	"{\n  \"z\": 1,\n  \"\\u00e9\": 2,\n  \"\\ud83d\\ude00\": 3\n}\n",
};

TEST(a_canonical_text_is_read_and_written_byte_for_byte)
{
	for (size_t i = 0; i < ARRAY_LEN(canonical); i++) {
		AUTO(json_doc_clear) struct json_doc doc = EMPTY;
		AUTO(buf_clear) struct buf out = BUF_MAX(MAX);
		struct json_writer w = json_writer(&out);

		print_message("%s", canonical[i]);
		assert_ok(json_parse_canonical(canonical[i], strlen(canonical[i]), MAX,
					       &doc, &err));
		json_put_value(&w, NULL, json_root(&doc));
		assert_ok(json_write_end(&w, &err));
		assert_string_equal(out.data, canonical[i]);
	}
}

static const struct {
	const char *text;
	const char *says;
} not_canonical[] = {
	{"null", "line 1: not in canonical form"},
	{"null\n\n", "line 2: not in canonical form"},
	{" null\n", "line 1: not in canonical form"},
	{"null \n", "line 1: not in canonical form"},
	{"null\r\n", "line 1: not in canonical form"},
	{"{ }\n", "line 1: not in canonical form"},
	{"{\n}\n", "line 1: not in canonical form"},
	{"[1]\n", "line 1: not in canonical form"},
	{"[\n 1\n]\n", "line 2: not in canonical form"},
	{"[\n\t1\n]\n", "line 2: not in canonical form"},
	{"[\n  1 ,\n  2\n]\n", "line 2: not in canonical form"},
	{"{\n  \"a\" : 1\n}\n", "line 2: not in canonical form"},
	{"{\n  \"a\":1\n}\n", "line 2: not in canonical form"},
	{"{\n  \"b\": 1,\n  \"a\": 2\n}\n", "line 2: not in canonical form"},
	{"\"\\/\"\n", "line 1: not in canonical form"},
	{"\"\\u0041\"\n", "line 1: not in canonical form"},
	{"\"\\u00E9\"\n", "line 1: not in canonical form"},
	{"\"\xc3\xa9\"\n", "line 1: not in canonical form"},
	{"-0\n", "line 1: not in canonical form"},
	{"1.0\n", "line 1: a number that is not an integer"},
	{"[\n  1e2\n]\n", "line 2: a number that is not an integer"},
	{"9007199254740992\n", "line 1: integer beyond 2^53-1"},
	{"[\n  1,\n  -9007199254740992\n]\n", "line 3: integer beyond 2^53-1"},
	{"[\n  \"a\",\n  \"\\u0001\",\n  2\n]\n", "line 3: text with a control"},
	{"\"\\n\"\n", "line 1: text with a control character"},
	{"[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]\n",
	 "line 1: not in canonical"},
};

TEST(a_text_that_is_not_canonical_is_refused_with_its_line)
{
	for (size_t i = 0; i < ARRAY_LEN(not_canonical); i++) {
		struct json_doc doc = {.canonical = true};

		print_message("%s", not_canonical[i].text);
		assert_err(ERR_FORMAT,
			   json_parse_canonical(not_canonical[i].text,
						strlen(not_canonical[i].text), MAX,
						&doc, &err));
		assert_says(not_canonical[i].says);
		assert_null(doc.root);
		assert_true(doc.canonical);
	}
}

/* ---- any JSON ---- */

static const struct {
	const char *text;
	size_t len; /* 0: all of it */
} no_json[] = {
	{"", 0},
	{" ", 0},
	{"{", 0},
	{"[1,]", 0},
	{"{\"a\":1,}", 0},
	{"{\"a\":1,\"a\":2}", 0},
	{"{\"a\":{\"b\":1,\"\\u0062\":2}}", 0},
	{"{a:1}", 0},
	{"{'a':1}", 0},
	{"[1 2]", 0},
	{"nul", 0},
	{"NaN", 0},
	{"Infinity", 0},
	{"+1", 0},
	{"01", 0},
	{".5", 0},
	{"1.", 0},
	{"0x10", 0},
	{"1e999", 0},
	{"99999999999999999999", 0},
	{"\"\x01\"", 0},
	{"\"\xff\"", 0},
	{"\"\xc0\x80\"", 0},
	{"\"\\ud800\"", 0},
	{"\"\\udc00\\ud800\"", 0},
	{"\"\\x41\"", 0},
	{"\"\\u0000\"", 0},
	{"\"a\0b\"", 5},
	{"1\0", 2},
	{"{} {}", 0},
	{"// comment\n1", 0},
	{"\xef\xbb\xbf{}", 0},
};

TEST(what_is_no_json_is_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(no_json); i++) {
		size_t len = no_json[i].len ? no_json[i].len : strlen(no_json[i].text);
		struct json_doc doc = EMPTY;

		print_message("%s\n", no_json[i].text);
		assert_err(ERR_FORMAT,
			   json_parse(no_json[i].text, len, MAX, &doc, &err));
		assert_says("line 1: ");
		assert_null(doc.root);
	}
}

/* `depth` arrays within one another. */
static void nest(struct buf *b, int depth)
{
	buf_reset(b);
	for (int i = 0; i < depth; i++)
		buf_putc(b, '[');
	for (int i = 0; i < depth; i++)
		buf_putc(b, ']');
}

TEST(depth_and_size_have_ceilings)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	AUTO(buf_clear) struct buf b = BUF_MAX(1 << 22);
	struct json_doc none = EMPTY;

	nest(&b, 64);
	assert_ok(json_parse(b.data, b.len, MAX, &doc, &err));
	nest(&b, 65);
	assert_err(ERR_LIMIT, json_parse(b.data, b.len, MAX, &none, &err));
	nest(&b, 1 << 20);
	assert_err(ERR_FORMAT, json_parse(b.data, b.len, 1 << 21, &none, &err));
	assert_err(ERR_LIMIT, json_parse("null", 4, 3, &none, &err));
	assert_says("JSON text of 4 bytes, the limit is 3");
	assert_null(none.root);
}

/* ---- looking into a document ---- */

static const char sample[] = "{\n"
			     "  \"array\": [\n"
			     "    null,\n"
			     "    {\n"
			     "      \"deep\": null\n"
			     "    },\n"
			     "    true\n"
			     "  ],\n"
			     "  \"flag\": true,\n"
			     "  \"nothing\": null,\n"
			     "  \"number\": 7,\n"
			     "  \"object\": {},\n"
			     "  \"text\": \"abc\"\n"
			     "}\n";

static struct json open_sample(struct json_doc *doc)
{
	struct error why;

	if (!json_parse_canonical(sample, strlen(sample), MAX, doc, &why))
		fail_msg("%s", why.msg);
	return json_root(doc);
}

TEST(members_are_found_by_key_and_kind)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	struct json root = open_sample(&doc), v;
	const char *text = "untouched";
	int64_t n = -5;
	bool flag = false;

	assert_ok(json_get_string(root, "text", &text, &err));
	assert_string_equal(text, "abc");
	assert_ok(json_get_integer(root, "number", 0, 7, &n, &err));
	assert_int_equal(n, 7);
	assert_ok(json_get_bool(root, "flag", &flag, &err));
	assert_true(flag);
	assert_ok(json_get(root, "array", JSON_KIND_ARRAY, &v, &err));
	assert_int_equal(json_count(v), 3);
	assert_int_equal(json_kind(json_at(v, 0)), JSON_KIND_NULL);
	assert_int_equal(json_kind(json_at(v, 1)), JSON_KIND_OBJECT);
	assert_int_equal(json_count(root), 6);
	assert_int_equal(json_count(json_member(root, "text")), 0);
	assert_true(json_has(root, "nothing"));
	assert_false(json_has(root, "missing"));
	assert_ok(json_as_object(root, &err));
}

TEST(what_is_not_as_asked_for_is_refused_with_its_own_line)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	struct json root = open_sample(&doc), array, v;
	const char *text = "untouched";
	int64_t n = -5;
	bool flag = true;

	assert_err(ERR_FORMAT, json_get_string(root, "missing", &text, &err));
	assert_string_equal(err.msg, "line 1: 'missing' is missing");
	assert_err(ERR_FORMAT, json_get_string(root, "number", &text, &err));
	assert_string_equal(err.msg, "line 11: 'number' must be a string");
	assert_err(ERR_FORMAT, json_get_integer(root, "number", 8, 9, &n, &err));
	assert_says("line 11: 7 is not from 8 to 9");
	/* one object of the parser stands for every null, and one for every true */
	assert_err(ERR_FORMAT, json_get_string(root, "nothing", &text, &err));
	assert_string_equal(err.msg, "line 10: 'nothing' must be a string");
	assert_err(ERR_FORMAT, json_get_string(root, "flag", &text, &err));
	assert_string_equal(err.msg, "line 9: 'flag' must be a string");
	assert_ok(json_get(root, "array", JSON_KIND_ARRAY, &array, &err));
	assert_err(ERR_FORMAT, json_as_string(json_at(array, 2), &text, &err));
	assert_string_equal(err.msg, "line 7: expected a string");
	assert_err(ERR_FORMAT, json_as_object(json_at(array, 0), &err));
	assert_string_equal(err.msg, "line 3: expected an object");
	assert_err(ERR_FORMAT, json_get_bool(json_at(array, 1), "deep", &flag, &err));
	assert_string_equal(err.msg, "line 5: 'deep' must be true or false");
	assert_err(ERR_FORMAT, json_get(root, "text", JSON_KIND_OBJECT, &v, &err));
	assert_string_equal(err.msg, "line 13: 'text' must be an object");
	assert_string_equal(text, "untouched");
	assert_int_equal(n, -5);
	assert_true(flag);
}

/* Of what does not fit there is no half character, whoever prints it next. */
TEST(a_long_refusal_is_cut_between_characters)
{
	static const char empty[] = "{}\n";
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	char name[701];

	assert_ok(json_parse_canonical(empty, 3, 3, &doc, &err));
	for (size_t i = 0; i < 700; i++)
		name[i] = "\xc3\xa4"[i % 2];
	for (size_t len = 2; len <= 700; len += 2) {
		assert_err(ERR_FORMAT, json_refuse(json_root(&doc), &err, "%s%.*s",
						   len % 4 ? "" : "a", (int)len, name));
		assert_true(text_is_utf8(err.msg, strlen(err.msg)));
		assert_says("line 1: ");
	}
}

TEST(an_unknown_key_is_refused_with_its_line)
{
	static const char *const all[] = {"array",  "flag", "nothing", "number",
					  "object", "text", NULL};
	static const char *const fewer[] = {"array",  "flag", "number",
					    "object", "text", NULL};
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	struct json root = open_sample(&doc);

	assert_ok(json_only(root, all, &err));
	assert_err(ERR_FORMAT, json_only(root, fewer, &err));
	assert_string_equal(err.msg, "line 10: unknown key 'nothing'");
}

static bool note_key(void *arg, const char *key, struct json value, struct error *why)
{
	buf_printf(arg, "%s:%d ", key, (int)json_kind(value));
	return strcmp(key, "number") != 0 || error_set(why, ERR_MISMATCH, "enough");
}

TEST(members_come_in_the_order_of_their_keys)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	AUTO(buf_clear) struct buf log = BUF_MAX(1000);
	static const char text[] = "{\"text\":1,\"flag\":2,\"number\":3,\"a\":4}";

	assert_ok(json_parse(text, strlen(text), MAX, &doc, &err));
	assert_err(ERR_MISMATCH, json_each(json_root(&doc), note_key, &log, &err));
	assert_string_equal(log.data, "a:3 flag:3 number:3 ");
	assert_err(ERR_FORMAT,
		   json_only(json_root(&doc), (const char *const[]){NULL}, &err));
	assert_string_equal(err.msg, "unknown key 'a'");
}

/* ---- writing ---- */

TEST(a_writer_makes_what_a_reader_takes)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	AUTO(buf_clear) struct buf b = BUF_MAX(MAX);
	struct json_writer w = json_writer(&b);

	json_open(&w, NULL, '{');
	json_open(&w, "array", '[');
	json_put_null(&w, NULL);
	json_open(&w, NULL, '{');
	json_put_null(&w, "deep");
	json_close(&w);
	json_put_bool(&w, NULL, true);
	json_close(&w);
	json_put_bool(&w, "flag", true);
	json_put_null(&w, "nothing");
	json_put_integer(&w, "number", 7);
	json_open(&w, "object", '{');
	json_close(&w);
	json_put_optional(&w, "omitted", NULL);
	json_put_optional(&w, "text", "abc");
	json_close(&w);
	assert_ok(json_write_end(&w, &err));
	assert_string_equal(b.data, sample);
}

/* A text, of which as much is what { "a": [-12, "b"] } is written as. */
static const struct {
	const char *text;
	bool same;
	size_t matched;
} held[] = {
	{"{\n  \"a\": [\n    -12,\n    \"b\"\n  ]\n}\n", true, 34},
	{"{\n  \"a\": [\n    -12,\n    \"b\"\n  ]\n}\n\n", false, 34},
	{"{\n  \"a\": [\n    -12,\n    \"b\"\n  ]\n}", false, 33},
	{"{\n  \"a\": [\n    -13,\n    \"b\"\n  ]\n}\n", false, 17},
	{"{\n  \"a\": [\n   -12,\n    \"b\"\n  ]\n}\n", false, 14},
	{"{\n  \"a\": [\n    -12,\n    \"c\"\n  ]\n}\n", false, 25},
	{"", false, 0},
};

TEST(what_would_be_written_is_held_against_a_text)
{
	for (size_t i = 0; i < ARRAY_LEN(held); i++) {
		struct json_writer w = json_matcher(held[i].text, strlen(held[i].text));

		print_message("%s\n", held[i].text);
		json_open(&w, NULL, '{');
		json_open(&w, "a", '[');
		json_put_integer(&w, NULL, -12);
		json_put_string(&w, NULL, "b");
		json_close(&w);
		json_close(&w);
		if (held[i].same)
			assert_ok(json_write_end(&w, &err));
		else
			assert_err(ERR_FORMAT, json_write_end(&w, &err));
		assert_int_equal(w.matched, held[i].matched);
	}
}

TEST(a_compact_writer_makes_one_line)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	AUTO(buf_clear) struct buf b = BUF_MAX(MAX);
	struct json_writer w = json_writer(&b);

	w.compact = true;
	w.controls = true;
	json_open(&w, NULL, '{');
	json_put_value(&w, "all", open_sample(&doc));
	json_put_string(&w, "line", "a\nb");
	json_close(&w);
	assert_ok(json_write_end(&w, &err));
	assert_string_equal(b.data,
			    "{\"all\":{\"array\":[null,{\"deep\":null},true],"
			    "\"flag\":true,\"nothing\":null,\"number\":7,\"object\":{},"
			    "\"text\":\"abc\"},\"line\":\"a\\u000ab\"}\n");
}

/* What a caller does wrong, and what the writer says of it. */
static void unsorted(struct json_writer *w)
{
	json_open(w, NULL, '{');
	json_put_null(w, "b");
	json_put_null(w, "a");
	json_close(w);
}

static void twice(struct json_writer *w)
{
	json_open(w, NULL, '{');
	json_put_null(w, "a");
	json_put_null(w, "a");
	json_close(w);
}

static void left_open(struct json_writer *w)
{
	json_open(w, NULL, '[');
}

static void closed_twice(struct json_writer *w)
{
	json_open(w, NULL, '[');
	json_close(w);
	json_close(w);
}

static void keyless(struct json_writer *w)
{
	json_open(w, NULL, '{');
	json_put_null(w, NULL);
	json_close(w);
}

static void key_in_array(struct json_writer *w)
{
	json_open(w, NULL, '[');
	json_put_null(w, "a");
	json_close(w);
}

static void deep(struct json_writer *w)
{
	for (int i = 0; i < JSON_DEPTH_MAX + 1; i++)
		json_open(w, NULL, '[');
}

static void not_utf8(struct json_writer *w)
{
	json_put_string(w, NULL, "\xff");
}

static void control(struct json_writer *w)
{
	json_put_string(w, NULL, "\x1f");
}

static void too_large(struct json_writer *w)
{
	json_put_integer(w, NULL, (int64_t)1 << 53);
}

static void too_long(struct json_writer *w)
{
	char text[2000];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	json_put_string(w, NULL, text);
}

static const struct {
	void (*write)(struct json_writer *w);
	enum error_code code;
	const char *says;
} misused[] = {
	{unsorted, ERR_INTERNAL, "keys out of order"},
	{twice, ERR_INTERNAL, "keys out of order"},
	{left_open, ERR_INTERNAL, "not closed"},
	{closed_twice, ERR_INTERNAL, "closed more than was opened"},
	{keyless, ERR_INTERNAL, "key where none belongs"},
	{key_in_array, ERR_INTERNAL, "key where none belongs"},
	{deep, ERR_LIMIT, "nested too deep"},
	{not_utf8, ERR_FORMAT, "text that is not UTF-8"},
	{control, ERR_FORMAT, "text with a control character"},
	{too_large, ERR_FORMAT, "integer beyond 2^53-1"},
	{too_long, ERR_LIMIT, "more than 1000 bytes"},
};

TEST(a_writer_tells_what_cannot_be_written)
{
	for (size_t i = 0; i < ARRAY_LEN(misused); i++) {
		AUTO(buf_clear) struct buf b = BUF_MAX(1000);
		struct json_writer w = json_writer(&b);

		print_message("%s\n", misused[i].says);
		misused[i].write(&w);
		assert_err(misused[i].code, json_write_end(&w, &err));
		assert_says(misused[i].says);
	}
}
