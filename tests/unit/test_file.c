/* SPDX-License-Identifier: Apache-2.0 */
#include "core/file.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A fresh folder, entered; tests/run takes it away. */
static void enter(void)
{
	char path[PATH_MAX];
	const char *tmp = getenv("TMPDIR");

	snprintf(path, sizeof(path), "%s/file-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(path));
	assert_return_code(chdir(path), errno);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void make_dir(const char *path)
{
	assert_return_code(mkdir(path, 0755), errno);
}

static void make_link(const char *target, const char *path)
{
	assert_return_code(symlink(target, path), errno);
}

/* ---- beneath a root: openat2(2) and our own walk say the same ---- */

/* root/ as a node's file system, and what lies beside it. */
static void make_root(void)
{
	char name[32], last[32];

	make_dir("root");
	make_dir("root/dir");
	make_dir("root/dir/sub");
	make_dir("outside");
	put("root/file", "inside");
	put("root/dir/file", "dir/file");
	put("root/outside", "the root's own");
	put("outside/file", "OUTSIDE");
	assert_return_code(mkfifo("root/fifo", 0644), errno);
	make_link("file", "root/to-file");
	make_link("dir", "root/to-dir");
	make_link("dir/", "root/to-dir-slash");
	make_link("file/", "root/to-file-slash");
	make_link("/dir/file", "root/absolute");
	make_link("/", "root/to-root");
	make_link("/file", "root/dir/absolute");
	make_link("/", "root/dir/to-root");
	make_link("..", "root/to-parent");
	make_link("../../../../dir/file", "root/many-parents");
	make_link("../outside/file", "root/escape");
	make_link("/outside/file", "root/escape-absolute");
	make_link("../outside", "root/dir/up");
	make_link("../../outside/file", "root/dir/sub/up");
	make_link("loop-b", "root/loop-a");
	make_link("loop-a", "root/loop-b");
	make_link("self", "root/self");
	make_link("self/x", "root/self-deeper");
	make_link("nothing", "root/dangling");
	make_link("nothing/x", "root/dangling-deeper");
	make_link("fifo", "root/to-fifo");
	make_link("./dir/../file", "root/dots");
	make_link("dir//sub/..//file", "root/slashes");
	make_link("/to-dir/../to-file", "root/through");
	strcpy(last, "file");
	for (int i = 0; i < 42; i++) {
		snprintf(name, sizeof(name), "root/chain%d", i);
		make_link(last, name);
		snprintf(last, sizeof(last), "chain%d", i);
	}
}

static const char *const paths[] = {
	"",
	".",
	"..",
	"/",
	"//",
	"/.",
	"/..",
	"file",
	"/file",
	"//file",
	"./file",
	"/./file",
	"file/",
	"file/.",
	"file/..",
	"file/x",
	"dir",
	"dir/",
	"dir/.",
	"dir/..",
	"dir/../file",
	"dir/file",
	"dir//file",
	"dir/./file",
	"dir/file/",
	"../file",
	"../../file",
	"../outside/file",
	"/../../outside/file",
	"outside",
	"outside/file",
	"nothing",
	"nothing/",
	"nothing/..",
	"dir/nothing",
	"dir/nothing/../file",
	"to-file",
	"to-file/",
	"to-file/x",
	"to-dir",
	"to-dir/",
	"to-dir/.",
	"to-dir/file",
	"to-dir/..",
	"to-dir/../file",
	"to-dir-slash",
	"to-dir-slash/",
	"to-dir-slash/file",
	"to-file-slash",
	"to-file-slash/",
	"absolute",
	"dir/absolute",
	"dir/to-root/file",
	"dir/sub/../absolute",
	"absolute/",
	"to-root",
	"to-root/",
	"to-root/file",
	"to-root/to-root/to-root/file",
	"to-parent",
	"to-parent/",
	"to-parent/file",
	"to-parent/outside",
	"to-parent/outside/file",
	"many-parents",
	"escape",
	"escape-absolute",
	"dir/up",
	"dir/up/file",
	"dir/sub/up",
	"loop-a",
	"loop-b",
	"loop-a/x",
	"loop-a/",
	"self",
	"self/",
	"self-deeper",
	"dangling",
	"dangling/",
	"dangling/x",
	"dangling-deeper",
	"fifo",
	"fifo/",
	"to-fifo",
	"dots",
	"slashes",
	"through",
	"chain0",
	"chain38",
	"chain39",
	"chain40",
	"chain41",
	"chain39/",
	"to-dir/../chain38",
	"to-dir/../chain39",
};

static const int flag_sets[] = {
	O_RDONLY | O_NONBLOCK,
	O_RDONLY | O_NONBLOCK | O_NOFOLLOW,
	O_PATH,
	O_PATH | O_NOFOLLOW,
	O_RDONLY | O_DIRECTORY,
	O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
	O_PATH | O_DIRECTORY,
	O_RDWR | O_NONBLOCK,
};

static void same_answer(int root, const char *path, int flags)
{
	AUTO(file_closep) int a = -1, b = -1;
	struct error a_err = EMPTY, b_err = EMPTY;
	struct stat as, bs;
	bool a_ok = file_open_beneath(root, path, flags, &a, &a_err);
	bool b_ok = file_walk_beneath(root, path, flags, &b, &b_err);

	if (a_ok != b_ok || a_err.os != b_err.os)
		fail_msg("'%s' flags %o: '%s', but the walk says '%s'", path,
			 (unsigned)flags, a_ok ? "opened" : a_err.msg,
			 b_ok ? "opened" : b_err.msg);
	if (!a_ok) {
		assert_int_equal(a, -1);
		assert_int_equal(b, -1);
		assert_string_equal(a_err.msg, b_err.msg);
		return;
	}
	assert_return_code(fstat(a, &as), errno);
	assert_return_code(fstat(b, &bs), errno);
	if (as.st_ino != bs.st_ino || as.st_dev != bs.st_dev)
		fail_msg("'%s' flags %o: two files", path, (unsigned)flags);
	assert_int_equal(fcntl(a, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(b, F_GETFD), FD_CLOEXEC);
}

TEST(the_walk_and_the_kernel_agree_on_every_path)
{
	AUTO(file_closep) int root = -1;

	enter();
	make_root();
	assert_ok(file_open("root", O_RDONLY | O_DIRECTORY, &root, &err));
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		for (size_t k = 0; k < ARRAY_LEN(flag_sets); k++)
			same_answer(root, paths[i], flag_sets[k]);
}

typedef bool opener(int root, const char *path, int flags, int *fd, struct error *why);

/* What must be read, whoever opens it. */
static void reads(opener *open_it, int root, const char *path, const char *text)
{
	AUTO(file_closep) int fd = -1;
	AUTO(buf_clear) struct buf b = BUF_MAX(100);
	struct error why = EMPTY;

	if (!open_it(root, path, O_RDONLY, &fd, &why) || !file_read_fd(fd, &b, &why))
		fail_msg("%s: %s", path, why.msg);
	assert_string_equal(b.data, text);
}

static void stays_within(opener *open_it, int root)
{
	struct error why = EMPTY;
	int fd = -7;

	reads(open_it, root, "file", "inside");
	reads(open_it, root, "/to-dir/file", "dir/file");
	reads(open_it, root, "absolute", "dir/file");
	reads(open_it, root, "dir/absolute", "inside");
	reads(open_it, root, "many-parents", "dir/file");
	reads(open_it, root, "../../../outside", "the root's own");
	reads(open_it, root, "dir/up", "the root's own");
	reads(open_it, root, "chain39", "inside");
	assert_false(open_it(root, "escape", O_RDONLY, &fd, &why));
	assert_int_equal(why.code, ERR_NOT_FOUND);
	assert_false(open_it(root, "dir/sub/up", O_RDONLY, &fd, &why));
	assert_int_equal(why.code, ERR_NOT_FOUND);
	assert_false(open_it(root, "loop-a", O_RDONLY, &fd, &why));
	assert_int_equal(why.os, ELOOP);
	assert_false(open_it(root, "chain40", O_RDONLY, &fd, &why));
	assert_int_equal(why.os, ELOOP);
	assert_false(open_it(root, "to-file", O_RDONLY | O_NOFOLLOW, &fd, &why));
	assert_int_equal(why.os, ELOOP);
	assert_false(open_it(root, "file/", O_RDONLY, &fd, &why));
	assert_int_equal(why.os, ENOTDIR);
	assert_int_equal(fd, -7);
}

TEST(nothing_outside_of_the_root_is_opened)
{
	AUTO(file_closep) int root = -1;

	enter();
	make_root();
	assert_ok(file_open("root", O_RDONLY | O_DIRECTORY, &root, &err));
	stays_within(file_open_beneath, root);
	stays_within(file_walk_beneath, root);
}

TEST(the_walk_has_its_own_ceilings)
{
	AUTO(file_closep) int root = -1;
	AUTO(buf_clear) struct buf path = BUF_MAX(2 * PATH_MAX);
	int fd = -7;

	enter();
	make_dir("root");
	assert_ok(file_open("root", O_RDONLY | O_DIRECTORY, &root, &err));
	for (int i = 0; i < 127; i++) {
		buf_puts(&path, "/d");
		assert_return_code(mkdirat(root, path.data + 1, 0755), errno);
	}
	same_answer(root, path.data, O_PATH);
	buf_puts(&path, "/d");
	assert_return_code(mkdirat(root, path.data + 1, 0755), errno);
	same_answer(root, path.data, O_PATH);
	buf_puts(&path, "/d");
	/* deeper than any real tree: the walk says no, and holds no descriptor */
	assert_err(ERR_SYSTEM, file_walk_beneath(root, path.data, O_PATH, &fd, &err));
	assert_int_equal(err.os, ENAMETOOLONG);
	buf_reset(&path);
	while (path.len < PATH_MAX)
		buf_puts(&path, "./");
	same_answer(root, path.data, O_PATH);
	buf_reset(&path);
	while (path.len <= NAME_MAX)
		buf_putc(&path, 'a');
	same_answer(root, path.data, O_PATH);
}

TEST(a_refused_open_leaves_no_descriptor)
{
	AUTO(file_closep) int root = -1;
	int fd = -1, before, after;

	enter();
	make_root();
	assert_ok(file_open("root", O_RDONLY | O_DIRECTORY, &root, &err));
	before = dup(root);
	close(before);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (file_walk_beneath(root, paths[i], O_RDONLY | O_NONBLOCK, &fd, &err))
			file_closep(&fd);
	after = dup(root);
	close(after);
	assert_int_equal(before, after);
}

/* ---- whole files ---- */

TEST(a_file_is_read_whole)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(6);

	enter();
	put("six", "sixsix");
	put("empty", "");
	assert_ok(file_read("six", &b, &err));
	assert_string_equal(b.data, "sixsix");
	buf_reset(&b);
	assert_ok(file_read("empty", &b, &err));
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
}

TEST(a_file_over_the_ceiling_is_refused_and_leaves_the_buffer)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(6);

	enter();
	put("seven", "seven77");
	assert_err(ERR_LIMIT, file_read("seven", &b, &err));
	assert_string_equal(err.msg, "'seven': larger than 6 bytes");
	buf_reset(&b);
	buf_puts(&b, "ab");
	put("five", "five5");
	assert_err(ERR_LIMIT, file_read("five", &b, &err));
	assert_string_equal(b.data, "ab");
}

TEST(what_is_no_file_is_refused)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(100);

	enter();
	assert_err(ERR_NOT_FOUND, file_read("nothing", &b, &err));
	assert_says("cannot open 'nothing': No such file");
	assert_err(ERR_FORMAT, file_read(".", &b, &err));
	assert_string_equal(err.msg, "'.' is a folder, not a file");
	assert_err(ERR_NOT_FOUND, file_read("no\nthing", &b, &err));
	assert_says("'no\\nthing'");
}

TEST(a_pipe_is_read_to_its_end)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(300000);
	int ends[2];
	pid_t child;

	assert_return_code(pipe(ends), errno);
	child = fork();
	if (child == 0) {
		struct error why;
		char text[200000];

		memset(text, 'a', sizeof(text));
		_exit(!file_write_fd(ends[1], text, sizeof(text), &why));
	}
	close(ends[1]);
	assert_ok(file_read_fd(ends[0], &b, &err));
	assert_int_equal(b.len, 200000);
	close(ends[0]);
}

TEST(a_full_device_is_told)
{
	AUTO(file_closep) int fd = -1;

	assert_ok(file_open("/dev/full", O_WRONLY, &fd, &err));
	assert_err(ERR_SYSTEM, file_write_fd(fd, "x", 1, &err));
	assert_int_equal(err.os, ENOSPC);
}

TEST(a_folder_that_is_there_is_fine)
{
	enter();
	assert_ok(file_mkdir("a", 0755, &err));
	assert_ok(file_mkdir("a", 0755, &err));
	put("file", "");
	assert_err(ERR_SYSTEM, file_mkdir("file", 0755, &err));
	assert_says("'file' is there and no folder");
	assert_err(ERR_NOT_FOUND, file_mkdir("no/a", 0755, &err));
}

TEST(paths_are_cut_and_joined)
{
	AUTO(text_freep) char *a = file_join("dir", "name");
	AUTO(text_freep) char *b = file_join("dir/", "name");
	AUTO(text_freep) char *c = file_join("/", "name");

	assert_string_equal(a, "dir/name");
	assert_string_equal(b, "dir/name");
	assert_string_equal(c, "/name");
	assert_string_equal(file_basename("/a/b"), "b");
	assert_string_equal(file_basename("b"), "b");
	assert_string_equal(file_basename("a/"), "");
}

TEST(closing_keeps_errno)
{
	int fd = -1;

	errno = ENOSPC;
	file_closep(&fd);
	assert_ok(file_open("/dev/null", O_RDONLY, &fd, &err));
	errno = ENOSPC;
	file_closep(&fd);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(fd, -1);
}
