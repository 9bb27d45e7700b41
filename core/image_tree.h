/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_tree: the merged root of an image, from its layers.
 *
 * Rules (OCI image specification, "Image Layer Filesystem Changeset"):
 * - ".wh.NAME" takes NAME away, and what is beneath it, of the layers below;
 *   ".wh..wh..opq" takes away everything beneath its folder of the layers below.
 * - An entry takes the place of one of the same path; what is no folder takes away what
 *   was beneath.
 * - A hard link is the content of an earlier entry of the layer or of a layer below.
 * - An entry beneath something that is no folder in the end is refused: runtimes do not
 *   agree where it would go. So is a whiteout of "." or "..".
 * Nodes are in the order in which everything beneath a path follows it at once: "/" is
 * before all other characters. So laying a layer over a root looks at no node of the
 * root but those that go, however deep paths are.
 */
#ifndef CORE_IMAGE_TREE_H
#define CORE_IMAGE_TREE_H

#include "core/unpack.h"

enum {
	IMAGE_TREE_LINKS_MAX = 40,      /* symlinks on the way to one file */
	IMAGE_TREE_STEPS_MAX = 1000000, /* components behind symlinks on all ways */
};

enum image_loss {
	IMAGE_LOSS_NONE,
	IMAGE_LOSS_GONE,    /* a whiteout: the path and what is beneath */
	IMAGE_LOSS_BENEATH, /* an opaque folder: what is beneath */
};

struct image_node {
	char *path;
	enum unpack_type type;
	char *target;         /* of a symlink; of a hard link until it is merged */
	bool hard_link;       /* only before it is merged */
	enum image_loss loss; /* likewise: no entry, but what goes of layers below */
	size_t order;         /* its place in the archive of its layer */
	size_t layer, number; /* content: of which layer the entry at that place */
	uint64_t size;
	unsigned mode;
	int64_t uid, gid;
	struct capability capability;
};

/* Nodes of one layer in its own order, or of the merged root sorted by path. */
struct image_tree {
	struct image_node *nodes;
	size_t count, capacity;
	size_t steps; /* of IMAGE_TREE_STEPS_MAX */
};

void image_tree_clear(struct image_tree *t);
/* Append the entry at that place in the archive of the layer of that number. */
bool image_tree_add(struct image_tree *layer, const struct unpack_entry *in,
		    size_t order, size_t number, struct error *err) MUST_CHECK;
/* Lay the layer over the root; the layer is empty afterwards. */
bool image_tree_merge(struct image_tree *root, struct image_tree *layer,
		      struct error *err) MUST_CHECK;
/* The rule on entries beneath what is no folder. */
bool image_tree_check(const struct image_tree *root, struct error *err) MUST_CHECK;
/* The node of the merged root that has this path; NULL when there is none. */
const struct image_node *image_tree_find(const struct image_tree *root,
					 const char *path);
/* What the path leads to with every symlink followed inside the root; *out NULL when
 * that is not there. ERR_FORMAT for a circle of symlinks; ERR_LIMIT. */
bool image_tree_resolve(struct image_tree *root, const char *path,
			const struct image_node **out, struct error *err) MUST_CHECK;

#endif
