/* SPDX-License-Identifier: Apache-2.0 */
/* root_show: the published root and the one in preparation, for people and machines. */
#ifndef SIGNER_ROOT_SHOW_H
#define SIGNER_ROOT_SHOW_H

#include "core/cli.h"
#include "core/store.h"

bool root_show(const struct cli *cli, struct store *s, const char *file,
	       struct error *err) MUST_CHECK;

#endif
