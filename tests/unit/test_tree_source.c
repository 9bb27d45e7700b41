/* SPDX-License-Identifier: Apache-2.0 */
/* What no tree has is refused by every source, before a byte is handed out. */
#include "core/digest.h"
#include "core/tree_dir.h"
#include "core/tree_oci.h"
#include "core/tree_tar.h"
#include "tests/unit/sample.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { FILE_MAX = 4 << 20, BLOCK = 512 };

/* ---- tars by hand: POSIX ustar, 512 bytes a header ---- */

struct header {
	const char *name;
	char type; /* '0' file, '1' link, '2' symlink, '3' device, '5' folder, ... */
	const char *target;
	uint64_t size;       /* as the header claims it */
	const char *content; /* or NULL: none follows */
};

static void put_header(struct buf *tar, const struct header *h)
{
	char b[BLOCK] = "";
	unsigned sum = 0;

	snprintf(b, 100, "%s", h->name);
	snprintf(b + 100, 8, "0000644");
	snprintf(b + 108, 8, "0000000");
	snprintf(b + 116, 8, "0000000");
	if (h->size < (uint64_t)1 << 33) {
		snprintf(b + 124, 13, "%011llo ", (unsigned long long)h->size);
	} else { /* GNU's binary form */
		b[124] = (char)0x80;
		for (int i = 0; i < 8; i++)
			b[135 - i] = (char)(h->size >> (8 * i));
	}
	snprintf(b + 136, 13, "%011o ", 1600000000);
	memset(b + 148, ' ', 8);
	b[156] = h->type;
	if (h->target)
		snprintf(b + 157, 100, "%s", h->target);
	memcpy(b + 257, "ustar\00000", 8);
	for (int i = 0; i < BLOCK; i++)
		sum += (unsigned char)b[i];
	snprintf(b + 148, 8, "%06o", sum);
	buf_append(tar, b, BLOCK);
}

static void put_padded(struct buf *tar, const char *data, size_t len)
{
	static const char zeros[BLOCK];

	buf_append(tar, data, len);
	buf_append(tar, zeros, (BLOCK - len % BLOCK) % BLOCK);
}

static void put_file(struct buf *tar, const char *name, const char *content)
{
	put_header(tar, &(const struct header){name, '0', NULL, strlen(content), NULL});
	put_padded(tar, content, strlen(content));
}

static void put_end(struct buf *tar)
{
	static const char zeros[2 * BLOCK];

	buf_append(tar, zeros, sizeof(zeros));
}

static void save(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "w");

	if (!f || (b->len && fwrite(b->data, 1, b->len, f) != b->len) || fclose(f))
		fail_msg("cannot write '%s'", path);
}

static bool open_tar(const struct buf *tar, struct tree_source **s, struct error *why)
{
	save("source.tar", tar);
	return tree_tar_open("source.tar", s, why);
}

TEST(a_tar_holds_files_and_folders_with_clean_names_each_once)
{
	static const struct {
		struct header header;
		const char *says;
	} bad[] = {
		{{"../up", '0', 0, 0, 0}, "'../up' is no path of a tree"},
		{{"a/../../up", '0', 0, 0, 0}, "is no path of a tree"},
		{{"a/..", '0', 0, 0, 0}, "is no path of a tree"},
		{{"/etc/passwd", '0', 0, 0, 0}, "'/etc/passwd' is no path of a tree"},
		{{"a//b", '0', 0, 0, 0}, "is no path of a tree"},
		{{"a/./b", '0', 0, 0, 0}, "is no path of a tree"},
		{{"././b", '0', 0, 0, 0}, "is no path of a tree"},
		{{"", '0', 0, 0, 0}, "is no path of a tree"},
		{{"a\nb", '0', 0, 0, 0}, "'a\\nb' is no path of a tree"},
		{{"../", '5', 0, 0, 0}, "is no path of a tree"},
		{{"/", '5', 0, 0, 0}, "is no path of a tree"},
		{{"link", '2', "../../etc/passwd", 0, 0}, "'link' is a symlink"},
		{{"link", '2', "good", 0, 0}, "'link' is a symlink"},
		{{"hard", '1', "good", 0, 0}, "'hard' is a hard link"},
		{{"hard", '1', "/etc/passwd", 0, 0}, "'hard' is a hard link"},
		{{"char", '3', 0, 0, 0}, "'char' is neither a file nor a folder"},
		{{"block", '4', 0, 0, 0}, "'block' is neither a file nor a folder"},
		{{"fifo", '6', 0, 0, 0}, "'fifo' is neither a file nor a folder"},
		{{"good", '0', 0, 0, 0}, "'good' is there twice"},
		{{"./good", '0', 0, 0, 0}, "'good' is there twice"},
		{{"huge", '0', 0, (uint64_t)1 << 40, 0}, "larger than the whole tar"},
		{{"sparse", 'S', 0, (uint64_t)1 << 40, 0}, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO(buf_clear) struct buf tar = BUF_MAX(FILE_MAX);
		struct tree_source *s = NULL;

		put_file(&tar, "good", "content");
		put_header(&tar, &bad[i].header);
		put_end(&tar);
		assert_err(ERR_FORMAT, open_tar(&tar, &s, &err));
		assert_says("tar 'source.tar'");
		assert_says(bad[i].says);
		assert_null(s);
	}
}

TEST(a_tar_of_another_program_is_read_when_it_holds_the_same)
{
	AUTO(tree_source_closep) struct tree_source *s = NULL;
	AUTO(buf_clear) struct buf tar = BUF_MAX(FILE_MAX), b = BUF_MAX(FILE_MAX);
	static const char path[] = "12 path=p/q\n";

	put_header(&tar, &(const struct header){"./", '5', 0, 0, 0});
	put_header(&tar, &(const struct header){"./a/", '5', 0, 0, 0});
	put_file(&tar, "./a/b", "content");
	put_header(&tar, &(const struct header){"g", 'g', 0, 13, 0});
	put_padded(&tar, "13 comment=x\n", 13);
	put_header(&tar, &(const struct header){"x", 'x', 0, sizeof(path) - 1, 0});
	put_padded(&tar, path, sizeof(path) - 1);
	put_file(&tar, "short", "long");
	put_end(&tar);
	assert_ok(open_tar(&tar, &s, &err));
	assert_ok(tree_source_get(s, "a/b", &b, &err));
	assert_ok(tree_source_get(s, "p/q", &b, &err));
	assert_string_equal(b.data, "contentlong");
	assert_err(ERR_NOT_FOUND, tree_source_get(s, "a", &b, &err));
	assert_err(ERR_NOT_FOUND, tree_source_get(s, "short", &b, &err));
	assert_string_equal(tree_source_name(s), "tar 'source.tar'");
}

/* A sparse file of 1 TB as GNU tar writes it: a map in pax headers, no data. */
TEST(a_sparse_file_is_refused)
{
	static const char map[] = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
				  "28 GNU.sparse.name=manifest\n"
				  "38 GNU.sparse.realsize=1099511627776\n";
	AUTO(buf_clear) struct buf tar = BUF_MAX(FILE_MAX);
	struct tree_source *s = NULL;

	put_header(&tar, &(const struct header){"x", 'x', 0, sizeof(map) - 1, 0});
	put_padded(&tar, map, sizeof(map) - 1);
	put_file(&tar, "GNUSparseFile.0/manifest", "1\n1099511627776\n0\n");
	put_end(&tar);
	assert_err(ERR_FORMAT, open_tar(&tar, &s, &err));
}

TEST(a_tar_that_ends_early_or_late_is_refused_at_every_byte)
{
	AUTO(buf_clear) struct buf tar = BUF_MAX(FILE_MAX), large = BUF_MAX(FILE_MAX);
	struct tree_source *s = NULL;
	size_t whole;

	for (int i = 0; i < 3000; i++)
		buf_puts(&large, "some content\n");
	put_file(&tar, "a", "content");
	put_file(&tar, "b", large.data);
	put_file(&tar, "c", "more");
	put_end(&tar);
	whole = tar.len;
	for (size_t len = 0; len < whole; len += len % BLOCK == 511 ? 1 : 73) {
		tar.len = len;
		save("short.tar", &tar);
		error_clear(&err);
		if (tree_tar_open("short.tar", &s, &err) || err.code != ERR_FORMAT)
			fail_msg("%zu of %zu bytes: '%s'", len, whole, err.msg);
	}
	for (size_t len = 0; len < whole; len += BLOCK) {
		tar.len = len;
		save("short.tar", &tar);
		assert_err(ERR_FORMAT, tree_tar_open("short.tar", &s, &err));
	}
	tar.len = whole;
	buf_puts(&tar, "more");
	assert_err(ERR_FORMAT, open_tar(&tar, &s, &err));
	assert_says("data behind its end mark");
	/* whole blocks of zeros are padding */
	tar.len = whole;
	put_end(&tar);
	assert_ok(open_tar(&tar, &s, &err));
	tree_source_close(s);
}

TEST(what_is_no_tar_is_refused)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(FILE_MAX);
	struct tree_source *s = NULL;

	assert_err(ERR_FORMAT, open_tar(&b, &s, &err));
	buf_puts(&b, "not a tar");
	assert_err(ERR_FORMAT, open_tar(&b, &s, &err));
	buf_reset(&b);
	buf_append(&b, "\x28\xb5\x2f\xfd broken zstd", 16);
	assert_err(ERR_FORMAT, open_tar(&b, &s, &err));
	assert_ok(!mkfifo("fifo", 0600));
	assert_err(ERR_FORMAT, tree_source_open("fifo", NULL, &s, &err));
	assert_says("neither a folder nor a tar");
	assert_err(ERR_NOT_FOUND, tree_source_open("nowhere", NULL, &s, &err));
	assert_err(ERR_NOT_FOUND, tree_source_open("oci:nowhere", NULL, &s, &err));
	assert_err(ERR_USAGE, tree_source_open("oci:", NULL, &s, &err));
	assert_err(ERR_USAGE, tree_source_open("http://x/?y", NULL, &s, &err));
}

TEST(a_tar_that_changes_after_it_was_opened_gives_no_wrong_bytes)
{
	AUTO(tree_source_closep) struct tree_source *s = NULL;
	AUTO(buf_clear) struct buf tar = BUF_MAX(FILE_MAX), b = BUF_MAX(FILE_MAX);

	put_file(&tar, "a", "content");
	put_end(&tar);
	save("changing.tar", &tar);
	assert_ok(tree_tar_open("changing.tar", &s, &err));
	assert_ok(!truncate("changing.tar", 515));
	buf_puts(&b, "before");
	assert_err(ERR_FORMAT, tree_source_get(s, "a", &b, &err));
	assert_string_equal(b.data, "before");
}

/* ---- folders ---- */

TEST(a_folder_with_anything_but_files_and_folders_is_refused)
{
	static const char *const targets[] = {"/etc/passwd", "../source.tar", "file",
					      "dangling"};
	struct tree_source *s = NULL;

	assert_ok(file_mkdir("folder", 0755, &err));
	assert_ok(file_mkdir("folder/sub", 0755, &err));
	assert_ok(file_write_atomic("folder/file", "x", 1, 0644, &err));
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		assert_ok(!symlink(targets[i], "folder/sub/link"));
		assert_err(ERR_FORMAT, tree_dir_open("folder", &s, &err));
		assert_says("folder 'folder': 'sub': 'link' is a symlink");
		assert_ok(!unlink("folder/sub/link"));
	}
	assert_ok(!mkfifo("folder/fifo", 0600));
	assert_err(ERR_FORMAT, tree_dir_open("folder", &s, &err));
	assert_says("'fifo' is a FIFO");
}

TEST(a_folder_that_changes_after_it_was_opened_leads_nowhere_else)
{
	AUTO(tree_source_closep) struct tree_source *s = NULL;
	AUTO(buf_clear) struct buf b = BUF_MAX(FILE_MAX);

	assert_ok(file_mkdir("later", 0755, &err));
	assert_ok(file_mkdir("later/sub", 0755, &err));
	assert_ok(file_mkdir("secret", 0755, &err));
	assert_ok(file_write_atomic("secret/file", "x", 1, 0644, &err));
	assert_ok(tree_dir_open("later", &s, &err));
	assert_err(ERR_NOT_FOUND, tree_source_get(s, "sub/file", &b, &err));
	assert_ok(!symlink("../../secret/file", "later/sub/file"));
	assert_err(ERR_FORMAT, tree_source_get(s, "sub/file", &b, &err));
	assert_says("'sub/file' leads through a symlink");
	assert_ok(!symlink("../secret", "later/other"));
	assert_err(ERR_FORMAT, tree_source_get(s, "other/file", &b, &err));
	assert_says("leads through a symlink");
	assert_ok(!mkfifo("later/sub/fifo", 0600));
	assert_err(ERR_FORMAT, tree_source_get(s, "sub/fifo", &b, &err));
	assert_err(ERR_FORMAT, tree_source_get(s, "sub", &b, &err));
	assert_int_equal(b.len, 0);
}

/* ---- OCI layouts ---- */

#define HELLO "185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969"
#define TYPE "\"artifactType\":\"" TREE_OCI_TYPE "\","
#define LAYER(digest, size, title)                                                     \
	"{\"digest\":\"sha256:" digest "\",\"size\":" size ",\"annotations\":{"        \
	"\"org.opencontainers.image.title\":\"" title "\"}}"
#define TREE(layers) "{" TYPE "\"layers\":[" layers "]}"

/* A layout "layout" whose only manifest is this text; one blob, "Hello". */
static void make_layout(const char *manifest)
{
	AUTO(buf_clear) struct buf path = BUF_MAX(4096), index = BUF_MAX(4096);
	struct digest d;
	struct error why;
	struct buf b = {.data = (char *)(uintptr_t)manifest, .len = strlen(manifest)};

	sample_must(file_mkdir("layout", 0755, &why) &&
			    file_mkdir("layout/blobs", 0755, &why) &&
			    file_mkdir("layout/blobs/sha256", 0755, &why) &&
			    digest_of_bytes(manifest, strlen(manifest), &d, &why) &&
			    file_write_atomic("layout/oci-layout",
					      "{\"imageLayoutVersion\":\"1.0.0\"}", 30,
					      0644, &why) &&
			    file_write_atomic("layout/blobs/sha256/" HELLO, "Hello", 5,
					      0644, &why),
		    &why);
	buf_printf(&path, "layout/blobs/sha256/%s", DIGEST_HEX(&d));
	save(path.data, &b);
	buf_printf(&index, "{\"manifests\":[{\"digest\":\"sha256:%s\",\"size\":%zu}]}",
		   DIGEST_HEX(&d), strlen(manifest));
	save("layout/index.json", &index);
}

TEST(a_layout_says_what_it_holds_and_must_hold_it)
{
	static const struct {
		const char *manifest;
		const char *says;
	} bad[] = {
		{"{}", "it holds no " TREE_OCI_TYPE},
		{"[]", "it holds no " TREE_OCI_TYPE},
		{"{\"artifactType\":\"x\"}", "it holds no " TREE_OCI_TYPE},
		{"nonsense", "manifest sha256:"},
		{"{" TYPE "\"layers\":{}}", "layers"},
		{TREE("1"), ""},
		{TREE("{}"), "digest"},
		{TREE("{\"digest\":\"sha256:" HELLO "\",\"size\":5}"),
		 "without a title"},
		{TREE(LAYER("abc", "5", "a")), "'sha256:abc' is no sha256 digest"},
		{TREE(LAYER(HELLO, "-5", "a")), ""},
		{TREE(LAYER(HELLO, "5", "../a")), "'../a' is no path of a tree"},
		{TREE(LAYER(HELLO, "5", "/a")), "'/a' is no path of a tree"},
		{TREE(LAYER(HELLO, "5", "a") "," LAYER(HELLO, "5", "a")),
		 "two layers are titled 'a'"},
	};
	AUTO(tree_source_closep) struct tree_source *s = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		make_layout(bad[i].manifest);
		error_clear(&err);
		if (tree_oci_open("layout", NULL, &s, &err) ||
		    (err.code != ERR_FORMAT && err.code != ERR_NOT_FOUND))
			fail_msg("%s: %s", bad[i].manifest, err.msg);
		assert_says("OCI layout 'layout'");
		assert_says(bad[i].says);
	}
	make_layout(TREE(LAYER(HELLO, "5", "a")));
	assert_ok(tree_oci_open("layout", NULL, &s, &err));
}

TEST(a_blob_without_its_digest_or_size_is_not_handed_out)
{
	AUTO(tree_source_closep) struct tree_source *s = NULL;
	AUTO(buf_clear) struct buf b = BUF_MAX(FILE_MAX);

	make_layout(
		TREE(LAYER(HELLO, "5", "a") "," LAYER(HELLO, "4", "short") "," LAYER(
			HELLO, "6", "long") "," LAYER("0" HELLO "0", "5", "none")));
	assert_err(ERR_FORMAT, tree_oci_open("layout", NULL, &s, &err));
	make_layout(TREE(LAYER(HELLO, "5", "a") "," LAYER(
		HELLO, "4", "short") "," LAYER(HELLO, "6", "long")));
	assert_ok(tree_oci_open("layout", NULL, &s, &err));
	assert_ok(tree_source_get(s, "a", &b, &err));
	assert_string_equal(b.data, "Hello");
	assert_err(ERR_LIMIT, tree_source_get(s, "short", &b, &err));
	assert_err(ERR_FORMAT, tree_source_get(s, "long", &b, &err));
	assert_says("is damaged");
	assert_ok(file_write_atomic("layout/blobs/sha256/" HELLO, "Jello", 5, 0644,
				    &err));
	assert_err(ERR_FORMAT, tree_source_get(s, "a", &b, &err));
	assert_says("does not have the size and digest that it is named by");
	assert_ok(!unlink("layout/blobs/sha256/" HELLO));
	assert_err(ERR_NOT_FOUND, tree_source_get(s, "a", &b, &err));
	assert_ok(!symlink("/etc/passwd", "layout/blobs/sha256/" HELLO));
	assert_err(ERR_FORMAT, tree_source_get(s, "a", &b, &err));
	assert_string_equal(b.data, "Hello");
	assert_ok(!unlink("layout/blobs/sha256/" HELLO));
}

TEST(a_layout_with_several_trees_needs_a_tag)
{
	AUTO(tree_source_closep) struct tree_source *s = NULL;
	AUTO(buf_clear) struct buf index = BUF_MAX(4096), two = BUF_MAX(8192);
	char *comma;

	make_layout(TREE(LAYER(HELLO, "5", "a")));
	assert_ok(file_read("layout/index.json", &index, &err));
	/* twice the same descriptor, the second one tagged */
	comma = strchr(index.data, '[') + 1;
	index.data[index.len - 2] = '\0';
	buf_printf(&two,
		   "{\"manifests\":[%s,%.*s,\"annotations\":{"
		   "\"org.opencontainers.image.ref.name\":\"t2\"}}]}",
		   comma, (int)strlen(comma) - 1, comma);
	save("layout/index.json", &two);
	assert_err(ERR_USAGE, tree_source_open("oci:layout", NULL, &s, &err));
	assert_says("it holds several trees: say which as oci:DIR:TAG");
	assert_err(ERR_NOT_FOUND, tree_source_open("oci:layout:t3", NULL, &s, &err));
	assert_ok(tree_source_open("oci:layout:t2", NULL, &s, &err));
}
