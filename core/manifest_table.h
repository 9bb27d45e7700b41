/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest_table: the format as tables for manifest_field.h: every member, its
 * type, shape and limit. What spans several members is in manifest.c.
 */
#ifndef CORE_MANIFEST_TABLE_H
#define CORE_MANIFEST_TABLE_H

#include "core/manifest_field.h"

/* Of a whole struct manifest. */
extern const struct manifest_field manifest_table[];

/* Words by the enums of manifest.h; NULL ends each. */
extern const char *const manifest_table_presence[];
extern const char *const manifest_table_source[];
extern const char *const manifest_table_kind[];

#endif
