/* SPDX-License-Identifier: Apache-2.0 */
/* A canonical text is written again byte for byte; what is written of any other
 * text is canonical. */
#include "core/json.h"

#include <stdlib.h>

enum { MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool write_again(const struct json_doc *doc, struct buf *out)
{
	struct json_writer w = json_writer(out);
	struct error err;

	json_put_value(&w, NULL, json_root(doc));
	return json_write_end(&w, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY, again = EMPTY;
	AUTO(buf_clear) struct buf out = BUF_MAX(64 * (size_t)MAX);
	const char *text = (const char *)data;
	struct error err;

	if (json_parse_canonical(text, size, MAX, &doc, &err)) {
		if (!write_again(&doc, &out) || out.len != size ||
		    memcmp(out.data, text, size) != 0)
			abort();
		return 0;
	}
	/* a real number or a control character has no canonical form */
	if (json_parse(text, size, MAX, &doc, &err) && write_again(&doc, &out) &&
	    !json_parse_canonical(out.data, out.len, out.max, &again, &err))
		abort();
	return 0;
}
