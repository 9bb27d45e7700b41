/* SPDX-License-Identifier: Apache-2.0 */
#include "server/digests_table.h"

#include "core/text.h"

#include <stdlib.h>

enum { ENTRIES_MAX = 100000000 };

/* ---- reading ---- */

/* The 64 bytes of `"sha256": "HEX"`, of "config" and of "manifest"; or NULL. Whether
 * all are digits shows when a digest is compared with them. */
static const char *digest_in(const struct digests_line *l)
{
	static const char *const keys[] = {"\"sha256\": \"", "\"config\": \"",
					   "\"manifest\": \""};
	size_t len = l->len - (l->len && l->text[l->len - 1] == ',');

	if (len < l->indent + DIGESTS_HEX + 12 || l->text[len - 1] != '"')
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		size_t key = l->indent + strlen(keys[i]);

		if (len == key + DIGESTS_HEX + 1 &&
		    !memcmp(l->text + l->indent, keys[i], strlen(keys[i])))
			return l->text + key;
	}
	return NULL;
}

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

static bool add_place(struct digests *d, size_t source, enum digests_kind kind)
{
	void *array = d->places;

	if (!more(&array, d->place_count, &d->place_room, sizeof(*d->places)))
		return false;
	d->places = array;
	d->places[d->place_count++] =
		(struct digests_place){.source = (uint32_t)source, .kind = kind};
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
	d->entries[d->entry_count++] = (struct digests_entry){
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
	struct digests_line l = {.text = b->data + at, .len = len};
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

	if (!add_place(d, source, DIGESTS_TEXT) ||
	    !add_entry(d, d->sources[source].digest.bytes, 0))
		return false;
	while (at < b->len) {
		const char *from = b->data + at;
		const char *end = memchr(from, '\n', b->len - at);
		size_t len = end ? (size_t)(end - from) : b->len - at;

		/* by their lengths most lines are told at once */
		if (len > DIGESTS_HEX && !scan_long(d, source, at, len))
			return false;
		if (len == 5 && !memcmp(from, "    {", 5)) {
			if (!add_place(d, source, DIGESTS_MEMBER))
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
		return add_place(d, i, DIGESTS_TOOL) &&
		       add_entry(d, s->digest.bytes, 0);
	if (s->text->len > UINT32_MAX)
		return false;
	if (s->resource && (!add_place(d, i, DIGESTS_SIGNED) ||
			    !add_entry(d, s->resource->digest.bytes, 0)))
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
		struct digests_place p = old->places[i];

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
		struct digests_entry e = old->entries[i];

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
		struct digests_entry e = d->entries[i];
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
	uint32_t *next = calloc(DIGESTS_BUCKETS, sizeof(*next));
	struct digests_entry *to = reallocarray(NULL, d->entry_count + 1, sizeof(*to));

	if (!next || !to) {
		free(next);
		free(to);
		return false;
	}
	for (size_t i = 0; i < d->entry_count; i++)
		d->buckets[(d->entries[i].prefix >> 16) + 1]++;
	for (size_t i = 0; i < DIGESTS_BUCKETS; i++) {
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
	for (size_t i = 0; ok && previous && i < DIGESTS_BUCKETS; i++)
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
