/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value  = object / list / string / number / "null"
 * object = "{" LF member *("," LF member) LF "}"     members in the table's order
 * member = indentation '"' key '": ' value
 * list   = "[]" / "[" LF element *("," LF element) LF "]"
 */
#include "core/manifest_text.h"

#include "core/text.h"

struct cursor {
	char *at;
	unsigned depth;
};

static bool take(struct cursor *c, const char *what)
{
	size_t len = strlen(what);

	if (strncmp(c->at, what, len) != 0)
		return false;
	c->at += len;
	return true;
}

/* The end of a line and the indentation of the next. */
static bool next_line(struct cursor *c)
{
	enum { STEP = 2 };
	size_t spaces = (size_t)c->depth * STEP;

	if (*c->at != '\n' || strspn(c->at + 1, " ") != spaces)
		return false;
	c->at += 1 + spaces;
	return true;
}

static bool take_key(struct cursor *c, const char *key)
{
	struct cursor behind = *c;

	if (!take(&behind, key) || !take(&behind, "\": "))
		return false;
	*c = behind;
	return true;
}

/* ---- strings: RFC 8259 section 7, as far as the canonical form writes it ---- */

/* The code point as UTF-8, or as something like it when it is none; what is behind. */
static char *put_point(char *to, uint32_t c)
{
	static const unsigned char lead[] = {0x00, 0xc0, 0xe0, 0xf0};
	unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	*to++ = (char)(lead[more] | c >> 6 * more);
	while (more--)
		*to++ = (char)(0x80 | (c >> 6 * more & 0x3f));
	return to;
}

/* The XXXX of \uXXXX. */
static bool code_unit(const char *s, uint32_t *out)
{
	char digits[5] = EMPTY;
	unsigned char bytes[2];

	memcpy(digits, s, strnlen(s, 4));
	if (!text_unhex(digits, bytes, sizeof(bytes)))
		return false;
	*out = (uint32_t)bytes[0] << 8 | bytes[1];
	return true;
}

/* Put at `to` what is escaped at *from, and move that behind it; NULL: nothing is. */
static char *unescape(char **from, char *to)
{
	char *s = *from + 1;
	uint32_t c, low;

	if (*s == '"' || *s == '\\') {
		*from = s + 1;
		*to = *s;
		return to + 1;
	}
	if (*s != 'u' || !code_unit(s + 1, &c))
		return NULL;
	s += 5;
	if (c >= 0xd800 && c < 0xdc00) {
		if (strncmp(s, "\\u", 2) != 0 || !code_unit(s + 2, &low))
			return NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		s += 6;
	}
	*from = s;
	return put_point(to, c);
}

/* A string, which is decoded where it stands and ends with a NUL. */
static const char *take_string(struct cursor *c)
{
	static const char special[] = "\"\\";
	char *text = c->at + 1, *from, *to;

	if (*c->at != '"')
		return NULL;
	from = to = text + strcspn(text, special);
	while (*from == '\\') {
		size_t plain;

		to = unescape(&from, to);
		if (!to)
			return NULL;
		plain = strcspn(from, special);
		memmove(to, from, plain);
		from += plain;
		to += plain;
	}
	if (*from != '"')
		return NULL;
	*to = '\0';
	c->at = from + 1;
	return text;
}

/* ---- values ---- */

static bool read_string(struct cursor *c, const struct manifest_field *f, void *base)
{
	const char *text = take_string(c);
	struct error err;

	return text && manifest_field_put(f, text, base, &err);
}

/* A number, which the table takes as text, stands at the end of its line. */
static bool read_number(struct cursor *c, const struct manifest_field *f, void *base)
{
	char *end = c->at + strspn(c->at, "0123456789"), behind = *end;
	struct error err;
	bool ok;

	*end = '\0';
	ok = manifest_field_put(f, c->at, base, &err);
	*end = behind;
	c->at = end;
	return ok;
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

bool manifest_text_read(const struct manifest_field *table, char *text, void *base)
{
	struct cursor c = {text, 0};

	return read_object(&c, table, base) && !strcmp(c.at, "\n");
}
