/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: run a function with a hard limit of time, also when the kernel holds it in
 * a call that nothing interrupts.
 */
#ifndef CLIENT_WATCH_H
#define CLIENT_WATCH_H

#include "core/error.h"

/*
 * Run fn(arg) in a thread of its own; *finished says whether it came back before
 * `deadline` (milliseconds of digest_many_now()). When it did not it still runs, and
 * the caller must leave everything in place and end the process with _exit().
 */
bool watch_run(void (*fn)(void *arg), void *arg, int64_t deadline, bool *finished,
	       struct error *err) MUST_CHECK;

#endif
