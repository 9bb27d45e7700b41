/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes visible, and what stops being so. */
#include "core/store_sql.h"
#include "core/text.h"

#include <stdio.h>
#include <time.h>

/* ---- states ---- */

struct change {
	int64_t row;
	enum store_state state;
	const char *text; /* reason or signers */
};

static bool manifest_at(struct store *s, int64_t row, struct store_manifest *out,
			struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_MANIFEST_BY_ROW);

	store_bind_int(&q, row);
	return store_one(&q, "such manifest", err) &&
	       store_column_manifest(&q, out, err);
}

static bool run_state(struct store *s, const struct change *c, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_MANIFEST_STATE);

	store_bind_int(&q, c->state);
	store_bind_text(&q, c->text);
	if (c->text)
		store_bind_int(&q, time(NULL));
	else
		store_bind_null(&q);
	store_bind_int(&q, c->row);
	return store_run(&q, err);
}

static bool set_state(struct store *s, void *arg, struct error *err)
{
	const struct change *c = arg;
	struct store_manifest m;
	char id[STORE_ID_SIZE];

	if (!manifest_at(s, c->row, &m, err))
		return false;
	store_manifest_id(&m, id);
	if (m.state == STORE_WITHDRAWN)
		return error_set(err, ERR_CONFLICT, "%s is withdrawn already", id);
	return run_state(s, c, err) &&
	       store_log(s,
			 c->state == STORE_WITHDRAWN ? "withdraw"
						     : store_state_name(c->state),
			 id, c->state == STORE_WITHDRAWN ? c->text : "", err);
}

bool store_set_state(struct store *s, int64_t row, enum store_state state,
		     const char *reason, struct error *err)
{
	struct change c = {row, state, reason};

	if (state == STORE_PUBLISHED || (state == STORE_WITHDRAWN) != (reason != NULL))
		return error_set(err, ERR_INTERNAL, "a state that cannot be set so");
	if (reason && (!*reason || strlen(reason) >= 1024 ||
		       !text_is_utf8(reason, strlen(reason))))
		return error_set(err, ERR_USAGE,
				 "a reason is 1 to 1023 bytes of UTF-8 text");
	return store_change(s, set_state, &c, err);
}

static bool run_publish(struct store *s, enum store_sql which, int64_t row,
			struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, which);

	store_bind_int(&q, time(NULL));
	store_bind_int(&q, row);
	return store_run(&q, err);
}

static bool publish_signed(struct store *s, int64_t row, const char *signers,
			   struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_SIGNED_PUBLISH);

	store_bind_int(&q, time(NULL));
	store_bind_text(&q, signers);
	store_bind_int(&q, row);
	return store_run(&q, err);
}

bool store_note_published(struct store *s, struct store_manifest *m,
			  const struct digest *file, struct error *err)
{
	char id[STORE_ID_SIZE], detail[128];

	store_manifest_id(m, id);
	snprintf(detail, sizeof(detail), "file sha256 %s", DIGEST_HEX(file));
	return (m->state == STORE_PUBLISHED ||
		(run_publish(s, SQL_MANIFEST_PUBLISH, m->row, err) &&
		 manifest_at(s, m->row, m, err))) &&
	       store_log(s, "publish", id, detail, err);
}

static bool publish(struct store *s, void *arg, struct error *err)
{
	const struct change *c = arg;
	struct store_manifest m;
	struct store_signed f;
	char id[STORE_ID_SIZE];

	if (!manifest_at(s, c->row, &m, err) || !store_signed(s, c->row, &f, err))
		return false;
	if (m.state == STORE_WITHDRAWN) {
		store_manifest_id(&m, id);
		return error_set(err, ERR_CONFLICT, "%s is withdrawn", id);
	}
	if (m.state == STORE_PUBLISHED && f.published)
		return true;
	return publish_signed(s, f.row, c->text, err) &&
	       store_note_published(s, &m, &f.digest, err);
}

bool store_publish_manifest(struct store *s, int64_t row, const char *signers,
			    struct error *err)
{
	struct change c = {row, STORE_PUBLISHED, signers};

	if (!*signers)
		return error_set(err, ERR_INTERNAL, "nobody vouches for a manifest");
	return store_change(s, publish, &c, err);
}

static bool manifest_of(struct store *s, int64_t signed_row, struct store_manifest *out,
			struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_SIGNED_MANIFEST);

	store_bind_int(&q, signed_row);
	return store_one(&q, "such signed file", err) &&
	       manifest_at(s, store_column_int(&q, 0), out, err);
}

static bool distrust(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_SIGNED_DISTRUST);
	const struct change *c = arg;
	struct store_manifest m;
	char id[STORE_ID_SIZE];

	if (!manifest_of(s, c->row, &m, err))
		return false;
	store_manifest_id(&m, id);
	if (c->text)
		store_bind_int(&q, time(NULL));
	else
		store_bind_null(&q);
	store_bind_int(&q, c->row);
	return store_run(&q, err) && store_log(s, c->text ? "distrust" : "trust", id,
					       c->text ? c->text : "", err);
}

bool store_distrust(struct store *s, int64_t row, const char *why, struct error *err)
{
	return store_change(s, distrust, &(struct change){row, STORE_PUBLISHED, why},
			    err);
}

/* ---- the rest of the tree ---- */

static bool publish_new(struct store *s, enum store_sql which, unsigned *count,
			struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, which);

	if (which != SQL_THRESHOLD_PUBLISH)
		store_bind_int(&q, time(NULL));
	if (!store_run(&q, err))
		return false;
	*count = (unsigned)sqlite3_changes(s->db);
	return true;
}

static bool publish_rest(struct store *s, void *arg, struct error *err)
{
	struct store_published *p = arg;
	char detail[128];

	if (!publish_new(s, SQL_KEYRING_PUBLISH, &p->keyrings, err) ||
	    !publish_new(s, SQL_THRESHOLD_PUBLISH, &p->thresholds, err) ||
	    !publish_new(s, SQL_TOOL_PUBLISH, &p->tools, err) ||
	    !publish_new(s, SQL_SUMS_PUBLISH, &p->sums, err))
		return false;
	if (!p->keyrings && !p->thresholds && !p->tools && !p->sums)
		return true;
	snprintf(detail, sizeof(detail),
		 "keyrings %u, thresholds %u, tools %u, signed lists %u", p->keyrings,
		 p->thresholds, p->tools, p->sums);
	return store_log(s, "publish", "keys and tools", detail, err);
}

bool store_publish_rest(struct store *s, struct store_published *out, struct error *err)
{
	struct store_published p = EMPTY;

	if (!store_change(s, publish_rest, &p, err))
		return false;
	*out = p;
	return true;
}
