/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_release: which Enterprise Linux a tree is, from the text of its os-release
 * (os-release(5)) and, for the minor version that some distributions leave out
 * there, of its redhat-release.
 */
#ifndef CLIENT_OS_RELEASE_H
#define CLIENT_OS_RELEASE_H

#include "core/error.h"

enum {
	OS_RELEASE_VALUE_MAX = 128, /* bytes of a value with its NUL; longer is cut */
	OS_RELEASE_TEXT_MAX = 65536,
};

struct os_release {
	char name[OS_RELEASE_VALUE_MAX]; /* PRETTY_NAME, escaped; or what is there */
	char el[8];                      /* "8", "8.4"; "" when it is no EL */
};

/* `redhat` is the text of /etc/redhat-release or NULL; its minor version counts
 * only when it agrees with os-release on the major one. */
void os_release_parse(const char *text, const char *redhat, struct os_release *out);

#endif
