/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote: a published tree behind a URL, as a source of TUF metadata and targets.
 *
 * Rules: one http client, one connection; what comes is bounded by the buffer of the
 * caller and not looked at here.
 */
#ifndef CORE_REMOTE_H
#define CORE_REMOTE_H

#include "core/http.h"
#include "core/tuf_client.h"

struct remote {
	struct http *http;              /* borrowed */
	const char *metadata, *targets; /* URLs of the two folders; borrowed */
};

/* Borrows `r`. */
struct tuf_source remote_source(struct remote *r);

#endif
