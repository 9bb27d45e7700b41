/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"
#include "server/digests_table.h"

/* ---- lines ---- */

static struct digests_line line_at(const struct bytes *b, size_t at)
{
	const char *from = b->data + at;
	const char *end = memchr(from, '\n', b->len - at);
	struct digests_line l = {.text = from,
				 .len = end ? (size_t)(end - from) : b->len - at};

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

static bool is(const struct digests_line *l, size_t indent, const char *rest)
{
	return l->indent == indent && l->len >= indent + strlen(rest) &&
	       !memcmp(l->text + indent, rest, strlen(rest));
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
static void put_value(struct json_writer *w, const char *key,
		      const struct digests_line *l)
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
			  const char *key, struct digests_line *out)
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
		       const struct digests_place *p, size_t at)
{
	size_t from = at ? line_before(b, at) : 0;
	struct digests_line own = line_at(b, from), name = line_at(b, p->name), l;
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
		      const struct digests_entry *e)
{
	static const char *const what[] = {
		[DIGESTS_MEMBER] = "listed",
		[DIGESTS_TEXT] = "manifest",
		[DIGESTS_SIGNED] = "signed manifest",
		[DIGESTS_TOOL] = "tool",
	};
	const struct digests_place *p = &d->places[e->place];
	const struct digests_source *s = &d->sources[p->source];

	json_open(w, NULL, '{');
	json_put_string(w, "arch", s->arch);
	if (p->kind != DIGESTS_TOOL) {
		json_put_string(w, "el", s->el);
		json_put_string(w, "kubernetes", s->kubernetes);
	}
	if (p->kind == DIGESTS_MEMBER) {
		json_open(w, "listed", '{');
		put_member(w, s->text, p, e->at);
		json_close(w);
	}
	json_put_optional(w, "path", s->resource ? s->resource->path + 1 : NULL);
	if (p->kind != DIGESTS_TOOL)
		json_put_integer(w, "revision", s->revision);
	json_put_string(w, "what", what[p->kind]);
	json_put_bool(w, "withdrawn", s->withdrawn);
	json_close(w);
}

/* Is it that digest, beyond the four bytes that agree? */
static bool equal(const struct digests *d, const struct digests_entry *e,
		  const struct digest *wanted, const char *hex)
{
	const struct digests_place *p = &d->places[e->place];
	const struct digests_source *s = &d->sources[p->source];

	switch (p->kind) {
	case DIGESTS_MEMBER:
		return !memcmp(s->text->data + e->at, hex, DIGESTS_HEX);
	case DIGESTS_SIGNED:
		return digest_equal(&s->resource->digest, wanted);
	case DIGESTS_TEXT:
	case DIGESTS_TOOL:
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
		const struct digests_entry *e = &d->entries[i];

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
