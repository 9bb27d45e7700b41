/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_policy.h"

#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Digests: RFC 9580 section 9.5. Keys: bits behind the family's name; EL 7's gpg
 * 2.0.22 reads RSA alone, Ed25519 does not work in FIPS mode.
 */
static const struct {
	unsigned number;
	const char *name;
	bool allowed;
} digests[] = {
	{1, "MD5", false},     {2, "SHA1", false},  {3, "RIPEMD160", false},
	{8, "SHA256", true},   {9, "SHA384", true}, {10, "SHA512", true},
	{11, "SHA224", false},
};

static const struct {
	const char *family;
	unsigned verify_from, verify_to, sign_from;
	bool el7;
} keys[] = {
	{"RSA", 2048, 16384, 3072, true},
	{"P-", 256, 256, 256, false},
	{"P-", 384, 384, 384, false},
};

bool pgp_policy_digest(unsigned number, char name[16])
{
	for (size_t i = 0; i < ARRAY_LEN(digests); i++)
		if (digests[i].number == number) {
			snprintf(name, 16, "%s", digests[i].name);
			return digests[i].allowed;
		}
	snprintf(name, 16, "digest %u", number);
	return false;
}

/* The row of `keys` that allows verifying with it, or -1. */
static int find(const char *algorithm, unsigned *bits)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		uint64_t n;

		if (text_starts(algorithm, keys[i].family) &&
		    text_u64(algorithm + strlen(keys[i].family), keys[i].verify_from,
			     keys[i].verify_to, &n)) {
			*bits = (unsigned)n;
			return (int)i;
		}
	}
	return -1;
}

bool pgp_policy_verifies(const char *algorithm, char reason[PGP_REASON_MAX])
{
	unsigned bits;

	if (find(algorithm, &bits) >= 0)
		return true;
	snprintf(
		reason, PGP_REASON_MAX,
		"its key is %s; RSA of at least 2048 bits, P-256 and P-384 are allowed",
		algorithm);
	return false;
}

bool pgp_policy_signs(const char *algorithm, bool rsa_only, char reason[PGP_REASON_MAX])
{
	unsigned bits;
	int row = find(algorithm, &bits);

	if (row < 0 || bits < keys[row].sign_from)
		snprintf(reason, PGP_REASON_MAX,
			 "the key is %s; to sign, RSA of at least 3072 bits, P-256 and "
			 "P-384 are allowed",
			 algorithm);
	else if (rsa_only && !keys[row].el7)
		snprintf(reason, PGP_REASON_MAX,
			 "the key is %s, and the gpg of EL 7 verifies RSA alone: sign "
			 "with an RSA key",
			 algorithm);
	else
		return true;
	return false;
}
