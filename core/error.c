/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* Set the message from a format; what does not fit is cut. */
PRINTF(3, 0)
static void format(char *msg, size_t size, const char *fmt, va_list ap)
{
	if (vsnprintf(msg, size, fmt, ap) < 0)
		msg[0] = '\0';
}

void error_set_(struct error *err, enum error_code code, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	err->os = 0;
	va_start(ap, fmt);
	format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
}

void error_sys_(struct error *err, const char *fmt, ...)
{
	int os = errno;
	va_list ap;
	size_t len;
	char text[128];

	err->code = os == ENOENT || os == ENOTDIR ? ERR_NOT_FOUND : ERR_SYSTEM;
	err->os = os;
	va_start(ap, fmt);
	format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s",
		 strerror_r(os, text, sizeof(text)));
	errno = os;
}

void error_prefix_(struct error *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list ap;
	size_t len;

	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	format(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", inner);
}

void error_clear(struct error *err)
{
	*err = (struct error)EMPTY;
}

const char *error_code_name(enum error_code code)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",           [ERR_USAGE] = "usage",
		[ERR_SYSTEM] = "system",       [ERR_FORMAT] = "format",
		[ERR_LIMIT] = "limit",         [ERR_NOT_FOUND] = "not-found",
		[ERR_CONFLICT] = "conflict",   [ERR_MISMATCH] = "mismatch",
		[ERR_UNTRUSTED] = "untrusted", [ERR_INTERNAL] = "internal",
	};

	return (size_t)code < ARRAY_LEN(names) ? names[code] : "unknown";
}
