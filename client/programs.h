/* SPDX-License-Identifier: Apache-2.0 */
/*
 * programs: the names by which a manifest's programs are recognised elsewhere: in
 * other folders, among the processes.
 *
 * Rule: a component's program is any executable that it puts on the host, or symlink
 * to one, and of its image, in which there are shells and tools, the one of the
 * component's own name.
 */
#ifndef CLIENT_PROGRAMS_H
#define CLIENT_PROGRAMS_H

#include "core/manifest.h"

struct program {
	const char *name; /* last part of the path; borrowed from the manifest */
	const struct manifest_component *component;
	const struct manifest_file *file;
};

struct programs {
	struct program *list; /* sorted by name */
	size_t count;
};

bool programs_of(const struct manifest *m, struct programs *out,
		 struct error *err) MUST_CHECK;
void programs_clear(struct programs *p);

/* How many have the name; *first is the first of them. */
size_t programs_find(const struct programs *p, const char *name,
		     const struct program **first);
/* One of this name with this digest; NULL: none. */
const struct program *programs_with_digest(const struct programs *p, const char *name,
					   const struct digest *digest);

#endif
