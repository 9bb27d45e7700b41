/* SPDX-License-Identifier: Apache-2.0 */
/* workers: one function on several threads, until each of them has ended. */
#ifndef SIGNER_WORKERS_H
#define SIGNER_WORKERS_H

#include <stddef.h>

/* Run work(arg) on one thread more than there are cores, because they wait for one
 * another and for what they read, and at most on `max`: the calling one, and others as
 * far as they can be had. What they share, they lock. */
void workers_run(size_t max, void *(*work)(void *arg), void *arg);
/* Of this machine, at least 1: the `max` of work that keeps a core busy throughout. */
size_t workers_cores(void);

#endif
