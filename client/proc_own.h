/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_own: does a file beneath /proc come from the kernel itself? Something may be
 * mounted over it, which is a known way to make programs believe in FIPS mode: a file
 * of another file system, or another file of /proc that reads the same.
 */
#ifndef CLIENT_PROC_OWN_H
#define CLIENT_PROC_OWN_H

#include <stdbool.h>

/* `path` is beneath /proc ("sys/crypto/fips_enabled"), `proc_fd` is /proc. A mount that
 * shows its own place again, as the read-only /proc/sys of containers does, is no other
 * file. False also when that cannot be told. */
bool proc_own_file(int proc_fd, const char *path);

#endif
