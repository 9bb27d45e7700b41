/* SPDX-License-Identifier: Apache-2.0 */
#include "client/portable.h"

#ifdef FIPS_TOOL_STATIC

#include "core/digest.h"

#include <stdlib.h>

/* glibc's; no header has it */
int __nss_configure_lookup(const char *db, const char *service_line);

void portable_init(void)
{
	static const char *const lookups[][2] = {
		{"hosts", "files dns"}, {"passwd", "files"},    {"group", "files"},
		{"services", "files"},  {"protocols", "files"},
	};

	for (size_t i = 0; i < ARRAY_LEN(lookups); i++)
		if (__nss_configure_lookup(lookups[i][0], lookups[i][1]))
			abort();
	digest_no_config();
}

#else

void portable_init(void)
{
}

#endif
