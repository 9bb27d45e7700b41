/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test: cmocka tests that register themselves.
 *
 *     TEST(digest_refuses_upper_case)
 *     {
 *             assert_ok(digest_of_bytes("abc", 3, &d, &err));
 *             assert_err(ERR_FORMAT, text_unbase64("!", 1, &b, &err));
 *     }
 *
 * assert_ok prints the error, assert_err the missing or other one; both use a
 * `struct error err` that TEST declares.
 */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

/* cmocka.h needs these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/file.h"

void test_register(const char *name, void (*body)(struct error *err));
void test_show_error(const char *call, const struct error *err);

#define TEST(name)                                                                     \
	static void name(struct error *err_);                                          \
	__attribute__((constructor)) static void register_##name(void)                 \
	{                                                                              \
		test_register(#name, name);                                            \
	}                                                                              \
	static void name(__attribute__((unused)) struct error *err_)

/* The path of tests/data/NAME; append its bytes, or fail the test. */
const char *test_data_path(const char *name, char *out, size_t size);
void test_load(const char *name, struct buf *out);
/* Files in the folder tests/data/NAME. */
size_t test_count(const char *name);

/* The error of the running test: pass &err to the code under test. */
#define err (*err_)

#define assert_ok(call)                                                                \
	do {                                                                           \
		if (!(call)) {                                                         \
			test_show_error(#call, &err);                                  \
			fail();                                                        \
		}                                                                      \
	} while (0)

#define assert_err(wanted, call)                                                       \
	do {                                                                           \
		error_clear(&err);                                                     \
		if ((call) || err.code != (wanted)) {                                  \
			test_show_error(#call, &err);                                  \
			fail_msg("expected error '%s'", error_code_name(wanted));      \
		}                                                                      \
	} while (0)

/* The message must hold this text. */
#define assert_says(part)                                                              \
	do {                                                                           \
		if (!strstr(err.msg, part))                                            \
			fail_msg("'%s' does not say '%s'", err.msg, part);             \
	} while (0)

#endif
