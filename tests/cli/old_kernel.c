/* SPDX-License-Identifier: Apache-2.0 */
/*
 * old_kernel VERSION COMMAND...: run it with the system calls of an older Linux; of
 * later ones it hears ENOSYS, as it would there. 3.10 is EL 7's kernel, 4.18 EL 8's,
 * without what Red Hat brought back into them.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
static const struct {
	const char *version;
	unsigned last; /* the highest number of a call that it has */
} kernels[] = {{"3.10", SYS_finit_module}, {"4.18", SYS_rseq}};

static int restrict_to(unsigned last)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof(kernels) / sizeof(*kernels); i++) {
		if (strcmp(argv[1], kernels[i].version) != 0)
			continue;
		if (!restrict_to(kernels[i].last))
			execvp(argv[2], argv + 2);
		perror("old_kernel");
		return 99;
	}
	fprintf(stderr, "usage: old_kernel 3.10|4.18 COMMAND...\n");
	return 64;
}
#else
int main(void)
{
	fprintf(stderr, "old_kernel: only x86_64 is known\n");
	return 99;
}
#endif
