/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log; store.h says what a row's digest covers. */
#include "core/json.h"
#include "core/store_sql.h"
#include "core/text.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The user's name, or number where it has none. */
static void actor_name(char *out, size_t size)
{
	struct passwd pw, *found = NULL;
	char text[4096];

	if (!getpwuid_r(getuid(), &pw, text, sizeof(text), &found) && found)
		snprintf(out, size, "%s", TEXT_SAFE(found->pw_name));
	else
		snprintf(out, size, "uid %ld", (long)getuid());
}

static bool event_digest(const struct store_event *e, struct digest *out,
			 struct error *err)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(65536);
	struct json_writer w = json_writer(&b);

	w.compact = true;
	json_open(&w, NULL, '{');
	json_put_string(&w, "action", e->action);
	json_put_string(&w, "actor", e->actor);
	json_put_string(&w, "detail", e->detail);
	json_put_string(&w, "previous", DIGEST_HEX(&e->previous));
	json_put_integer(&w, "row", e->row);
	json_put_string(&w, "subject", e->subject);
	json_put_integer(&w, "time", e->time);
	json_close(&w);
	if (!json_write_end(&w, err))
		return error_prefix(err, "audit log");
	return digest_of_bytes(b.data, b.len - 1, out, err);
}

static bool fits(const char *text, char *out, size_t size, struct error *err)
{
	if (strlen(text) >= size)
		return error_set(err, ERR_LIMIT,
				 "audit log: a text of %zu bytes, the limit is %zu",
				 strlen(text), size - 1);
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool last_event(struct store *s, struct store_event *e, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_LOG_LAST);
	bool has;

	if (!store_row(&q, &has, err))
		return false;
	e->row = has ? store_column_int(&q, 0) : 0;
	return !has || store_column_digest(&q, 1, &e->digest, err);
}

static bool add_event(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_LOG_ADD);
	struct store_event *e = arg, last = EMPTY;

	if (!last_event(s, &last, err))
		return false;
	e->row = last.row + 1;
	e->previous = last.digest;
	if (!event_digest(e, &e->digest, err))
		return false;
	store_bind_int(&q, e->row);
	store_bind_int(&q, e->time);
	store_bind_text(&q, e->actor);
	store_bind_text(&q, e->action);
	store_bind_text(&q, e->subject);
	store_bind_text(&q, e->detail);
	store_bind_digest(&q, &e->previous);
	store_bind_digest(&q, &e->digest);
	return store_run(&q, err);
}

bool store_log(struct store *s, const char *action, const char *subject,
	       const char *detail, struct error *err)
{
	struct store_event e = {.time = time(NULL)};

	if (!*s->actor)
		actor_name(s->actor, sizeof(s->actor));
	memcpy(e.actor, s->actor, sizeof(e.actor));
	return fits(action, e.action, sizeof(e.action), err) &&
	       fits(subject, e.subject, sizeof(e.subject), err) &&
	       fits(detail, e.detail, sizeof(e.detail), err) &&
	       store_change(s, add_event, &e, err);
}

static bool column_event(struct store_query *q, struct store_event *e,
			 struct error *err)
{
	e->row = store_column_int(q, 0);
	e->time = store_column_int(q, 1);
	return store_column_text(q, 2, e->actor, sizeof(e->actor), err) &&
	       store_column_text(q, 3, e->action, sizeof(e->action), err) &&
	       store_column_text(q, 4, e->subject, sizeof(e->subject), err) &&
	       store_column_text(q, 5, e->detail, sizeof(e->detail), err) &&
	       store_column_digest(q, 6, &e->previous, err) &&
	       store_column_digest(q, 7, &e->digest, err);
}

bool store_each_event(struct store *s,
		      bool (*each)(void *arg, const struct store_event *e,
				   struct error *err),
		      void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_LOG_EACH);
	struct store_event e = EMPTY;
	bool has;

	while (store_row(&q, &has, err)) {
		if (!has)
			return true;
		if (!column_event(&q, &e, err) || !each(arg, &e, err))
			return false;
	}
	return false;
}

struct chain {
	uint64_t rows;
	struct digest last;
};

static bool check_event(void *arg, const struct store_event *e, struct error *err)
{
	struct chain *chain = arg;
	struct digest d;

	chain->rows++;
	if (e->row != (int64_t)chain->rows)
		return error_set(err, ERR_MISMATCH,
				 "audit log: row %" PRIu64 " is missing", chain->rows);
	if (!digest_equal(&e->previous, &chain->last))
		return error_set(err, ERR_MISMATCH,
				 "audit log: row %" PRIu64
				 " does not carry the digest of the row before it",
				 chain->rows);
	if (!event_digest(e, &d, err))
		return error_set(err, ERR_MISMATCH,
				 "audit log: row %" PRIu64 " holds no valid text",
				 chain->rows);
	if (!digest_equal(&d, &e->digest))
		return error_set(err, ERR_MISMATCH,
				 "audit log: row %" PRIu64 " was changed: its digest "
				 "does not fit its content",
				 chain->rows);
	chain->last = e->digest;
	return true;
}

/* What the log tells of each manifest is what its row shows. */
static bool check_manifests(struct store *s, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_LOG_STRAY);
	char id[STORE_ID_SIZE], why[64];
	bool has;

	if (!store_row(&q, &has, err))
		return false;
	if (!has)
		return true;
	return store_column_text(&q, 0, id, sizeof(id), err) &&
	       store_column_text(&q, 1, why, sizeof(why), err) &&
	       error_set(err, ERR_MISMATCH, "audit log: %s %s", TEXT_SAFE(id), why);
}

bool store_verify_log(struct store *s, uint64_t *rows, struct digest *last,
		      struct error *err)
{
	struct chain chain = EMPTY;

	if (!store_each_event(s, check_event, &chain, err))
		return false;
	if (!chain.rows)
		return error_set(err, ERR_MISMATCH, "audit log: it is empty");
	if (!store_check_schema(s, err) || !check_manifests(s, err))
		return false;
	*rows = chain.rows;
	*last = chain.last;
	return true;
}
