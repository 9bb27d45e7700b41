/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_run.h"

#include "core/digest_many.h"
#include "core/file.h"
#include "core/pgp_folder.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
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
static const char conf[] = "ignore-invalid-option no-autostart disable-dirmngr "
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

struct pgp_run {
	struct input in[INPUTS];
	struct pgp_folder folder; /* that they are in, where it takes one */
	int gate; /* where it waits for the signatures; -1: it does not */
	const char *program;
	bool may_be_silent; /* when it ends well */
	pid_t pid;          /* 0: it does not run */
	int from;           /* what it prints; -1: nothing */
};

static struct input input(const char *name, const void *data, size_t len)
{
	return (struct input){.name = name, .data = data, .len = len, .fd = -1};
}

static struct pgp_run run_init(const struct pgp_run_job *job)
{
	return (struct pgp_run){
		.in =
			{
				[KEYRING] = input("keyring", job->keyring->data,
						  job->keyring->len),
				[TEXT] = input("text", job->text, job->text_len),
				[SIGNATURES] = input("signatures", job->signatures,
						     job->signatures_len),
				[CONF] = input("gpg.conf", conf, strlen(conf)),
			},
		.gate = -1,
		.from = -1,
	};
}

/* By its descriptor, which the process inherits. */
static bool name_it(struct input *in)
{
	snprintf(in->path, sizeof(in->path), "/proc/self/fd/%d", in->fd);
	return !access(in->path, R_OK);
}

/* Nobody writes to it once it is handed out: gpg would, when it imports a key. */
static bool to_memory(struct input *in)
{
	struct error why = EMPTY;

	return file_sealed(in->name, in->data, in->len, in->len, &in->fd, &why) &&
	       name_it(in);
}

static bool to_folder(struct pgp_run *r, struct error *err)
{
	if (!pgp_folder_make(&r->folder, err))
		return false;
	for (struct input *in = r->in; in < r->in + INPUTS; in++) {
		if (!in->data)
			continue;
		file_closep(&in->fd);
		snprintf(in->path, sizeof(in->path), "%s/%s", r->folder.path, in->name);
		if (!pgp_folder_put(&r->folder, in->name, in->data, in->len, err))
			return false;
	}
	return true;
}

static bool place(struct pgp_run *r, struct error *err)
{
	for (size_t i = 0; i < INPUTS; i++)
		if (r->in[i].data && !to_memory(&r->in[i]))
			return to_folder(r, err);
	return true;
}

/* The same before text and signatures are there. */
static bool place_early(struct pgp_run *r)
{
	struct input *text = &r->in[TEXT], *signatures = &r->in[SIGNATURES];
	struct error why = EMPTY;

	return to_memory(&r->in[KEYRING]) && to_memory(&r->in[CONF]) &&
	       file_memory(text->name, &text->fd, &why) && name_it(text) &&
	       file_pipe(&signatures->fd, &r->gate, &why) && name_it(signatures);
}

/* An empty pipe takes PIPE_BUF at once, and our own end keeps it open for reading: to
 * write that many neither waits nor breaks, whatever became of the process. Those are
 * seven signatures by RSA 4096; for more it is started anew. */
static bool fits_gate(const struct pgp_run_job *job)
{
	const struct pgp_run *r = job->begun;

	return r && r->gate >= 0 && job->signatures_len <= PIPE_BUF;
}

static bool open_gate(struct pgp_run *r, const struct pgp_run_job *job,
		      struct error *err)
{
	AUTO(file_closep) int gate = TAKE_FD(r->gate);

	return file_seal(r->in[TEXT].fd, job->text, job->text_len, job->text_len,
			 err) &&
	       file_write_fd(gate, job->signatures, job->signatures_len, err);
}

/* ---- the process ---- */

/* With those of its inputs that have a descriptor. */
static bool spawn(struct pgp_run *r, const char *const *argv, int out,
		  struct error *err)
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
	for (size_t i = 0; i < INPUTS && !why; i++)
		if (r->in[i].fd >= 0)
			why = posix_spawn_file_actions_adddup2(&actions, r->in[i].fd,
							       r->in[i].fd);
	if (!why)
		why = posix_spawn(&r->pid, r->program, &actions, NULL,
				  (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (!why)
		return true;
	r->pid = 0;
	return error_set(err, ERR_SYSTEM, "cannot run '%s': %s", r->program,
			 strerrordesc_np(why));
}

/* Its output goes into a pipe. */
static bool start(struct pgp_run *r, const char *const *argv, struct error *err)
{
	AUTO(file_closep) int out = -1;

	return file_pipe(&r->from, &out, err) && spawn(r, argv, out, err);
}

/* How long it may take, of digest_many_now(). */
struct span {
	int64_t begin, end;
};

static struct span span_to(int64_t deadline)
{
	int64_t begin = digest_many_now(), end = begin + WAIT_MS;

	return (struct span){begin, deadline && deadline < end ? deadline : end};
}

static bool overdue(const struct pgp_run *r, const struct span *s, struct error *err)
{
	return error_set(err, ERR_SYSTEM,
			 "'%s' did not end within %d s: does it work by hand?",
			 r->program, (int)((s->end - s->begin + 999) / 1000));
}

/* What it prints, to its end or until time is over. */
static bool read_answer(const struct pgp_run *r, const struct span *s, struct buf *out,
			struct error *err)
{
	for (;;) {
		struct pollfd p = {.fd = r->from, .events = POLLIN};
		int64_t left = s->end - digest_many_now();
		int ready = poll(&p, 1, left > 0 ? (int)left : 0);
		char *to;
		size_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return overdue(r, s, err);
		to = buf_reserve(out, PIECE);
		if (!to)
			return buf_ok(out, err) ||
			       error_prefix(err, "the answer of '%s'", r->program);
		if (!file_read_piece(r->from, to, PIECE, &n, err))
			return false;
		if (n == 0)
			return true;
		buf_advance(out, n);
	}
}

/* Its end, which comes at once where it closed its output by that; a kernel before 5.3
 * has nothing to wait at with a limit. */
static bool reap(struct pgp_run *r, const struct span *s, int *state, struct error *err)
{
	enum { SHORT_NS = 20000, LONG_NS = 20000000 };
	long pause = SHORT_NS;
	pid_t ended;

	while ((ended = waitpid(r->pid, state, WNOHANG)) == 0) {
		const struct timespec t = {.tv_nsec = pause};

		if (digest_many_now() >= s->end)
			return overdue(r, s, err);
		nanosleep(&t, NULL);
		pause = 2 * pause < LONG_NS ? 2 * pause : LONG_NS;
	}
	r->pid = 0;
	if (ended < 0) /* whoever started us lets nobody know how children end */
		*state = 0;
	return true;
}

/* What it prints, and how it ends. */
static bool hear(struct pgp_run *r, const struct span *s, struct buf *out,
		 struct error *err)
{
	size_t before = out->len;
	int state;

	if (!read_answer(r, s, out, err) || !reap(r, s, &state, err))
		return false;
	if (WIFSIGNALED(state))
		return error_set(err, ERR_SYSTEM, "'%s' was ended by signal %d",
				 r->program, WTERMSIG(state));
	return out->len > before || (r->may_be_silent && !state) ||
	       error_set(err, ERR_SYSTEM, "'%s' does not run or said nothing",
			 r->program);
}

static void run_clear(struct pgp_run *r)
{
	if (r->pid) {
		kill(r->pid, SIGKILL);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	for (size_t i = 0; i < INPUTS; i++)
		file_closep(&r->in[i].fd);
	file_closep(&r->gate);
	file_closep(&r->from);
	pgp_folder_clear(&r->folder);
}

bool pgp_run_program(const char *program, const char *const *argv, struct buf *out,
		     struct error *err)
{
	const struct buf none = EMPTY; /* to read */
	AUTO(run_clear)
	struct pgp_run r = run_init(&(struct pgp_run_job){.keyring = &none});
	const struct span s = span_to(0);

	r.program = program;
	return start(&r, argv, err) && hear(&r, &s, out, err);
}

/* ---- listing ---- */

bool pgp_run_list(const struct buf *keyring, struct buf *out, struct error *err)
{
	AUTO(run_clear)
	struct pgp_run r = run_init(&(struct pgp_run_job){.keyring = keyring});
	const struct span s = span_to(0);

	r.may_be_silent = true; /* of a key that it does not accept */
	if (!pgp_run_gpg(&r.program, err) || !place(&r, err))
		return false;
	/* clang-format off */
	const char *const argv[] = {
		"gpg", "--quiet", "--homedir", "/dev/null/none", "--options", r.in[CONF].path,
		"--no-default-keyring", "--keyring", r.in[KEYRING].path,
		"--with-colons", "--fixed-list-mode",
		"--with-fingerprint", "--with-fingerprint", /* of subkeys, too */
		"--list-keys", NULL,
	};
	/* clang-format on */

	return start(&r, argv, err) && hear(&r, &s, out, err);
}

/* ---- verifying ---- */

static bool find_engine(const char *named, const char **out, struct error *err)
{
	if (!named)
		return find(gpgvs, ARRAY_LEN(gpgvs), out) || pgp_run_gpg(out, err);
	*out = named;
	return true;
}

static bool start_verifying(struct pgp_run *r, struct error *err)
{
	const char *keyring = r->in[KEYRING].path, *text = r->in[TEXT].path;
	const char *signatures = r->in[SIGNATURES].path;
	/* quiet: what it would tell people takes 0.3 of its 8 ms for 1 MB */
	/* clang-format off */
	const char *const gpgv[] = {
		"gpgv", "--quiet", "--keyring", keyring, "--status-fd", "1",
		signatures, text, NULL,
	};
	const char *const gpg[] = {
		"gpg", "--quiet", "--homedir", "/dev/null/none", "--options", r->in[CONF].path,
		"--no-default-keyring", "--keyring", keyring,
		"--status-fd", "1",
		"--verify", signatures, text, NULL,
	};
	/* clang-format on */

	return start(r, text_starts(file_basename(r->program), "gpgv") ? gpgv : gpg,
		     err);
}

struct pgp_run *pgp_run_begin(const char *engine, const struct buf *keyring)
{
	AUTO(pgp_run_freep) struct pgp_run *r = malloc(sizeof(*r));
	struct error why = EMPTY;

	if (!r)
		return NULL;
	*r = run_init(&(struct pgp_run_job){.keyring = keyring});
	if (!find_engine(engine, &r->program, &why) || !place_early(r) ||
	    !start_verifying(r, &why))
		return NULL;
	return TAKE(r);
}

void pgp_run_freep(struct pgp_run **r)
{
	if (*r)
		run_clear(*r);
	free(*r);
	*r = NULL;
}

bool pgp_run_verify(const struct pgp_run_job *job, struct buf *status,
		    struct error *err)
{
	AUTO(run_clear) struct pgp_run own = run_init(job);
	struct pgp_run *r = fits_gate(job) ? job->begun : &own;
	const struct span s = span_to(job->deadline);
	if (r == &own ? !find_engine(job->engine, &r->program, err) || !place(r, err) ||
				!start_verifying(r, err)
		      : !open_gate(r, job, err))
		return false;
	return (!job->meanwhile || job->meanwhile(job->arg, err)) &&
	       hear(r, &s, status, err);
}
