/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view: a manifest for people, one HTML file beside the signed one: what it lists,
 * who signed it, what changed since the revision before.
 */
#ifndef SERVER_VIEW_H
#define SERVER_VIEW_H

#include "core/index.h"
#include "core/manifest.h"

struct view {
	const struct index_manifest *row;
	const struct manifest *manifest;
	const struct manifest *previous; /* or NULL: there is none */
};

/* Append the page; it lies beside the signed file in manifests/VERSION/. */
bool view_write(const struct view *v, struct buf *out, struct error *err) MUST_CHECK;

#endif
