/* SPDX-License-Identifier: Apache-2.0 */
/* The processes are scripts that take a gpgv's arguments: $6 are signatures, $7 a text.
 */
#include "core/digest_many.h"
#include "core/pgp_run.h"
#include "tests/unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_LEN = 1 << 20, SIGNATURES_MAX = 65536 };

static char text[TEXT_LEN], signatures[SIGNATURES_MAX];
static const struct buf keyring = {.data = text, .len = 100};

/* A job of `len` bytes of signatures for a script with these lines. */
static struct pgp_run_job job_by(const char *lines, size_t len, struct error *e)
{
	AUTO(buf_clear) struct buf script = BUF_MAX(4096);

	memset(text, 't', sizeof(text));
	memset(signatures, 's', sizeof(signatures));
	buf_printf(&script, "#!/bin/sh\n%s\n", lines);
	if (!file_write_atomic("gpgv", script.data, script.len, 0755, e))
		fail_msg("%s", e->msg);
	return (struct pgp_run_job){
		.engine = "./gpgv",
		.keyring = &keyring,
		.text = text,
		.text_len = sizeof(text),
		.signatures = signatures,
		.signatures_len = len,
	};
}

static size_t descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void assert_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* It is there, and has come so far as to write a byte into the pipe ./at. */
static void wait_until_it_is_there(void)
{
	AUTO(file_closep) int fd = open("at", O_RDONLY | O_CLOEXEC);
	char c;

	assert_return_code(fd, errno);
	assert_int_equal(read(fd, &c, 1), 1);
}

TEST(one_that_was_begun_gets_text_and_signatures_of_any_size)
{
	static const size_t sizes[] = {1, PIPE_BUF, PIPE_BUF + 1, SIGNATURES_MAX};
	size_t open_before = descriptors();

	for (size_t i = 0; i < 2 * ARRAY_LEN(sizes); i++) {
		AUTO(buf_clear)
		struct buf said = BUF_MAX(1 << 20), want = BUF_MAX(4096);
		struct pgp_run_job job = job_by("cat \"$6\" | tr -d -c s | wc -c\n"
						"cat \"$7\" | tr -d -c t | wc -c\n"
						"cat \"$3\" | wc -c",
						sizes[i / 2], &err);
		AUTO(pgp_run_freep)
		struct pgp_run *r =
			i % 2 ? pgp_run_begin(job.engine, job.keyring) : NULL;

		assert_int_equal(!r, !(i % 2));
		job.begun = r;
		assert_ok(pgp_run_verify(&job, &said, &err));
		buf_printf(&want, "%zu\n%d\n%zu\n", sizes[i / 2], TEXT_LEN,
			   keyring.len);
		assert_int_equal(said.len, want.len);
		assert_memory_equal(said.data, want.data, want.len);
	}
	assert_no_child();
	assert_int_equal(descriptors(), open_before);
}

TEST(one_that_was_begun_waits_for_signatures_and_finds_the_text_sealed)
{
	AUTO(buf_clear) struct buf said = BUF_MAX(1 << 20);
	struct pgp_run_job job = job_by("wc -c <\"$7\"\n"
					"echo >at\n"
					"cat \"$6\" >/dev/null\n"
					"wc -c <\"$7\"\n"
					"(echo x >>\"$7\") 2>/dev/null || echo sealed",
					400, &err);
	AUTO(pgp_run_freep) struct pgp_run *r = NULL;

	assert_return_code(mkfifo("at", 0600), errno);
	r = pgp_run_begin(job.engine, job.keyring);
	wait_until_it_is_there();
	job.begun = r;
	assert_ok(pgp_run_verify(&job, &said, &err));
	assert_ok(buf_ok(&said, &err));
	assert_int_equal(said.len, strlen("0\n1048576\nsealed\n"));
	assert_memory_equal(said.data, "0\n1048576\nsealed\n", said.len);
	assert_no_child();
}

TEST(one_that_was_begun_for_nothing_is_ended)
{
	size_t open_before = descriptors();
	static const char *const lines[] = {
		"cat \"$6\"",      /* at the gate */
		"exec sleep 1000", /* it never comes there */
		"trap '' TERM HUP INT PIPE; while :; do read x <\"$6\"; done",
		"exit 1",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct pgp_run_job job = job_by(lines[i], 1, &err);
		AUTO(pgp_run_freep)
		struct pgp_run *r = pgp_run_begin(job.engine, job.keyring);

		assert_non_null(r);
	}
	assert_no_child();
	assert_int_equal(descriptors(), open_before);
}

TEST(one_that_died_before_it_had_anything_to_verify_is_told)
{
	static const struct {
		const char *lines, *says;
	} cases[] = {
		{"exit 0", "does not run or said nothing"},
		{"kill -SEGV $$", "was ended by signal 11"},
		{"echo '[GNUPG:] GOODSIG'; kill -KILL $$", "was ended by signal 9"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_clear) struct buf said = BUF_MAX(1 << 20);
		struct pgp_run_job job = job_by(cases[i].lines, PIPE_BUF, &err);
		AUTO(pgp_run_freep)
		struct pgp_run *r = pgp_run_begin(job.engine, job.keyring);
		siginfo_t how;

		assert_non_null(r);
		/* it is dead, and still there to be reaped */
		assert_return_code(waitid(P_ALL, 0, &how, WEXITED | WNOWAIT), errno);
		job.begun = r;
		assert_err(ERR_SYSTEM, pgp_run_verify(&job, &said, &err));
		assert_says(cases[i].says);
	}
	assert_no_child();
}

TEST(one_that_does_not_end_is_ended_also_when_it_closed_its_output)
{
	static const char *const lines[] = {
		"exec sleep 1000",
		"echo '[GNUPG:] GOODSIG'; exec >&-; exec sleep 1000",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		AUTO(buf_clear) struct buf said = BUF_MAX(1 << 20);
		struct pgp_run_job job = job_by(lines[i], PIPE_BUF, &err);

		job.deadline = digest_many_now() + 300;
		assert_err(ERR_SYSTEM, pgp_run_verify(&job, &said, &err));
		assert_says("'./gpgv' did not end within 1 s: does it work by hand?");
		assert_true(digest_many_now() < job.deadline + 10000);
	}
	assert_no_child();
}

TEST(one_that_never_reads_is_heard_all_the_same)
{
	AUTO(buf_clear) struct buf said = BUF_MAX(1 << 20);
	/* more than a pipe holds, too */
	struct pgp_run_job job = job_by("head -c 300000 /dev/zero", PIPE_BUF, &err);
	AUTO(pgp_run_freep)
	struct pgp_run *r = pgp_run_begin(job.engine, job.keyring);

	job.begun = r;
	assert_ok(pgp_run_verify(&job, &said, &err));
	assert_int_equal(said.len, 300000);
	assert_no_child();
}

TEST(what_cannot_be_begun_is_told_when_it_is_needed)
{
	AUTO(buf_clear) struct buf said = BUF_MAX(1 << 20);
	struct pgp_run_job job = job_by("echo", 1, &err);

	job.engine = "./none/gpgv";
	assert_null(pgp_run_begin(job.engine, job.keyring));
	assert_err(ERR_SYSTEM, pgp_run_verify(&job, &said, &err));
	assert_says("cannot run './none/gpgv': ");
	assert_no_child();
}
