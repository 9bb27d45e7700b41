/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_client: the client workflow of The Update Framework 1.0.34, section 5: what is
 * current, complete and meant for me.
 *
 * Rules:
 * - Order: root chain, timestamp, snapshot, targets, delegations in pre-order. A role
 *   is kept only after all of its checks, and written to the state at once.
 * - The time is taken once an update (5.2). Nothing that came from the network or from
 *   the state is used before its signatures, its version and its expiry were checked
 *   against the role that delegates to it *now*; a delegated role that is known already
 *   is verified again for every delegator that leads to it.
 * - Bytes come from a struct tuf_source, so that a server, a folder and a bundle are
 *   read by the same checks.
 * - What fails names role, version and rule: ERR_UNTRUSTED when a check failed,
 *   ERR_FORMAT and ERR_LIMIT when the file is no metadata, ERR_SYSTEM and ERR_NOT_FOUND
 *   from the source.
 */
#ifndef CORE_TUF_CLIENT_H
#define CORE_TUF_CLIENT_H

#include "core/tuf_state.h"
#include "core/tuf_trust.h"

enum {
	TUF_ROOTS_MAX = 256, /* new roots in one update */
	TUF_TARGET_MAX = 256 * 1024 * 1024,
};

/* Where the bytes are. Names are percent-encoded. A call appends up to the buffer's
 * ceiling, or leaves it as it was: ERR_NOT_FOUND when the name is not there. */
struct tuf_source {
	/* below metadata/: "2.root.json" */
	bool (*metadata)(void *arg, const char *name, struct buf *out,
			 struct error *err);
	/* below targets/: "manifests/v1.21.3/HASH.manifest-el8-x86_64.json.asc" */
	bool (*target)(void *arg, const char *name, struct buf *out, struct error *err);
	void *arg;
};

struct tuf_options {
	struct tuf_source source; /* all NULL: ask nobody, use what the state has */
	const char *state_dir;
	/* Where trust begins: used when the state has no root, a damaged one or an
	 * older one. NULL: the state must have one. */
	const char *trust;
	size_t trust_len;
	int64_t now; /* 0: the system's clock when the update begins */
	/* Judge expiry by the newest time of a good update when the clock is behind it,
	 * and use expired roles; each is named in tuf_client_relaxed(). Nothing else
	 * relaxes. */
	bool as_of_last_seen;
	/* Somebody vouches for this snapshot being the newest: see struct tuf_trust. */
	struct tuf_vouched vouched;
};

struct tuf_client;

/* Make `root` the state's trusted root: it must be well formed and signed by itself;
 * nothing is asked of the source. What the state held before is replaced. */
bool tuf_client_init(const char *state_dir, const void *root, size_t len,
		     struct error *err) MUST_CHECK;

/* The strings of the options must outlive the client. */
bool tuf_client_new(const struct tuf_options *options, struct tuf_client **out,
		    struct error *err) MUST_CHECK;
/* Let go of the state folder and the source: only reports may be asked for then. */
void tuf_client_finish(struct tuf_client *c);
void tuf_client_free(struct tuf_client *c);
void tuf_client_freep(struct tuf_client **c);

/* 5.2 to 5.6: bring the top-level roles up to date. */
bool tuf_client_refresh(struct tuf_client *c, struct error *err) MUST_CHECK;

/* 5.6.7: what the roles say of a target; refreshes first when nobody did. Borrowed
 * until the client is freed. ERR_NOT_FOUND: no role vouches for the path, and all that
 * might were asked; a role that cannot be had is another error. */
bool tuf_client_find(struct tuf_client *c, const char *path,
		     const struct tuf_target **out, struct error *err) MUST_CHECK;
/* Every target of a role and, in pre-order, of those that it delegates to. */
bool tuf_client_each(struct tuf_client *c,
		     bool (*each)(void *arg, const struct tuf_target *t,
				  struct error *err),
		     void *arg, struct error *err) MUST_CHECK;

/* 5.7: fetch it, hold it against length and digests. Into memory (appended; nothing
 * is there on failure), or as `path`, which appears whole or not at all. */
bool tuf_client_get(struct tuf_client *c, const struct tuf_target *t, struct buf *out,
		    struct error *err) MUST_CHECK;
/* *fetched is false when the file was there already, with the right content. */
bool tuf_client_save(struct tuf_client *c, const struct tuf_target *t, const char *path,
		     bool *fetched, struct error *err) MUST_CHECK;

/* ---- for reports ---- */

struct tuf_used {
	const char *role;
	int64_t version, expires;
};
/* The roles that were used, top-level ones first; borrowed. */
size_t tuf_client_used(struct tuf_client *c, const struct tuf_used **out);
/* Checks that as_of_last_seen or `vouched` let pass, a sentence each; borrowed. */
size_t tuf_client_relaxed(const struct tuf_client *c, char *const **out);
/* The time that expiry was judged by. */
int64_t tuf_client_now(const struct tuf_client *c);

#endif
