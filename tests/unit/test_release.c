/* SPDX-License-Identifier: Apache-2.0 */
#include "core/release.h"
#include "tests/unit/test.h"

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

/* A text that begins well, and what is refused in it. */
#define HEAD "el: 8\nkubernetes: v1.21.3\n"
#define BODY "components:\n- {name: a, rpm: a.rpm}\n"

static const struct {
	const char *text, *says;
} refused[] = {
	{"", "r.yaml:1:1: empty"},
	{"- a\n", "r.yaml:1:1: 'a definition' must be a map"},
	{HEAD BODY "notes: x\n", "r.yaml:5:1: unknown key 'notes'"},
	{HEAD BODY "el: 9\n", "r.yaml:5:1: the key is there twice"},
	{"el: 8\n" BODY, "r.yaml:1:1: 'kubernetes' is missing"},
	{HEAD, "r.yaml:1:1: 'components' is missing"},
	{HEAD "components: []\n", "r.yaml:3:13: 'components' is empty"},
	{HEAD "components: {}\n", "'components' must be a list"},
	{HEAD "components:\n- a\n", "'components' must be a map"},
	{HEAD "components:\n- {name: a}\n", "r.yaml:4:3: component 'a' needs one of"},
	{HEAD "components:\n- {name: a, rpm: a, tar: a}\n", "has 'rpm' and 'tar'"},
	{HEAD "components:\n- {name: a, rpm: d/a}\n", "r.yaml:4:18: 'rpm' must be"},
	{HEAD "components:\n- {name: a, rpm: a, prefix: /}\n", "'prefix' is not for"},
	{HEAD "components:\n- {name: a, image: a, unsigned: allowed}\n", "not for"},
	{HEAD "components:\n- {name: a, rpm: a, unsigned: yes}\n",
	 "'unsigned' must be refused or allowed, not 'yes'"},
	{HEAD "components:\n- {name: a, file: a, version: 1}\n", "needs 'path'"},
	{HEAD "components:\n- {name: a, file: a, path: /a}\n", "needs 'version'"},
	{HEAD "components:\n- {name: a, file: a, path: /a, version: 1, files: [/a]}\n",
	 "'files' is not for"},
	{HEAD "components:\n- {name: a, rpm: a, files: [bin/a]}\n", "absolute path"},
	{HEAD "components:\n- {name: a, rpm: a, files: [/a, /a]}\n", "'/a' twice"},
	{HEAD "components:\n- {name: a, rpm: a, files: /a}\n", "must be a list"},
	{HEAD "components:\n- {name: a, rpm: a, presence: maybe}\n",
	 "must be required or optional, not 'maybe'"},
	{HEAD "components:\n- {name: a, rpm: a, require-crypto: boring}\n",
	 "must be boringcrypto or fips140-VERSION"},
	{HEAD "components:\n- {name: a, rpm: a}\n- {name: a, rpm: b}\n",
	 "r.yaml:5:10: component 'a' is there twice"},
	{HEAD BODY "revision: 0\n", "r.yaml:5:11: 'revision' must be a number from 1"},
	{HEAD BODY "revision: 01\n", "'revision' must be a number"},
	{HEAD BODY "created: 2021-08-25\n", "'created' must be a time like"},
	{HEAD BODY "arch: i386\n", "'arch' must be x86_64 or aarch64, not 'i386'"},
	{HEAD BODY "note:\n", "'note' must be"},
	{HEAD BODY "note: [a]\n", "'note' must be text"},
	{HEAD BODY "note: &a x\n", "r.yaml:5:7: anchors, aliases and tags"},
	{HEAD BODY "note: *a\n", "anchors, aliases and tags"},
	{HEAD BODY "note: !!str x\n", "anchors, aliases and tags"},
	{HEAD BODY "? [a]\n: x\n", "a key must be plain text"},
	{HEAD BODY "<<: {note: x}\n", "unknown key '<<'"},
	{HEAD BODY "note: \"a\\0b\"\n", "text with a NUL"},
	{HEAD BODY "note: \"a\\nb\"\n", "'note' must be"},
	{HEAD BODY "note: \xff\n", "r.yaml: byte"},
	{HEAD BODY "note: a: b\n", "r.yaml:5:8: mapping values"},
	{HEAD BODY "---\n" HEAD, "r.yaml:5:1: a second document"},
	{"%YAML 1.1\n---\n" HEAD BODY, "directives are not allowed"},
	{HEAD BODY "services:\n- {name: s, port: 1, component: b}\n",
	 "r.yaml:6:33: service 's' names the component 'b', which is not there"},
	{HEAD BODY "services:\n- {name: s, port: 65536, component: a}\n",
	 "'port' must be a number from 1 to 65535"},
	{HEAD BODY "services:\n- {name: s, port: 1, component: a}\n"
		   "- {name: s, port: 2, component: a}\n",
	 "r.yaml:7:10: service 's' is there twice"},
	{HEAD BODY "tls: {cipher-suites: [TLS_A]}\n", "'min-version' is missing"},
	{HEAD BODY "tls: {min-version: TLSv1.1}\n", "TLSv1.2 or TLSv1.3"},
	{HEAD BODY "tls: {min-version: TLSv1.2, cipher-suites: [AES128-SHA]}\n",
	 "IANA's name of a cipher suite"},
	{HEAD BODY "exceptions:\n- {reason: r, expires: 2022-01-01T00:00:00Z}\n",
	 "an exception needs a path or a component"},
	{HEAD BODY "exceptions:\n- {component: b, reason: r, "
		   "expires: 2022-01-01T00:00:00Z}\n",
	 "names the component 'b', which is not there"},
	{HEAD BODY "exceptions:\n- {component: a, reason: r}\n",
	 "'expires' is missing"},
};

TEST(what_is_not_a_definition_is_refused_with_its_place)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct release r, before;

		memset(&before, 0x5a, sizeof(before));
		r = before;
		print_message("%s\n", refused[i].says);
		assert_err(ERR_FORMAT,
			   release_parse("r.yaml", refused[i].text,
					 strlen(refused[i].text), &r, &err));
		assert_says(refused[i].says);
		assert_memory_equal(&r, &before, sizeof(r));
	}
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
