/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a tree from an OCI layout; tree_oci_write.c writes one. */
#include "core/tree_oci.h"

#include "core/digest.h"
#include "core/digest_sink.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "core/tree_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LAYOUT_MAX = 4096, INDEX_MAX = 4 * 1024 * 1024 };

static const char title_key[] = "org.opencontainers.image.title";
static const char ref_key[] = "org.opencontainers.image.ref.name";

bool tree_oci_split(const char *where, char **dir, char **tag, struct error *err)
{
	const char *colon = strrchr(where, ':');
	bool tagged = colon && !strchr(colon, '/') && colon != where;
	size_t len = tagged ? (size_t)(colon - where) : strlen(where);
	AUTO(text_freep) char *d = NULL;
	AUTO(text_freep) char *t = NULL;

	if (!len)
		return error_set(err, ERR_USAGE, "'oci:%s' names no folder",
				 TEXT_SAFE(where));
	if (tagged && !text_is_name(colon + 1, TREE_OCI_TAG_MAX))
		return error_set(err, ERR_USAGE, "'%s' is no tag of an image",
				 TEXT_SAFE(colon + 1));
	d = text_dup(where, len);
	t = tagged ? text_dup(colon + 1, strlen(colon + 1)) : NULL;
	if (!d || (tagged && !t))
		return error_set(err, ERR_SYSTEM, "no memory");
	*dir = TAKE(d);
	*tag = TAKE(t);
	return true;
}

/* ---- descriptors and blobs ---- */

struct blob {
	char *path; /* of the tree; NULL for the manifest */
	struct digest digest;
	uint64_t size;
};

struct layout {
	int fd;
	struct blob *blobs; /* sorted by path */
	size_t count;
};

static void layout_free(struct layout *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->count; i++)
		free(l->blobs[i].path);
	free(l->blobs);
	file_closep(&l->fd);
	free(l);
}

static void layout_freep(struct layout **l)
{
	layout_free(*l);
	*l = NULL;
}

static bool read_descriptor(struct json v, struct blob *out, struct error *err)
{
	static const char prefix[] = "sha256:";
	const char *digest;
	int64_t size;

	if (!json_as_object(v, err) || !json_get_string(v, "digest", &digest, err) ||
	    !json_get_integer(v, "size", 0, INT64_MAX, &size, err))
		return false;
	if (!text_starts(digest, prefix) ||
	    !digest_unhex(digest + strlen(prefix), &out->digest))
		return json_refuse(v, err, "'%s' is no sha256 digest",
				   TEXT_SAFE(digest));
	out->size = (uint64_t)size;
	return true;
}

static bool stream_blob(const struct layout *l, const struct blob *b, uint64_t max,
			const struct sink *to, struct error *err)
{
	AUTO(digest_sink_clear) struct digest_sink passing = EMPTY;
	AUTO(file_closep) int fd = -1;
	struct digest d;
	char path[96];

	snprintf(path, sizeof(path), "blobs/sha256/%s", DIGEST_HEX(&b->digest));
	if (b->size > max)
		return error_set(err, ERR_LIMIT, "more than %" PRIu64 " bytes", max);
	if (!tree_dir_file(l->fd, path, &fd, err) ||
	    !digest_sink_begin(&passing, to, err))
		return false;
	if (!tree_source_pour(fd, b->size, &passing.sink, err) ||
	    !digest_sink_end(&passing, &d, err))
		return error_prefix(err, "'%s'", path);
	if (passing.size == b->size && digest_equal(&d, &b->digest))
		return true;
	return error_set(err, ERR_FORMAT,
			 "'%s' is damaged: its content does not have the size and "
			 "digest that it is named by",
			 path);
}

static bool load(const struct layout *l, const struct blob *b, struct buf *out,
		 struct error *err)
{
	struct sink to = sink_buf(out);

	return stream_blob(l, b, out->max, &to, err) && buf_ok(out, err);
}

/* A small file of the layout itself. */
static bool load_file(const struct layout *l, const char *path, struct buf *out,
		      struct error *err)
{
	AUTO(file_closep) int fd = -1;

	return tree_dir_file(l->fd, path, &fd, err) &&
	       (file_read_fd(fd, out, err) || error_prefix(err, "'%s'", path));
}

/* ---- layout, index, manifest ---- */

static bool check_layout(const struct layout *l, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(LAYOUT_MAX);
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	const char *version;

	if (!load_file(l, "oci-layout", &text, err))
		return false;
	if (!json_parse(text.data, text.len, LAYOUT_MAX, &doc, err) ||
	    !json_as_object(json_root(&doc), err) ||
	    !json_get_string(json_root(&doc), "imageLayoutVersion", &version, err))
		return error_prefix(err, "'oci-layout'");
	return text_starts(version, "1.") ||
	       error_set(err, ERR_FORMAT, "'oci-layout': version '%s' is not known",
			 TEXT_SAFE(version));
}

/* The annotation, or NULL. */
static const char *annotation(struct json v, const char *key)
{
	const char *value;
	struct json map;
	struct error ignored;

	if (json_has(v, "annotations") &&
	    json_get(v, "annotations", JSON_KIND_OBJECT, &map, &ignored) &&
	    json_has(map, key) && json_get_string(map, key, &value, &ignored))
		return value;
	return NULL;
}

/* Does the index call it `tag`? Without a tag anything will do. */
static bool is_tagged(struct json descriptor, const char *tag)
{
	const char *name = tag ? annotation(descriptor, ref_key) : NULL;

	return !tag || (name && !strcmp(name, tag));
}

static bool is_tree(struct json manifest)
{
	const char *type;
	struct error ignored;

	return json_kind(manifest) == JSON_KIND_OBJECT &&
	       json_has(manifest, "artifactType") &&
	       json_get_string(manifest, "artifactType", &type, &ignored) &&
	       !strcmp(type, TREE_OCI_TYPE);
}

/* Read the manifest of a descriptor; *found when it is that of a tree. */
static bool read_manifest(const struct layout *l, struct json descriptor,
			  struct json_doc *out, bool *found, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(TREE_OCI_MANIFEST_MAX);
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	struct blob b = EMPTY;

	if (!read_descriptor(descriptor, &b, err))
		return error_prefix(err, "'index.json'");
	if (!load(l, &b, &text, err))
		return false;
	if (!json_parse(text.data, text.len, TREE_OCI_MANIFEST_MAX, &doc, err))
		return error_prefix(err, "manifest sha256:%s", DIGEST_HEX(&b.digest));
	*found = is_tree(json_root(&doc));
	if (*found)
		*out = TAKE(doc);
	return true;
}

/* The manifest of the one tree in the layout. */
static bool find_tree(const struct layout *l, const char *tag, struct json_doc *out,
		      struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(INDEX_MAX);
	AUTO(json_doc_clear) struct json_doc index = EMPTY;
	AUTO(json_doc_clear) struct json_doc manifest = EMPTY;
	struct json list;
	size_t trees = 0;

	if (!load_file(l, "index.json", &text, err))
		return false;
	if (!json_parse(text.data, text.len, INDEX_MAX, &index, err) ||
	    !json_as_object(json_root(&index), err) ||
	    !json_get(json_root(&index), "manifests", JSON_KIND_ARRAY, &list, err))
		return error_prefix(err, "'index.json'");
	for (size_t i = 0; i < json_count(list) && trees < 2; i++) {
		bool found = false;

		if (!is_tagged(json_at(list, i), tag))
			continue;
		json_doc_clear(&manifest);
		if (!read_manifest(l, json_at(list, i), &manifest, &found, err))
			return false;
		trees += found;
	}
	if (trees > 1)
		return error_set(err, ERR_USAGE,
				 "it holds several trees: say which as oci:DIR:TAG");
	if (!trees)
		return error_set(err, ERR_NOT_FOUND, "it holds no %s%s%s",
				 TREE_OCI_TYPE, tag ? " tagged " : "", tag ? tag : "");
	*out = TAKE(manifest);
	return true;
}

static bool read_layer(struct layout *l, struct json layer, struct error *err)
{
	struct blob *b = &l->blobs[l->count];
	const char *title;

	if (!read_descriptor(layer, b, err))
		return false;
	title = annotation(layer, title_key);
	if (!title)
		return json_refuse(layer, err, "a layer without a title");
	if (!tree_source_is_path(title))
		return json_refuse(layer, err, "the title '%s' is no path of a tree",
				   TEXT_SAFE(title));
	b->path = text_dup(title, strlen(title));
	if (!b->path)
		return error_set(err, ERR_SYSTEM, "no memory");
	l->count++;
	return true;
}

static int blob_cmp(const void *a, const void *b)
{
	const struct blob *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static bool read_layers(struct layout *l, struct json manifest, struct error *err)
{
	struct json layers;

	if (!json_get(manifest, "layers", JSON_KIND_ARRAY, &layers, err))
		return false;
	l->blobs = calloc(json_count(layers) + 1, sizeof(*l->blobs));
	if (!l->blobs)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < json_count(layers); i++)
		if (!read_layer(l, json_at(layers, i), err))
			return false;
	qsort(l->blobs, l->count, sizeof(*l->blobs), blob_cmp);
	for (size_t i = 1; i < l->count; i++)
		if (!strcmp(l->blobs[i - 1].path, l->blobs[i].path))
			return error_set(err, ERR_FORMAT, "two layers are titled '%s'",
					 TEXT_SAFE(l->blobs[i].path));
	return true;
}

/* ---- as a source ---- */

static const struct blob *find(const struct layout *l, const char *path)
{
	const struct blob key = {.path = (char *)(uintptr_t)path};

	return bsearch(&key, l->blobs, l->count, sizeof(key), blob_cmp);
}

static bool has(void *carrier, const char *path)
{
	return find(carrier, path);
}

static bool stream(void *carrier, const char *path, uint64_t max, const struct sink *to,
		   struct error *err)
{
	const struct layout *l = carrier;
	const struct blob *b = find(l, path);

	if (!b)
		return error_set(err, ERR_NOT_FOUND, "it holds no '%s'",
				 TEXT_SAFE(path));
	return stream_blob(l, b, max, to, err) ||
	       error_prefix(err, "'%s'", TEXT_SAFE(path));
}

static void close_layout(void *carrier)
{
	layout_free(carrier);
}

static bool open_layout(struct layout *l, const char *tag, struct error *err)
{
	AUTO(json_doc_clear) struct json_doc manifest = EMPTY;

	return check_layout(l, err) && find_tree(l, tag, &manifest, err) &&
	       (read_layers(l, json_root(&manifest), err) ||
		error_prefix(err, "manifest"));
}

bool tree_oci_open(const char *dir, const char *tag, struct tree_source **out,
		   struct error *err)
{
	static const struct tree_source_ops ops = {
		.stream = stream,
		.has = has,
		.close = close_layout,
	};
	AUTO(layout_freep) struct layout *l = calloc(1, sizeof(*l));

	if (!l)
		return error_set(err, ERR_SYSTEM, "no memory");
	l->fd = -1;
	if (!file_open(dir, O_RDONLY | O_DIRECTORY, &l->fd, err))
		return false;
	if (!open_layout(l, tag, err))
		return error_prefix(err, "OCI layout '%s'", TEXT_SAFE(dir));
	return tree_source_new(&ops, TAKE(l), "OCI layout", dir, out, err);
}
