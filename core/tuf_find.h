/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_find: asking the roles: which key, which file, which target, and whom a target
 * path is delegated to. What is found is borrowed from what was asked.
 */
#ifndef CORE_TUF_FIND_H
#define CORE_TUF_FIND_H

#include "core/tuf_role.h"

const struct tuf_key *tuf_find_key(const struct tuf_keys *keys, const char *id);
/* The entry of a role ("targets" finds "targets.json"). */
const struct tuf_meta *tuf_find_meta(const struct tuf_snapshot *s, const char *role);
const struct tuf_target *tuf_find_target(const struct tuf_targets *t, const char *path);

/* Does the delegation cover this target path (section 4.5)? `hash` is its SHA-256 in
 * hex: a path is asked of many. */
bool tuf_find_covers(const struct tuf_delegation *d, const char *path,
		     const char *hash) MUST_CHECK;
/* "*" and "?" stand for characters of one component, "/" only for itself. */
bool tuf_find_matches(const char *pattern, const char *path) MUST_CHECK;
/* The succinct bin of a path, into an array of TUF_NAME_MAX + 1. */
bool tuf_find_bin(const struct tuf_targets *t, const char *path, char *out,
		  struct error *err) MUST_CHECK;

#endif
