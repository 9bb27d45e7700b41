/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle: a published tree that came from somewhere, on its way into a mirror store.
 *
 * The order in which it comes to count:
 *  1 bundle_update(): the TUF client workflow over the source, beginning with what the
 *    store trusts: root chain, timestamp, snapshot, every targets role;
 *  2 bundle_check(): every target that the store lacks is read once and held against
 *    length and digest, every signed file against the release keys that came through
 *    TUF and against those that the operator pinned; what a server has is kept in a
 *    folder beside the store on its way;
 *  3 bundle_store(): everything into the store, in one transaction.
 * Nothing is stored before all was checked; each file is digested again when it is
 * stored, so a source that changes meanwhile changes nothing here.
 */
#ifndef SIGNER_BUNDLE_H
#define SIGNER_BUNDLE_H

#include "core/index.h"
#include "core/pgp_keyring.h"
#include "core/store_mirror.h"
#include "core/tree_source.h"
#include "core/tuf_client.h"
#include "signer/vouch.h"

enum {
	BUNDLE_MADE_MAX =
		64 * 1024 * 1024, /* of a target that is no tool or manifest */
	BUNDLE_ROOTS_MAX = 1024,
};

/* A metadata file as it came. */
struct bundle_role {
	char name[STORE_ROLE_SIZE];
	int64_t version, expires;
	struct buf bytes;
};

struct bundle_target {
	char *path;
	struct digest digest;
	uint64_t size;
	bool is_manifest, is_tool;
	bool here;                 /* the store has these bytes: */
	struct store_target there; /* as this one */
	char *signers;             /* that count; NULL before they were judged */
	struct digest text;        /* that they signed */
};

struct bundle_options {
	const char
		*trust; /* a file: the root to begin with, in a store that has none */
	bool allow_expired;          /* use expired roles, and say so */
	const char *el, *kubernetes; /* the part of the manifests to keep; "" is all */
	/* Release keys that must vouch as well, and how many; NULL: those of before. */
	const char *keyring;
	uint64_t threshold; /* 0: 1 */
	bool no_keyring;    /* none any more */
};

struct bundle {
	struct store *store;        /* borrowed */
	struct tree_source *source; /* borrowed */
	const struct bundle_options *options;
	char *folder; /* beside the store: state of the TUF client, what a server had */
	int lock;     /* its descriptor */
	bool keep;    /* what was fetched, for the next run */
	bool remote;  /* the source is a server */
	struct store_mirror mirror; /* as it was; source "" when the store was none */
	int64_t old_root, old_snapshot; /* versions; 0: the store had none */
	int64_t root, timestamp, snapshot, now;
	struct bundle_role *roots; /* that the store lacks, in order */
	size_t root_count;
	struct bundle_role *roles; /* timestamp, snapshot and all targets roles */
	size_t role_count;
	struct bundle_target *targets;
	size_t target_count, target_room;
	struct index index; /* of the tree that came */
	struct pgp_keyring keyring;
	struct vouch pin; /* the operator's own keys; threshold 0: none */
	bool pin_changed; /* they are not those of before */
	char **relaxed;   /* what allow_expired let pass, a sentence each */
	size_t relaxed_count;
	/* Called for each target that is fetched or checked. May be NULL. */
	void (*step)(void *arg, const struct bundle_target *t);
	void *arg;
};

#define BUNDLE_NONE                                                                    \
	{                                                                              \
		.lock = -1                                                             \
	}

/* ERR_CONFLICT: the store has a tree of its own. */
bool bundle_open(struct store *s, const char *store_path, struct tree_source *source,
		 const struct bundle_options *options, struct bundle *out,
		 struct error *err) MUST_CHECK;
void bundle_clear(struct bundle *b);

/* Does the source have the very timestamp that the store has and no newer root, and has
 * nothing in the store expired? Two requests; for mirrors that look often. */
bool bundle_is_same(struct bundle *b, bool *same, struct error *err) MUST_CHECK;

bool bundle_update(struct bundle *b, struct error *err) MUST_CHECK;
bool bundle_check(struct bundle *b, struct error *err) MUST_CHECK;
/* `what`: "import" or "mirror", for the log; `from` is the source's name. */
bool bundle_store(struct bundle *b, const char *what, const char *from,
		  struct error *err) MUST_CHECK;

/* ---- between the parts ---- */

/* A root file of the bundle, behind those that are there. */
bool bundle_add_root(struct bundle *b, const char *data, size_t len, int64_t version,
		     struct error *err) MUST_CHECK;
/* The roots up to the one that trust begins with, `trust`, in front of those that came:
 * each must be signed by the one before, and the last one be `trust`. */
bool bundle_first_roots(struct bundle *b, const struct buf *trust,
			struct error *err) MUST_CHECK;
/* A root given for a store that has its own must be one of its own. */
bool bundle_same_root(struct bundle *b, const struct buf *trust,
		      struct error *err) MUST_CHECK;

/* Hand the target's bytes to `to`, from the folder or from the source: not more than
 * its size, and its digest must fit, else ERR_UNTRUSTED. */
bool bundle_give(struct bundle *b, const struct bundle_target *t, const struct sink *to,
		 struct error *err) MUST_CHECK;
/* All of it, up to `max` bytes; what the store has comes from there. */
bool bundle_load(struct bundle *b, const struct bundle_target *t, size_t max,
		 struct buf *out, struct error *err) MUST_CHECK;
/* Does the bundle's part of the manifests hold this path? Everything else it holds. */
bool bundle_wants(const struct bundle_options *o, const char *path) MUST_CHECK;

#endif
