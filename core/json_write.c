/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of json.h. */
#include "core/json.h"

#include "core/text.h"

#include <inttypes.h>
#include <jansson.h>

static const int64_t INTEGER_MAX = ((int64_t)1 << 53) - 1;

struct json_writer json_writer(struct buf *out)
{
	return (struct json_writer){.out = out};
}

/* The first thing that cannot be written, and where it would stand. */
static void bad(struct json_writer *w, enum error_code code, const char *why)
{
	if (w->bad)
		return;
	w->bad = why;
	w->bad_code = code;
	w->bad_at = w->out->len;
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

static void put_point(struct json_writer *w, uint32_t c)
{
	if (c == '"' || c == '\\')
		buf_printf(w->out, "\\%c", (char)c);
	else if (c >= 0x20 && c < 0x7f)
		buf_putc(w->out, (char)c);
	else if (c == 0x7f || c < 0x20) {
		if (!w->controls)
			bad(w, ERR_FORMAT, "text with a control character");
		buf_printf(w->out, "\\u%04" PRIx32, c);
	} else if (c < 0x10000)
		buf_printf(w->out, "\\u%04" PRIx32, c);
	else
		buf_printf(w->out, "\\u%04" PRIx32 "\\u%04" PRIx32,
			   0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
}

static void put_text(struct json_writer *w, const char *s)
{
	size_t len = strlen(s), plain = text_plain(s, len);
	const unsigned char *p = (const unsigned char *)s + plain;

	if (!text_is_utf8(s + plain, len - plain)) {
		bad(w, ERR_FORMAT, "text that is not UTF-8");
		return;
	}
	buf_putc(w->out, '"');
	buf_append(w->out, s, plain);
	while (*p)
		put_point(w, next_point(&p));
	buf_putc(w->out, '"');
}

static void indent(struct json_writer *w)
{
	enum { STEP = 2 };
	size_t spaces = (size_t)w->depth * STEP;
	char *to;

	if (w->compact)
		return;
	to = buf_reserve(w->out, spaces + 1);
	if (!to)
		return;
	to[0] = '\n';
	memset(to + 1, ' ', spaces);
	buf_advance(w->out, spaces + 1);
}

/* Put the key and hold it against the one before, as both stand in the output.
 * Escapes do not keep the byte order, so keys that have any are left alone. */
static void put_key(struct json_writer *w, const char *key)
{
	size_t old = w->level[w->depth - 1].key_len;
	size_t old_at = w->level[w->depth - 1].key_at;
	size_t at = w->out->len + 1, len = strlen(key);

	put_text(w, key);
	if (w->out->failed || w->out->len != at + len + 1)
		len = 0; /* escaped, or not there */
	if (len && old) {
		int cmp = memcmp(w->out->data + old_at, w->out->data + at,
				 old < len ? old : len);

		if (cmp > 0 || (cmp == 0 && old >= len))
			bad(w, ERR_INTERNAL, "keys out of order");
	}
	w->level[w->depth - 1].key_at = at;
	w->level[w->depth - 1].key_len = len;
	buf_puts(w->out, w->compact ? ":" : ": ");
}

/* What stands in front of every value. */
static void begin(struct json_writer *w, const char *key)
{
	if (w->depth == 0)
		return;
	if ((w->level[w->depth - 1].kind == '{') != (key != NULL))
		bad(w, ERR_INTERNAL, "key where none belongs, or none where one does");
	if (w->level[w->depth - 1].members)
		buf_putc(w->out, ',');
	indent(w);
	if (key)
		put_key(w, key);
	w->level[w->depth - 1].members++;
}

void json_open(struct json_writer *w, const char *key, char kind)
{
	begin(w, key);
	buf_putc(w->out, kind);
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
		indent(w);
	buf_putc(w->out, w->level[w->depth].kind == '{' ? '}' : ']');
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
	begin(w, key);
	if (value > INTEGER_MAX || value < -INTEGER_MAX)
		bad(w, ERR_FORMAT, "integer beyond 2^53-1");
	buf_printf(w->out, "%" PRId64, value);
}

void json_put_bool(struct json_writer *w, const char *key, bool value)
{
	begin(w, key);
	buf_puts(w->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *w, const char *key)
{
	begin(w, key);
	buf_puts(w->out, "null");
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
	buf_putc(w->out, '\n');
	if (w->bad)
		return error_set(err, w->bad_code, "%s", w->bad);
	return buf_ok(w->out, err);
}
