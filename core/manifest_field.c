/* SPDX-License-Identifier: Apache-2.0 */
#include "core/manifest_field.h"

#include "core/manifest.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MEMBERS_MAX = 16 }; /* of one table */

static const int64_t SIZE_CEILING = ((int64_t)1 << 53) - 1;

static const void *at(const struct manifest_field *f, const void *base)
{
	return (const char *)base + f->at;
}

static void *at_mutable(const struct manifest_field *f, void *base)
{
	return (char *)base + f->at;
}

static const char *text_of(const struct manifest_field *f, const void *base)
{
	return *(char *const *)at(f, base);
}

size_t manifest_field_count(const struct manifest_field *f, const void *base)
{
	if (f->type == MANIFEST_FIELD_STRINGS)
		return ((const struct manifest_strings *)at(f, base))->count;
	return *(const size_t *)(const void *)((const char *)base + f->count_at);
}

void *manifest_field_element(const struct manifest_field *f, const void *base, size_t i)
{
	char *items;

	memcpy(&items, at(f, base), sizeof(items));
	return items + i * f->inner_size;
}

bool manifest_field_has(const struct manifest_field *f, const void *base)
{
	if (f->present)
		return f->present(base);
	if (!f->optional)
		return true;
	return f->type == MANIFEST_FIELD_TEXT ? text_of(f, base) != NULL
					      : manifest_field_count(f, base) > 0;
}

static size_t words_count(const char *const *words)
{
	size_t n = 0;

	while (words[n])
		n++;
	return n;
}

/* ---- checking ---- */

static bool check_text(const struct manifest_field *f, const char *text,
		       struct error *err)
{
	if (!text && f->null)
		return true;
	if (!text)
		return error_set(err, ERR_FORMAT, "'%s' is missing", f->key);
	if (f->ok(text))
		return true;
	return error_set(err, ERR_FORMAT, "'%s' must be %s, not '%s'", f->key, f->must,
			 TEXT_SAFE(text));
}

static bool check_strings(const struct manifest_field *f,
			  const struct manifest_strings *s, struct error *err)
{
	for (size_t i = 0; i < s->count; i++) {
		if (!check_text(f, s->items[i], err))
			return false;
		for (size_t k = 0; k < i; k++)
			if (!strcmp(s->items[i], s->items[k]))
				return error_set(err, ERR_FORMAT, "'%s' has '%s' twice",
						 f->key, s->items[i]);
	}
	return true;
}

static bool check_range(const struct manifest_field *f, uint64_t v, uint64_t max,
			struct error *err)
{
	if (v >= f->min && v <= max)
		return true;
	return error_set(err, ERR_FORMAT,
			 "'%s' is %" PRIu64 ", not from %" PRIu64 " to %" PRIu64,
			 f->key, v, f->min, max);
}

static bool check_count(const struct manifest_field *f, size_t count, struct error *err)
{
	if (count <= f->max)
		return true;
	return error_set(err, ERR_LIMIT, "'%s' has %zu elements, the limit is %" PRIu64,
			 f->key, count, f->max);
}

/* One value, not what lies within it. */
static bool check_value(const struct manifest_field *f, const void *base,
			struct error *err)
{
	char again[TEXT_TIME_SIZE];
	int64_t t;

	switch (f->type) {
	case MANIFEST_FIELD_TEXT:
		return check_text(f, text_of(f, base), err);
	case MANIFEST_FIELD_STRINGS:
		return check_count(f, manifest_field_count(f, base), err) &&
		       check_strings(f, at(f, base), err);
	case MANIFEST_FIELD_LIST:
		return check_count(f, manifest_field_count(f, base), err);
	case MANIFEST_FIELD_SIZE:
		return check_range(f, *(const uint64_t *)at(f, base),
				   (uint64_t)SIZE_CEILING, err);
	case MANIFEST_FIELD_NUMBER:
		return check_range(f, *(const unsigned *)at(f, base), f->max, err);
	case MANIFEST_FIELD_MODE:
		return check_range(f, *(const unsigned *)at(f, base), 07777, err);
	case MANIFEST_FIELD_WORD:
		return check_range(f, *(const unsigned *)at(f, base),
				   words_count(f->words) - 1, err);
	case MANIFEST_FIELD_TIME:
		t = *(const int64_t *)at(f, base);
		text_time(t, again);
		return text_untime(again, &t) ||
		       error_set(err, ERR_FORMAT,
				 "'%s' is not in the years 1970 to 9999", f->key);
	case MANIFEST_FIELD_DIGEST:
	case MANIFEST_FIELD_FORMAT:
	case MANIFEST_FIELD_OBJECT:
		break;
	}
	return true;
}

static bool check_list(const struct manifest_field *f, const void *base,
		       struct error *err)
{
	for (size_t i = 0; i < manifest_field_count(f, base); i++)
		if (!manifest_field_check(f->inner, manifest_field_element(f, base, i),
					  err))
			return error_prefix(err, "%s[%zu]", f->key, i);
	return true;
}

/* A member that is not there has no text that would be lost. */
static bool check_absent(const struct manifest_field *f, const void *base,
			 struct error *err)
{
	if (f->type == MANIFEST_FIELD_TEXT && text_of(f, base))
		return error_set(err, ERR_FORMAT, "'%s' does not belong here", f->key);
	if (f->type != MANIFEST_FIELD_OBJECT)
		return true;
	for (const struct manifest_field *in = f->inner; in->key; in++)
		if (!check_absent(in, at(f, base), err))
			return error_prefix(err, "'%s'", f->key);
	return true;
}

bool manifest_field_check(const struct manifest_field *table, const void *base,
			  struct error *err)
{
	for (const struct manifest_field *f = table; f->key; f++) {
		if (!manifest_field_has(f, base)) {
			if (!check_absent(f, base, err))
				return false;
			continue;
		}
		if (!check_value(f, base, err))
			return false;
		if (f->type == MANIFEST_FIELD_OBJECT &&
		    !manifest_field_check(f->inner, at(f, base), err))
			return error_prefix(err, "'%s'", f->key);
		if (f->type == MANIFEST_FIELD_LIST && !check_list(f, base, err))
			return false;
	}
	return true;
}

/* ---- reading ---- */

static bool read_word(const struct manifest_field *f, const char *text, unsigned *out)
{
	for (unsigned i = 0; f->words[i]; i++)
		if (!strcmp(f->words[i], text)) {
			*out = i;
			return true;
		}
	return false;
}

static bool read_mode(const char *text, unsigned *out)
{
	unsigned mode = 0;

	if (strlen(text) != 4 || strspn(text, "01234567") != 4)
		return false;
	for (; *text; text++)
		mode = mode << 3 | (unsigned)(*text - '0');
	*out = mode;
	return true;
}

/* A value that is a string in JSON and something else in C. */
static bool read_coded(const struct manifest_field *f, struct json v, void *to,
		       struct error *err)
{
	static const char *const shapes[] = {
		[MANIFEST_FIELD_TIME] = "a time like 2021-08-25T00:00:00Z",
		[MANIFEST_FIELD_DIGEST] = "64 lower-case hex digits",
		[MANIFEST_FIELD_MODE] = "four octal digits",
		[MANIFEST_FIELD_WORD] = "a word of the format",
		[MANIFEST_FIELD_FORMAT] = MANIFEST_FORMAT,
	};
	const char *text;
	bool ok = false;

	if (!json_as_string(v, &text, err))
		return error_prefix(err, "'%s'", f->key);
	if (f->type == MANIFEST_FIELD_TIME)
		ok = text_untime(text, to);
	else if (f->type == MANIFEST_FIELD_DIGEST)
		ok = digest_unhex(text, to);
	else if (f->type == MANIFEST_FIELD_MODE)
		ok = read_mode(text, to);
	else if (f->type == MANIFEST_FIELD_WORD)
		ok = read_word(f, text, to);
	else if (f->type == MANIFEST_FIELD_FORMAT)
		ok = !strcmp(text, f->words[0]);
	return ok || json_refuse(v, err, "'%s' must be %s, not '%s'", f->key,
				 shapes[f->type], TEXT_SAFE(text));
}

static bool read_integer(const struct manifest_field *f, struct json v, void *to,
			 struct error *err)
{
	int64_t n,
		max = f->type == MANIFEST_FIELD_SIZE ? SIZE_CEILING : (int64_t)f->max;

	if (!json_as_integer(v, (int64_t)f->min, max, &n, err))
		return error_prefix(err, "'%s'", f->key);
	if (f->type == MANIFEST_FIELD_SIZE)
		*(uint64_t *)to = (uint64_t)n;
	else
		*(unsigned *)to = (unsigned)n;
	return true;
}

static bool read_text(const struct manifest_field *f, struct json v, char **to,
		      struct error *err)
{
	const char *text;

	if (f->null && json_kind(v) == JSON_KIND_NULL)
		return true;
	if (!json_as_string(v, &text, err))
		return error_prefix(err, "'%s'", f->key);
	*to = text_dup(text, strlen(text));
	return *to || error_set(err, ERR_SYSTEM, "no memory");
}

/* An array that may be empty only where the format does not leave it out. */
static bool array_of(const struct manifest_field *f, struct json v, struct error *err)
{
	if (json_kind(v) != JSON_KIND_ARRAY)
		return json_refuse(v, err, "'%s' must be an array", f->key);
	if (f->optional && json_count(v) == 0)
		return json_refuse(v, err, "'%s' is empty; leave it out", f->key);
	return true;
}

static bool read_strings(const struct manifest_field *f, struct json v,
			 struct manifest_strings *to, struct error *err)
{
	if (!array_of(f, v, err))
		return false;
	to->items = calloc(json_count(v) + 1, sizeof(*to->items));
	if (!to->items)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (; to->count < json_count(v); to->count++)
		if (!read_text(f, json_at(v, to->count), &to->items[to->count], err))
			return false;
	return true;
}

static bool read_list(const struct manifest_field *f, struct json v, void *base,
		      struct error *err)
{
	size_t *count = (size_t *)(void *)((char *)base + f->count_at);
	void *items;

	if (!array_of(f, v, err))
		return false;
	items = calloc(json_count(v) + 1, f->inner_size);
	if (!items)
		return error_set(err, ERR_SYSTEM, "no memory");
	memcpy(at_mutable(f, base), &items, sizeof(items));
	for (; *count < json_count(v);) {
		size_t i = (*count)++;

		if (!manifest_field_read(f->inner, json_at(v, i),
					 manifest_field_element(f, base, i), err))
			return false;
	}
	return true;
}

static bool read_value(const struct manifest_field *f, struct json v, void *base,
		       struct error *err)
{
	void *to = at_mutable(f, base);

	switch (f->type) {
	case MANIFEST_FIELD_TEXT:
		return read_text(f, v, to, err);
	case MANIFEST_FIELD_TIME:
	case MANIFEST_FIELD_DIGEST:
	case MANIFEST_FIELD_MODE:
	case MANIFEST_FIELD_WORD:
	case MANIFEST_FIELD_FORMAT:
		return read_coded(f, v, to, err);
	case MANIFEST_FIELD_SIZE:
	case MANIFEST_FIELD_NUMBER:
		return read_integer(f, v, to, err);
	case MANIFEST_FIELD_STRINGS:
		return read_strings(f, v, to, err);
	case MANIFEST_FIELD_LIST:
		return read_list(f, v, base, err);
	case MANIFEST_FIELD_OBJECT:
		break;
	}
	return manifest_field_read(f->inner, v, to, err);
}

/* The object has no member that the table does not know. */
static bool known_only(const struct manifest_field *table, struct json object,
		       struct error *err)
{
	const char *keys[MEMBERS_MAX + 1] = EMPTY;
	size_t there = 0;

	for (size_t i = 0; table[i].key && i < MEMBERS_MAX; i++) {
		keys[i] = table[i].key;
		there += json_has(object, keys[i]);
	}
	return there == json_count(object) || json_only(object, keys, err);
}

static bool read_member(const struct manifest_field *f, struct json object, void *base,
			struct error *err)
{
	struct json v = json_member(object, f->key);
	enum error_code code;

	if (!read_value(f, v, base, err))
		return false;
	if (check_value(f, base, err))
		return true;
	code = err->code;
	json_refuse_(v, err, "%s", TEXT_SAFE(err->msg));
	err->code = code;
	return false;
}

bool manifest_field_read(const struct manifest_field *table, struct json object,
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

void manifest_field_text(const struct manifest_field *f, const void *base,
			 struct buf *out)
{
	const void *from = at(f, base);
	const struct manifest_strings *strings = from;
	char time[TEXT_TIME_SIZE];

	switch (f->type) {
	case MANIFEST_FIELD_TEXT:
		buf_puts(out, text_of(f, base) ? text_of(f, base) : "none");
		break;
	case MANIFEST_FIELD_TIME:
		text_time(*(const int64_t *)from, time);
		buf_puts(out, time);
		break;
	case MANIFEST_FIELD_DIGEST:
		buf_puts(out, DIGEST_HEX((const struct digest *)from));
		break;
	case MANIFEST_FIELD_SIZE:
		buf_printf(out, "%" PRIu64, *(const uint64_t *)from);
		break;
	case MANIFEST_FIELD_NUMBER:
		buf_printf(out, "%u", *(const unsigned *)from);
		break;
	case MANIFEST_FIELD_MODE:
		buf_printf(out, "%04o", *(const unsigned *)from);
		break;
	case MANIFEST_FIELD_WORD:
		buf_puts(out, f->words[*(const unsigned *)from]);
		break;
	case MANIFEST_FIELD_FORMAT:
		buf_puts(out, f->words[0]);
		break;
	case MANIFEST_FIELD_STRINGS:
		for (size_t i = 0; i < strings->count; i++)
			buf_printf(out, "%s%s", i ? ", " : "", strings->items[i]);
		break;
	case MANIFEST_FIELD_OBJECT:
	case MANIFEST_FIELD_LIST:
		break;
	}
}

static void write_list(const struct manifest_field *f, const void *base,
		       struct json_writer *w)
{
	const struct manifest_strings *strings = at(f, base);

	json_open(w, f->key, '[');
	for (size_t i = 0; i < manifest_field_count(f, base); i++)
		if (f->type == MANIFEST_FIELD_LIST)
			manifest_field_write(
				f->inner, manifest_field_element(f, base, i), NULL, w);
		else
			json_put_string(w, NULL, strings->items[i]);
	json_close(w);
}

static void write_value(const struct manifest_field *f, const void *base,
			struct json_writer *w)
{
	AUTO(buf_clear) struct buf coded = BUF_MAX(128);

	switch (f->type) {
	case MANIFEST_FIELD_TEXT:
		if (text_of(f, base))
			json_put_string(w, f->key, text_of(f, base));
		else
			json_put_null(w, f->key);
		break;
	case MANIFEST_FIELD_SIZE:
		json_put_integer(w, f->key, (int64_t) * (const uint64_t *)at(f, base));
		break;
	case MANIFEST_FIELD_NUMBER:
		json_put_integer(w, f->key, *(const unsigned *)at(f, base));
		break;
	case MANIFEST_FIELD_STRINGS:
	case MANIFEST_FIELD_LIST:
		write_list(f, base, w);
		break;
	case MANIFEST_FIELD_OBJECT:
		manifest_field_write(f->inner, at(f, base), f->key, w);
		break;
	case MANIFEST_FIELD_TIME:
	case MANIFEST_FIELD_DIGEST:
	case MANIFEST_FIELD_MODE:
	case MANIFEST_FIELD_WORD:
	case MANIFEST_FIELD_FORMAT:
		manifest_field_text(f, base, &coded);
		w->out->failed |= !coded.data;
		json_put_string(w, f->key, coded.data ? coded.data : "");
		break;
	}
}

void manifest_field_write(const struct manifest_field *table, const void *base,
			  const char *key, struct json_writer *w)
{
	json_open(w, key, '{');
	for (const struct manifest_field *f = table; f->key; f++)
		if (manifest_field_has(f, base))
			write_value(f, base, w);
	json_close(w);
}

/* ---- freeing ---- */

static void clear_strings(struct manifest_strings *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i]);
	free(s->items);
	*s = (struct manifest_strings)EMPTY;
}

static void clear_list(const struct manifest_field *f, void *base)
{
	for (size_t i = 0; i < manifest_field_count(f, base); i++)
		manifest_field_clear(f->inner, manifest_field_element(f, base, i));
	free(manifest_field_element(f, base, 0));
}

void manifest_field_clear(const struct manifest_field *table, void *base)
{
	for (const struct manifest_field *f = table; f->key; f++) {
		void *to = at_mutable(f, base);

		if (f->type == MANIFEST_FIELD_TEXT)
			text_freep(to);
		else if (f->type == MANIFEST_FIELD_STRINGS)
			clear_strings(to);
		else if (f->type == MANIFEST_FIELD_OBJECT)
			manifest_field_clear(f->inner, to);
		else if (f->type == MANIFEST_FIELD_LIST)
			clear_list(f, base);
	}
}
