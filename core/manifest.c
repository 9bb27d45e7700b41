/* SPDX-License-Identifier: Apache-2.0 */
/* One member's shape is in manifest_table.c; here is what spans several. */
#include "core/manifest.h"

#include "core/manifest_json.h"
#include "core/manifest_table.h"
#include "core/manifest_text.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>

const char *manifest_presence_name(enum manifest_presence p)
{
	return manifest_table_presence[p];
}

const char *manifest_source_name(enum manifest_source_type t)
{
	return manifest_table_source[t];
}

const char *manifest_kind_name(enum manifest_kind k)
{
	return manifest_table_kind[k];
}

void manifest_clear(struct manifest *m)
{
	manifest_field_clear(manifest_table, m);
	*m = (struct manifest)EMPTY;
}

/* ---- order ---- */

static int text_cmp(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int by_component(const void *a, const void *b)
{
	return text_cmp(((const struct manifest_component *)a)->name,
			((const struct manifest_component *)b)->name);
}

static int by_file(const void *a, const void *b)
{
	return text_cmp(((const struct manifest_file *)a)->path,
			((const struct manifest_file *)b)->path);
}

static int by_service(const void *a, const void *b)
{
	return text_cmp(((const struct manifest_service *)a)->name,
			((const struct manifest_service *)b)->name);
}

/* What an exception is for; paths sort before the names of components. */
static const char *subject(const struct manifest_exception *x)
{
	return x->path ? x->path : x->component;
}

static int by_exception(const void *a, const void *b)
{
	return text_cmp(subject(a), subject(b));
}

static void sort(void *items, size_t count, size_t size,
		 int (*cmp)(const void *, const void *))
{
	if (count)
		qsort(items, count, size, cmp);
}

void manifest_sort(struct manifest *m)
{
	sort(m->components, m->component_count, sizeof(*m->components), by_component);
	sort(m->services, m->service_count, sizeof(*m->services), by_service);
	sort(m->exceptions, m->exception_count, sizeof(*m->exceptions), by_exception);
	for (size_t i = 0; i < m->component_count; i++)
		sort(m->components[i].files, m->components[i].file_count,
		     sizeof(*m->components[i].files), by_file);
}

const struct manifest_component *manifest_find(const struct manifest *m,
					       const char *name)
{
	struct manifest_component key = EMPTY;
	char copy[MANIFEST_NAME_MAX + 1];

	if (m->component_count == 0 ||
	    snprintf(copy, sizeof(copy), "%s", name) >= (int)sizeof(copy))
		return NULL;
	key.name = copy;
	return bsearch(&key, m->components, m->component_count, sizeof(key),
		       by_component);
}

/* ---- rules that span members ---- */

/* A refusal that names its place when the manifest was read from a text. */
struct span {
	const struct manifest *m;
	const struct json_doc *doc; /* or NULL */
};

/* Put the line of root[list][i], or of its files[j], in front of the error;
 * SIZE_MAX: of the list itself, of no file. */
static bool located(const struct span *s, const char *list, size_t i, size_t j,
		    struct error *err)
{
	enum error_code code = err->code;
	struct json v;

	if (!s->doc)
		return false;
	v = json_member(json_root(s->doc), list);
	if (i != SIZE_MAX)
		v = json_at(v, i);
	if (j != SIZE_MAX)
		v = json_at(json_member(v, "files"), j);
	json_refuse_(v, err, "%s", err->msg);
	err->code = code;
	return false;
}

/* Each element after the one before it, none twice. */
static bool in_order(const char *what, int cmp, const char *before, const char *now,
		     struct error *err)
{
	if (cmp < 0)
		return true;
	if (cmp == 0)
		return error_set(err, ERR_FORMAT, "%s '%s' is there twice", what,
				 TEXT_SAFE(now));
	return error_set(err, ERR_FORMAT, "%s '%s' must stand before '%s'", what,
			 TEXT_SAFE(now), TEXT_SAFE(before));
}

static bool check_files(const struct span *s, size_t i, struct error *err)
{
	const struct manifest_component *c = &s->m->components[i];
	enum manifest_kind kind =
		c->source.type == MANIFEST_IMAGE ? MANIFEST_IN_IMAGE : MANIFEST_ON_HOST;

	if (c->file_count == 0 && kind == MANIFEST_ON_HOST) {
		error_set_(err, ERR_FORMAT, "component '%s' has no files", c->name);
		return located(s, "components", i, SIZE_MAX, err);
	}
	for (size_t j = 0; j < c->file_count; j++) {
		const struct manifest_file *f = &c->files[j];

		if (f->kind != kind) {
			error_set_(err, ERR_FORMAT,
				   "'%s' must be of kind '%s', as its source is",
				   TEXT_SAFE(f->path), manifest_kind_name(kind));
			return located(s, "components", i, j, err);
		}
		if (j && !in_order("file", by_file(f - 1, f), f[-1].path, f->path, err))
			return located(s, "components", i, j, err);
	}
	return true;
}

static bool check_components(const struct span *s, struct error *err)
{
	const struct manifest *m = s->m;
	size_t files = 0;

	if (m->component_count == 0) {
		error_set_(err, ERR_FORMAT, "the manifest has no components");
		return located(s, "components", SIZE_MAX, SIZE_MAX, err);
	}
	for (size_t i = 0; i < m->component_count; i++) {
		const struct manifest_component *c = &m->components[i];

		if (i && !in_order("component", by_component(c - 1, c), c[-1].name,
				   c->name, err))
			return located(s, "components", i, SIZE_MAX, err);
		if (!check_files(s, i, err))
			return false;
		files += c->file_count;
	}
	if (files > MANIFEST_FILES_MAX)
		return error_set(err, ERR_LIMIT, "%zu files, the limit is %d", files,
				 MANIFEST_FILES_MAX);
	return true;
}

/* ---- what names something ---- */

struct host_path {
	const struct manifest_file *file;
	size_t component, index;
};

static int by_host_path(const void *a, const void *b)
{
	const struct host_path *l = a, *r = b;
	int cmp = strcmp(l->file->path, r->file->path);

	return cmp ? cmp
		   : (l->component > r->component) - (l->component < r->component);
}

static void freep(struct host_path **p)
{
	free(*p);
}

/* A path of the host belongs to one component alone. */
static bool check_owners(const struct span *s, struct error *err)
{
	const struct manifest *m = s->m;
	AUTO(freep) struct host_path *paths = NULL;
	size_t n = 0, room = 1;

	for (size_t i = 0; i < m->component_count; i++)
		room += m->components[i].file_count;
	paths = reallocarray(NULL, room, sizeof(*paths));
	if (!paths)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < m->component_count; i++)
		for (size_t j = 0; j < m->components[i].file_count; j++)
			if (m->components[i].files[j].kind == MANIFEST_ON_HOST)
				paths[n++] = (struct host_path){
					&m->components[i].files[j], i, j};
	sort(paths, n, sizeof(*paths), by_host_path);
	for (size_t k = 1; k < n; k++) {
		const struct host_path *p = &paths[k];

		if (strcmp(p[-1].file->path, p->file->path))
			continue;
		error_set_(err, ERR_FORMAT,
			   "'%s' belongs to component '%s' and to component '%s'",
			   TEXT_SAFE(p->file->path),
			   m->components[p[-1].component].name,
			   m->components[p->component].name);
		return located(s, "components", p->component, p->index, err);
	}
	return true;
}

static bool has_path(const struct manifest *m, const char *path)
{
	char copy[MANIFEST_TEXT_FIELD_MAX + 1];
	struct manifest_file key = {.path = copy};

	snprintf(copy, sizeof(copy), "%s", path);
	for (size_t i = 0; i < m->component_count; i++) {
		const struct manifest_component *c = &m->components[i];

		if (c->file_count &&
		    bsearch(&key, c->files, c->file_count, sizeof(key), by_file))
			return true;
	}
	return false;
}

static bool check_service(const struct span *s, size_t i, struct error *err)
{
	const struct manifest_service *v = &s->m->services[i];

	if (!manifest_find(s->m, v->component))
		return error_set(err, ERR_FORMAT,
				 "service '%s' names the component '%s', which is not "
				 "there",
				 v->name, v->component);
	return !i ||
	       in_order("service", by_service(v - 1, v), v[-1].name, v->name, err);
}

static bool check_exception(const struct span *s, size_t i, struct error *err)
{
	const struct manifest_exception *x = &s->m->exceptions[i];

	if (!x->path == !x->component)
		return error_set(err, ERR_FORMAT,
				 "an exception names a path or a component, one of the "
				 "two");
	if (x->path ? !has_path(s->m, x->path) : !manifest_find(s->m, x->component))
		return error_set(err, ERR_FORMAT,
				 "an exception names '%s', which is not there",
				 TEXT_SAFE(subject(x)));
	return !i || in_order("the exception for", by_exception(x - 1, x),
			      subject(x - 1), subject(x), err);
}

static bool check_spans(const struct manifest *m, const struct json_doc *doc,
			struct error *err)
{
	const struct span s = {m, doc};

	if (!check_components(&s, err) || !check_owners(&s, err))
		return false;
	for (size_t i = 0; i < m->service_count; i++)
		if (!check_service(&s, i, err))
			return located(&s, "services", i, SIZE_MAX, err);
	for (size_t i = 0; i < m->exception_count; i++)
		if (!check_exception(&s, i, err))
			return located(&s, "exceptions", i, SIZE_MAX, err);
	return true;
}

/* ---- the text ---- */

/* gpg and others cut or refuse what is longer. */
static bool lines_short(const char *text, size_t len, struct error *err)
{
	const char *from = text, *end = text + len;
	size_t line = 1;

	/* from the last line feed within the limit to the next such */
	while (end - from > MANIFEST_LINE_MAX) {
		const char *lf = memrchr(from, '\n', MANIFEST_LINE_MAX + 1);

		if (!lf)
			break;
		from = lf + 1;
	}
	if (end - from <= MANIFEST_LINE_MAX)
		return true;
	for (const char *s = text; s < from; s++)
		line += *s == '\n';
	return error_set(err, ERR_LIMIT, "line %zu: longer than %d bytes", line,
			 MANIFEST_LINE_MAX);
}

/* A later format is told from a damaged text. */
static bool format_known(const struct json_doc *doc, struct error *err)
{
	struct json root = json_root(doc);
	const char *format;

	if (!json_as_object(root, err) ||
	    !json_get_string(root, "format", &format, err))
		return false;
	return !strcmp(format, MANIFEST_FORMAT) ||
	       json_refuse(json_member(root, "format"), err,
			   "format '%s'; this program reads '%s'", TEXT_SAFE(format),
			   MANIFEST_FORMAT);
}

/* The quick way for what is right, which says no without a reason: its proof is that
 * the same bytes would be written again. */
static bool read_plain(const char *text, size_t len, struct manifest *out)
{
	AUTO(manifest_clear) struct manifest m = EMPTY;
	struct json_writer again = json_matcher(text, len);
	struct error err;

	if (!manifest_text_read(manifest_table, text, len, &m) ||
	    !manifest_check(&m, &err))
		return false;
	manifest_json_write(manifest_table, &m, NULL, &again);
	if (!json_write_end(&again, &err))
		return false;
	*out = TAKE(m);
	return true;
}

bool manifest_parse(const char *text, size_t len, struct manifest *out,
		    struct error *err)
{
	if (len > MANIFEST_TEXT_MAX)
		return error_set(err, ERR_LIMIT, "%zu bytes, the limit is %d", len,
				 MANIFEST_TEXT_MAX);
	if (!lines_short(text, len, err))
		return false;
	return read_plain(text, len, out) || manifest_parse_json(text, len, out, err);
}

bool manifest_parse_json(const char *text, size_t len, struct manifest *out,
			 struct error *err)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	AUTO(manifest_clear) struct manifest m = EMPTY;

	if (!json_parse_canonical(text, len, MANIFEST_TEXT_MAX, &doc, err) ||
	    !format_known(&doc, err) ||
	    !manifest_json_read(manifest_table, json_root(&doc), &m, err) ||
	    !check_spans(&m, &doc, err))
		return false;
	*out = TAKE(m);
	return true;
}

bool manifest_check(const struct manifest *m, struct error *err)
{
	return manifest_field_check(manifest_table, m, err) &&
	       check_spans(m, NULL, err);
}

bool manifest_write(const struct manifest *m, struct buf *out, struct error *err)
{
	struct json_writer w = json_writer(out);

	manifest_json_write(manifest_table, m, NULL, &w);
	return json_write_end(&w, err);
}

char *manifest_file_name(const struct manifest *m)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(256);

	buf_printf(&b, "manifest-el%s-%s.json", m->el, m->arch);
	return buf_take(&b);
}

char *manifest_id(const struct manifest *m)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(256);

	buf_printf(&b, "el%s/%s/%s@%u", m->el, m->kubernetes, m->arch, m->revision);
	return buf_take(&b);
}
