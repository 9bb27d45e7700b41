/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_json: structs of the manifest to and from JSON, by their tables. */
#ifndef CORE_MANIFEST_JSON_H
#define CORE_MANIFEST_JSON_H

#include "core/json.h"
#include "core/manifest_field.h"

/* Read the members of `object` into the zeroed struct `base`, which is to be
 * cleared even after a failure. Errors carry the line. */
bool manifest_json_read(const struct manifest_field *table, struct json object,
			void *base, struct error *err) MUST_CHECK;
/* Write the object under `key`. */
void manifest_json_write(const struct manifest_field *table, const void *base,
			 const char *key, struct json_writer *w);

#endif
