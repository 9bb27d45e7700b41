/* SPDX-License-Identifier: Apache-2.0 */
#include "core/manifest_text.h"

#include "core/manifest.h"
#include "core/manifest_table.h"
#include "core/text.h"
#include "tests/unit/test.h"

static const char sample[] = "manifest-el8-x86_64.json"; /* one word has an escape */

/* What the quick reader takes and what it makes of it, whole. */
static bool reads(const char *text, size_t len, struct buf *again)
{
	AUTO(manifest_clear) struct manifest m = EMPTY;
	struct error why;

	buf_reset(again);
	return manifest_text_read(manifest_table, text, len, &m) &&
	       manifest_check(&m, &why) && manifest_write(&m, again, &why);
}

TEST(a_manifest_is_read_without_the_json_reader)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(buf_clear) struct buf again = BUF_MAX(MANIFEST_TEXT_MAX);

	test_load(sample, &text);
	assert_true(reads(text.data, text.len, &again));
	assert_true(buf_equal(&text, &again));
}

/* A note as it stands in the text, and what it says. */
static const struct {
	const char *text, *says;
} strings[] = {
	{"plain", "plain"},
	{"", ""},
	{"\\\"\\\\\\\"", "\"\\\""},
	{"caf\\u00e9 \\u20ac.", "caf\u00e9 \u20ac."},
	{"\\ud83d\\ude00", "\U0001f600"},
	{"\\udbff\\udfff", "\U0010ffff"},
	{"\\u00E9", NULL},
	{"\\u00e", NULL},
	{"\\n", NULL},
	{"\\u", NULL},
	{"\\ud83d", NULL},
	{"\\ud83d\\ud8", NULL},
	{"\\ud83d\\", NULL},
	{"\\", NULL},
};

TEST(strings_are_read_with_the_escapes_of_the_canonical_form)
{
	static const struct manifest_field note[] = {
		{.key = "note", .type = MANIFEST_FIELD_TEXT}, {0}};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		AUTO(text_freep) char *got = NULL;
		AUTO(buf_clear) struct buf text = BUF_MAX(256);

		buf_printf(&text, "{\n  \"note\": \"%s\"\n}\n", strings[i].text);
		print_message("%s", text.data);
		assert_int_equal(manifest_text_read(note, text.data, text.len,
						    (void *)&got),
				 strings[i].says != NULL);
		if (strings[i].says)
			assert_string_equal(got, strings[i].says);
	}
}

TEST(a_text_that_ends_early_is_never_read)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(buf_clear) struct buf again = BUF_MAX(MANIFEST_TEXT_MAX);

	test_load(sample, &text);
	for (size_t len = 0; len < text.len; len++)
		if (reads(text.data, len, &again))
			fail_msg("read with %zu of %zu bytes", len, text.len);
}

/* One byte is spoiled, at every third place, by each of these. */
TEST(both_readers_say_the_same_of_every_spoiled_text)
{
	static const char spoil[] = {'"', '9', ' ', '\n', '\0', 'e', '\\', '}'};
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	size_t taken = 0;

	test_load(sample, &text);
	for (size_t at = 0; at < text.len; at += 3) {
		AUTO(manifest_clear) struct manifest a = EMPTY;
		AUTO(manifest_clear) struct manifest b = EMPTY;
		char was = text.data[at];
		struct error err_a, err_b;
		bool ok;

		text.data[at] = spoil[at / 3 % sizeof(spoil)];
		ok = manifest_parse(text.data, text.len, &a, &err_a);
		if (ok != manifest_parse_json(text.data, text.len, &b, &err_b))
			fail_msg("byte %zu: one takes it", at);
		if (!ok)
			assert_string_equal(err_a.msg, err_b.msg);
		taken += ok;
		text.data[at] = was;
	}
	assert_in_range(taken, 1, text.len / 3); /* 9 for a digit is as good */
}
