/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_trust: the metadata that is trusted in one update, and the checks that let a
 * file in (The Update Framework 1.0.34, sections 5.3 to 5.6). No file and no network
 * here: tuf_client brings the bytes in the order of the workflow.
 *
 * Rules:
 * - A file is let in by signatures of the keys that its delegator names now, by its
 *   version, and by its expiry against one fixed time; what was let in replaces what
 *   was there.
 * - An "old" file comes from this machine's state. It is not trusted for lying there:
 *   signatures are checked with the keys of today, so keys that were replaced let the
 *   repository recover from a fast-forward. It then holds against rollback, expired or
 *   not.
 * - Every error begins with role and version ("snapshot 7: ...") and is
 *   ERR_UNTRUSTED where a check failed, ERR_FORMAT or ERR_LIMIT where the file is no
 *   metadata.
 */
#ifndef CORE_TUF_TRUST_H
#define CORE_TUF_TRUST_H

#include "core/tuf_signed.h"

enum { TUF_ROLES_MAX = 1024 }; /* targets roles held at once */

/* A targets role: "targets" or a delegated one. Its signatures are kept, because
 * every delegator that leads to it asks for them again. */
struct tuf_entry {
	char *name;
	struct tuf_signed file;
	struct tuf_targets role;
	const struct tuf_signers *by; /* whom its signatures were last checked for */
};

/* Who may sign a role; borrowed. */
struct tuf_delegator {
	const struct tuf_keys *keys;
	const struct tuf_signers *signers;
};

/* A snapshot that somebody else says is the newest that can be had here: a site. */
struct tuf_vouched {
	int64_t version; /* 0: nobody says so of any */
	struct digest digest;
};

struct tuf_trust {
	int64_t now; /* the time of this update */
	bool relax;  /* expired roles are noted in `relaxed` and used */
	/* No other snapshot is let in; timestamp and snapshot may have expired, which
	 * is noted in `relaxed`. */
	struct tuf_vouched vouched;
	/* version 0: there is none yet */
	struct tuf_root root;
	struct tuf_timestamp timestamp;
	struct tuf_snapshot snapshot;
	struct tuf_entry **entries; /* in the order in which they came */
	size_t entry_count;
	char **relaxed;
	size_t relaxed_count;
};

void tuf_trust_clear(struct tuf_trust *t);

/* 5.3: the root that trust begins with, signed by itself; then N+1, signed by N's keys
 * and its own; then the last one's expiry. */
bool tuf_trust_first_root(struct tuf_trust *t, const struct buf *text,
			  struct error *err) MUST_CHECK;
bool tuf_trust_next_root(struct tuf_trust *t, const struct buf *text,
			 struct error *err) MUST_CHECK;
bool tuf_trust_check_root(struct tuf_trust *t, struct error *err) MUST_CHECK;

/* 5.4. *newer is false for the version that is there already: such a file is not
 * looked into. tuf_trust_check_timestamp() ends the step. */
bool tuf_trust_old_timestamp(struct tuf_trust *t, const struct buf *text,
			     struct error *err) MUST_CHECK;
bool tuf_trust_new_timestamp(struct tuf_trust *t, const struct buf *text, bool *newer,
			     struct error *err) MUST_CHECK;
bool tuf_trust_check_timestamp(struct tuf_trust *t, struct error *err) MUST_CHECK;

/* 5.5. *good: the old one is the very one that timestamp names, and not expired. */
bool tuf_trust_old_snapshot(struct tuf_trust *t, const struct buf *text, bool *good,
			    struct error *err) MUST_CHECK;
bool tuf_trust_new_snapshot(struct tuf_trust *t, const struct buf *text,
			    struct error *err) MUST_CHECK;

/* 5.6: what snapshot says of a targets role; ERR_UNTRUSTED when it does not list it. */
bool tuf_trust_meta(const struct tuf_trust *t, const char *role,
		    const struct tuf_meta **out, struct error *err) MUST_CHECK;
/* Let a targets role in, wherever the bytes came from. */
bool tuf_trust_targets(struct tuf_trust *t, const char *role, struct tuf_delegator by,
		       const struct buf *text, const struct tuf_entry **out,
		       struct error *err) MUST_CHECK;
/* A role that was let in already, for another delegator; NULL in *out when there is
 * none of that name. */
bool tuf_trust_known(const struct tuf_trust *t, const char *role,
		     struct tuf_delegator by, const struct tuf_entry **out,
		     struct error *err) MUST_CHECK;

#endif
