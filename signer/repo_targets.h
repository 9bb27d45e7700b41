/* SPDX-License-Identifier: Apache-2.0 */
/* repo_targets: the store's rows of what a publication shows: target files and roles.
 */
#ifndef SIGNER_REPO_TARGETS_H
#define SIGNER_REPO_TARGETS_H

#include "signer/repo_roles.h"

/* Make the current targets those of the tree; `at` is the publication. */
bool repo_targets_put(struct store *s, const struct tree *tree, int64_t at,
		      struct error *err) MUST_CHECK;
/* Delegated roles that nobody delegates to any more are current no longer; snapshot
 * keeps naming them. */
bool repo_targets_end_roles(struct store *s, const struct repo_roles *roles, int64_t at,
			    struct error *err) MUST_CHECK;

#endif
