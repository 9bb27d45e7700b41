/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store_mirror.h"

#include "core/store_sql.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

bool store_mirror(struct store *s, struct store_mirror *out, bool *is,
		  struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_MIRROR);
	struct store_mirror m = EMPTY;

	if (!store_row(&q, is, err))
		return false;
	if (!*is)
		return true;
	m.arrived = store_column_int(&q, 1);
	m.checked = store_column_int(&q, 2);
	if (!store_column_text(&q, 0, m.source, sizeof(m.source), err) ||
	    !store_column_text(&q, 3, m.el, sizeof(m.el), err) ||
	    !store_column_text(&q, 4, m.kubernetes, sizeof(m.kubernetes), err))
		return false;
	*out = m;
	return true;
}

static bool set_mirror(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_MIRROR_SET);
	const struct store_mirror *m = arg;

	store_bind_text(&q, m->source);
	store_bind_int(&q, m->arrived);
	store_bind_int(&q, m->checked);
	store_bind_text(&q, m->el);
	store_bind_text(&q, m->kubernetes);
	return store_run(&q, err);
}

bool store_set_mirror(struct store *s, const struct store_mirror *m, struct error *err)
{
	return store_change(s, set_mirror, (void *)(uintptr_t)m, err);
}

bool store_mirror_pin(struct store *s, struct buf *keyring, unsigned *threshold,
		      struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_PIN);
	bool has;

	if (!store_row(&q, &has, err))
		return false;
	if (has)
		store_column_append(&q, 1, keyring);
	if (!buf_ok(keyring, err))
		return false;
	*threshold = has ? (unsigned)store_column_int(&q, 0) : 0;
	return true;
}

struct pin {
	const struct buf *keyring;
	unsigned threshold;
};

static bool set_pin(struct store *s, void *arg, struct error *err)
{
	const struct pin *p = arg;
	AUTO(store_query_clear)
	struct store_query q =
		store_query(s, p->keyring->len ? SQL_PIN_SET : SQL_PIN_DROP);
	char detail[32];

	if (p->keyring->len) {
		store_bind_int(&q, p->threshold);
		store_bind_blob(&q, p->keyring->data, p->keyring->len);
	}
	snprintf(detail, sizeof(detail), "threshold %u", p->threshold);
	return store_run(&q, err) &&
	       store_log(s, p->keyring->len ? "pin" : "unpin", "keyring",
			 p->keyring->len ? detail : "", err);
}

bool store_mirror_set_pin(struct store *s, const struct buf *keyring,
			  unsigned threshold, struct error *err)
{
	struct pin p = {keyring, threshold};

	return store_change(s, set_pin, &p, err);
}

bool store_mirror_find(struct store *s, const struct digest *d,
		       struct store_target *out, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_TARGET_BY_DIGEST);

	store_bind_digest(&q, d);
	return store_one(&q, "such target", err) && store_column_target(&q, out, err);
}

/* ---- the site ---- */

bool store_mirror_site(struct store *s, char name[STORE_SITE_NAME_SIZE],
		       struct buf *statement, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_SITE);

	if (!store_one(&q, "site", err))
		return false;
	store_column_append(&q, 1, statement);
	return buf_ok(statement, err) &&
	       store_column_text(&q, 0, name, STORE_SITE_NAME_SIZE, err);
}

static bool add_site(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_SITE_ADD);
	AUTO(store_query_clear) struct store_query get = store_query(s, SQL_SITE);
	bool has;

	if (!store_row(&get, &has, err))
		return false;
	if (has)
		return error_set(err, ERR_CONFLICT, "the store has a site already");
	store_bind_text(&q, arg);
	return store_run(&q, err) && store_log(s, "site", arg, "", err);
}

bool store_mirror_add_site(struct store *s, const char *name, struct error *err)
{
	return store_change(s, add_site, (void *)(uintptr_t)name, err);
}

static bool state(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_SITE_STATE);
	const struct buf *statement = arg;

	store_bind_blob(&q, statement->data, statement->len);
	return store_run(&q, err);
}

bool store_mirror_state(struct store *s, const struct buf *statement, struct error *err)
{
	return store_change(s, state, (void *)(uintptr_t)statement, err);
}

/* ---- tools ---- */

struct put {
	const struct store_tool *tool;
	bool (*give)(void *arg, const struct sink *to, struct error *err);
	void *arg;
	struct store *s;
	sqlite3_blob *blob;
	struct digest_stream *digest;
	uint64_t at;
};

static bool write_piece(void *arg, const void *data, size_t len, struct error *err)
{
	struct put *p = arg;

	if (len > p->tool->size - p->at)
		return error_set(err, ERR_MISMATCH,
				 "more than the %" PRIu64 " bytes it should have",
				 p->tool->size);
	if (sqlite3_blob_write(p->blob, data, (int)len, (int)p->at) != SQLITE_OK)
		return store_fail(p->s, err, NULL);
	p->at += len;
	return digest_stream_add(p->digest, data, len, err);
}

static bool fill(struct put *p, struct error *err)
{
	const struct sink to = {write_piece, p};
	struct digest d;

	return digest_stream_begin(p->digest, err) && p->give(p->arg, &to, err) &&
	       digest_stream_end(p->digest, &d, err) &&
	       ((p->at == p->tool->size && digest_equal(&d, &p->tool->digest)) ||
		error_set(err, ERR_MISMATCH, "its bytes do not have size and digest"));
}

static bool put_blob(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_TOOL_ROOM);
	AUTO(digest_stream_freep) struct digest_stream *digest = NULL;
	struct put *p = arg;
	char subject[96], detail[96];
	int64_t row;
	bool ok;

	store_bind_text(&q, p->tool->version);
	store_bind_text(&q, p->tool->arch);
	store_bind_digest(&q, &p->tool->digest);
	store_bind_int(&q, (int64_t)p->tool->size);
	store_bind_int(&q, time(NULL));
	snprintf(subject, sizeof(subject), "%s %s", p->tool->version, p->tool->arch);
	snprintf(detail, sizeof(detail), "sha256 %s", DIGEST_HEX(&p->tool->digest));
	if (!digest_stream_new(&digest, err) || !store_run(&q, err))
		return false;
	row = sqlite3_last_insert_rowid(s->db);
	if (!store_log(s, "tool", subject, detail, err))
		return false;
	if (sqlite3_blob_open(s->db, "main", "tool", "bytes", row, 1, &p->blob) !=
	    SQLITE_OK)
		return store_fail(s, err, "tool");
	p->s = s;
	p->digest = digest;
	ok = fill(p, err);
	sqlite3_blob_close(p->blob);
	return ok;
}

static bool put_tool(struct store *s, void *arg, struct error *err)
{
	struct put *p = arg;
	bool known;

	return store_tool_known(s, p->tool, &known, err) &&
	       (known || put_blob(s, p, err));
}

bool store_mirror_put_tool(struct store *s, const struct store_tool *t,
			   bool (*give)(void *arg, const struct sink *to,
					struct error *err),
			   void *arg, struct error *err)
{
	struct put p = {.tool = t, .give = give, .arg = arg};

	return store_change(s, put_tool, &p, err);
}
