/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process.h"

#include "core/digest_many.h"
#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned KERNEL_THREAD = 0x00200000; /* PF_KTHREAD of linux/sched.h */

/* Read the beginning of one of its files; -1 with errno. */
static ssize_t read_some(int dir_fd, const char *name, char *out, size_t size)
{
	AUTO(file_closep) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	do
		n = read(fd, out, size - 1);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		out[n] = '\0';
	return n;
}

/* By errno: it has ended, or it is there and cannot be looked at. */
static enum process_state unseen_or_gone(int os)
{
	return os == ENOENT || os == ESRCH ? PROCESS_GONE : PROCESS_UNSEEN;
}

/* PROCESS_READ: a program runs in it, whatever else can be seen; PROCESS_UNSEEN with
 * errno. From "PID (any name) S ppid pgrp session tty tpgid flags ...". */
static enum process_state kind_of(int dir_fd)
{
	char text[1024];
	const char *at;
	unsigned flags;
	char state;

	if (read_some(dir_fd, "stat", text, sizeof(text)) < 0)
		return unseen_or_gone(errno);
	at = strrchr(text, ')');
	if (!at || sscanf(at, ") %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2 ||
	    state == 'Z' || state == 'X')
		return PROCESS_GONE;
	return flags & KERNEL_THREAD ? PROCESS_KERNEL : PROCESS_READ;
}

bool process_is_denied(int os)
{
	return os == EACCES || os == EPERM;
}

static void set_state(struct process *p, enum process_state state)
{
	p->state = state;
	p->os = state == PROCESS_UNSEEN ? errno : 0;
}

/* The folder to read from: every thread's tells of all of them. */
static int folder(const struct process *p)
{
	return p->thread_fd < 0 ? p->dir_fd : p->thread_fd;
}

static void read_exe(struct process *p)
{
	static const char mark[] = " (deleted)";
	ssize_t n = readlinkat(folder(p), "exe", p->exe, sizeof(p->exe) - 1);

	if (n < 0) {
		set_state(p, unseen_or_gone(errno));
		return;
	}
	p->exe[n] = '\0';
	p->deleted = text_ends(p->exe, mark);
	if (p->deleted)
		p->exe[(size_t)n - strlen(mark)] = '\0';
	set_state(p, PROCESS_READ);
}

/* A thread that ends is without an executable before the kernel calls it a zombie. */
static bool has_no_exe(int dir_fd)
{
	char name[1];

	return readlinkat(dir_fd, "exe", name, sizeof(name)) < 0 &&
	       unseen_or_gone(errno) == PROCESS_GONE;
}

/* The folder of a thread that runs; -1 with errno: none, or it cannot be told. */
static int open_thread(int dir_fd)
{
	int fd = openat(dir_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(file_closedirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		file_closep(&fd);
		return -1;
	}
	for (errno = 0; (e = readdir(dir)); errno = 0) {
		if (e->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && unseen_or_gone(errno) == PROCESS_UNSEEN)
			return -1;
		if (fd >= 0 && kind_of(fd) == PROCESS_READ && !has_no_exe(fd))
			return fd;
		file_closep(&fd);
	}
	if (!errno)
		errno = ENOENT;
	return -1;
}

/* State and executable of the process whose folder is open. */
static void read_state(struct process *p)
{
	enum process_state kind;

	/* one that has an executable is neither a thread of the kernel nor gone */
	read_exe(p);
	if (p->state == PROCESS_READ)
		return;
	kind = kind_of(p->dir_fd);
	if (kind == PROCESS_READ && p->state == PROCESS_UNSEEN)
		return;
	set_state(p, kind);
	if (kind == PROCESS_KERNEL || kind == PROCESS_UNSEEN)
		return;
	p->thread_fd = open_thread(p->dir_fd);
	if (p->thread_fd < 0)
		set_state(p, unseen_or_gone(errno));
	else
		read_exe(p);
}

void process_read(int proc_fd, pid_t pid, struct process *out)
{
	char name[16];

	*out = (struct process)PROCESS_CLOSED;
	out->pid = pid;
	snprintf(name, sizeof(name), "%d", pid);
	out->dir_fd = openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->dir_fd >= 0)
		read_state(out);
	else
		set_state(out, unseen_or_gone(errno));
	if ((out->state == PROCESS_READ || out->state == PROCESS_UNSEEN) &&
	    read_some(folder(out), "cmdline", out->argv0, sizeof(out->argv0)) < 0 &&
	    out->state == PROCESS_READ)
		set_state(out, unseen_or_gone(errno));
}

void process_close(struct process *p)
{
	file_closep(&p->dir_fd);
	file_closep(&p->thread_fd);
}

bool process_has_ended(const struct process *p)
{
	AUTO(file_closep) int fd = -1;

	if (!has_no_exe(folder(p)))
		return false;
	fd = open_thread(p->dir_fd);
	return fd < 0 && unseen_or_gone(errno) == PROCESS_GONE;
}

int process_open_exe(const struct process *p)
{
	return openat(folder(p), "exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

bool process_is_beneath(const struct process *p, int root_fd)
{
	struct stat own, node;

	return fstatat(folder(p), "root", &own, 0) || fstat(root_fd, &node) ||
	       file_is_same(&own, &node);
}

bool process_environ(const struct process *p, struct buf *out, struct error *err)
{
	AUTO(file_closep)
	int fd = openat(folder(p), "environ", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "cannot open its environment");
	if (!file_read_fd(fd, out, err))
		return error_prefix(err, "its environment");
	/* which is empty, too, when the thread ended meanwhile */
	if (has_no_exe(folder(p)))
		return error_set(err, ERR_SYSTEM, "its environment: the thread ended");
	return true;
}

const char *process_name(const char *path)
{
	static const char memory[] = "memfd:";
	const char *name = file_basename(path);

	if (text_starts(name, memory))
		name += strlen(memory);
	return *name == '-' ? name + 1 : name;
}

/* ---- all of them ---- */

void process_list_clear(struct process_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->list[i].exe);
		free(l->list[i].argv0);
	}
	free(l->list);
	*l = (struct process_list)EMPTY;
}

static bool add(const struct process *p, struct process_list *l, size_t *cap)
{
	const char *exe = process_name(p->exe), *argv0 = process_name(p->argv0);
	struct process_names *n;

	if (l->count == *cap) {
		size_t more = *cap ? 2 * *cap : 256;

		n = reallocarray(l->list, more, sizeof(*n));
		if (!n)
			return false;
		l->list = n;
		*cap = more;
	}
	n = &l->list[l->count++];
	*n = (struct process_names){
		.pid = p->pid,
		.os = p->os,
		.exe = text_dup(exe, strlen(exe)),
		.argv0 = text_dup(argv0, strlen(argv0)),
	};
	return n->exe && n->argv0;
}

/* A proc file system with hidepid=2 shows nobody but its owner a process, not even the
 * first, which is always there. */
static bool hides_others(int proc_fd)
{
	struct stat st;

	return fstatat(proc_fd, "1", &st, 0) && errno == ENOENT;
}

/* Process 2 of the machine is the kernel's; what another PID namespace has by that
 * number is not. */
static bool is_whole(int proc_fd)
{
	AUTO(process_close) struct process p = PROCESS_CLOSED;

	process_read(proc_fd, 2, &p);
	return p.state == PROCESS_KERNEL;
}

bool process_list(int proc_fd, int64_t deadline, struct process_list *out,
		  struct error *err)
{
	int fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO(file_closedirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	AUTO(process_list_clear) struct process_list l = EMPTY;
	struct dirent *e;
	uint64_t pid;
	size_t cap = 0;

	if (!dir)
		return error_sys(err, "cannot read '/proc'");
	l.hidden = hides_others(proc_fd);
	l.whole = is_whole(proc_fd);
	for (errno = 0; (e = readdir(dir)) && digest_many_now() < deadline; errno = 0) {
		AUTO(process_close) struct process p = PROCESS_CLOSED;

		if (!text_u64(e->d_name, 1, INT32_MAX, &pid))
			continue;
		process_read(proc_fd, (pid_t)pid, &p);
		if (p.state != PROCESS_GONE && p.state != PROCESS_KERNEL &&
		    !add(&p, &l, &cap))
			return error_set(err, ERR_SYSTEM, "no memory");
	}
	if (!e && errno)
		return error_sys(err, "cannot list '/proc'");
	*out = TAKE(l);
	return true;
}
