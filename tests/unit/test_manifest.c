/* SPDX-License-Identifier: Apache-2.0 */
#include "core/file.h"
#include "core/manifest.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

static void load(const char *name, struct buf *out)
{
	const char *top = getenv("TOP");
	char path[4096];
	struct error why;

	snprintf(path, sizeof(path), "%s/tests/data/%s", top ? top : ".", name);
	if (!file_read(path, out, &why))
		fail_msg("%s", why.msg);
}

TEST(a_manifest_is_read_and_written_byte_for_byte)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(buf_clear) struct buf again = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(manifest_clear) struct manifest m = EMPTY;

	load("manifest-el8-x86_64.json", &text);
	assert_ok(manifest_parse(text.data, text.len, &m, &err));
	assert_ok(manifest_check(&m, &err));
	manifest_sort(&m);
	assert_ok(manifest_write(&m, &again, &err));
	assert_string_equal(text.data, again.data);
}
