/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value  = object / list / string / number / "null"
 * object = "{" LF member *("," LF member) LF "}"     members in the table's order
 * member = indentation '"' key '": ' value
 * list   = "[]" / "[" LF element *("," LF element) LF "]"
 */
#include "core/manifest_text.h"

#include "core/manifest.h"
#include "core/text.h"

struct cursor {
	const char *at, *end;
	unsigned depth;
	/* the string or number that was read last; no field takes one that long */
	char value[MANIFEST_LINE_MAX];
};

static size_t left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

static bool take(struct cursor *c, const char *what)
{
	const char *at = c->at;

	for (; *what; what++, at++)
		if (at == c->end || *at != *what)
			return false;
	c->at = at;
	return true;
}

/* The end of a line and the indentation of the next. */
static bool next_line(struct cursor *c)
{
	enum { STEP = 2 };

	if (!take(c, "\n"))
		return false;
	for (unsigned i = 0; i < STEP * c->depth; i++)
		if (!take(c, " "))
			return false;
	return true;
}

static bool take_key(struct cursor *c, const char *key)
{
	const char *from = c->at;

	if (take(c, key) && take(c, "\": "))
		return true;
	c->at = from;
	return false;
}

/* ---- strings: RFC 8259 section 7, as far as the canonical form writes it ---- */

/* Put the code point as UTF-8, or as something like it when it is none; how many
 * bytes that are. */
static size_t put_point(char *to, uint32_t c)
{
	static const unsigned char lead[] = {0x00, 0xc0, 0xe0, 0xf0};
	unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	*to = (char)(lead[more] | c >> 6 * more);
	for (unsigned i = 1; i <= more; i++)
		to[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3f));
	return more + 1;
}

/* The \uXXXX of a code unit. */
static bool take_unit(struct cursor *c, uint32_t *out)
{
	char digits[5] = EMPTY;
	unsigned char bytes[2];

	if (!take(c, "\\u") || left(c) < 4)
		return false;
	memcpy(digits, c->at, 4);
	if (!text_unhex(digits, bytes, sizeof(bytes)))
		return false;
	c->at += 4;
	*out = (uint32_t)bytes[0] << 8 | bytes[1];
	return true;
}

/* The code point of one of them, or of two. */
static bool take_point(struct cursor *c, uint32_t *out)
{
	uint32_t high, low;

	if (!take_unit(c, &high))
		return false;
	*out = high;
	if (high < 0xd800 || high >= 0xdc00)
		return true;
	if (!take_unit(c, &low))
		return false;
	*out = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

/* Put at `to` what is escaped, at most ESCAPED bytes; 0: nothing is. */
enum { ESCAPED = 4 };
static size_t unescape(struct cursor *c, char *to)
{
	const char *from = c->at;
	uint32_t point;

	if (take(c, "\\\"") || take(c, "\\\\")) {
		*to = c->at[-1];
		return 1;
	}
	if (take_point(c, &point))
		return put_point(to, point);
	c->at = from;
	return 0;
}

/* A string as the next c->value; NULL: there is none. */
static const char *take_string(struct cursor *c)
{
	size_t len = 0, n;

	if (!take(c, "\""))
		return NULL;
	do {
		n = text_plain(c->at, left(c));
		if (len + n + ESCAPED >= sizeof(c->value))
			return NULL;
		memcpy(c->value + len, c->at, n);
		c->at += n;
		len += n;
		n = unescape(c, c->value + len);
		len += n;
	} while (n);
	c->value[len] = '\0';
	return take(c, "\"") ? c->value : NULL;
}

/* ---- values ---- */

static bool read_string(struct cursor *c, const struct manifest_field *f, void *base)
{
	const char *text = take_string(c);
	struct error err;

	return text && manifest_field_put(f, text, base, &err);
}

/* The table takes a number as text. */
static bool read_number(struct cursor *c, const struct manifest_field *f, void *base)
{
	enum { DIGITS_MAX = 20 };
	size_t n = 0;
	struct error err;

	for (; n < left(c) && n < DIGITS_MAX && c->at[n] >= '0' && c->at[n] <= '9'; n++)
		c->value[n] = c->at[n];
	c->value[n] = '\0';
	c->at += n;
	return manifest_field_put(f, c->value, base, &err);
}

static bool read_object(struct cursor *c, const struct manifest_field *table,
			void *base);

static bool read_element(struct cursor *c, const struct manifest_field *f, void *base)
{
	size_t i = manifest_field_count(f, base);
	const char *text;
	struct error err;

	if (!manifest_field_grow(f, base, &err))
		return false;
	if (f->type == MANIFEST_FIELD_LIST)
		return read_object(c, f->inner, manifest_field_element(f, base, i));
	text = take_string(c);
	return text && manifest_field_put_item(f, i, text, base, &err);
}

static bool read_list(struct cursor *c, const struct manifest_field *f, void *base)
{
	if (take(c, "[]"))
		return true;
	if (!take(c, "["))
		return false;
	c->depth++;
	do
		if (!next_line(c) || !read_element(c, f, base))
			return false;
	while (take(c, ","));
	c->depth--;
	return next_line(c) && take(c, "]");
}

static bool read_value(struct cursor *c, const struct manifest_field *f, void *base)
{
	switch (f->type) {
	case MANIFEST_FIELD_OBJECT:
		return read_object(c, f->inner, (char *)base + f->at);
	case MANIFEST_FIELD_LIST:
	case MANIFEST_FIELD_STRINGS:
		return read_list(c, f, base);
	case MANIFEST_FIELD_SIZE:
	case MANIFEST_FIELD_NUMBER:
		return read_number(c, f, base);
	default:
		return (f->null && take(c, "null")) || read_string(c, f, base);
	}
}

static bool read_object(struct cursor *c, const struct manifest_field *table,
			void *base)
{
	const struct manifest_field *f = table;

	if (!take(c, "{"))
		return false;
	c->depth++;
	do {
		if (!next_line(c) || !take(c, "\""))
			return false;
		while (f->key && !take_key(c, f->key))
			f++;
		if (!f->key || !read_value(c, f, base))
			return false;
		f++;
	} while (take(c, ","));
	c->depth--;
	return next_line(c) && take(c, "}");
}

bool manifest_text_read(const struct manifest_field *table, const char *text,
			size_t len, void *base)
{
	struct cursor c = {.at = text, .end = text + len};

	return read_object(&c, table, base) && take(&c, "\n") && !left(&c);
}
