/* SPDX-License-Identifier: Apache-2.0 */
#include "client/process.h"

#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* State and flags: "PID (any name) S ppid pgrp session tty tpgid flags ..." */
static bool is_user_process(int dir_fd, enum process_state *otherwise)
{
	char text[1024];
	const char *at;
	unsigned flags;
	char state;

	*otherwise = PROCESS_GONE;
	if (read_some(dir_fd, "stat", text, sizeof(text)) <= 0)
		return false;
	at = strrchr(text, ')');
	if (!at || sscanf(at, ") %c %*d %*d %*d %*d %*d %u", &state, &flags) != 2 ||
	    state == 'Z' || state == 'X')
		return false;
	*otherwise = PROCESS_KERNEL;
	return !(flags & KERNEL_THREAD);
}

static void read_exe(struct process *p)
{
	static const char mark[] = " (deleted)";
	ssize_t n = readlinkat(p->dir_fd, "exe", p->exe, sizeof(p->exe) - 1);

	if (n < 0) {
		p->state = errno == EACCES || errno == EPERM ? PROCESS_DENIED
							     : PROCESS_GONE;
		return;
	}
	p->exe[n] = '\0';
	p->deleted = text_ends(p->exe, mark);
	if (p->deleted)
		p->exe[(size_t)n - strlen(mark)] = '\0';
	p->state = PROCESS_READ;
}

void process_read(int proc_fd, pid_t pid, struct process *out)
{
	char name[16];

	*out = (struct process){.pid = pid, .dir_fd = -1};
	snprintf(name, sizeof(name), "%d", pid);
	out->dir_fd = openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->dir_fd < 0 || !is_user_process(out->dir_fd, &out->state))
		return;
	if (read_some(out->dir_fd, "cmdline", out->argv0, sizeof(out->argv0)) < 0)
		out->argv0[0] = '\0';
	read_exe(out);
}

void process_close(struct process *p)
{
	file_closep(&p->dir_fd);
}

int process_open_exe(const struct process *p)
{
	return openat(p->dir_fd, "exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

bool process_is_beneath(const struct process *p, int root_fd)
{
	struct stat own, node;

	return fstatat(p->dir_fd, "root", &own, 0) || fstat(root_fd, &node) ||
	       (own.st_dev == node.st_dev && own.st_ino == node.st_ino);
}

bool process_environ(const struct process *p, struct buf *out, struct error *err)
{
	AUTO(file_closep)
	int fd = openat(p->dir_fd, "environ", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(err, "cannot open its environment");
	return file_read_fd(fd, out, err) || error_prefix(err, "its environment");
}

const char *process_name(const char *path)
{
	const char *name = file_basename(path);

	return *name == '-' ? name + 1 : name;
}
