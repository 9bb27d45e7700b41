/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* A folder like one of proc(5), as the kernel shows it for the moment in which a thread
 * has given its memory back and is no zombie yet. EXE NULL: it is in that moment. */
static void make(const char *folder, const char *state, const char *exe,
		 struct error *err_)
{
	char path[64], stat[64];

	assert_ok(file_mkdir(folder, 0755, &err));
	snprintf(path, sizeof(path), "%s/stat", folder);
	snprintf(stat, sizeof(stat), "7 (kubelet) %s 1 7 7 0 -1 4194560 0", state);
	assert_ok(file_write_atomic(path, stat, strlen(stat), 0644, &err));
	snprintf(path, sizeof(path), "%s/cmdline", folder);
	assert_ok(file_write_atomic(path, "kubelet", 8, 0644, &err));
	snprintf(path, sizeof(path), "%s/exe", folder);
	unlink(path);
	if (exe)
		assert_int_equal(symlink(exe, path), 0);
}

TEST(process_runs_on_while_its_first_thread_ends)
{
	AUTO(process_close) struct process p = PROCESS_CLOSED;
	AUTO(file_closep) int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	make("7", "R", NULL, &err);
	assert_ok(file_mkdir("7/task", 0755, &err));
	make("7/task/7", "R", NULL, &err);
	process_read(here, 7, &p);
	assert_int_equal(p.state, PROCESS_GONE);
	process_close(&p);

	make("7/task/8", "S", "/usr/bin/kubelet", &err);
	process_read(here, 7, &p);
	assert_int_equal(p.state, PROCESS_READ);
	assert_string_equal(p.exe, "/usr/bin/kubelet");
	assert_false(process_has_ended(&p));

	/* the one that was read ends, another runs on */
	make("7/task/8", "R", NULL, &err);
	assert_true(process_has_ended(&p));
	make("7/task/9", "S", "/usr/bin/kubelet", &err);
	assert_false(process_has_ended(&p));
	make("7/task/9", "Z", NULL, &err);
	assert_true(process_has_ended(&p));
}

TEST(process_whose_thread_ended_has_no_empty_environment)
{
	AUTO(process_close) struct process p = PROCESS_CLOSED;
	AUTO(file_closep) int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(buf_clear) struct buf env = BUF_MAX(64);

	make("9", "S", "/usr/bin/kubelet", &err);
	assert_ok(file_write_atomic("9/environ", "", 0, 0644, &err));
	process_read(here, 9, &p);
	assert_ok(process_environ(&p, &env, &err));
	assert_int_equal(env.len, 0);
	make("9", "R", NULL, &err);
	assert_err(ERR_SYSTEM, process_environ(&p, &env, &err));
	assert_says("the thread ended");
}
