/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capability: file capabilities (capabilities(7)) as a value: from the text that RPM
 * and manifests keep ("cap_net_admin,cap_net_raw=ep") and from the extended attribute
 * security.capability, as a file or an archive has it.
 */
#ifndef CORE_CAPABILITY_H
#define CORE_CAPABILITY_H

#include "core/buf.h"

struct capability {
	uint64_t permitted, inheritable; /* a bit each */
	bool effective;
	uint32_t root_id; /* of the user namespace that they hold in; 0: everywhere */
};

/* cap_from_text(3): clauses with a blank between them, names or "all" or none, then
 * operators = + - with flags e i p. ERR_FORMAT. */
bool capability_parse(const char *text, struct capability *out,
		      struct error *err) MUST_CHECK;
/* The attribute's bytes; none (len 0) is no capability. ERR_FORMAT. */
bool capability_decode(const unsigned char *data, size_t len, struct capability *out,
		       struct error *err) MUST_CHECK;
/* The value as the text that a manifest has, "cap_net_raw=ep", to be freed; NULL for
 * none. ERR_FORMAT for what such a text cannot say: capabilities of a user namespace,
 * and those without a name. */
bool capability_name(const struct capability *c, char **out,
		     struct error *err) MUST_CHECK;
bool capability_equal(const struct capability *a,
		      const struct capability *b) MUST_CHECK;
bool capability_none(const struct capability *c) MUST_CHECK;
/* Append "cap_net_admin,cap_net_raw=ep"; "none" for none. */
void capability_text(const struct capability *c, struct buf *out);

#endif
