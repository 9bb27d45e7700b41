/* SPDX-License-Identifier: Apache-2.0 */
#include "core/release.h"
#include "tests/unit/test.h"

#include <stdio.h>

TEST(a_definition_is_read)
{
	static const char text[] =
		"el: 8\n"
		"kubernetes: v1.21.3\n"
		"rpm-keys: [vendor.asc]\n"
		"components:\n"
		"  - name: kubelet\n"
		"    rpm: kubelet-1.21.3-0.x86_64.rpm\n"
		"    files: [/usr/bin/kubelet]\n"
		"    require-crypto: boringcrypto\n"
		"  - {name: tools, tar: tools.tar.gz}\n"
		"services:\n"
		"  - {name: kubelet, port: 10250, component: kubelet}\n"
		"exceptions: []\n";
	AUTO(release_clear) struct release r = EMPTY;

	assert_ok(release_parse("r.yaml", text, sizeof(text) - 1, &r, &err));
	assert_string_equal(r.el, "8");
	assert_string_equal(r.arch, "x86_64");
	assert_int_equal(r.revision, 1);
	assert_int_equal(r.created, -1);
	assert_int_equal(r.component_count, 2);
	assert_int_equal(r.components[0].type, MANIFEST_RPM);
	assert_int_equal(r.components[0].line, 5);
	assert_string_equal(r.components[0].files.items[0], "/usr/bin/kubelet");
	assert_null(r.components[0].prefix);
	assert_int_equal(r.components[1].type, MANIFEST_TAR);
	assert_string_equal(r.components[1].prefix, "/");
	assert_int_equal(r.services[0].port, 10250);
	assert_int_equal(r.exception_count, 0);
}

/* ---- refusals: tests/data/refuse/release/NAME.yaml, read as r.yaml ---- */

static const struct {
	const char *name, *says;
} refused[] = {
	{"alias", "r.yaml:5:7: anchors, aliases and tags"},
	{"anchor", "r.yaml:5:7: anchors, aliases and tags"},
	{"artifact-in-a-folder",
	 "r.yaml:4:18: 'rpm' must be a name in the folder of artifacts, not"},
	{"bad-arch", "r.yaml:5:7: 'arch' must be x86_64 or aarch64, not 'i386'"},
	{"bad-created", "r.yaml:5:10: 'created' must be a time like"},
	{"bad-crypto", "'require-crypto' must be boringcrypto or fips140-VERSION"},
	{"bad-el", "r.yaml:1:5: 'el' must be like 8 or 8.4, not '5'"},
	{"bad-kubernetes", "r.yaml:2:13: 'kubernetes' must be a version like v1.21.3"},
	{"bad-presence", "'presence' must be required or optional, not 'maybe'"},
	{"bad-utf8", "r.yaml: byte"},
	{"bad-version", "'version' must be a version"},
	{"byte-order-mark", "r.yaml:1:1: a byte order mark"},
	{"byte-order-mark-of-utf16", "r.yaml: byte"},
	{"component-as-text", "r.yaml:4:3: 'components' must be a map"},
	{"component-twice", "r.yaml:5:10: component 'a' is there twice"},
	{"component-with-two-sources",
	 "r.yaml:4:26: component 'a' has 'rpm' and 'tar'"},
	{"component-without-name", "r.yaml:4:3: 'name' is missing"},
	{"component-without-source", "r.yaml:4:3: component 'a' needs one of"},
	{"components-as-map", "r.yaml:3:13: 'components' must be a list"},
	{"control-character", "r.yaml:5:7: 'note' must be 1 to 1024 bytes"},
	{"directive", "r.yaml:1:1: directives are not allowed"},
	{"duplicate-key", "r.yaml:5:1: the key is there twice"},
	{"empty", "r.yaml:1:1: empty"},
	{"empty-cipher-suites",
	 "r.yaml:5:44: 'cipher-suites' is empty: name something"},
	{"empty-components", "r.yaml:3:13: 'components' is empty"},
	{"empty-files", "r.yaml:4:32: 'files' is empty: name something, or leave it"},
	{"empty-groups", "r.yaml:5:37: 'groups' is empty: name something"},
	{"exception-for-nobody",
	 "r.yaml:6:15: an exception names the component 'b', which is not there"},
	{"exception-with-two-subjects",
	 "r.yaml:6:3: an exception needs a path or a component"},
	{"exception-without-end", "r.yaml:6:3: 'expires' is missing"},
	{"exception-without-subject",
	 "r.yaml:6:3: an exception needs a path or a component"},
	{"file-with-files", "'files' is not for file"},
	{"file-without-path", "r.yaml:4:3: component 'a' needs 'path'"},
	{"file-without-version", "r.yaml:4:3: component 'a' needs 'version'"},
	{"files-as-text", "r.yaml:4:28: 'files' must be a list"},
	{"files-twice", "'files' has '/a' twice"},
	{"files-with-dot-dot", "r.yaml:4:28: 'files' must be an absolute path"},
	{"list-as-key", "r.yaml:5:3: a key must be plain text"},
	{"list-at-the-top", "r.yaml:1:1: 'a definition' must be a map"},
	{"merge-key", "r.yaml:5:1: unknown key '<<'"},
	{"no-components", "r.yaml:1:1: 'components' is missing"},
	{"no-kubernetes", "r.yaml:1:1: 'kubernetes' is missing"},
	{"no-yaml", "r.yaml:5:8: mapping values"},
	{"note-as-list", "r.yaml:5:7: 'note' must be text"},
	{"nul", "r.yaml:5:7: text with a NUL"},
	{"null-note", "r.yaml:5:6: 'note' must be 1 to 1024 bytes"},
	{"openssl-cipher-name", "IANA's name of a cipher suite"},
	{"path-of-an-rpm", "'path' is not for rpm"},
	{"port-too-large", "r.yaml:6:19: 'port' must be a number from 1 to 65535"},
	{"prefix-of-an-rpm", "r.yaml:4:29: component 'a': 'prefix' is not for rpm"},
	{"relative-files", "r.yaml:4:28: 'files' must be an absolute path"},
	{"relative-prefix", "r.yaml:4:29: 'prefix' must be an absolute path"},
	{"revision-with-zero", "'revision' must be a number from 1"},
	{"revision-zero",
	 "r.yaml:5:11: 'revision' must be a number from 1 to 1000000, not '0'"},
	{"rpm-keys-as-text", "r.yaml:5:11: 'rpm-keys' must be a list"},
	{"second-document", "r.yaml:5:1: a second document"},
	{"service-of-nobody",
	 "r.yaml:6:33: service 's' names the component 'b', which is not there"},
	{"service-twice", "r.yaml:7:10: service 's' is there twice"},
	{"tab", "r.yaml:4:1: a tab, where YAML takes blanks alone"},
	{"tag", "r.yaml:5:7: anchors, aliases and tags"},
	{"tls-version-1.1", "'min-version' must be TLSv1.2 or TLSv1.3"},
	{"tls-without-min-version", "r.yaml:5:6: 'min-version' is missing"},
	{"unknown-key",
	 "r.yaml:5:1: unknown key 'notes'; known are: arch, components, created"},
	{"unsigned-image", "r.yaml:4:33: component 'a': 'unsigned' is not for image"},
	{"unsigned-yes",
	 "r.yaml:4:31: 'unsigned' must be refused or allowed, not 'yes'"},
};

TEST(what_is_not_a_definition_is_refused_with_its_place)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		AUTO(buf_clear) struct buf text = BUF_MAX(RELEASE_TEXT_MAX);
		struct release r, before;
		char name[256];

		snprintf(name, sizeof(name), "refuse/release/%s.yaml", refused[i].name);
		print_message("%s\n", name);
		test_load(name, &text);
		memset(&before, 0x5a, sizeof(before));
		r = before;
		assert_err(ERR_FORMAT,
			   release_parse("r.yaml", text.data, text.len, &r, &err));
		assert_says(refused[i].says);
		assert_memory_equal(&r, &before, sizeof(r));
	}
}

TEST(every_file_of_refusals_is_in_the_table)
{
	assert_int_equal(test_count("refuse/release"), ARRAY_LEN(refused));
}

TEST(the_limits_of_a_definition_hold)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(2 * RELEASE_TEXT_MAX);
	struct release r;

	for (int i = 0; i < 17; i++)
		buf_puts(&b, "[");
	assert_err(ERR_LIMIT, release_parse("r.yaml", b.data, b.len, &r, &err));
	assert_says("nested too deep");
	buf_reset(&b);
	for (int i = 0; i < 100001; i++)
		buf_puts(&b, "- a\n");
	assert_err(ERR_LIMIT, release_parse("r.yaml", b.data, b.len, &r, &err));
	assert_says("too many values");
	buf_reset(&b);
	for (int i = 0; i < 65; i++)
		buf_printf(&b, "k%d: a\n", i);
	assert_err(ERR_LIMIT, release_parse("r.yaml", b.data, b.len, &r, &err));
	assert_says("r.yaml:65:1: too many keys");
	buf_reset(&b);
	while (b.len <= RELEASE_TEXT_MAX)
		buf_puts(&b, "#######################################\n");
	assert_err(ERR_LIMIT, release_parse("r.yaml", b.data, b.len, &r, &err));
}

TEST(the_definitions_of_this_repository_are_read)
{
	static const struct {
		const char *name, *el;
		size_t components;
	} ours[] = {
		{"../../releases/el7-v1.21.3.yaml", "7", 10},
		{"../../releases/el8-v1.21.3.yaml", "8", 9},
	};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		AUTO(release_clear) struct release r = EMPTY;
		char path[4096];

		test_data_path(ours[i].name, path, sizeof(path));
		assert_ok(release_read(path, &r, &err));
		assert_string_equal(r.file, path);
		assert_string_equal(r.el, ours[i].el);
		assert_int_equal(r.component_count, ours[i].components);
		assert_int_equal(r.created, 1629849600);
		assert_int_equal(r.rpm_keys.count, 1);
		assert_int_equal(r.service_count, 2);
		assert_int_equal(r.tls.cipher_suites.count, 4);
		for (size_t k = 0; k < r.component_count; k++)
			assert_string_equal(r.components[k].require_crypto,
					    "boringcrypto");
	}
}
