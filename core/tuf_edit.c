/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_edit.h"

#include "core/text.h"
#include "core/tuf_find.h"

#include <stdlib.h>

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

/* Room for one more element at `at`; NULL without memory. */
static void *open_gap(void *list, size_t count, size_t at, size_t size)
{
	char *grown = realloc(list, (count + 1) * size);

	if (grown)
		memmove(grown + (at + 1) * size, grown + at * size,
			(count - at) * size);
	return grown;
}

static void close_gap(void *list, size_t count, size_t at, size_t size)
{
	char *p = list;

	memmove(p + at * size, p + (at + 1) * size, (count - at - 1) * size);
}

/* Elements of a sorted list. */
struct kind {
	size_t size;
	int (*cmp)(const void *a, const void *b);
	void (*clear)(void *element);
};

/* Put an element in its place, instead of the one that is equal to it. The list as it
 * is then, the element taken over; NULL without memory, the element cleared. */
static void *put_sorted(void *list, size_t *count, void *own, const struct kind *kind)
{
	char *p = list;
	size_t at = 0;

	while (at < *count && kind->cmp(p + at * kind->size, own) < 0)
		at++;
	if (at < *count && !kind->cmp(p + at * kind->size, own)) {
		kind->clear(p + at * kind->size);
	} else {
		p = open_gap(list, *count, at, kind->size);
		if (!p) {
			kind->clear(own);
			return NULL;
		}
		++*count;
	}
	memcpy(p + at * kind->size, own, kind->size);
	return p;
}

static char *copy(const char *s)
{
	return text_dup(s, strlen(s));
}

/* ---- keys ---- */

static bool put_key(struct tuf_keys *keys, const struct tuf_key *key, struct error *err)
{
	AUTO(tuf_key_clear) struct tuf_key own = EMPTY;
	size_t at = 0;
	void *grown;

	if (tuf_find_key(keys, key->id))
		return true;
	while (at < keys->count && strcmp(keys->list[at].id, key->id) < 0)
		at++;
	if (!tuf_key_copy(key, &own, err))
		return false;
	grown = open_gap(keys->list, keys->count, at, sizeof(own));
	if (!grown)
		return no_memory(err);
	keys->list = grown;
	keys->list[at] = TAKE(own);
	keys->count++;
	return true;
}

static void remove_key(struct tuf_keys *keys, const char *id)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (strcmp(keys->list[i].id, id))
			continue;
		tuf_key_clear(&keys->list[i]);
		close_gap(keys->list, keys->count--, i, sizeof(*keys->list));
		return;
	}
}

static bool names(const struct tuf_signers *s, const char *id)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->ids[i], id))
			return true;
	return false;
}

static bool add_id(struct tuf_signers *s, const char *id, struct error *err)
{
	char *own = copy(id);
	void *grown = own ? open_gap(s->ids, s->count, s->count, sizeof(own)) : NULL;

	if (!grown) {
		free(own);
		return no_memory(err);
	}
	s->ids = grown;
	s->ids[s->count++] = own;
	return true;
}

bool tuf_edit_add_key(struct tuf_root *r, enum tuf_kind kind, const struct tuf_key *key,
		      struct error *err)
{
	if (names(&r->roles[kind], key->id))
		return error_set(err, ERR_CONFLICT, "key '%s' signs for %s already",
				 TEXT_SAFE(key->id), tuf_role_name(kind));
	return put_key(&r->keys, key, err) && add_id(&r->roles[kind], key->id, err);
}

bool tuf_edit_remove_key(struct tuf_root *r, enum tuf_kind kind, const char *id,
			 struct error *err)
{
	struct tuf_signers *s = &r->roles[kind];
	bool used = false;
	size_t at = 0;

	while (at < s->count && strcmp(s->ids[at], id))
		at++;
	if (at == s->count)
		return error_set(err, ERR_NOT_FOUND, "no key '%s' signs for %s",
				 TEXT_SAFE(id), tuf_role_name(kind));
	free(s->ids[at]);
	close_gap(s->ids, s->count--, at, sizeof(*s->ids));
	for (int i = 0; i < TUF_KINDS; i++)
		used = used || names(&r->roles[i], id);
	if (!used)
		remove_key(&r->keys, id);
	return true;
}

/* ---- snapshot ---- */

static int by_file(const void *a, const void *b)
{
	return strcmp(((const struct tuf_meta *)a)->file,
		      ((const struct tuf_meta *)b)->file);
}

static void clear_meta(void *meta)
{
	free(((struct tuf_meta *)meta)->file);
}

bool tuf_edit_put_meta(struct tuf_snapshot *s, const struct tuf_meta *meta,
		       struct error *err)
{
	const struct kind kind = {sizeof(*meta), by_file, clear_meta};
	struct tuf_meta own = *meta;
	void *list;

	own.file = copy(meta->file);
	list = own.file ? put_sorted(s->meta, &s->count, &own, &kind) : NULL;
	s->meta = list ? list : s->meta;
	return list || no_memory(err);
}

/* ---- targets ---- */

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tuf_target *)a)->path,
		      ((const struct tuf_target *)b)->path);
}

static void clear_target(void *target)
{
	struct tuf_target *t = target;

	free(t->path);
	free(t->custom);
}

bool tuf_edit_put_target(struct tuf_targets *t, const struct tuf_target *target,
			 struct error *err)
{
	const struct kind kind = {sizeof(*target), by_path, clear_target};
	struct tuf_target own = *target;
	void *list = NULL;

	own.path = copy(target->path);
	own.custom = target->custom ? copy(target->custom) : NULL;
	if (own.path && (own.custom || !target->custom))
		list = put_sorted(t->targets, &t->count, &own, &kind);
	else
		clear_target(&own);
	t->targets = list ? list : t->targets;
	return list || no_memory(err);
}

/* ---- delegations ---- */

static void clear_texts(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

static void clear_delegation(struct tuf_delegation *d)
{
	free(d->name);
	clear_texts(d->signers.ids, d->signers.count);
	clear_texts(d->patterns, d->pattern_count);
	*d = (struct tuf_delegation)EMPTY;
}

static bool copy_delegation(const struct tuf_delegation *d, const struct tuf_key *keys,
			    size_t key_count, struct tuf_delegation *out,
			    struct error *err)
{
	*out = (struct tuf_delegation){
		.name = copy(d->name),
		.signers.threshold = d->signers.threshold,
		.patterns = calloc(d->pattern_count + 1, sizeof(*out->patterns)),
		.by_hash = d->by_hash,
		.terminating = d->terminating,
	};
	if (!out->name || !out->patterns)
		return no_memory(err);
	for (size_t i = 0; i < d->pattern_count; i++) {
		out->patterns[i] = copy(d->patterns[i]);
		if (!out->patterns[i])
			return no_memory(err);
		out->pattern_count++;
	}
	for (size_t i = 0; i < key_count; i++)
		if (!names(&out->signers, keys[i].id) &&
		    !add_id(&out->signers, keys[i].id, err))
			return false;
	return true;
}

/* Keys that no delegation names any more. */
static void drop_unused(struct tuf_targets *t)
{
	for (size_t i = t->keys.count; i-- > 0;) {
		bool used = names(&t->succinct_signers, t->keys.list[i].id);

		for (size_t k = 0; k < t->delegation_count; k++)
			used = used ||
			       names(&t->delegations[k].signers, t->keys.list[i].id);
		if (!used)
			remove_key(&t->keys, t->keys.list[i].id);
	}
}

static size_t position(const struct tuf_targets *t, const char *name)
{
	size_t at = 0;

	while (at < t->delegation_count && strcmp(t->delegations[at].name, name))
		at++;
	return at;
}

bool tuf_edit_put_delegation(struct tuf_targets *t, const struct tuf_delegation *d,
			     const struct tuf_key *keys, size_t key_count,
			     struct error *err)
{
	AUTO(clear_delegation) struct tuf_delegation own = EMPTY;
	size_t at = position(t, d->name);
	void *grown;

	if (!copy_delegation(d, keys, key_count, &own, err))
		return false;
	for (size_t i = 0; i < key_count; i++)
		if (!put_key(&t->keys, &keys[i], err))
			return false;
	if (at < t->delegation_count) {
		clear_delegation(&t->delegations[at]);
	} else {
		grown = open_gap(t->delegations, at, at, sizeof(own));
		if (!grown)
			return no_memory(err);
		t->delegations = grown;
		t->delegation_count++;
	}
	t->delegations[at] = TAKE(own);
	drop_unused(t);
	return true;
}
