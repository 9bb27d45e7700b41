/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_status.h"
#include "tests/unit/test.h"

#define FPR "0123456789ABCDEF0123456789ABCDEF01234567"
#define SUB "89ABCDEF0123456789ABCDEF0123456701234567"
#define ID "0123456701234567"
#define S "[GNUPG:] "
#define VALID S "VALIDSIG " SUB " 2026-01-01 1767225600 0 4 0 1 10 01 " FPR "\n"
#define GOOD S "GOODSIG " ID " A <a@example.org>\n" VALID

static struct pgp_status status[ARMOR_SIGNATURES_MAX];
static size_t count;

static bool parse(const char *text, struct error *e)
{
	return pgp_status_parse(text, strlen(text), status, &count, e);
}

TEST(status_of_a_good_signature)
{
	assert_ok(parse(S "NEWSIG a@example.org\n" S "KEY_CONSIDERED " FPR " 0\n" S
			  "SIG_ID x 2026-01-01 1767225600\n" GOOD S
			  "TRUST_FULLY 0 pgp\n",
			&err));
	assert_int_equal(count, 1);
	assert_int_equal(status[0].kind, PGP_STATUS_GOOD);
	assert_string_equal(status[0].signer, SUB);
	assert_string_equal(status[0].primary, FPR);
	assert_int_equal(status[0].digest, 10);
	assert_int_equal(status[0].created, 1767225600);
	assert_int_equal(status[0].expires, 0);
}

TEST(status_of_every_kind)
{
	static const struct {
		const char *text;
		enum pgp_status_kind kind;
		const char *signer;
	} kinds[] = {
		{S "BADSIG " ID " A\n", PGP_STATUS_BAD, ID},
		{S "EXPSIG " ID " A\n" VALID, PGP_STATUS_EXPIRED, SUB},
		{S "EXPKEYSIG " ID " A\n" VALID, PGP_STATUS_KEY_EXPIRED, SUB},
		{S "REVKEYSIG " ID " A\n" VALID, PGP_STATUS_KEY_REVOKED, SUB},
		{S "ERRSIG " ID " 1 8 01 1767225600 9\n", PGP_STATUS_NO_KEY, ID},
		{S "ERRSIG " ID " 1 8 01 1767225600 9 " SUB "\n", PGP_STATUS_NO_KEY,
		 SUB},
		{S "ERRSIG " ID " 1 8 01 1767225600 9 -\n", PGP_STATUS_NO_KEY, ID},
		{S "ERRSIG " ID " 1 2 01 1767225600 5 " SUB "\n", PGP_STATUS_ERROR,
		 SUB},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		assert_ok(parse(kinds[i].text, &err));
		assert_int_equal(count, 1);
		assert_int_equal(status[0].kind, kinds[i].kind);
		assert_string_equal(status[0].signer, kinds[i].signer);
	}
	assert_ok(parse("", &err));
	assert_int_equal(count, 0);
	assert_ok(parse(S "NODATA 4\n", &err));
	assert_int_equal(count, 0);
	assert_ok(parse(GOOD S "BADSIG " ID " B\n" S "FAILURE gpg-exit 1\n", &err));
	assert_int_equal(count, 2);
}

TEST(status_takes_no_other_form_for_a_good_signature)
{
	static const char *const refused[] = {
		/* not all of it, or too much */
		S "GOODSIG " ID " A\n",
		S "GOODSIG " ID " A\n" GOOD,
		S "EXPKEYSIG " ID " A\n",
		VALID,
		GOOD VALID,
		S "BADSIG " ID " A\n" VALID,
		S "ERRSIG " ID " 1 8 01 1 9\n" VALID,
		/* fields */
		S "GOODSIG\n",
		S "GOODSIG 12 A\n",
		S "GOODSIG 0123456789abcdef A\n",
		S "GOODSIG " ID " A\n" S "VALIDSIG " SUB " x 1 0 4 0 1 10 01\n",
		S "GOODSIG " ID " A\n" S "VALIDSIG " SUB " x 1 0 4 0 1 10 00 " FPR "\n",
		S "GOODSIG " ID " A\n" S "VALIDSIG x x 1 0 4 0 1 10 01 " FPR "\n",
		S "GOODSIG " ID " A\n" S "VALIDSIG " SUB " x -1 0 4 0 1 10 01 " FPR
		  "\n",
		S "GOODSIG " ID " A\n" S "VALIDSIG " SUB " x 1 z 4 0 1 10 01 " FPR "\n",
		S "GOODSIG " ID " A\n" S "VALIDSIG " SUB " x 1 0 4 0 1 +8 01 " FPR "\n",
		S "ERRSIG " ID " 1 8 01 1 nine\n",
		S "ERRSIG " ID "\n",
		/* lines */
		"gpg: Good signature\n" GOOD,
		GOOD "\n",
		GOOD "[GNUPG:]\n",
		GOOD S "\n",
		GOOD S "NEWSIG",
		" " GOOD,
	};

	assert_ok(parse(GOOD, &err));
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		assert_err(ERR_UNTRUSTED, parse(refused[i], &err));
		assert_int_equal(count, 1);
	}
}

TEST(status_keeps_to_its_ceilings)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(1 << 20);

	buf_puts(&b, S "POLICY_URL ");
	for (size_t i = 0; i < 100000; i++)
		buf_putc(&b, 'x');
	buf_puts(&b, "\n" GOOD);
	assert_ok(parse(b.data, &err));
	assert_int_equal(count, 1);
	buf_reset(&b);
	for (size_t i = 0; i < ARMOR_SIGNATURES_MAX; i++)
		buf_puts(&b, GOOD);
	assert_ok(parse(b.data, &err));
	assert_int_equal(count, ARMOR_SIGNATURES_MAX);
	buf_puts(&b, GOOD);
	assert_err(ERR_UNTRUSTED, parse(b.data, &err));
}
