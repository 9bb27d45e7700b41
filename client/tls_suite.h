/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_suite: the TLS cipher suites that a server may be asked for, by the names that
 * IANA gave them.
 */
#ifndef CLIENT_TLS_SUITE_H
#define CLIENT_TLS_SUITE_H

#include "core/base.h"

struct tls_suite {
	uint16_t id;
	const char *name;
};

const struct tls_suite *tls_suite_all(size_t *count);
/* "unknown" for a number that is not in the table. */
const char *tls_suite_name(uint16_t id);
/* Is it one of TLS 1.3 (RFC 8446 section B.4)? */
bool tls_suite_is_13(const struct tls_suite *s) MUST_CHECK;
/* The default policy, after NIST SP 800-52 Rev. 2: AES-GCM with ephemeral keys or RSA
 * key transport, and the two AES-GCM suites of TLS 1.3. */
bool tls_suite_is_approved(const struct tls_suite *s) MUST_CHECK;

#endif
