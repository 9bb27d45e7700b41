/* SPDX-License-Identifier: Apache-2.0 */
/* tree_url: a published tree that a server has; the path is appended to the URL. */
#ifndef CORE_TREE_URL_H
#define CORE_TREE_URL_H

#include "core/tree_source.h"

/* Nothing is asked yet. `options` may be NULL. */
bool tree_url_open(const char *url, const struct http_options *options,
		   struct tree_source **out, struct error *err) MUST_CHECK;

#endif
