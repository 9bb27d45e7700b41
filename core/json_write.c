/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of json.h. */
#include "core/json.h"

#include "core/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

static const int64_t INTEGER_MAX = ((int64_t)1 << 53) - 1;

struct json_writer json_writer(struct buf *out)
{
	return (struct json_writer){.out = out};
}

struct json_writer json_matcher(const char *text, size_t len)
{
	return (struct json_writer){.text = text, .len = len};
}

/* The first thing that cannot be written. */
static void bad(struct json_writer *w, enum error_code code, const char *why)
{
	if (w->bad)
		return;
	w->bad = why;
	w->bad_code = code;
}

/* Up to the first byte that is another. */
static void match(struct json_writer *w, const char *data, size_t len)
{
	if (w->bad)
		return;
	if (len <= w->len - w->matched && !memcmp(w->text + w->matched, data, len)) {
		w->matched += len;
		return;
	}
	while (w->matched < w->len && w->text[w->matched] == *data++)
		w->matched++;
	bad(w, ERR_FORMAT, "not in canonical form");
}

/* All that is written goes through here. */
static void put(struct json_writer *w, const char *data, size_t len)
{
	if (w->out)
		buf_append(w->out, data, len);
	else
		match(w, data, len);
}

static void put_char(struct json_writer *w, char c)
{
	if (w->out)
		buf_putc(w->out, c);
	else if (!w->bad && w->matched < w->len && w->text[w->matched] == c)
		w->matched++;
	else
		match(w, &c, 1);
}

static void put_word(struct json_writer *w, const char *word)
{
	put(w, word, strlen(word));
}

/* What came out so far. */
static const char *output(const struct json_writer *w)
{
	return w->out ? w->out->data : w->text;
}

static size_t output_len(const struct json_writer *w)
{
	return w->out ? w->out->len : w->matched;
}

/* The code point at s, whose UTF-8 is known to be good; moves s behind it. */
static uint32_t next_point(const unsigned char **s)
{
	const unsigned char *p = *s;
	unsigned more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	uint32_t c = more ? *p & (0x3fu >> more) : *p;

	for (unsigned i = 1; i <= more; i++)
		c = c << 6 | (p[i] & 0x3f);
	*s = p + more + 1;
	return c;
}

static void put_unit(struct json_writer *w, uint32_t c)
{
	char text[8];

	put(w, text, (size_t)snprintf(text, sizeof(text), "\\u%04" PRIx32, c));
}

static void put_point(struct json_writer *w, uint32_t c)
{
	if (c == '"' || c == '\\')
		put_char(w, '\\');
	if ((c < 0x20 || c == 0x7f) && !w->controls)
		bad(w, ERR_FORMAT, "text with a control character");
	if (c >= 0x20 && c < 0x7f) {
		put_char(w, (char)c);
	} else if (c < 0x10000) {
		put_unit(w, c);
	} else {
		put_unit(w, 0xd800 + ((c - 0x10000) >> 10));
		put_unit(w, 0xdc00 + (c & 0x3ff));
	}
}

static void put_text(struct json_writer *w, const char *s)
{
	size_t len = strlen(s), plain = text_plain(s, len);
	const unsigned char *p = (const unsigned char *)s + plain;

	if (plain < len && !text_is_utf8(s + plain, len - plain)) {
		bad(w, ERR_FORMAT, "text that is not UTF-8");
		return;
	}
	put_char(w, '"');
	put(w, s, plain);
	while (*p)
		put_point(w, next_point(&p));
	put_char(w, '"');
}

/* The end of a line and the indentation of the next. */
static void next_line(struct json_writer *w)
{
	enum { STEP = 2 };
	static const char line[] = {'\n', [1 ... STEP * JSON_DEPTH_MAX] = ' '};

	if (!w->compact)
		put(w, line, 1 + STEP * (size_t)w->depth);
}

/* Put the key and hold it against the one before, as both stand in the output.
 * Escapes do not keep the byte order, so keys that have any are left alone. */
static void put_key(struct json_writer *w, const char *key)
{
	size_t old = w->level[w->depth - 1].key_len;
	size_t old_at = w->level[w->depth - 1].key_at;
	size_t at = output_len(w) + 1, len = strlen(key);

	put_text(w, key);
	if (output_len(w) != at + len + 1)
		len = 0; /* escaped, or not there */
	if (len && old) {
		int cmp = memcmp(output(w) + old_at, output(w) + at,
				 old < len ? old : len);

		if (cmp > 0 || (cmp == 0 && old >= len))
			bad(w, ERR_INTERNAL, "keys out of order");
	}
	w->level[w->depth - 1].key_at = at;
	w->level[w->depth - 1].key_len = len;
	put_char(w, ':');
	if (!w->compact)
		put_char(w, ' ');
}

/* What stands in front of every value. */
static void begin(struct json_writer *w, const char *key)
{
	if (w->depth == 0)
		return;
	if ((w->level[w->depth - 1].kind == '{') != (key != NULL))
		bad(w, ERR_INTERNAL, "key where none belongs, or none where one does");
	if (w->level[w->depth - 1].members)
		put_char(w, ',');
	next_line(w);
	if (key)
		put_key(w, key);
	w->level[w->depth - 1].members++;
}

void json_open(struct json_writer *w, const char *key, char kind)
{
	begin(w, key);
	put_char(w, kind);
	if (w->depth == JSON_DEPTH_MAX) {
		bad(w, ERR_LIMIT, "nested too deep");
		return;
	}
	w->level[w->depth].kind = kind;
	w->level[w->depth].key_len = 0;
	w->level[w->depth++].members = 0;
}

void json_close(struct json_writer *w)
{
	if (w->depth == 0) {
		bad(w, ERR_INTERNAL, "closed more than was opened");
		return;
	}
	w->depth--;
	if (w->level[w->depth].members)
		next_line(w);
	put_char(w, w->level[w->depth].kind == '{' ? '}' : ']');
}

void json_put_string(struct json_writer *w, const char *key, const char *value)
{
	begin(w, key);
	put_text(w, value);
}

void json_put_optional(struct json_writer *w, const char *key, const char *value)
{
	if (value)
		json_put_string(w, key, value);
}

void json_put_integer(struct json_writer *w, const char *key, int64_t value)
{
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char text[24], *end = text + sizeof(text), *at = end;

	begin(w, key);
	if (value > INTEGER_MAX || value < -INTEGER_MAX)
		bad(w, ERR_FORMAT, "integer beyond 2^53-1");
	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*--at = '-';
	put(w, at, (size_t)(end - at));
}

void json_put_time(struct json_writer *w, const char *key, int64_t t)
{
	char text[TEXT_TIME_SIZE];

	text_time(t, text);
	json_put_string(w, key, text);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
	begin(w, key);
	put_word(w, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *key)
{
	begin(w, key);
	put_word(w, "null");
}

static bool put_member(void *arg, const char *key, struct json value, struct error *err)
{
	struct json_writer *w = arg;

	(void)err;
	json_put_value(w, key, value);
	return true;
}

static void put_container(struct json_writer *w, const char *key, struct json v)
{
	struct error err;

	bool object = json_kind(v) == JSON_KIND_OBJECT;

	json_open(w, key, object ? '{' : '[');
	if (object && !json_each(v, put_member, w, &err))
		bad(w, ERR_SYSTEM, "no memory");
	if (!object)
		for (size_t i = 0; i < json_count(v); i++)
			json_put_value(w, NULL, json_at(v, i));
	json_close(w);
}

void json_put_value(struct json_writer *w, const char *key, struct json v)
{
	switch (json_kind(v)) {
	case JSON_KIND_OBJECT:
	case JSON_KIND_ARRAY:
		put_container(w, key, v);
		return;
	case JSON_KIND_STRING:
		json_put_string(w, key, json_string_value(v.value));
		return;
	case JSON_KIND_INTEGER:
		json_put_integer(w, key, json_integer_value(v.value));
		return;
	case JSON_KIND_BOOL:
		json_put_bool(w, key, json_is_true(v.value));
		return;
	case JSON_KIND_NULL:
		json_put_null(w, key);
		return;
	case JSON_KIND_REAL:
		break;
	}
	begin(w, key);
	bad(w, ERR_FORMAT, "a number that is not an integer");
}

bool json_write_end(struct json_writer *w, struct error *err)
{
	if (w->depth)
		bad(w, ERR_INTERNAL, "not closed");
	put_char(w, '\n');
	if (!w->out && w->matched != w->len)
		bad(w, ERR_FORMAT, "not in canonical form");
	if (w->bad)
		return error_set(err, w->bad_code, "%s", w->bad);
	return !w->out || buf_ok(w->out, err);
}
