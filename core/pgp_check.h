/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_check: what is wrong with a release key, told before it is used.
 *
 * Rule: a fault means that nothing the key signs would count, or that it cannot
 * sign; the rest is advice. Both come in words that say what to do.
 */
#ifndef CORE_PGP_CHECK_H
#define CORE_PGP_CHECK_H

#include "core/pgp_keyring.h"

enum {
	PGP_CHECK_MAX = 16,
	PGP_CHECK_SOON = 90 * 86400,      /* seconds: an expiry to prepare for */
	PGP_CHECK_LONG = 5 * 366 * 86400, /* an expiry that is none */
};

struct pgp_finding {
	bool fault;
	char text[PGP_REASON_MAX];
};

/* Findings of key `at` of an inspected keyring to `out`, faults first; returns how
 * many. */
size_t pgp_check_key(const struct pgp_keyring *k, size_t at, int64_t now,
		     struct pgp_finding out[PGP_CHECK_MAX]);

#endif
