/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_oci: the published tree as an OCI image layout (image-spec 1.1) that holds one
 * artifact: a manifest with artifactType TREE_OCI_TYPE, the empty config, and one layer
 * a file whose annotation org.opencontainers.image.title is its path. So it fits into
 * any registry.
 *
 * Rules of writing: index.json, which names all the rest, is replaced last and in one
 * step; then what nothing names any more is removed. The layout is the tree's alone:
 * one that holds other images is refused. A blob that is there already is kept when it
 * has its digest. No link in the layout is followed. Rules of reading: every blob has
 * its digest, else it is not handed out; what layout, index and manifest say of digests
 * and sizes must hold.
 */
#ifndef CORE_TREE_OCI_H
#define CORE_TREE_OCI_H

#include "core/tree.h"
#include "core/tree_source.h"

#define TREE_OCI_TYPE "application/vnd.fips-manifest.tree.v1"

enum {
	/* what registries and skopeo take of one manifest: about 12,000 files */
	TREE_OCI_MANIFEST_MAX = 4 * 1024 * 1024,
	TREE_OCI_TAG_MAX = 128,
};

bool tree_oci_write(const struct tree *t, const char *dir,
		    const struct tree_writing *how, struct tree_written *out,
		    struct error *err) MUST_CHECK;

/* `tag` may be NULL when the layout holds one tree. */
bool tree_oci_open(const char *dir, const char *tag, struct tree_source **out,
		   struct error *err) MUST_CHECK;

/* Cut "DIR:TAG" at its last ":"; a tag has no "/". Both to be freed; *tag NULL when
 * there is none. */
bool tree_oci_split(const char *where, char **dir, char **tag,
		    struct error *err) MUST_CHECK;

#endif
