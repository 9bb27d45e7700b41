/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text.h"
#include "signer/artifact.h"
#include "tests/unit/test.h"

#include <stdlib.h>

/* An artifact with one of everything. */
static struct artifact one_of_everything(struct error *e)
{
	static const struct {
		const char *path;
		enum unpack_type type;
		unsigned flags;
	} table[] = {
		{"/etc/tool.conf", UNPACK_REGULAR, ARTIFACT_CONFIG},
		{"/usr/bin", UNPACK_FOLDER, 0},
		{"/usr/bin/link", UNPACK_LINK, 0},
		{"/usr/bin/sub/deep", UNPACK_REGULAR, 0},
		{"/usr/bin/tool", UNPACK_REGULAR, 0},
		{"/var/log/tool.log", UNPACK_REGULAR, ARTIFACT_GHOST},
		{"/dev/tool", UNPACK_OTHER, 0},
	};
	struct artifact a = EMPTY;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct artifact_entry *entry = artifact_add(
			&a, text_dup(table[i].path, strlen(table[i].path)), e);

		assert_non_null(entry);
		entry->type = table[i].type;
		entry->flags = table[i].flags;
		entry->taken = table[i].type == UNPACK_REGULAR;
		if (table[i].type == UNPACK_LINK)
			entry->file.link = text_dup("tool", 4);
	}
	artifact_sort(&a);
	return a;
}

/* What a list of one line, or none for NULL, selects: paths with blanks between. */
static bool selected(const char *line, const char *prefix, struct buf *out,
		     struct error *e)
{
	AUTO(artifact_clear) struct artifact a = one_of_everything(e);
	char *items[] = {(char *)(uintptr_t)line};
	const struct release_component c = {
		.type = prefix ? MANIFEST_TAR : MANIFEST_RPM,
		.prefix = (char *)(uintptr_t)prefix,
		.files = {items, line ? 1 : 0},
	};
	struct manifest m = {.components = calloc(1, sizeof(*m.components)),
			     .component_count = 1};
	bool ok = artifact_select(&a, &c, m.components, e);

	for (size_t i = 0; ok && i < m.components->file_count; i++)
		buf_printf(out, "%s ", m.components->files[i].path);
	manifest_clear(&m);
	return ok;
}

TEST(artifact_selects_by_path_and_pattern)
{
	static const char *const table[][2] = {
		{NULL, "/usr/bin/sub/deep /usr/bin/tool "},
		{"/usr/bin/tool", "/usr/bin/tool "},
		{"/usr/bin/link", "/usr/bin/link "},
		{"/etc/tool.conf", "/etc/tool.conf "},
		{"/usr/bin/*", "/usr/bin/link /usr/bin/tool "},
		{"/usr/bin/t?ol", "/usr/bin/tool "},
		{"/usr/*/*/deep", "/usr/bin/sub/deep "},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO(buf_clear) struct buf got = BUF_MAX(4096);

		assert_ok(selected(table[i][0], NULL, &got, &err));
		assert_string_equal(got.data, table[i][1]);
	}
}

TEST(artifact_says_why_a_path_selects_nothing)
{
	static const char *const table[][2] = {
		{"/usr/bin/none", "it holds nothing that matches '/usr/bin/none'"},
		{"/etc/*", "it holds nothing that matches '/etc/*'"},
		{"/usr/bin", "'/usr/bin' is a folder"},
		{"/dev/tool", "'/dev/tool' is a device"},
		{"/var/log/tool.log", "'/var/log/tool.log' is a ghost"},
		{"/usr/*", "it holds nothing that matches '/usr/*'"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		AUTO(buf_clear) struct buf got = BUF_MAX(4096);

		assert_err(ERR_NOT_FOUND, selected(table[i][0], NULL, &got, &err));
		assert_says(table[i][1]);
	}
}

TEST(artifact_puts_a_tarball_where_its_prefix_says)
{
	AUTO(buf_clear) struct buf got = BUF_MAX(4096);

	assert_ok(selected("/opt/usr/bin/tool", "/opt", &got, &err));
	assert_ok(selected("/opt/usr/bin/l*", "/opt", &got, &err));
	assert_string_equal(got.data, "/opt/usr/bin/tool /opt/usr/bin/link ");
	assert_err(ERR_NOT_FOUND, selected("/usr/bin/tool", "/opt", &got, &err));
}

TEST(artifact_refuses_a_prefix_that_makes_paths_too_long)
{
	AUTO(buf_clear) struct buf got = BUF_MAX(4096);
	char prefix[1024] = "/";

	memset(prefix + 1, 'a', 1018);
	assert_err(ERR_LIMIT, selected(NULL, prefix, &got, &err));
}

TEST(artifact_never_selects_what_was_not_digested)
{
	AUTO(artifact_clear) struct artifact a = one_of_everything(&err);
	const struct release_component c = {.type = MANIFEST_RPM};
	struct manifest m = {.components = calloc(1, sizeof(*m.components)),
			     .component_count = 1};

	artifact_find(&a, "/usr/bin/tool")->taken = false;
	assert_err(ERR_INTERNAL, artifact_select(&a, &c, m.components, &err));
	manifest_clear(&m);
}
