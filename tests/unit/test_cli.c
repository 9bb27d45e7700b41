/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cli.h"
#include "core/file.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(the_exit_status_derives_from_the_code)
{
	assert_int_equal(cli_exit_of(ERR_NONE), 0);
	assert_int_equal(cli_exit_of(ERR_MISMATCH), 1);
	assert_int_equal(cli_exit_of(ERR_UNTRUSTED), 2);
	assert_int_equal(cli_exit_of(ERR_SYSTEM), 3);
	assert_int_equal(cli_exit_of(ERR_FORMAT), 3);
	assert_int_equal(cli_exit_of(ERR_LIMIT), 3);
	assert_int_equal(cli_exit_of(ERR_NOT_FOUND), 3);
	assert_int_equal(cli_exit_of(ERR_CONFLICT), 3);
	assert_int_equal(cli_exit_of(ERR_INTERNAL), 3);
	assert_int_equal(cli_exit_of(ERR_USAGE), 64);
	assert_int_equal(cli_exit_of((enum error_code)99), 3);
}

/* Streams in memory. */
struct captured {
	char *out, *talk;
	size_t out_len, talk_len;
	struct cli cli;
};

static void begin(struct captured *c)
{
	*c = (struct captured)EMPTY;
	c->cli.program = "program";
	c->cli.out = open_memstream(&c->out, &c->out_len);
	c->cli.talk = open_memstream(&c->talk, &c->talk_len);
	assert_non_null(c->cli.out);
	assert_non_null(c->cli.talk);
}

static void end(struct captured *c)
{
	fclose(c->cli.out);
	fclose(c->cli.talk);
	free(c->out);
	free(c->talk);
}

TEST(an_error_is_one_line_of_talk)
{
	AUTO(end) struct captured c = EMPTY;

	begin(&c);
	error_set_(&err, ERR_UNTRUSTED, "no trusted signature on '%s'", "a.asc");
	assert_int_equal(cli_fail(&c.cli, &err), 2);
	fflush(c.cli.talk);
	fflush(c.cli.out);
	assert_string_equal(c.talk, "program: no trusted signature on 'a.asc'\n");
	assert_int_equal(c.out_len, 0);
}

TEST(quiet_is_quiet_but_for_errors)
{
	AUTO(end) struct captured c = EMPTY;

	begin(&c);
	cli_say(&c.cli, "wrote %d", 1);
	c.cli.quiet = true;
	cli_say(&c.cli, "wrote %d", 2);
	error_set_(&err, ERR_FORMAT, "bad");
	assert_int_equal(cli_fail(&c.cli, &err), 3);
	fflush(c.cli.talk);
	assert_string_equal(c.talk, "wrote 1\nprogram: bad\n");
}

TEST(output_that_cannot_be_written_is_an_error)
{
	struct cli cli = {.program = "p", .out = fopen("/dev/full", "w")};

	assert_non_null(cli.out);
	assert_ok(cli_flush(&cli, &err));
	fputs("data", cli.out);
	assert_err(ERR_SYSTEM, cli_flush(&cli, &err));
	assert_string_equal(err.msg,
			    "cannot write the output: No space left on device");
	/* the stream remembers, though errno is another by now */
	errno = 0;
	assert_err(ERR_SYSTEM, cli_flush(&cli, &err));
	assert_string_equal(err.msg, "cannot write the output");
	fclose(cli.out);
}

TEST(no_progress_line_without_a_terminal)
{
	AUTO(end) struct captured c = EMPTY;

	begin(&c);
	{
		AUTO(cli_progress_freep)
		struct cli_progress *p = cli_progress_new(&c.cli, "build", 10);

		assert_non_null(p);
		cli_progress_add(p, 5, "kubelet");
	}
	cli_progress_add(NULL, 1, "nothing");
	cli_progress_free(NULL);
	fflush(c.cli.talk);
	assert_int_equal(c.talk_len, 0);
}

/* A terminal hands over what was written piece by piece. */
static void assert_drawn(int terminal, const char *want, size_t len)
{
	char drawn[256];

	for (size_t have = 0; have < len;) {
		ssize_t n = read(terminal, drawn + have, len - have);

		assert_true(n > 0);
		have += (size_t)n;
	}
	assert_memory_equal(drawn, want, len);
}

TEST(a_progress_line_that_has_ended_is_not_drawn_again)
{
	static const char want[] = "\r\033[Kcheck 100% kubelet\r\033[K";
	AUTO(file_closep) int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	struct cli cli = {.program = "p"};
	struct cli_progress *p;

	assert_true(terminal >= 0 && !grantpt(terminal) && !unlockpt(terminal));
	cli.talk = fopen(ptsname(terminal), "r+e");
	assert_non_null(cli.talk);
	p = cli_progress_new(&cli, "check", 10);
	assert_non_null(p);
	cli_progress_add(p, 11, "kubelet"); /* more than was reckoned with */
	cli_progress_end(p);
	fflush(cli.talk);
	assert_drawn(terminal, want, sizeof(want) - 1);
	/* who wakes late still may say something */
	usleep(110 * 1000);
	cli_progress_add(p, 1, "runc");
	cli_progress_end(p);
	cli_progress_free(p);
	fputc('.', cli.talk);
	fflush(cli.talk);
	assert_drawn(terminal, ".", 1);
	fclose(cli.talk);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != 'x')
		return ARGP_ERR_UNKNOWN;
	*(int *)state->input = 1;
	return 0;
}

/* The exit status of a child that parses these arguments. */
static int parsed(char **argv)
{
	static const struct argp_option options[] = {{"x", 'x', NULL, 0, "X", 0}, {0}};
	const struct argp argp = {.options = options, .parser = parse};
	int status, argc = 0, input = 0;
	pid_t child = fork();

	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr) ||
		    !freopen("/dev/null", "w", stdout))
			_exit(99);
		while (argv[argc])
			argc++;
		cli_parse(&argp, argc, argv, 0, NULL, &input);
		_exit(input ? 7 : 8);
	}
	assert_return_code(waitpid(child, &status, 0), errno);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(a_wrong_command_line_exits_64)
{
	char program[] = "p", x[] = "-x", wrong[] = "--wrong", help[] = "--help",
	     version[] = "--version";

	assert_int_equal(parsed((char *[]){program, NULL}), 8);
	assert_int_equal(parsed((char *[]){program, x, NULL}), 7);
	assert_int_equal(parsed((char *[]){program, wrong, NULL}), 64);
	assert_int_equal(parsed((char *[]){program, x, program, NULL}), 64);
	assert_int_equal(parsed((char *[]){program, help, NULL}), 0);
	assert_int_equal(parsed((char *[]){program, version, NULL}), 0);
}
