/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text.h"
#include "tests/unit/test.h"

#include <stdlib.h>

/* NULL-terminated lists of texts that a predicate takes, and does not take. */
static void holds(bool (*is)(const char *), const char *const *good,
		  const char *const *bad)
{
	for (; *good; good++)
		if (!is(*good))
			fail_msg("refused '%s'", *good);
	for (; *bad; bad++)
		if (is(*bad))
			fail_msg("took '%s'", *bad);
}
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

TEST(hex_has_one_spelling)
{
	unsigned char bytes[3] = {9, 9, 9};
	char hex[7];

	text_hex("\x00\xab\xff", 3, hex);
	assert_string_equal(hex, "00abff");
	assert_true(text_unhex("00abff", bytes, 3));
	assert_memory_equal(bytes, "\x00\xab\xff", 3);
	assert_true(text_unhex("", bytes, 0));
	for (const char *const *bad = LIST("00ABFF", "00abf", "00abff0", "00abfg",
					   " 0abff", "0x00ab", "");
	     *bad; bad++) {
		memcpy(bytes, "\x09\x09\x09", 3);
		assert_false(text_unhex(*bad, bytes, 3));
		assert_memory_equal(bytes, "\x09\x09\x09", 3);
	}
}

TEST(base64_is_that_of_rfc_4648)
{
	/* section 10 */
	static const char *const pairs[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xff\xfe\xfb", "//77"},
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		AUTO(buf_clear) struct buf to = BUF_MAX(100), back = BUF_MAX(100);

		text_base64(pairs[i][0], strlen(pairs[i][0]), &to);
		assert_string_equal(to.data ? to.data : "", pairs[i][1]);
		assert_ok(text_unbase64(pairs[i][1], strlen(pairs[i][1]), &back, &err));
		assert_string_equal(back.data ? back.data : "", pairs[i][0]);
	}
}

TEST(base64_with_another_spelling_is_refused)
{
	for (const char *const *bad = LIST("Z", "Zg", "Zg=", "Zh==", "Zm9=", "=",
					   "====", "A===", "Zg==Zg==", "Zg=a", "Zm9v\n",
					   "Zm-_", "Zm 9v", "Zm9vZm9");
	     *bad; bad++) {
		AUTO(buf_clear) struct buf to = BUF_MAX(100);

		print_message("%s\n", *bad);
		assert_err(ERR_FORMAT, text_unbase64(*bad, strlen(*bad), &to, &err));
		assert_int_equal(to.len, 0);
	}
}

TEST(base64_of_a_nul_and_over_the_ceiling_is_refused)
{
	AUTO(buf_clear) struct buf to = BUF_MAX(2);

	assert_err(ERR_FORMAT, text_unbase64("Zm\0v", 4, &to, &err));
	assert_err(ERR_LIMIT, text_unbase64("Zm9v", 4, &to, &err));
}

TEST(a_number_has_one_spelling)
{
	uint64_t n = 7;

	assert_true(text_u64("0", 0, 9, &n));
	assert_int_equal(n, 0);
	assert_true(text_u64("18446744073709551615", 0, UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	for (const char *const *bad =
		     LIST("", "-1", "+1", " 1", "1 ", "01", "00", "0x1", "1.0", "1e1",
			  "18446744073709551616", "99999999999999999999999");
	     *bad; bad++)
		assert_false(text_u64(*bad, 0, UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
	assert_false(text_u64("4", 5, 9, &n));
	assert_false(text_u64("10", 5, 9, &n));
}

TEST(a_time_comes_back_as_it_was)
{
	static const char *const times[] = {
		"1970-01-01T00:00:00Z", "2021-08-25T00:00:00Z", "2000-02-29T23:59:59Z",
		"2038-01-19T03:14:08Z", "9999-12-31T23:59:59Z"};

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		char again[TEXT_TIME_SIZE];
		int64_t t;

		assert_true(text_untime(times[i], &t));
		text_time(t, again);
		assert_string_equal(again, times[i]);
	}
}

TEST(a_time_that_is_none_is_refused)
{
	int64_t t = 5;

	for (const char *const *bad = LIST(
		     "", "2021-08-25", "2021-08-25T00:00:00", "2021-08-25t00:00:00z",
		     "2021-08-25 00:00:00Z", "2021-08-25T00:00:00+00:00",
		     "2021-08-25T00:00:00.0Z", "2021-02-30T00:00:00Z",
		     "2021-02-29T00:00:00Z", "2021-13-01T00:00:00Z",
		     "2021-00-01T00:00:00Z", "2021-01-00T00:00:00Z",
		     "2021-08-25T24:00:00Z", "2021-08-25T23:59:60Z",
		     "9999-12-31T23:59:60Z", "1969-12-31T23:59:59Z",
		     "0000-01-01T00:00:00Z", "2021-08-25T00:00:00Z ");
	     *bad; bad++) {
		print_message("%s\n", *bad);
		assert_false(text_untime(*bad, &t));
	}
	assert_int_equal(t, 5);
}

TEST(a_time_that_cannot_be_written_is_empty)
{
	char text[TEXT_TIME_SIZE];

	for (size_t i = 0; i < 4; i++) {
		const int64_t times[] = {-1, 253402300800, INT64_MAX, INT64_MIN};

		strcpy(text, "x");
		text_time(times[i], text);
		assert_string_equal(text, "");
	}
}

TEST(an_el_version_is_major_or_major_and_minor)
{
	holds(text_is_el, LIST("6", "7", "8", "8.0", "8.4", "8.10", "10", "10.1", "99"),
	      LIST("", "5", "08", "8.", ".4", "8.04", "8.4.1", "8.x", "el8", "100",
		   "8.100", " 8", "8 ", "-8"));
}

TEST(a_major_version_covers_its_minors)
{
	assert_true(text_el_covers("8", "8"));
	assert_true(text_el_covers("8", "8.4"));
	assert_true(text_el_covers("8", "8.10"));
	assert_true(text_el_covers("8.4", "8.4"));
	assert_false(text_el_covers("8.4", "8"));
	assert_false(text_el_covers("8.4", "8.40"));
	assert_false(text_el_covers("8.4", "8.5"));
	assert_false(text_el_covers("8", "80"));
	assert_false(text_el_covers("8", "9.8"));
	assert_false(text_el_covers("1", "10"));
}

TEST(a_kubernetes_version_is_semantic)
{
	holds(text_is_kubernetes,
	      LIST("v1.21.3", "v0.0.0", "v1.21.3-rc.0", "v1.21.3+fips.0",
		   "v1.21.3-alpha.1+fips.0", "v1.21.3--", "v1.21.3+00", "v1.21.3-0a"),
	      LIST("", "1.21.3", "v1.21", "v1.21.3.4", "v01.21.3", "v1.021.3",
		   "v1.21.03", "v1.21.3-", "v1.21.3+", "v1.21.3-01", "v1.21.3-a..b",
		   "v1.21.3+a+b", "v1.21.3_fips.0", "V1.21.3", "v1.21.3 ", "v1.-1.3",
		   "v1.21.1234567890",
		   "v1.21.3+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

TEST(kubernetes_versions_have_the_order_of_semantic_versioning)
{
	/* section 11 of Semantic Versioning 2.0.0, and build metadata behind it */
	static const char *const sorted[] = {
		"v0.9.9",
		"v1.0.0-0",
		"v1.0.0-2",
		"v1.0.0-11",
		"v1.0.0-alpha",
		"v1.0.0-alpha.1",
		"v1.0.0-alpha.beta",
		"v1.0.0-beta",
		"v1.0.0-beta.2",
		"v1.0.0-beta.11",
		"v1.0.0-rc.1",
		"v1.0.0-rc.1+fips",
		"v1.0.0",
		"v1.0.0+fips.0",
		"v1.0.0+fips.1",
		"v1.0.9",
		"v1.0.10",
		"v1.9.0",
		"v1.10.0",
		"v2.0.0",
	};

	for (size_t i = 0; i < ARRAY_LEN(sorted); i++)
		for (size_t k = 0; k < ARRAY_LEN(sorted); k++) {
			int cmp = text_kubernetes_cmp(sorted[i], sorted[k]);

			if ((cmp > 0) != (i > k) || (cmp < 0) != (i < k))
				fail_msg("%s %s: %d", sorted[i], sorted[k], cmp);
		}
}

static bool is_short_name(const char *s)
{
	return text_is_name(s, 8);
}

TEST(names_have_few_characters)
{
	holds(is_short_name, LIST("a", "0", "A.b_+-~^", "12345678"),
	      LIST("", ".a", "-a", "_a", "a b", "a/b", "a:b", "123456789",
		   "caf\xc3\xa9", "a\n"));
	holds(text_is_arch, LIST("x86_64", "aarch64"), LIST("", "amd64", "X86_64"));
}

TEST(a_path_has_one_spelling)
{
	char path[1026];

	holds(text_is_path,
	      LIST("/", "/a", "/usr/bin/kubelet", "/.a", "/a.", "/...", "/a b",
		   "/caf\xc3\xa9", "/a*[b]?"),
	      LIST("", "a", "a/b", "//", "/a/", "/a//b", "/.", "/..", "/a/.", "/a/..",
		   "/./a", "/../a", "/a/./b", "/a/../b", "/a\n", "/a\x7f", "/\xff"));
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[1024] = '\0';
	assert_true(text_is_path(path));
	path[1024] = 'a';
	path[1025] = '\0';
	assert_false(text_is_path(path));
}

TEST(utf8_is_that_of_rfc_3629)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{"plain", true},
		{"\xc3\xa9", true},
		{"\xe2\x82\xac", true},
		{"\xf0\x9f\x98\x80", true},
		{"\xf4\x8f\xbf\xbf", true},
		{"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
		{"\xed\xa0\x80", false},     /* surrogate */
		{"\xc0\x80", false},         /* overlong */
		{"\xc1\xbf", false},
		{"\xe0\x80\xaf", false},
		{"\xf0\x80\x80\xaf", false},
		{"\x80", false},
		{"\xbf", false},
		{"\xc3", false}, /* cut off */
		{"\xe2\x82", false},
		{"\xf0\x9f\x98", false},
		{"\xc3(", false},
		{"\xf8\x88\x80\x80\x80", false},
		{"\xfe", false},
		{"\xff", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (text_is_utf8(cases[i].text, strlen(cases[i].text)) != cases[i].good)
			fail_msg("case %zu", i);
	assert_true(text_is_utf8("a\0b", 3));
	assert_true(text_is_printable(" ~", 2));
	assert_false(text_is_printable("\x1f", 1));
	assert_false(text_is_printable("\x7f", 1));
	assert_false(text_is_printable("a\0b", 3));
}

TEST(beginnings_and_endings)
{
	assert_true(text_starts("abc", "ab"));
	assert_true(text_starts("abc", ""));
	assert_false(text_starts("a", "ab"));
	assert_true(text_ends("abc", "bc"));
	assert_true(text_ends("abc", ""));
	assert_false(text_ends("c", "bc"));
}

TEST(printable_and_plain_text_are_told_by_each_byte_wherever_it_stands)
{
	char text[19];

	for (size_t len = 1; len < sizeof(text); len++)
		for (size_t at = 0; at < len; at++)
			for (int c = 0; c < 256; c++) {
				bool printable = c >= 0x20 && c <= 0x7e;
				bool plain = printable && c != '"' && c != '\\';

				memset(text, 'a', len);
				text[at] = (char)c;
				if (text_is_printable(text, len) != printable ||
				    text_plain(text, len) != (plain ? len : at))
					fail_msg("%02x at %zu of %zu", (unsigned)c, at,
						 len);
			}
}

TEST(escaped_text_cannot_mislead_a_terminal)
{
	static const char *const pairs[][2] = {
		{"plain", "plain"},
		{"a\nb\tc\rd\\e", "a\\nb\\tc\\rd\\\\e"},
		{"\x1b[2J", "\\x1b[2J"},
		{"\x7f", "\\x7f"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"\xff\xc3", "\\xff\\xc3"},
		{"\xc2\x9b", "\\xc2\\x9b"},            /* C1 control */
		{"\xe2\x80\xae", "\\xe2\\x80\\xae"},   /* right-to-left override */
		{"\xe2\x81\xa6x", "\\xe2\\x81\\xa6x"}, /* isolate */
		{"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},   /* byte order mark */
		{"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},   /* line separator */
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		AUTO(buf_clear) struct buf b = BUF_MAX(100);

		text_escape(pairs[i][0], strlen(pairs[i][0]), &b);
		assert_string_equal(b.data, pairs[i][1]);
		assert_string_equal(TEXT_SAFE(pairs[i][0]), pairs[i][1]);
	}
}

TEST(safe_text_is_cut_between_characters)
{
	char out[10];

	assert_string_equal(text_safe("123456789", out, sizeof(out)), "123456789");
	assert_string_equal(text_safe("1234567890", out, sizeof(out)), "123456...");
	assert_string_equal(text_safe("12345\xc3\xa9xxxx", out, sizeof(out)),
			    "12345...");
	assert_string_equal(text_safe("1234\xc3\xa9xxxx", out, sizeof(out)),
			    "1234\xc3\xa9...");
}

TEST(a_copy_is_a_string)
{
	AUTO(text_freep) char *s = text_dup("abcdef", 3);

	assert_string_equal(s, "abc");
	text_freep(&s);
	assert_null(s);
}

TEST(percent_encoding_is_that_of_rfc_3986)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(1024);

	text_percent("a/v1.21.3+fips.0/%2B ?#\xc3\xa9-._~", "/", &b);
	assert_string_equal(b.data, "a/v1.21.3%2Bfips.0/%252B%20%3F%23%C3%A9-._~");
	buf_reset(&b);
	text_percent("../x", "", &b);
	assert_string_equal(b.data, "..%2Fx");
}
