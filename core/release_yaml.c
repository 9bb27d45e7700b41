/* SPDX-License-Identifier: Apache-2.0 */
#include "core/release_yaml.h"

#include "core/text.h"

#include <stdlib.h>
#include <yaml.h>

struct reader {
	const char *file;
	yaml_parser_t parser;
	size_t nodes;
	unsigned depth;
};

/* ---- places ---- */

static bool refuse_at(const struct reader *r, yaml_mark_t mark, enum error_code code,
		      const char *why, struct error *err)
{
	return error_set(err, code, "%s:%zu:%zu: %s", TEXT_SAFE(r->file), mark.line + 1,
			 mark.column + 1, why);
}

static bool refuse(const struct reader *r, const yaml_event_t *e, const char *why,
		   struct error *err)
{
	return refuse_at(r, e->start_mark, ERR_FORMAT, why, err);
}

/* libyaml's error as ours; its context says where the trouble began. */
static bool parser_failed(const struct reader *r, struct error *err)
{
	const yaml_parser_t *p = &r->parser;
	bool memory = p->error == YAML_MEMORY_ERROR;

	/* what the reader finds has an offset alone, in bytes */
	if (p->error == YAML_READER_ERROR)
		return error_set(err, ERR_FORMAT, "%s: byte %zu: %s",
				 TEXT_SAFE(r->file), p->problem_offset + 1, p->problem);
	if (p->error == YAML_SCANNER_ERROR && *p->buffer.pointer == '\t')
		return refuse_at(r, p->problem_mark, ERR_FORMAT,
				 "a tab, where YAML takes blanks alone", err);
	return refuse_at(r, p->problem_mark, memory ? ERR_SYSTEM : ERR_FORMAT,
			 p->problem ? p->problem : "no memory", err);
}

static bool next(struct reader *r, yaml_event_t *e, struct error *err)
{
	return yaml_parser_parse(&r->parser, e) == 1 || parser_failed(r, err);
}

/* ---- nodes ---- */

static bool read_node(struct reader *r, const yaml_event_t *e, struct release_yaml *out,
		      struct error *err);

static bool has_anchor_or_tag(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return e->data.scalar.anchor || e->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.anchor || e->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.anchor || e->data.mapping_start.tag;
	default:
		return e->type == YAML_ALIAS_EVENT;
	}
}

static bool read_scalar(struct reader *r, const yaml_event_t *e, char **out,
			struct error *err)
{
	const char *text = (const char *)e->data.scalar.value;
	size_t len = e->data.scalar.length;

	if (strlen(text) != len)
		return refuse(r, e, "text with a NUL", err);
	*out = text_dup(text, len);
	return *out || error_set(err, ERR_SYSTEM, "no memory");
}

/* Room for one more item, zeroed; the list grows by doubling. */
static struct release_yaml *append(struct release_yaml *node)
{
	size_t n = node->count;
	struct release_yaml *items = node->items;

	if ((n & (n - 1)) == 0) {
		items = realloc(items, (n ? 2 * n : 1) * sizeof(*items));
		if (!items)
			return NULL;
		node->items = items;
	}
	items[n] = (struct release_yaml)EMPTY;
	node->count++;
	return &items[n];
}

/* The key of a map's next item. */
static bool read_key(struct reader *r, const yaml_event_t *e,
		     const struct release_yaml *map, struct release_yaml *item,
		     struct error *err)
{
	AUTO(text_freep) char *key = NULL;

	if (e->type != YAML_SCALAR_EVENT || has_anchor_or_tag(e))
		return refuse(r, e, "a key must be plain text", err);
	if (!read_scalar(r, e, &key, err))
		return false;
	if (release_yaml_find(map, key))
		return refuse(r, e, "the key is there twice", err);
	if (map->count > RELEASE_YAML_KEYS_MAX)
		return refuse_at(r, e->start_mark, ERR_LIMIT, "too many keys", err);
	item->key = TAKE(key);
	item->key_line = e->start_mark.line + 1;
	item->key_column = e->start_mark.column + 1;
	return true;
}

/* One item of a list or map; *end when there is none. */
static bool read_item(struct reader *r, struct release_yaml *node, bool *end,
		      struct error *err)
{
	AUTO(yaml_event_delete) yaml_event_t key = EMPTY;
	AUTO(yaml_event_delete) yaml_event_t e = EMPTY;
	struct release_yaml *item;

	if (node->kind == RELEASE_YAML_MAP && !next(r, &key, err))
		return false;
	if (key.type == YAML_MAPPING_END_EVENT) {
		*end = true;
		return true;
	}
	if (!next(r, &e, err))
		return false;
	if (e.type == YAML_SEQUENCE_END_EVENT) {
		*end = true;
		return true;
	}
	item = append(node);
	if (!item)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (node->kind == RELEASE_YAML_MAP && !read_key(r, &key, node, item, err))
		return false;
	return read_node(r, &e, item, err);
}

static bool read_items(struct reader *r, struct release_yaml *node, struct error *err)
{
	bool end = false;

	while (!end)
		if (!read_item(r, node, &end, err))
			return false;
	return true;
}

static bool read_node(struct reader *r, const yaml_event_t *e, struct release_yaml *out,
		      struct error *err)
{
	bool ok;

	if (has_anchor_or_tag(e))
		return refuse(r, e, "anchors, aliases and tags are not allowed", err);
	if (++r->nodes > RELEASE_YAML_NODES_MAX)
		return refuse_at(r, e->start_mark, ERR_LIMIT, "too many values", err);
	out->line = e->start_mark.line + 1;
	out->column = e->start_mark.column + 1;
	if (e->type == YAML_SCALAR_EVENT)
		return read_scalar(r, e, &out->text, err);
	if (++r->depth > RELEASE_YAML_DEPTH_MAX)
		return refuse_at(r, e->start_mark, ERR_LIMIT, "nested too deep", err);
	out->kind = e->type == YAML_MAPPING_START_EVENT ? RELEASE_YAML_MAP
							: RELEASE_YAML_LIST;
	ok = read_items(r, out, err);
	r->depth--;
	return ok;
}

/* ---- the document ---- */

/* Take one event, which must be of this type. */
static bool take(struct reader *r, yaml_event_type_t type, const char *why,
		 struct error *err)
{
	AUTO(yaml_event_delete) yaml_event_t e = EMPTY;

	if (!next(r, &e, err))
		return false;
	if (e.type != type)
		return refuse(r, &e, why, err);
	if (type == YAML_DOCUMENT_START_EVENT &&
	    (e.data.document_start.version_directive ||
	     e.data.document_start.tag_directives.start !=
		     e.data.document_start.tag_directives.end))
		return refuse(r, &e, "directives are not allowed", err);
	return true;
}

static bool read_root(struct reader *r, struct release_yaml *out, struct error *err)
{
	AUTO(yaml_event_delete) yaml_event_t e = EMPTY;

	return next(r, &e, err) && read_node(r, &e, out, err);
}

static bool read_all(struct reader *r, struct release_yaml *out, struct error *err)
{
	return take(r, YAML_STREAM_START_EVENT, "not YAML", err) &&
	       take(r, YAML_DOCUMENT_START_EVENT, "empty", err) &&
	       read_root(r, out, err) &&
	       take(r, YAML_DOCUMENT_END_EVENT, "not YAML", err) &&
	       take(r, YAML_STREAM_END_EVENT, "a second document", err);
}

bool release_yaml_parse(const char *file, const char *text, size_t len,
			struct release_yaml *out, struct error *err)
{
	AUTO(release_yaml_clear) struct release_yaml root = EMPTY;
	struct reader r = {.file = file};
	bool ok;

	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		return refuse_at(&r, (yaml_mark_t)EMPTY, ERR_FORMAT,
				 "a byte order mark", err);
	if (!yaml_parser_initialize(&r.parser))
		return error_set(err, ERR_SYSTEM, "no memory");
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	ok = read_all(&r, &root, err);
	yaml_parser_delete(&r.parser);
	if (ok)
		*out = TAKE(root);
	return ok;
}

void release_yaml_clear(struct release_yaml *node)
{
	for (size_t i = 0; i < node->count; i++)
		release_yaml_clear(&node->items[i]);
	free(node->items);
	free(node->key);
	free(node->text);
	*node = (struct release_yaml)EMPTY;
}

const struct release_yaml *release_yaml_find(const struct release_yaml *map,
					     const char *key)
{
	for (size_t i = 0; i < map->count; i++)
		if (map->items[i].key && !strcmp(map->items[i].key, key))
			return &map->items[i];
	return NULL;
}
