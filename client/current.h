/* SPDX-License-Identifier: Apache-2.0 */
/*
 * current: a signed manifest, or the signed list of tools, from a published tree under
 * TUF (The Update Framework 1.0.34): current, complete, meant for this node.
 *
 * Rules:
 * - The server is believed nothing that is not signed from the trusted root on. The
 *   root is the state folder's; it begins with --trust or the one that was built in.
 * - The manifest is the target whose path names this EL, Kubernetes version and
 *   architecture, the more exact EL first; its custom part must say the same, and the
 *   verified manifest too (current_confirm()).
 * - The release keyring comes through TUF (keys/release.asc). A keyring that the user
 *   pins is asked as well, never instead.
 * - With a site key (site_check.h) the tree must come with the statement of that site,
 * of this very snapshot; timestamp and snapshot may then have expired, and nothing
 * else.
 * - What was fetched lies in the state folder, held against its digest at every use.
 */
#ifndef CLIENT_CURRENT_H
#define CLIENT_CURRENT_H

#include "client/report.h"
#include "client/site_check.h"
#include "core/tuf_client.h"

#define CURRENT_STATE_DEFAULT "/var/lib/fips-tool"

struct current_options {
	const char *server; /* NULL: ask nobody, use the state */
	bool local;         /* `server` is a folder, a tar or oci:DIR: no network */
	const char *trust;  /* file of a root; NULL: the built-in one, or the state's */
	const char *state;  /* folder; NULL: the default */
	bool sums;          /* tool/SHA256SUMS.asc is wanted, no manifest: then the next
			     * three are not looked at */
	const char *el, *arch;
	const char *kubernetes; /* NULL: the only one that the published index has */
	long seconds;           /* limit of each request; 0: none */
	bool as_of_last_seen;
	const char *site_key; /* file; NULL: no site's statement is asked for */
	int64_t max_site_age; /* seconds */
};

struct current {
	char *origin; /* URL of the server and target path, for reports */
	struct buf file;
	char *keyring;   /* path of the release keys in the state */
	char wanted[64]; /* the Kubernetes version that was asked for */
	char el[8], kubernetes[64], arch[16];
	int64_t revision;
	char **withdrawn; /* what the metadata say of earlier revisions */
	size_t withdrawn_count;
	struct tuf_client *client;
	struct site_check site; /* key NULL: none was asked for */
};

#define CURRENT_NONE                                                                   \
	{                                                                              \
		.file = BUF_MAX(SOURCE_FILE_MAX)                                       \
	}

/* Is the tree held to TUF? It is where there is a root to begin with, and where the
 * options mean nothing without one. */
bool current_applies(const struct current_options *o) MUST_CHECK;
bool current_fetch(const struct current_options *o, struct current *out,
		   struct error *err) MUST_CHECK;
/* Is the verified manifest the one that the metadata names? ERR_UNTRUSTED. */
bool current_confirm(const struct current *c, const struct source *s,
		     struct error *err) MUST_CHECK;
/* Say in the report which metadata were used until when, and every check that was
 * relaxed; without TUF (c NULL), that nothing vouches for this being the newest. */
void current_report(const struct current *c, struct report *r);
void current_clear(struct current *c);

#endif
