/* SPDX-License-Identifier: Apache-2.0 */
/* core/file_temp: files that come whole or not at all. */
#include "core/file.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

TEST(a_file_is_written_whole)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(100);
	struct stat st;

	umask(077);
	assert_ok(file_write_atomic("new", "text", 4, 0644, &err));
	assert_return_code(stat("new", &st), errno);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_ok(file_write_atomic("new", "other", 5, 0600, &err));
	assert_ok(file_read("new", &b, &err));
	assert_string_equal(b.data, "other");
	assert_ok(file_write_atomic("empty", "", 0, 0644, &err));
	assert_return_code(stat("empty", &st), errno);
	assert_int_equal(st.st_size, 0);
}

TEST(a_file_that_cannot_be_written_stays_as_it_was)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(100);
	struct rlimit was;

	assert_return_code(mkdir("folder", 0755), errno);
	assert_ok(file_write_atomic("folder/inside", "", 0, 0644, &err));
	assert_err(ERR_SYSTEM, file_write_atomic("folder", "x", 1, 0644, &err));
	assert_says("cannot create 'folder'");
	assert_err(ERR_NOT_FOUND, file_write_atomic("no/file", "x", 1, 0644, &err));
	assert_says("cannot create a file beside 'no/file'");
	/* a disk that is full before the rename */
	assert_ok(file_write_atomic("old", "old", 3, 0644, &err));
	signal(SIGXFSZ, SIG_IGN);
	assert_return_code(getrlimit(RLIMIT_FSIZE, &was), errno);
	assert_return_code(setrlimit(RLIMIT_FSIZE, &(struct rlimit){2, was.rlim_max}),
			   errno);
	assert_err(ERR_SYSTEM, file_write_atomic("old", "newer", 5, 0644, &err));
	assert_return_code(setrlimit(RLIMIT_FSIZE, &was), errno);
	assert_says("'old': cannot write: File too large");
	assert_ok(file_read("old", &b, &err));
	assert_string_equal(b.data, "old");
	/* no temporary file */
	assert_int_equal(system("! ls -A | grep tmp-"), 0);
}

TEST(what_is_no_regular_file_is_not_replaced)
{
	static const char *const paths[] = {"pipe", "to-pipe"};
	struct stat st;

	assert_return_code(mkfifo("pipe", 0600), errno);
	assert_return_code(symlink("pipe", "to-pipe"), errno);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_err(ERR_SYSTEM, file_write_atomic(paths[i], "x", 1, 0644, &err));
		assert_says("is there and no regular file: not replaced");
	}
	assert_return_code(lstat("to-pipe", &st), errno);
	assert_true(S_ISLNK(st.st_mode));
}
