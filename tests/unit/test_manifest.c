/* SPDX-License-Identifier: Apache-2.0 */
#include "core/manifest.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <stdio.h>

static const char good[] = "manifest-el8-x86_64.json";

static void parse(const char *name, struct manifest *out)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	struct error why;

	test_load(name, &text);
	if (!manifest_parse(text.data, text.len, out, &why))
		fail_msg("%s: %s", name, why.msg);
}

TEST(a_manifest_is_read_and_written_byte_for_byte)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(buf_clear) struct buf again = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(manifest_clear) struct manifest m = EMPTY;

	test_load(good, &text);
	assert_ok(manifest_parse(text.data, text.len, &m, &err));
	assert_ok(manifest_check(&m, &err));
	manifest_sort(&m);
	assert_ok(manifest_write(&m, &again, &err));
	assert_string_equal(text.data, again.data);
}

TEST(every_member_of_a_manifest_arrives)
{
	AUTO(manifest_clear) struct manifest m = EMPTY;
	const struct manifest_component *c;

	parse(good, &m);
	assert_string_equal(m.el, "8");
	assert_string_equal(m.kubernetes, "v1.21.3");
	assert_string_equal(m.arch, "x86_64");
	assert_int_equal(m.revision, 1);
	assert_int_equal(m.created, 1629849600);
	assert_string_equal(m.note, "first");
	assert_int_equal(m.component_count, 2);

	c = manifest_find(&m, "kube-apiserver");
	assert_non_null(c);
	assert_int_equal(c->presence, MANIFEST_OPTIONAL);
	assert_int_equal(c->source.type, MANIFEST_IMAGE);
	assert_null(c->source.signer);
	assert_string_equal(c->source.image_reference,
			    "registry.example.org/kube-apiserver:v1.21.3_fips.0");
	assert_int_equal(c->source.image_manifest.bytes[31], 0x22);
	assert_int_equal(c->source.image_config.bytes[0], 0x11);
	assert_int_equal(c->files[0].kind, MANIFEST_IN_IMAGE);

	c = manifest_find(&m, "kubelet");
	assert_non_null(c);
	assert_string_equal(c->version, "1.21.3-0");
	assert_int_equal(c->presence, MANIFEST_REQUIRED);
	assert_string_equal(c->source.name, "kubelet-1.21.3-0.x86_64.rpm");
	assert_int_equal(c->source.size, 20000000);
	assert_int_equal(c->file_count, 2);
	assert_string_equal(c->files[0].path, "/usr/bin/kubelet");
	assert_int_equal(c->files[0].mode, 0755);
	assert_int_equal(c->files[0].size, 114000000);
	assert_int_equal(c->files[0].sha256.bytes[0], 0x44);
	assert_string_equal(c->files[0].owner, "root:root");
	assert_string_equal(c->files[0].capabilities, "cap_net_raw=ep");
	assert_string_equal(c->files[0].go_version, "go1.16.7b7");
	assert_string_equal(c->files[0].go_crypto, "boringcrypto");
	assert_string_equal(c->files[1].link, "kubelet");
	assert_null(c->files[1].go_version);

	assert_int_equal(m.services[0].port, 6443);
	assert_string_equal(m.tls.min_version, "TLSv1.2");
	assert_int_equal(m.tls.cipher_suites.count, 1);
	assert_int_equal(m.tls.groups.count, 0);
	assert_string_equal(m.exceptions[0].path, "/usr/bin/kubelet");
	assert_string_equal(m.exceptions[1].reason, "caf\xc3\xa9");
	assert_null(manifest_find(&m, "etcd"));
}

TEST(a_manifest_has_a_file_name_and_an_id)
{
	AUTO(manifest_clear) struct manifest m = EMPTY;
	AUTO(text_freep) char *name = NULL, *id = NULL;

	parse(good, &m);
	name = manifest_file_name(&m);
	id = manifest_id(&m);
	assert_string_equal(name, good);
	assert_string_equal(id, "el8/v1.21.3/x86_64@1");
}

/* ---- refusals: tests/data/refuse/manifest/NAME.json ---- */

static const struct {
	const char *name;
	enum error_code code;
	const char *says;
} refused[] = {
	{"bad-arch", ERR_FORMAT, "line 2: 'arch' must be x86_64 or aarch64"},
	{"bad-created", ERR_FORMAT,
	 "line 66: 'created' must be a time like 2021-08-25T00:00:00Z"},
	{"bad-el", ERR_FORMAT, "line 67: 'el' must be like 8 or 8.4"},
	{"bad-kubernetes", ERR_FORMAT,
	 "line 81: 'kubernetes' must be a version like v1.21.3"},
	{"bad-name", ERR_FORMAT, "line 18: 'name' must be a name of at most 128 bytes"},
	{"bad-owner", ERR_FORMAT, "line 43: 'owner' must be USER:GROUP"},
	{"bad-presence", ERR_FORMAT,
	 "line 19: 'presence' must be required or optional"},
	{"bad-source-type", ERR_FORMAT,
	 "line 61: 'type' must be rpm or image or tar or file"},
	{"bad-utf8", ERR_FORMAT, "line 82: unable to decode byte 0xff near '\"'"},
	{"bad-version", ERR_FORMAT,
	 "line 31: 'version' must be a version of at most 128 bytes"},
	{"byte-order-mark", ERR_FORMAT, "line 1: invalid token near '\\xef\\xbb\\xbf'"},
	{"cipher-suite-twice", ERR_FORMAT,
	 "line 92: 'cipher_suites' has 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384' twice"},
	{"component-twice", ERR_FORMAT, "line 65: component 'kubelet' is there twice"},
	{"components-out-of-order", ERR_FORMAT,
	 "line 36: component 'kube-apiserver' must stand before 'kubelet'"},
	{"control-character", ERR_FORMAT, "line 82: text with a control character"},
	{"crlf", ERR_FORMAT, "line 1: not in canonical form"},
	{"delete-character", ERR_FORMAT, "line 82: text with a control character"},
	{"duplicate-key", ERR_FORMAT, "line 68: duplicate object key near '\"el\"'"},
	{"empty-cipher-suites", ERR_FORMAT,
	 "line 92: 'cipher_suites' is empty; leave it out"},
	{"empty-link", ERR_FORMAT,
	 "line 50: 'link' must be 1 to 1024 bytes of text without control characters"},
	{"empty-note", ERR_FORMAT,
	 "line 82: 'note' must be 1 to 1024 bytes of text without control characters"},
	{"empty-services", ERR_FORMAT, "line 84: 'services' is empty; leave it out"},
	{"empty", ERR_FORMAT, "line 1: an empty JSON text"},
	{"escaped-ascii", ERR_FORMAT, "line 82: not in canonical form"},
	{"escaped-slash", ERR_FORMAT, "line 44: not in canonical form"},
	{"exception-for-nothing", ERR_FORMAT,
	 "line 69: an exception names '/usr/bin/etcd', which is not there"},
	{"exception-twice", ERR_FORMAT,
	 "line 79: the exception for 'kubelet' is there twice"},
	{"exception-with-two-subjects", ERR_FORMAT,
	 "line 69: an exception names a path or a component, one of the two"},
	{"exception-without-end", ERR_FORMAT, "line 69: 'expires' is missing"},
	{"exception-without-reason", ERR_FORMAT, "line 69: 'reason' is missing"},
	{"exception-without-subject", ERR_FORMAT,
	 "line 69: an exception names a path or a component, one of the two"},
	{"exceptions-out-of-order", ERR_FORMAT,
	 "line 74: the exception for '/usr/bin/kubelet' must stand before 'kubelet'"},
	{"exponent", ERR_FORMAT, "line 46: a number that is not an integer"},
	{"file-twice", ERR_FORMAT, "line 48: file '/usr/bin/kubelet' is there twice"},
	{"files-out-of-order", ERR_FORMAT,
	 "line 40: file '/usr/bin/kubelet' must stand before '/usr/bin/kubelet-link'"},
	{"float", ERR_FORMAT, "line 46: a number that is not an integer"},
	{"go-empty", ERR_FORMAT, "line 37: 'crypto' is missing"},
	{"go-without-crypto", ERR_FORMAT, "line 37: 'crypto' is missing"},
	{"host-file-in-an-image", ERR_FORMAT,
	 "line 6: '/usr/local/bin/kube-apiserver' must be of kind 'image', as its "
	 "source is"},
	{"image-file-on-the-host", ERR_FORMAT,
	 "line 35: '/usr/bin/kubelet' must be of kind 'host', as its source is"},
	{"image-of-an-rpm", ERR_FORMAT, "line 57: 'image' does not belong here"},
	{"image-without-digests", ERR_FORMAT, "line 20: 'image' is missing"},
	{"keys-out-of-order", ERR_FORMAT, "line 66: not in canonical form"},
	{"later-format", ERR_FORMAT,
	 "line 80: format 'fips-manifest/2'; this program reads 'fips-manifest/1'"},
	{"leading-zero", ERR_FORMAT, "line 83: invalid token near '0'"},
	{"link-with-capabilities", ERR_FORMAT,
	 "line 49: 'capabilities' does not belong here"},
	{"link-with-digest", ERR_FORMAT, "line 52: 'sha256' does not belong here"},
	{"link-with-go", ERR_FORMAT, "line 49: 'go' does not belong here"},
	{"link-with-mode", ERR_FORMAT, "line 51: 'mode' does not belong here"},
	{"lone-surrogate", ERR_FORMAT,
	 "line 82: invalid Unicode '\\\\uD800' near '\"\\\\ud800\"'"},
	{"long-digest", ERR_FORMAT,
	 "line 45: 'sha256' must be 64 lower-case hex digits"},
	{"long-line", ERR_LIMIT, "line 82: longer than 4096 bytes"},
	{"mode-as-number", ERR_FORMAT, "line 42: 'mode' must be a string"},
	{"mode-not-octal", ERR_FORMAT, "line 42: 'mode' must be four octal digits"},
	{"negative-size", ERR_FORMAT,
	 "line 46: 'size' is -1, not from 0 to 9007199254740991"},
	{"negative-zero", ERR_FORMAT, "line 46: not in canonical form"},
	{"nested-too-deep", ERR_LIMIT, "JSON nested deeper than 64 levels"},
	{"no-components", ERR_FORMAT, "line 3: the manifest has no components"},
	{"no-final-newline", ERR_FORMAT, "line 97: not in canonical form"},
	{"no-format", ERR_FORMAT, "line 1: 'format' is missing"},
	{"no-mode", ERR_FORMAT, "line 35: 'mode' is missing"},
	{"no-revision", ERR_FORMAT, "line 1: 'revision' is missing"},
	{"no-such-day", ERR_FORMAT,
	 "line 66: 'created' must be a time like 2021-08-25T00:00:00Z"},
	{"nul", ERR_FORMAT,
	 "line 82: \\\\u0000 is not allowed without JSON_ALLOW_NUL near "
	 "'\"a\\\\u0000\"'"},
	{"null-note", ERR_FORMAT, "line 82: 'note' must be a string"},
	{"number-beyond-64-bits", ERR_FORMAT,
	 "line 46: too big integer near '99999999999999999999'"},
	{"one-line", ERR_FORMAT, "line 1: not in canonical form"},
	{"openssl-cipher-name", ERR_FORMAT,
	 "line 92: 'cipher_suites' must be IANA's name of a cipher suite, TLS_..."},
	{"path-is-the-root", ERR_FORMAT,
	 "line 44: 'path' must be an absolute path in its shortest form"},
	{"path-of-a-folder", ERR_FORMAT,
	 "line 44: 'path' must be an absolute path in its shortest form"},
	{"path-of-two-components", ERR_FORMAT,
	 "line 67: '/usr/bin/kubelet' belongs to component 'kubelet' and to component "
	 "'kubelet-too'"},
	{"path-with-dot-dot", ERR_FORMAT,
	 "line 44: 'path' must be an absolute path in its shortest form"},
	{"path-with-two-slashes", ERR_FORMAT,
	 "line 44: 'path' must be an absolute path in its shortest form"},
	{"port-too-large", ERR_FORMAT, "line 88: 'port' is 65536, not from 1 to 65535"},
	{"port-zero", ERR_FORMAT, "line 88: 'port' is 0, not from 1 to 65535"},
	{"raw-utf8", ERR_FORMAT, "line 77: not in canonical form"},
	{"reference-with-blank", ERR_FORMAT,
	 "line 24: 'reference' must be ASCII without blanks"},
	{"relative-path", ERR_FORMAT,
	 "line 44: 'path' must be an absolute path in its shortest form"},
	{"revision-too-large", ERR_FORMAT,
	 "line 83: 'revision' is 1000001, not from 1 to 1000000"},
	{"revision-zero", ERR_FORMAT,
	 "line 83: 'revision' is 0, not from 1 to 1000000"},
	{"rpm-without-files", ERR_FORMAT, "line 33: component 'kubelet' has no files"},
	{"rpm-without-signer", ERR_FORMAT, "line 56: 'signer' is missing"},
	{"service-of-nobody", ERR_FORMAT,
	 "line 85: service 'kube-apiserver' names the component 'etcd', which is not "
	 "there"},
	{"service-twice", ERR_FORMAT,
	 "line 90: service 'kube-apiserver' is there twice"},
	{"services-out-of-order", ERR_FORMAT,
	 "line 90: service 'a' must stand before 'kube-apiserver'"},
	{"short-digest", ERR_FORMAT,
	 "line 45: 'sha256' must be 64 lower-case hex digits"},
	{"short-signer", ERR_FORMAT,
	 "line 59: 'signer' must be a fingerprint of 40 or 64 upper-case hex digits"},
	{"signer-of-an-image", ERR_FORMAT, "line 28: 'signer' does not belong here"},
	{"size-beyond-2-53", ERR_FORMAT, "line 46: integer beyond 2^53-1"},
	{"string-revision", ERR_FORMAT, "line 83: 'revision' must be an integer"},
	{"tabs", ERR_FORMAT, "line 2: not in canonical form"},
	{"text-behind", ERR_FORMAT, "line 98: end of file expected near '{'"},
	{"three-digit-mode", ERR_FORMAT, "line 42: 'mode' must be four octal digits"},
	{"time-zone", ERR_FORMAT,
	 "line 66: 'created' must be a time like 2021-08-25T00:00:00Z"},
	{"tls-version-1.1", ERR_FORMAT,
	 "line 95: 'min_version' must be TLSv1.2 or TLSv1.3"},
	{"tls-without-min-version", ERR_FORMAT, "line 91: 'min_version' is missing"},
	{"top-level-array", ERR_FORMAT, "line 1: expected an object"},
	{"top-level-null", ERR_FORMAT, "line 1: expected an object"},
	{"trailing-blank", ERR_FORMAT, "line 67: not in canonical form"},
	{"truncated", ERR_FORMAT, "line 31: premature end of input near '\"v1'"},
	{"two-final-newlines", ERR_FORMAT, "line 98: not in canonical form"},
	{"unknown-key-in-file", ERR_FORMAT, "line 42: unknown key 'md5'"},
	{"unknown-key", ERR_FORMAT, "line 82: unknown key 'nota'"},
	{"upper-case-digest", ERR_FORMAT,
	 "line 45: 'sha256' must be 64 lower-case hex digits"},
	{"upper-case-escape", ERR_FORMAT, "line 77: not in canonical form"},
};

TEST(a_damaged_manifest_is_refused_with_line_and_reason)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
		struct manifest m, before;
		char name[256];

		snprintf(name, sizeof(name), "refuse/manifest/%s.json",
			 refused[i].name);
		print_message("%s\n", name);
		test_load(name, &text);
		memset(&before, 0x5a, sizeof(before));
		m = before;
		assert_err(refused[i].code,
			   manifest_parse(text.data, text.len, &m, &err));
		assert_says(refused[i].says);
		assert_memory_equal(&m, &before, sizeof(m));
	}
}

TEST(every_file_of_refusals_is_in_the_table)
{
	assert_int_equal(test_count("refuse/manifest"), ARRAY_LEN(refused));
}

/* Wherever the line stands, and whether it ends or not. */
TEST(a_line_of_a_manifest_has_4096_bytes_at_most)
{
	for (size_t before = 0; before < 3; before++)
		for (size_t len = MANIFEST_LINE_MAX; len <= MANIFEST_LINE_MAX + 1;
		     len++)
			for (size_t ends = 0; ends < 2; ends++) {
				AUTO(buf_clear) struct buf text = BUF_MAX(65536);
				char says[64];
				struct manifest m;

				for (size_t i = 0; i < before * MANIFEST_LINE_MAX; i++)
					buf_putc(&text, i % 64 == 63 ? '\n' : 'b');
				buf_printf(&text, "%0*d%s", (int)len, 0,
					   ends ? "\nc\n" : "");
				snprintf(says, sizeof(says),
					 "line %zu: longer than 4096",
					 before * MANIFEST_LINE_MAX / 64 + 1);
				assert_err(len > MANIFEST_LINE_MAX ? ERR_LIMIT
								   : ERR_FORMAT,
					   manifest_parse(text.data, text.len, &m,
							  &err));
				if (len > MANIFEST_LINE_MAX)
					assert_says(says);
			}
}

TEST(a_large_manifest_is_refused_by_its_size_alone)
{
	struct manifest m;

	assert_err(ERR_LIMIT,
		   manifest_parse("", MANIFEST_TEXT_MAX + (size_t)1, &m, &err));
}
