/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_policy: the one table of which algorithms may vouch, to verify and to sign
 * (docs/TRUST.md repeats it for people).
 *
 * Rule: what is not in the table is not allowed; whoever asks gets the reason in
 * words. A key is named by its algorithm as struct pgp_subkey has it.
 */
#ifndef CORE_PGP_POLICY_H
#define CORE_PGP_POLICY_H

#include "core/pgp_keyring.h"

/* The name of a digest by its number (RFC 9580 section 9.5) to `name`; true when it
 * is allowed. */
bool pgp_policy_digest(unsigned number, char name[16]) MUST_CHECK;
/* May signatures of such a key count? */
bool pgp_policy_verifies(const char *algorithm, char reason[PGP_REASON_MAX]) MUST_CHECK;
/* May such a key sign for us; `rsa_only` as for EL 7? */
bool pgp_policy_signs(const char *algorithm, bool rsa_only,
		      char reason[PGP_REASON_MAX]) MUST_CHECK;

#endif
