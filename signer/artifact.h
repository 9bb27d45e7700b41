/* SPDX-License-Identifier: Apache-2.0 */
/*
 * artifact: what an RPM, an image, a tarball or a single file holds, as far as
 * release definitions ask for it.
 *
 * Rules:
 * - An artifact is read from front to end as a stream and never unpacked to disk;
 *   memory does not grow with the size of its files.
 * - Nothing of an artifact is in `out` unless all checks of all of it passed: its
 *   signature and digests, its structure, and each path that was asked for.
 * - Which files are taken: see artifact_select().
 */
#ifndef SIGNER_ARTIFACT_H
#define SIGNER_ARTIFACT_H

#include "core/cli.h"
#include "core/digest.h"
#include "core/gobin.h"
#include "core/manifest.h"
#include "core/release.h"
#include "core/unpack.h"

enum artifact_flag {
	ARTIFACT_CONFIG = 1, /* configuration: the node may change it */
	ARTIFACT_GHOST = 2,  /* owned by the package and not in it */
};

struct artifact_entry {
	struct manifest_file file; /* path always; of a tarball beneath "/" whatever
				    * its prefix; digest and Go facts when taken */
	enum unpack_type type;
	unsigned flags; /* enum artifact_flag */
	bool taken;     /* the content was digested */
};

struct artifact {
	struct manifest_source source;
	char *version; /* what the artifact says of itself, or NULL */
	struct artifact_entry *entries;
	size_t count, capacity;
};

void artifact_clear(struct artifact *a);
void artifact_entry_clear(struct artifact_entry *e);
/* Append an entry of that path, which becomes its own or is freed; NULL without
 * memory (a path of NULL is that too) or over UNPACK_ENTRIES_MAX. */
struct artifact_entry *artifact_add(struct artifact *a, char *path,
				    struct error *err) MUST_CHECK;
/* By path; NULL when it is not there. The entries must be sorted. */
struct artifact_entry *artifact_find(const struct artifact *a, const char *path);
void artifact_sort(struct artifact *a);

/* The requests for one artifact: of every component, in any definition, that names
 * it. Borrowed. */
struct artifact_job {
	const char *path; /* of the file */
	enum manifest_source_type type;
	const char *arch;        /* the manifest's */
	const char *const *keys; /* files of pinned keys, for an RPM */
	size_t key_count;
	bool unsigned_allowed;
	const struct release_component *const *components;
	size_t component_count;
	struct cli_progress *progress; /* or NULL */
};

/* Does the component ask for this path? An exact path asks for a regular file or a
 * symlink; a pattern (fnmatch(3), "*" does not match "/") the same save
 * configuration; no list at all for every regular file save configuration. Never a
 * ghost. */
bool artifact_asks(const struct release_component *c,
		   const struct artifact_entry *e) MUST_CHECK;
/* Does any component of the job? */
bool artifact_wanted(const struct artifact_job *job,
		     const struct artifact_entry *e) MUST_CHECK;
bool artifact_is_pattern(const char *path) MUST_CHECK;

/* Append copies of the entries that the component asks for to the component `out`.
 * ERR_NOT_FOUND when a path or pattern of its list matches nothing, or only what
 * cannot be in a manifest (a folder, a ghost), in words. */
bool artifact_select(const struct artifact *a, const struct release_component *c,
		     struct manifest_component *out, struct error *err) MUST_CHECK;

/* ---- the file on disk, read once ---- */

struct artifact_source; /* opaque */

/* Opens the job's file: ERR_NOT_FOUND names it. */
bool artifact_source_open(const struct artifact_job *job, struct artifact_source **out,
			  struct error *err) MUST_CHECK;
void artifact_source_free(struct artifact_source *s);
void artifact_source_freep(struct artifact_source **s);
/* For a look before the reading begins, which begins at the start wherever the
 * descriptor is. */
int artifact_source_fd(const struct artifact_source *s);
uint64_t artifact_source_size(const struct artifact_source *s);
/* Call `watch` with all bytes as they are read, in the reader's thread; once, before
 * the reading begins. */
void artifact_source_watch(struct artifact_source *s,
			   bool (*watch)(void *arg, const void *data, size_t len,
					 struct error *err),
			   void *arg);
/* The next bytes, for struct unpack_from; all of them are digested. */
bool artifact_source_next(void *source, const void **data, size_t *len,
			  struct error *err) MUST_CHECK;
/* Read what is left, and give name, digest and size of the whole file. */
bool artifact_source_end(struct artifact_source *s, struct manifest_source *out,
			 struct error *err) MUST_CHECK;
/* Back to the start, for another look at what was read to its end. */
bool artifact_source_again(struct artifact_source *s, struct error *err) MUST_CHECK;

/* ---- content ---- */

/* Digest the content of one entry, tell its Go facts, and set size, sha256, go_* of
 * the entry. `size` as the archive tells it; ERR_FORMAT when another number of bytes
 * comes. */
struct artifact_hasher {
	struct digest_stream *digest; /* made at the first use, used again */
};
void artifact_hasher_clear(struct artifact_hasher *h);
bool artifact_hash(struct artifact_hasher *h, struct unpack_from content, uint64_t size,
		   struct artifact_entry *e, struct error *err) MUST_CHECK;
/* The facts of a file with the same content (a hard link). */
bool artifact_same(const struct artifact_entry *from, struct artifact_entry *to,
		   struct error *err) MUST_CHECK;

/* ---- the kinds; `out` is to be cleared, its entries are sorted ---- */

bool artifact_rpm_read(const struct artifact_job *job, struct artifact *out,
		       struct error *err) MUST_CHECK;
bool artifact_image_read(const struct artifact_job *job, struct artifact *out,
			 struct error *err) MUST_CHECK;
bool artifact_tar_read(const struct artifact_job *job, struct artifact *out,
		       struct error *err) MUST_CHECK;
/* A single file: its mode is 0755 where it is an ELF file or a script, else 0644. */
bool artifact_file_read(const struct artifact_job *job, struct artifact *out,
			struct error *err) MUST_CHECK;
/* The one of the four that job->type says; every error names the file. */
bool artifact_read(const struct artifact_job *job, struct artifact *out,
		   struct error *err) MUST_CHECK;

#endif
