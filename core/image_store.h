/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_store: the files of an image as it is carried: a docker-archive or OCI archive
 * (a tarball, compressed or not), or an OCI layout (a folder).
 *
 * Rules: names are paths from the top of the carrier, "/index.json". Symlinks and hard
 * links inside a tarball are followed inside it alone; ".." over its top and absolute
 * targets are refused. Opening reads the carrier once and keeps the small JSON files;
 * the large files flow by when they are asked for. What flows by a second time must be
 * checked by its digest.
 */
#ifndef CORE_IMAGE_STORE_H
#define CORE_IMAGE_STORE_H

#include "core/buf.h"
#include "core/digest.h"
#include "core/unpack.h"

enum {
	IMAGE_STORE_JSON_MAX = 1024 * 1024,      /* bytes of one JSON file */
	IMAGE_STORE_KEPT_MAX = 16 * 1024 * 1024, /* bytes of all that are kept */
	IMAGE_STORE_FILES_MAX = 10000,           /* files of a carrier */
};

struct image_store; /* opaque */

/* A tarball as bytes to pull, and from.arg for pulling them from the start again. */
struct image_store_tarball {
	struct unpack_from from;
	bool (*again)(void *arg, struct error *err);
};

/* Pulls all of the tarball, which must live as long as the store. */
bool image_store_open_tarball(const struct image_store_tarball *t,
			      struct image_store **out, struct error *err) MUST_CHECK;
/* A folder; digest and size are those of its index.json. */
bool image_store_open_layout(const char *path, struct image_store **out,
			     struct digest *index, uint64_t *size,
			     struct error *err) MUST_CHECK;
void image_store_free(struct image_store *s);
void image_store_freep(struct image_store **s);

bool image_store_has(struct image_store *s, const char *name) MUST_CHECK;
/* A small JSON file, borrowed from the store: ERR_FORMAT when it is not there. */
bool image_store_json(struct image_store *s, const char *name, const struct buf **out,
		      struct error *err) MUST_CHECK;
/* Files that are asked for by name. */
struct image_store_files {
	const char *const *names;
	size_t count;
	size_t *same; /* out: for each the first that is the same file */
};

/* Call `each` with the content of every one of the files, in the carrier's order; what
 * is the same file once, for the first. ERR_FORMAT when a file is not there. */
bool image_store_flow(struct image_store *s, const struct image_store_files *files,
		      bool (*each)(void *arg, size_t i, struct unpack_from content,
				   struct error *err),
		      void *arg, struct error *err) MUST_CHECK;

#endif
