/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack: compressed streams and archives as they flow by, through libarchive.
 *
 * Rules: nothing is written to disk and nothing is kept: memory does not grow with
 * what flows by. Bytes and entries are counted, and over the ceilings below the
 * archive is refused: a small file that unpacks to an endless one ends there. Names
 * are checked, never followed.
 */
#ifndef CORE_UNPACK_H
#define CORE_UNPACK_H

#include "core/capability.h"

enum {
	UNPACK_ENTRIES_MAX = 200000, /* of one archive */
	UNPACK_PATH_MAX = 4096,      /* bytes of a name or of a link's target */
};
/* Bytes of one archive or stream, unpacked. */
#define UNPACK_BYTES_MAX ((uint64_t)64 << 30)

/* Bytes to pull: the next ones, borrowed until the next call; *len 0 is the end. */
struct unpack_from {
	bool (*next)(void *arg, const void **data, size_t *len, struct error *err);
	void *arg;
};

enum unpack_form {
	UNPACK_STREAM, /* gzip, xz, zstd, bzip2, lzma or not compressed: one nameless
			* entry with the bytes */
	UNPACK_TAR,    /* not compressed */
	UNPACK_LAYER,  /* the same, and padding may be missing at its end, as umoci
			* leaves it out: for bytes whose digest is checked alone */
	UNPACK_CPIO,   /* "newc", not compressed */
};

enum unpack_type { UNPACK_REGULAR, UNPACK_LINK, UNPACK_FOLDER, UNPACK_OTHER };

struct unpack_entry {     /* strings are borrowed until the next entry */
	const char *name; /* as the archive has it */
	enum unpack_type type;
	uint64_t size;
	unsigned mode;            /* 07777 */
	const char *target;       /* of a symlink; else NULL */
	const char *hard_link;    /* name of an earlier entry with the same content */
	const char *user, *group; /* names; NULL where the archive has none */
	int64_t uid, gid;
	struct capability capability; /* of a file; none of a hard link */
};

struct unpack; /* opaque */

bool unpack_open(struct unpack_from from, enum unpack_form form, struct unpack **out,
		 struct error *err) MUST_CHECK;
void unpack_free(struct unpack *u);
void unpack_freep(struct unpack **u);

/* The next entry; *more is false at the end of the archive, and only when all that
 * the archive says of itself was there. ERR_FORMAT: damaged; ERR_LIMIT. */
bool unpack_next(struct unpack *u, struct unpack_entry *out, bool *more,
		 struct error *err) MUST_CHECK;
/* The next bytes of the entry's content, borrowed until the next call; *len 0 is
 * its end, after as many bytes as the entry claims. Holes of sparse files come as
 * zeros.
 */
bool unpack_read(struct unpack *u, const void **data, size_t *len,
		 struct error *err) MUST_CHECK;
/* The content of the entry, or of a stream, for another one to pull. */
struct unpack_from unpack_content(struct unpack *u);
/* Pull until the end. */
bool unpack_drain(struct unpack_from from, struct error *err) MUST_CHECK;

/*
 * A name inside an archive as an absolute path in its one spelling, appended to
 * `prefix` ("/" or a path): "./usr//bin/x" and "/" give "/usr/bin/x"; the archive's
 * own top is the prefix itself. ERR_FORMAT for an absolute name, "..", and for names
 * that are too long or not printable UTF-8. To be freed.
 */
bool unpack_path(const char *prefix, const char *name, char **out,
		 struct error *err) MUST_CHECK;

#endif
