/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value  = object / list / string / number / "null"
 * object = "{" LF member *("," LF member) LF "}"     members in the table's order
 * member = indentation '"' key '": ' value
 * list   = "[]" / "[" LF element *("," LF element) LF "]"
 */
#include "core/manifest_text.h"

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

/* A string without escapes, which gets its NUL where its quotation mark was. */
static const char *take_string(struct cursor *c)
{
	char *text = c->at + 1, *end;

	if (*c->at != '"')
		return NULL;
	end = text + strcspn(text, "\"\\");
	if (*end != '"')
		return NULL;
	*end = '\0';
	c->at = end + 1;
	return text;
}

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
