/* SPDX-License-Identifier: Apache-2.0 */
/* change: how differences between two manifests are told to a person. */
#ifndef SIGNER_CHANGE_H
#define SIGNER_CHANGE_H

#include "core/manifest.h"

#include <stdio.h>

struct change_talk {
	FILE *out;
	size_t count; /* of lines */
};

/* For manifest_compare(): one line a difference, "COMPONENT PATH: FIELD FROM -> TO".
 * `talk` is a struct change_talk. */
void change_print(void *talk, const struct manifest_change *c);

#endif
