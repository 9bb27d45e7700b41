/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a canonical manifest (docs/FORMAT.md) every member stands on a line of its
 * own, so that the line and its indentation tell what a digest is:
 *
 *     ....{                                 a component begins
 *     ..........."path": "/usr/bin/x",      10 blanks: of a file
 *     ..........."sha256": "HEX",
 *     ......"name": "kubelet",              6 blanks: the component's name
 *     ........"name": "kubelet.rpm",        8 blanks: of its source
 *     ........"sha256": "HEX",
 *     .........."config": "HEX",            10 blanks: of the source's image
 */
#include "server/digests.h"

#include "core/json.h"
#include "core/text.h"

#include <stdlib.h>

enum {
	BUCKETS = 65536,
	HEX = DIGEST_HEX_SIZE - 1,
	ENTRIES_MAX = 100000000,
};

/* What an entry's digest belongs to. */
enum kind { MEMBER, TEXT, SIGNED, TOOL };

struct place {
	uint32_t source;
	uint32_t name; /* of a MEMBER: where the line of the component's name begins */
	enum kind kind;
};

struct entry {
	uint32_t prefix; /* the digest's first four bytes, the first one highest */
	uint32_t place;
	uint32_t at; /* of a MEMBER: where its 64 hex digits begin in the text */
};

struct digests {
	atomic_uint holders;
	struct digests_source *sources;
	size_t source_count;
	struct place *places;
	size_t place_count, place_room;
	struct entry *entries; /* by the prefix's upper half */
	size_t entry_count, entry_room;
	uint32_t buckets[BUCKETS + 1];
};

/* ---- lines ---- */

struct line {
	const char *text;
	size_t len;
	size_t indent;
};

static struct line line_at(const struct bytes *b, size_t at)
{
	const char *from = b->data + at;
	const char *end = memchr(from, '\n', b->len - at);
	struct line l = {.text = from, .len = end ? (size_t)(end - from) : b->len - at};

	while (l.indent < l.len && from[l.indent] == ' ')
		l.indent++;
	return l;
}

/* Where the line before the one at `at` begins; `at` is not 0. */
static size_t line_before(const struct bytes *b, size_t at)
{
	const char *end = at > 1 ? memrchr(b->data, '\n', at - 1) : NULL;

	return end ? (size_t)(end + 1 - b->data) : 0;
}

static bool is(const struct line *l, size_t indent, const char *rest)
{
	return l->indent == indent && l->len >= indent + strlen(rest) &&
	       !memcmp(l->text + indent, rest, strlen(rest));
}

/* The 64 bytes of `"sha256": "HEX"`, of "config" and of "manifest"; or NULL. Whether
 * all are digits shows when a digest is compared with them. */
static const char *digest_in(const struct line *l)
{
	static const char *const keys[] = {"\"sha256\": \"", "\"config\": \"",
					   "\"manifest\": \""};
	size_t len = l->len - (l->len && l->text[l->len - 1] == ',');

	if (len < l->indent + HEX + 12 || l->text[len - 1] != '"')
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t key = l->indent + strlen(keys[i]);

		if (len == key + HEX + 1 && is(l, l->indent, keys[i]))
			return l->text + key;
	}
	return NULL;
}

/* ---- building ---- */

static bool more(void **array, size_t count, size_t *room, size_t size)
{
	size_t grown = *room + *room / 2 + 1024;
	void *to;

	if (count < *room)
		return true;
	to = reallocarray(*array, grown, size);
	if (!to)
		return false;
	*array = to;
	*room = grown;
	return true;
}

static bool add_place(struct digests *d, size_t source, enum kind kind)
{
	void *array = d->places;

	if (!more(&array, d->place_count, &d->place_room, sizeof(*d->places)))
		return false;
	d->places = array;
	d->places[d->place_count++] =
		(struct place){.source = (uint32_t)source, .kind = kind};
	return true;
}

/* Of the place that was added last. */
static bool add_entry(struct digests *d, const unsigned char first[4], size_t at)
{
	void *array = d->entries;

	if (d->entry_count == ENTRIES_MAX ||
	    !more(&array, d->entry_count, &d->entry_room, sizeof(*d->entries)))
		return false;
	d->entries = array;
	d->entries[d->entry_count++] = (struct entry){
		.prefix = (uint32_t)first[0] << 24 | (uint32_t)first[1] << 16 |
			  (uint32_t)first[2] << 8 | first[3],
		.place = (uint32_t)(d->place_count - 1),
		.at = (uint32_t)at,
	};
	return true;
}

static bool add_hex(struct digests *d, const char *hex, size_t at)
{
	unsigned char first[4];
	char text[9];

	memcpy(text, hex, 8);
	text[8] = '\0';
	return !text_unhex(text, first, sizeof(first)) || add_entry(d, first, at);
}

static bool scan_long(struct digests *d, size_t source, size_t at, size_t len)
{
	const struct bytes *b = d->sources[source].text;
	struct line l = {.text = b->data + at, .len = len};
	const char *hex;

	while (l.indent < len && l.text[l.indent] == ' ')
		l.indent++;
	hex = l.indent >= 8 ? digest_in(&l) : NULL;
	return !hex || add_hex(d, hex, (size_t)(hex - b->data));
}

static bool scan(struct digests *d, size_t source)
{
	const struct bytes *b = d->sources[source].text;
	size_t at = 0;

	if (!add_place(d, source, TEXT) ||
	    !add_entry(d, d->sources[source].digest.bytes, 0))
		return false;
	while (at < b->len) {
		const char *from = b->data + at;
		const char *end = memchr(from, '\n', b->len - at);
		size_t len = end ? (size_t)(end - from) : b->len - at;

		/* by their lengths most lines are told at once */
		if (len > HEX && !scan_long(d, source, at, len))
			return false;
		if (len == 5 && !memcmp(from, "    {", 5)) {
			if (!add_place(d, source, MEMBER))
				return false;
		} else if (len > 15 && !memcmp(from, "      \"name\": ", 14)) {
			d->places[d->place_count - 1].name = (uint32_t)at;
		}
		at += len + 1;
	}
	return true;
}

static bool scan_source(struct digests *d, size_t i)
{
	const struct digests_source *s = &d->sources[i];

	if (!s->text)
		return add_place(d, i, TOOL) && add_entry(d, s->digest.bytes, 0);
	if (s->text->len > UINT32_MAX)
		return false;
	if (s->resource &&
	    (!add_place(d, i, SIGNED) || !add_entry(d, s->resource->digest.bytes, 0)))
		return false;
	return scan(d, i);
}

/* ---- what was read before ---- */

enum { NONE = UINT32_MAX };

/* A source of one, and where the same lies in the other. */
struct pair {
	const struct bytes *text;
	const struct resource *resource;
	uint32_t at;
};

static int by_text(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->text != y->text)
		return x->text < y->text ? -1 : 1;
	return (x->resource > y->resource) - (x->resource < y->resource);
}

static struct pair pair_of(const struct digests *d, size_t i)
{
	return (struct pair){d->sources[i].text, d->sources[i].resource, (uint32_t)i};
}

/* For each source of `old` its number in `d`, or NONE; `taken` marks those of `d`. */
static bool match(const struct digests *d, const struct digests *old, uint32_t *to,
		  bool *taken)
{
	struct pair *pairs = reallocarray(NULL, d->source_count + 1, sizeof(*pairs));

	if (!pairs)
		return false;
	for (size_t i = 0; i < d->source_count; i++)
		pairs[i] = pair_of(d, i);
	qsort(pairs, d->source_count, sizeof(*pairs), by_text);
	for (size_t i = 0; i < old->source_count; i++) {
		struct pair wanted = pair_of(old, i);
		const struct pair *p = bsearch(&wanted, pairs, d->source_count,
					       sizeof(*pairs), by_text);

		to[i] = wanted.text && p ? p->at : NONE;
		if (to[i] != NONE)
			taken[p->at] = true;
	}
	free(pairs);
	return true;
}

/* The places of texts that are still there; `to` becomes theirs, place by place. */
static bool copy_places(struct digests *d, const struct digests *old,
			const uint32_t *source, uint32_t *to)
{
	d->places = reallocarray(NULL, old->place_count + 1, sizeof(*d->places));
	if (!d->places)
		return false;
	d->place_room = old->place_count + 1;
	for (size_t i = 0; i < old->place_count; i++) {
		struct place p = old->places[i];

		to[i] = NONE;
		p.source = source[p.source];
		if (p.source == NONE)
			continue;
		to[i] = (uint32_t)d->place_count;
		d->places[d->place_count++] = p;
	}
	return true;
}

static bool copy_entries(struct digests *d, const struct digests *old,
			 const uint32_t *place)
{
	d->entries = reallocarray(NULL, old->entry_count + 1, sizeof(*d->entries));
	if (!d->entries)
		return false;
	d->entry_room = old->entry_count + 1;
	for (size_t i = 0; i < old->entry_count; i++) {
		struct entry e = old->entries[i];

		e.place = place[e.place];
		if (e.place != NONE)
			d->entries[d->entry_count++] = e;
	}
	return true;
}

/* Take over what an earlier one has of the same texts, and mark these. */
static bool reuse(struct digests *d, const struct digests *old, bool *taken)
{
	uint32_t *source = reallocarray(NULL, old->source_count + 1, sizeof(*source));
	uint32_t *place = reallocarray(NULL, old->place_count + 1, sizeof(*place));
	bool ok = source && place && match(d, old, source, taken) &&
		  copy_places(d, old, source, place) && copy_entries(d, old, place);

	free(source);
	free(place);
	return ok;
}

/* ---- all of it ---- */

/* Within a bucket the sources' order, which the new ones among them disturbed. */
static void sort_bucket(struct digests *d, uint32_t from, uint32_t to)
{
	for (uint32_t i = from + 1; i < to; i++) {
		struct entry e = d->entries[i];
		uint32_t at = i;

		while (at > from && d->places[d->entries[at - 1].place].source >
					    d->places[e.place].source) {
			d->entries[at] = d->entries[at - 1];
			at--;
		}
		d->entries[at] = e;
	}
}

/* Bring the entries into the order of their buckets, by counting. */
static bool arrange(struct digests *d)
{
	uint32_t *next = calloc(BUCKETS, sizeof(*next));
	struct entry *to = reallocarray(NULL, d->entry_count + 1, sizeof(*to));

	if (!next || !to) {
		free(next);
		free(to);
		return false;
	}
	for (size_t i = 0; i < d->entry_count; i++)
		d->buckets[(d->entries[i].prefix >> 16) + 1]++;
	for (size_t i = 0; i < BUCKETS; i++) {
		next[i] = d->buckets[i];
		d->buckets[i + 1] += d->buckets[i];
	}
	for (size_t i = 0; i < d->entry_count; i++)
		to[next[d->entries[i].prefix >> 16]++] = d->entries[i];
	free(next);
	free(d->entries);
	d->entries = to;
	return true;
}

static bool fill(struct digests *d, const struct digests *previous)
{
	bool *taken = calloc(d->source_count + 1, sizeof(*taken));
	bool ok = taken && (!previous || reuse(d, previous, taken));

	for (size_t i = 0; ok && i < d->source_count; i++)
		ok = taken[i] || scan_source(d, i);
	free(taken);
	ok = ok && arrange(d);
	for (size_t i = 0; ok && previous && i < BUCKETS; i++)
		sort_bucket(d, d->buckets[i], d->buckets[i + 1]);
	return ok;
}

bool digests_build(struct digests_source *sources, size_t count,
		   const struct digests *previous, struct digests **out,
		   struct error *err)
{
	struct digests *d = calloc(1, sizeof(*d));

	if (!d) {
		free(sources);
		return error_set(err, ERR_SYSTEM, "no memory");
	}
	atomic_init(&d->holders, 1);
	d->sources = sources;
	d->source_count = count;
	if (!fill(d, previous)) {
		digests_drop(d);
		return error_set(err, ERR_SYSTEM,
				 "no memory for the digests of %zu manifests", count);
	}
	*out = d;
	return true;
}

struct digests *digests_hold(struct digests *d)
{
	atomic_fetch_add_explicit(&d->holders, 1, memory_order_relaxed);
	return d;
}

void digests_drop(struct digests *d)
{
	if (!d || atomic_fetch_sub_explicit(&d->holders, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < d->source_count; i++) {
		resource_drop(d->sources[i].resource);
		bytes_drop(d->sources[i].text);
	}
	free(d->sources);
	free(d->places);
	free(d->entries);
	free(d);
}

static bool same_node(const struct digests_source *a, const struct digests_source *b)
{
	return !strcmp(a->el, b->el) && !strcmp(a->kubernetes, b->kubernetes) &&
	       !strcmp(a->arch, b->arch);
}

const struct digests_source *digests_before(const struct digests *d,
					    const struct resource *signed_file)
{
	const struct digests_source *own = NULL, *best = NULL;

	for (size_t i = 0; i < d->source_count && !own; i++)
		if (d->sources[i].text && d->sources[i].resource &&
		    digest_equal(&d->sources[i].resource->digest, &signed_file->digest))
			own = &d->sources[i];
	for (size_t i = 0; own && i < d->source_count; i++) {
		const struct digests_source *s = &d->sources[i];

		if (s->text && !s->resource && s->revision < own->revision &&
		    (!best || s->revision > best->revision) && same_node(s, own))
			best = s;
	}
	return best;
}

/* ---- answering ---- */

/* A JSON string without escapes, as most are, without its quotes. */
static bool plain(const char *value, size_t len, char *out, size_t size)
{
	if (len < 2 || len - 2 >= size || value[0] != '"' || value[len - 1] != '"')
		return false;
	for (size_t i = 1; i < len - 1; i++)
		if (value[i] < 0x20 || value[i] > 0x7e || value[i] == '"' ||
		    value[i] == '\\')
			return false;
	memcpy(out, value + 1, len - 2);
	out[len - 2] = '\0';
	return true;
}

/* The string of a line `"key": "VALUE",` as a member of the answer. */
static void put_value(struct json_writer *w, const char *key, const struct line *l)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	const char *value = memmem(l->text, l->len, "\": ", 3);
	char text[256];
	size_t len;
	struct error err;

	if (!value)
		return;
	value += 3;
	len = l->len - (size_t)(value - l->text);
	len -= len && value[len - 1] == ',';
	if (plain(value, len, text, sizeof(text)))
		json_put_string(w, key, text);
	else if (json_parse(value, len, len, &doc, &err))
		json_put_value(w, key, json_root(&doc));
}

/* The line with this member before the one at `at`, in the same object. */
static bool member_before(const struct bytes *b, size_t at, size_t indent,
			  const char *key, struct line *out)
{
	while (at) {
		at = line_before(b, at);
		*out = line_at(b, at);
		if (out->indent < indent)
			return false;
		if (is(out, indent, key))
			return true;
	}
	return false;
}

/* Which file, artifact or image of which component. */
static void put_member(struct json_writer *w, const struct bytes *b,
		       const struct place *p, size_t at)
{
	size_t from = at ? line_before(b, at) : 0;
	struct line own = line_at(b, from), name = line_at(b, p->name), l;
	bool sha256 = is(&own, own.indent, "\"sha256\"");
	bool file = own.indent == 10 && sha256;

	if (!file && own.indent == 8 && member_before(b, from, 8, "\"name\"", &l))
		put_value(w, "artifact", &l);
	if (p->name)
		put_value(w, "component", &name);
	if (file && member_before(b, from, 10, "\"path\"", &l))
		put_value(w, "file", &l);
	if (!sha256)
		json_put_string(w, "image",
				is(&own, own.indent, "\"config\"") ? "config"
								   : "manifest");
}

static void put_found(struct json_writer *w, const struct digests *d,
		      const struct entry *e)
{
	static const char *const what[] = {
		[MEMBER] = "listed",
		[TEXT] = "manifest",
		[SIGNED] = "signed manifest",
		[TOOL] = "tool",
	};
	const struct place *p = &d->places[e->place];
	const struct digests_source *s = &d->sources[p->source];

	json_open(w, NULL, '{');
	json_put_string(w, "arch", s->arch);
	if (p->kind != TOOL) {
		json_put_string(w, "el", s->el);
		json_put_string(w, "kubernetes", s->kubernetes);
	}
	if (p->kind == MEMBER) {
		json_open(w, "listed", '{');
		put_member(w, s->text, p, e->at);
		json_close(w);
	}
	json_put_optional(w, "path", s->resource ? s->resource->path + 1 : NULL);
	if (p->kind != TOOL)
		json_put_integer(w, "revision", s->revision);
	json_put_string(w, "what", what[p->kind]);
	json_put_bool(w, "withdrawn", s->withdrawn);
	json_close(w);
}

/* Is it that digest, beyond the four bytes that agree? */
static bool equal(const struct digests *d, const struct entry *e,
		  const struct digest *wanted, const char *hex)
{
	const struct place *p = &d->places[e->place];
	const struct digests_source *s = &d->sources[p->source];

	switch (p->kind) {
	case MEMBER:
		return !memcmp(s->text->data + e->at, hex, HEX);
	case SIGNED:
		return digest_equal(&s->resource->digest, wanted);
	case TEXT:
	case TOOL:
		break;
	}
	return digest_equal(&s->digest, wanted);
}

bool digests_write(const struct digests *d, const struct digest *wanted,
		   struct buf *out, size_t *found, struct error *err)
{
	uint32_t prefix = (uint32_t)wanted->bytes[0] << 24 |
			  (uint32_t)wanted->bytes[1] << 16 |
			  (uint32_t)wanted->bytes[2] << 8 | wanted->bytes[3];
	const uint32_t *bucket = &d->buckets[prefix >> 16];
	struct json_writer w = json_writer(out);
	char hex[DIGEST_HEX_SIZE];
	size_t n = 0;

	digest_hex(wanted, hex);
	json_open(&w, NULL, '{');
	json_put_string(&w, "digest", hex);
	json_open(&w, "found", '[');
	for (uint32_t i = bucket[0]; i < bucket[1]; i++) {
		const struct entry *e = &d->entries[i];

		if (e->prefix == prefix && equal(d, e, wanted, hex) &&
		    n++ < DIGESTS_FOUND_MAX)
			put_found(&w, d, e);
	}
	json_close(&w);
	json_put_bool(&w, "more", n > DIGESTS_FOUND_MAX);
	json_close(&w);
	*found = n;
	return json_write_end(&w, err);
}
