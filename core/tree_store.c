/* SPDX-License-Identifier: Apache-2.0 */
/* The tree as a store has published it. */
#include "core/pgp_keyring.h"
#include "core/store_mirror.h"
#include "core/text.h"
#include "core/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MADE_MAX = 64 * 1024 * 1024 };

/* A tree in the making. */
struct maker {
	struct store *store;
	struct tree tree;
	size_t manifest_room, withdrawn_room, tool_room;
	int64_t modified;      /* of anything */
	int64_t tool_modified; /* of the newest tool */
	size_t first_target;   /* index of the first entry of targets/ */
	bool current_only;     /* nothing that was replaced */
};

/* An entry's kind is an enum store_blob, and these are the same numbers. */
_Static_assert((int)STORE_TARGET_SIGNED == (int)STORE_BLOB_SIGNED &&
		       (int)STORE_TARGET_TOOL == (int)STORE_BLOB_TOOL &&
		       (int)STORE_TARGET_SUMS == (int)STORE_BLOB_SUMS &&
		       (int)STORE_TARGET_MADE == (int)STORE_BLOB_TARGET,
	       "kinds of targets and of blobs");

static bool load(void *carrier, const struct tree_entry *e, struct buf *out,
		 struct error *err)
{
	struct store_target t = {
		.kind = (enum store_target_kind)e->kind, .row = e->row, .of = e->row};

	if (e->kind == STORE_BLOB_METADATA)
		return store_tuf_bytes(carrier, e->row, out, err);
	return store_tuf_target_bytes(carrier, &t, out, err);
}

static bool stream(void *carrier, const struct tree_entry *e, const struct sink *to,
		   struct error *err)
{
	return store_stream(carrier, (enum store_blob)e->kind, e->row, to, err);
}

static void newer(int64_t *t, int64_t than)
{
	if (*t < than)
		*t = than;
}

/* Room for one more row behind `count`; NULL without memory. */
static void *row_room(void **rows, size_t count, size_t *room, size_t size)
{
	void *grown;

	if (count == *room) {
		grown = reallocarray(*rows, *room * 2 + 16, size);
		if (!grown)
			return NULL;
		*rows = grown;
		*room = *room * 2 + 16;
	}
	memset((char *)*rows + count * size, 0, size);
	return (char *)*rows + count * size;
}

/* A zeroed row at the end of a list of the index. */
#define ADD_ROW(list, n, room)                                                         \
	({                                                                             \
		void *rows_ = (list);                                                  \
		void *row_ = row_room(&rows_, n, room, sizeof(*(list)));               \
		(list) = rows_;                                                        \
		row_;                                                                  \
	})

/* ---- manifests ---- */

static bool split_signers(const char *s, struct index_manifest *m)
{
	size_t count = 1;

	/* a server keeps thousands of these: as many as there are, not as may be */
	for (const char *p = strchr(s, ' '); p; p = strchr(p + 1, ' '))
		count++;
	m->signers = calloc(count, sizeof(*m->signers));
	while (m->signers && *s && m->signer_count < count) {
		size_t len = strcspn(s, " ");

		if (len < sizeof(*m->signers))
			memcpy(m->signers[m->signer_count++], s, len);
		s += len + (s[len] == ' ');
	}
	return m->signers;
}

static bool add_visible(void *arg, const struct store_manifest *m,
			const struct store_signed *f, struct error *err)
{
	struct maker *maker = arg;
	struct index *x = &maker->tree.index;
	struct index_manifest *row =
		ADD_ROW(x->manifests, x->manifest_count, &maker->manifest_room);

	if (!row)
		return error_set(err, ERR_SYSTEM, "no memory");
	x->manifest_count++;
	memcpy(row->el, m->el, sizeof(row->el));
	memcpy(row->kubernetes, m->kubernetes, sizeof(row->kubernetes));
	memcpy(row->arch, m->arch, sizeof(row->arch));
	row->revision = m->revision;
	row->created = m->created;
	row->published = m->published;
	row->digest = m->digest;
	row->file_digest = f->digest;
	row->size = f->size;
	index_manifest_path(m->el, m->kubernetes, m->arch, row->path);
	if (!split_signers(f->signers, row))
		return error_set(err, ERR_SYSTEM, "no memory");
	newer(&maker->modified, f->published);
	return tree_add(&maker->tree, row->path,
			&(const struct tree_entry){
				.digest = f->digest,
				.size = f->size,
				.modified = f->published,
				.kind = STORE_BLOB_SIGNED,
				.row = f->row,
			},
			err);
}

/* What was never published is nobody's business, withdrawn or not. */
static bool add_withdrawn(void *arg, const struct store_manifest *m, struct error *err)
{
	struct maker *maker = arg;
	struct index *x = &maker->tree.index;
	struct index_withdrawn *row;

	if (!m->published)
		return true;
	row = ADD_ROW(x->withdrawn, x->withdrawn_count, &maker->withdrawn_room);
	if (!row)
		return error_set(err, ERR_SYSTEM, "no memory");
	x->withdrawn_count++;
	memcpy(row->el, m->el, sizeof(row->el));
	memcpy(row->kubernetes, m->kubernetes, sizeof(row->kubernetes));
	memcpy(row->arch, m->arch, sizeof(row->arch));
	memcpy(row->reason, m->withdrawn_reason, sizeof(row->reason));
	row->revision = m->revision;
	row->digest = m->digest;
	newer(&maker->modified, m->withdrawn);
	return true;
}

/* ---- tools ---- */

static bool add_tool(void *arg, const struct store_tool *t, struct error *err)
{
	struct maker *maker = arg;
	struct index *x = &maker->tree.index;
	struct index_tool *row;

	if (!t->published)
		return true;
	row = ADD_ROW(x->tools, x->tool_count, &maker->tool_room);
	if (!row)
		return error_set(err, ERR_SYSTEM, "no memory");
	x->tool_count++;
	memcpy(row->version, t->version, sizeof(row->version));
	memcpy(row->arch, t->arch, sizeof(row->arch));
	row->digest = t->digest;
	row->size = t->size;
	index_tool_path(t->version, t->arch, row->path);
	newer(&maker->modified, t->published);
	newer(&maker->tool_modified, t->published);
	return tree_add(&maker->tree, row->path,
			&(const struct tree_entry){
				.digest = t->digest,
				.size = t->size,
				.modified = t->published,
				.immutable = true,
				.kind = STORE_BLOB_TOOL,
				.row = t->row,
			},
			err);
}

/* "DIGEST  NAME", one file a tool. */
static bool add_tool_sums(struct maker *maker, struct error *err)
{
	const struct index *x = &maker->tree.index;
	char path[INDEX_PATH_SIZE + 16];

	for (size_t i = 0; i < x->tool_count; i++) {
		AUTO(buf_clear) struct buf line = BUF_MAX(1024);
		const struct tree_entry *tool;

		tool = &maker->tree.entries[x->manifest_count + i];
		snprintf(path, sizeof(path), "%s.sha256", x->tools[i].path);
		buf_printf(&line, "%s  %s\n", DIGEST_HEX(&x->tools[i].digest),
			   strrchr(x->tools[i].path, '/') + 1);
		if (!tree_add_made(&maker->tree, path, tool->modified, &line, err))
			return false;
		maker->tree.entries[maker->tree.count - 1].immutable = true;
	}
	return true;
}

/* The signed list, where there is one of these very tools. */
static bool add_signed_sums(struct maker *maker, const struct digest *list,
			    struct error *err)
{
	struct tree_entry e = {.kind = STORE_BLOB_SUMS};
	AUTO(buf_clear) struct buf bytes = BUF_MAX(MADE_MAX);
	struct store_sums sums;

	if (!store_sums(maker->store, list, true, &sums, err)) {
		if (err->code != ERR_NOT_FOUND)
			return false;
		error_clear(err);
		return true;
	}
	if (!sums.size) /* taken out */
		return true;
	if (!store_sums_bytes(maker->store, sums.row, &bytes, err) ||
	    !digest_of_bytes(bytes.data, bytes.len, &e.digest, err))
		return false;
	e.row = sums.row;
	e.size = sums.size;
	e.modified = sums.published;
	newer(&maker->modified, sums.published);
	return tree_add(&maker->tree, "tool/SHA256SUMS.asc", &e, err);
}

static bool add_sums(struct maker *maker, struct error *err)
{
	AUTO(buf_clear) struct buf list = BUF_MAX(MADE_MAX);
	struct digest d;

	if (!maker->tree.index.tool_count)
		return true;
	return tree_sums(&maker->tree.index, &list, err) &&
	       digest_of_bytes(list.data, list.len, &d, err) &&
	       tree_add_made(&maker->tree, "tool/SHA256SUMS", maker->tool_modified,
			     &list, err) &&
	       add_signed_sums(maker, &d, err);
}

/* ---- TUF ---- */

/* Versions never change; timestamp has none in its name. */
static bool add_metadata(void *arg, const struct store_metadata *m, struct error *err)
{
	struct maker *maker = arg;
	bool timestamp = !strcmp(m->role, "timestamp");
	char path[STORE_ROLE_SIZE + 64];

	if (timestamp)
		snprintf(path, sizeof(path), "metadata/timestamp.json");
	else
		snprintf(path, sizeof(path), "metadata/%" PRId64 ".%s.json", m->version,
			 m->role);
	return tree_add(&maker->tree, path,
			&(const struct tree_entry){
				.digest = m->digest,
				.size = m->size,
				.modified = m->published,
				.since = m->since,
				.immutable = !timestamp,
				.kind = STORE_BLOB_METADATA,
				.row = m->row,
			},
			err);
}

/* Consistent snapshots: the digest stands in front of the name. The same file may
 * have been a target twice. */
static bool add_target(void *arg, const struct store_target *t, struct error *err)
{
	struct maker *maker = arg;
	const char *slash = strrchr(t->path, '/');
	int dir = slash ? (int)(slash + 1 - t->path) : 0;
	char path[sizeof(t->path) + DIGEST_HEX_SIZE + 16];

	snprintf(path, sizeof(path), "targets/%.*s%s.%s", dir, t->path,
		 DIGEST_HEX(&t->digest), t->path + dir);
	/* the rows come by path, so twins are neighbours */
	for (size_t i = maker->tree.count; i > maker->first_target; i--) {
		const char *other = maker->tree.entries[i - 1].path;

		if (!strcmp(other, path))
			return true;
		if (strlen(other) != strlen(path) || !text_ends(other, t->path + dir))
			break;
	}
	return tree_add(&maker->tree, path,
			&(const struct tree_entry){
				.digest = t->digest,
				.size = t->size,
				.since = t->since,
				.modified = t->published,
				.immutable = true,
				.kind = (int)t->kind,
				.row = t->kind == STORE_TARGET_MADE ? t->row : t->of,
			},
			err);
}

/* A client may begin with any root, so none of them is ever gone. */
static bool add_old_roots(struct maker *maker, struct error *err)
{
	struct store_metadata newest, m;

	if (!store_tuf_get(maker->store, "root", 0, &newest, NULL, err)) {
		if (err->code != ERR_NOT_FOUND)
			return false;
		error_clear(err);
		return true;
	}
	for (int64_t v = 1; v < newest.version; v++)
		if (!store_tuf_get(maker->store, "root", v, &m, NULL, err) ||
		    !add_metadata(maker, &m, err))
			return false;
	return true;
}

static bool add_tuf(struct maker *maker, struct error *err)
{
	bool current = maker->current_only;

	if (!store_tuf_each(maker->store, current, add_metadata, maker, err) ||
	    (current && !add_old_roots(maker, err)))
		return false;
	maker->first_target = maker->tree.count;
	return store_tuf_each_target(maker->store, current, add_target, maker, err);
}

/* ---- the rest ---- */

static bool add_keys(struct maker *maker, struct error *err)
{
	AUTO(buf_clear) struct buf armored = BUF_MAX(MADE_MAX);
	AUTO(pgp_keyring_clear)
	struct pgp_keyring keyring = {.bytes = BUF_MAX(PGP_KEYRING_MAX)};
	int64_t since;

	if (!store_published_keyring(maker->store, &keyring.bytes, &since, err))
		return false;
	if (!since || !keyring.bytes.len)
		return true;
	newer(&maker->modified, since);
	return pgp_keyring_write(&keyring, &armored, err) &&
	       tree_add_made(&maker->tree, "keys/release.asc", since, &armored, err);
}

static bool add_index(struct maker *maker, struct error *err)
{
	AUTO(buf_clear) struct buf json = BUF_MAX(INDEX_TEXT_MAX);
	AUTO(buf_clear) struct buf html = BUF_MAX(MADE_MAX);
	const struct page_beside beside = tree_beside(&maker->tree);

	return index_write(&maker->tree.index, &json, err) &&
	       tree_add_made(&maker->tree, "index.json", maker->modified, &json, err) &&
	       page_write(&maker->tree.index, &beside, &html, err) &&
	       tree_add_made(&maker->tree, "index.html", maker->modified, &html, err);
}

/* ---- a mirror: the authority's files as they are, nothing made again ---- */

/* "DIGEST  NAME" beside a tool. */
static bool add_tool_sum(struct maker *maker, const struct store_target *t,
			 struct error *err)
{
	AUTO(buf_clear) struct buf line = BUF_MAX(1024);
	char path[sizeof(t->path) + 16];

	snprintf(path, sizeof(path), "%s.sha256", t->path);
	buf_printf(&line, "%s  %s\n", DIGEST_HEX(&t->digest),
		   strrchr(t->path, '/') + 1);
	return tree_add_made(&maker->tree, path, t->published, &line, err);
}

static bool add_copy(void *arg, const struct store_target *t, struct error *err)
{
	struct maker *maker = arg;
	AUTO(buf_clear) struct buf index = BUF_MAX(INDEX_TEXT_MAX);
	bool tool = t->kind == STORE_TARGET_TOOL;

	if (!tree_add(&maker->tree, t->path,
		      &(const struct tree_entry){
			      .digest = t->digest,
			      .size = t->size,
			      .modified = t->published,
			      .immutable = tool,
			      .kind = (int)t->kind,
			      .row = t->kind == STORE_TARGET_MADE ? t->row : t->of,
		      },
		      err))
		return false;
	if (tool)
		return add_tool_sum(maker, t, err);
	if (strcmp(t->path, "index.json") != 0)
		return true;
	return store_tuf_target_bytes(maker->store, t, &index, err) &&
	       index_parse(index.data, index.len, &maker->tree.index, err);
}

static bool add_site(struct maker *maker, struct error *err)
{
	AUTO(buf_clear) struct buf statement = BUF_MAX(MADE_MAX);
	char name[STORE_SITE_NAME_SIZE];

	if (!store_mirror_site(maker->store, name, &statement, err)) {
		if (err->code != ERR_NOT_FOUND)
			return false;
		error_clear(err);
	}
	return !statement.len || tree_add_made(&maker->tree, TREE_SITE_PATH,
					       maker->modified, &statement, err);
}

static bool make_mirror(struct maker *maker, const struct store_mirror *m,
			struct error *err)
{
	maker->modified = m->checked;
	return store_tuf_each_target(maker->store, true, add_copy, maker, err) &&
	       add_tuf(maker, err) && add_site(maker, err) &&
	       tree_sort(&maker->tree, err);
}

/* ---- either ---- */

static bool make_own(struct maker *maker, struct error *err)
{
	struct store *s = maker->store;
	struct index *x = &maker->tree.index;

	/* manifests, then tools: add_tool_sums() counts on it */
	if (!store_published_threshold(s, &x->threshold, err) ||
	    !store_each_visible_unsorted(s, add_visible, maker, err) ||
	    !store_each_tool(s, add_tool, maker, err) || !add_tool_sums(maker, err) ||
	    !add_sums(maker, err) ||
	    !store_each_manifest(s,
				 &(const struct store_filter){.withdrawn_only = true},
				 add_withdrawn, maker, err) ||
	    !add_keys(maker, err) || !add_tuf(maker, err))
		return false;
	index_sort(x);
	return add_index(maker, err) && tree_sort(&maker->tree, err);
}

static bool make(struct store *s, void *arg, struct error *err)
{
	struct store_mirror mirror;
	bool is;

	if (!store_mirror(s, &mirror, &is, err))
		return false;
	return is ? make_mirror(arg, &mirror, err) : make_own(arg, err);
}

static bool from_store(struct store *s, bool current_only, struct tree *out,
		       struct error *err)
{
	struct maker maker = {.store = s,
			      .tree = {.load = load, .stream = stream, .carrier = s},
			      .current_only = current_only};

	if (!store_view(s, make, &maker, err)) {
		tree_clear(&maker.tree);
		return false;
	}
	*out = TAKE(maker.tree);
	return true;
}

bool tree_from_store(struct store *s, struct tree *out, struct error *err)
{
	return from_store(s, false, out, err);
}

bool tree_from_store_current(struct store *s, struct tree *out, struct error *err)
{
	return from_store(s, true, out, err);
}
