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

/* What is done beside, of which nothing depends on the manifest. */
struct load_beside {
	void (*run)(void *arg);
	void *arg;
};

struct load {
	struct source source;
	struct current current;
};

#define LOAD_NONE                                                                      \
	{                                                                              \
		.current = CURRENT_NONE                                                \
	}

/* ERR_UNTRUSTED, and whatever befell reading or fetching it. `beside` is run while
 * gpgv works, perhaps more than once; gpgv has until `deadline` of digest_many_now().
 */
bool load_manifest(const struct options *options, const struct node *node,
		   const struct load_beside *beside, int64_t deadline, struct load *out,
		   struct error *err) MUST_CHECK;
void load_clear(struct load *l);

#endif
