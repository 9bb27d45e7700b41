/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.json, canonical JSON (json.h):
 *
 *     format      "fips-manifest-index/1"
 *     manifests[] { arch, created, digest (of the canonical text), el, kubernetes,
 *                   path, published, revision, sha256 and size (of the file),
 *                   signers[] }
 *     threshold   how many release keys had to vouch
 *     tools[]     { arch, path, sha256, size, version }
 *     withdrawn[] { arch, digest, el, kubernetes, reason, revision }
 */
#include "core/index.h"

#include "core/json.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t SIZE_LIMIT = ((int64_t)1 << 53) - 1;

void index_clear(struct index *x)
{
	for (size_t i = 0; i < x->manifest_count; i++)
		free(x->manifests[i].signers);
	free(x->manifests);
	free(x->withdrawn);
	free(x->tools);
	*x = (struct index)EMPTY;
}

void index_manifest_path(const char *el, const char *kubernetes, const char *arch,
			 char out[INDEX_PATH_SIZE])
{
	snprintf(out, INDEX_PATH_SIZE, "manifests/%s/manifest-el%s-%s.json.asc",
		 kubernetes, el, arch);
}

void index_tool_path(const char *version, const char *arch, char out[INDEX_PATH_SIZE])
{
	snprintf(out, INDEX_PATH_SIZE, "tool/fips-tool-%s-linux-%s", version, arch);
}

/* ---- order ---- */

/* Of anything that calls itself a version: Semantic Versioning where both are. */
static int version_cmp(const char *a, const char *b)
{
	char av[80], bv[80];

	snprintf(av, sizeof(av), "v%s", a);
	snprintf(bv, sizeof(bv), "v%s", b);
	if (text_is_kubernetes(av) != text_is_kubernetes(bv))
		return text_is_kubernetes(av) ? 1 : -1;
	return text_is_kubernetes(av) ? text_kubernetes_cmp(av, bv) : strcmp(a, b);
}

static int manifest_cmp(const void *pa, const void *pb)
{
	const struct index_manifest *a = pa, *b = pb;
	int c = text_el_cmp(a->el, b->el);

	if (!c)
		c = text_kubernetes_cmp(b->kubernetes, a->kubernetes);
	return c ? c : strcmp(a->arch, b->arch);
}

static int withdrawn_cmp(const void *pa, const void *pb)
{
	const struct index_withdrawn *a = pa, *b = pb;
	int c = text_el_cmp(a->el, b->el);

	if (!c)
		c = text_kubernetes_cmp(b->kubernetes, a->kubernetes);
	if (!c)
		c = strcmp(a->arch, b->arch);
	return c ? c : (a->revision < b->revision) - (a->revision > b->revision);
}

static int tool_cmp(const void *pa, const void *pb)
{
	const struct index_tool *a = pa, *b = pb;
	int c = version_cmp(b->version, a->version);

	return c ? c : strcmp(a->arch, b->arch);
}

/* What is in order already is not sorted again: looking is a tenth of that. */
static void sort(void *rows, size_t count, size_t size,
		 int (*cmp)(const void *a, const void *b))
{
	const char *row = rows;

	for (size_t i = 1; i < count; i++, row += size) {
		if (cmp(row, row + size) > 0) {
			qsort(rows, count, size, cmp);
			return;
		}
	}
}

void index_sort(struct index *x)
{
	sort(x->manifests, x->manifest_count, sizeof(*x->manifests), manifest_cmp);
	sort(x->withdrawn, x->withdrawn_count, sizeof(*x->withdrawn), withdrawn_cmp);
	sort(x->tools, x->tool_count, sizeof(*x->tools), tool_cmp);
}

/* ---- writing ---- */

static void write_manifest(struct json_writer *w, const struct index_manifest *m)
{
	json_open(w, NULL, '{');
	json_put_string(w, "arch", m->arch);
	json_put_time(w, "created", m->created);
	json_put_string(w, "digest", DIGEST_HEX(&m->digest));
	json_put_string(w, "el", m->el);
	json_put_string(w, "kubernetes", m->kubernetes);
	json_put_string(w, "path", m->path);
	json_put_time(w, "published", m->published);
	json_put_integer(w, "revision", m->revision);
	json_put_string(w, "sha256", DIGEST_HEX(&m->file_digest));
	json_open(w, "signers", '[');
	for (size_t i = 0; i < m->signer_count; i++)
		json_put_string(w, NULL, m->signers[i]);
	json_close(w);
	json_put_integer(w, "size", (int64_t)m->size);
	json_close(w);
}

static void write_tool(struct json_writer *w, const struct index_tool *t)
{
	json_open(w, NULL, '{');
	json_put_string(w, "arch", t->arch);
	json_put_string(w, "path", t->path);
	json_put_string(w, "sha256", DIGEST_HEX(&t->digest));
	json_put_integer(w, "size", (int64_t)t->size);
	json_put_string(w, "version", t->version);
	json_close(w);
}

static void write_withdrawn(struct json_writer *w, const struct index_withdrawn *m)
{
	json_open(w, NULL, '{');
	json_put_string(w, "arch", m->arch);
	json_put_string(w, "digest", DIGEST_HEX(&m->digest));
	json_put_string(w, "el", m->el);
	json_put_string(w, "kubernetes", m->kubernetes);
	json_put_string(w, "reason", m->reason);
	json_put_integer(w, "revision", m->revision);
	json_close(w);
}

bool index_write(const struct index *x, struct buf *out, struct error *err)
{
	struct json_writer w = json_writer(out);

	json_open(&w, NULL, '{');
	json_put_string(&w, "format", INDEX_FORMAT);
	json_open(&w, "manifests", '[');
	for (size_t i = 0; i < x->manifest_count; i++)
		write_manifest(&w, &x->manifests[i]);
	json_close(&w);
	json_put_integer(&w, "threshold", x->threshold);
	json_open(&w, "tools", '[');
	for (size_t i = 0; i < x->tool_count; i++)
		write_tool(&w, &x->tools[i]);
	json_close(&w);
	json_open(&w, "withdrawn", '[');
	for (size_t i = 0; i < x->withdrawn_count; i++)
		write_withdrawn(&w, &x->withdrawn[i]);
	json_close(&w);
	json_close(&w);
	return json_write_end(&w, err);
}

/* ---- reading ---- */

static bool is_version(const char *s)
{
	return text_is_name(s, 63);
}

static bool is_reason(const char *s)
{
	return *s != '\0';
}

/* A text member that satisfies is(). */
static bool get_text(struct json v, const char *key, bool (*is)(const char *),
		     char *out, size_t size, struct error *err)
{
	const char *s;

	if (!json_get_string(v, key, &s, err))
		return false;
	if (strlen(s) >= size || !is(s))
		return json_refuse(v, err, "'%s' is not a valid %s", TEXT_SAFE(s), key);
	memcpy(out, s, strlen(s) + 1);
	return true;
}

static bool get_digest(struct json v, const char *key, struct digest *out,
		       struct error *err)
{
	const char *s;

	if (!json_get_string(v, key, &s, err))
		return false;
	if (!digest_unhex(s, out))
		return json_refuse(v, err, "'%s' is no SHA-256", key);
	return true;
}

static bool get_time(struct json v, const char *key, int64_t *out, struct error *err)
{
	const char *s;

	if (!json_get_string(v, key, &s, err))
		return false;
	if (!text_untime(s, out))
		return json_refuse(v, err, "'%s' is no time", key);
	return true;
}

/* Revisions and sizes. */
static bool get_count(struct json v, const char *key, int64_t max, uint64_t *out,
		      struct error *err)
{
	int64_t n;

	if (!json_get_integer(v, key, 1, max, &n, err))
		return false;
	*out = (uint64_t)n;
	return true;
}

static bool get_path(struct json v, const char *must, char out[INDEX_PATH_SIZE],
		     struct error *err)
{
	const char *s;

	if (!json_get_string(v, "path", &s, err))
		return false;
	if (strcmp(s, must) != 0)
		return json_refuse(v, err, "path '%s' is not '%s'", TEXT_SAFE(s), must);
	snprintf(out, INDEX_PATH_SIZE, "%s", must);
	return true;
}

static bool get_signers(struct json v, struct index_manifest *m, struct error *err)
{
	struct json list;
	const char *s;

	if (!json_get(v, "signers", JSON_KIND_ARRAY, &list, err))
		return false;
	if (!json_count(list) || json_count(list) > INDEX_SIGNERS_MAX)
		return json_refuse(list, err, "signers: 1 to %d belong here",
				   INDEX_SIGNERS_MAX);
	m->signers = calloc(json_count(list), sizeof(*m->signers));
	if (!m->signers)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < json_count(list); i++) {
		if (!json_as_string(json_at(list, i), &s, err))
			return false;
		if (!text_is_fingerprint(s))
			return json_refuse(list, err, "'%s' is no fingerprint",
					   TEXT_SAFE(s));
		memcpy(m->signers[m->signer_count++], s, strlen(s) + 1);
	}
	return true;
}

static bool read_manifest(struct json v, void *row, struct error *err)
{
	static const char *const keys[] = {"arch",      "created",    "digest",
					   "el",        "kubernetes", "path",
					   "published", "revision",   "sha256",
					   "signers",   "size",       NULL};
	struct index_manifest *m = row;
	char path[INDEX_PATH_SIZE];
	uint64_t revision;

	if (!json_only(v, keys, err) ||
	    !get_text(v, "arch", text_is_arch, m->arch, sizeof(m->arch), err) ||
	    !get_text(v, "el", text_is_el, m->el, sizeof(m->el), err) ||
	    !get_text(v, "kubernetes", text_is_kubernetes, m->kubernetes,
		      sizeof(m->kubernetes), err) ||
	    !get_time(v, "created", &m->created, err) ||
	    !get_time(v, "published", &m->published, err) ||
	    !get_digest(v, "digest", &m->digest, err) ||
	    !get_digest(v, "sha256", &m->file_digest, err) ||
	    !get_count(v, "revision", UINT32_MAX, &revision, err) ||
	    !get_count(v, "size", SIZE_LIMIT, &m->size, err))
		return false;
	m->revision = (unsigned)revision;
	index_manifest_path(m->el, m->kubernetes, m->arch, path);
	return get_path(v, path, m->path, err) && get_signers(v, m, err);
}

static bool read_tool(struct json v, void *row, struct error *err)
{
	static const char *const keys[] = {"arch", "path",    "sha256",
					   "size", "version", NULL};
	struct index_tool *t = row;
	char path[INDEX_PATH_SIZE];

	if (!json_only(v, keys, err) ||
	    !get_text(v, "arch", text_is_arch, t->arch, sizeof(t->arch), err) ||
	    !get_text(v, "version", is_version, t->version, sizeof(t->version), err) ||
	    !get_digest(v, "sha256", &t->digest, err) ||
	    !get_count(v, "size", SIZE_LIMIT, &t->size, err))
		return false;
	index_tool_path(t->version, t->arch, path);
	return get_path(v, path, t->path, err);
}

static bool read_withdrawn(struct json v, void *row, struct error *err)
{
	static const char *const keys[] = {"arch",   "digest",   "el", "kubernetes",
					   "reason", "revision", NULL};
	struct index_withdrawn *m = row;
	uint64_t revision;

	if (!json_only(v, keys, err) ||
	    !get_text(v, "arch", text_is_arch, m->arch, sizeof(m->arch), err) ||
	    !get_text(v, "el", text_is_el, m->el, sizeof(m->el), err) ||
	    !get_text(v, "kubernetes", text_is_kubernetes, m->kubernetes,
		      sizeof(m->kubernetes), err) ||
	    !get_digest(v, "digest", &m->digest, err) ||
	    !get_text(v, "reason", is_reason, m->reason, sizeof(m->reason), err) ||
	    !get_count(v, "revision", UINT32_MAX, &revision, err))
		return false;
	m->revision = (unsigned)revision;
	return true;
}

/* One of the three lists. */
struct list {
	const char *key;
	size_t size; /* of a row */
	bool (*read)(struct json v, void *row, struct error *err);
	int (*cmp)(const void *a, const void *b);
};

/* *rows and *count stand for what was read even after a failure, to be cleared. */
static bool read_list(struct json root, const struct list *l, void **rows,
		      size_t *count, struct error *err)
{
	struct json list;
	size_t n;

	if (!json_get(root, l->key, JSON_KIND_ARRAY, &list, err))
		return false;
	n = json_count(list);
	if (n > INDEX_ROWS_MAX)
		return error_set(err, ERR_LIMIT, "%s: %zu rows, the limit is %d",
				 l->key, n, INDEX_ROWS_MAX);
	*rows = calloc(n + 1, l->size);
	if (!*rows)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < n; i++) {
		char *row = (char *)*rows + i * l->size;

		*count = i + 1;
		if (!json_as_object(json_at(list, i), err) ||
		    !l->read(json_at(list, i), row, err))
			return error_prefix(err, "%s", l->key);
		if (i && l->cmp(row - l->size, row) >= 0)
			return json_refuse(json_at(list, i), err,
					   "%s: not in order, or twice", l->key);
	}
	return true;
}

static bool read_all(struct json root, struct index *x, struct error *err)
{
	static const char *const keys[] = {"format", "manifests", "threshold",
					   "tools",  "withdrawn", NULL};
	static const struct list manifests = {"manifests",
					      sizeof(struct index_manifest),
					      read_manifest, manifest_cmp};
	static const struct list tools = {"tools", sizeof(struct index_tool), read_tool,
					  tool_cmp};
	static const struct list withdrawn = {"withdrawn",
					      sizeof(struct index_withdrawn),
					      read_withdrawn, withdrawn_cmp};
	const char *format;
	int64_t threshold;
	void *rows = NULL;
	bool ok;

	if (!json_as_object(root, err) || !json_only(root, keys, err) ||
	    !json_get_string(root, "format", &format, err))
		return false;
	if (strcmp(format, INDEX_FORMAT) != 0)
		return json_refuse(root, err, "format '%s' is not '%s'",
				   TEXT_SAFE(format), INDEX_FORMAT);
	if (!json_get_integer(root, "threshold", 1, 64, &threshold, err))
		return false;
	x->threshold = (unsigned)threshold;
	ok = read_list(root, &manifests, &rows, &x->manifest_count, err);
	x->manifests = TAKE(rows);
	ok = ok && read_list(root, &tools, &rows, &x->tool_count, err);
	x->tools = TAKE(rows);
	ok = ok && read_list(root, &withdrawn, &rows, &x->withdrawn_count, err);
	x->withdrawn = TAKE(rows);
	return ok;
}

bool index_parse(const char *text, size_t len, struct index *out, struct error *err)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	AUTO(index_clear) struct index x = EMPTY;

	if (!json_parse_canonical(text, len, INDEX_TEXT_MAX, &doc, err) ||
	    !read_all(json_root(&doc), &x, err))
		return error_prefix(err, "index");
	*out = TAKE(x);
	return true;
}

const struct index_manifest *index_match(const struct index *x, const char *el,
					 const char *kubernetes, const char *arch)
{
	const struct index_manifest *best = NULL;

	for (size_t i = 0; i < x->manifest_count; i++) {
		const struct index_manifest *m = &x->manifests[i];

		if (strcmp(m->kubernetes, kubernetes) != 0 ||
		    strcmp(m->arch, arch) != 0 || !text_el_covers(m->el, el))
			continue;
		if (!best || strlen(m->el) > strlen(best->el))
			best = m;
	}
	return best;
}
