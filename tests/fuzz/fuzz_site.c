/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a site's statement: what is read, written and put into canonical form is
 * what was signed; nobody's key verifies it; its age is that of the earlier date.
 */
#include "core/site.h"
#include "core/tuf_canonical.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;
	AUTO(tuf_key_clear) struct tuf_key nobody = EMPTY;
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	AUTO(buf_clear) struct buf body = BUF_MAX(1 << 16);
	AUTO(buf_clear) struct buf canonical = BUF_MAX(1 << 16);
	const char *text = (const char *)data;
	struct error err = EMPTY;
	struct site s, unused;

	if (!site_parse(text, size, &file, &s, &err))
		return 0;
	require(site_write(&s, &body, &err));
	require(json_parse(body.data, body.len, body.len, &doc, &err));
	require(tuf_canonical_put(json_root(&doc), &canonical, &err));
	require(canonical.len == file.canonical.len &&
		!memcmp(canonical.data, file.canonical.data, canonical.len));
	require(tuf_key_init("x", "ecdsa", "ecdsa-sha2-nistp256", "", &nobody, &err));
	require(!site_verify(text, size, &nobody, &unused, &err));
	require(site_check_age(&s, INT64_MAX, s.checked, 0, &err));
	require(!site_check_age(&s, s.checked - 1, s.checked, 0, &err));
	return 0;
}
