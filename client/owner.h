/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owner: users and groups as the node's own /etc/passwd and /etc/group name them,
 * read beneath its root: never those of the machine that checks, never NSS.
 */
#ifndef CLIENT_OWNER_H
#define CLIENT_OWNER_H

#include "client/node.h"

#include <sys/types.h>

struct owner {
	struct buf passwd, group; /* texts of the two files; empty when not there */
};

void owner_read(const struct node *node, struct owner *out);
void owner_clear(struct owner *o);

/* Is "USER:GROUP" (names or numbers) these ids? False, too, when the node does not
 * know a name. */
bool owner_is(const struct owner *o, const char *wanted, uid_t uid,
	      gid_t gid) MUST_CHECK;
/* Append "root:root"; numbers where there is no name. */
void owner_text(const struct owner *o, uid_t uid, gid_t gid, struct buf *out);

#endif
