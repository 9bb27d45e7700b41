/* SPDX-License-Identifier: Apache-2.0 */
/* A text that is a manifest keeps every rule, is sorted, equals itself and is
 * written again byte for byte. */
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
	AUTO(buf_clear) struct buf out = BUF_MAX(MANIFEST_TEXT_MAX);
	const char *text = (const char *)data;
	struct error err;

	if (!manifest_parse(text, size, &m, &err))
		return 0;
	manifest_sort(&m);
	if (!manifest_check(&m, &err) || !manifest_write(&m, &out, &err) ||
	    out.len != size || memcmp(out.data, text, size) != 0 ||
	    !manifest_compare(&m, &m, differs, NULL, &err))
		abort();
	return 0;
}
