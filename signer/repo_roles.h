/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repo_roles: which role of the published tree lists which target.
 *
 *     targets            tool/..., keys/..., and the delegations
 *       index            index.json and index.html
 *       el8              every manifest of EL 8 and 8.x, up to REPO_BIN_MAX of them;
 *         el8-0 .. -f    more: bins by the first hex digit (then two) of SHA-256(path)
 *
 * Rules: a role that was published stays in the tree, empty if need be, because
 * clients refuse a snapshot that loses one; bins are never joined again. The same
 * targets give the same roles.
 */
#ifndef SIGNER_REPO_ROLES_H
#define SIGNER_REPO_ROLES_H

#include "core/store_tuf.h"
#include "core/tree.h"
#include "core/tuf_role.h"

enum { REPO_BIN_MAX = 64 }; /* targets in a role before it is split */

struct repo_role {
	char name[STORE_ROLE_SIZE];
	struct tuf_targets body; /* version and expires are not set */
	size_t parent;           /* index of its delegator; of "targets": SIZE_MAX */
};

struct repo_roles {
	struct repo_role *list; /* delegators before delegates; [0] is "targets" */
	size_t count, room;
};

/* From the static part of the tree; keys of delegated roles that the store does not
 * name are those of "targets" in `root`. */
bool repo_roles_make(struct store *s, const struct tuf_root *root,
		     const struct tree *tree, struct repo_roles *out,
		     struct error *err) MUST_CHECK;
void repo_roles_clear(struct repo_roles *r);

/* Is this path of the tree a target? */
bool repo_roles_lists(const char *path) MUST_CHECK;

#endif
