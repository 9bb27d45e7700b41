/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/unxz.h"
#include "tests/unit/test.h"

/* printf 'hello\nhello\n' | xz --check=sha256 -2 */
static const unsigned char packed[] = {
	0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x0a, 0xe1, 0xfb, 0x0c, 0xa1,
	0x02, 0x00, 0x21, 0x01, 0x12, 0x00, 0x00, 0x00, 0x23, 0xb8, 0x87, 0x2c,
	0x01, 0x00, 0x0b, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x0a, 0x68, 0x65, 0x6c,
	0x6c, 0x6f, 0x0a, 0x00, 0xcb, 0xa5, 0x24, 0x38, 0x34, 0xa5, 0x88, 0x01,
	0xd5, 0xf3, 0x46, 0x0c, 0x1d, 0x21, 0xfe, 0x28, 0xc3, 0x3b, 0x1e, 0x1c,
	0x1b, 0xb8, 0xce, 0x75, 0x13, 0xe1, 0x94, 0x8e, 0xed, 0x3a, 0x19, 0xe4,
	0x00, 0x01, 0x3c, 0x0c, 0xff, 0x80, 0xc3, 0x5a, 0x18, 0x9b, 0x4b, 0x9a,
	0x01, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x59, 0x5a,
};
enum {
	BLOCK_HEADER = 16, /* offset of the dictionary's size and what follows it */
	CHECK = 40,        /* offset of the SHA-256 of the content */
};

/* Bytes, one at a time. */
struct bytes {
	const unsigned char *data;
	size_t len;
};

static bool give(void *arg, const void **data, size_t *len, struct error *e)
{
	struct bytes *b = arg;

	(void)e;
	*len = b->len > 0;
	*data = b->data;
	b->data += *len;
	b->len -= *len;
	return true;
}

/* Unpack into `out`, a string of the size of the test's contents. */
static bool unpack(const unsigned char *data, size_t len, char out[32], struct error *e)
{
	AUTO(unxz_freep) struct unxz *u = NULL;
	static char chunk[AHEAD_CHUNK];
	struct bytes b = {data, len};
	size_t n, at = 0;

	if (!unxz_open((struct unpack_from){give, &b}, &u, e))
		return false;
	do {
		if (!unxz_fill(u, chunk, &n, e))
			return false;
		assert_true(n < 32 - at);
		memcpy(out + at, chunk, n);
		at += n;
	} while (n);
	out[at] = '\0';
	return true;
}

TEST(unxz_unpacks_what_xz_packed_and_streams_behind_one_another)
{
	unsigned char twice[2 * sizeof(packed)];
	char out[32];

	assert_ok(unpack(packed, sizeof(packed), out, &err));
	assert_string_equal(out, "hello\nhello\n");
	memcpy(twice, packed, sizeof(packed));
	memcpy(twice + sizeof(packed), packed, sizeof(packed));
	assert_ok(unpack(twice, sizeof(twice), out, &err));
	assert_string_equal(out, "hello\nhello\nhello\nhello\n");
}

TEST(unxz_leaves_the_check_in_the_payload_to_better_digests)
{
	unsigned char other[sizeof(packed)];
	char out[32];

	memcpy(other, packed, sizeof(packed));
	other[CHECK] ^= 1;
	assert_ok(unpack(other, sizeof(other), out, &err));
	assert_string_equal(out, "hello\nhello\n");
}

TEST(unxz_refuses_what_is_cut_off_damaged_or_followed_by_something_else)
{
	unsigned char bad[sizeof(packed) + 4];
	char out[32];

	for (size_t len = 0; len < sizeof(packed); len++)
		assert_err(ERR_FORMAT, unpack(packed, len, out, &err));
	for (size_t i = 0; i < sizeof(packed); i++) {
		if (i >= 27 && i < CHECK + 32 && i != CHECK - 1)
			continue; /* literal bytes of the content, and the check */
		memcpy(bad, packed, sizeof(packed));
		bad[i] ^= 0x80;
		assert_err(ERR_FORMAT, unpack(bad, sizeof(packed), out, &err));
	}
	memcpy(bad, packed, sizeof(packed));
	memcpy(bad + sizeof(packed), "junk", 4);
	assert_err(ERR_FORMAT, unpack(bad, sizeof(bad), out, &err));
}

TEST(unxz_refuses_a_dictionary_that_librpm_would_refuse)
{
	/* xz --lzma2=dict=1536MiB */
	static const unsigned char huge[] = {0x25, 0x00, 0x00, 0x00,
					     0x3b, 0x78, 0x7b, 0x41};
	unsigned char bad[sizeof(packed)];
	char out[32];

	memcpy(bad, packed, sizeof(packed));
	memcpy(bad + BLOCK_HEADER, huge, sizeof(huge));
	assert_err(ERR_LIMIT, unpack(bad, sizeof(bad), out, &err));
}
