/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node: the facts of the machine, or of the tree, that is checked.
 *
 * Rules: with a root, facts come from beneath it alone and there is no live node:
 * no kernel, no processes, no services. Without one the root is "/" and facts of
 * the running system come from the kernel. Nothing on the node is executed, and
 * nothing in the environment changes a fact. Texts are escaped for printing.
 */
#ifndef CLIENT_NODE_H
#define CLIENT_NODE_H

#include "client/os_release.h"
#include "core/buf.h"

struct node {
	bool live;
	char *root;  /* as it was given; NULL on a live node */
	int root_fd; /* what paths are opened beneath */
	int proc_fd; /* /proc; -1 when not live, or when it is no proc file system */
	struct os_release os;
	struct error os_error; /* why its os-release, which is there, cannot be read */
	/* "" where unknown: */
	char machine_id[40];
	char hostname[256];
	char arch[16];    /* live: the kernel's; a tree: its shell's */
	char kernel[128]; /* live: its release */
	char boot_id[40]; /* live */
};

#define NODE_NONE                                                                      \
	{                                                                              \
		.root_fd = -1, .proc_fd = -1                                           \
	}

/* `root` NULL: the live node. */
bool node_open(const char *root, struct node *out, struct error *err) MUST_CHECK;
void node_close(struct node *node);

/* Append a small file beneath the node's root; ERR_NOT_FOUND, ERR_FORMAT when it is
 * no regular file. */
bool node_read(const struct node *node, const char *path, struct buf *out,
	       struct error *err) MUST_CHECK;
/* The machine that a program of the node is for, by its ELF header: "x86_64",
 * "aarch64", "another machine"; NULL when there is no program of that path. */
const char *node_machine_of(const struct node *node, const char *path);
/* As node_read(), beneath /proc ("sys/crypto/fips_enabled"). */
bool node_read_proc(const struct node *node, const char *path, struct buf *out,
		    struct error *err) MUST_CHECK;

#endif
