/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_plan: which image a carrier holds, and of which layers it is made.
 *
 * An OCI archive or layout (it has /index.json; OCI image specification 1.1):
 * - every manifest that the index, and the indexes in it, name for linux and the
 *   manifest's architecture; an entry without a platform is asked by its config;
 * - exactly one must be left. Its digest is `manifest`.
 * A docker-archive (it has /manifest.json):
 * - exactly one image. No registry knows this file, so there is no image manifest:
 *   `manifest` is the digest of /manifest.json itself, and `config` identifies the
 *   image.
 * Every JSON file is checked against the digest and size that led to it, and the config
 * must be for linux and the architecture.
 */
#ifndef CORE_IMAGE_PLAN_H
#define CORE_IMAGE_PLAN_H

#include "core/image_store.h"

enum {
	IMAGE_PLAN_LAYERS_MAX = 256,
	IMAGE_PLAN_DEPTH_MAX = 4,     /* indexes in indexes */
	IMAGE_PLAN_MANIFESTS_MAX = 64 /* that are looked at */
};

struct image_plan {
	char *reference; /* the name that the carrier gives it, or NULL */
	char *version;   /* the reference's tag, or NULL */
	struct digest manifest, config;
	char *layers[IMAGE_PLAN_LAYERS_MAX]; /* names in the store, lowest first */
	struct digest digests[IMAGE_PLAN_LAYERS_MAX];
	size_t layer_count;
	bool unpacked; /* the digests are of the layers' tar streams, else of the files
			*/
};

bool image_plan_read(struct image_store *s, const char *arch, struct image_plan *out,
		     struct error *err) MUST_CHECK;
void image_plan_clear(struct image_plan *p);

#endif
