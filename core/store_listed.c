/* SPDX-License-Identifier: Apache-2.0 */
/* Which manifests list a digest (schema/005_listed.sql): its first digits tell where to
 * look, the manifest's own text what is there. */
#include "core/manifest.h"
#include "core/store_sql.h"

#include <stdio.h>

enum { PREFIX_LEN = 8 }; /* hex digits */

/* ---- putting ---- */

static void put_prefix(const struct digest *d, struct buf *out)
{
	buf_append(out, DIGEST_HEX(d), PREFIX_LEN);
}

static void put_source(const struct manifest_source *src, struct buf *out)
{
	put_prefix(&src->sha256, out);
	if (src->type != MANIFEST_IMAGE)
		return;
	put_prefix(&src->image_manifest, out);
	put_prefix(&src->image_config, out);
}

bool store_listed(const struct manifest *m, struct buf *out, struct error *err)
{
	for (size_t i = 0; i < m->component_count; i++) {
		const struct manifest_component *c = &m->components[i];

		put_source(&c->source, out);
		for (size_t j = 0; j < c->file_count; j++)
			if (!c->files[j].link)
				put_prefix(&c->files[j].sha256, out);
	}
	return buf_ok(out, err);
}

/* ---- finding ---- */

struct find {
	struct store *s;
	const struct digest *wanted;
	bool (*each)(void *arg, const struct store_hit *h, struct error *err);
	void *arg;
	struct store_hit hit;
};

static bool tell(struct find *f, const char *component, const char *path,
		 struct error *err)
{
	snprintf(f->hit.component, sizeof(f->hit.component), "%s", component);
	snprintf(f->hit.path, sizeof(f->hit.path), "%s", path);
	return f->each(f->arg, &f->hit, err);
}

static bool is_source(const struct manifest_source *src, const struct digest *d)
{
	return digest_equal(&src->sha256, d) ||
	       (src->type == MANIFEST_IMAGE && (digest_equal(&src->image_manifest, d) ||
						digest_equal(&src->image_config, d)));
}

static bool look_in(struct find *f, const struct manifest_component *c,
		    struct error *err)
{
	if (is_source(&c->source, f->wanted) && !tell(f, c->name, "", err))
		return false;
	for (size_t i = 0; i < c->file_count; i++) {
		const struct manifest_file *file = &c->files[i];

		if (!file->link && digest_equal(&file->sha256, f->wanted) &&
		    !tell(f, c->name, file->path, err))
			return false;
	}
	return true;
}

/* The manifest that f->hit names. */
static bool look_at(struct find *f, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(manifest_clear) struct manifest m = EMPTY;
	char id[STORE_ID_SIZE];

	if (!store_text(f->s, f->hit.manifest.row, &text, err))
		return false;
	if (!manifest_parse(text.data, text.len, &m, err)) {
		store_manifest_id(&f->hit.manifest, id);
		return error_prefix(err, "%s", id);
	}
	for (size_t i = 0; i < m.component_count; i++)
		if (!look_in(f, &m.components[i], err))
			return false;
	return true;
}

static bool column_hit(struct store_query *q, struct store_hit *out, struct error *err)
{
	out->superseded = store_column_int(q, STORE_MANIFEST_COLUMN_COUNT) != 0;
	return store_column_manifest(q, &out->manifest, err);
}

static bool find_own(struct find *f, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(f->s, SQL_FIND_OWN);
	bool has;

	store_bind_digest(&q, f->wanted);
	while (store_row(&q, &has, err)) {
		if (!has)
			return true;
		if (!column_hit(&q, &f->hit, err) || !tell(f, "", "", err))
			return false;
	}
	return false;
}

static bool find_listed(struct find *f, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(f->s, SQL_FIND_LISTED);
	char prefix[DIGEST_HEX_SIZE];
	bool has;

	digest_hex(f->wanted, prefix);
	prefix[PREFIX_LEN] = '\0';
	store_bind_text(&q, prefix);
	while (store_row(&q, &has, err)) {
		if (!has)
			return true;
		if (!column_hit(&q, &f->hit, err) || !look_at(f, err))
			return false;
	}
	return false;
}

bool store_find_digest(struct store *s, const struct digest *d,
		       bool (*each)(void *arg, const struct store_hit *h,
				    struct error *err),
		       void *arg, struct error *err)
{
	struct find f = {.s = s, .wanted = d, .each = each, .arg = arg};

	return find_own(&f, err) && find_listed(&f, err);
}
