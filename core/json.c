/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"

#include "core/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t INTEGER_MAX = ((int64_t)1 << 53) - 1;

static const char *const kind_names[] = {
	[JSON_KIND_OBJECT] = "an object",   [JSON_KIND_ARRAY] = "an array",
	[JSON_KIND_STRING] = "a string",    [JSON_KIND_INTEGER] = "an integer",
	[JSON_KIND_REAL] = "a real number", [JSON_KIND_BOOL] = "true or false",
	[JSON_KIND_NULL] = "null",
};

/* ---- reading ---- */

/* Is anything nested deeper than `left` levels below this? */
static bool too_deep(json_t *v, unsigned left)
{
	json_t *inner;
	const char *key;
	size_t i;

	if (!json_is_object(v) && !json_is_array(v))
		return false;
	if (left == 0)
		return true;
	json_object_foreach(v, key, inner) if (too_deep(inner, left - 1)) return true;
	json_array_foreach(v, i, inner) if (too_deep(inner, left - 1)) return true;
	return false;
}

bool json_parse(const char *text, size_t len, size_t max, struct json_doc *out,
		struct error *err)
{
	json_error_t why;
	json_t *root;

	if (len > max)
		return error_set(err, ERR_LIMIT,
				 "JSON text of %zu bytes, the limit is %zu", len, max);
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (!root)
		return error_set(err, ERR_FORMAT, "line %d: %s", why.line,
				 TEXT_SAFE(why.text));
	if (too_deep(root, JSON_DEPTH_MAX)) {
		json_decref(root);
		return error_set(err, ERR_LIMIT, "JSON nested deeper than %d levels",
				 JSON_DEPTH_MAX);
	}
	*out = (struct json_doc){.root = root};
	return true;
}

/* The line of the first byte in which the two differ. */
static size_t differing_line(const char *a, size_t an, const char *b, size_t bn)
{
	size_t line = 1;

	for (size_t i = 0; i < an && i < bn && a[i] == b[i]; i++)
		line += a[i] == '\n';
	return line;
}

bool json_parse_canonical(const char *text, size_t len, size_t max,
			  struct json_doc *out, struct error *err)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	/* \u escapes of what the text may hold raw, and the final LF */
	AUTO(buf_clear) struct buf again = BUF_MAX(6 * len + 64);
	struct json_writer w = json_writer(&again);

	if (!json_parse(text, len, max, &doc, err))
		return false;
	json_put_value(&w, NULL, json_root(&doc));
	if (!json_write_end(&w, err)) {
		size_t line = differing_line(text, len, again.data ? again.data : "",
					     again.len);

		return error_prefix(err, "line %zu", line);
	}
	if (again.len != len || memcmp(again.data, text, len))
		return error_set(err, ERR_FORMAT, "line %zu: not in canonical form",
				 differing_line(text, len, again.data, again.len));
	doc.canonical = true;
	*out = TAKE(doc);
	return true;
}

void json_doc_clear(struct json_doc *doc)
{
	json_decref(doc->root);
	*doc = (struct json_doc)EMPTY;
}

struct json json_root(const struct json_doc *doc)
{
	return (struct json){doc, doc->root};
}

enum json_kind json_kind(struct json v)
{
	switch (json_typeof(v.value)) {
	case JSON_OBJECT:
		return JSON_KIND_OBJECT;
	case JSON_ARRAY:
		return JSON_KIND_ARRAY;
	case JSON_STRING:
		return JSON_KIND_STRING;
	case JSON_INTEGER:
		return JSON_KIND_INTEGER;
	case JSON_REAL:
		return JSON_KIND_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return JSON_KIND_BOOL;
	case JSON_NULL:
		break;
	}
	return JSON_KIND_NULL;
}

size_t json_count(struct json v)
{
	return json_is_array(v.value) ? json_array_size(v.value)
				      : json_object_size(v.value);
}

struct json json_at(struct json array, size_t i)
{
	return (struct json){array.doc, json_array_get(array.value, i)};
}

bool json_has(struct json object, const char *key)
{
	return json_object_get(object.value, key) != NULL;
}

struct json json_member(struct json object, const char *key)
{
	return (struct json){object.doc, json_object_get(object.value, key)};
}

static int by_key(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of an object in byte order, to be freed; NULL without memory. */
static const char **sorted_keys(json_t *object, size_t *count)
{
	const char **keys = calloc(json_object_size(object) + 1, sizeof(*keys));
	json_t *value;
	const char *key;
	size_t n = 0;

	if (!keys)
		return NULL;
	json_object_foreach(object, key, value) keys[n++] = key;
	qsort(keys, n, sizeof(*keys), by_key);
	*count = n;
	return keys;
}

static void freep(const char ***keys)
{
	free(*keys);
}

bool json_each(struct json object,
	       bool (*each)(void *arg, const char *key, struct json value,
			    struct error *err),
	       void *arg, struct error *err)
{
	size_t n = 0;
	AUTO(freep) const char **keys = sorted_keys(object.value, &n);

	if (!keys)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < n; i++) {
		json_t *value = json_object_get(object.value, keys[i]);

		if (!each(arg, keys[i], (struct json){object.doc, value}, err))
			return false;
	}
	return true;
}

/* ---- lines: in a canonical text each member and element begins one ---- */

/* Add to *line the lines from the first of `at` to the first of `wanted`; true
 * when it was found, else *line has grown by what `at` takes beyond its first. */
static bool count_lines(json_t *at, const json_t *wanted, size_t *line)
{
	bool object = json_is_object(at);
	size_t n = object ? json_object_size(at) : json_array_size(at);
	AUTO(freep) const char **keys = object ? sorted_keys(at, &n) : NULL;

	if (at == wanted)
		return true;
	if (n == 0 || (object && !keys))
		return false;
	for (size_t i = 0; i < n; i++) {
		++*line;
		if (count_lines(object ? json_object_get(at, keys[i])
				       : json_array_get(at, i),
				wanted, line))
			return true;
	}
	++*line;
	return false;
}

void json_refuse_(struct json v, struct error *err, const char *fmt, ...)
{
	char text[400];
	size_t line = 1;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (v.doc->canonical && count_lines(v.doc->root, v.value, &line))
		error_set_(err, ERR_FORMAT, "line %zu: %s", line, text);
	else
		error_set_(err, ERR_FORMAT, "%s", text);
}

struct only {
	const char *const *keys;
};

static bool known(void *arg, const char *key, struct json value, struct error *err)
{
	const struct only *only = arg;

	for (const char *const *k = only->keys; *k; k++)
		if (!strcmp(*k, key))
			return true;
	return json_refuse(value, err, "unknown key '%s'", TEXT_SAFE(key));
}

bool json_only(struct json object, const char *const *keys, struct error *err)
{
	return json_each(object, known, &(struct only){keys}, err);
}

static bool of_kind(struct json v, enum json_kind kind, const char *key,
		    struct error *err)
{
	if (json_kind(v) == kind)
		return true;
	if (key)
		return json_refuse(v, err, "'%s' must be %s", key, kind_names[kind]);
	return json_refuse(v, err, "expected %s", kind_names[kind]);
}

bool json_as_object(struct json v, struct error *err)
{
	return of_kind(v, JSON_KIND_OBJECT, NULL, err);
}

bool json_as_string(struct json v, const char **out, struct error *err)
{
	if (!of_kind(v, JSON_KIND_STRING, NULL, err))
		return false;
	*out = json_string_value(v.value);
	return true;
}

bool json_as_integer(struct json v, int64_t min, int64_t max, int64_t *out,
		     struct error *err)
{
	int64_t got;

	if (!of_kind(v, JSON_KIND_INTEGER, NULL, err))
		return false;
	got = json_integer_value(v.value);
	if (got < min || got > max)
		return json_refuse(v, err,
				   "%" PRId64 " is not from %" PRId64 " to %" PRId64,
				   got, min, max);
	*out = got;
	return true;
}

bool json_as_bool(struct json v, bool *out, struct error *err)
{
	if (!of_kind(v, JSON_KIND_BOOL, NULL, err))
		return false;
	*out = json_is_true(v.value);
	return true;
}

bool json_get(struct json object, const char *key, enum json_kind kind,
	      struct json *out, struct error *err)
{
	struct json v = {object.doc, json_object_get(object.value, key)};

	if (!v.value)
		return json_refuse(object, err, "'%s' is missing", key);
	if (!of_kind(v, kind, key, err))
		return false;
	*out = v;
	return true;
}

bool json_get_string(struct json object, const char *key, const char **out,
		     struct error *err)
{
	struct json v;

	return json_get(object, key, JSON_KIND_STRING, &v, err) &&
	       json_as_string(v, out, err);
}

bool json_get_integer(struct json object, const char *key, int64_t min, int64_t max,
		      int64_t *out, struct error *err)
{
	struct json v;

	return json_get(object, key, JSON_KIND_INTEGER, &v, err) &&
	       (json_as_integer(v, min, max, out, err) ||
		error_prefix(err, "'%s'", key));
}

bool json_get_bool(struct json object, const char *key, bool *out, struct error *err)
{
	struct json v;

	return json_get(object, key, JSON_KIND_BOOL, &v, err) &&
	       json_as_bool(v, out, err);
}

/* ---- writing ---- */

struct json_writer json_writer(struct buf *out)
{
	return (struct json_writer){.out = out};
}

static void bad(struct json_writer *w, const char *why)
{
	if (!w->bad)
		w->bad = why;
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
			bad(w, "text with a control character");
		buf_printf(w->out, "\\u%04" PRIx32, c);
	} else if (c < 0x10000)
		buf_printf(w->out, "\\u%04" PRIx32, c);
	else
		buf_printf(w->out, "\\u%04" PRIx32 "\\u%04" PRIx32,
			   0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
}

static void put_text(struct json_writer *w, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t plain = 0;

	if (!text_is_utf8(s, strlen(s))) {
		bad(w, "text that is not UTF-8");
		return;
	}
	buf_putc(w->out, '"');
	while (p[plain] >= 0x20 && p[plain] < 0x7f && p[plain] != '"' &&
	       p[plain] != '\\')
		plain++;
	buf_append(w->out, s, plain);
	p += plain;
	while (*p)
		put_point(w, next_point(&p));
	buf_putc(w->out, '"');
}

static void indent(struct json_writer *w)
{
	if (w->compact)
		return;
	buf_putc(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++)
		buf_puts(w->out, "  ");
}

/* Put the key, hold it against the one before: escapes keep the byte order only
 * among ASCII keys, so the comparison is made on the text as it was given. */
static void put_key(struct json_writer *w, const char *key)
{
	size_t at, len;

	at = w->out->len + 1;
	put_text(w, key);
	len = w->out->failed || w->out->len < at ? 0 : w->out->len - 1 - at;
	if (w->level[w->depth - 1].members && len &&
	    text_is_printable(key, strlen(key))) {
		const char *text = w->out->data;
		size_t old = w->level[w->depth - 1].key_len;
		int cmp = memcmp(text + w->level[w->depth - 1].key_at, text + at,
				 old < len ? old : len);

		if (cmp > 0 || (cmp == 0 && old >= len))
			bad(w, "keys out of order");
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
		bad(w, "key where none belongs, or none where one does");
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
		bad(w, "nested too deep");
		return;
	}
	w->level[w->depth].kind = kind;
	w->level[w->depth++].members = 0;
}

void json_close(struct json_writer *w)
{
	if (w->depth == 0) {
		bad(w, "closed more than was opened");
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
		bad(w, "integer beyond 2^53-1");
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

	json_open(w, key, json_is_object(v.value) ? '{' : '[');
	if (json_is_object(v.value) && !json_each(v, put_member, w, &err))
		bad(w, "no memory");
	if (json_is_array(v.value))
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
	bad(w, "a number that is not an integer");
}

bool json_write_end(struct json_writer *w, struct error *err)
{
	if (w->depth)
		bad(w, "not closed");
	buf_putc(w->out, '\n');
	if (w->bad)
		return error_set(err, ERR_FORMAT, "%s", w->bad);
	return buf_ok(w->out, err);
}
