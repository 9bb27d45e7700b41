/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buf.h"
#include "tests/unit/test.h"

#include <stdlib.h>

TEST(a_buffer_of_text_is_a_string)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(100);

	assert_null(b.data);
	buf_puts(&b, "one ");
	buf_append(&b, "two!", 3);
	buf_putc(&b, ' ');
	buf_printf(&b, "%d", 3);
	assert_ok(buf_ok(&b, &err));
	assert_string_equal(b.data, "one two 3");
	assert_int_equal(b.len, 9);
	buf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
}

TEST(a_buffer_grows_to_its_ceiling_and_no_further)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(1000);

	for (int i = 0; i < 1000; i++)
		buf_putc(&b, (char)('a' + i % 26));
	assert_ok(buf_ok(&b, &err));
	assert_int_equal(b.len, 1000);
	assert_int_equal(strlen(b.data), 1000);
	assert_true(b.cap <= 1001);
	buf_putc(&b, 'x');
	assert_err(ERR_LIMIT, buf_ok(&b, &err));
	assert_int_equal(b.len, 1000);
}

TEST(failure_is_sticky_until_reset)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(4);

	buf_puts(&b, "abc");
	buf_printf(&b, "%s", "de");
	assert_string_equal(b.data, "abc");
	buf_putc(&b, 'd');
	assert_string_equal(b.data, "abc");
	assert_err(ERR_LIMIT, buf_ok(&b, &err));
	assert_null(buf_take(&b));
	buf_reset(&b);
	buf_puts(&b, "abcd");
	assert_ok(buf_ok(&b, &err));
	assert_string_equal(b.data, "abcd");
}

TEST(a_buffer_without_room_takes_nothing)
{
	AUTO(buf_clear) struct buf b = EMPTY;

	buf_puts(&b, "");
	assert_ok(buf_ok(&b, &err));
	buf_putc(&b, 'a');
	assert_err(ERR_LIMIT, buf_ok(&b, &err));
}

TEST(a_size_that_wraps_is_refused)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(SIZE_MAX);

	buf_puts(&b, "a");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_err(ERR_LIMIT, buf_ok(&b, &err));
	buf_reset(&b);
	assert_null(buf_reserve(&b, SIZE_MAX));
}

TEST(reserved_room_is_filled_and_told)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(100);
	char *to = buf_reserve(&b, 50);

	assert_non_null(to);
	memcpy(to, "abc", 3);
	buf_advance(&b, 3);
	assert_string_equal(b.data, "abc");
	assert_null(buf_reserve(&b, 98));
}

TEST(what_is_taken_leaves_an_empty_buffer)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(100);
	char *text;

	text = buf_take(&b);
	assert_string_equal(text, "");
	free(text);
	buf_puts(&b, "abc");
	text = buf_take(&b);
	assert_string_equal(text, "abc");
	free(text);
	assert_null(b.data);
	assert_int_equal(b.max, 100);
}

TEST(cleansing_empties)
{
	struct buf b = BUF_MAX(100);

	buf_cleanse(&b);
	buf_puts(&b, "secret");
	buf_cleanse(&b);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.max, 100);
}
