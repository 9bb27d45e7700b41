/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_canonical: OLPC canonical JSON, the bytes that TUF signatures speak of (The
 * Update Framework 1.0.34, section 4.1; wiki.laptop.org/go/Canonical_JSON).
 *
 * The form: no white space; objects with their keys in the order of their UTF-8
 * bytes; in strings only " and \ are escaped, everything else, line ends too,
 * stands as it is; integers alone. So it is not always JSON, and never stored.
 */
#ifndef CORE_TUF_CANONICAL_H
#define CORE_TUF_CANONICAL_H

#include "core/json.h"

/* Append the canonical form of a value with everything in it, known or not:
 * ERR_FORMAT for a number that is not an integer. */
bool tuf_canonical_put(struct json v, struct buf *out, struct error *err) MUST_CHECK;

#endif
