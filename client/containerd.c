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

struct walk {
	const struct containerd *containerd;
	const char *snapshotter; /* "overlayfs" */
	bool (*each)(void *arg, int fd, const char *name, struct error *err);
	void *arg;
};

/* snapshots/N/fs, or snapshots/N itself */
static bool one_snapshot(void *arg, const char *n, struct error *err)
{
	const struct walk *w = arg;
	AUTO(file_closep) int fd = -1;
	char path[512], name[300];

	snprintf(path, sizeof(path), "%s%s/snapshots/%s/fs", SNAPSHOTTER,
		 w->snapshotter, n);
	if (!file_open_beneath(w->containerd->fd, path, O_RDONLY | O_DIRECTORY, &fd,
			       err)) {
		if (err->code != ERR_NOT_FOUND)
			return false;
		path[strlen(path) - strlen("/fs")] = '\0';
		if (!file_open_beneath(w->containerd->fd, path, O_RDONLY | O_DIRECTORY,
				       &fd, err))
			return err->code == ERR_NOT_FOUND;
	}
	snprintf(name, sizeof(name), "%.32s/%.255s", w->snapshotter, n);
	return w->each(w->arg, fd, name, err);
}

static bool one_snapshotter(void *arg, const char *name, struct error *err)
{
	struct walk *w = arg;
	char path[512];

	if (!text_starts(name, SNAPSHOTTER))
		return true;
	w->snapshotter = name + strlen(SNAPSHOTTER);
	snprintf(path, sizeof(path), "%s/snapshots", name);
	return each_name(w->containerd->fd, path, one_snapshot, w, err);
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

static bool read_layer(struct json layer, struct digest *out, struct error *err)
{
	static const char algorithm[] = "sha256:";
	const char *text;

	if (!json_as_object(layer, err) ||
	    !json_get_string(layer, "digest", &text, err))
		return false;
	if (!text_starts(text, algorithm) ||
	    !digest_unhex(text + strlen(algorithm), out))
		return error_set(err, ERR_FORMAT, "'%s' is no SHA-256 digest",
				 TEXT_SAFE(text));
	return true;
}

bool containerd_layers(const char *text, size_t len, struct digest **out, size_t *count,
		       struct error *err)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	struct json root, layers;
	struct digest *list;
	size_t n;

	if (!json_parse(text, len, IMAGE_MANIFEST_MAX, &doc, err))
		return false;
	root = json_root(&doc);
	if (!json_as_object(root, err) ||
	    !json_get(root, "layers", JSON_KIND_ARRAY, &layers, err))
		return false;
	n = json_count(layers);
	if (n > LAYERS_MAX)
		return error_set(err, ERR_LIMIT, "more than %d layers", LAYERS_MAX);
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < n; i++)
		if (!read_layer(json_at(layers, i), &list[i], err)) {
			free(list);
			return false;
		}
	*out = list;
	*count = n;
	return true;
}
