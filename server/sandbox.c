/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sandbox.h"

#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the user ---- */

bool sandbox_become(const char *name, struct error *err)
{
	struct passwd *p;

	if (!name || geteuid() != 0)
		return true;
	errno = 0;
	p = getpwnam(name);
	if (!p)
		return error_set(err, ERR_USAGE, "no user is called '%s'",
				 TEXT_SAFE(name));
	if (initgroups(name, p->pw_gid) || setgid(p->pw_gid) || setuid(p->pw_uid))
		return error_sys(err, "cannot become '%s'", TEXT_SAFE(name));
	if (p->pw_uid != 0 && !setuid(0))
		return error_set(err, ERR_INTERNAL, "'%s' can become root again",
				 TEXT_SAFE(name));
	return true;
}

/* ---- Landlock: files ---- */

static int landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
			    LANDLOCK_CREATE_RULESET_VERSION);
}

/* Every right on files that this ABI knows: what is not allowed is denied. */
static uint64_t handled_rights(int abi)
{
	/* 13 rights in ABI 1; refer, truncate and ioctl-dev came with 2, 3 and 5 */
	uint64_t rights = (1u << 13) - 1;

	rights |= abi >= 2 ? 1u << 13 : 0;
	rights |= abi >= 3 ? 1u << 14 : 0;
	rights |= abi >= 5 ? 1u << 15 : 0;
	return rights;
}

static bool allow_folder(int ruleset, const char *path, struct error *err)
{
	AUTO(file_closep) int fd = -1;
	struct landlock_path_beneath_attr rule = {
		.allowed_access =
			LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	};

	if (!file_open(path, O_PATH | O_DIRECTORY, &fd, err))
		return false;
	rule.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule,
		    0))
		return error_sys(err, "cannot confine the server to '%s'",
				 TEXT_SAFE(path));
	return true;
}

static bool confine_files(const struct sandbox_options *o, int abi, struct error *err)
{
	const struct landlock_ruleset_attr attr = {.handled_access_fs =
							   handled_rights(abi)};
	AUTO(file_closep)
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (ruleset < 0)
		return error_sys(err, "cannot make a Landlock ruleset");
	for (size_t i = 0; i < o->folder_count; i++)
		if (!allow_folder(ruleset, o->folders[i], err))
			return false;
#ifdef __SANITIZE_ADDRESS__
	/* the leak check at the end looks for the threads */
	if (!allow_folder(ruleset, "/proc", err))
		return false;
#endif
	if (syscall(SYS_landlock_restrict_self, ruleset, 0))
		return error_sys(err, "cannot enter the Landlock ruleset");
	return true;
}

/* ---- seccomp: system calls ---- */

/*
 * What serving needs: sockets that are accepted, epoll, memory, threads, time,
 * and reading the store. Opening is for reading alone. Everything else fails
 * with EPERM, as on a system that does not allow it.
 */
static const int allowed[] = {
	/* connections */
	SCMP_SYS(accept4),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendfile),
	SCMP_SYS(shutdown),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	/* files that are open, and looking whether the store changed */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(memfd_create),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	SCMP_SYS(lseek),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd),
	/* memory and threads; no program is ever started */
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(clone),
	SCMP_SYS(clone3),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(membarrier),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(restart_syscall),
	/* time, signals, random numbers */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(getrandom),
	SCMP_SYS(tgkill),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(sysinfo),
	SCMP_SYS(uname),
	SCMP_SYS(prlimit64),
#ifdef __SANITIZE_ADDRESS__
	/* what the leak check does at the end */
	SCMP_SYS(ptrace),
	SCMP_SYS(wait4),
	SCMP_SYS(prctl),
	SCMP_SYS(getdents64),
	SCMP_SYS(sched_getparam),
	SCMP_SYS(getppid),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(getdents),
	SCMP_SYS(ioctl),
	SCMP_SYS(kill),
	SCMP_SYS(unlink),
#endif
};

static int fill_filter(scmp_filter_ctx filter)
{
	/* O_RDONLY is 0: none of the bits that make or change a file */
	const scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
	int bad = 0;

	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0));
	bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
				SCMP_A1(SCMP_CMP_MASKED_EQ, writing, 0));
	return bad;
}

static bool filter_calls(struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int bad = -ENOMEM;

	/* a tree of comparisons instead of one after the other, for kernels before 5.11
	 * that do not remember which calls are always allowed; not before 2.5 */
	if (filter)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (filter)
		bad = fill_filter(filter);
	if (!bad)
		bad = seccomp_load(filter);
	seccomp_release(filter);
	if (!bad)
		return true;
	errno = -bad;
	return error_sys(err, "cannot filter system calls");
}

/* ---- all of it ---- */

static bool lacking(const struct sandbox_options *o, const char *what,
		    struct error *err)
{
	if (o->mode != SANDBOX_REQUIRE)
		return true;
	return error_set(err, ERR_SYSTEM,
			 "this kernel has no %s, and --sandbox=require asks for it",
			 what);
}

static bool enter_landlock(const struct sandbox_options *o, struct sandbox_state *out,
			   struct error *err)
{
	int abi = landlock_abi();

	if (abi < 1) {
		snprintf(out->landlock, sizeof(out->landlock), "not in this kernel");
		return lacking(o, "Landlock", err);
	}
	snprintf(out->landlock, sizeof(out->landlock), "read-only (ABI %d)", abi);
	return confine_files(o, abi, err);
}

static bool enter_seccomp(const struct sandbox_options *o, struct sandbox_state *out,
			  struct error *err)
{
	if (prctl(PR_GET_SECCOMP) < 0) {
		snprintf(out->seccomp, sizeof(out->seccomp), "not in this kernel");
		return lacking(o, "seccomp", err);
	}
	snprintf(out->seccomp, sizeof(out->seccomp), "on");
	return filter_calls(err);
}

bool sandbox_enter(const struct sandbox_options *o, struct sandbox_state *out,
		   struct error *err)
{
	struct sandbox_state state = {.landlock = "off", .seccomp = "off"};

	if (o->mode != SANDBOX_OFF) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			return error_sys(err, "cannot give up privileges for good");
		if (!enter_landlock(o, &state, err) || !enter_seccomp(o, &state, err))
			return false;
	}
	*out = state;
	return true;
}
