/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standing: what a manifest of the store is to a node, as people are told.
 *
 *     pending     too few trusted signatures
 *     complete    ready to be published
 *     published   in the tree, and vouched for
 *     untrusted   published, and no longer vouched for
 *     superseded  published, and so is a newer revision
 *     withdrawn   taken back
 *
 * Rule: whether it is vouched for is asked of the keys, the threshold and the time as
 * they are now (vouch_stands()), not of what the store noted down.
 */
#ifndef SIGNER_STANDING_H
#define SIGNER_STANDING_H

#include "signer/vouch.h"

struct standing {
	const char *name;
	bool visible; /* in the tree */
	bool judged;  /* complete or published, and not superseded: then */
	bool trusted; /* is set */
};

bool standing_of(struct store *s, const struct vouch *v, const struct store_manifest *m,
		 struct standing *out, struct error *err) MUST_CHECK;

#endif
