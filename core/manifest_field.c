/* SPDX-License-Identifier: Apache-2.0 */
#include "core/manifest_field.h"

#include "core/manifest.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

bool manifest_field_check_value(const struct manifest_field *f, const void *base,
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
				   (uint64_t)MANIFEST_SIZE_MAX, err);
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
		if (!manifest_field_check_value(f, base, err))
			return false;
		if (f->type == MANIFEST_FIELD_OBJECT &&
		    !manifest_field_check(f->inner, at(f, base), err))
			return error_prefix(err, "'%s'", f->key);
		if (f->type == MANIFEST_FIELD_LIST && !check_list(f, base, err))
			return false;
	}
	return true;
}

/* ---- texts and values ---- */

static bool put_text(const char *text, char **out, struct error *err)
{
	char *copy = text_dup(text, strlen(text));

	if (!copy)
		return error_set(err, ERR_SYSTEM, "no memory");
	free(*out);
	*out = copy;
	return true;
}

static bool put_word(const struct manifest_field *f, const char *text, unsigned *out)
{
	for (unsigned i = 0; f->words[i]; i++)
		if (!strcmp(f->words[i], text)) {
			*out = i;
			return true;
		}
	return false;
}

static bool put_mode(const char *text, unsigned *out)
{
	unsigned mode = 0;

	if (strlen(text) != 4 || strspn(text, "01234567") != 4)
		return false;
	for (; *text; text++)
		mode = mode << 3 | (unsigned)(*text - '0');
	*out = mode;
	return true;
}

static bool put_number(const struct manifest_field *f, const char *text, unsigned *out)
{
	uint64_t n;

	if (!text_u64(text, f->min, f->max, &n))
		return false;
	*out = (unsigned)n;
	return true;
}

/* "one of a, b, c" or "from 1 to 65535" or a fixed shape. */
static void shape(const struct manifest_field *f, struct buf *out)
{
	if (f->type == MANIFEST_FIELD_TIME)
		buf_puts(out, "a time like 2021-08-25T00:00:00Z");
	else if (f->type == MANIFEST_FIELD_DIGEST)
		buf_puts(out, "64 lower-case hex digits");
	else if (f->type == MANIFEST_FIELD_MODE)
		buf_puts(out, "four octal digits");
	else if (f->type == MANIFEST_FIELD_NUMBER)
		buf_printf(out, "a number from %" PRIu64 " to %" PRIu64, f->min,
			   f->max);
	for (size_t i = 0; f->words && f->words[i]; i++)
		buf_printf(out, "%s%s", i ? " or " : "", f->words[i]);
}

static bool put_coded(const struct manifest_field *f, const char *text, void *to)
{
	switch (f->type) {
	case MANIFEST_FIELD_SIZE:
		return text_u64(text, f->min, MANIFEST_SIZE_MAX, to);
	case MANIFEST_FIELD_TIME:
		return text_untime(text, to);
	case MANIFEST_FIELD_DIGEST:
		return digest_unhex(text, to);
	case MANIFEST_FIELD_MODE:
		return put_mode(text, to);
	case MANIFEST_FIELD_WORD:
		return put_word(f, text, to);
	case MANIFEST_FIELD_NUMBER:
		return put_number(f, text, to);
	case MANIFEST_FIELD_FORMAT:
		return !strcmp(text, f->words[0]);
	case MANIFEST_FIELD_TEXT:
	case MANIFEST_FIELD_STRINGS:
	case MANIFEST_FIELD_OBJECT:
	case MANIFEST_FIELD_LIST:
		break;
	}
	return false;
}

bool manifest_field_put(const struct manifest_field *f, const char *text, void *base,
			struct error *err)
{
	AUTO(buf_clear) struct buf want = BUF_MAX(512);

	if (f->type == MANIFEST_FIELD_TEXT)
		return put_text(text, at_mutable(f, base), err);
	if (put_coded(f, text, at_mutable(f, base)))
		return true;
	shape(f, &want);
	return error_set(err, ERR_FORMAT, "'%s' must be %s, not '%s'", f->key,
			 want.data ? want.data : "", TEXT_SAFE(text));
}

static size_t element_size(const struct manifest_field *f)
{
	return f->type == MANIFEST_FIELD_LIST ? f->inner_size : sizeof(char *);
}

static void set_items(const struct manifest_field *f, void *base, void *items,
		      size_t count)
{
	memcpy(at_mutable(f, base), &items, sizeof(items));
	if (f->type == MANIFEST_FIELD_STRINGS)
		((struct manifest_strings *)at_mutable(f, base))->count = count;
	else
		*(size_t *)(void *)((char *)base + f->count_at) = count;
}

bool manifest_field_reserve(const struct manifest_field *f, size_t count, void *base,
			    struct error *err)
{
	void *items = calloc(count + 1, element_size(f));

	if (!items)
		return error_set(err, ERR_SYSTEM, "no memory");
	set_items(f, base, items, count);
	return true;
}

bool manifest_field_grow(const struct manifest_field *f, void *base, struct error *err)
{
	size_t count = manifest_field_count(f, base), size = element_size(f);
	void *items;

	if (!check_count(f, count + 1, err))
		return false;
	memcpy(&items, at_mutable(f, base), sizeof(items));
	if ((count & (count - 1)) == 0) /* full at 0 and at each power of two */
		items = reallocarray(items, count ? 2 * count : 1, size);
	if (!items)
		return error_set(err, ERR_SYSTEM, "no memory");
	memset((char *)items + count * size, 0, size);
	set_items(f, base, items, count + 1);
	return true;
}

bool manifest_field_put_item(const struct manifest_field *f, size_t i, const char *text,
			     void *base, struct error *err)
{
	struct manifest_strings *strings = at_mutable(f, base);

	return put_text(text, &strings->items[i], err);
}

const char *manifest_field_coded(const struct manifest_field *f, const void *base,
				 char room[MANIFEST_CODED_SIZE])
{
	const void *from = at(f, base);

	switch (f->type) {
	case MANIFEST_FIELD_TIME:
		text_time(*(const int64_t *)from, room);
		return room;
	case MANIFEST_FIELD_DIGEST:
		return digest_text(from, room);
	case MANIFEST_FIELD_MODE:
		text_mode(*(const unsigned *)from, room);
		return room;
	case MANIFEST_FIELD_WORD:
		return f->words[*(const unsigned *)from];
	case MANIFEST_FIELD_FORMAT:
		return f->words[0];
	default:
		return NULL;
	}
}

void manifest_field_text(const struct manifest_field *f, const void *base,
			 struct buf *out)
{
	const void *from = at(f, base);
	const struct manifest_strings *strings = from;
	char room[MANIFEST_CODED_SIZE];
	const char *coded = manifest_field_coded(f, base, room);

	if (coded)
		buf_puts(out, coded);
	else if (f->type == MANIFEST_FIELD_TEXT)
		buf_puts(out, text_of(f, base) ? text_of(f, base) : "none");
	else if (f->type == MANIFEST_FIELD_SIZE)
		buf_printf(out, "%" PRIu64, *(const uint64_t *)from);
	else if (f->type == MANIFEST_FIELD_NUMBER)
		buf_printf(out, "%u", *(const unsigned *)from);
	else if (f->type == MANIFEST_FIELD_STRINGS)
		for (size_t i = 0; i < strings->count; i++)
			buf_printf(out, "%s%s", i ? ", " : "", strings->items[i]);
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
	void *items;

	for (size_t i = 0; i < manifest_field_count(f, base); i++)
		manifest_field_clear(f->inner, manifest_field_element(f, base, i));
	memcpy(&items, at(f, base), sizeof(items));
	free(items);
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
