/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page: the published tree for people, one HTML file without external resources,
 * made from the index alone (so that any carrier of the tree has it too).
 */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H

#include "core/index.h"

/* Append the page. */
bool page_write(const struct index *x, struct buf *out, struct error *err) MUST_CHECK;

#endif
