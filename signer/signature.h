/* SPDX-License-Identifier: Apache-2.0 */
/* signature: how the commands show signatures, to people and to machines. */
#ifndef SIGNER_SIGNATURE_H
#define SIGNER_SIGNATURE_H

#include "core/json.h"
#include "core/pgp.h"

#include <stdio.h>

/* Some lines of text a signature: whether it counts and why not, then who made it. */
void signature_show(FILE *out, const struct pgp_signature *s);
/* One object a signature, as an array member "signatures" of the open object. */
void signature_put(struct json_writer *w, const struct pgp_signature *s, size_t count);

#endif
