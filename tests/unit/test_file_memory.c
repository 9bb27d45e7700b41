/* SPDX-License-Identifier: Apache-2.0 */
#include "core/file.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

TEST(a_sealed_file_cannot_be_changed)
{
	AUTO(file_closep) int fd = -1;
	char got[8] = "";

	assert_ok(file_sealed("text", "abc", 3, 4096, &fd, &err));
	assert_true(fd > STDERR_FILENO);
	assert_int_equal(lseek(fd, 0, SEEK_END), 4096);
	assert_int_equal(pread(fd, got, sizeof(got), 0), sizeof(got));
	assert_memory_equal(got, "abc\0\0\0\0", sizeof(got));
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 3), -1);
	assert_int_equal(ftruncate(fd, 8192), -1);
	assert_ptr_equal(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, 0), -1);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(a_sealed_file_may_be_empty_and_is_not_one_of_the_first_three)
{
	AUTO(file_closep) int fd = -1, kept = dup(STDIN_FILENO);

	assert_return_code(close(STDIN_FILENO), errno);
	assert_ok(file_sealed("text", "", 0, 0, &fd, &err));
	assert_return_code(dup2(kept, STDIN_FILENO), errno);
	assert_true(fd > STDERR_FILENO);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
}

TEST(a_file_in_memory_is_filled_until_it_is_sealed)
{
	AUTO(file_closep) int fd = -1;
	char got[4] = "";

	assert_ok(file_memory("text", &fd, &err));
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_ok(file_seal(fd, "abc", 3, 3, &err));
	assert_int_equal(pread(fd, got, sizeof(got), 0), 3);
	assert_memory_equal(got, "abc", 3);
	assert_err(ERR_SYSTEM, file_seal(fd, "d", 1, 1, &err));
}

TEST(the_ends_of_a_pipe_are_not_of_the_first_three)
{
	AUTO(file_closep) int from = -1;
	AUTO(file_closep) int to = -1;
	int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO);

	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	assert_ok(file_pipe(&from, &to, &err));
	assert_return_code(dup2(in, STDIN_FILENO), errno);
	assert_return_code(dup2(out, STDOUT_FILENO), errno);
	close(in);
	close(out);
	assert_true(from > STDERR_FILENO && to > STDERR_FILENO);
	assert_int_equal(fcntl(from, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(to, F_GETFD), FD_CLOEXEC);
	assert_ok(file_write_fd(to, "x", 1, &err));
}
