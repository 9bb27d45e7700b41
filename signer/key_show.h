/* SPDX-License-Identifier: Apache-2.0 */
/* key_show: how the commands show release keys, to people and to machines. */
#ifndef SIGNER_KEY_SHOW_H
#define SIGNER_KEY_SHOW_H

#include "core/cli.h"
#include "core/pgp_keyring.h"

/* A line for the key and one for each subkey. */
void key_show(FILE *out, const struct pgp_keyring *k, size_t at, int64_t now);
/* What pgp_check.h says of it, a line each; returns how many are faults. */
size_t key_show_findings(FILE *out, const struct pgp_keyring *k, size_t at,
			 int64_t now);
/* All keys, as text or JSON as the command line wants; threshold 0 is left out. */
bool key_show_all(const struct cli *cli, const struct pgp_keyring *k,
		  unsigned threshold, struct error *err) MUST_CHECK;

#endif
