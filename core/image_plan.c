/* SPDX-License-Identifier: Apache-2.0 */
#include "core/image_plan.h"

#include "core/json.h"
#include "core/manifest.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_SIZE = sizeof("/blobs/sha256/") + DIGEST_HEX_SIZE };

static const char *const index_types[] = {
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
};
static const char *const manifest_types[] = {
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json",
};

void image_plan_clear(struct image_plan *p)
{
	free(p->reference);
	free(p->version);
	for (size_t i = 0; i < p->layer_count; i++)
		free(p->layers[i]);
	*p = (struct image_plan)EMPTY;
}

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

static bool set_text(char **to, const char *s, size_t len, struct error *err)
{
	free(*to);
	*to = text_dup(s, len);
	return *to ? true : no_memory(err);
}

/* ---- JSON files by digest ---- */

static bool parse_json(const struct buf *text, const char *name, struct json_doc *out,
		       struct error *err)
{
	return json_parse(text->data ? text->data : "", text->len, IMAGE_STORE_JSON_MAX,
			  out, err) ||
	       error_prefix(err, "'%s'", TEXT_SAFE(name));
}

/* What a descriptor of the OCI specification points to. */
struct descriptor {
	const char *type; /* media type */
	struct digest digest;
	int64_t size;
	char name[NAME_SIZE]; /* in the store */
};

static bool get_descriptor(struct json v, struct descriptor *out, struct error *err)
{
	const char *digest;

	if (!json_get_string(v, "mediaType", &out->type, err) ||
	    !json_get_string(v, "digest", &digest, err) ||
	    !json_get_integer(v, "size", 0, INT64_MAX >> 11, &out->size, err))
		return false;
	if (!text_starts(digest, "sha256:") || !digest_unhex(digest + 7, &out->digest))
		return json_refuse(v, err, "the digest '%s' is not SHA-256",
				   TEXT_SAFE(digest));
	snprintf(out->name, sizeof(out->name), "/blobs/sha256/%s", digest + 7);
	return true;
}

static bool check_blob(const struct buf *text, const struct descriptor *d,
		       struct error *err)
{
	struct digest actual;

	if (!digest_of_bytes(text->data, text->len, &actual, err))
		return false;
	if (!digest_equal(&actual, &d->digest) || (int64_t)text->len != d->size)
		return error_set(err, ERR_UNTRUSTED,
				 "blob %s has other content: %" PRIu64
				 " bytes with the digest %s",
				 d->name + strlen("/blobs/sha256/"),
				 (uint64_t)text->len, DIGEST_HEX(&actual));
	return true;
}

/* Read, check and parse the JSON blob that a descriptor points to. */
static bool get_blob(struct image_store *s, const struct descriptor *d,
		     struct json_doc *out, struct error *err)
{
	const struct buf *text;

	return image_store_json(s, d->name, &text, err) && check_blob(text, d, err) &&
	       parse_json(text, d->name, out, err);
}

static bool is_one_of(const char *type, const char *const *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

/* ---- platforms ---- */

/* As the OCI specification writes ours. */
static const char *oci_arch(const char *arch)
{
	return !strcmp(arch, "x86_64") ? "amd64" : "arm64";
}

/* {"os": ..., "architecture": ...}; *fits is false when it is of another. */
static bool fits_platform(struct json v, const char *arch, bool *fits,
			  struct error *err)
{
	const char *os, *architecture;

	if (!json_as_object(v, err) || !json_get_string(v, "os", &os, err) ||
	    !json_get_string(v, "architecture", &architecture, err))
		return false;
	*fits = !strcmp(os, "linux") && !strcmp(architecture, oci_arch(arch));
	return true;
}

static bool check_config(struct json config, const char *arch, struct error *err)
{
	const char *os, *architecture;
	bool fits;

	if (!fits_platform(config, arch, &fits, err))
		return error_prefix(err, "config");
	if (fits)
		return true;
	if (!json_get_string(config, "os", &os, err) ||
	    !json_get_string(config, "architecture", &architecture, err))
		return false;
	return error_set(err, ERR_CONFLICT, "it is for %s/%s, and the manifest for %s",
			 TEXT_SAFE(os), TEXT_SAFE(architecture), arch);
}

/* ---- the reference ---- */

/* Keep it where a manifest can hold it, and its tag. */
static bool set_reference(struct image_plan *p, const char *reference,
			  struct error *err)
{
	const char *slash = strrchr(reference, '/');
	const char *tag = strrchr(slash ? slash : reference, ':');
	size_t len = strlen(reference);

	if (!len || len > MANIFEST_TEXT_FIELD_MAX ||
	    !text_is_printable(reference, len) || strchr(reference, ' '))
		return true;
	tag = tag ? tag + 1 : slash ? "" : reference;
	if (text_is_name(tag, MANIFEST_NAME_MAX) &&
	    !set_text(&p->version, tag, strlen(tag), err))
		return false;
	return set_text(&p->reference, reference, len, err);
}

/* ---- OCI ---- */

struct search {
	struct image_store *store;
	const char *arch;
	struct descriptor found;
	char *reference;
	unsigned matches, looked_at;
};

static void search_clear(struct search *s)
{
	free(s->reference);
}

/* The name that an index gives to an image: a whole one before a bare tag. */
static bool note_reference(struct search *s, struct json entry, struct error *err)
{
	static const char *const keys[] = {"io.containerd.image.name",
					   "org.opencontainers.image.ref.name"};
	struct json notes;
	const char *name;

	if (!json_has(entry, "annotations"))
		return true;
	if (!json_get(entry, "annotations", JSON_KIND_OBJECT, &notes, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (json_has(notes, keys[i]))
			return json_get_string(notes, keys[i], &name, err) &&
			       set_text(&s->reference, name, strlen(name), err);
	return true;
}

/* The platform of an image whose index does not say it. */
static bool config_fits(struct search *s, const struct descriptor *d, bool *fits,
			struct error *err)
{
	AUTO(json_doc_clear) struct json_doc manifest = EMPTY, config = EMPTY;
	struct descriptor c;
	struct json v;

	return get_blob(s->store, d, &manifest, err) &&
	       json_get(json_root(&manifest), "config", JSON_KIND_OBJECT, &v, err) &&
	       get_descriptor(v, &c, err) && get_blob(s->store, &c, &config, err) &&
	       fits_platform(json_root(&config), s->arch, fits, err);
}

static bool search_index(struct search *s, struct json index, unsigned depth,
			 struct error *err);

static bool search_entry(struct search *s, struct json entry, unsigned depth,
			 struct error *err)
{
	struct descriptor d;
	struct json platform;
	unsigned before = s->matches;
	bool fits = true, told;

	if (!json_as_object(entry, err) || !get_descriptor(entry, &d, err))
		return false;
	if (++s->looked_at > IMAGE_PLAN_MANIFESTS_MAX)
		return error_set(err, ERR_LIMIT, "more than %d images",
				 IMAGE_PLAN_MANIFESTS_MAX);
	if (is_one_of(d.type, index_types, ARRAY_LEN(index_types))) {
		AUTO(json_doc_clear) struct json_doc inner = EMPTY;

		return get_blob(s->store, &d, &inner, err) &&
		       search_index(s, json_root(&inner), depth + 1, err) &&
		       (s->matches == before || note_reference(s, entry, err));
	}
	if (!is_one_of(d.type, manifest_types, ARRAY_LEN(manifest_types)))
		return true;
	told = json_has(entry, "platform");
	if (told && (!json_get(entry, "platform", JSON_KIND_OBJECT, &platform, err) ||
		     !fits_platform(platform, s->arch, &fits, err)))
		return false;
	if (!told && !config_fits(s, &d, &fits, err))
		return false;
	if (!fits)
		return true;
	s->matches++;
	s->found = d;
	return note_reference(s, entry, err);
}

static bool search_index(struct search *s, struct json index, unsigned depth,
			 struct error *err)
{
	struct json manifests;

	if (depth > IMAGE_PLAN_DEPTH_MAX)
		return error_set(err, ERR_LIMIT, "more than %d indexes in one another",
				 IMAGE_PLAN_DEPTH_MAX);
	if (!json_as_object(index, err) ||
	    !json_get(index, "manifests", JSON_KIND_ARRAY, &manifests, err))
		return false;
	for (size_t i = 0; i < json_count(manifests); i++)
		if (!search_entry(s, json_at(manifests, i), depth, err))
			return false;
	return true;
}

static bool take_oci_layers(struct image_plan *p, struct json layers, struct error *err)
{
	if (json_count(layers) > IMAGE_PLAN_LAYERS_MAX)
		return error_set(err, ERR_LIMIT, "more than %d layers",
				 IMAGE_PLAN_LAYERS_MAX);
	for (size_t i = 0; i < json_count(layers); i++) {
		struct descriptor d;

		if (!json_as_object(json_at(layers, i), err) ||
		    !get_descriptor(json_at(layers, i), &d, err))
			return false;
		p->digests[i] = d.digest;
		p->layer_count++;
		if (!set_text(&p->layers[i], d.name, strlen(d.name), err))
			return false;
	}
	return true;
}

static bool plan_oci(struct image_store *store, const char *arch, struct image_plan *p,
		     struct error *err)
{
	AUTO(search_clear) struct search s = {.store = store, .arch = arch};
	AUTO(json_doc_clear)
	struct json_doc index = EMPTY, manifest = EMPTY, config = EMPTY;
	const struct buf *text;
	struct descriptor c;
	struct json v, layers;

	if (!image_store_json(store, "/index.json", &text, err) ||
	    !parse_json(text, "/index.json", &index, err) ||
	    !search_index(&s, json_root(&index), 1, err))
		return false;
	if (s.matches != 1)
		return error_set(err, ERR_FORMAT,
				 "it holds %u images for linux/%s, and one is needed",
				 s.matches, oci_arch(arch));
	if (s.reference && !set_reference(p, s.reference, err))
		return false;
	p->manifest = s.found.digest;
	if (!get_blob(store, &s.found, &manifest, err))
		return false;
	v = json_root(&manifest);
	if (!json_as_object(v, err) ||
	    !json_get(v, "layers", JSON_KIND_ARRAY, &layers, err) ||
	    !json_get(v, "config", JSON_KIND_OBJECT, &v, err) ||
	    !get_descriptor(v, &c, err) || !get_blob(store, &c, &config, err) ||
	    !check_config(json_root(&config), arch, err))
		return false;
	p->config = c.digest;
	return take_oci_layers(p, layers, err);
}

/* ---- docker-archive ---- */

/* A config is called by its digest: HEX.json, or blobs/sha256/HEX. */
static bool check_config_name(const char *name, const struct digest *actual,
			      struct error *err)
{
	const char *slash = strrchr(name, '/');
	char hex[DIGEST_HEX_SIZE];
	struct digest named;

	snprintf(hex, sizeof(hex), "%s", slash ? slash + 1 : name);
	if (digest_unhex(hex, &named) && !digest_equal(&named, actual))
		return error_set(err, ERR_UNTRUSTED,
				 "config '%s' has other content, with the digest %s",
				 TEXT_SAFE(name), DIGEST_HEX(actual));
	return true;
}

/* Layers of the archive's manifest, with the digests that the config has for them. */
static bool take_docker_layers(struct image_plan *p, struct json layers,
			       struct json config, struct error *err)
{
	struct json rootfs, ids;

	if (!json_get(config, "rootfs", JSON_KIND_OBJECT, &rootfs, err) ||
	    !json_get(rootfs, "diff_ids", JSON_KIND_ARRAY, &ids, err))
		return error_prefix(err, "config");
	if (json_count(layers) > IMAGE_PLAN_LAYERS_MAX)
		return error_set(err, ERR_LIMIT, "more than %d layers",
				 IMAGE_PLAN_LAYERS_MAX);
	if (json_count(ids) != json_count(layers))
		return error_set(err, ERR_FORMAT, "it has %zu layers, its config %zu",
				 json_count(layers), json_count(ids));
	for (size_t i = 0; i < json_count(layers); i++) {
		const char *name, *id;

		if (!json_as_string(json_at(layers, i), &name, err) ||
		    !json_as_string(json_at(ids, i), &id, err))
			return false;
		if (!text_starts(id, "sha256:") ||
		    !digest_unhex(id + 7, &p->digests[i]))
			return error_set(err, ERR_FORMAT,
					 "config: the digest '%s' is not SHA-256",
					 TEXT_SAFE(id));
		if (!unpack_path("/", name, &p->layers[i], err))
			return false;
		p->layer_count++;
	}
	p->unpacked = true;
	return true;
}

/* The first of the image's tags. */
static bool take_tag(struct image_plan *p, struct json image, struct error *err)
{
	const char *tag;
	struct json tags;

	if (!json_has(image, "RepoTags"))
		return true;
	/* null where it has none */
	if (!json_get(image, "RepoTags", JSON_KIND_ARRAY, &tags, err) ||
	    !json_count(tags)) {
		error_clear(err);
		return true;
	}
	return json_as_string(json_at(tags, 0), &tag, err) &&
	       set_reference(p, tag, err);
}

static bool plan_image(struct image_store *s, const char *arch, struct json image,
		       struct image_plan *p, struct error *err)
{
	AUTO(json_doc_clear) struct json_doc config = EMPTY;
	AUTO(text_freep) char *path = NULL;
	const char *name;
	const struct buf *text;
	struct json layers;

	return json_as_object(image, err) && take_tag(p, image, err) &&
	       json_get_string(image, "Config", &name, err) &&
	       json_get(image, "Layers", JSON_KIND_ARRAY, &layers, err) &&
	       unpack_path("/", name, &path, err) &&
	       image_store_json(s, path, &text, err) &&
	       digest_of_bytes(text->data, text->len, &p->config, err) &&
	       check_config_name(name, &p->config, err) &&
	       parse_json(text, path, &config, err) &&
	       check_config(json_root(&config), arch, err) &&
	       take_docker_layers(p, layers, json_root(&config), err);
}

static bool plan_docker(struct image_store *s, const char *arch, struct image_plan *p,
			struct error *err)
{
	AUTO(json_doc_clear) struct json_doc manifest = EMPTY;
	const struct buf *text;
	struct json images;

	if (!image_store_json(s, "/manifest.json", &text, err) ||
	    !digest_of_bytes(text->data, text->len, &p->manifest, err) ||
	    !parse_json(text, "/manifest.json", &manifest, err))
		return false;
	images = json_root(&manifest);
	if (json_kind(images) != JSON_KIND_ARRAY || json_count(images) != 1)
		return error_set(err, ERR_FORMAT,
				 "it holds %zu images, and one is needed",
				 json_count(images));
	return plan_image(s, arch, json_at(images, 0), p, err);
}

bool image_plan_read(struct image_store *s, const char *arch, struct image_plan *out,
		     struct error *err)
{
	AUTO(image_plan_clear) struct image_plan p = EMPTY;
	bool ok;

	if (image_store_has(s, "/index.json"))
		ok = plan_oci(s, arch, &p, err);
	else if (image_store_has(s, "/manifest.json"))
		ok = plan_docker(s, arch, &p, err);
	else
		ok = error_set(
			err, ERR_FORMAT,
			"it is no image: neither index.json nor manifest.json is "
			"in it");
	if (ok)
		*out = TAKE(p);
	return ok;
}
