/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tree.h"
#include "tests/unit/sample.h"

#define FPR "0123456789ABCDEF0123456789ABCDEF01234567"

static const char manifest_path[] = "manifests/v1.21.3/manifest-el8-x86_64.json.asc";
static const char tool_path[] = "tool/fips-tool-1.0.0-linux-x86_64";

static void publish(struct store *s, unsigned revision, struct store_manifest *m)
{
	struct error why;

	sample_put_named(s, "8", "v1.21.3", revision, m);
	sample_must(store_publish_manifest(s, m->row, FPR, &why), &why);
}

static void publish_rest(struct store *s)
{
	struct store_published counts;
	struct error why;

	sample_must(store_publish_rest(s, &counts, &why), &why);
}

/* Every entry loads and has its digest; paths are in order and stay inside. */
static void check_all(const struct tree *t)
{
	struct error why;

	for (size_t i = 0; i < t->count; i++) {
		AUTO(buf_clear) struct buf b = BUF_MAX(ASC_MAX);

		sample_must(tree_load(t, &t->entries[i], &b, &why), &why);
		assert_int_equal(b.len, t->entries[i].size);
		assert_ptr_equal(tree_find(t, t->entries[i].path), &t->entries[i]);
		assert_true(t->entries[i].path[0] != '/');
		assert_null(strstr(t->entries[i].path, ".."));
		assert_true(!i ||
			    strcmp(t->entries[i - 1].path, t->entries[i].path) < 0);
	}
}

static void load_path(const struct tree *t, const char *path, struct buf *out)
{
	const struct tree_entry *e = tree_find(t, path);
	struct error why;

	if (!e)
		fail_msg("the tree has no '%s'", path);
	sample_must(tree_load(t, e, out, &why), &why);
}

TEST(an_empty_store_is_a_tree_with_an_empty_table)
{
	AUTO(store_closep) struct store *s = sample_store("empty.db");
	AUTO(tree_clear) struct tree t = EMPTY;
	AUTO(index_clear) struct index x = EMPTY;
	AUTO(buf_clear) struct buf b = BUF_MAX(ASC_MAX);

	assert_ok(tree_from_store(s, &t, &err));
	check_all(&t);
	assert_int_equal(t.count, 2);
	load_path(&t, "index.json", &b);
	assert_ok(index_parse(b.data, b.len, &x, &err));
	assert_int_equal(x.manifest_count, 0);
	assert_string_equal(tree_find(&t, "index.html")->type,
			    "text/html; charset=utf-8");
	assert_null(tree_find(&t, "index"));
	assert_null(tree_find(&t, ""));
}

TEST(what_is_published_and_nothing_else_is_in_the_tree)
{
	AUTO(store_closep) struct store *s = sample_store("tree.db");
	AUTO(tree_clear) struct tree before = EMPTY, t = EMPTY;
	AUTO(index_clear) struct index x = EMPTY;
	AUTO(buf_clear) struct buf b = BUF_MAX(ASC_MAX);
	struct store_tool tool = {.version = "1.0.0", .arch = "x86_64"};
	struct store_manifest m, later;

	assert_ok(store_put_tool(s, &tool, "ELF", 3, &err));
	assert_ok(store_set_keyring(s, "\x99ring", 5, "added", &err));
	sample_put_named(s, "9", "v1.22.0", 1, &m);
	publish(s, 1, &m);
	assert_ok(tree_from_store(s, &before, &err));
	check_all(&before);
	assert_int_equal(before.count, 3);
	publish_rest(s);
	publish(s, 2, &later);
	assert_ok(tree_from_store(s, &t, &err));
	check_all(&t);
	assert_int_equal(t.count, 7);
	load_path(&t, "index.json", &b);
	assert_ok(index_parse(b.data, b.len, &x, &err));
	assert_int_equal(x.manifest_count, 1);
	assert_int_equal(x.manifests[0].revision, 2);
	assert_string_equal(x.manifests[0].path, manifest_path);
	assert_string_equal(x.manifests[0].signers[0], FPR);
	assert_true(digest_equal(&x.manifests[0].digest, &later.digest));
	assert_true(digest_equal(&x.manifests[0].file_digest,
				 &tree_find(&t, manifest_path)->digest));
	assert_string_equal(x.tools[0].path, tool_path);
	buf_reset(&b);
	load_path(&t, tool_path, &b);
	assert_string_equal(b.data, "ELF");
	assert_true(tree_find(&t, tool_path)->immutable);
	assert_false(tree_find(&t, manifest_path)->immutable);
	buf_reset(&b);
	load_path(&t, "keys/release.asc", &b);
	assert_true(text_starts(b.data, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"));
}

TEST(sums_are_what_sha256sum_reads)
{
	AUTO(store_closep) struct store *s = sample_store("sums.db");
	AUTO(tree_clear) struct tree t = EMPTY, later = EMPTY;
	AUTO(buf_clear) struct buf b = BUF_MAX(ASC_MAX);
	struct store_tool one = {.version = "1.0.0", .arch = "x86_64"};
	struct store_tool two = {.version = "1.0.0", .arch = "aarch64"};
	static const char want[] =
		"a591a6d40bf420404a011733cfb7b190d62c65bf0bcda32b57b277d9ad9f146e"
		"  fips-tool-1.0.0-linux-aarch64\n"
		"7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069"
		"  fips-tool-1.0.0-linux-x86_64\n";
	struct digest d;

	assert_ok(store_put_tool(s, &one, "Hello World!", 12, &err));
	assert_ok(store_put_tool(s, &two, "Hello World", 11, &err));
	publish_rest(s);
	assert_ok(tree_from_store(s, &t, &err));
	check_all(&t);
	load_path(&t, "tool/SHA256SUMS", &b);
	assert_string_equal(b.data, want);
	assert_ok(digest_of_bytes(b.data, b.len, &d, &err));
	buf_reset(&b);
	load_path(&t, "tool/fips-tool-1.0.0-linux-x86_64.sha256", &b);
	assert_string_equal(b.data, strchr(want, '\n') + 1);
	assert_null(tree_find(&t, "tool/SHA256SUMS.asc"));
	/* a signed list is shown when it is of these very tools, and published */
	assert_ok(store_put_sums(s, &d, "signed", 6, &err));
	publish_rest(s);
	assert_ok(tree_from_store(s, &later, &err));
	check_all(&later);
	buf_reset(&b);
	load_path(&later, "tool/SHA256SUMS.asc", &b);
	assert_string_equal(b.data, "signed");
	tree_clear(&later);
	one = (struct store_tool){.version = "1.0.1", .arch = "x86_64"};
	assert_ok(store_put_tool(s, &one, "Hello", 5, &err));
	publish_rest(s);
	assert_ok(tree_from_store(s, &later, &err));
	assert_null(tree_find(&later, "tool/SHA256SUMS.asc"));
}

TEST(what_is_withdrawn_leaves_the_tree_and_says_why)
{
	AUTO(store_closep) struct store *s = sample_store("withdrawn.db");
	AUTO(tree_clear) struct tree t = EMPTY;
	AUTO(index_clear) struct index x = EMPTY;
	AUTO(buf_clear) struct buf b = BUF_MAX(ASC_MAX);
	struct store_manifest m, never;

	publish(s, 1, &m);
	publish(s, 2, &m);
	sample_put_named(s, "9", "v1.22.0", 1, &never);
	assert_ok(store_set_state(s, m.row, STORE_WITHDRAWN, "wrong build", &err));
	assert_ok(store_set_state(s, never.row, STORE_WITHDRAWN, "secret", &err));
	assert_ok(tree_from_store(s, &t, &err));
	check_all(&t);
	assert_null(tree_find(&t, manifest_path));
	load_path(&t, "index.json", &b);
	assert_ok(index_parse(b.data, b.len, &x, &err));
	assert_int_equal(x.manifest_count, 0);
	assert_int_equal(x.withdrawn_count, 1);
	assert_int_equal(x.withdrawn[0].revision, 2);
	assert_string_equal(x.withdrawn[0].reason, "wrong build");
	assert_null(strstr(b.data, "secret"));
}

static bool load_other(void *carrier, const struct tree_entry *e, struct buf *out,
		       struct error *why)
{
	(void)carrier;
	(void)e;
	(void)why;
	buf_puts(out, "other");
	return true;
}

TEST(bytes_that_lack_their_digest_are_not_handed_out)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(ASC_MAX);
	AUTO(tree_clear) struct tree t = {.load = load_other};
	struct tree_entry e = {.size = 5};

	buf_puts(&b, "before");
	assert_ok(digest_of_bytes("these", 5, &e.digest, &err));
	assert_ok(tree_add(&t, "a", &e, &err));
	assert_err(ERR_MISMATCH, tree_load(&t, &t.entries[0], &b, &err));
	assert_says("'a' of the tree");
	assert_string_equal(b.data, "before");
	assert_ok(tree_add(&t, "a", &e, &err));
	assert_err(ERR_CONFLICT, tree_sort(&t, &err));
}
