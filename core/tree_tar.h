/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_tar: the published tree as one tar file.
 *
 * Written: regular files alone, sorted by path, mode 0644, owner 0:0, every time that
 * of the tree (tree_time), pax headers only where ustar does not suffice, two blocks of
 * zeros at the end: a function of the tree's bytes alone. With zstd the same for the
 * same version of libzstd.
 * Read: pax, ustar or GNU tar of regular files and folders; "./" may lead a name. All
 * headers are looked at before the first byte is handed out. What is compressed is
 * unpacked into a nameless file in $TMPDIR or /var/tmp first.
 * In core/ this module alone includes <archive.h>.
 */
#ifndef CORE_TREE_TAR_H
#define CORE_TREE_TAR_H

#include "core/tree.h"
#include "core/tree_source.h"

/* Of one tar, unpacked. */
#define TREE_TAR_BYTES_MAX ((uint64_t)256 << 30)

/* `path` appears whole or not at all. */
bool tree_tar_write(const struct tree *t, const char *path,
		    const struct tree_writing *how, struct tree_written *out,
		    struct error *err) MUST_CHECK;

/* ERR_FORMAT: damaged, cut off, or it holds what no tree has; ERR_LIMIT. */
bool tree_tar_open(const char *path, struct tree_source **out,
		   struct error *err) MUST_CHECK;

#endif
