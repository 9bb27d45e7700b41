/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch: a signed manifest from a server's published tree.
 *
 * Rule: nothing that comes from the server is believed: the index only says where
 * to look, and the caller verifies the file. What the index said of the file must
 * hold of it (fetch_confirm()), so that a table that links version X to the
 * manifest of version Y is refused. The index carries no signature of its own: a
 * server may hold back a newer revision.
 */
#ifndef CLIENT_FETCH_H
#define CLIENT_FETCH_H

#include "client/source.h"
#include "core/index.h"

struct fetch_options {
	const char *server; /* http:// or https:// URL of the tree */
	const char *el, *arch;
	const char
		*kubernetes; /* NULL: the only one that the server has for el, arch */
	long seconds;        /* limit of each request; 0: none */
};

struct fetch {
	char *url; /* of the file, without name and password */
	struct buf file;
	struct index_manifest row; /* its signers are left out */
};

#define FETCH_NONE                                                                     \
	{                                                                              \
		.file = BUF_MAX(SOURCE_FILE_MAX)                                       \
	}

bool fetch_manifest(const struct fetch_options *options, struct fetch *out,
		    struct error *err) MUST_CHECK;
/* The only Kubernetes version that an index has for this EL and architecture ("any
 * version" when it has none): ERR_USAGE when there are several. Borrowed from `x`. */
bool fetch_version(const struct index *x, const char *el, const char *arch,
		   const char **out, struct error *err) MUST_CHECK;
/* Is the verified manifest the one that the index promised? ERR_UNTRUSTED. */
bool fetch_confirm(const struct fetch *f, const struct source *s,
		   struct error *err) MUST_CHECK;
void fetch_clear(struct fetch *f);

#endif
