/* SPDX-License-Identifier: Apache-2.0 */
#include "core/manifest.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

static const char good[] = "manifest-el8-x86_64.json";

static void parse(const char *name, struct manifest *out)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	struct error why;

	test_load(name, &text);
	if (!manifest_parse(text.data, text.len, out, &why))
		fail_msg("%s: %s", name, why.msg);
}

/* ---- what was made and not read ---- */

static void replace(char **text, const char *with)
{
	free(*text);
	*text = with ? text_dup(with, strlen(with)) : NULL;
}

static void no_el(struct manifest *m)
{
	replace(&m->el, NULL);
}

static void early(struct manifest *m)
{
	m->created = -1;
}

static void late(struct manifest *m)
{
	m->created = 253402300800; /* year 10000 */
}

static void no_path(struct manifest *m)
{
	replace(&m->components[1].files[0].path, NULL);
}

static void wide_mode(struct manifest *m)
{
	m->components[1].files[0].mode = 010000;
}

static void large(struct manifest *m)
{
	m->components[1].files[0].size = (uint64_t)1 << 53;
}

static void foreign_signer(struct manifest *m)
{
	replace(&m->components[0].source.signer, "x");
}

static void foreign_reference(struct manifest *m)
{
	replace(&m->components[1].source.image_reference, "x");
}

static void link_in_go(struct manifest *m)
{
	replace(&m->components[1].files[0].link, "x");
}

static void half_go(struct manifest *m)
{
	replace(&m->components[1].files[0].go_crypto, NULL);
}

static void unsorted(struct manifest *m)
{
	replace(&m->components[0].name, "zzz");
	replace(&m->services[0].component, "zzz");
}

static void half_tls(struct manifest *m)
{
	replace(&m->tls.min_version, NULL);
}

static void no_word(struct manifest *m)
{
	m->components[0].presence = 2;
}

static void not_utf8(struct manifest *m)
{
	replace(&m->note, "\xc3");
}

/* Each changes one thing in a good manifest. */
static const struct {
	void (*spoil)(struct manifest *m);
	enum error_code code;
	const char *says;
} spoiled[] = {
	{no_el, ERR_FORMAT, "'el' is missing"},
	{early, ERR_FORMAT, "'created' is not in the years 1970 to 9999"},
	{late, ERR_FORMAT, "'created' is not in the years 1970 to 9999"},
	{no_path, ERR_FORMAT, "components[1]: files[0]: 'path' is missing"},
	{wide_mode, ERR_FORMAT, "'mode' is 4096, not from 0 to 4095"},
	{large, ERR_FORMAT, "'size' is 9007199254740992, not from 0"},
	{foreign_signer, ERR_FORMAT, "'signer' does not belong here"},
	{foreign_reference, ERR_FORMAT, "'reference' does not belong here"},
	{link_in_go, ERR_FORMAT, "does not belong here"},
	{half_go, ERR_FORMAT, "'go': 'crypto' is missing"},
	{unsorted, ERR_FORMAT, "component 'kubelet' must stand before 'zzz'"},
	{half_tls, ERR_FORMAT, "'tls': 'min_version' is missing"},
	{no_word, ERR_FORMAT, "'presence' is 2, not from 0 to 1"},
	{not_utf8, ERR_FORMAT, "'note' must be"},
};

TEST(a_made_manifest_is_held_to_the_same_rules)
{
	for (size_t i = 0; i < ARRAY_LEN(spoiled); i++) {
		AUTO(manifest_clear) struct manifest m = EMPTY;

		parse(good, &m);
		print_message("%s\n", spoiled[i].says);
		spoiled[i].spoil(&m);
		assert_err(spoiled[i].code, manifest_check(&m, &err));
		assert_says(spoiled[i].says);
	}
}

TEST(sorting_makes_what_the_format_asks_for)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(buf_clear) struct buf again = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(manifest_clear) struct manifest m = EMPTY;
	struct manifest_component c;
	struct manifest_file f;
	struct manifest_exception x;

	test_load(good, &text);
	parse(good, &m);
	c = m.components[0];
	m.components[0] = m.components[1];
	m.components[1] = c;
	f = m.components[0].files[0];
	m.components[0].files[0] = m.components[0].files[1];
	m.components[0].files[1] = f;
	x = m.exceptions[0];
	m.exceptions[0] = m.exceptions[1];
	m.exceptions[1] = x;
	assert_err(ERR_FORMAT, manifest_check(&m, &err));
	manifest_sort(&m);
	assert_ok(manifest_check(&m, &err));
	assert_ok(manifest_write(&m, &again, &err));
	assert_string_equal(text.data, again.data);
}

/* ---- ceilings ---- */

/* A component of one file, as `many` of them need. */
static void fill(struct manifest_component *c, size_t i, size_t files)
{
	char text[64];

	snprintf(text, sizeof(text), "c%06zu", i);
	replace(&c->name, text);
	replace(&c->version, "1");
	c->source.type = MANIFEST_TAR;
	replace(&c->source.name, "c.tar");
	c->files = calloc(files, sizeof(*c->files));
	assert_non_null(c->files);
	c->file_count = files;
	for (size_t k = 0; k < files; k++) {
		snprintf(text, sizeof(text), "/%06zu/%06zu", i, k);
		replace(&c->files[k].path, text);
	}
}

static void many(struct manifest *m, size_t components, size_t files)
{
	replace(&m->el, "8");
	replace(&m->kubernetes, "v1.21.3");
	replace(&m->arch, "x86_64");
	m->revision = 1;
	m->components = calloc(components, sizeof(*m->components));
	assert_non_null(m->components);
	m->component_count = components;
	for (size_t i = 0; i < components; i++)
		fill(&m->components[i], i, files);
}

TEST(a_thousand_components_pass_and_one_more_is_refused)
{
	AUTO(manifest_clear) struct manifest m = EMPTY;

	many(&m, MANIFEST_COMPONENTS_MAX + 1, 1);
	assert_err(ERR_LIMIT, manifest_check(&m, &err));
	assert_says("'components' has 1001 elements, the limit is 1000");
	m.component_count--;
	assert_ok(manifest_check(&m, &err));
	m.component_count++;
}

TEST(the_files_of_all_components_have_one_ceiling)
{
	AUTO(manifest_clear) struct manifest m = EMPTY;

	many(&m, 2, MANIFEST_FILES_MAX / 2 + 1);
	assert_err(ERR_LIMIT, manifest_check(&m, &err));
	assert_says("200002 files, the limit is 200000");
}

/* ---- comparing ---- */

static void note_change(void *arg, const struct manifest_change *c)
{
	buf_printf(arg, "%s|%s|%s|%s|%s\n", c->component ? c->component : "-",
		   c->path ? c->path : "-", c->field, c->from ? c->from : "-",
		   c->to ? c->to : "-");
}

TEST(equal_manifests_have_no_differences)
{
	AUTO(manifest_clear) struct manifest a = EMPTY, b = EMPTY;
	AUTO(buf_clear) struct buf log = BUF_MAX(65536);

	parse(good, &a);
	parse(good, &b);
	assert_ok(manifest_compare(&a, &b, note_change, &log, &err));
	assert_int_equal(log.len, 0);
}

TEST(every_difference_is_told_once_and_in_order)
{
	AUTO(manifest_clear) struct manifest a = EMPTY, b = EMPTY;
	AUTO(buf_clear) struct buf log = BUF_MAX(65536);
	struct manifest_component *c;

	parse(good, &a);
	parse(good, &b);
	c = &b.components[1];
	b.revision = 2;
	replace(&b.note, NULL);
	replace(&c->version, "1.21.4-0");
	memset(&c->source.sha256, 0xaa, sizeof(c->source.sha256));
	replace(&c->source.signer, "0123456789ABCDEF0123456789ABCDEF01234567");
	c->files[0].mode = 04755;
	replace(&c->files[0].go_version, NULL);
	replace(&c->files[0].go_crypto, NULL);
	replace(&c->files[1].path, "/usr/bin/new-link");
	replace(&b.components[0].name, "kube-proxy");
	replace(&b.services[0].component, "kube-proxy");
	replace(&b.tls.min_version, "TLSv1.3");
	replace(&b.exceptions[1].reason, "other");
	assert_ok(manifest_check(&b, &err));
	assert_ok(manifest_compare(&a, &b, note_change, &log, &err));
	assert_string_equal(
		log.data,
		"kube-apiserver|-|removed|v1.21.3_fips.0|-\n"
		"kube-proxy|-|added|-|v1.21.3_fips.0\n"
		"kubelet|/usr/bin/kubelet|go.crypto|boringcrypto|-\n"
		"kubelet|/usr/bin/kubelet|go.version|go1.16.7b7|-\n"
		"kubelet|/usr/bin/kubelet|mode|0755|4755\n"
		"kubelet|/usr/bin/kubelet-link|removed|kubelet|-\n"
		"kubelet|/usr/bin/new-link|added|-|kubelet\n"
		"kubelet|-|source.sha256|"
		"5555555555555555555555555555555555555555555555555555555555555555|"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
		"kubelet|-|source.signer|none|"
		"0123456789ABCDEF0123456789ABCDEF01234567\n"
		"kubelet|-|version|1.21.3-0|1.21.4-0\n"
		"-|-|exceptions[kubelet].reason|caf\xc3\xa9|other\n"
		"-|-|note|first|-\n"
		"-|-|revision|1|2\n"
		"-|-|services[kube-apiserver].component|kube-apiserver|kube-proxy\n"
		"-|-|tls.min_version|TLSv1.2|TLSv1.3\n");
}
