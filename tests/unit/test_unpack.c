/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text.h"
#include "core/unpack.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

TEST(unpack_path_gives_each_path_one_spelling)
{
	static const char *const table[][3] = {
		{"/", "usr/bin/x", "/usr/bin/x"},
		{"/", "./usr//bin/./x/", "/usr/bin/x"},
		{"/", ".", "/"},
		{"/", "", "/"},
		{"/opt", "x", "/opt/x"},
		{"/opt", "./", "/opt"},
		{"/", "..x/.y", "/..x/.y"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO(text_freep) char *path = NULL;

		assert_ok(unpack_path(table[i][0], table[i][1], &path, &err));
		assert_string_equal(path, table[i][2]);
	}
}

TEST(unpack_path_refuses_what_leads_out_or_cannot_be_in_a_manifest)
{
	static const char *const table[] = {"/etc/passwd", "..",   "a/..",     "../a",
					    "a/../../b",   "a\nb", "a\x1b[2J", "a\xff"};
	char *path = NULL;
	char longer[1200];

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_err(ERR_FORMAT, unpack_path("/", table[i], &path, &err));
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_err(ERR_FORMAT, unpack_path("/", longer, &path, &err));
	assert_null(path);
}

/* Bytes in pieces of a size. */
struct bytes {
	const char *data;
	size_t len, piece;
};

static bool next(void *arg, const void **data, size_t *len, struct error *e)
{
	struct bytes *b = arg;

	(void)e;
	*len = b->len < b->piece ? b->len : b->piece;
	*data = b->data;
	b->data += *len;
	b->len -= *len;
	return true;
}

static bool fails(void *arg, const void **data, size_t *len, struct error *e)
{
	(void)arg;
	(void)data;
	(void)len;
	return error_set(e, ERR_UNTRUSTED, "of its own");
}

/* A tar of one file "x" with 700 bytes of 'a'. */
static size_t make_tar(char *tar)
{
	unsigned sum = 0;

	memset(tar, 0, 4096);
	strcpy(tar, "x");
	strcpy(tar + 100, "0000644");
	strcpy(tar + 108, "0000000");
	strcpy(tar + 116, "0000000");
	strcpy(tar + 124, "00000001274");
	strcpy(tar + 136, "00000000000");
	memset(tar + 148, ' ', 8);
	tar[156] = '0';
	strcpy(tar + 257, "ustar");
	memcpy(tar + 263, "00", 2);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)tar[i];
	snprintf(tar + 148, 8, "%06o", sum);
	memset(tar + 512, 'a', 700);
	return 512 + 1024 + 1024;
}

static bool read_tar(const char *tar, size_t len, size_t piece, enum unpack_form form,
		     size_t *content, struct error *e)
{
	struct bytes b = {tar, len, piece};
	AUTO(unpack_freep) struct unpack *u = NULL;
	struct unpack_entry entry;
	bool more;
	const void *data;
	size_t n;

	*content = 0;
	if (!unpack_open((struct unpack_from){next, &b}, form, &u, e) ||
	    !unpack_next(u, &entry, &more, e))
		return false;
	assert_true(more);
	do {
		if (!unpack_read(u, &data, &n, e))
			return false;
		*content += n;
	} while (n && *content < 1 << 20);
	return unpack_next(u, &entry, &more, e) && !more;
}

TEST(unpack_reads_a_tar_however_its_bytes_come)
{
	static const size_t pieces[] = {1, 511, 512, 513, 10000};
	char tar[4096];
	size_t len = make_tar(tar), content;

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		assert_ok(read_tar(tar, len, pieces[i], UNPACK_TAR, &content, &err));
		assert_int_equal(content, 700);
	}
}

TEST(unpack_takes_missing_padding_of_a_layer_alone)
{
	char tar[4096];
	size_t content;

	make_tar(tar);
	assert_ok(read_tar(tar, 512 + 700, 100, UNPACK_LAYER, &content, &err));
	assert_int_equal(content, 700);
	assert_err(ERR_FORMAT,
		   read_tar(tar, 512 + 700, 100, UNPACK_TAR, &content, &err));
	assert_err(ERR_FORMAT,
		   read_tar(tar, 512 + 100, 100, UNPACK_TAR, &content, &err));
}

TEST(unpack_gives_the_error_of_the_source)
{
	AUTO(unpack_freep) struct unpack *u = NULL;

	assert_err(ERR_UNTRUSTED, unpack_open((struct unpack_from){fails, NULL},
					      UNPACK_STREAM, &u, &err));
	assert_says("of its own");
	assert_null(u);
}

TEST(unpack_refuses_an_entry_that_claims_too_much)
{
	char tar[4096];
	unsigned sum = 0;
	size_t len = make_tar(tar), content;

	/* 65 GiB in base 256 */
	memset(tar + 124, 0, 12);
	tar[124] = (char)0x80;
	tar[131] = 0x10;
	tar[132] = 0x40;
	memset(tar + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)tar[i];
	snprintf(tar + 148, 8, "%06o", sum);
	assert_err(ERR_LIMIT, read_tar(tar, len, 512, UNPACK_TAR, &content, &err));
	assert_says("unpacks to more than 64 GiB, at 'x'");
}

/* The same file as a sparse one (pax, GNU.sparse 0.1) of 1000 bytes in all, of which
 * the 512 that are there lie at `offset`. */
static size_t make_sparse(char *tar, const char *offset)
{
	char sizes[128], map[64], *body = tar + 1024;
	unsigned sum = 0;

	make_tar(body);
	strcpy(body + 124, "00000001000");
	memset(body + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)body[i];
	snprintf(body + 148, 8, "%06o", sum);
	memset(body + 1024, 0, 1024);
	snprintf(map, sizeof(map), " GNU.sparse.map=%s,512\n", offset);
	snprintf(sizes, sizeof(sizes),
		 "24 GNU.sparse.size=1000\n26 GNU.sparse.numblocks=1\n%zu%s",
		 strlen(map) + 2, map);
	memcpy(tar, body, 512);
	snprintf(tar + 124, 12, "%011zo", strlen(sizes));
	tar[156] = 'x';
	memset(tar + 148, ' ', 8);
	sum = 0;
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)tar[i];
	snprintf(tar + 148, 8, "%06o", sum);
	memset(tar + 512, 0, 512);
	memcpy(tar + 512, sizes, strlen(sizes));
	return 1024 + 512 + 512 + 1024;
}

/* Else 3 KB would be as many zeros as a number can tell. */
TEST(unpack_refuses_content_beyond_the_size_that_its_entry_claims)
{
	static const char *const beyond[] = {"489", "1000", "70000",
					     "9223372036854775000"};
	char tar[8192];
	size_t content;

	assert_ok(read_tar(tar, make_sparse(tar, "488"), 512, UNPACK_TAR, &content,
			   &err));
	assert_int_equal(content, 1000);
	for (size_t i = 0; i < ARRAY_LEN(beyond); i++) {
		size_t len = make_sparse(tar, beyond[i]);

		assert_err(ERR_FORMAT,
			   read_tar(tar, len, 512, UNPACK_TAR, &content, &err));
		assert_true(content <= 1000);
	}
}
