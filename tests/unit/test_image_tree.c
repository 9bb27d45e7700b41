/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buf.h"
#include "core/image_tree.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

/* "d DIR", "f FILE", "l LINK TARGET", "h LINK TARGET", ...; NULL at the end. */
static bool add(struct image_tree *t, size_t number, const char *const *lines,
		struct error *e)
{
	for (size_t i = 0; lines[i]; i++) {
		char name[256] = "", target[256] = "", kind;
		struct unpack_entry in = {.name = name, .size = i};

		assert_true(sscanf(lines[i], "%c %255s %255s", &kind, name, target) >=
			    2);
		in.type = kind == 'd'   ? UNPACK_FOLDER
			  : kind == 'l' ? UNPACK_LINK
					: UNPACK_REGULAR;
		in.target = kind == 'l' ? target : NULL;
		in.hard_link = kind == 'h' ? target : NULL;
		if (!image_tree_add(t, &in, i, number, e))
			return false;
	}
	return true;
}

static bool merge(struct image_tree *root, size_t number, const char *const *lines,
		  struct error *e)
{
	AUTO(image_tree_clear) struct image_tree layer = EMPTY;

	return add(&layer, number, lines, e) && image_tree_merge(root, &layer, e);
}

#define LAYER(number, ...)                                                             \
	assert_ok(merge(&root, number, (const char *const[]){__VA_ARGS__, NULL}, &err))

/* "PATH:LAYER.ENTRY ..." */
static void assert_root(const struct image_tree *root, const char *want)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(4096);

	for (size_t i = 0; i < root->count; i++)
		buf_printf(&b, "%s:%zu.%zu ", root->nodes[i].path, root->nodes[i].layer,
			   root->nodes[i].number);
	assert_string_equal(b.data ? b.data : "", want);
}

TEST(image_tree_lays_layers_over_each_other)
{
	AUTO(image_tree_clear) struct image_tree root = EMPTY;

	LAYER(0, "d a", "f a/x", "f a/y", "f b");
	LAYER(1, "f a/x", "d a", "f c");
	assert_root(&root, "/a:1.1 /a/x:1.0 /a/y:0.2 /b:0.3 /c:1.2 ");
	assert_ok(image_tree_check(&root, &err));
}

TEST(image_tree_obeys_whiteouts_on_layers_below_alone)
{
	AUTO(image_tree_clear) struct image_tree root = EMPTY;

	LAYER(0, "d a", "f a/x", "d a/d", "f a/d/y", "f ax", "f b");
	LAYER(1, "f .wh.a", "f .wh.nothing");
	assert_root(&root, "/ax:0.4 /b:0.5 ");
	LAYER(2, "f b", "f .wh.b");
	assert_root(&root, "/ax:0.4 /b:2.0 ");
}

TEST(image_tree_obeys_opaque_folders)
{
	AUTO(image_tree_clear) struct image_tree root = EMPTY;

	LAYER(0, "d a", "f a/x", "d a/d", "f a/d/y", "f ab");
	LAYER(1, "d a", "f a/new", "f a/.wh..wh..opq");
	assert_root(&root, "/a:1.0 /a/new:1.1 /ab:0.4 ");
	LAYER(2, "f .wh..wh..opq", "f z");
	assert_root(&root, "/z:2.1 ");
}

TEST(image_tree_refuses_whiteouts_of_no_name)
{
	AUTO(image_tree_clear) struct image_tree root = EMPTY;

	assert_err(ERR_FORMAT,
		   merge(&root, 0, (const char *const[]){"f a/.wh...", NULL}, &err));
	assert_says("a whiteout of '/a/..'");
	assert_err(ERR_FORMAT,
		   merge(&root, 0, (const char *const[]){"f a/.wh..", NULL}, &err));
}

TEST(image_tree_lays_what_a_layer_has_over_what_it_takes_away)
{
	AUTO(image_tree_clear) struct image_tree root = EMPTY;

	LAYER(0, "d a", "f a/x", "d a/d", "f a/d/y", "f a!b", "f a-b", "f b");
	LAYER(1, "f .wh.a", "f .wh.a", "f a/new", "f a/.wh..wh..opq", "f a/d/.wh.y",
	      "f a/d/z");
	assert_root(&root, "/a/d/z:1.5 /a/new:1.2 /a!b:0.4 /a-b:0.5 /b:0.6 ");
}

TEST(image_tree_puts_other_things_in_the_place_of_folders)
{
	AUTO(image_tree_clear) struct image_tree root = EMPTY;

	LAYER(0, "d a", "f a/x", "f a.b");
	LAYER(1, "l a b");
	assert_root(&root, "/a:1.0 /a.b:0.2 ");
	LAYER(2, "d a", "f a/z");
	assert_root(&root, "/a:2.0 /a/z:2.1 /a.b:0.2 ");
	assert_ok(image_tree_check(&root, &err));
}

TEST(image_tree_takes_the_last_of_two_entries)
{
	AUTO(image_tree_clear) struct image_tree root = EMPTY;

	LAYER(0, "f a", "f ./a", "f b");
	assert_root(&root, "/a:0.1 /b:0.2 ");
}

TEST(image_tree_gives_hard_links_their_content)
{
	AUTO(image_tree_clear) struct image_tree root = EMPTY;

	LAYER(0, "f a", "h b a", "f a", "h c a", "h d c");
	assert_root(&root, "/a:0.2 /b:0.0 /c:0.2 /d:0.2 ");
	LAYER(1, "f .wh.a", "h e b");
	assert_root(&root, "/b:0.0 /c:0.2 /d:0.2 /e:0.0 ");
	assert_err(ERR_FORMAT,
		   merge(&root, 2, (const char *const[]){"h f nothing", NULL}, &err));
	assert_err(ERR_FORMAT,
		   merge(&root, 2, (const char *const[]){"h f g", "f g", NULL}, &err));
	assert_err(ERR_FORMAT,
		   merge(&root, 2, (const char *const[]){"d dir", "h f dir", NULL},
			 &err));
}

TEST(image_tree_refuses_what_lies_beneath_no_folder)
{
	AUTO(image_tree_clear) struct image_tree root = EMPTY;

	LAYER(0, "l lib usr/lib", "f lib/x");
	assert_err(ERR_FORMAT, image_tree_check(&root, &err));
	assert_says("'/lib/x' lies beneath '/lib'");
}

TEST(image_tree_follows_symlinks_inside_the_root_alone)
{
	static const char *const found[][2] = {
		{"/bin/tool", "/usr/bin/tool"},
		{"/tool", "/usr/bin/tool"},
		{"/abs", "/usr/bin/tool"},
		{"/usr/up/usr/bin/tool", "/usr/bin/tool"},
		{"/usr/bin/../bin/./tool", "/usr/bin/tool"},
		{"/usr/bin", "/usr/bin"},
		{"/usr/chain", "/usr/bin/tool"},
	};
	static const char *const lost[] = {"/nothing", "/usr/dangling", "/bin/nothing",
					   "/usr/bin/tool/x"};
	AUTO(image_tree_clear) struct image_tree root = EMPTY;
	const struct image_node *n;

	LAYER(0, "d usr/bin", "f usr/bin/tool", "l bin usr/bin", "l tool bin/tool",
	      "l abs /usr/bin/tool", "l usr/up ../../../..", "l usr/dangling /none",
	      "l usr/chain ../tool", "l a b", "l b a", "l self self", "l usr/in in/x");
	for (size_t i = 0; i < ARRAY_LEN(found); i++) {
		n = NULL;
		assert_ok(image_tree_resolve(&root, found[i][0], &n, &err));
		assert_non_null(n);
		assert_string_equal(n->path, found[i][1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(lost); i++) {
		assert_ok(image_tree_resolve(&root, lost[i], &n, &err));
		assert_null(n);
	}
	assert_err(ERR_FORMAT, image_tree_resolve(&root, "/a", &n, &err));
	assert_err(ERR_FORMAT, image_tree_resolve(&root, "/self", &n, &err));
	assert_err(ERR_FORMAT, image_tree_resolve(&root, "/usr/in", &n, &err));
}
