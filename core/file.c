/* SPDX-License-Identifier: Apache-2.0 */
#include "core/file.h"

#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	LINKS_MAX = 40,  /* symlinks in one path, as the kernel has it */
	DEPTH_MAX = 128, /* folders held open by one walk */
	CHUNK = 65536,
};

void file_closep(int *fd)
{
	int os = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = os;
}

void file_closedirp(DIR **dir)
{
	int os = errno;

	if (*dir)
		closedir(*dir);
	errno = os;
}

struct file_id file_id_of(const struct stat *st)
{
	return (struct file_id){.dev = st->st_dev, .ino = st->st_ino};
}

int file_id_compare(struct file_id a, struct file_id b)
{
	if (a.dev != b.dev)
		return a.dev < b.dev ? -1 : 1;
	return (a.ino > b.ino) - (a.ino < b.ino);
}

bool file_is_same(const struct stat *a, const struct stat *b)
{
	return file_id_compare(file_id_of(a), file_id_of(b)) == 0;
}

/* ---- the walk: a stack of folders, a text of what is still to come ---- */

struct walk {
	int dirs[DEPTH_MAX]; /* dirs[0] is the root and borrowed */
	size_t depth;
	char rest[2 * PATH_MAX];
	unsigned links;
};

static void walk_pop_to(struct walk *w, size_t depth)
{
	while (w->depth > depth)
		file_closep(&w->dirs[w->depth--]);
}

static void walk_clear(struct walk *w)
{
	walk_pop_to(w, 0);
}

static int fail(int os)
{
	errno = os;
	return -1;
}

/* Put a symlink's target in front of the rest. */
static int walk_link(struct walk *w, int link_fd, const char *rest)
{
	char target[PATH_MAX], joined[sizeof(w->rest)];
	ssize_t n = readlinkat(link_fd, "", target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	if (n == 0)
		return fail(ENOENT);
	if (++w->links > LINKS_MAX)
		return fail(ELOOP);
	target[n] = '\0';
	if (snprintf(joined, sizeof(joined), "%s%s%s", target, *rest ? "/" : "",
		     rest) >= (int)sizeof(joined))
		return fail(ENAMETOOLONG);
	memcpy(w->rest, joined, sizeof(joined));
	if (target[0] == '/')
		walk_pop_to(w, 0);
	return 0;
}

static int walk_push(struct walk *w, int *dir)
{
	if (w->depth + 1 == DEPTH_MAX)
		return fail(ENAMETOOLONG);
	w->dirs[++w->depth] = TAKE_FD(*dir);
	return 0;
}

/* Go into `name`, of which `rest` remains; *done when `*fd` is the answer. */
static int walk_step(struct walk *w, const char *name, const char *rest, int flags,
		     int *fd)
{
	bool last = !*rest;
	int here = w->dirs[w->depth];
	AUTO(file_closep)
	int next = openat(here, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (next < 0 || fstat(next, &st))
		return -1;
	if (S_ISLNK(st.st_mode) && !(last && flags & O_NOFOLLOW))
		return walk_link(w, next, rest);
	if (last) {
		*fd = openat(here, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
		return *fd < 0 ? -1 : 0;
	}
	if (!S_ISDIR(st.st_mode))
		return fail(ENOTDIR);
	memmove(w->rest, rest, strlen(rest) + 1);
	return walk_push(w, &next);
}

/* Take the next component off w->rest. */
static int walk_next(struct walk *w, int flags, int *fd)
{
	char name[NAME_MAX + 1];
	char *at = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(at, "/");
	const char *rest = at + n + strspn(at + n, "/");

	if (n > NAME_MAX)
		return fail(ENAMETOOLONG);
	memcpy(name, at, n);
	name[n] = '\0';
	if (n == 0 || !strcmp(name, ".") || !strcmp(name, "..")) {
		if (!strcmp(name, "..") && w->depth)
			walk_pop_to(w, w->depth - 1);
		if (!*rest) {
			*fd = openat(w->dirs[w->depth], ".",
				     flags | O_CLOEXEC | O_NOCTTY);
			return *fd < 0 ? -1 : 0;
		}
		memmove(w->rest, rest, strlen(rest) + 1);
		return 0;
	}
	/* "file/" asks for a folder: leave the component "." behind it */
	if (!*rest && at[n] == '/')
		return walk_step(w, name, ".", flags, fd);
	return walk_step(w, name, rest, flags, fd);
}

static int walk(int root_fd, const char *path, int flags)
{
	AUTO(walk_clear) struct walk w = {.dirs = {root_fd}};
	int fd = -1;

	if (!*path)
		return fail(ENOENT);
	if (strlen(path) >= PATH_MAX)
		return fail(ENAMETOOLONG);
	strcpy(w.rest, path);
	while (fd < 0)
		if (walk_next(&w, flags, &fd))
			return -1;
	return fd;
}

static bool opened(int got, const char *path, int *fd, struct error *err)
{
	if (got < 0)
		return error_sys(err, "cannot open '%s'", TEXT_SAFE(path));
	*fd = got;
	return true;
}

bool file_walk_beneath(int root_fd, const char *path, int flags, int *fd,
		       struct error *err)
{
	return opened(walk(root_fd, path, flags), path, fd, err);
}

bool file_open_beneath(int root_fd, const char *path, int flags, int *fd,
		       struct error *err)
{
	/* openat2() refuses what means nothing together, such as these two */
	int notty = flags & O_PATH ? 0 : O_NOCTTY;
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC | notty),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long got = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	/* EPERM: a container's seccomp filter that does not know the call */
	if (got < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN))
		return file_walk_beneath(root_fd, path, flags, fd, err);
	return opened((int)got, path, fd, err);
}

bool file_open(const char *path, int flags, int *fd, struct error *err)
{
	return opened(open(path, flags | O_CLOEXEC | O_NOCTTY), path, fd, err);
}

/* ---- whole files ---- */

bool file_read_piece(int fd, void *to, size_t max, size_t *len, struct error *err)
{
	ssize_t n;

	do
		n = read(fd, to, max);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_sys(err, "cannot read");
	*len = (size_t)n;
	return true;
}

/* Get the pages of a large piece at once, where the kernel can (5.14), instead of by
 * a fault each: half of what reading costs. */
static void populate(char *data, size_t len)
{
#ifdef MADV_POPULATE_WRITE
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t from = ((uintptr_t)data + page - 1) & -page;
	uintptr_t to = ((uintptr_t)data + len) & -page;

	if (len > CHUNK && to > from)
		(void)madvise((void *)from, to - from, MADV_POPULATE_WRITE);
#else
	(void)data;
	(void)len;
#endif
}

static bool read_all(int fd, struct buf *out, struct error *err)
{
	struct stat st;
	size_t chunk = CHUNK;
	bool known = !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 &&
		     (uint64_t)st.st_size <= out->max - out->len;

	if (known)
		chunk = (size_t)st.st_size;
	for (;;) {
		/* one byte is asked for even at the ceiling, to see the end */
		size_t room = out->max - out->len;
		char spare = 0,
		     *to = room ? buf_reserve(out, chunk < room ? chunk : room)
				: &spare;
		size_t n;

		if (!to)
			return buf_ok(out, err);
		populate(to, room && chunk < room ? chunk : room);
		if (!file_read_piece(fd, to, room ? (chunk < room ? chunk : room) : 1,
				     &n, err))
			return false;
		if (n == 0)
			return buf_reserve(out, 0) ? true : buf_ok(out, err);
		if (!room)
			return error_set(err, ERR_LIMIT, "larger than %zu bytes",
					 out->max);
		buf_advance(out, n);
		/* to see the end takes a byte, and a small file no more room */
		chunk = known && n == chunk ? 1 : CHUNK;
		known = false;
	}
}

bool file_read_fd(int fd, struct buf *out, struct error *err)
{
	size_t before = out->len;

	if (read_all(fd, out, err))
		return true;
	out->len = before;
	if (out->data)
		out->data[before] = '\0';
	return false;
}

bool file_read(const char *path, struct buf *out, struct error *err)
{
	AUTO(file_closep) int fd = -1;
	struct stat st;

	if (!strcmp(path, "-"))
		return file_read_fd(STDIN_FILENO, out, err) ||
		       error_prefix(err, "standard input");
	if (!file_open(path, O_RDONLY, &fd, err))
		return false;
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		return error_set(err, ERR_FORMAT, "'%s' is a folder, not a file",
				 TEXT_SAFE(path));
	return file_read_fd(fd, out, err) || error_prefix(err, "'%s'", TEXT_SAFE(path));
}

bool file_write_fd(int fd, const void *data, size_t len, struct error *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, "cannot write");
		p += n;
		len -= (size_t)n;
	}
	return true;
}

bool file_unnamed(int *fd, struct error *err)
{
	const char *env = getenv("TMPDIR"), *dir = env && *env ? env : "/var/tmp";
	AUTO(buf_clear) struct buf name = BUF_MAX(PATH_MAX);
	int got = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (got < 0) { /* a file system without O_TMPFILE */
		buf_printf(&name, "%s/fips-manifest-XXXXXX", dir);
		if (!buf_ok(&name, err))
			return false;
		got = mkostemp(name.data, O_CLOEXEC);
		if (got < 0)
			return error_sys(err, "cannot create a temporary file in '%s'",
					 TEXT_SAFE(dir));
		unlink(name.data);
	}
	*fd = got;
	return true;
}

void file_take_standard(void)
{
	int fd;

	do
		fd = open("/", O_PATH); /* a child is not to reuse them, either */
	while (fd >= 0 && fd <= STDERR_FILENO);
	file_closep(&fd);
}

bool file_memory(const char *name, int *fd, struct error *err)
{
	int made = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (made < 0)
		return error_sys(err, "cannot make a file in memory");
	*fd = made;
	return true;
}

bool file_pipe(int *from, int *to, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(err, "cannot make a pipe");
	*from = ends[0];
	*to = ends[1];
	return true;
}

bool file_seal(int fd, const void *data, size_t len, size_t size, struct error *err)
{
	if (!file_write_fd(fd, data, len, err))
		return error_prefix(err, "a file in memory");
	if ((size > len && pwrite(fd, "", 1, (off_t)size - 1) != 1) ||
	    fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		return error_sys(err, "cannot seal a file in memory");
	return true;
}

bool file_sealed(const char *name, const void *data, size_t len, size_t size, int *fd,
		 struct error *err)
{
	AUTO(file_closep) int made = -1;

	if (!file_memory(name, &made, err) || !file_seal(made, data, len, size, err))
		return false;
	*fd = TAKE_FD(made);
	return true;
}

bool file_mkdir(const char *path, mode_t mode, struct error *err)
{
	struct stat st;

	if (!mkdir(path, mode) ||
	    (errno == EEXIST && !stat(path, &st) && S_ISDIR(st.st_mode)))
		return true;
	if (errno == EEXIST)
		return error_set(err, ERR_SYSTEM, "'%s' is there and no folder",
				 TEXT_SAFE(path));
	return error_sys(err, "cannot create folder '%s'", TEXT_SAFE(path));
}

const char *file_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *file_join(const char *dir, const char *name)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(2 * PATH_MAX);

	buf_puts(&b, dir);
	if (!text_ends(dir, "/"))
		buf_putc(&b, '/');
	buf_puts(&b, name);
	return buf_take(&b);
}
