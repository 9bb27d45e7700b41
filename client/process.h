/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process: what the kernel says of a process (proc(5)).
 *
 * Rules: everything of one process is read through one descriptor of its folder, so
 * that a number that the kernel gives to another process meanwhile is an end, never a
 * mixture. A process that ends while it is looked at is no error.
 */
#ifndef CLIENT_PROCESS_H
#define CLIENT_PROCESS_H

#include "core/buf.h"

#include <sys/types.h>

enum process_state {
	PROCESS_GONE,   /* it ended, or is a zombie without a thread that runs on */
	PROCESS_KERNEL, /* a thread of the kernel */
	PROCESS_UNSEEN, /* it cannot be looked at, `os` says why: argv0 may be known */
	PROCESS_READ,
};

struct process {
	pid_t pid;
	enum process_state state;
	int os; /* of PROCESS_UNSEEN: errno; EACCES or EPERM: it is not ours to look at
		 */
	int dir_fd;
	int thread_fd; /* -1, or the thread that runs on when the first one has ended */
	char exe[4096];  /* as the kernel names it, without " (deleted)" */
	bool deleted;    /* the path leads to another file now, or to none */
	char argv0[256]; /* cut; "" when there is none */
};

#define PROCESS_CLOSED                                                                 \
	{                                                                              \
		.dir_fd = -1, .thread_fd = -1                                          \
	}

/* What one calls itself. */
struct process_names {
	pid_t pid;
	int os;            /* 0: it was looked at; else as struct process has it */
	char *exe, *argv0; /* as process_name() has them; "" when not known */
};

struct process_list {
	struct process_names *list;
	size_t count;
	bool whole;  /* of the machine, not of a PID namespace of its own */
	bool hidden; /* there are others, of which not even the number is known */
};

/* All that are no threads of the kernel, until digest_many_now() says `deadline`. */
bool process_list(int proc_fd, int64_t deadline, struct process_list *out,
		  struct error *err) MUST_CHECK;
void process_list_clear(struct process_list *l);

/* Look at one; never fails: what came of it is the state. The descriptors are the
 * caller's, closed by process_close(). */
void process_read(int proc_fd, pid_t pid, struct process *out);
void process_close(struct process *p);

/* Is it the right to look at another's process that is missing? */
bool process_is_denied(int os);

/* Has it ended since it was read, with all its threads? Else what cannot be opened of
 * it is there. */
bool process_has_ended(const struct process *p);

/* Open the executable itself, wherever its name leads by now; -1 with errno. */
int process_open_exe(const struct process *p);

/* Is its root folder this one? Also true when that cannot be told. */
bool process_is_beneath(const struct process *p, int root_fd);

/* Append environ(7) as it was at the start: strings that end in NUL. A thread that has
 * ended meanwhile is an error, not one without variables. */
bool process_environ(const struct process *p, struct buf *out,
		     struct error *err) MUST_CHECK;

/* The last part of a path or argument: "kubelet"; a login shell's dash is left out, and
 * what the kernel puts before the name of a file in memory. */
const char *process_name(const char *path);

#endif
