/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error: why something failed, as a value on the caller's stack.
 *
 * Rules:
 * - A function that can fail returns bool, takes `struct error *err` last, and
 *   leaves its outputs untouched when it returns false.
 * - Codes are few and chosen by what the caller does next: the exit status
 *   (cli.h) and the HTTP status (server) each derive from the code alone.
 * - A message says the fault first and quotes its subject: no capital, no full
 *   stop. Context is put in front on the way up: "context: inner".
 * - Core returns errors and never prints; a program prints once.
 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include "core/base.h"

#include <stdarg.h>

enum error_code {
	ERR_NONE,
	ERR_USAGE,     /* the command line is wrong */
	ERR_SYSTEM,    /* the operating system, the network or a device said no */
	ERR_FORMAT,    /* input is damaged or not of the form it must have */
	ERR_LIMIT,     /* input is over a named ceiling */
	ERR_NOT_FOUND, /* the thing asked for is not there */
	ERR_CONFLICT,  /* it contradicts what is there already */
	ERR_MISMATCH,  /* checked, and not what it should be */
	ERR_UNTRUSTED, /* signature, threshold, expiry, rollback */
	ERR_INTERNAL,  /* a defect of this program */
};

struct error {
	enum error_code code;
	int os; /* errno where the system was the cause, else 0 */
	char msg[512];
};

/*
 * Set *err and yield false, so that `return error_set(err, ...)` reads well and
 * the compiler sees the false. A message that does not fit is cut at its end.
 */
#define error_set(err, code, ...) (error_set_(err, code, __VA_ARGS__), false)

/*
 * The same for a failed system call: appends ": " and errno's text, keeps errno
 * in err->os. ENOENT and ENOTDIR become ERR_NOT_FOUND, everything else
 * ERR_SYSTEM.
 */
#define error_sys(err, ...) (error_sys_(err, __VA_ARGS__), false)

/* Put "context: " in front of the message that is there; code and os stay. */
#define error_prefix(err, ...) (error_prefix_(err, __VA_ARGS__), false)

void error_set_(struct error *err, enum error_code code, const char *fmt, ...)
	PRINTF(3, 4);
/* For whoever takes a format itself. */
void error_vset(struct error *err, enum error_code code, const char *fmt, va_list ap)
	PRINTF(3, 0);
void error_sys_(struct error *err, const char *fmt, ...) PRINTF(2, 3);
void error_prefix_(struct error *err, const char *fmt, ...) PRINTF(2, 3);

/* Back to "no error". */
void error_clear(struct error *err);

/* The code's name, as tests tell it: "format", "limit", "not-found", ... */
const char *error_code_name(enum error_code code);

#endif
