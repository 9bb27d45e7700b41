/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_check: is the program that runs one that was published?
 *
 * Rule: what counts is tool/SHA256SUMS.asc of the published tree, signed by enough of
 * the release keys; under TUF where there is a root, as a manifest is. A program that
 * was changed can lie here as everywhere: the answer is worth what the machine is;
 * `sha256sum -c` on another machine says more.
 */
#ifndef CLIENT_SELF_CHECK_H
#define CLIENT_SELF_CHECK_H

#include "client/options.h"
#include "core/cli.h"
#include "core/digest.h"

/* The running program's digest, "" when it cannot be read. */
void self_check_digest(char out[DIGEST_HEX_SIZE]);

/* Ask the published tree and print the answer. */
enum cli_exit self_check(const struct options *options, const struct cli *cli);

#endif
