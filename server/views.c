/* SPDX-License-Identifier: Apache-2.0 */
#include "server/views.h"

#include "core/armor.h"
#include "core/text.h"
#include "server/view.h"

#include <stdio.h>

static const char page_end[] = ".html", signed_end[] = ".json.asc";

enum { PATH_SIZE = INDEX_PATH_SIZE + 1, PAGE_MAX = 64 * 1024 * 1024 };

void views_init(struct views *v)
{
	memset(v, 0, sizeof(*v));
	pthread_mutex_init(&v->lock, NULL);
}

void views_clear(struct views *v)
{
	for (size_t i = 0; i < VIEWS_MAX; i++)
		resource_drop(v->slots[i].page);
	pthread_mutex_destroy(&v->lock);
	memset(v, 0, sizeof(*v));
}

struct resource *views_subject(const struct snapshot *s, const char *path)
{
	char name[PATH_SIZE];

	if (!text_starts(path, "/manifests/") || !text_ends(path, page_end) ||
	    snprintf(name, sizeof(name), "%.*s%s",
		     (int)(strlen(path) - strlen(page_end)), path,
		     signed_end) >= (int)sizeof(name))
		return NULL;
	return snapshot_find(s, name);
}

static const struct index_manifest *row_of(const struct snapshot *s, const char *path)
{
	const struct index *x = snapshot_index(s);

	for (size_t i = 0; i < x->manifest_count; i++)
		if (!strcmp(x->manifests[i].path, path + 1))
			return &x->manifests[i];
	return NULL;
}

/* ---- making one ---- */

static bool read_signed(const struct bytes *file, struct manifest *out,
			struct error *err)
{
	AUTO(armor_cut_clear) struct armor_cut cut = EMPTY;

	return armor_cut(file->data, file->len, &cut, err) &&
	       manifest_parse(cut.text, cut.text_len, out, err);
}

static bool make(const struct snapshot *s, const struct resource *subject,
		 const struct digests_source *before, struct buf *out,
		 struct error *err)
{
	AUTO(manifest_clear) struct manifest m = EMPTY;
	AUTO(manifest_clear) struct manifest previous = EMPTY;
	struct view view = {.row = row_of(s, subject->path), .manifest = &m};

	if (!view.row)
		return error_set(err, ERR_INTERNAL, "'%s' is not in the index",
				 subject->path);
	if (!read_signed(subject->as[ENCODE_IDENTITY].body, &m, err))
		return error_prefix(err, "'%s'", subject->path);
	if (before) {
		if (!manifest_parse(before->text->data, before->text->len, &previous,
				    err))
			return error_prefix(err, "the revision before '%s'",
					    subject->path);
		view.previous = &previous;
	}
	return view_write(&view, out, err);
}

static bool make_page(const struct snapshot *s, const struct resource *subject,
		      const struct digests_source *before, struct resource **out,
		      struct error *err)
{
	AUTO(buf_clear) struct buf html = BUF_MAX(PAGE_MAX);
	char path[PATH_SIZE];
	struct resource_spec spec = {
		.path = path,
		.type = "text/html; charset=utf-8",
		.policy = s->policy,
		.modified = subject->modified,
	};
	struct bytes *body;
	struct resource *plain = NULL;
	bool ok;

	snprintf(path, sizeof(path), "%.*s%s",
		 (int)(strlen(subject->path) - strlen(signed_end)), subject->path,
		 page_end);
	if (!make(s, subject, before, &html, err) ||
	    !digest_of_bytes(html.data, html.len, &spec.digest, err))
		return false;
	body = bytes_new(html.data, html.len);
	if (!body)
		return error_set(err, ERR_SYSTEM, "no memory");
	ok = resource_new(&spec, body, &plain, err);
	bytes_drop(body);
	ok = ok && resource_encode(plain, NULL, out, err);
	resource_drop(plain);
	return ok;
}

/* ---- keeping ---- */

static struct resource *kept(struct views *v, const struct digest *file,
			     unsigned previous)
{
	struct resource *found = NULL;

	pthread_mutex_lock(&v->lock);
	for (size_t i = 0; i < VIEWS_MAX && !found; i++) {
		struct view_slot *slot = &v->slots[i];

		if (slot->page && slot->previous == previous &&
		    digest_equal(&slot->file, file))
			found = resource_hold(slot->page);
	}
	pthread_mutex_unlock(&v->lock);
	return found;
}

static void keep(struct views *v, const struct digest *file, unsigned previous,
		 struct resource *page)
{
	struct view_slot *slot;
	struct resource *replaced;

	pthread_mutex_lock(&v->lock);
	slot = &v->slots[v->next++ % VIEWS_MAX];
	replaced = slot->page;
	*slot = (struct view_slot){
		.file = *file, .previous = previous, .page = resource_hold(page)};
	pthread_mutex_unlock(&v->lock);
	resource_drop(replaced);
}

bool views_get(struct views *v, const struct snapshot *s,
	       const struct resource *subject, struct resource **out, struct error *err)
{
	const struct digests_source *before =
		s->digests ? digests_before(s->digests, subject) : NULL;
	unsigned previous = before ? before->revision : 0;
	struct resource *page = kept(v, &subject->digest, previous);

	if (!page) {
		if (!make_page(s, subject, before, &page, err))
			return false;
		keep(v, &subject->digest, previous, page);
	}
	*out = page;
	return true;
}
