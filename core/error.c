/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"

#include <errno.h>
#include <stdio.h>

/* A text that was cut may end within a UTF-8 sequence: cut that away, too. */
static void trim(char *msg, size_t size, size_t wanted)
{
	size_t len = strlen(msg);

	if (wanted < size)
		return;
	while (len && (unsigned char)msg[len - 1] >= 0x80)
		msg[--len] = '\0';
}

/* The message from a format, whose values may lie in the old message. */
PRINTF(2, 0)
static void format(struct error *err, const char *fmt, va_list ap)
{
	char msg[sizeof(err->msg)];
	int n = vsnprintf(msg, sizeof(msg), fmt, ap);

	if (n < 0)
		msg[0] = '\0';
	else
		trim(msg, sizeof(msg), (size_t)n);
	memcpy(err->msg, msg, sizeof(msg));
}

/* Put ": inner" behind the message. */
static void append(struct error *err, const char *inner)
{
	size_t len = strlen(err->msg), room = sizeof(err->msg) - len;
	int n = snprintf(err->msg + len, room, ": %s", inner);

	if (n > 0)
		trim(err->msg, room, (size_t)n);
}

void error_vset(struct error *err, enum error_code code, const char *fmt, va_list ap)
{
	err->code = code;
	err->os = 0;
	format(err, fmt, ap);
}

void error_set_(struct error *err, enum error_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(err, code, fmt, ap);
	va_end(ap);
}

void error_sys_(struct error *err, const char *fmt, ...)
{
	int os = errno;
	va_list ap;
	char text[128];

	err->code = os == ENOENT || os == ENOTDIR ? ERR_NOT_FOUND : ERR_SYSTEM;
	err->os = os;
	va_start(ap, fmt);
	format(err, fmt, ap);
	va_end(ap);
	append(err, strerror_r(os, text, sizeof(text)));
	errno = os;
}

void error_prefix_(struct error *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list ap;

	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	format(err, fmt, ap);
	va_end(ap);
	append(err, inner);
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
