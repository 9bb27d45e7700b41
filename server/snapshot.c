/* SPDX-License-Identifier: Apache-2.0 */
#include "server/snapshot.h"

#include "core/page.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>

enum { OWN = 2, PATH_SIZE = 1100 };

struct snapshot_shared {
	atomic_uint holders;
	struct index index;
};

static struct snapshot_shared *shared_hold(struct snapshot_shared *x)
{
	atomic_fetch_add_explicit(&x->holders, 1, memory_order_relaxed);
	return x;
}

static void shared_drop(struct snapshot_shared *x)
{
	if (!x || atomic_fetch_sub_explicit(&x->holders, 1, memory_order_acq_rel) != 1)
		return;
	index_clear(&x->index);
	free(x);
}

const struct index *snapshot_index(const struct snapshot *s)
{
	return &s->shared->index;
}

/* FNV-1a, 64 bits */
static size_t hash(const char *path)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

static struct resource **slot(const struct snapshot *s, const char *path)
{
	size_t i = hash(path) & (s->slot_count - 1);

	while (s->slots[i] && strcmp(s->slots[i]->path, path) != 0)
		i = (i + 1) & (s->slot_count - 1);
	return &s->slots[i];
}

/* Where the first resource with this digest is, or is to be. */
static size_t digest_slot(const struct snapshot *s, const struct digest *d)
{
	size_t i;

	memcpy(&i, d->bytes, sizeof(i));
	i &= s->slot_count - 1;
	while (s->twins[i] && !digest_equal(&s->twins[i]->digest, d))
		i = (i + 1) & (s->slot_count - 1);
	return i;
}

struct resource *snapshot_find(const struct snapshot *s, const char *path)
{
	return *slot(s, path);
}

/* Room for `count` resources. */
static struct snapshot *blank(size_t count)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->holders, 1);
	for (s->slot_count = 16; s->slot_count < count * 2;)
		s->slot_count *= 2;
	s->slots = calloc(s->slot_count, sizeof(*s->slots));
	s->all = calloc(count + 1, sizeof(*s->all));
	s->twins = calloc(s->slot_count, sizeof(*s->twins));
	if (s->slots && s->all && s->twins)
		return s;
	snapshot_drop(s);
	return NULL;
}

/* Takes `r` over, also on failure. */
static bool add(struct snapshot *s, struct resource *r, struct error *err)
{
	struct resource **at = slot(s, r->path);

	if (*at) {
		error_set_(err, ERR_CONFLICT, "two entries of the tree are called '%s'",
			   TEXT_SAFE(r->path));
		resource_drop(r);
		return false;
	}
	*at = r;
	s->all[s->count++] = r;
	at = &s->twins[digest_slot(s, &r->digest)];
	if (!*at) {
		*at = r;
		s->body_bytes += r->as[ENCODE_IDENTITY].body->len;
	}
	return true;
}

/* What the previous snapshot has under this very spec. */
static struct resource *same(const struct snapshot *previous,
			     const struct resource_spec *spec)
{
	struct resource *r = previous ? snapshot_find(previous, spec->path) : NULL;

	if (!r || !digest_equal(&r->digest, &spec->digest) ||
	    r->modified != spec->modified || r->immutable != spec->immutable ||
	    strcmp(r->type, spec->type) != 0)
		return NULL;
	return resource_hold(r);
}

/* ---- the server's own ---- */

static bool add_own(struct snapshot *s, const struct snapshot *previous,
		    struct resource_spec *spec, const struct buf *text,
		    struct error *err)
{
	struct resource *r = NULL;
	struct bytes *body;
	bool ok;

	if (!buf_ok(text, err) ||
	    !digest_of_bytes(text->data, text->len, &spec->digest, err))
		return false;
	/* made again with the same text: it was not modified */
	r = previous ? snapshot_find(previous, spec->path) : NULL;
	if (r && digest_equal(&r->digest, &spec->digest))
		return add(s, resource_hold(r), err);
	body = bytes_new(text->data, text->len);
	if (!body)
		return error_set(err, ERR_SYSTEM, "no memory");
	ok = resource_new(spec, body, &r, err);
	bytes_drop(body);
	return ok && add(s, r, err);
}

static bool add_owns(const struct snapshot_settings *set, const struct tree *tree,
		     const struct snapshot *previous, struct snapshot *s,
		     struct error *err)
{
	AUTO(buf_clear) struct buf page = BUF_MAX(SNAPSHOT_BODY_MAX);
	AUTO(buf_clear) struct buf openapi = BUF_MAX(SNAPSHOT_BODY_MAX);
	struct resource_spec root = {
		.path = "/",
		.type = "text/html; charset=utf-8",
		.policy = set->policy,
		.modified = set->now,
	};
	struct resource_spec api = {
		.path = "/openapi.json",
		.type = "application/json",
		.modified = set->now,
	};

	buf_puts(&openapi, set->openapi);
	return page_write_served(&tree->index, &s->about, &page, err) &&
	       add_own(s, previous, &root, &page, err) &&
	       add_own(s, previous, &api, &openapi, err);
}

/* ---- the tree's ---- */

/* Under TUF a file lies in the tree under several names: its bytes are kept once. */
static struct bytes *twin(const struct snapshot *s, const struct digest *d)
{
	size_t i = digest_slot(s, d);

	return s->twins[i] ? bytes_hold(s->twins[i]->as[ENCODE_IDENTITY].body) : NULL;
}

/* ---- which bodies are in files ---- */

struct filing {
	int64_t after; /* all that were modified after this, */
	size_t at;     /* and so many of those at this very time */
};

static bool fits_file(const struct tree_entry *e)
{
	return e->size >= SNAPSHOT_FILE_LEAST && e->size <= SNAPSHOT_FILE_MOST;
}

static int newest_first(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x < y) - (x > y);
}

/* Without memory there are no files: it goes without. */
static struct filing choose_files(const struct tree *tree, size_t most)
{
	int64_t *times = reallocarray(NULL, tree->count + 1, sizeof(*times));
	struct filing f = {.after = INT64_MAX};
	size_t n = 0;

	if (!times)
		return f;
	for (size_t i = 0; i < tree->count; i++)
		if (fits_file(&tree->entries[i]))
			times[n++] = tree->entries[i].modified;
	qsort(times, n, sizeof(*times), newest_first);
	most = most < n ? most : n;
	if (most)
		f.after = times[most - 1];
	while (f.at < most && times[most - 1 - f.at] == f.after)
		f.at++;
	free(times);
	return f;
}

/* To be asked once for each entry. */
static bool wants_file(struct filing *f, const struct tree_entry *e)
{
	if (!fits_file(e) || e->modified < f->after)
		return false;
	return e->modified > f->after || (f->at && f->at--);
}

/* ---- loading ---- */

/* `body` is scratch memory: used again, it stays in the processor's cache. */
static bool load(const struct tree *tree, const struct tree_entry *e, bool file,
		 struct buf *body, struct bytes **out, struct error *err)
{
	const char *data = e->bytes; /* made, and digested as it was */

	buf_reset(body);
	/* as large as it will be, at once */
	if (!data && e->size <= body->max && !buf_reserve(body, e->size))
		return buf_ok(body, err);
	if (!data && !tree_load(tree, e, body, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(e->path));
	if (!data)
		data = body->data;
	*out = file ? bytes_new_file(data, e->size) : NULL;
	if (!*out)
		*out = bytes_new(data, e->size);
	if (!*out)
		return error_set(err, ERR_SYSTEM, "no memory for '%s'",
				 TEXT_SAFE(e->path));
	return true;
}

/* What a tree's entries become resources with. */
struct adding {
	const struct tree *tree;
	const struct snapshot *previous;
	struct snapshot *to;
	struct filing filing;
	struct buf scratch;
};

static bool add_entry(struct adding *a, const struct tree_entry *e, struct error *err)
{
	struct snapshot *s = a->to;
	bool file = wants_file(&a->filing, e);
	char path[PATH_SIZE];
	struct resource_spec spec = {
		.path = path,
		.type = e->type,
		.policy = text_starts(e->type, "text/html") ? s->policy : NULL,
		.digest = e->digest,
		.modified = e->modified,
		.immutable = e->immutable,
	};
	struct resource *r;
	struct bytes *bytes = NULL;
	bool ok;

	if (snprintf(path, sizeof(path), "/%s", e->path) >= (int)sizeof(path))
		return error_set(err, ERR_LIMIT, "a path of the tree is too long");
	r = same(a->previous, &spec);
	if (r && (file || r->as[ENCODE_IDENTITY].body->file < 0))
		return add(s, r, err);
	if (r) /* not among the newest any more */
		bytes = bytes_new(r->as[ENCODE_IDENTITY].body->data, e->size);
	else
		bytes = twin(s, &e->digest);
	resource_drop(r);
	if (!bytes && !load(a->tree, e, file, &a->scratch, &bytes, err))
		return false;
	ok = resource_new(&spec, bytes, &r, err);
	bytes_drop(bytes);
	return ok && add(s, r, err);
}

bool snapshot_build(const struct snapshot_settings *set, struct tree *tree,
		    const struct snapshot *previous, struct snapshot **out,
		    struct error *err)
{
	struct snapshot *s = blank(tree->count + OWN);
	struct adding adding = {
		.tree = tree,
		.previous = previous,
		.to = s,
		.filing = choose_files(tree, set->files),
		.scratch = BUF_MAX(SNAPSHOT_BODY_MAX),
	};
	bool ok;

	if (!s)
		return error_set(err, ERR_SYSTEM, "no memory");
	s->made = set->now;
	s->policy = set->policy;
	s->manifest_count = tree->index.manifest_count;
	s->tool_count = tree->index.tool_count;
	if (previous && previous->digests)
		s->digests = digests_hold(previous->digests);
	ok = freshness_read(tree, &s->about, err) &&
	     add_owns(set, tree, previous, s, err);
	for (size_t i = 0; ok && i < tree->count; i++)
		ok = add_entry(&adding, &tree->entries[i], err);
	buf_clear(&adding.scratch);
	s->shared = ok ? calloc(1, sizeof(*s->shared)) : NULL;
	if (ok && !s->shared)
		ok = error_set(err, ERR_SYSTEM, "no memory");
	if (!ok) {
		snapshot_drop(s);
		return false;
	}
	atomic_init(&s->shared->holders, 1);
	s->shared->index = TAKE(tree->index);
	*out = s;
	return true;
}

/* ---- codings ---- */

static bool wants_coding(const struct resource *r, uint64_t *spent)
{
	size_t len = r->as[ENCODE_IDENTITY].body->len;

	if (!r->codable || len > SNAPSHOT_CODED_MAX - *spent)
		return false;
	*spent += len;
	return !r->coded;
}

bool snapshot_complete(const struct snapshot *s, struct digests *digests,
		       struct snapshot **out, struct error *err)
{
	struct snapshot *made = blank(s->count);
	uint64_t spent = 0;
	bool ok = made;

	if (!made)
		return error_set(err, ERR_SYSTEM, "no memory");
	made->made = s->made;
	made->policy = s->policy;
	made->about = s->about;
	made->shared = shared_hold(s->shared);
	made->manifest_count = s->manifest_count;
	made->tool_count = s->tool_count;
	if (digests)
		made->digests = digests_hold(digests);
	for (size_t i = 0; ok && i < s->count; i++) {
		struct resource *r = NULL;

		ok = !wants_coding(s->all[i], &spent) ||
		     resource_encode(s->all[i],
				     made->twins[digest_slot(made, &s->all[i]->digest)],
				     &r, err);
		ok = ok && add(made, r ? r : resource_hold(s->all[i]), err);
	}
	if (!ok) {
		snapshot_drop(made);
		return false;
	}
	*out = made;
	return true;
}

struct snapshot *snapshot_hold(struct snapshot *s)
{
	atomic_fetch_add_explicit(&s->holders, 1, memory_order_relaxed);
	return s;
}

void snapshot_drop(struct snapshot *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->holders, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < s->count; i++)
		resource_drop(s->all[i]);
	digests_drop(s->digests);
	shared_drop(s->shared);
	free(s->all);
	free(s->slots);
	free(s->twins);
	free(s);
}
