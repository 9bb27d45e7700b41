/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <errno.h>

TEST(a_setter_yields_false_and_fills_the_error)
{
	assert_false(error_set(&err, ERR_LIMIT, "%d bytes", 7));
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(err.os, 0);
	assert_string_equal(err.msg, "7 bytes");
	error_clear(&err);
	assert_int_equal(err.code, ERR_NONE);
	assert_string_equal(err.msg, "");
}

TEST(a_failed_system_call_keeps_errno_and_its_text)
{
	errno = EACCES;
	assert_false(error_sys(&err, "cannot open '%s'", "/x"));
	assert_int_equal(errno, EACCES);
	assert_int_equal(err.os, EACCES);
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_string_equal(err.msg, "cannot open '/x': Permission denied");
}

TEST(a_missing_file_is_not_found)
{
	errno = ENOENT;
	assert_false(error_sys(&err, "a"));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	errno = ENOTDIR;
	assert_false(error_sys(&err, "a"));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	errno = ELOOP;
	assert_false(error_sys(&err, "a"));
	assert_int_equal(err.code, ERR_SYSTEM);
}

TEST(context_goes_in_front_and_keeps_the_code)
{
	errno = EIO;
	assert_false(error_sys(&err, "cannot read"));
	assert_false(error_prefix(&err, "'%s'", "a.rpm"));
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_int_equal(err.os, EIO);
	assert_string_equal(err.msg, "'a.rpm': cannot read: Input/output error");
}

TEST(a_message_may_be_made_of_itself)
{
	error_set_(&err, ERR_FORMAT, "inner");
	error_set_(&err, ERR_FORMAT, "line 3: %s", err.msg);
	assert_string_equal(err.msg, "line 3: inner");
}

TEST(a_long_message_is_cut_between_characters)
{
	char text[2048];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	error_set_(&err, ERR_FORMAT, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	error_prefix_(&err, "b");
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_memory_equal(err.msg, "b: aa", 5);
	/* 510 bytes and a character of two: the second would be cut off */
	strcpy(text + 510, "\xc3\xa9");
	error_set_(&err, ERR_FORMAT, "%s", text);
	assert_int_equal(strlen(err.msg), 510);
	assert_true(text_is_utf8(err.msg, strlen(err.msg)));
}

TEST(every_code_has_a_name)
{
	assert_string_equal(error_code_name(ERR_NONE), "none");
	assert_string_equal(error_code_name(ERR_NOT_FOUND), "not-found");
	assert_string_equal(error_code_name(ERR_INTERNAL), "internal");
	assert_string_equal(error_code_name((enum error_code)99), "unknown");
	for (int c = ERR_NONE; c <= ERR_INTERNAL; c++)
		assert_string_not_equal(error_code_name((enum error_code)c), "unknown");
}
