/* SPDX-License-Identifier: Apache-2.0 */
/*
 * release_yaml: a YAML text as a tree in which every node knows its place.
 *
 * Rules: one document of maps, lists and text; keys are text, each once in its
 * map; no anchors, aliases, tags or directives, so that what a reviewer reads is
 * what is meant. Everything is text: 8 and "8" are the same. This is the module
 * release's own and alone includes <yaml.h>.
 */
#ifndef CORE_RELEASE_YAML_H
#define CORE_RELEASE_YAML_H

#include "core/error.h"

enum {
	RELEASE_YAML_DEPTH_MAX = 16,
	RELEASE_YAML_KEYS_MAX = 64, /* of one map */
	RELEASE_YAML_NODES_MAX = 100000,
};

enum release_yaml_kind { RELEASE_YAML_TEXT, RELEASE_YAML_LIST, RELEASE_YAML_MAP };

struct release_yaml {
	enum release_yaml_kind kind;
	size_t line, column; /* from 1 */
	char *key;           /* in a map; or NULL */
	size_t key_line, key_column;
	char *text;
	struct release_yaml *items; /* of a list or map */
	size_t count;
};

/* UTF-8 text; errors are "FILE:LINE:COLUMN: reason". `out` is to be cleared. */
bool release_yaml_parse(const char *file, const char *text, size_t len,
			struct release_yaml *out, struct error *err) MUST_CHECK;
void release_yaml_clear(struct release_yaml *node);

/* The member of a map, or NULL. */
const struct release_yaml *release_yaml_find(const struct release_yaml *map,
					     const char *key);

#endif
