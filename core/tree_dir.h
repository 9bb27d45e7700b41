/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_dir: the published tree in a folder, as web servers and rsync carry it.
 *
 * Rules of writing: the folder shows the old tree whole or the new one whole: the new
 * one is made beside it and the two change places in one step (where the file system
 * cannot do that, there is a moment without either, which the next run mends). A file
 * that did not change stays the very file. A folder that holds anything else than a
 * published tree is refused.
 * Rules of reading: regular files and folders alone, no symlink is followed.
 */
#ifndef CORE_TREE_DIR_H
#define CORE_TREE_DIR_H

#include "core/tree.h"
#include "core/tree_source.h"

bool tree_dir_write(const struct tree *t, const char *path,
		    const struct tree_writing *how, struct tree_written *out,
		    struct error *err) MUST_CHECK;

/* ERR_FORMAT: it holds a symlink or another thing that is neither file nor folder. */
bool tree_dir_open(const char *path, struct tree_source **out,
		   struct error *err) MUST_CHECK;

/* Open the regular file `path` beneath `root`, symlinks refused in every place. */
bool tree_dir_file(int root, const char *path, int *fd, struct error *err) MUST_CHECK;

#endif
