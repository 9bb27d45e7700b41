/* SPDX-License-Identifier: Apache-2.0 */
#include "server/negotiate.h"
#include "tests/unit/test.h"

static const int64_t noon = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */

TEST(negotiate_writes_dates_as_rfc_9110_does)
{
	char text[NEGOTIATE_DATE_SIZE];

	negotiate_date(noon, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	negotiate_date(1629849600, text);
	assert_string_equal(text, "Wed, 25 Aug 2021 00:00:00 GMT");
}

TEST(negotiate_reads_the_three_forms_of_a_date)
{
	static const char *const forms[] = {
		"Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
	};
	int64_t t;

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		t = 0;
		assert_true(negotiate_undate(forms[i], 1629849600, &t));
		assert_int_equal(t, noon);
	}
	/* more than 50 years ahead is the century before */
	assert_true(negotiate_undate("Sunday, 06-Nov-71 08:49:37 GMT", 1629849600, &t));
	assert_true(t > 1629849600);
	assert_true(negotiate_undate("Sunday, 06-Nov-72 08:49:37 GMT", 1629849600, &t));
	assert_true(t < noon);
}

TEST(negotiate_refuses_what_is_no_date)
{
	static const char *const bad[] = {
		"",
		"0",
		"Sun",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 06 XXX 1994 08:49:37 GMT",
		"sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 94 08:49:37 GMT",
	};
	int64_t t = 7;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (negotiate_undate(bad[i], noon, &t))
			fail_msg("'%s' was read as a date", bad[i]);
	assert_int_equal(t, 7);
}

TEST(negotiate_weighs_codings_by_their_q)
{
	static const struct {
		const char *value;
		unsigned identity, gzip, zstd;
	} table[] = {
		{NULL, 1000, 0, 0},
		{"", 1, 0, 0},
		{"gzip", 1, 1000, 0},
		{"x-gzip", 1, 1000, 0},
		{"GZIP , zstd;q=0.5", 1, 1000, 500},
		{"gzip;q=0", 1, 0, 0},
		{"gzip; q=0.001 ,, zstd ;q=0.250", 1, 1, 250},
		{"*", 1000, 1000, 1000},
		{"*;q=0", 0, 0, 0},
		{"zstd, *;q=0", 0, 0, 1000},
		{"identity;q=0", 0, 0, 0},
		{"identity;q=0.3, gzip;q=0.2", 300, 200, 0},
		{"identity, *;q=0", 1000, 0, 0},
		{"gzip;q=1.5", 1, 1000, 0},
		{"gzip;q=nonsense", 1, 1000, 0},
		{"gzipped, zstdx, br", 1, 0, 0},
		{"gzip;level=9;q=0.5", 1, 500, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct negotiate_codings c;

		negotiate_codings(table[i].value, &c);
		if (c.q[ENCODE_IDENTITY] != table[i].identity ||
		    c.q[ENCODE_GZIP] != table[i].gzip ||
		    c.q[ENCODE_ZSTD] != table[i].zstd)
			fail_msg("'%s': identity %u, gzip %u, zstd %u", table[i].value,
				 c.q[ENCODE_IDENTITY], c.q[ENCODE_GZIP],
				 c.q[ENCODE_ZSTD]);
	}
}

TEST(negotiate_gives_html_to_browsers_alone)
{
	assert_true(negotiate_html(
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
	assert_false(negotiate_html("*/*"));
	assert_false(negotiate_html(NULL));
	assert_false(negotiate_html("application/json"));
	assert_false(negotiate_html("text/html;q=0.5, application/json"));
	assert_false(negotiate_html("text/html;q=0"));
}

/* RFC 9110 section 13.2.2 */
TEST(negotiate_conditions_in_the_order_of_the_rfc)
{
	static const char same[] = "Sun, 06 Nov 1994 08:49:37 GMT",
			  before[] = "Sun, 06 Nov 1994 08:49:36 GMT",
			  after[] = "Sun, 06 Nov 1994 08:49:38 GMT";
	static const struct {
		struct negotiate_headers h;
		enum negotiate_condition want;
	} table[] = {
		{{0}, NEGOTIATE_GO},
		{{.if_match = "\"a\""}, NEGOTIATE_GO},
		{{.if_match = "\"b\", \"a\""}, NEGOTIATE_GO},
		{{.if_match = "*"}, NEGOTIATE_GO},
		{{.if_match = "\"b\""}, NEGOTIATE_FAILED},
		{{.if_match = "W/\"a\""}, NEGOTIATE_FAILED},
		{{.if_match = "a"}, NEGOTIATE_FAILED},
		{{.if_match = "\"a\"", .if_unmodified_since = before}, NEGOTIATE_GO},
		{{.if_unmodified_since = before}, NEGOTIATE_FAILED},
		{{.if_unmodified_since = same}, NEGOTIATE_GO},
		{{.if_unmodified_since = "yesterday"}, NEGOTIATE_GO},
		{{.if_none_match = "\"a\""}, NEGOTIATE_NOT_MODIFIED},
		{{.if_none_match = "W/\"a\""}, NEGOTIATE_NOT_MODIFIED},
		{{.if_none_match = "\"b\" ,\t\"a\""}, NEGOTIATE_NOT_MODIFIED},
		{{.if_none_match = "*"}, NEGOTIATE_NOT_MODIFIED},
		{{.if_none_match = "\"b\""}, NEGOTIATE_GO},
		{{.if_none_match = "\"a"}, NEGOTIATE_GO},
		{{.if_none_match = "\"b\"", .if_modified_since = after}, NEGOTIATE_GO},
		{{.if_modified_since = same}, NEGOTIATE_NOT_MODIFIED},
		{{.if_modified_since = after}, NEGOTIATE_NOT_MODIFIED},
		{{.if_modified_since = before}, NEGOTIATE_GO},
		{{.if_modified_since = "now"}, NEGOTIATE_GO},
		{{.if_match = "\"b\"", .if_none_match = "\"a\""}, NEGOTIATE_FAILED},
	};
	const struct negotiate_validators v = {
		.etag = "\"a\"", .modified = noon, .now = noon + 1000};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (negotiate_condition(&table[i].h, &v) != table[i].want)
			fail_msg("row %zu", i);
}

TEST(negotiate_if_range_takes_strong_validators_alone)
{
	struct negotiate_validators v = {
		.etag = "\"a\"", .modified = noon, .now = noon + 60};
	static const struct {
		const char *value;
		bool want;
	} table[] = {
		{NULL, true},
		{"\"a\"", true},
		{"\"b\"", false},
		{"W/\"a\"", false},
		{"Sun, 06 Nov 1994 08:49:37 GMT", true},
		{"Sun, 06 Nov 1994 08:49:38 GMT", false},
		{"nonsense", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct negotiate_headers h = {.if_range = table[i].value};

		if (negotiate_if_range(&h, &v) != table[i].want)
			fail_msg("row %zu", i);
	}
	/* it could change once more within this minute */
	v.now = noon + 59;
	assert_false(negotiate_if_range(
		&(struct negotiate_headers){.if_range =
						    "Sun, 06 Nov 1994 08:49:37 GMT"},
		&v));
}

TEST(negotiate_ranges)
{
	static const struct {
		const char *value;
		enum negotiate_range want;
		uint64_t first, last;
	} table[] = {
		{"bytes=0-0", NEGOTIATE_PART, 0, 0},
		{"bytes=0-", NEGOTIATE_PART, 0, 99},
		{"bytes=10-19", NEGOTIATE_PART, 10, 19},
		{"bytes=90-1000", NEGOTIATE_PART, 90, 99},
		{"bytes=99-", NEGOTIATE_PART, 99, 99},
		{"bytes=-1", NEGOTIATE_PART, 99, 99},
		{"bytes=-1000", NEGOTIATE_PART, 0, 99},
		{"Bytes=1-2", NEGOTIATE_PART, 1, 2},
		{"bytes=50-99999999999999999999999999", NEGOTIATE_PART, 50, 99},
		{"bytes=100-", NEGOTIATE_UNSATISFIABLE, 0, 0},
		{"bytes=99999999999999999999999999-", NEGOTIATE_UNSATISFIABLE, 0, 0},
		{"bytes=-0", NEGOTIATE_UNSATISFIABLE, 0, 0},
		{"bytes=5-4", NEGOTIATE_WHOLE, 0, 0},
		{"bytes=-", NEGOTIATE_WHOLE, 0, 0},
		{"bytes=", NEGOTIATE_WHOLE, 0, 0},
		{"bytes=1", NEGOTIATE_WHOLE, 0, 0},
		{"bytes=0-1,2-3", NEGOTIATE_WHOLE, 0, 0},
		{"bytes=a-b", NEGOTIATE_WHOLE, 0, 0},
		{"bytes=+1-2", NEGOTIATE_WHOLE, 0, 0},
		{"lines=1-2", NEGOTIATE_WHOLE, 0, 0},
		{NULL, NEGOTIATE_WHOLE, 0, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		uint64_t first = 0, last = 0;

		if (negotiate_range(table[i].value, 100, &first, &last) !=
			    table[i].want ||
		    first != table[i].first || last != table[i].last)
			fail_msg("'%s'", table[i].value);
	}
	assert_int_equal(negotiate_range("bytes=0-", 0, &(uint64_t){0}, &(uint64_t){0}),
			 NEGOTIATE_UNSATISFIABLE);
}
