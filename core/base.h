/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base: attributes and the few macros that every module uses.
 *
 * Rule: nothing here has a state or a body; a header that includes this one
 * gets names, not behaviour.
 */
#ifndef CORE_BASE_H
#define CORE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The caller must look at what the function returns. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* Argument `fmt` is a printf format whose values begin at argument `args`. */
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/*
 * AUTO(fn) T x = EMPTY;  fn(&x) runs when x leaves its scope. Declared and
 * initialised in one line, always.
 */
#define AUTO(fn) __attribute__((cleanup(fn)))
#define EMPTY                                                                          \
	{                                                                              \
		0                                                                      \
	}

/* The value of x, leaving x all zero: the move is written where it happens. */
#define TAKE(x)                                                                        \
	({                                                                             \
		__typeof__(x) taken_ = (x);                                            \
		memset(&(x), 0, sizeof(x));                                            \
		taken_;                                                                \
	})

/* The same for a descriptor, whose empty value is -1. */
#define TAKE_FD(fd)                                                                    \
	({                                                                             \
		int taken_ = (fd);                                                     \
		(fd) = -1;                                                             \
		taken_;                                                                \
	})

#endif
