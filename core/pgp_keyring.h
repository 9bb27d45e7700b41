/* SPDX-License-Identifier: Apache-2.0 */
/* pgp_keyring: what the pgp modules share of reading keys; pgp.h has the rest. */
#ifndef CORE_PGP_KEYRING_H
#define CORE_PGP_KEYRING_H

#include "core/pgp.h"

/* pgp_keyring_parse() with the gpg at `engine` (NULL: this machine's): the tests
 * hold old versions of gpg against it. */
bool pgp_keyring_parse_with(const char *engine, const void *data, size_t len,
			    struct pgp_keyring *out, struct error *err) MUST_CHECK;

/* Why nothing that this key signs counts, to `problem`, by the digests of its own
 * signatures in `packets`; "" when nothing is wrong. */
bool pgp_keyring_check(const void *packets, size_t len, const char *fpr,
		       char problem[PGP_REASON_MAX], struct error *err) MUST_CHECK;

/* Does the first packet, a signature, say that this key made it? */
bool pgp_keyring_issued(const struct buf *packets, const char *fpr) MUST_CHECK;

#endif
