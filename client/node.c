/* SPDX-License-Identifier: Apache-2.0 */
#include "client/node.h"

#include "core/digest_many.h"
#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool read_beneath(int dir, const char *path, struct buf *out, struct error *err)
{
	AUTO(file_closep) int fd = -1;
	struct stat st;

	if (!file_open_beneath(dir, path, O_RDONLY | O_NONBLOCK, &fd, err))
		return false;
	if (fstat(fd, &st))
		return error_sys(err, "cannot look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_FORMAT, "'%s' is %s, not a file", path,
				 digest_many_kind(st.st_mode));
	return file_read_fd(fd, out, err) || error_prefix(err, "'%s'", path);
}

bool node_read(const struct node *node, const char *path, struct buf *out,
	       struct error *err)
{
	return read_beneath(node->root_fd, path, out, err);
}

bool node_read_proc(const struct node *node, const char *path, struct buf *out,
		    struct error *err)
{
	if (node->proc_fd < 0)
		return error_set(err, ERR_NOT_FOUND, "no proc file system on '/proc'");
	return read_beneath(node->proc_fd, path, out, err);
}

/* The first line of a file as printable text; "" when there is none. */
static void first_line(int dir, const char *path, char *out, size_t size)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(4096);
	struct error ignored; /* an identity that is not there is left out */

	*out = '\0';
	if (dir < 0 || !read_beneath(dir, path, &b, &ignored) || b.len == 0)
		return;
	b.data[strcspn(b.data, "\n")] = '\0';
	text_safe(b.data, out, size);
}

static void read_os(struct node *node)
{
	AUTO(buf_clear) struct buf os = BUF_MAX(OS_RELEASE_TEXT_MAX);
	AUTO(buf_clear) struct buf redhat = BUF_MAX(OS_RELEASE_TEXT_MAX);
	struct error why, ignored;
	bool is_read = node_read(node, "/etc/os-release", &os, &why);

	if (!is_read && why.code == ERR_NOT_FOUND)
		is_read = node_read(node, "/usr/lib/os-release", &os, &why);
	if (!is_read) {
		/* none: no EL, which a check reports */
		if (why.code != ERR_NOT_FOUND)
			node->os_error = why;
		return;
	}
	if (!node_read(node, "/etc/redhat-release", &redhat, &ignored))
		buf_reset(&redhat);
	os_release_parse(os.data, redhat.data, &node->os);
}

/* What the running kernel says. */
static void read_live(struct node *node)
{
	struct utsname u;
	struct statfs fs;

	if (!uname(&u)) {
		text_safe(u.machine, node->arch, sizeof(node->arch));
		text_safe(u.release, node->kernel, sizeof(node->kernel));
		text_safe(u.nodename, node->hostname, sizeof(node->hostname));
	}
	node->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (node->proc_fd >= 0 &&
	    (fstatfs(node->proc_fd, &fs) || fs.f_type != PROC_SUPER_MAGIC))
		file_closep(&node->proc_fd);
	first_line(node->proc_fd, "sys/kernel/random/boot_id", node->boot_id,
		   sizeof(node->boot_id));
}

const char *node_machine_of(const struct node *node, const char *path)
{
	enum { E_MACHINE = 18, X86_64 = 62, AARCH64 = 183 }; /* ELF, "e_machine" */
	AUTO(file_closep) int fd = -1;
	unsigned char head[20];
	struct error err;
	struct stat st;

	if (!file_open_beneath(node->root_fd, path, O_RDONLY | O_NONBLOCK, &fd, &err) ||
	    fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    memcmp(head, "\177ELF", 4) != 0)
		return NULL;
	switch (head[E_MACHINE] | head[E_MACHINE + 1] << 8) {
	case X86_64:
		return "x86_64";
	case AARCH64:
		return "aarch64";
	default:
		return "another machine";
	}
}

/* What a tree says of itself, which does not run. */
static void read_tree(struct node *node)
{
	const char *machine = node_machine_of(node, "/bin/sh");

	if (machine)
		text_safe(machine, node->arch, sizeof(node->arch));
	first_line(node->root_fd, "/etc/hostname", node->hostname,
		   sizeof(node->hostname));
}

bool node_open(const char *root, struct node *out, struct error *err)
{
	AUTO(node_close) struct node node = NODE_NONE;

	node.live = !root;
	if (!file_open(root ? root : "/", O_RDONLY | O_DIRECTORY, &node.root_fd, err))
		return false;
	if (root) {
		node.root = text_dup(root, strlen(root));
		if (!node.root)
			return error_set(err, ERR_SYSTEM, "no memory");
		read_tree(&node);
	} else {
		read_live(&node);
	}
	first_line(node.root_fd, "/etc/machine-id", node.machine_id,
		   sizeof(node.machine_id));
	read_os(&node);
	*out = node;
	node = (struct node)NODE_NONE;
	return true;
}

void node_close(struct node *node)
{
	file_closep(&node->root_fd);
	file_closep(&node->proc_fd);
	text_freep(&node->root);
}
