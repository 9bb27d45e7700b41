/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sandbox.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child that is confined to `inside` finds out; a bit a surprise. */
enum surprise {
	NOT_ENTERED = 1,
	INSIDE_UNREADABLE = 2,
	OUTSIDE_READABLE = 4,
	WRITABLE = 8,
	SOCKET = 16,
	EXEC = 32,
	REMOVED = 64,
	SURPRISED = 128,
};

static char dir[] = "/tmp/sandbox-XXXXXX";

static bool denied(int got)
{
	return got < 0 && (errno == EPERM || errno == EACCES);
}

/* _exit() skips the sanitizers' checks: they belong to the parent. */
static void confined(const char *inside)
{
	const char *const folders[] = {inside};
	const struct sandbox_options o = {
		.mode = SANDBOX_REQUIRE, .folders = folders, .folder_count = 1};
	char file[64], *const argv[] = {(char[]){"true"}, NULL};
	struct sandbox_state state;
	struct error e;
	int found = 0;

	snprintf(file, sizeof(file), "%s/file", inside);
	if (!sandbox_enter(&o, &state, &e)) {
		test_show_error("sandbox_enter", &e);
		_exit(NOT_ENTERED);
	}
	found |= open(file, O_RDONLY | O_CLOEXEC) < 0 ? INSIDE_UNREADABLE : 0;
	found |= denied(open("/etc/passwd", O_RDONLY | O_CLOEXEC)) ? 0
								   : OUTSIDE_READABLE;
	found |= denied(open(file, O_WRONLY | O_CLOEXEC)) ? 0 : WRITABLE;
	found |= denied(open(file, O_RDONLY | O_TRUNC | O_CLOEXEC)) ? 0 : WRITABLE;
	found |= denied(socket(AF_INET, SOCK_STREAM, 0)) ? 0 : SOCKET;
	found |= denied(execv("/bin/true", argv)) ? 0 : EXEC;
	found |= denied(rename(file, "/tmp/elsewhere")) ? 0 : REMOVED;
	_exit(found);
}

static int run_child(const char *inside)
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (!pid)
		confined(inside);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(sandbox_leaves_reading_within_its_folders_alone)
{
	char file[64];
	FILE *f;

	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/file", dir);
	f = fopen(file, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(run_child(dir), 0);
	unlink(file);
	rmdir(dir);
}

TEST(sandbox_refuses_a_folder_that_is_not_there)
{
	assert_int_equal(run_child("/nonexistent"), NOT_ENTERED);
}

static void becomes_nobody(void)
{
	struct error e;

	if (!sandbox_become("nobody", &e))
		_exit(1);
	_exit(getuid() == 0 || geteuid() == 0 || getgid() == 0 || !setuid(0));
}

TEST(sandbox_gives_up_root_for_good)
{
	pid_t pid;
	int status;

	if (getuid() != 0 || !getpwnam("nobody"))
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		becomes_nobody();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
}

TEST(sandbox_names_a_user_that_is_not_there)
{
	if (getuid() != 0)
		skip();
	assert_err(ERR_USAGE, sandbox_become("no-such-user", &err));
	assert_says("no-such-user");
	assert_ok(sandbox_become(NULL, &err));
}
