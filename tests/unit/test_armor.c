/* SPDX-License-Identifier: Apache-2.0 */
#include "core/armor.h"
#include "core/armor_block.h"
#include "core/text.h"
#include "tests/unit/test.h"

#define BEGIN "-----BEGIN PGP SIGNED MESSAGE-----\n"
#define TEXT "{\n  \"a\": 1\n}\n"
#define SIG "-----BEGIN PGP SIGNATURE-----\n\n"
#define END "-----END PGP SIGNATURE-----\n"
/* a version 4 text signature with SHA-256: frames are read here, not arithmetic */
#define B64 "iAoEAQEIAAAAAAAA\n"
#define CRC "=Q2Co\n"
#define GOOD BEGIN "Hash: SHA256\n\n" TEXT SIG B64 CRC END

static const unsigned char packet[] = {0x88, 10, 4, 1, 1, 8, 0, 0, 0, 0, 0, 0};

static bool cut(const char *file, struct armor_cut *out, struct error *e)
{
	return armor_cut(file, strlen(file), out, e);
}

TEST(armor_cuts_text_and_packets)
{
	AUTO(armor_cut_clear) struct armor_cut c = EMPTY;
	AUTO(buf_clear) struct buf again = BUF_MAX(4096);

	assert_ok(cut(GOOD, &c, &err));
	assert_int_equal(c.text_len, strlen(TEXT));
	assert_memory_equal(c.text, TEXT, c.text_len);
	assert_int_equal(c.packet_count, 1);
	assert_int_equal(c.packets.len, sizeof(packet));
	assert_memory_equal(c.packets.data, packet, sizeof(packet));
	assert_ok(armor_write(c.text, c.text_len, &c.packets, &again, &err));
	assert_string_equal(again.data, GOOD);
}

TEST(armor_needs_no_checksum_and_takes_more_digests)
{
	static const char *const good[] = {
		BEGIN "Hash: SHA256\n\n" TEXT SIG B64 END,
		BEGIN "Hash: SHA256,SHA384,SHA512\n\n" TEXT SIG B64 CRC END,
		BEGIN "Hash: SHA512,SHA256\n\n" TEXT SIG B64 CRC END,
		/* in lines of any length, and one packet behind the other */
		BEGIN "Hash: SHA256\n\n" TEXT SIG "iAoE\nAQEI\nAAAAAAAA\n" B64 END,
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		AUTO(armor_cut_clear) struct armor_cut c = EMPTY;

		assert_ok(cut(good[i], &c, &err));
		assert_int_equal(c.packet_count, i == 3 ? 2 : 1);
	}
}

TEST(armor_refuses_every_other_form)
{
	static const struct {
		const char *file, *says;
	} refused[] = {
		{"", "not a cleartext-signed file: line 1"},
		{"\n" GOOD, "line 1: '' where '-----BEGIN PGP SIGNED MESSAGE-----'"},
		{"text before\n" GOOD, "line 1: 'text before' where"},
		{GOOD "\n", "line 12: something stands behind"},
		{GOOD "text behind\n", "something stands behind the signature"},
		{GOOD GOOD, "something stands behind the signature"},
		{GOOD "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n"
		      "-----END PGP PUBLIC KEY BLOCK-----\n",
		 "something stands behind the signature"},
		{"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n"
		 "-----END PGP PUBLIC KEY BLOCK-----\n" GOOD,
		 "where '-----BEGIN PGP SIGNED MESSAGE-----' must stand"},
		{"-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n",
		 "'-----BEGIN PGP MESSAGE-----' where"},
		{SIG B64 CRC END, "'-----BEGIN PGP SIGNATURE-----' where"},
		{"-----BEGIN PGP SIGNED MESSAGE----- \nHash: SHA256\n\n" TEXT SIG B64
			 END,
		 "line 1:"},
		{"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n",
		 "line 1:"},
		/* the header */
		{BEGIN "\n" TEXT SIG B64 END, "line 2: '' where 'Hash: '"},
		{BEGIN "Hash: SHA1\n\n" TEXT SIG B64 END, "'Hash: SHA1' where"},
		{BEGIN "Hash: MD5,SHA256\n\n" TEXT SIG B64 END, "'Hash: MD5,SHA256'"},
		{BEGIN "Hash: SHA256,\n\n" TEXT SIG B64 END, "'Hash: SHA256,'"},
		{BEGIN "Hash: \n\n" TEXT SIG B64 END, "line 2: 'Hash: '"},
		{BEGIN "Hash:SHA256\n\n" TEXT SIG B64 END, "line 2:"},
		{BEGIN "hash: SHA256\n\n" TEXT SIG B64 END, "line 2:"},
		{BEGIN "Hash: SHA256 \n\n" TEXT SIG B64 END, "line 2:"},
		{BEGIN "Hash: SHA256\nHash: SHA256\n\n" TEXT SIG B64 END, "line 3:"},
		{BEGIN "Hash: SHA256\nNotDashEscaped: yes\n\n" TEXT SIG B64 END,
		 "line 3: 'NotDashEscaped: yes' where an empty line must stand"},
		{BEGIN "Comment: x\nHash: SHA256\n\n" TEXT SIG B64 END, "line 2:"},
		{BEGIN "Hash: SHA512\n\n" TEXT SIG B64 END,
		 "signature 1 uses digest algorithm 8, which the 'Hash:' line does "
		 "not"},
		/* the text */
		{BEGIN "Hash: SHA256\n\n" SIG B64 END, "the text is empty"},
		{BEGIN "Hash: SHA256\n\n{ \n}\n" SIG B64 END,
		 "line 4: the signed text is "
		 "not canonical: a line "
		 "that ends in a blank"},
		{BEGIN "Hash: SHA256\n\n{\r\n}\r\n" SIG B64 END, "not printable ASCII"},
		{BEGIN "Hash: SHA256\n\n{\t}\n" SIG B64 END, "not printable ASCII"},
		{BEGIN "Hash: SHA256\n\n\"\xc3\xa4\"\n" SIG B64 END, "printable ASCII"},
		{BEGIN "Hash: SHA256\n\n\x7f\n" SIG B64 END, "printable ASCII"},
		{BEGIN "Hash: SHA256\n\n- -----BEGIN\n" SIG B64 END, "begins with '-'"},
		{BEGIN "Hash: SHA256\n\n" TEXT BEGIN SIG B64 END, "begins with '-'"},
		{BEGIN "Hash: SHA256\n\n" TEXT, "the file ends before"},
		{BEGIN "Hash: SHA256\n\n" TEXT "-----BEGIN PGP SIGNATURE-----", "ends"},
		/* the block */
		{BEGIN "Hash: SHA256\n\n" TEXT "-----BEGIN PGP SIGNATURE-----\n"
		       "Version: GnuPG v2.0.22 (GNU/Linux)\n\n" B64 END,
		 "header is not allowed"},
		{BEGIN "Hash: SHA256\n\n" TEXT
		       "-----BEGIN PGP SIGNATURE-----\n" B64 END,
		 "no empty line below"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG END, "an empty block"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG CRC END, "an empty block"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG B64 "\n" END, "'' where"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG B64 CRC CRC END, "'=Q2Co' where"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG B64 "=AAAA\n" END,
		 "checksum '=AAAA'"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG B64 "=Q2C\n" END, "checksum '=Q2C'"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "iAoEAQ!IAAAAAAAA\n" END, "block"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "iAoEAQEIAAAAAAA\n" END, "block"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG B64 CRC, "the file ends before"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG B64 CRC
		       "-----END PGP SIGNATURE-----",
		 "the file ends before"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG B64 SIG B64 END, "where"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "iAoEAQEIAAAAAAAA\r\n" CRC END,
		 "the block that ends in line 11: base64 length 17"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG B64 "=Q2Co\r\n" END,
		 "the checksum '=Q2Co\\r' does not fit"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG B64 CRC
		       "-----END PGP SIGNATURE-----\r\n",
		 "'-----END PGP SIGNATURE-----\\r' where"},
		/* the packets */
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "AAAA\n" END,
		 "not an OpenPGP packet"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "iAsEAQEIAAAAAAAA\n" END, "cut off"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "iwEBCAAAAAAA\n" END,
		 "definite length"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "wuABAQgAAAAA\n" END,
		 "definite length"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "rAgEAQEIAAAAAAAA\n" END, "tag 11"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "mAoEAQEIAAAAAAAA\n" END, "tag 6"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "iAoDAQEIAAAAAAAA\n" END,
		 "version 3"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "iAoGAQEIAAAAAAAA\n" END,
		 "version 6"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "iAoEAAEIAAAAAAAA\n" END,
		 "type 0x00"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "iAoEEAEIAAAAAAAA\n" END,
		 "type 0x10"},
		{BEGIN "Hash: SHA256\n\n" TEXT SIG "iAoEAQECAAAAAAAA\n" END,
		 "algorithm 2"},
	};

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct armor_cut c = EMPTY, before = c;

		assert_err(ERR_UNTRUSTED, cut(refused[i].file, &c, &err));
		assert_says(refused[i].says);
		assert_memory_equal(&c, &before, sizeof(c));
	}
}

TEST(armor_refuses_a_nul_and_every_cut_off_file)
{
	AUTO(buf_clear) struct buf file = BUF_MAX(4096);
	struct armor_cut c = EMPTY;

	buf_append(&file, GOOD, sizeof(GOOD)); /* its NUL behind it */
	assert_err(ERR_UNTRUSTED, armor_cut(file.data, file.len, &c, &err));
	for (size_t n = 0; n < strlen(GOOD); n++)
		assert_err(ERR_UNTRUSTED, armor_cut(file.data, n, &c, &err));
	file.data[strlen(BEGIN) + strlen("Hash: SHA256\n\n") + 3] = '\0';
	assert_err(ERR_UNTRUSTED, armor_cut(file.data, strlen(GOOD), &c, &err));
	assert_says("not printable ASCII");
}

/* A packet of its own, told by `n`. */
static void put_packet(struct buf *b, unsigned char n, unsigned char digest)
{
	unsigned char p[sizeof(packet)];

	memcpy(p, packet, sizeof(p));
	p[5] = digest;
	p[11] = n;
	buf_append(b, p, sizeof(p));
}

TEST(armor_writes_each_packet_once_in_byte_order)
{
	AUTO(buf_clear) struct buf ab = BUF_MAX(4096), ba = BUF_MAX(4096);
	AUTO(buf_clear) struct buf one = BUF_MAX(4096), two = BUF_MAX(4096);
	AUTO(armor_cut_clear) struct armor_cut c = EMPTY;

	put_packet(&ab, 1, 10);
	put_packet(&ab, 2, 8);
	put_packet(&ba, 2, 8);
	put_packet(&ba, 1, 10);
	put_packet(&ba, 2, 8);
	assert_ok(armor_write(TEXT, strlen(TEXT), &ab, &one, &err));
	assert_ok(armor_write(TEXT, strlen(TEXT), &ba, &two, &err));
	assert_string_equal(one.data, two.data);
	assert_non_null(strstr(one.data, "\nHash: SHA256,SHA512\n"));
	assert_ok(cut(one.data, &c, &err));
	assert_int_equal(c.packet_count, 2);
}

TEST(armor_writes_only_what_it_would_read)
{
	static const char *const texts[] = {"", "{", "{\n}", "- x\n", "x \n", "\r\n"};
	AUTO(buf_clear) struct buf one = BUF_MAX(64), out = BUF_MAX(4096);
	AUTO(buf_clear) struct buf sha1 = BUF_MAX(64), none = BUF_MAX(64);

	put_packet(&one, 1, 8);
	put_packet(&sha1, 1, 2);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_err(ERR_UNTRUSTED,
			   armor_write(texts[i], strlen(texts[i]), &one, &out, &err));
	assert_err(ERR_UNTRUSTED, armor_write(TEXT, strlen(TEXT), &sha1, &out, &err));
	assert_says("SHA256, SHA384 and SHA512 are allowed");
	assert_err(ERR_UNTRUSTED, armor_write(TEXT, strlen(TEXT), &none, &out, &err));
	assert_int_equal(out.len, 0);
}

TEST(armor_merges_packets_of_the_same_text)
{
	AUTO(armor_cut_clear) struct armor_cut a = EMPTY, b = EMPTY, c = EMPTY;
	AUTO(buf_clear) struct buf pa = BUF_MAX(64), pb = BUF_MAX(64);
	AUTO(buf_clear) struct buf fa = BUF_MAX(4096), fb = BUF_MAX(4096);
	AUTO(buf_clear) struct buf out = BUF_MAX(4096), other = BUF_MAX(4096);

	put_packet(&pa, 1, 8);
	put_packet(&pa, 2, 8);
	put_packet(&pb, 2, 8);
	put_packet(&pb, 3, 8);
	assert_ok(armor_write(TEXT, strlen(TEXT), &pa, &fa, &err));
	assert_ok(armor_write(TEXT, strlen(TEXT), &pb, &fb, &err));
	assert_ok(cut(fa.data, &a, &err));
	assert_ok(cut(fb.data, &b, &err));
	assert_ok(armor_merge(&a, &b, &out, &err));
	assert_ok(cut(out.data, &c, &err));
	assert_int_equal(c.packet_count, 3);
	armor_cut_clear(&b);
	assert_ok(armor_write("{}\n", 3, &pb, &other, &err));
	assert_ok(cut(other.data, &b, &err));
	assert_err(ERR_MISMATCH, armor_merge(&a, &b, &out, &err));
}

TEST(armor_keeps_to_its_ceilings)
{
	AUTO(buf_clear) struct buf pa = BUF_MAX(4096), pb = BUF_MAX(4096);
	AUTO(buf_clear) struct buf fa = BUF_MAX(65536), fb = BUF_MAX(65536);
	AUTO(buf_clear) struct buf out = BUF_MAX(65536);
	AUTO(armor_cut_clear) struct armor_cut a = EMPTY, b = EMPTY;

	for (unsigned i = 0; i < ARMOR_SIGNATURES_MAX; i++) {
		put_packet(&pa, (unsigned char)i, 8);
		put_packet(&pb, (unsigned char)(i + 1), 8);
	}
	assert_ok(armor_write(TEXT, strlen(TEXT), &pa, &fa, &err));
	assert_ok(armor_write(TEXT, strlen(TEXT), &pb, &fb, &err));
	assert_ok(cut(fa.data, &a, &err));
	assert_ok(cut(fb.data, &b, &err));
	assert_err(ERR_LIMIT, armor_merge(&a, &b, &out, &err));
	put_packet(&pa, 99, 8);
	assert_err(ERR_UNTRUSTED, armor_write(TEXT, strlen(TEXT), &pa, &out, &err));
	assert_says("more than 32 signatures");
}

TEST(armor_reads_signature_blocks_alone)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(4096), twice = BUF_MAX(64);
	size_t count = 0;

	assert_ok(armor_packets(SIG B64 CRC END, strlen(SIG B64 CRC END), &out, &count,
				&err));
	assert_int_equal(count, 1);
	assert_memory_equal(out.data, packet, sizeof(packet));
	put_packet(&twice, 1, 8);
	put_packet(&twice, 2, 8);
	assert_ok(armor_packets(twice.data, twice.len, &out, &count, &err));
	assert_int_equal(count, 2);
	assert_int_equal(out.len, 3 * sizeof(packet));
	assert_err(ERR_UNTRUSTED, armor_packets("", 0, &out, &count, &err));
	assert_err(ERR_UNTRUSTED,
		   armor_packets(GOOD, strlen(GOOD), &out, &count, &err));
	assert_err(ERR_UNTRUSTED,
		   armor_packets(twice.data, twice.len - 1, &out, &count, &err));
	assert_int_equal(out.len, 3 * sizeof(packet));
}

TEST(armor_blocks_have_headers_and_either_line_end)
{
	static const char keys[] =
		"\n-----BEGIN PGP PUBLIC KEY BLOCK-----\r\nVersion: GnuPG v1\r\n"
		"Comment: two: words\r\n\r\nAAEC\r\n"
		"-----END PGP PUBLIC KEY BLOCK-----\r\n\r\n"
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAwQF\n"
		"-----END PGP PUBLIC KEY BLOCK-----\n";
	static const char *const bad[] = {
		"",
		"\n",
		"text\n",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\nAAEC\n",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAEC\n",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAEC\n-----END PGP PUBLIC KEY "
		"BLOCK-----",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAEC\n-----END PGP PUBLIC KEY "
		"BLOCK-----\ntext\n",
	};
	AUTO(buf_clear) struct buf out = BUF_MAX(64), again = BUF_MAX(1024);

	assert_ok(armor_block_read(keys, strlen(keys), "PUBLIC KEY BLOCK", &out, &err));
	assert_int_equal(out.len, 6);
	assert_memory_equal(out.data, "\0\1\2\3\4\5", 6);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_err(ERR_FORMAT,
			   armor_block_read(bad[i], strlen(bad[i]), "PUBLIC KEY BLOCK",
					    &out, &err));
	assert_int_equal(out.len, 6);
	armor_block_write("PUBLIC KEY BLOCK", out.data, out.len, &again);
	buf_reset(&out);
	assert_ok(armor_block_read(again.data, again.len, "PUBLIC KEY BLOCK", &out,
				   &err));
	assert_memory_equal(out.data, "\0\1\2\3\4\5", 6);
}

TEST(armor_reads_every_form_of_a_packets_length)
{
	static const struct {
		const char *bytes;
		size_t len, body, end;
	} good[] = {
		{"\x88\x01x", 3, 1, 3},
		{"\x89\x00\x01x", 4, 1, 4},
		{"\x8a\x00\x00\x00\x01x", 6, 1, 6},
		{"\xc2\x01x", 3, 1, 3},
		{"\xc2\xff\x00\x00\x00\x01x", 7, 1, 7},
		{"\xc2\x00", 2, 0, 2},
	};
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{"\x08\x01x", 3}, {"\x88", 1},         {"\x88\x02x", 3},
		{"\x8bx", 2},     {"\xc2", 1},         {"\xc2\xe1xx", 4},
		{"\xc2\xc0", 2},  {"\xc2\xff\0\0", 4}, {"\xc2\xc0\x00x", 4},
	};
	char big[2 + 1 + 192] = "\xc2\xc0\x00";
	struct armor_packet p = EMPTY;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		p = (struct armor_packet)EMPTY;
		assert_ok(armor_block_packet(good[i].bytes, good[i].len, &p, &err));
		assert_int_equal(p.tag, 2);
		assert_int_equal(p.len, good[i].body);
		assert_int_equal(p.end, good[i].end);
	}
	p = (struct armor_packet)EMPTY;
	assert_ok(armor_block_packet(big, sizeof(big), &p, &err));
	assert_int_equal(p.len, 192);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		p = (struct armor_packet)EMPTY;
		assert_err(ERR_FORMAT,
			   armor_block_packet(bad[i].bytes, bad[i].len, &p, &err));
	}
}
