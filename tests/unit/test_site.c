/* SPDX-License-Identifier: Apache-2.0 */
#include "core/site.h"

#include "client/site_check.h"
#include "core/tuf_sign.h"
#include "tests/unit/test.h"

#include <dirent.h>
#include <stdio.h>

enum { DAY = 86400 };

static const int64_t NOW = 1700000000;

static struct tuf_secret *make_key(struct tuf_key *public)
{
	struct tuf_secret *s = NULL;
	struct error why;

	if (!tuf_sign_generate(TUF_ECDSA_P256, &s, &why) ||
	    !tuf_sign_public(s, public, &why))
		fail_msg("%s", why.msg);
	return s;
}

static struct site sample(void)
{
	struct site s = {
		.name = "a \"b\" \\ c",
		.source = "https://fips.example.org",
		.arrived = NOW - 3 * DAY,
		.checked = NOW - DAY,
		.snapshot.version = 7,
		.timestamp = 9,
		.expires = NOW + 10 * DAY,
	};

	memset(s.snapshot.digest.bytes, 0xab, sizeof(s.snapshot.digest.bytes));
	return s;
}

static void sign(const struct site *s, struct tuf_secret *const *keys, size_t count,
		 struct buf *out)
{
	AUTO(buf_clear) struct buf body = BUF_MAX(TUF_SITE_MAX);
	struct error why;

	buf_reset(out);
	if (!site_write(s, &body, &why) ||
	    !tuf_sign_new(TUF_SITE, body.data, body.len, keys, count, out, &why))
		fail_msg("%s", why.msg);
}

TEST(site_statement_comes_back_as_it_was_signed)
{
	AUTO(tuf_key_clear) struct tuf_key public = EMPTY;
	AUTO(tuf_sign_freep) struct tuf_secret *key = make_key(&public);
	AUTO(buf_clear) struct buf text = BUF_MAX(TUF_SITE_MAX);
	AUTO(buf_clear) struct buf again = BUF_MAX(TUF_SITE_MAX);
	AUTO(buf_clear) struct buf body = BUF_MAX(TUF_SITE_MAX);
	struct site s = sample(), got = EMPTY;

	sign(&s, &key, 1, &text);
	assert_ok(site_verify(text.data, text.len, &public, &got, &err));
	assert_string_equal(got.name, s.name);
	assert_string_equal(got.source, s.source);
	assert_int_equal(got.arrived, s.arrived);
	assert_int_equal(got.checked, s.checked);
	assert_int_equal(got.snapshot.version, 7);
	assert_true(digest_equal(&got.snapshot.digest, &s.snapshot.digest));
	assert_int_equal(got.timestamp, 9);
	assert_int_equal(got.expires, s.expires);
	assert_ok(site_write(&s, &body, &err));
	assert_ok(site_write(&got, &again, &err));
	assert_string_equal(body.data, again.data);
}

TEST(site_statement_counts_by_the_pinned_key_alone)
{
	AUTO(tuf_key_clear) struct tuf_key public = EMPTY;
	AUTO(tuf_key_clear) struct tuf_key other_public = EMPTY;
	AUTO(tuf_sign_freep) struct tuf_secret *key = make_key(&public);
	AUTO(tuf_sign_freep) struct tuf_secret *other = make_key(&other_public);
	AUTO(buf_clear) struct buf text = BUF_MAX(TUF_SITE_MAX);
	struct tuf_secret *const both[] = {other, key};
	struct site s = sample(), got = EMPTY;
	char *id;

	sign(&s, &key, 1, &text);
	assert_err(ERR_UNTRUSTED,
		   site_verify(text.data, text.len, &other_public, &got, &err));
	assert_says("the site's key did not sign it");
	/* an id is a name: under the other key's, the signature is no better */
	id = strstr(text.data, public.id);
	assert_non_null(id);
	memcpy(id, other_public.id, strlen(other_public.id));
	assert_err(ERR_UNTRUSTED,
		   site_verify(text.data, text.len, &other_public, &got, &err));
	assert_int_equal(got.checked, 0); /* untouched on failure */
	assert_ok(site_verify(text.data, text.len, &public, &got, &err));
	sign(&s, both, 2, &text);
	assert_ok(site_verify(text.data, text.len, &public, &got, &err));
	assert_ok(site_verify(text.data, text.len, &other_public, &got, &err));
}

TEST(site_statement_with_one_changed_byte_is_untrusted)
{
	AUTO(tuf_key_clear) struct tuf_key public = EMPTY;
	AUTO(tuf_sign_freep) struct tuf_secret *key = make_key(&public);
	AUTO(buf_clear) struct buf text = BUF_MAX(TUF_SITE_MAX);
	struct site s = sample(), got = EMPTY;
	const char *id;

	sign(&s, &key, 1, &text);
	id = strstr(text.data, public.id);
	assert_non_null(id);
	for (size_t i = 0; i + 1 < text.len; i++) {
		/* the name of the key means nothing */
		if (text.data + i >= id && text.data + i < id + strlen(public.id))
			continue;
		text.data[i] ^= 1;
		assert_err(ERR_UNTRUSTED,
			   site_verify(text.data, text.len, &public, &got, &err));
		text.data[i] ^= 1;
		assert_err(ERR_UNTRUSTED,
			   site_verify(text.data, i, &public, &got, &err));
	}
	assert_ok(site_verify(text.data, text.len, &public, &got, &err));
}

TEST(site_statement_is_no_role_and_no_role_is_one)
{
	AUTO(tuf_key_clear) struct tuf_key public = EMPTY;
	AUTO(tuf_sign_freep) struct tuf_secret *key = make_key(&public);
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;
	AUTO(buf_clear) struct buf text = BUF_MAX(TUF_SITE_MAX);
	static const char role[] =
		"{\"_type\":\"timestamp\",\"expires\":\"2030-01-01T00:00:00Z\","
		"\"meta\":{\"snapshot.json\":{\"version\":1}},\"spec_version\":\"1.0."
		"34\",\"version\":1}";
	struct site s = sample(), got = EMPTY;

	sign(&s, &key, 1, &text);
	for (int kind = 0; kind < TUF_KINDS; kind++)
		assert_err(ERR_FORMAT, tuf_signed_parse((enum tuf_kind)kind, text.data,
							text.len, &file, &err));
	buf_reset(&text);
	assert_ok(
		tuf_sign_new(TUF_TIMESTAMP, role, strlen(role), &key, 1, &text, &err));
	assert_err(ERR_UNTRUSTED,
		   site_verify(text.data, text.len, &public, &got, &err));
	assert_says("damaged: its type is 'timestamp', not 'site'");
}

TEST(site_parse_refuses_each_of_the_bad_ones)
{
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;
	AUTO(buf_clear) struct buf good = BUF_MAX(1 << 16);
	char path[4096];
	struct dirent *entry;
	size_t count = 0;
	struct site s = EMPTY;
	DIR *dir;

	test_load("site.json", &good);
	assert_ok(site_parse(good.data, good.len, &file, &s, &err));
	assert_string_equal(s.name, "harbour");
	dir = opendir(test_data_path("refuse/site", path, sizeof(path)));
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		AUTO(tuf_signed_clear) struct tuf_signed bad = EMPTY;
		AUTO(buf_clear) struct buf text = BUF_MAX(1 << 16);
		struct site got = EMPTY;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "refuse/site/%s", entry->d_name);
		test_load(path, &text);
		error_clear(&err);
		if (site_parse(text.data, text.len, &bad, &got, &err) ||
		    err.code != ERR_FORMAT)
			fail_msg("%s is taken, or refused as '%s'", path, err.msg);
		count++;
	}
	closedir(dir);
	assert_true(count > 30);
	buf_reset(&good);
	for (size_t i = 0; i <= TUF_SITE_MAX; i++)
		buf_putc(&good, ' ');
	tuf_signed_clear(&file);
	assert_err(ERR_LIMIT, site_parse(good.data, good.len, &file, &s, &err));
}

TEST(site_age_counts_from_the_earlier_of_looking_and_expiry)
{
	struct site s = sample();
	const struct {
		int64_t expires, now, max_age;
		const char *says; /* NULL: good */
	} rows[] = {
		{INT64_MAX, NOW, DAY, NULL},
		{INT64_MAX, NOW + 1, DAY, "stopped importing"},
		{NOW - DAY, NOW, DAY, NULL},
		{NOW - DAY - 1, NOW, DAY, "was current until"},
		{NOW - 5 * DAY, NOW, 5 * DAY, NULL},
		{NOW - 5 * DAY, NOW, 5 * DAY - 1, "was current until"},
		/* the reader's clock is behind: a little is forgiven */
		{INT64_MAX, NOW - DAY - SITE_SKEW, DAY, NULL},
		{INT64_MAX, NOW - DAY - SITE_SKEW - 1, DAY, "clock"},
		{INT64_MAX, 0, INT64_MAX, "clock"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!rows[i].says) {
			assert_ok(site_check_age(&s, rows[i].expires, rows[i].now,
						 rows[i].max_age, &err));
			continue;
		}
		assert_err(ERR_UNTRUSTED,
			   site_check_age(&s, rows[i].expires, rows[i].now,
					  rows[i].max_age, &err));
		assert_says(rows[i].says);
	}
}

TEST(site_names_are_printable_and_short)
{
	char longest[SITE_NAME_MAX + 2];

	memset(longest, 'x', sizeof(longest));
	longest[SITE_NAME_MAX + 1] = '\0';
	assert_false(site_is_name(longest));
	longest[SITE_NAME_MAX] = '\0';
	assert_true(site_is_name(longest));
	assert_true(site_is_name("reactor 4"));
	assert_false(site_is_name(""));
	assert_false(site_is_name("a\tb"));
	assert_false(site_is_name("caf\xc3\xa9"));
}

TEST(site_ages_are_days_or_hours)
{
	static const char *const bad[] = {
		"",     "d",   "14",   "0d",    "014d", "14 d",
		"14dd", "-1d", "1.5d", "3651d", "+1d",  "87601h",
		"14D",  "1m",  "d14",  "1h30m", "0h",   "99999999999999999999d"};
	int64_t age = 0;

	assert_true(site_check_parse_age("14d", &age));
	assert_int_equal(age, 14 * DAY);
	assert_true(site_check_parse_age("1h", &age));
	assert_int_equal(age, 3600);
	assert_true(site_check_parse_age("87600h", &age));
	assert_true(site_check_parse_age("3650d", &age));
	assert_int_equal(age, (int64_t)3650 * DAY);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (site_check_parse_age(bad[i], &age))
			fail_msg("'%s' is taken", bad[i]);
	assert_int_equal(age, (int64_t)3650 * DAY);
}
