/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store_tuf.h"

#include "core/store_sql.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

_Static_assert(STORE_TUF_KEEP == 8, "store_sql.c writes it as a number");

/* ---- metadata ---- */

struct put {
	struct store_metadata m;
	const void *bytes;
	int64_t at;
};

static bool end_role(struct store *s, const char *role, int64_t at, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_TUF_END);

	store_bind_int(&q, at);
	store_bind_text(&q, role);
	return store_run(&q, err);
}

static bool put_metadata(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_TUF_ADD);
	const struct put *p = arg;
	char subject[STORE_ROLE_SIZE + 24];

	snprintf(subject, sizeof(subject), "%s %" PRId64, p->m.role, p->m.version);
	store_bind_text(&q, p->m.role);
	store_bind_int(&q, p->m.version);
	store_bind_int(&q, p->m.expires);
	store_bind_int(&q, time(NULL));
	store_bind_int(&q, p->at);
	store_bind_digest(&q, &p->m.digest);
	store_bind_blob(&q, p->bytes, p->m.size);
	return end_role(s, p->m.role, p->at, err) && store_run(&q, err) &&
	       store_log(s, "metadata", subject, DIGEST_HEX(&p->m.digest), err);
}

bool store_tuf_put(struct store *s, const struct store_metadata *m, const void *bytes,
		   int64_t at, struct error *err)
{
	struct put p = {*m, bytes, at};

	return digest_of_bytes(bytes, m->size, &p.m.digest, err) &&
	       store_change(s, put_metadata, &p, err);
}

static bool end_metadata(struct store *s, void *arg, struct error *err)
{
	const struct put *p = arg;

	return end_role(s, p->m.role, p->at, err);
}

bool store_tuf_end(struct store *s, const char *role, int64_t at, struct error *err)
{
	struct put p = {.at = at};

	snprintf(p.m.role, sizeof(p.m.role), "%s", role);
	return store_change(s, end_metadata, &p, err);
}

static bool column_metadata(struct store_query *q, struct store_metadata *out,
			    struct error *err)
{
	struct store_metadata m = {
		.row = store_column_int(q, 0),
		.version = store_column_int(q, 2),
		.expires = store_column_int(q, 3),
		.published = store_column_int(q, 4),
		.size = (uint64_t)store_column_int(q, 5),
		.since = store_column_int(q, 7),
	};

	if (!store_column_text(q, 1, m.role, sizeof(m.role), err) ||
	    !store_column_digest(q, 6, &m.digest, err))
		return false;
	*out = m;
	return true;
}

bool store_tuf_bytes(struct store *s, int64_t row, struct buf *out, struct error *err)
{
	return store_blob(s, SQL_TUF_BYTES, row, "metadata file", out, err);
}

bool store_tuf_get(struct store *s, const char *role, int64_t version,
		   struct store_metadata *out, struct buf *bytes, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q =
		store_query(s, version ? SQL_TUF_VERSION : SQL_TUF_CURRENT);
	struct store_metadata m;

	store_bind_text(&q, role);
	if (version)
		store_bind_int(&q, version);
	if (!store_one(&q, "such TUF metadata", err) || !column_metadata(&q, &m, err) ||
	    (bytes && !store_tuf_bytes(s, m.row, bytes, err)))
		return error_prefix(err, "%s", TEXT_SAFE(role));
	*out = m;
	return true;
}

bool store_tuf_each(struct store *s, bool current_only,
		    bool (*each)(void *arg, const struct store_metadata *m,
				 struct error *err),
		    void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_TUF_EACH);
	struct store_metadata m;
	bool has;

	store_bind_int(&q, current_only);
	while (store_row(&q, &has, err)) {
		if (!has)
			return true;
		if (!column_metadata(&q, &m, err) || !each(arg, &m, err))
			return false;
	}
	return false;
}

/* ---- targets ---- */

struct put_target {
	const struct store_target *t;
	const void *bytes;
	int64_t at;
};

static bool put_target(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_TARGET_ADD);
	const struct put_target *p = arg;

	store_bind_text(&q, p->t->path);
	store_bind_digest(&q, &p->t->digest);
	store_bind_int(&q, (int64_t)p->t->size);
	store_bind_int(&q, time(NULL));
	store_bind_int(&q, p->at);
	store_bind_int(&q, p->t->kind);
	if (p->t->kind == STORE_TARGET_MADE) {
		store_bind_null(&q);
		store_bind_blob(&q, p->bytes, p->t->size);
	} else {
		store_bind_int(&q, p->t->of);
		store_bind_null(&q);
	}
	return store_run(&q, err);
}

bool store_tuf_put_target(struct store *s, const struct store_target *t,
			  const void *bytes, int64_t at, struct error *err)
{
	return store_change(s, put_target, &(struct put_target){t, bytes, at}, err);
}

static bool end_target(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_TARGET_END);
	const int64_t *row_and_at = arg;

	store_bind_int(&q, row_and_at[1]);
	store_bind_int(&q, row_and_at[0]);
	return store_run(&q, err);
}

bool store_tuf_end_target(struct store *s, int64_t row, int64_t at, struct error *err)
{
	return store_change(s, end_target, (int64_t[]){row, at}, err);
}

static bool prune(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_TARGET_PRUNE);

	(void)arg;
	return store_run(&q, err);
}

bool store_tuf_prune(struct store *s, struct error *err)
{
	return store_change(s, prune, NULL, err);
}

bool store_column_target(struct store_query *q, struct store_target *out,
			 struct error *err)
{
	struct store_target t = {
		.row = store_column_int(q, 0),
		.size = (uint64_t)store_column_int(q, 3),
		.published = store_column_int(q, 4),
		.kind = (enum store_target_kind)store_column_int(q, 5),
		.of = store_column_int(q, 6),
		.since = store_column_int(q, 7),
	};

	if (!store_column_text(q, 1, t.path, sizeof(t.path), err) ||
	    !store_column_digest(q, 2, &t.digest, err))
		return false;
	*out = t;
	return true;
}

bool store_tuf_each_target(struct store *s, bool current_only,
			   bool (*each)(void *arg, const struct store_target *t,
					struct error *err),
			   void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_TARGET_EACH);
	struct store_target t;
	bool has;

	store_bind_int(&q, current_only);
	while (store_row(&q, &has, err)) {
		if (!has)
			return true;
		if (!store_column_target(&q, &t, err) || !each(arg, &t, err))
			return false;
	}
	return false;
}

bool store_tuf_target_bytes(struct store *s, const struct store_target *t,
			    struct buf *out, struct error *err)
{
	switch (t->kind) {
	case STORE_TARGET_SIGNED:
		return store_signed_bytes(s, t->of, out, err);
	case STORE_TARGET_TOOL:
		return store_tool_bytes(s, t->of, out, err);
	case STORE_TARGET_SUMS:
		return store_sums_bytes(s, t->of, out, err);
	default:
		return store_blob(s, SQL_TARGET_BYTES, t->row, "target", out, err);
	}
}

/* ---- how the next metadata is made ---- */

bool store_tuf_role(struct store *s, const char *name, struct store_role *out,
		    struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_ROLE);
	bool has;

	store_bind_text(&q, name);
	if (!store_row(&q, &has, err))
		return false;
	*out = (struct store_role){
		.days = has ? (unsigned)store_column_int(&q, 0) : 0,
		.threshold = has ? (unsigned)store_column_int(&q, 1) : 1,
	};
	return true;
}

struct set_role {
	const char *name;
	const struct store_role *role;
	const struct store_role_key *key;
};

static bool set_role(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_ROLE_SET);
	const struct set_role *r = arg;
	char detail[64];

	store_bind_text(&q, r->name);
	store_bind_int(&q, r->role->days);
	store_bind_int(&q, r->role->threshold);
	snprintf(detail, sizeof(detail), "days %u, threshold %u", r->role->days,
		 r->role->threshold);
	return store_run(&q, err) && store_log(s, "role", r->name, detail, err);
}

bool store_tuf_set_role(struct store *s, const char *name, const struct store_role *r,
			struct error *err)
{
	return store_change(s, set_role, &(struct set_role){name, r, NULL}, err);
}

static bool key_log(struct store *s, const char *action, const struct set_role *r,
		    struct error *err)
{
	struct digest d;

	return digest_of_bytes(r->key->value, strlen(r->key->value), &d, err) &&
	       store_log(s, action, r->name, DIGEST_HEX(&d), err);
}

struct known {
	const char *value;
	bool found;
};

static bool has_key(void *arg, const struct store_role_key *k, struct error *err)
{
	struct known *known = arg;

	(void)err;
	known->found = known->found || !strcmp(k->value, known->value);
	return true;
}

static bool add_key(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_ROLE_KEY_ADD);
	const struct set_role *r = arg;
	struct known known = {r->key->value, false};

	if (!store_tuf_each_key(s, r->name, has_key, &known, err))
		return false;
	if (known.found)
		return error_set(err, ERR_CONFLICT, "%s has this key already", r->name);
	store_bind_text(&q, r->name);
	store_bind_text(&q, r->key->type);
	store_bind_text(&q, r->key->scheme);
	store_bind_text(&q, r->key->value);
	return store_run(&q, err) && key_log(s, "role key", r, err);
}

bool store_tuf_add_key(struct store *s, const char *role,
		       const struct store_role_key *k, struct error *err)
{
	return store_change(s, add_key, &(struct set_role){role, NULL, k}, err);
}

static bool remove_key(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_ROLE_KEY_REMOVE);
	const struct set_role *r = arg;

	store_bind_text(&q, r->name);
	store_bind_text(&q, r->key->value);
	if (!store_run(&q, err))
		return false;
	if (!sqlite3_changes(s->db))
		return error_set(err, ERR_NOT_FOUND, "%s has no such key", r->name);
	return key_log(s, "role key removed", r, err);
}

bool store_tuf_remove_key(struct store *s, const char *role, const char *value,
			  struct error *err)
{
	struct store_role_key k = {.value = value};

	return store_change(s, remove_key, &(struct set_role){role, NULL, &k}, err);
}

bool store_tuf_each_key(struct store *s, const char *role,
			bool (*each)(void *arg, const struct store_role_key *k,
				     struct error *err),
			void *arg, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_ROLE_KEY_EACH);
	bool has;

	store_bind_text(&q, role);
	while (store_row(&q, &has, err)) {
		if (!has)
			return true;
		if (!each(arg,
			  &(const struct store_role_key){
				  (const char *)sqlite3_column_text(q.st, 0),
				  (const char *)sqlite3_column_text(q.st, 1),
				  (const char *)sqlite3_column_text(q.st, 2),
				  (const char *)sqlite3_column_text(q.st, 3)},
			  err))
			return false;
	}
	return false;
}
