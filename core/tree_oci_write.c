/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a tree as an OCI layout. */
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "core/tree_dir.h"
#include "core/tree_oci.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"
/* the empty config that the specification gives: "{}" */
#define EMPTY_TYPE "application/vnd.oci.empty.v1+json"
#define EMPTY_HEX "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

/* a blob in the making; the next one takes what a killed run left */
#define NEW_BLOB ".new"

static const char layout_text[] = "{\"imageLayoutVersion\":\"1.0.0\"}\n";

enum { INDEX_MAX = 64 * 1024 };

struct work {
	const struct tree *tree;
	const struct tree_writing *how;
	const char *path;
	int dir, blobs;
	struct digest *named; /* every blob of the new tree, sorted */
	size_t named_count;
	struct tree_written done;
};

static void work_clear(struct work *w)
{
	free(w->named);
	file_closep(&w->blobs);
	file_closep(&w->dir);
}

static bool fail(const struct work *w, const char *what, struct error *err)
{
	return error_sys(err, "cannot %s '%s'", what, TEXT_SAFE(w->path));
}

/* ---- is it ours? ---- */

/* Does its index name trees alone? An index that skopeo wrote does not say so itself.
 */
static bool check_index(const struct work *w, struct error *err)
{
	AUTO(tree_source_closep) struct tree_source *s = NULL;
	AUTO(buf_clear) struct buf text = BUF_MAX(INDEX_MAX);
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	AUTO(file_closep) int fd = -1;
	struct json list;

	if (!tree_dir_file(w->dir, "index.json", &fd, err)) {
		if (err->code == ERR_NOT_FOUND) /* killed before it was there */
			error_clear(err);
		return err->code == ERR_NONE;
	}
	if (file_read_fd(fd, &text, err) &&
	    json_parse(text.data, text.len, INDEX_MAX, &doc, err) &&
	    json_as_object(json_root(&doc), err) &&
	    json_get(json_root(&doc), "manifests", JSON_KIND_ARRAY, &list, err) &&
	    json_count(list) == 1 && tree_oci_open(w->path, NULL, &s, err))
		return true;
	return error_set(err, ERR_CONFLICT,
			 "'%s' holds other images than one published tree: name a "
			 "folder for the tree alone; nothing was changed",
			 TEXT_SAFE(w->path));
}

/* Empty, or a layout with nothing else in it. */
static bool check_old(const struct work *w, struct error *err)
{
	static const char *const ours[] = {"oci-layout", "index.json", "blobs"};
	DIR *dir = opendir(w->path);
	struct dirent *entry;
	bool known = true, any = false;

	if (!dir)
		return fail(w, "list", err);
	while (known && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		any = true;
		known = false;
		for (size_t i = 0; i < ARRAY_LEN(ours); i++)
			known |= !strcmp(entry->d_name, ours[i]);
	}
	closedir(dir);
	if (known)
		return !any || check_index(w, err);
	return error_set(err, ERR_CONFLICT,
			 "'%s' is neither empty nor an OCI layout: name a folder for "
			 "the tree alone; nothing was changed",
			 TEXT_SAFE(w->path));
}

/* ---- blobs ---- */

static bool have(const struct work *w, const char *hex, const struct tree_entry *e)
{
	AUTO(file_closep) int fd = -1;
	struct error ignored;
	struct digest d;
	uint64_t size;

	return tree_dir_file(w->blobs, hex, &fd, &ignored) &&
	       digest_of_fd(fd, &d, &size, &ignored) && size == e->size &&
	       digest_equal(&d, &e->digest);
}

/* A new file, not what lies there: that may be a link that leads elsewhere. */
static int make_new(const struct work *w)
{
	if (unlinkat(w->blobs, NEW_BLOB, 0) && errno != ENOENT)
		return -1;
	return openat(w->blobs, NEW_BLOB, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		      0644);
}

/* *fresh: it was not there. */
static bool put_blob(const struct work *w, const struct tree_entry *e, bool *fresh,
		     struct error *err)
{
	char hex[DIGEST_HEX_SIZE];
	AUTO(file_closep) int fd = -1;
	struct sink to = sink_fd(&fd);

	digest_hex(&e->digest, hex);
	*fresh = !have(w, hex, e);
	if (!*fresh)
		return true;
	fd = make_new(w);
	if (fd < 0)
		return fail(w, "make a blob in", err);
	if (!tree_stream(w->tree, e, &to, err)) {
		unlinkat(w->blobs, NEW_BLOB, 0);
		return error_prefix(err, "'%s'", TEXT_SAFE(w->path));
	}
	if (!file_set_mode(fd, 0644) || renameat(w->blobs, NEW_BLOB, w->blobs, hex))
		return fail(w, "make a blob in", err);
	return true;
}

static bool put_file(struct work *w, const struct tree_entry *e, struct error *err)
{
	bool fresh;

	if (!put_blob(w, e, &fresh, err))
		return false;
	w->named[w->named_count++] = e->digest;
	w->done.files++;
	w->done.fresh += fresh;
	w->done.bytes += fresh ? e->size : 0;
	return true;
}

/* A blob of our own making. */
static bool put_made(struct work *w, char *data, size_t len, struct digest *out,
		     struct error *err)
{
	char path[] = "blobs";
	struct tree_entry e = {.path = path, .size = len, .bytes = data};
	bool fresh;

	if (!digest_of_bytes(data, len, &e.digest, err) ||
	    !put_blob(w, &e, &fresh, err))
		return false;
	w->named[w->named_count++] = *out = e.digest;
	return true;
}

/* ---- manifest and index ---- */

static void put_descriptor(struct json_writer *w, const char *type,
			   const struct digest *d, uint64_t size)
{
	char digest[sizeof("sha256:") + DIGEST_HEX_SIZE];

	snprintf(digest, sizeof(digest), "sha256:%s", DIGEST_HEX(d));
	json_put_string(w, "digest", digest);
	json_put_string(w, "mediaType", type);
	json_put_integer(w, "size", (int64_t)size);
}

/* The media type without parameters, which a descriptor's may not have. */
static const char *plain_type(const char *type, char *out, size_t size)
{
	snprintf(out, size, "%.*s", (int)strcspn(type, ";"), type);
	return out;
}

static void put_layer(struct json_writer *w, const struct tree_entry *e)
{
	char type[64];

	json_open(w, NULL, '{');
	json_open(w, "annotations", '{');
	json_put_string(w, "org.opencontainers.image.title", e->path);
	json_close(w);
	put_descriptor(w, plain_type(e->type, type, sizeof(type)), &e->digest, e->size);
	json_close(w);
}

static bool write_manifest(const struct tree *t, struct buf *out, struct error *err)
{
	struct json_writer w = json_writer(out);
	char time[TEXT_TIME_SIZE];
	struct digest empty;

	text_time(tree_time(t), time);
	if (!digest_unhex(EMPTY_HEX, &empty))
		return error_set(err, ERR_INTERNAL, "bad constant");
	w.compact = true;
	json_open(&w, NULL, '{');
	json_open(&w, "annotations", '{');
	json_put_string(&w, "org.opencontainers.image.created", time);
	json_close(&w);
	json_put_string(&w, "artifactType", TREE_OCI_TYPE);
	json_open(&w, "config", '{');
	put_descriptor(&w, EMPTY_TYPE, &empty, 2);
	json_close(&w);
	json_open(&w, "layers", '[');
	for (size_t i = 0; i < t->count; i++)
		put_layer(&w, &t->entries[i]);
	json_close(&w);
	json_put_string(&w, "mediaType", MANIFEST_TYPE);
	json_put_integer(&w, "schemaVersion", 2);
	json_close(&w);
	return json_write_end(&w, err);
}

static bool write_index(const struct work *work, const struct digest *manifest,
			size_t size, struct buf *out, struct error *err)
{
	struct json_writer w = json_writer(out);

	w.compact = true;
	json_open(&w, NULL, '{');
	json_open(&w, "manifests", '[');
	json_open(&w, NULL, '{');
	if (work->how->tag) {
		json_open(&w, "annotations", '{');
		json_put_string(&w, "org.opencontainers.image.ref.name",
				work->how->tag);
		json_close(&w);
	}
	json_put_string(&w, "artifactType", TREE_OCI_TYPE);
	put_descriptor(&w, MANIFEST_TYPE, manifest, size);
	json_close(&w);
	json_close(&w);
	json_put_string(&w, "mediaType", INDEX_TYPE);
	json_put_integer(&w, "schemaVersion", 2);
	json_close(&w);
	return json_write_end(&w, err);
}

/* ---- sweeping ---- */

static int named_cmp(const void *a, const void *b)
{
	return digest_cmp(a, b);
}

/* Blobs that the new tree does not name. Other things are left alone. */
static bool sweep(const struct work *w, struct error *err)
{
	int copy = fcntl(w->blobs, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	struct digest d;
	bool ok = true;

	if (!dir) {
		file_closep(&copy);
		return fail(w, "list the blobs of", err);
	}
	rewinddir(dir);
	while (ok && (entry = readdir(dir)))
		if (digest_unhex(entry->d_name, &d) &&
		    !bsearch(&d, w->named, w->named_count, sizeof(d), named_cmp))
			ok = !unlinkat(w->blobs, entry->d_name, 0) ||
			     fail(w, "remove an old blob of", err);
	closedir(dir);
	return ok;
}

/* ---- all of it ---- */

/* Open the layout's own folder of that name, which is made where it is missing. */
static bool enter(const struct work *w, int at, const char *name, int *fd,
		  struct error *err)
{
	int got;

	if (mkdirat(at, name, 0755) && errno != EEXIST)
		return fail(w, "make a folder in", err);
	got = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (got < 0 && (errno == ENOTDIR || errno == ELOOP))
		return error_set(err, ERR_CONFLICT,
				 "'%s' holds '%s', which is no folder of its own: name "
				 "a folder for the tree alone; nothing was changed",
				 TEXT_SAFE(w->path), name);
	if (got < 0)
		return fail(w, "open a folder in", err);
	*fd = got;
	return true;
}

static bool open_blobs(struct work *w, struct error *err)
{
	AUTO(file_closep) int blobs = -1;

	return enter(w, w->dir, "blobs", &blobs, err) &&
	       enter(w, blobs, "sha256", &w->blobs, err);
}

static bool open_layout(struct work *w, struct error *err)
{
	AUTO(text_freep) char *layout = file_join(w->path, "oci-layout");
	AUTO(text_freep) char *index = file_join(w->path, "index.json");

	if (!layout || !index)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!file_mkdir(w->path, 0755, err) ||
	    !file_open(w->path, O_RDONLY | O_DIRECTORY, &w->dir, err))
		return false;
	/* one writer at a time; the lock goes with the descriptor */
	if (flock(w->dir, LOCK_EX))
		return fail(w, "lock", err);
	file_temp_sweep(layout);
	file_temp_sweep(index);
	return check_old(w, err) && open_blobs(w, err) &&
	       file_write_atomic(layout, layout_text, sizeof(layout_text) - 1, 0644,
				 err);
}

static bool put_files(struct work *w, struct error *err)
{
	char empty[] = "{}";
	struct digest ignored;

	for (size_t i = 0; i < w->tree->count; i++) {
		if (w->how->begun)
			w->how->begun(w->how->arg, &w->tree->entries[i]);
		if (!put_file(w, &w->tree->entries[i], err))
			return false;
	}
	return put_made(w, empty, strlen(empty), &ignored, err);
}

static bool write_layout(struct work *w, const struct buf *manifest, struct error *err)
{
	AUTO(text_freep) char *index_path = file_join(w->path, "index.json");
	AUTO(buf_clear) struct buf index = BUF_MAX(INDEX_MAX);
	struct digest own;

	w->named = calloc(w->tree->count + 2, sizeof(*w->named));
	if (!w->named || !index_path)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!open_layout(w, err) || !put_files(w, err))
		return false;
	if (!put_made(w, manifest->data, manifest->len, &own, err))
		return false;
	/* all of it is there before anything names it */
	if (syncfs(w->blobs))
		return fail(w, "write", err);
	if (!write_index(w, &own, manifest->len, &index, err) ||
	    !file_write_atomic(index_path, index.data, index.len, 0644, err))
		return false;
	qsort(w->named, w->named_count, sizeof(*w->named), named_cmp);
	return sweep(w, err);
}

bool tree_oci_write(const struct tree *t, const char *dir,
		    const struct tree_writing *how, struct tree_written *out,
		    struct error *err)
{
	AUTO(buf_clear) struct buf manifest = BUF_MAX(TREE_OCI_MANIFEST_MAX);
	AUTO(work_clear)
	struct work w = {.tree = t, .how = how, .path = dir, .dir = -1, .blobs = -1};

	if (!write_manifest(t, &manifest, err)) {
		if (err->code != ERR_LIMIT)
			return false;
		return error_set(err, ERR_LIMIT,
				 "%zu files do not fit into one OCI artifact, whose "
				 "manifest may have %d bytes: export a part of the "
				 "tree",
				 t->count, TREE_OCI_MANIFEST_MAX);
	}
	if (!write_layout(&w, &manifest, err))
		return false;
	*out = w.done;
	return true;
}
