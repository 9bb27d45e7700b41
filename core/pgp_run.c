/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_run.h"

#include "core/digest_many.h"
#include "core/file.h"
#include "core/pgp_folder.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PATH_SIZE = 96,
	PIECE = 4096,
	WAIT_MS = 60000, /* a thousand times what it takes */
};

/* Never through PATH: who can write there would decide what is trusted. */
static const char *const gpgvs[] = {
	"/usr/bin/gpgv",
	"/usr/bin/gpgv2",
	"/bin/gpgv",
	"/usr/local/bin/gpgv",
};

static const char *const gpgs[] = {
	"/usr/bin/gpg",
	"/usr/bin/gpg2",
	"/bin/gpg",
	"/usr/local/bin/gpg",
};

/*
 * What may not be known to an older gpg stands in ignore-invalid-option; the
 * verdict does not lean on it (core/pgp.c has the policy).
 */
const char pgp_run_conf[] = "ignore-invalid-option no-autostart disable-dirmngr "
			    "no-auto-key-import no-auto-key-retrieve\n"
			    "batch\n"
			    "no-tty\n"
			    "no-greeting\n"
			    "no-autostart\n"
			    "disable-dirmngr\n"
			    "no-auto-key-retrieve\n"
			    "keyserver-options no-auto-key-retrieve\n"
			    "no-auto-key-locate\n"
			    "no-auto-key-import\n"
			    "no-auto-check-trustdb\n"
			    "trust-model always\n"
			    "no-random-seed-file\n"
			    "lock-never\n";

static bool find(const char *const *names, size_t count, const char **out)
{
	for (size_t i = 0; i < count; i++)
		if (!access(names[i], X_OK)) {
			*out = names[i];
			return true;
		}
	return false;
}

bool pgp_run_gpg(const char **out, struct error *err)
{
	return find(gpgs, ARRAY_LEN(gpgs), out) ||
	       error_set(err, ERR_SYSTEM,
			 "this machine has no gpg (looked for %s, %s and %s): install "
			 "gnupg2 or gpg",
			 gpgs[0], gpgs[1], gpgs[3]);
}

/* ---- what it reads ---- */

enum { KEYRING, TEXT, SIGNATURES, CONF, INPUTS };

struct input {
	const char *name;
	const void *data;
	size_t len;
	int fd;               /* -1: none */
	char path[PATH_SIZE]; /* by which gpgv opens it */
};

struct inputs {
	struct input at[INPUTS];
	struct pgp_folder folder; /* that they are in, where it takes one */
};

static struct input input(const char *name, const void *data, size_t len)
{
	return (struct input){.name = name, .data = data, .len = len, .fd = -1};
}

static void inputs_clear(struct inputs *in)
{
	for (size_t i = 0; i < INPUTS; i++)
		file_closep(&in->at[i].fd);
	pgp_folder_clear(&in->folder);
}

/* Nobody writes to it once it is handed out: gpg would, when it imports a key. */
static bool to_memory(struct input *in)
{
	struct error why = EMPTY;

	if (!file_sealed(in->name, in->data, in->len, in->len, &in->fd, &why))
		return false;
	snprintf(in->path, sizeof(in->path), "/proc/self/fd/%d", in->fd);
	return !access(in->path, R_OK);
}

static bool to_folder(struct inputs *in, struct error *err)
{
	if (!pgp_folder_make(&in->folder, err))
		return false;
	for (size_t i = 0; i < INPUTS; i++) {
		struct input *one = &in->at[i];

		file_closep(&one->fd);
		snprintf(one->path, sizeof(one->path), "%s/%s", in->folder.path,
			 one->name);
		if (!pgp_folder_put(&in->folder, one->name, one->data, one->len, err))
			return false;
	}
	return true;
}

static bool place(struct inputs *in, struct error *err)
{
	for (size_t i = 0; i < INPUTS; i++)
		if (!to_memory(&in->at[i]))
			return to_folder(in, err);
	return true;
}

/* ---- the process ---- */

/* Start it with its inputs, if it has any, and its output in a pipe. */
static bool start(const char *program, const char *const *argv, const struct inputs *in,
		  int out, pid_t *pid, struct error *err)
{
	posix_spawn_file_actions_t actions;
	int why = posix_spawn_file_actions_init(&actions);

	if (why)
		return error_set(err, ERR_SYSTEM, "no memory");
	why = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!why)
		why = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
						       "/dev/null", O_RDWR, 0);
	if (!why)
		why = posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO,
						       STDERR_FILENO);
	/* onto itself: from there on it stays open in the child */
	for (size_t i = 0; in && i < INPUTS && !why; i++)
		if (in->at[i].fd >= 0)
			why = posix_spawn_file_actions_adddup2(&actions, in->at[i].fd,
							       in->at[i].fd);
	if (!why)
		why = posix_spawn(pid, program, &actions, NULL,
				  (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return why ? error_set(err, ERR_SYSTEM, "cannot run '%s': %s", program,
			       strerrordesc_np(why))
		   : true;
}

/* Kill it unless all went well, and see how it ended. */
static bool finish(const char *program, pid_t pid, bool ok, struct error *err)
{
	int state = 0;
	pid_t got;

	if (!ok)
		kill(pid, SIGKILL);
	do
		got = waitpid(pid, &state, 0);
	while (got < 0 && errno == EINTR);
	if (ok && got == pid && WIFSIGNALED(state))
		return error_set(err, ERR_SYSTEM, "'%s' was ended by signal %d",
				 program, WTERMSIG(state));
	return ok;
}

/* What it prints, to its end or until time is over. It began at `begin`. */
static bool read_answer(const char *program, int from, int64_t begin, int64_t deadline,
			struct buf *out, struct error *err)
{
	int64_t until =
		deadline && deadline < begin + WAIT_MS ? deadline : begin + WAIT_MS;

	for (;;) {
		struct pollfd p = {.fd = from, .events = POLLIN};
		int64_t left = until - digest_many_now();
		int ready = poll(&p, 1, left > 0 ? (int)left : 0);
		char *to;
		size_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return error_set(err, ERR_SYSTEM,
					 "'%s' did not end within %d s: does it work "
					 "by hand?",
					 program, (int)((until - begin + 999) / 1000));
		to = buf_reserve(out, PIECE);
		if (!to)
			return buf_ok(out, err) ||
			       error_prefix(err, "the answer of '%s'", program);
		if (!file_read_piece(from, to, PIECE, &n, err))
			return false;
		if (n == 0)
			return true;
		buf_advance(out, n);
	}
}

/* For `job`, or, when that is NULL, with nothing to read. */
static bool run(const char *program, const char *const *argv, const struct inputs *in,
		const struct pgp_run_job *job, struct buf *out, struct error *err)
{
	AUTO(file_closep) int from = -1;
	int64_t begin = digest_many_now();
	size_t before = out->len;
	int ends[2];
	pid_t pid;
	bool ok;

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(err, "cannot make a pipe");
	from = ends[0];
	ok = start(program, argv, in, ends[1], &pid, err);
	close(ends[1]);
	if (!ok)
		return false;
	ok = (!job || !job->meanwhile || job->meanwhile(job->arg, err)) &&
	     read_answer(program, from, begin, job ? job->deadline : 0, out, err);
	if (!finish(program, pid, ok, err))
		return false;
	return out->len > before ||
	       error_set(err, ERR_SYSTEM, "'%s' does not run or said nothing", program);
}

bool pgp_run_program(const char *program, const char *const *argv, struct buf *out,
		     struct error *err)
{
	return run(program, argv, NULL, NULL, out, err);
}

static bool verify_by(const char *engine, const struct pgp_run_job *job,
		      struct buf *status, struct error *err)
{
	AUTO(inputs_clear)
	struct inputs in = {
		.at =
			{
				[KEYRING] = input("keyring", job->keyring->data,
						  job->keyring->len),
				[TEXT] = input("text", job->text, job->text_len),
				[SIGNATURES] = input("signatures", job->signatures,
						     job->signatures_len),
				[CONF] = input("gpg.conf", pgp_run_conf,
					       strlen(pgp_run_conf)),
			},
	};
	/* quiet: what it would tell people takes 0.3 of its 8 ms for 1 MB */
	/* clang-format off */
	const char *const gpgv[] = {
		"gpgv", "--quiet", "--keyring", in.at[KEYRING].path, "--status-fd", "1",
		in.at[SIGNATURES].path, in.at[TEXT].path, NULL,
	};
	const char *const gpg[] = {
		"gpg", "--quiet", "--homedir", "/dev/null/none", "--options", in.at[CONF].path,
		"--no-default-keyring", "--keyring", in.at[KEYRING].path,
		"--status-fd", "1",
		"--verify", in.at[SIGNATURES].path, in.at[TEXT].path, NULL,
	};
	/* clang-format on */

	return place(&in, err) &&
	       run(engine, text_starts(file_basename(engine), "gpgv") ? gpgv : gpg, &in,
		   job, status, err);
}

bool pgp_run_verify(const struct pgp_run_job *job, struct buf *status,
		    struct error *err)
{
	const char *engine = job->engine;

	return (engine || find(gpgvs, ARRAY_LEN(gpgvs), &engine) ||
		pgp_run_gpg(&engine, err)) &&
	       verify_by(engine, job, status, err);
}
