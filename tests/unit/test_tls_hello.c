/* SPDX-License-Identifier: Apache-2.0 */
#include "client/tls_hello.h"
#include "client/tls_suite.h"
#include "tests/unit/test.h"

#include <stdio.h>

static const struct tls_offer two = {.version = TLS_HELLO_12,
				     .suites = {0xc030, 0x009c},
				     .suite_count = 2,
				     .groups = {23, 24},
				     .group_count = 2};
static const struct tls_offer of_13 = {
	.version = TLS_HELLO_13, .suites = {0x1302}, .suite_count = 1};

/* Hex with blanks as bytes. */
static size_t bytes(const char *hex, unsigned char *out)
{
	size_t n = 0;
	unsigned v;
	int used;

	for (; sscanf(hex, " %2x%n", &v, &used) == 1; hex += used)
		out[n++] = (unsigned char)v;
	return n;
}

#define RANDOM "0102030405060708 0102030405060708 0102030405060708 0102030405060708 "
/* ServerHello of TLS 1.2 with suite c030, no extensions */
#define HELLO "02 000026 0303 " RANDOM "00 c030 00 "
#define HELLO_RECORD "16 0303 002a " HELLO
#define KEY_EXCHANGE "0c 000007 03 0018 03 aabbcc "
#define DONE "0e 000000 "
#define RETRY                                                                          \
	"16 0303 0034 02 000030 0303 " RANDOM "00 1302 00 0008 0033 0002 0017 0000 "

static struct tls_answer read_hex(const struct tls_offer *o, const char *hex,
				  bool group, bool ended)
{
	unsigned char data[4096];

	return tls_hello_read(o, data, bytes(hex, data), group, ended);
}

TEST(tls_hello_reads_what_the_server_chose)
{
	struct tls_answer a = read_hex(&two, HELLO_RECORD, false, false);

	assert_int_equal(a.kind, TLS_ANSWER_HELLO);
	assert_int_equal(a.version, TLS_HELLO_12);
	assert_int_equal(a.suite, 0xc030);
}

TEST(tls_hello_reads_the_group_of_tls_12_from_its_key_exchange)
{
	/* in a record of its own, and in one with the hello */
	struct tls_answer a =
		read_hex(&two, HELLO_RECORD "16 0303 000b " KEY_EXCHANGE, true, false);

	assert_int_equal(a.kind, TLS_ANSWER_HELLO);
	assert_int_equal(a.group, 24);
	a = read_hex(&two, "16 0303 0035 " HELLO KEY_EXCHANGE, true, false);
	assert_int_equal(a.group, 24);
	/* cut in the middle: not yet */
	a = read_hex(&two, HELLO_RECORD "16 0303 0006 0c 000007 03 00", true, false);
	assert_int_equal(a.kind, TLS_ANSWER_MORE);
	a = read_hex(&two,
		     HELLO_RECORD
		     "16 0303 0006 0c 000007 03 00 16 0303 0005 18 03 aabbcc",
		     true, false);
	assert_int_equal(a.group, 24);
	/* RSA: there is none */
	a = read_hex(&two, HELLO_RECORD "16 0303 0004 " DONE, true, false);
	assert_int_equal(a.kind, TLS_ANSWER_HELLO);
	assert_int_equal(a.group, 0);
}

TEST(tls_hello_reads_the_request_to_try_again_of_tls_13)
{
	struct tls_answer a = read_hex(
		&of_13,
		"16 0303 0038 02 000034 0303 " RANDOM
		"00 1302 00 000c 002b 0002 0304 0033 0002 0017 14 0303 0001 01",
		true, false);

	assert_int_equal(a.kind, TLS_ANSWER_HELLO);
	assert_int_equal(a.version, TLS_HELLO_13);
	assert_int_equal(a.suite, 0x1302);
	assert_int_equal(a.group, 23);
}

TEST(tls_hello_tells_a_refusal_from_silence)
{
	struct tls_answer a = read_hex(&two, "15 0303 0002 02 28", false, false);

	assert_int_equal(a.kind, TLS_ANSWER_REFUSED);
	assert_int_equal(a.alert, 40);
	assert_int_equal(read_hex(&two, "", false, false).kind, TLS_ANSWER_MORE);
	assert_int_equal(read_hex(&two, "", false, true).kind, TLS_ANSWER_REFUSED);
	/* a warning is none */
	assert_int_equal(read_hex(&two, "15 0303 0002 01 70", false, false).kind,
			 TLS_ANSWER_MORE);
	assert_int_equal(
		read_hex(&two, "15 0303 0002 01 70 " HELLO_RECORD, false, false).kind,
		TLS_ANSWER_HELLO);
}

TEST(tls_hello_calls_everything_else_foreign)
{
	static const char *const bad[] = {
		/* HTTP, other records, lengths that lie */
		"48 54 54 50",
		"99",
		"16 0203 0000",
		"16 0303 ffff",
		"15 0303 0003 02 28 00",
		"14 0303 0001 01",
		"17 0303 0001 00",
		/* another message first */
		"16 0303 0004 " DONE,
		"16 0303 000b " KEY_EXCHANGE,
		"16 0303 0004 02 ffffff",
		/* a suite that was not offered, a version above the offer */
		"16 0303 002a 02 000026 0303 " RANDOM "00 c02f 00",
		"16 0303 002a 02 000026 0304 " RANDOM "00 c030 00",
		/* a version below SSL 3, which is none */
		"16 0303 002a 02 000026 02ff " RANDOM "00 c030 00",
		"16 0303 002a 02 000026 0000 " RANDOM "00 c030 00",
		/* too short, something behind it, extensions that do not end */
		"16 0303 0029 02 000025 0303 " RANDOM "00 c030",
		"16 0303 002b 02 000027 0303 " RANDOM "00 c030 00 00",
		"16 0303 002c 02 000028 0303 " RANDOM "00 c030 00 0001",
		"16 0303 002d 02 000029 0303 " RANDOM "00 c030 00 0000 00",
		"16 0303 0030 02 00002c 0303 " RANDOM "00 c030 00 0004 002b 0005",
		/* a session id that is longer than the message */
		"16 0303 002a 02 000026 0303 " RANDOM "ff c030 00",
		/* a key exchange without a group */
		HELLO_RECORD "16 0303 0006 0c 000002 03 00",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (read_hex(&two, bad[i], true, false).kind != TLS_ANSWER_FOREIGN)
			fail_msg("taken: %s", bad[i]);
	/* part of an answer and then the end */
	assert_int_equal(read_hex(&two, "16 0303", false, true).kind,
			 TLS_ANSWER_FOREIGN);
	assert_int_equal(read_hex(&of_13, RETRY, false, false).kind,
			 TLS_ANSWER_FOREIGN);
}

TEST(tls_hello_offers_what_it_was_told_to)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(4096);
	const unsigned char random[32] = {1};

	tls_hello_write(&two, random, &b);
	assert_false(b.failed);
	/* record and message lengths fit, suites and groups stand in it */
	assert_int_equal((unsigned char)b.data[3] << 8 | (unsigned char)b.data[4],
			 b.len - 5);
	assert_int_equal((unsigned char)b.data[7] << 8 | (unsigned char)b.data[8],
			 b.len - 9);
	assert_non_null(memmem(b.data, b.len, "\x00\x04\xc0\x30\x00\x9c", 6));
	assert_non_null(
		memmem(b.data, b.len, "\x00\x0a\x00\x06\x00\x04\x00\x17\x00\x18", 10));
}

TEST(tls_suite_names_and_approves)
{
	static const struct {
		uint16_t id;
		const char *name;
		bool approved;
	} some[] = {
		{0x1302, "TLS_AES_256_GCM_SHA384", true},
		{0x1303, "TLS_CHACHA20_POLY1305_SHA256", false},
		{0x1304, "TLS_AES_128_CCM_SHA256", false},
		{0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", true},
		{0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", true},
		{0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", false},
		{0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256", false},
		{0x00a8, "TLS_PSK_WITH_AES_128_GCM_SHA256", false},
		{0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", false},
	};
	size_t n, seen = 0;
	const struct tls_suite *all = tls_suite_all(&n);

	assert_true(n < TLS_HELLO_SUITES_MAX);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(tls_suite_name(all[i].id), all[i].name);
		for (size_t k = 0; k < ARRAY_LEN(some); k++)
			if (some[k].id == all[i].id) {
				seen++;
				assert_string_equal(all[i].name, some[k].name);
				assert_int_equal(tls_suite_is_approved(&all[i]),
						 some[k].approved);
			}
	}
	assert_int_equal(seen, ARRAY_LEN(some));
	assert_string_equal(tls_suite_name(0x5a5a), "unknown");
}
