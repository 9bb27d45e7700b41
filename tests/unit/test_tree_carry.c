/* SPDX-License-Identifier: Apache-2.0 */
/* A tree written to a folder, a tar and an OCI layout, and read from there again. */
#include "core/tree_dir.h"
#include "core/tree_oci.h"
#include "core/tree_tar.h"
#include "tests/unit/sample.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

static const struct tree_writing plain = EMPTY, packed = {.zstd = true};

/* Small files, an empty one and one that takes several pieces. */
static void sample_tree(struct tree *t)
{
	static const char *const paths[] = {"index.html", "index.json",
					    "manifests/v1/a.asc", "tool/large",
					    "tool/empty"};
	struct error why;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		AUTO(buf_clear) struct buf b = BUF_MAX(FILE_MAX);
		size_t lines = i == 3 ? 60000 : i == 4 ? 0 : 1;

		/* by this the folder's writer knows a tree */
		if (i == 1)
			buf_puts(&b, "{\n  \"format\": \"" INDEX_FORMAT "\"\n}\n");
		for (size_t n = 0; n < lines; n++)
			buf_printf(&b, "%zu %s\n", n, paths[i]);
		sample_must(tree_add_made(t, paths[i], 1600000000, &b, &why), &why);
	}
	sample_must(tree_sort(t, &why), &why);
}

static void check_source(struct tree_source *s, const struct tree *t)
{
	struct error why;

	for (size_t i = 0; i < t->count; i++) {
		AUTO(buf_clear) struct buf b = BUF_MAX(FILE_MAX);
		const struct tree_entry *e = &t->entries[i];

		buf_puts(&b, "before");
		sample_must(tree_source_get(s, e->path, &b, &why), &why);
		assert_int_equal(b.len, 6 + e->size);
		assert_memory_equal(b.data + 6, e->bytes, e->size);
	}
}

static void check_limits(struct tree_source *s, struct error *err_)
{
	AUTO(buf_clear) struct buf small = BUF_MAX(20), all = BUF_MAX(FILE_MAX);
	AUTO(file_closep) int fd = -1;

	buf_puts(&small, "before");
	assert_err(ERR_LIMIT, tree_source_get(s, "tool/large", &small, &err));
	assert_string_equal(small.data, "before");
	assert_err(ERR_NOT_FOUND, tree_source_get(s, "tool/none", &small, &err));
	assert_err(ERR_FORMAT, tree_source_get(s, "../tool/large", &small, &err));
	assert_says("is no path of a tree");
	assert_string_equal(small.data, "before");
	assert_ok(file_unnamed(&fd, &err));
	assert_err(ERR_LIMIT, tree_source_save(s, "tool/large", fd, 100000, &err));
	assert_ok(lseek(fd, 0, SEEK_SET) == 0 && !ftruncate(fd, 0));
	assert_ok(tree_source_save(s, "index.html", fd, 100, &err));
	assert_ok(lseek(fd, 0, SEEK_SET) == 0);
	assert_ok(file_read_fd(fd, &all, &err));
	assert_string_equal(all.data, "0 index.html\n");
}

TEST(a_tree_is_the_same_from_every_carrier)
{
	static const char *const names[] = {"carry-dir", "carry.tar", "carry.tar.zst",
					    "oci:carry-oci", "oci:carry-oci:t1"};
	const struct tree_writing tagged = {.tag = "t1"};
	AUTO(tree_clear) struct tree t = EMPTY;
	struct tree_written done;

	sample_tree(&t);
	assert_ok(tree_dir_write(&t, "carry-dir", &plain, &done, &err));
	assert_int_equal(done.files, 5);
	assert_int_equal(done.fresh, 5);
	assert_ok(tree_tar_write(&t, "carry.tar", &plain, &done, &err));
	assert_ok(tree_tar_write(&t, "carry.tar.zst", &packed, &done, &err));
	assert_ok(tree_oci_write(&t, "carry-oci", &tagged, &done, &err));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO(tree_source_closep) struct tree_source *s = NULL;

		assert_ok(tree_source_open(names[i], NULL, &s, &err));
		check_source(s, &t);
		check_limits(s, err_);
	}
}

TEST(only_clean_relative_paths_are_paths_of_a_tree)
{
	static const char *const good[] = {"a", "a/b", "..a", ".a/b..", "a.b/c+d"};
	static const char *const bad[] = {
		"",       "/",   "/a",  "a/",   "a//b", ".",           "..",
		"a/../b", "./a", "a/.", "a/..", "a\nb", "caf\xc3\xa9", "a\x7f",
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(tree_source_is_path(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(tree_source_is_path(bad[i]));
}

static bool other_bytes(void *carrier, const struct tree_entry *e,
			const struct sink *to, struct error *why)
{
	(void)carrier;
	(void)e;
	return sink_put(to, "other", 5, why);
}

/* What the store hands out is checked on its way to every carrier. */
TEST(bytes_that_lack_their_digest_are_written_nowhere)
{
	AUTO(tree_clear) struct tree t = {.stream = other_bytes};
	struct tree_entry e = {.size = 5};
	struct tree_written done;
	struct stat st;

	assert_ok(digest_of_bytes("these", 5, &e.digest, &err));
	assert_ok(tree_add(&t, "index.html", &e, &err));
	assert_err(ERR_MISMATCH, tree_dir_write(&t, "bad-dir", &plain, &done, &err));
	assert_err(ERR_MISMATCH, tree_tar_write(&t, "bad.tar", &plain, &done, &err));
	assert_err(ERR_MISMATCH, tree_oci_write(&t, "bad-oci", &plain, &done, &err));
	assert_int_not_equal(stat("bad-dir", &st), 0);
	assert_int_not_equal(stat(".bad-dir.fips-manifest-new", &st), 0);
	assert_int_not_equal(stat("bad.tar", &st), 0);
	assert_int_not_equal(stat("bad-oci/index.json", &st), 0);
	assert_err(ERR_NOT_FOUND,
		   tree_oci_open("bad-oci", NULL, &(struct tree_source *){0}, &err));
}

TEST(a_tree_too_large_for_one_artifact_is_refused_before_anything_is_written)
{
	AUTO(tree_clear) struct tree t = EMPTY;
	struct tree_written done;
	struct stat st;
	char path[64];

	for (int i = 0; i < 40000; i++) {
		snprintf(path, sizeof(path), "manifests/%06d", i);
		assert_ok(tree_add(&t, path, &(const struct tree_entry)EMPTY, &err));
	}
	assert_err(ERR_LIMIT, tree_oci_write(&t, "large-oci", &plain, &done, &err));
	assert_says("40000 files do not fit into one OCI artifact");
	assert_int_not_equal(stat("large-oci", &st), 0);
}

TEST(what_an_interrupted_writer_left_is_cleared_away)
{
	AUTO(tree_source_closep) struct tree_source *s = NULL;
	AUTO(tree_clear) struct tree t = EMPTY;
	struct tree_written done;
	struct stat st;

	sample_tree(&t);
	/* killed while it wrote the new one, and between two renames */
	assert_ok(file_mkdir(".left.fips-manifest-new", 0700, &err));
	assert_ok(file_write_atomic(".left.fips-manifest-new/x", "x", 1, 0600, &err));
	assert_ok(tree_dir_write(&t, ".left.fips-manifest-old", &plain, &done, &err));
	assert_ok(tree_dir_write(&t, "left", &plain, &done, &err));
	/* the old tree came back first, so its files are kept */
	assert_int_equal(done.fresh, 0);
	assert_int_not_equal(stat(".left.fips-manifest-new", &st), 0);
	assert_int_not_equal(stat(".left.fips-manifest-old", &st), 0);
	assert_ok(tree_dir_open("left", &s, &err));
	check_source(s, &t);
}

/* A layout lies on a medium that others wrote: no link there leads the writer out. */
TEST(a_layout_is_written_through_no_symlink)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(FILE_MAX);
	AUTO(tree_source_closep) struct tree_source *s = NULL;
	AUTO(tree_clear) struct tree t = EMPTY;
	struct tree_written done;

	sample_tree(&t);
	assert_ok(file_write_atomic("not-ours", "keep", 4, 0600, &err));
	assert_ok(tree_oci_write(&t, "linked-oci", &plain, &done, &err));
	assert_int_equal(unlink("linked-oci/index.json"), 0);
	assert_int_equal(rename("linked-oci/blobs/sha256", "elsewhere"), 0);
	assert_int_equal(symlink("../../elsewhere", "linked-oci/blobs/sha256"), 0);
	assert_err(ERR_CONFLICT, tree_oci_write(&t, "linked-oci", &plain, &done, &err));
	assert_says("'sha256', which is no folder of its own");
	assert_int_equal(unlink("linked-oci/blobs/sha256"), 0);
	assert_int_equal(rmdir("linked-oci/blobs"), 0);
	assert_int_equal(symlink("..", "linked-oci/blobs"), 0);
	assert_err(ERR_CONFLICT, tree_oci_write(&t, "linked-oci", &plain, &done, &err));
	assert_says("'blobs', which is no folder of its own");
	assert_int_equal(unlink("linked-oci/blobs"), 0);
	assert_ok(file_mkdir("linked-oci/blobs", 0755, &err));
	assert_ok(file_mkdir("linked-oci/blobs/sha256", 0755, &err));
	assert_int_equal(symlink("../../../not-ours", "linked-oci/blobs/sha256/.new"),
			 0);
	assert_ok(tree_oci_write(&t, "linked-oci", &plain, &done, &err));
	assert_ok(file_read("not-ours", &b, &err));
	assert_string_equal(b.data, "keep");
	assert_ok(tree_oci_open("linked-oci", NULL, &s, &err));
	check_source(s, &t);
}
