/* SPDX-License-Identifier: Apache-2.0 */
#include "core/digest.h"
#include "core/file.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* NIST's examples for FIPS 180-4. */
static const struct {
	const char *text, *hex;
} known[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

TEST(known_answers_come_out)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct digest d;

		assert_ok(digest_of_bytes(known[i].text, strlen(known[i].text), &d,
					  &err));
		assert_string_equal(DIGEST_HEX(&d), known[i].hex);
	}
}

TEST(a_million_bytes_through_a_pipe_come_out)
{
	struct digest d;
	uint64_t size = 0;
	int ends[2];
	pid_t child;

	assert_return_code(pipe(ends), errno);
	child = fork();
	if (child == 0) {
		char text[1000];
		struct error why;

		memset(text, 'a', sizeof(text));
		for (int i = 0; i < 1000; i++)
			if (!file_write_fd(ends[1], text, sizeof(text), &why))
				_exit(1);
		_exit(0);
	}
	close(ends[1]);
	assert_ok(digest_of_fd(ends[0], &d, &size, &err));
	close(ends[0]);
	assert_int_equal(size, 1000000);
	assert_string_equal(
		DIGEST_HEX(&d),
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(pieces_make_the_same_digest_and_a_stream_begins_again)
{
	AUTO(digest_stream_freep) struct digest_stream *s = NULL;
	struct digest d;

	assert_ok(digest_stream_new(&s, &err));
	for (int i = 0; i < 2; i++) {
		assert_ok(digest_stream_begin(s, &err));
		assert_ok(digest_stream_add(s, "a", 1, &err));
		assert_ok(digest_stream_add(s, "", 0, &err));
		assert_ok(digest_stream_add(s, "bc", 2, &err));
		assert_ok(digest_stream_end(s, &d, &err));
		assert_string_equal(DIGEST_HEX(&d), known[1].hex);
	}
	digest_stream_free(NULL);
}

TEST(a_descriptor_that_cannot_be_read_is_told)
{
	AUTO(file_closep) int fd = -1;
	struct digest d, before;
	uint64_t size = 5;

	memset(&before, 7, sizeof(before));
	d = before;
	assert_ok(file_open("/", O_RDONLY | O_DIRECTORY, &fd, &err));
	assert_err(ERR_SYSTEM, digest_of_fd(fd, &d, &size, &err));
	assert_int_equal(err.os, EISDIR);
	assert_memory_equal(&d, &before, sizeof(d));
	assert_int_equal(size, 5);
}

TEST(the_text_form_is_64_lower_case_digits)
{
	struct digest d = EMPTY, again;

	assert_true(digest_unhex(known[1].hex, &d));
	again = d;
	assert_true(digest_equal(&d, &again));
	assert_int_equal(digest_cmp(&d, &again), 0);
	again.bytes[31] ^= 1;
	assert_false(digest_equal(&d, &again));
	again.bytes[0] = 0xff;
	assert_true(digest_cmp(&d, &again) < 0);
	again = d;
	assert_false(digest_unhex("", &d));
	assert_false(digest_unhex(known[1].hex + 1, &d));
	assert_false(digest_unhex("BA7816BF8F01CFEA414140DE5DAE2223"
				  "B00361A396177A9CB410FF61F20015AD",
				  &d));
	assert_false(digest_unhex("ba7816bf8f01cfea414140de5dae2223"
				  "b00361a396177a9cb410ff61f20015ad0",
				  &d));
	assert_memory_equal(&d, &again, sizeof(d));
}

TEST(the_module_is_named)
{
	assert_non_null(strstr(digest_module(), "OpenSSL 3."));
	assert_non_null(strstr(digest_module(), "provider default 3."));
}
