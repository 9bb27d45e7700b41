/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containerd: what containerd keeps of images on the disk (its root folder, version 1
 * of the layout):
 *
 *     io.containerd.content.v1.content/blobs/sha256/HEX    blobs as they were pulled
 *     io.containerd.snapshotter.v1.overlayfs/snapshots/N/fs/...   an unpacked layer
 *     io.containerd.snapshotter.v1.aufs/snapshots/N/fs/...
 *     io.containerd.snapshotter.v1.native/snapshots/N/...
 *     io.containerd.snapshotter.v1.btrfs/{snapshots,active,view}/N/...
 *
 * Rule: a layer is a tree of its own, in which a container may have made anything:
 * paths in it are opened beneath it, and no name in it says where a layer begins.
 */
#ifndef CLIENT_CONTAINERD_H
#define CLIENT_CONTAINERD_H

#include "core/digest.h"

#define CONTAINERD_ROOT "/var/lib/containerd"

struct containerd {
	int fd; /* of the root folder; -1: there is none */
};

/* `root` lies beneath the node's root. No such folder is no error: fd is -1. */
bool containerd_open(int node_root_fd, const char *root, struct containerd *out,
		     struct error *err) MUST_CHECK;
void containerd_close(struct containerd *c);

/* Call `each` for every unpacked layer; name is "overlayfs/12". A snapshotter that is
 * in use and keeps no folders is told once: fd -1, name "devmapper". Stops at the first
 * false and returns it. ERR_SYSTEM when a folder cannot be read. */
bool containerd_each_snapshot(const struct containerd *c,
			      bool (*each)(void *arg, int fd, const char *name,
					   struct error *err),
			      void *arg, struct error *err) MUST_CHECK;

/* Open a blob by its digest; ERR_NOT_FOUND when it is not there. */
bool containerd_open_blob(const struct containerd *c, const struct digest *digest,
			  int *fd, struct error *err) MUST_CHECK;

/* The digests of an image's layers, from the text of its manifest (OCI image-spec,
 * "layers") or of its config ("rootfs", "diff_ids": the layers as tar archives that are
 * not compressed, which a docker-archive leaves); `out` is to be freed. ERR_FORMAT. */
bool containerd_layers(const char *text, size_t len, struct digest **out, size_t *count,
		       struct error *err) MUST_CHECK;

#endif
