/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load: the manifest that the command line names, verified: from a file, by TUF, or
 * by a server's index.
 *
 * Rule: struct load holds a source only when everything that was asked for holds of it.
 */
#ifndef CLIENT_LOAD_H
#define CLIENT_LOAD_H

#include "client/current.h"
#include "client/node.h"
#include "client/options.h"
#include "client/source.h"

struct load {
	struct source source;
	struct current current;
};

#define LOAD_NONE                                                                      \
	{                                                                              \
		.current = CURRENT_NONE                                                \
	}

/* ERR_UNTRUSTED, and whatever befell reading or fetching it. */
bool load_manifest(const struct options *options, const struct node *node,
		   struct load *out, struct error *err) MUST_CHECK;
void load_clear(struct load *l);

#endif
