/* SPDX-License-Identifier: Apache-2.0 */
#include "core/manifest_json.h"

#include "core/manifest.h"

#include <inttypes.h>

enum { MEMBERS_MAX = 16 }; /* of one table */

/* ---- reading ---- */

static const enum json_kind kinds[] = {
	[MANIFEST_FIELD_TEXT] = JSON_KIND_STRING,
	[MANIFEST_FIELD_TIME] = JSON_KIND_STRING,
	[MANIFEST_FIELD_DIGEST] = JSON_KIND_STRING,
	[MANIFEST_FIELD_SIZE] = JSON_KIND_INTEGER,
	[MANIFEST_FIELD_NUMBER] = JSON_KIND_INTEGER,
	[MANIFEST_FIELD_MODE] = JSON_KIND_STRING,
	[MANIFEST_FIELD_WORD] = JSON_KIND_STRING,
	[MANIFEST_FIELD_FORMAT] = JSON_KIND_STRING,
	[MANIFEST_FIELD_STRINGS] = JSON_KIND_ARRAY,
	[MANIFEST_FIELD_OBJECT] = JSON_KIND_OBJECT,
	[MANIFEST_FIELD_LIST] = JSON_KIND_ARRAY,
};

static bool read_integer(const struct manifest_field *f, struct json v, void *base,
			 struct error *err)
{
	bool wide = f->type == MANIFEST_FIELD_SIZE;
	int64_t min = (int64_t)f->min;
	int64_t max = wide ? MANIFEST_SIZE_MAX : (int64_t)f->max;
	char *to = (char *)base + f->at;
	int64_t n;

	if (!json_as_integer(v, INT64_MIN, INT64_MAX, &n, err))
		return false;
	if (n < min || n > max)
		return json_refuse(v, err,
				   "'%s' is %" PRId64 ", not from %" PRId64
				   " to %" PRId64,
				   f->key, n, min, max);
	if (wide)
		*(uint64_t *)(void *)to = (uint64_t)n;
	else
		*(unsigned *)(void *)to = (unsigned)n;
	return true;
}

static bool read_strings(const struct manifest_field *f, struct json v, void *base,
			 struct error *err)
{
	const char *text;

	for (size_t i = 0; i < json_count(v); i++)
		if (!json_as_string(json_at(v, i), &text, err) ||
		    !manifest_field_put_item(f, i, text, base, err))
			return false;
	return true;
}

static bool read_list(const struct manifest_field *f, struct json v, void *base,
		      struct error *err)
{
	for (size_t i = 0; i < json_count(v); i++)
		if (!manifest_json_read(f->inner, json_at(v, i),
					manifest_field_element(f, base, i), err))
			return false;
	return true;
}

/* Put the line in front of an error that has none. */
static bool located(struct json v, struct error *err)
{
	enum error_code code = err->code;

	json_refuse_(v, err, "%s", err->msg);
	err->code = code;
	return false;
}

/* An array that may be empty only where the format does not leave it out. */
static bool read_array(const struct manifest_field *f, struct json v, void *base,
		       struct error *err)
{
	if (f->optional && json_count(v) == 0)
		return json_refuse(v, err, "'%s' is empty; leave it out", f->key);
	if (!manifest_field_reserve(f, json_count(v), base, err))
		return located(v, err);
	return f->type == MANIFEST_FIELD_LIST ? read_list(f, v, base, err)
					      : read_strings(f, v, base, err);
}

static bool read_value(const struct manifest_field *f, struct json v, void *base,
		       struct error *err)
{
	const char *text;

	switch (kinds[f->type]) {
	case JSON_KIND_OBJECT:
		return manifest_json_read(f->inner, v, (char *)base + f->at, err);
	case JSON_KIND_ARRAY:
		return read_array(f, v, base, err);
	case JSON_KIND_INTEGER:
		return read_integer(f, v, base, err);
	default:
		return json_as_string(v, &text, err) &&
		       (manifest_field_put(f, text, base, err) || located(v, err));
	}
}

static bool read_member(const struct manifest_field *f, struct json object, void *base,
			struct error *err)
{
	struct json v = json_member(object, f->key);

	if (f->null && json_kind(v) == JSON_KIND_NULL)
		return true;
	return json_get(object, f->key, kinds[f->type], &v, err) &&
	       read_value(f, v, base, err) &&
	       (manifest_field_check_value(f, base, err) || located(v, err));
}

/* The object has no member that the table does not know. */
static bool known_only(const struct manifest_field *table, struct json object,
		       struct error *err)
{
	const char *keys[MEMBERS_MAX + 1] = EMPTY;
	size_t there = 0;

	for (size_t i = 0; i < MEMBERS_MAX && table[i].key; i++) {
		keys[i] = table[i].key;
		there += json_has(object, keys[i]);
	}
	return there == json_count(object) || json_only(object, keys, err);
}

bool manifest_json_read(const struct manifest_field *table, struct json object,
			void *base, struct error *err)
{
	if (!json_as_object(object, err) || !known_only(table, object, err))
		return false;
	for (const struct manifest_field *f = table; f->key; f++)
		if (json_has(object, f->key) && !read_member(f, object, base, err))
			return false;
	/* now that all is read, present() can be asked */
	for (const struct manifest_field *f = table; f->key; f++) {
		bool has = json_has(object, f->key);

		if (has == manifest_field_has(f, base))
			continue;
		if (!has)
			return json_refuse(object, err, "'%s' is missing", f->key);
		return json_refuse(json_member(object, f->key), err,
				   "'%s' does not belong here", f->key);
	}
	return true;
}

/* ---- writing ---- */

static const void *at(const struct manifest_field *f, const void *base)
{
	return (const char *)base + f->at;
}

static void write_list(const struct manifest_field *f, const void *base,
		       struct json_writer *w)
{
	const struct manifest_strings *strings = at(f, base);

	json_open(w, f->key, '[');
	for (size_t i = 0; i < manifest_field_count(f, base); i++)
		if (f->type == MANIFEST_FIELD_LIST)
			manifest_json_write(
				f->inner, manifest_field_element(f, base, i), NULL, w);
		else
			json_put_string(w, NULL, strings->items[i]);
	json_close(w);
}

static void write_value(const struct manifest_field *f, const void *base,
			struct json_writer *w)
{
	char room[MANIFEST_CODED_SIZE];
	const void *from = at(f, base);

	switch (f->type) {
	case MANIFEST_FIELD_TEXT:
		if (*(char *const *)from)
			json_put_string(w, f->key, *(char *const *)from);
		else
			json_put_null(w, f->key);
		break;
	case MANIFEST_FIELD_SIZE:
		json_put_integer(w, f->key, (int64_t) * (const uint64_t *)from);
		break;
	case MANIFEST_FIELD_NUMBER:
		json_put_integer(w, f->key, *(const unsigned *)from);
		break;
	case MANIFEST_FIELD_STRINGS:
	case MANIFEST_FIELD_LIST:
		write_list(f, base, w);
		break;
	case MANIFEST_FIELD_OBJECT:
		manifest_json_write(f->inner, from, f->key, w);
		break;
	case MANIFEST_FIELD_TIME:
	case MANIFEST_FIELD_DIGEST:
	case MANIFEST_FIELD_MODE:
	case MANIFEST_FIELD_WORD:
	case MANIFEST_FIELD_FORMAT:
		json_put_string(w, f->key, manifest_field_coded(f, base, room));
		break;
	}
}

void manifest_json_write(const struct manifest_field *table, const void *base,
			 const char *key, struct json_writer *w)
{
	json_open(w, key, '{');
	for (const struct manifest_field *f = table; f->key; f++)
		if (manifest_field_has(f, base))
			write_value(f, base, w);
	json_close(w);
}
