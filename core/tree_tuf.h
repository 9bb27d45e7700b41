/* SPDX-License-Identifier: Apache-2.0 */
/* tree_tuf: a tree that was carried here, as the TUF client asks for it. */
#ifndef CORE_TREE_TUF_H
#define CORE_TREE_TUF_H

#include "core/tree_source.h"
#include "core/tuf_client.h"

/* Append FOLDER/NAME as the tree has it: the client's names are percent-encoded. A "/"
 * that was encoded is ERR_FORMAT: no role of ours has one. */
bool tree_tuf_path(const char *folder, const char *name, struct buf *out,
		   struct error *err) MUST_CHECK;

/* Borrows the source. */
struct tuf_source tree_tuf_source(struct tree_source *s);

#endif
