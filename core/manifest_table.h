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

/* Of a struct manifest_service, of a struct manifest_exception. */
extern const struct manifest_field manifest_table_service[];
extern const struct manifest_field manifest_table_exception[];

/* Words by the enums of manifest.h; NULL ends each. */
extern const char *const manifest_table_presence[];
extern const char *const manifest_table_source[];
extern const char *const manifest_table_kind[];

/* Shapes that release definitions share. */
bool manifest_table_is_text(const char *s) MUST_CHECK;
bool manifest_table_is_name(const char *s) MUST_CHECK;
bool manifest_table_is_version(const char *s) MUST_CHECK;
bool manifest_table_is_file_path(const char *s) MUST_CHECK;
bool manifest_table_is_tls_version(const char *s) MUST_CHECK;
bool manifest_table_is_cipher_suite(const char *s) MUST_CHECK;

#endif
