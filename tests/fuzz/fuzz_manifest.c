/* SPDX-License-Identifier: Apache-2.0 */
/* A text that is a manifest keeps every rule, is sorted, equals itself and is
 * written again byte for byte, and the JSON reader reads the same of it. */
#include "core/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void differs(void *arg, const struct manifest_change *c)
{
	(void)arg;
	(void)c;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(manifest_clear) struct manifest m = EMPTY;
	AUTO(manifest_clear) struct manifest by_json = EMPTY;
	AUTO(buf_clear) struct buf out = BUF_MAX(MANIFEST_TEXT_MAX);
	const char *text = (const char *)data;
	struct error err, json_err;

	if (!manifest_parse(text, size, &m, &err))
		return 0;
	if (!manifest_parse_json(text, size, &by_json, &json_err) ||
	    !manifest_compare(&m, &by_json, differs, NULL, &err))
		abort();
	manifest_sort(&m);
	if (!manifest_check(&m, &err) || !manifest_write(&m, &out, &err) ||
	    out.len != size || memcmp(out.data, text, size) != 0 ||
	    !manifest_compare(&m, &m, differs, NULL, &err))
		abort();
	return 0;
}
