/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portable: what the one static file must do before anything else, so that it is the
 * same program on every node: no name service module of the node's glibc, and no
 * configuration or module of an OpenSSL that is not its own, is loaded into it.
 */
#ifndef CLIENT_PORTABLE_H
#define CLIENT_PORTABLE_H

#include "core/base.h"

/* First thing in main(). Does nothing in a program that is not static. */
void portable_init(void);

#endif
