/* SPDX-License-Identifier: Apache-2.0 */
/* core/file_sweep: what killed writers left. */
#include "core/file.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(file_temp_sweep_removes_what_nobody_writes_any_more)
{
	static const char *const goes[] = {"x.tar.tmp-abc123", "x.tar.tmp-XYZ009"};
	static const char *const stays[] = {"x.tar",
					    "x.tar.tmp-abc12",
					    "x.tar.tmp-abc1234",
					    "x.tar.tmp-abc-12",
					    "y.tar.tmp-abc123",
					    "xx.tar.tmp-abc123",
					    "x.tar.tmp-locked"};
	AUTO(file_closep) int held = -1;

	for (size_t i = 0; i < ARRAY_LEN(goes); i++)
		assert_ok(file_write_atomic(goes[i], "x", 1, 0600, &err));
	for (size_t i = 0; i < ARRAY_LEN(stays); i++)
		assert_ok(file_write_atomic(stays[i], "x", 1, 0600, &err));
	assert_int_equal(symlink("y.tar.tmp-abc123", "x.tar.tmp-a2link"), 0);
	assert_int_equal(mkdir("x.tar.tmp-folder", 0700), 0);
	assert_ok(file_open("x.tar.tmp-locked", O_RDONLY, &held, &err));
	assert_int_equal(flock(held, LOCK_EX), 0);
	file_temp_sweep("x.tar");
	for (size_t i = 0; i < ARRAY_LEN(goes); i++)
		assert_int_not_equal(access(goes[i], F_OK), 0);
	for (size_t i = 0; i < ARRAY_LEN(stays); i++)
		assert_int_equal(access(stays[i], F_OK), 0);
	assert_int_equal(access("x.tar.tmp-folder", F_OK), 0);
	assert_int_equal(access("x.tar.tmp-a2link", F_OK), 0);
	file_temp_sweep("nowhere/x.tar");
}
