/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as metadata of each role: what is read as a role, written and read again
 * gives the same bytes; canonical form is a function of the value alone; any two
 * strings as pattern and path.
 */
#include "core/tuf_find.h"
#include "core/tuf_signed.h"
#include "core/tuf_write.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

/* KIND_again(): write a role, read it, write it: the same twice. */
#define ROUND_TRIP(kind)                                                               \
	static void kind##_again(struct json v)                                        \
	{                                                                              \
		AUTO(tuf_role_clear_##kind) struct tuf_##kind r = EMPTY;               \
		AUTO(tuf_role_clear_##kind) struct tuf_##kind s = EMPTY;               \
		AUTO(buf_clear) struct buf one = BUF_MAX(1 << 24);                     \
		AUTO(buf_clear) struct buf two = BUF_MAX(1 << 24);                     \
		AUTO(json_doc_clear) struct json_doc doc = EMPTY;                      \
		struct error err = EMPTY;                                              \
                                                                                       \
		if (!tuf_role_read_##kind(v, &r, &err) ||                              \
		    !tuf_write_##kind(&r, &one, &err))                                 \
			return;                                                        \
		require(json_parse(one.data, one.len, one.len, &doc, &err));           \
		require(tuf_role_read_##kind(json_root(&doc), &s, &err));              \
		require(tuf_write_##kind(&s, &two, &err));                             \
		require(one.len == two.len && !memcmp(one.data, two.data, one.len));   \
	}

ROUND_TRIP(root)
ROUND_TRIP(targets)
ROUND_TRIP(snapshot)
ROUND_TRIP(timestamp)

static void metadata(enum tuf_kind kind, const uint8_t *data, size_t size)
{
	AUTO(tuf_signed_clear) struct tuf_signed s = EMPTY;
	struct tuf_signers nobody = {.threshold = 1};
	struct tuf_keys none = EMPTY;
	struct error err = EMPTY;

	if (!tuf_signed_parse(kind, data, size, &s, &err))
		return;
	require(!tuf_signed_check(&s, &none, &nobody, &err));
	if (kind == TUF_ROOT)
		root_again(tuf_signed_body(&s));
	else if (kind == TUF_TARGETS)
		targets_again(tuf_signed_body(&s));
	else if (kind == TUF_SNAPSHOT)
		snapshot_again(tuf_signed_body(&s));
	else
		timestamp_again(tuf_signed_body(&s));
}

/* The first NUL parts them. A path matches itself unless it has pattern letters. */
static void patterns(const uint8_t *data, size_t size)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(1 << 24);
	const char *path;

	buf_append(&text, data, size);
	buf_putc(&text, '\0');
	path = text.data + strlen(text.data);
	path += path < text.data + size;
	require(!tuf_find_matches(text.data, path) || *path || *text.data != '?');
	require(tuf_find_matches("*", path) == !strchr(path, '/'));
	if (!strpbrk(path, "*?"))
		require(tuf_find_matches(path, path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int kind = 0; kind < TUF_KINDS; kind++)
		metadata((enum tuf_kind)kind, data, size);
	patterns(data, size);
	return 0;
}
