/* SPDX-License-Identifier: Apache-2.0 */
#include "core/manifest_text.h"

#include "core/manifest.h"
#include "core/manifest_table.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <stdlib.h>

static void replace(char **text, const char *with)
{
	free(*text);
	*text = text_dup(with, strlen(with));
}

/* The sample with that note and without its one word that takes an escape. */
static void sample(const char *note, struct buf *out)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(manifest_clear) struct manifest m = EMPTY;
	struct error why;

	test_load("manifest-el8-x86_64.json", &text);
	if (!manifest_parse(text.data, text.len, &m, &why))
		fail_msg("%s", why.msg);
	replace(&m.note, note);
	for (size_t i = 0; i < m.exception_count; i++)
		replace(&m.exceptions[i].reason, "coffee");
	buf_reset(out);
	if (!manifest_write(&m, out, &why))
		fail_msg("%s", why.msg);
}

/* What the quick reader takes and what it makes of it, whole. */
static bool reads(const char *text, size_t len, struct buf *again)
{
	AUTO(manifest_clear) struct manifest m = EMPTY;
	AUTO(text_freep) char *copy = text_dup(text, len);
	struct error why;

	buf_reset(again);
	return manifest_text_read(manifest_table, copy, &m) &&
	       manifest_check(&m, &why) && manifest_write(&m, again, &why);
}

TEST(a_plain_text_is_read_without_the_json_reader)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(buf_clear) struct buf again = BUF_MAX(MANIFEST_TEXT_MAX);

	sample("plain", &text);
	assert_true(reads(text.data, text.len, &again));
	assert_true(buf_equal(&text, &again));
}

TEST(a_text_with_escapes_is_left_to_the_json_reader)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(buf_clear) struct buf again = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(manifest_clear) struct manifest m = EMPTY;

	sample("a \"quoted\" word", &text);
	assert_false(reads(text.data, text.len, &again));
	assert_ok(manifest_parse(text.data, text.len, &m, &err));
	assert_string_equal(m.note, "a \"quoted\" word");
}

TEST(a_text_that_ends_early_is_never_read)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(buf_clear) struct buf again = BUF_MAX(MANIFEST_TEXT_MAX);

	sample("plain", &text);
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

	sample("plain", &text);
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
