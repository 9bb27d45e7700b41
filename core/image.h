/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image: a container image as its carrier holds it: which one it is, its merged root,
 * the content of files in it. For whoever writes a manifest of it and whoever holds it
 * against one.
 *
 * Rules:
 * - Every blob that the image is made of has the digest by which it is named, or the
 *   image is refused: ERR_UNTRUSTED.
 * - Nothing is written to disk; what is kept is the list of the entries, which has a
 *   ceiling.
 * - Content that is asked for flows by a second time and its layer's digest is checked
 *   again: what `each` was given counts only when image_contents() returned true.
 */
#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include "core/image_plan.h"
#include "core/image_tree.h"

enum {
	IMAGE_LISTS_MAX = 128 * 1024 * 1024 /* bytes of the lists of all
					     * layers, in every place */
};

/* Called for the bytes of layers as they flow by; false with its error ends that. */
struct image_watch {
	bool (*bytes)(void *arg, size_t len, struct error *err);
	void *arg;
};

struct image {
	struct image_store *store; /* borrowed */
	struct image_plan plan;
	struct image_tree root;
	struct image_watch watch;
};

/* Of the one image for the architecture ("x86_64"). `watch` may be NULL. */
bool image_open(struct image_store *store, const char *arch,
		const struct image_watch *watch, struct image *out,
		struct error *err) MUST_CHECK;
void image_clear(struct image *m);

/* A regular file of the root whose content is wanted. */
struct image_want {
	const struct image_node *node;
	size_t tag; /* the caller's */
};

/* One content, `size` bytes as its entry claims, and all that want it. */
typedef bool image_each(void *arg, const struct image_want *want, size_t count,
			uint64_t size, struct unpack_from content, struct error *err);

/* Call `each` once for every content; sorts `wanted`. */
bool image_contents(const struct image *m, struct image_want *wanted, size_t count,
		    image_each *each, void *arg, struct error *err) MUST_CHECK;

#endif
