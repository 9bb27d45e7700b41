/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"

#include "core/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

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

/* jansson takes a NUL behind the value for the end of the text. */
static bool has_no_nul(const char *text, size_t len, struct error *err)
{
	const char *nul = memchr(text, '\0', len);
	size_t line = 1;

	if (!nul)
		return true;
	for (; text < nul; text++)
		line += *text == '\n';
	return error_set(err, ERR_FORMAT, "line %zu: a NUL byte", line);
}

bool json_parse(const char *text, size_t len, size_t max, struct json_doc *out,
		struct error *err)
{
	json_error_t why;
	json_t *root;

	if (len > max)
		return error_set(err, ERR_LIMIT,
				 "JSON text of %zu bytes, the limit is %zu", len, max);
	if (!len)
		return error_set(err, ERR_FORMAT, "line 1: an empty JSON text");
	if (!has_no_nul(text, len, err))
		return false;
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

bool json_parse_canonical(const char *text, size_t len, size_t max,
			  struct json_doc *out, struct error *err)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	struct json_writer w = json_matcher(text, len);
	size_t line = 1;

	if (!json_parse(text, len, max, &doc, err))
		return false;
	json_put_value(&w, NULL, json_root(&doc));
	if (!json_write_end(&w, err)) {
		for (size_t i = 0; i < w.matched; i++)
			line += text[i] == '\n';
		return error_prefix(err, "line %zu", line);
	}
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
	return (struct json){.doc = doc, .value = doc->root};
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
	return (struct json){
		.doc = array.doc,
		.value = json_array_get(array.value, i),
		.parent = array.value,
		.index = i,
	};
}

bool json_has(struct json object, const char *key)
{
	return json_object_get(object.value, key) != NULL;
}

struct json json_member(struct json object, const char *key)
{
	return (struct json){
		.doc = object.doc,
		.value = json_object_get(object.value, key),
		.parent = object.value,
		.key = key,
	};
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
	for (size_t i = 0; i < n; i++)
		if (!each(arg, keys[i], json_member(object, keys[i]), err))
			return false;
	return true;
}

/* ---- lines: in a canonical text each member and element begins one ---- */

/* What is looked for: a value by its parent and its place there, because jansson
 * has one object alone for all that are true, false or null. */
struct wanted {
	const json_t *parent; /* NULL: the root */
	const char *key;      /* or, in an array, */
	size_t index;
};

/* Add to *line the lines from the first of `at` to the first of what is wanted;
 * true when it was found, else *line has grown by what `at` takes beyond its
 * first. */
static bool count_lines(json_t *at, const struct wanted *w, size_t *line)
{
	bool object = json_is_object(at);
	size_t n = object ? json_object_size(at) : json_array_size(at);
	AUTO(freep) const char **keys = object ? sorted_keys(at, &n) : NULL;

	if (n == 0 || (object && !keys))
		return false;
	for (size_t i = 0; i < n; i++) {
		++*line;
		if (at == w->parent &&
		    (object ? !strcmp(keys[i], w->key) : i == w->index))
			return true;
		if (count_lines(object ? json_object_get(at, keys[i])
				       : json_array_get(at, i),
				w, line))
			return true;
	}
	++*line;
	return false;
}

/* The value's line in a canonical text. */
static size_t line_of(struct json v)
{
	const struct wanted w = {v.parent, v.key, v.index};
	size_t line = 1;

	if (w.parent && !count_lines(v.doc->root, &w, &line))
		return 1;
	return line;
}

void json_refuse_(struct json v, struct error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(err, ERR_FORMAT, fmt, ap);
	va_end(ap);
	if (v.doc->canonical)
		error_prefix_(err, "line %zu", line_of(v));
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
	struct json v = json_member(object, key);

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
