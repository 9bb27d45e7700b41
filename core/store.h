/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: manifests, signatures, tools, release keys, the published tree's rows
 * and the audit log, in one SQLite file (schema/NNN_name.sql).
 *
 * Rules: rollback journal, synchronous=EXTRA, foreign keys on; what a function
 * reported as stored survives power loss. A published row never changes. Every
 * change writes its audit row in the same transaction; each audit row carries
 * the SHA-256 of the one before. A store newer than this program, or an older one
 * opened read-only, is refused in words. The store verifies nothing: callers
 * verify signatures first. Readers need no write permission. A callback may call
 * every function but the one that calls it. store_*.c alone include <sqlite3.h>.
 */
#ifndef CORE_STORE_H
#define CORE_STORE_H

#include "core/buf.h"
#include "core/digest.h"
#include "core/sink.h"

struct store;

enum store_mode { STORE_READ, STORE_WRITE };

/* Make a new store at `path`; ERR_CONFLICT when anything is there, also a journal that
 * outlived an earlier store of the name: it would be played into this one. It appears
 * whole or not at all. */
bool store_create(const char *path, struct error *err) MUST_CHECK;
/* Open one; STORE_WRITE migrates an older one, and refuses one whose schema another
 * program changed (ERR_MISMATCH): nothing would guard what is written. */
bool store_open(const char *path, enum store_mode mode, struct store **out,
		struct error *err) MUST_CHECK;
void store_close(struct store *s);
void store_closep(struct store **s);

/* A transaction around several calls; without it each call is its own. In
 * STORE_READ it is a fixed view of the store: hold it shortly, because it keeps
 * writers from finishing. */
bool store_begin(struct store *s, struct error *err) MUST_CHECK;
bool store_commit(struct store *s, struct error *err) MUST_CHECK;
void store_rollback(struct store *s);
/* Run `change` as one step, a transaction or a part of one: all of what it changes
 * is stored when it returns true, nothing otherwise. */
bool store_change(struct store *s,
		  bool (*change)(struct store *s, void *arg, struct error *err),
		  void *arg, struct error *err) MUST_CHECK;
/* Run `look` with a fixed view of the store, inside a transaction or out of one. */
bool store_view(struct store *s,
		bool (*look)(struct store *s, void *arg, struct error *err), void *arg,
		struct error *err) MUST_CHECK;

/* Changes whenever anything in the store changed, in any process; means nothing
 * to another struct store. */
bool store_version(struct store *s, uint64_t *out, struct error *err) MUST_CHECK;

/* ---- manifests ---- */

enum store_state { STORE_PENDING, STORE_COMPLETE, STORE_PUBLISHED, STORE_WITHDRAWN };
const char *store_state_name(enum store_state s);

struct store_manifest {
	int64_t row;
	char el[8], kubernetes[64], arch[16];
	unsigned revision;
	struct digest digest; /* of the canonical text */
	uint64_t size;
	int64_t created, added;
	int64_t published, withdrawn; /* 0: never was */
	enum store_state state;
	char withdrawn_reason[1024];
};

/* "el8/v1.21.3/x86_64@1" */
enum { STORE_ID_SIZE = 112 };
void store_manifest_id(const struct store_manifest *m, char out[STORE_ID_SIZE]);

/* A canonical text, the signed file that holds it, and what the caller's
 * verification says: STORE_PENDING or STORE_COMPLETE, or who vouched. */
struct store_put {
	const char *text;
	size_t text_len;
	const char *asc;
	size_t asc_len;
	/* Of both, where the caller has digested them; NULL: they are digested here. */
	const struct digest *text_digest, *asc_digest;
	enum store_state state;
	const char *signers; /* as store_publish_manifest() has them; NULL: not yet */
};

/* Who the manifest is for is read from the text. Same text again: the row is
 * found and its unpublished .asc replaced (merging signatures is the caller's);
 * a published .asc stays and the new one waits beside it. ERR_CONFLICT: another
 * text under the same (el, kubernetes, arch, revision), or it was withdrawn. With
 * `signers` it is published at once: to do so later writes the .asc again. */
bool store_put_manifest(struct store *s, const struct store_put *p,
			struct store_manifest *out, struct error *err) MUST_CHECK;

/* The same in two steps: the first asks no store, so that threads may take it for many
 * at once. What `p` points to stays borrowed until the handle is freed; a handle is put
 * once. */
struct store_parsed;
bool store_parse_manifest(const struct store_put *p, struct store_parsed **out,
			  struct error *err) MUST_CHECK;
bool store_put_parsed(struct store *s, struct store_parsed *p,
		      struct store_manifest *out, struct error *err) MUST_CHECK;
void store_parsed_freep(struct store_parsed **p);

/* Which ones; NULL and revision 0 match all. By EL, Kubernetes version (newest
 * first), arch, revision (newest first). */
struct store_filter {
	const char *el, *kubernetes, *arch;
	unsigned revision;
	bool published_only, withdrawn_only;
};
bool store_each_manifest(struct store *s, const struct store_filter *f,
			 bool (*each)(void *arg, const struct store_manifest *m,
				      struct error *err),
			 void *arg, struct error *err) MUST_CHECK;
/* By the digest of its canonical text; ERR_NOT_FOUND. */
bool store_manifest_by_digest(struct store *s, const struct digest *d,
			      struct store_manifest *out, struct error *err) MUST_CHECK;
/* Append canonical text or signed file (the newest one, published or not). */
bool store_text(struct store *s, int64_t row, struct buf *out,
		struct error *err) MUST_CHECK;
bool store_asc(struct store *s, int64_t row, struct buf *out,
	       struct error *err) MUST_CHECK;
/* To STORE_PENDING or STORE_COMPLETE before it is published; to STORE_WITHDRAWN
 * with a reason, for good. */
bool store_set_state(struct store *s, int64_t row, enum store_state state,
		     const char *reason, struct error *err) MUST_CHECK;

/* A signed file of a manifest. */
enum { STORE_SIGNERS_MAX = 32 };
struct store_signed {
	int64_t row;
	struct digest digest;
	uint64_t size;
	int64_t added, published;                 /* published 0: not yet */
	int64_t distrusted;                       /* taken out of the tree; 0: not */
	char signers[STORE_SIGNERS_MAX * 65 + 1]; /* that counted; by blanks; "" */
};
/* The newest one of a manifest. */
bool store_signed(struct store *s, int64_t manifest_row, struct store_signed *out,
		  struct error *err) MUST_CHECK;
/* The published one of a manifest, and whether a newer revision of this was published,
 * too: ERR_NOT_FOUND when none ever was. */
bool store_shown(struct store *s, int64_t manifest_row, struct store_signed *out,
		 bool *superseded, struct error *err) MUST_CHECK;
/* Append its bytes, by its own row. */
bool store_signed_bytes(struct store *s, int64_t row, struct buf *out,
			struct error *err) MUST_CHECK;
/* Append what stands behind its text: the signatures, armored. Not held against the
 * digest: to tell, never to trust. */
bool store_signatures(struct store *s, int64_t row, struct buf *out,
		      struct error *err) MUST_CHECK;

/* Publish the newest signed file of a manifest, and the manifest with it; who
 * vouched (primary fingerprints by blanks) is kept with it. */
bool store_publish_manifest(struct store *s, int64_t row, const char *signers,
			    struct error *err) MUST_CHECK;
/* Take a published file (its own row) out of the tree, because keys or threshold
 * no longer trust it, or let it in again: `why` is NULL then. */
bool store_distrust(struct store *s, int64_t row, const char *why,
		    struct error *err) MUST_CHECK;
/* What the tree shows: of each (el, kubernetes, arch) the newest revision that
 * was ever published, unless it was withdrawn or is distrusted, with its published
 * file. */
bool store_each_visible(struct store *s,
			bool (*each)(void *arg, const struct store_manifest *m,
				     const struct store_signed *f, struct error *err),
			void *arg, struct error *err) MUST_CHECK;
/* The same in whatever order they lie there: of 10,000 half the time is sorting. */
bool store_each_visible_unsorted(struct store *s,
				 bool (*each)(void *arg, const struct store_manifest *m,
					      const struct store_signed *f,
					      struct error *err),
				 void *arg, struct error *err) MUST_CHECK;

/* Which manifests list this digest as a file's, an artifact's or their own. */
struct store_hit {
	struct store_manifest manifest;
	bool superseded;     /* a newer revision was published */
	char component[129]; /* "" when it is the manifest itself */
	char path[1025];     /* "" when it is the artifact or the manifest itself */
};
bool store_find_digest(struct store *s, const struct digest *d,
		       bool (*each)(void *arg, const struct store_hit *h,
				    struct error *err),
		       void *arg, struct error *err) MUST_CHECK;

/* ---- release keys, settings ---- */

/* The whole keyring (binary), replaced as a whole; "" when there is none yet. */
bool store_keyring(struct store *s, struct buf *out, struct error *err) MUST_CHECK;
bool store_set_keyring(struct store *s, const void *data, size_t len, const char *what,
		       struct error *err) MUST_CHECK;
/* The one that the tree shows, and since when; "" and 0 when none is published. */
bool store_published_keyring(struct store *s, struct buf *out, int64_t *published,
			     struct error *err) MUST_CHECK;
bool store_threshold(struct store *s, unsigned *out, struct error *err) MUST_CHECK;
/* The one that the tree tells. */
bool store_published_threshold(struct store *s, unsigned *out,
			       struct error *err) MUST_CHECK;
bool store_set_threshold(struct store *s, unsigned n, struct error *err) MUST_CHECK;

/* ---- tools ---- */

struct store_tool {
	int64_t row;
	char version[64], arch[16];
	struct digest digest;
	uint64_t size;
	int64_t added, published; /* published 0: not yet */
};
/* Digest, size and times are set here. The same bytes again are found;
 * ERR_CONFLICT: other bytes under the same version and arch. */
bool store_put_tool(struct store *s, const struct store_tool *t, const void *data,
		    size_t len, struct error *err) MUST_CHECK;
/* By version and arch, as text. */
bool store_each_tool(struct store *s,
		     bool (*each)(void *arg, const struct store_tool *t,
				  struct error *err),
		     void *arg, struct error *err) MUST_CHECK;
bool store_tool_bytes(struct store *s, int64_t row, struct buf *out,
		      struct error *err) MUST_CHECK;

/* The signed list of the tools' digests, found by the digest of the list. */
struct store_sums {
	int64_t row;
	int64_t added, published;
	uint64_t size;
};
bool store_put_sums(struct store *s, const struct digest *list, const char *asc,
		    size_t len, struct error *err) MUST_CHECK;
/* The newest (published) one; ERR_NOT_FOUND when there is none. */
bool store_sums(struct store *s, const struct digest *list, bool published_only,
		struct store_sums *out, struct error *err) MUST_CHECK;
/* Of whatever list was stored last, and its digest. */
bool store_newest_sums(struct store *s, struct store_sums *out, struct digest *list,
		       struct error *err) MUST_CHECK;
/* From the next publication on the list is not signed; the log says why. */
bool store_drop_sums(struct store *s, const struct digest *list, const char *why,
		     struct error *err) MUST_CHECK;
bool store_sums_bytes(struct store *s, int64_t row, struct buf *out,
		      struct error *err) MUST_CHECK;

/* Hand the bytes of a signed file, a tool or a signed list, found by their row, to
 * `take` in pieces and in order: memory does not grow with them. */
enum store_blob {
	STORE_BLOB_SIGNED,
	STORE_BLOB_TOOL,
	STORE_BLOB_SUMS,
	STORE_BLOB_TARGET,   /* store_tuf.h: the bytes of a target that was made, */
	STORE_BLOB_METADATA, /* and a metadata file */
};
bool store_stream(struct store *s, enum store_blob what, int64_t row,
		  const struct sink *to, struct error *err) MUST_CHECK;

/* Publish keyring, threshold, every tool and every signed list; counts what was
 * new. */
struct store_published {
	unsigned keyrings, thresholds, tools, sums;
};
bool store_publish_rest(struct store *s, struct store_published *out,
			struct error *err) MUST_CHECK;

/* ---- the audit log ---- */

/*
 * `digest` is SHA-256 over the row as one line of JSON, without it: keys action,
 * actor, detail, previous, row, subject, time, in that order, no blanks, no LF;
 * `previous` is the digest of the row before, zeros in the first. What was cut
 * off at the end leaves no trace in the rest: keep a digest elsewhere.
 */
struct store_event {
	int64_t row, time;
	char actor[128];
	char action[64];
	char subject[256];
	char detail[2048];
	struct digest previous, digest;
};
bool store_each_event(struct store *s,
		      bool (*each)(void *arg, const struct store_event *e,
				   struct error *err),
		      void *arg, struct error *err) MUST_CHECK;
bool store_log(struct store *s, const char *action, const char *subject,
	       const char *detail, struct error *err) MUST_CHECK;
/* Recompute the chain, and hold the store against it: its schema is ours, and every
 * manifest is there, published and withdrawn as the log tells. ERR_MISMATCH names the
 * first that does not fit. `last` is the digest of the last row; both are set when all
 * fit. */
bool store_verify_log(struct store *s, uint64_t *rows, struct digest *last,
		      struct error *err) MUST_CHECK;

#endif
