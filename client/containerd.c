/* SPDX-License-Identifier: Apache-2.0 */
#include "client/containerd.h"

#include "core/file.h"
#include "core/json.h"
#include "core/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char SNAPSHOTTER[] = "io.containerd.snapshotter.v1.";

enum { LAYERS_MAX = 1000, IMAGE_MANIFEST_MAX = 4 * 1024 * 1024 };

bool containerd_open(int node_root_fd, const char *root, struct containerd *out,
		     struct error *err)
{
	int fd = -1;

	if (!file_open_beneath(node_root_fd, root, O_RDONLY | O_DIRECTORY, &fd, err) &&
	    err->code != ERR_NOT_FOUND)
		return false;
	out->fd = fd;
	return true;
}

void containerd_close(struct containerd *c)
{
	file_closep(&c->fd);
}

static int not_hidden(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Call `each` with the names in a folder beneath `at`, "2" before "10"; no folder is
 * no name. */
static bool each_name(int at, const char *path,
		      bool (*each)(void *arg, const char *name, struct error *err),
		      void *arg, struct error *err)
{
	AUTO(file_closep) int fd = -1;
	struct dirent **list = NULL;
	bool ok = true;
	int n;

	if (!file_open_beneath(at, path, O_RDONLY | O_DIRECTORY, &fd, err))
		return err->code == ERR_NOT_FOUND;
	n = scandirat(fd, ".", &list, not_hidden, versionsort);
	if (n < 0)
		return error_sys(err, "cannot read '%s'", path);
	for (int i = 0; i < n; i++) {
		ok = ok && each(arg, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return ok;
}

/* The snapshotters that keep layers as folders, and where in FOLDER/N one begins. The
 * others (devmapper, zfs, blockfile, erofs) keep devices or images of file systems. */
static const struct layout {
	const char *snapshotter, *inside;
} layouts[] = {
	{"overlayfs", "/fs"},
	{"aufs", "/fs"},
	{"native", ""},
	{"btrfs", ""},
};

static const struct layout *layout_of(const char *snapshotter)
{
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++)
		if (!strcmp(snapshotter, layouts[i].snapshotter))
			return &layouts[i];
	return NULL;
}

struct walk {
	const struct containerd *containerd;
	const struct layout *layout;
	const char *folder; /* "snapshots" */
	bool (*each)(void *arg, int fd, const char *name, struct error *err);
	void *arg;
};

static bool one_snapshot(void *arg, const char *n, struct error *err)
{
	const struct walk *w = arg;
	AUTO(file_closep) int fd = -1;
	char path[640], name[300];

	snprintf(path, sizeof(path), "%s%s/%s/%.255s%s", SNAPSHOTTER,
		 w->layout->snapshotter, w->folder, n, w->layout->inside);
	if (!file_open_beneath(w->containerd->fd, path, O_RDONLY | O_DIRECTORY, &fd,
			       err))
		return err->code == ERR_NOT_FOUND;
	snprintf(name, sizeof(name), "%s/%.255s", w->layout->snapshotter, n);
	return w->each(w->arg, fd, name, err);
}

/* Has anything ever been unpacked by it? Then it has a database. */
static bool is_used(const struct walk *w, const char *folder)
{
	AUTO(file_closep) int fd = -1;
	char path[512];
	struct error err;

	snprintf(path, sizeof(path), "%.255s/metadata.db", folder);
	return file_open_beneath(w->containerd->fd, path, O_PATH, &fd, &err) ||
	       err.code != ERR_NOT_FOUND;
}

static bool one_snapshotter(void *arg, const char *name, struct error *err)
{
	/* btrfs has the layers of containers that run apart */
	static const char *const folders[] = {"snapshots", "active", "view"};
	struct walk *w = arg;
	char path[512];

	if (!text_starts(name, SNAPSHOTTER))
		return true;
	w->layout = layout_of(name + strlen(SNAPSHOTTER));
	if (!w->layout)
		return !is_used(w, name) ||
		       w->each(w->arg, -1, name + strlen(SNAPSHOTTER), err);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		w->folder = folders[i];
		snprintf(path, sizeof(path), "%s/%s", name, folders[i]);
		if (!each_name(w->containerd->fd, path, one_snapshot, w, err))
			return false;
	}
	return true;
}

bool containerd_each_snapshot(const struct containerd *c,
			      bool (*each)(void *arg, int fd, const char *name,
					   struct error *err),
			      void *arg, struct error *err)
{
	struct walk w = {.containerd = c, .each = each, .arg = arg};

	return each_name(c->fd, ".", one_snapshotter, &w, err);
}

bool containerd_open_blob(const struct containerd *c, const struct digest *digest,
			  int *fd, struct error *err)
{
	char path[256];

	snprintf(path, sizeof(path), "io.containerd.content.v1.content/blobs/sha256/%s",
		 DIGEST_HEX(digest));
	return file_open_beneath(c->fd, path, O_RDONLY | O_NONBLOCK, fd, err);
}

static bool read_digest(const char *text, struct digest *out, struct error *err)
{
	static const char algorithm[] = "sha256:";

	if (!text_starts(text, algorithm) ||
	    !digest_unhex(text + strlen(algorithm), out))
		return error_set(err, ERR_FORMAT, "'%s' is no SHA-256 digest",
				 TEXT_SAFE(text));
	return true;
}

static bool read_layer(struct json layer, struct digest *out, struct error *err)
{
	const char *text;

	return json_as_object(layer, err) &&
	       json_get_string(layer, "digest", &text, err) &&
	       read_digest(text, out, err);
}

static bool read_diff_id(struct json id, struct digest *out, struct error *err)
{
	const char *text;

	return json_as_string(id, &text, err) && read_digest(text, out, err);
}

static bool read_list(struct json list,
		      bool (*read)(struct json, struct digest *, struct error *),
		      struct digest **out, size_t *count, struct error *err)
{
	size_t n = json_count(list);
	struct digest *digests;

	if (n > LAYERS_MAX)
		return error_set(err, ERR_LIMIT, "more than %d layers", LAYERS_MAX);
	digests = calloc(n + 1, sizeof(*digests));
	if (!digests)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < n; i++)
		if (!read(json_at(list, i), &digests[i], err)) {
			free(digests);
			return false;
		}
	*out = digests;
	*count = n;
	return true;
}

bool containerd_layers(const char *text, size_t len, struct digest **out, size_t *count,
		       struct error *err)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	struct json root, list;

	if (!json_parse(text, len, IMAGE_MANIFEST_MAX, &doc, err))
		return false;
	root = json_root(&doc);
	if (!json_as_object(root, err))
		return false;
	if (!json_has(root, "rootfs"))
		return json_get(root, "layers", JSON_KIND_ARRAY, &list, err) &&
		       read_list(list, read_layer, out, count, err);
	return json_get(root, "rootfs", JSON_KIND_OBJECT, &root, err) &&
	       json_get(root, "diff_ids", JSON_KIND_ARRAY, &list, err) &&
	       read_list(list, read_diff_id, out, count, err);
}
