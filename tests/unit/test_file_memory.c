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

TEST(a_sealed_file_may_be_empty)
{
	AUTO(file_closep) int fd = -1;

	assert_ok(file_sealed("text", "", 0, 0, &fd, &err));
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

TEST(a_pipe_has_two_ends)
{
	AUTO(file_closep) int from = -1;
	AUTO(file_closep) int to = -1;
	char got;

	assert_ok(file_pipe(&from, &to, &err));
	assert_int_equal(fcntl(from, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(to, F_GETFD), FD_CLOEXEC);
	assert_ok(file_write_fd(to, "x", 1, &err));
	assert_int_equal(read(from, &got, 1), 1);
}

TEST(no_file_gets_the_number_of_a_standard_stream_that_is_closed)
{
	int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO);
	ssize_t got, put;
	int next;
	char c;

	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	file_take_standard();
	next = open("/dev/null", O_RDWR | O_CLOEXEC);
	got = read(STDIN_FILENO, &c, 1);
	put = write(STDOUT_FILENO, "x", 1);
	assert_return_code(dup2(in, STDIN_FILENO), errno);
	assert_return_code(dup2(out, STDOUT_FILENO), errno);
	assert_int_equal(got, -1);
	assert_int_equal(put, -1);
	assert_true(next > STDERR_FILENO);
	close(next);
	next = in; /* with all three there nothing is taken */
	close(in);
	file_take_standard();
	assert_int_equal(dup(STDIN_FILENO), next);
	close(next);
	close(out);
}
