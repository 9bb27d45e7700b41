/* SPDX-License-Identifier: Apache-2.0 */
/* change: how differences between two manifests are told to people and to machines. */
#ifndef SIGNER_CHANGE_H
#define SIGNER_CHANGE_H

#include "core/cli.h"
#include "core/digest.h"
#include "core/manifest.h"

/* One of two manifests; all is borrowed. */
struct change_side {
	const struct manifest *manifest;
	const struct digest *digest; /* of its text */
	const char *id;
};

/* What `b` says otherwise than `a`: a line a difference, "COMPONENT PATH: FIELD FROM ->
 * TO"; with --json one object, also when there is none. Counts them. */
bool change_tell(const struct cli *cli, const struct change_side *a,
		 const struct change_side *b, size_t *count,
		 struct error *err) MUST_CHECK;

#endif
