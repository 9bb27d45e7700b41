/* SPDX-License-Identifier: Apache-2.0 */
/*
 * release: a release definition (YAML 1.1 through libyaml) as a value: what goes
 * into one manifest (docs/FORMAT.md, schema/release.schema.json).
 *
 * Rules: unknown, duplicate and missing keys, anchors, aliases, tags and second
 * documents are refused with "FILE:LINE:COLUMN: reason". Scalars are text and
 * never guessed at: el: 8 and el: "8" are the same. Names and shapes are the
 * manifest's own. Order of keys means nothing. This module alone includes
 * <yaml.h>.
 */
#ifndef CORE_RELEASE_H
#define CORE_RELEASE_H

#include "core/manifest.h"

enum {
	RELEASE_TEXT_MAX = 1024 * 1024, /* bytes of a definition */
	RELEASE_FILES_MAX = 1000,       /* paths and patterns of one component */
};

enum release_unsigned { RELEASE_UNSIGNED_REFUSED, RELEASE_UNSIGNED_ALLOWED };

struct release_component {
	char *name;
	enum manifest_source_type type; /* which of rpm, image, tar, file was given */
	char *artifact;                 /* its value: a name in the artifacts folder */
	char *prefix;                   /* tar: where it is unpacked; default "/" */
	char *path;                     /* file: where it lies on the node */
	char *version;                  /* or NULL: from the artifact */
	struct manifest_strings files; /* exact paths or fnmatch(3) patterns; empty: all
					* regular files that are not configuration */
	enum manifest_presence presence;
	char *require_crypto; /* gobin.h's word, or NULL */
	enum release_unsigned unsigned_allowed;
	size_t line; /* of the component in the definition, for messages */
};

struct release {
	char *file; /* as it was opened, for messages */
	char *el, *kubernetes, *arch;
	unsigned revision;
	int64_t created;                  /* -1: not given */
	char *note;                       /* or NULL */
	struct manifest_strings rpm_keys; /* relative to the definition's folder */
	struct release_component *components;
	size_t component_count;
	struct manifest_service *services;
	size_t service_count;
	struct manifest_tls tls;
	struct manifest_exception *exceptions;
	size_t exception_count;
};

/* Read a definition; `file` is used in messages and kept. */
bool release_parse(const char *file, const char *text, size_t len, struct release *out,
		   struct error *err) MUST_CHECK;
bool release_read(const char *file, struct release *out, struct error *err) MUST_CHECK;
void release_clear(struct release *r);

#endif
