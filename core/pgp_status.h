/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_status: what gpg says of signatures, line by line on its status descriptor
 * (GnuPG doc/DETAILS, "Format of the --status-fd output").
 *
 * Rules: a signature is good only with a GOODSIG line and its VALIDSIG line; every
 * line is a status line; unknown keywords say nothing. The same from gpg 1.4 to 2.4.
 */
#ifndef CORE_PGP_STATUS_H
#define CORE_PGP_STATUS_H

#include "core/armor.h"
#include "core/pgp_keyring.h"

enum pgp_status_kind {
	PGP_STATUS_GOOD,
	PGP_STATUS_BAD,         /* the arithmetic does not hold */
	PGP_STATUS_EXPIRED,     /* good, and the signature has expired */
	PGP_STATUS_KEY_EXPIRED, /* good, and the key has expired */
	PGP_STATUS_KEY_REVOKED, /* good, and the key is revoked */
	PGP_STATUS_NO_KEY,      /* made by a key that is not in the keyring */
	PGP_STATUS_ERROR,       /* not judged: code says why */
};

struct pgp_status {
	enum pgp_status_kind kind;
	char signer[PGP_FPR_SIZE];  /* fingerprint, or key id when BAD or not judged */
	char primary[PGP_FPR_SIZE]; /* "" where the line has none */
	unsigned digest;            /* RFC 9580 section 9.5; 0 when BAD */
	int64_t created;            /* 0 when BAD */
	int64_t expires;            /* 0: never */
	unsigned code;              /* of ERRSIG */
	bool valid;                 /* VALIDSIG came */
};

/* All signatures in gpg's order; ERR_UNTRUSTED for what is not a status output or
 * tells more than ARMOR_SIGNATURES_MAX signatures. */
bool pgp_status_parse(const char *text, size_t len,
		      struct pgp_status out[ARMOR_SIGNATURES_MAX], size_t *count,
		      struct error *err) MUST_CHECK;

#endif
