/* SPDX-License-Identifier: Apache-2.0 */
#include "server/history.h"

#include "core/manifest.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>

/* One reading of the store. */
struct reading {
	struct history *history;
	struct store *store;
	struct digest *visible; /* of the texts that the tree shows, sorted */
	size_t visible_count;
};

static int by_digest(const void *a, const void *b)
{
	return digest_cmp(a, b);
}

static struct digests_source *known(struct history *h, const struct digest *d)
{
	for (size_t i = 0; i < h->count; i++)
		if (digest_equal(&h->hidden[i].digest, d))
			return &h->hidden[i];
	return NULL;
}

static bool keep(struct reading *r, const struct store_manifest *m, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	struct history *h = r->history;
	struct digests_source *s;

	if (!h->hidden || h->count == h->room) {
		s = reallocarray(h->hidden, h->room * 2 + 16, sizeof(*s));
		if (!s)
			return error_set(err, ERR_SYSTEM, "no memory");
		h->hidden = s;
		h->room = h->room * 2 + 16;
	}
	if (!store_text(r->store, m->row, &text, err))
		return false;
	s = &h->hidden[h->count];
	*s = (struct digests_source){
		.text = bytes_new(text.data, text.len),
		.digest = m->digest,
		.revision = m->revision,
		.withdrawn = m->state == STORE_WITHDRAWN,
	};
	if (!s->text)
		return error_set(err, ERR_SYSTEM, "no memory");
	memcpy(s->el, m->el, sizeof(s->el));
	memcpy(s->kubernetes, m->kubernetes, sizeof(s->kubernetes));
	memcpy(s->arch, m->arch, sizeof(s->arch));
	h->count++;
	return true;
}

static bool look(void *arg, const struct store_manifest *m, struct error *err)
{
	struct reading *r = arg;
	struct digests_source *s;

	if (!m->published || bsearch(&m->digest, r->visible, r->visible_count,
				     sizeof(*r->visible), by_digest))
		return true;
	s = known(r->history, &m->digest);
	if (!s)
		return keep(r, m, err);
	s->withdrawn = m->state == STORE_WITHDRAWN;
	return true;
}

/* What the tree shows. */
static size_t add_visible(const struct snapshot *s, struct digests_source *to)
{
	const struct index *x = snapshot_index(s);
	char path[INDEX_PATH_SIZE + 1];
	size_t n = 0;

	for (size_t i = 0; i < x->manifest_count; i++) {
		const struct index_manifest *m = &x->manifests[i];
		struct resource *r;

		snprintf(path, sizeof(path), "/%s", m->path);
		r = snapshot_find(s, path);
		if (!r)
			continue;
		to[n] = (struct digests_source){
			.resource = resource_hold(r),
			.text = bytes_hold(r->as[ENCODE_IDENTITY].body),
			.digest = m->digest,
			.revision = m->revision,
		};
		memcpy(to[n].el, m->el, sizeof(m->el));
		memcpy(to[n].kubernetes, m->kubernetes, sizeof(m->kubernetes));
		memcpy(to[n++].arch, m->arch, sizeof(m->arch));
	}
	for (size_t i = 0; i < x->tool_count; i++) {
		const struct index_tool *t = &x->tools[i];
		struct resource *r;

		snprintf(path, sizeof(path), "/%s", t->path);
		r = snapshot_find(s, path);
		if (!r)
			continue;
		to[n] = (struct digests_source){.resource = resource_hold(r),
						.digest = t->digest};
		memcpy(to[n++].arch, t->arch, sizeof(t->arch));
	}
	return n;
}

bool history_sources(struct history *h, struct store *store, const struct snapshot *s,
		     struct digests_source **out, size_t *count, struct error *err)
{
	const struct index *x = snapshot_index(s);
	struct reading r = {.history = h, .store = store};
	struct digests_source *to;
	bool ok;

	r.visible = calloc(x->manifest_count + 1, sizeof(*r.visible));
	if (!r.visible)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < x->manifest_count; i++)
		r.visible[r.visible_count++] = x->manifests[i].digest;
	qsort(r.visible, r.visible_count, sizeof(*r.visible), by_digest);
	ok = store_each_manifest(store, &(const struct store_filter)EMPTY, look, &r,
				 err);
	free(r.visible);
	if (!ok)
		return false;
	to = calloc(x->manifest_count + x->tool_count + h->count + 1, sizeof(*to));
	if (!to)
		return error_set(err, ERR_SYSTEM, "no memory");
	*count = add_visible(s, to);
	for (size_t i = 0; i < h->count; i++) {
		to[*count] = h->hidden[i];
		bytes_hold(to[(*count)++].text);
	}
	*out = to;
	return true;
}

void history_clear(struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		bytes_drop(h->hidden[i].text);
	free(h->hidden);
	*h = (struct history)EMPTY;
}
