/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest_text: the canonical text of a manifest, read along its tables, without
 * a tree of JSON values between: a tenth of the time, which import, a node with many
 * files and the start of a server spend mostly here.
 *
 * Rule: it need not be strict, because its caller is: what was read is taken only
 * when the very same bytes would be written of it again. It says no without a reason;
 * manifest_json then finds the words. manifest alone includes this.
 */
#ifndef CORE_MANIFEST_TEXT_H
#define CORE_MANIFEST_TEXT_H

#include "core/manifest_field.h"

/* Read `text` into the zeroed struct `base`, which is to be cleared even after a
 * failure. */
bool manifest_text_read(const struct manifest_field *table, const char *text,
			size_t len, void *base) MUST_CHECK;

#endif
