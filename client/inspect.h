/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect: what an unknown program is: its digest, and of a Go program the toolchain,
 * crypto module and build settings; with a manifest, whether that lists it, with a
 * server, which releases do.
 *
 * Rules: nothing is executed. A manifest is verified as everywhere; what a server says
 * is not, and the output says so.
 */
#ifndef CLIENT_INSPECT_H
#define CLIENT_INSPECT_H

#include "core/cli.h"

/* `fips-tool inspect ...`; argv[0] is "inspect". 0: all were read (and listed, where
 * something was asked); 1: one is not listed; 3: one could not be read. */
enum cli_exit inspect_main(int argc, char **argv, struct cli *cli);

#endif
