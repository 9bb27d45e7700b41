/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: what a process that only serves cannot do any more, whatever bytes
 * it is sent: gain privileges, start programs, make sockets, write files, or
 * read files outside the folders that it named.
 *
 * Rules: entered once, when the socket listens and the store is open, before the
 * first thread; there is no way back. Each part that the kernel lacks is named,
 * never silently left out. This module alone includes <seccomp.h> and
 * <linux/landlock.h>.
 */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

#include "core/error.h"

enum sandbox_mode {
	SANDBOX_AUTO,    /* as much as the kernel has */
	SANDBOX_REQUIRE, /* all of it, else an error */
	SANDBOX_OFF,
};

struct sandbox_options {
	enum sandbox_mode mode;
	const char *const *folders; /* that stay readable, with what is beneath */
	size_t folder_count;
};

/* What is active, for the log. */
struct sandbox_state {
	char landlock[48]; /* "read-only (ABI 7)", "not in this kernel" */
	char seccomp[48];  /* "on", "not in this kernel" */
};

/* Give up root for this user, for good. Does nothing for NULL, or when the process
 * is not root. */
bool sandbox_become(const char *user, struct error *err) MUST_CHECK;

bool sandbox_enter(const struct sandbox_options *options, struct sandbox_state *out,
		   struct error *err) MUST_CHECK;

#endif
