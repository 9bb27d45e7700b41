/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests of the store: putting, reading, changing their state. */
#include "core/manifest.h"
#include "core/store_sql.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const char *store_state_name(enum store_state s)
{
	static const char *const names[] = {"pending", "complete", "published",
					    "withdrawn"};

	return (size_t)s < ARRAY_LEN(names) ? names[s] : "unknown";
}

void store_manifest_id(const struct store_manifest *m, char out[STORE_ID_SIZE])
{
	snprintf(out, STORE_ID_SIZE, "el%s/%s/%s@%u", m->el, m->kubernetes, m->arch,
		 m->revision);
}

/* ---- putting ---- */

static bool add_listed(struct store *s, int64_t row, const struct buf *prefixes,
		       struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_LISTED_ADD);

	store_bind_int(&q, row);
	store_bind_text(&q, prefixes->data);
	return store_run(&q, err);
}

enum { HEAD_LEN = 16 };

/* What one store_put_manifest() works on. */
struct put {
	const struct store_put *p;
	struct buf listed;         /* prefixes of the digests that it lists */
	struct store_manifest row; /* what is to be stored, then what is stored */
	struct digest asc_digest;
	size_t text_at;
	bool known; /* the text was there already */
};

static bool add_row(struct store *s, struct put *put, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_MANIFEST_ADD);

	store_bind_text(&q, put->row.el);
	store_bind_text(&q, put->row.kubernetes);
	store_bind_text(&q, put->row.arch);
	store_bind_int(&q, put->row.revision);
	store_bind_digest(&q, &put->row.digest);
	store_bind_int(&q, (int64_t)put->row.size);
	store_bind_int(&q, put->row.created);
	store_bind_int(&q, put->row.added);
	store_bind_int(&q, put->row.state);
	if (!store_run(&q, err))
		return false;
	put->row.row = sqlite3_last_insert_rowid(s->db);
	return add_listed(s, put->row.row, &put->listed, err);
}

static bool refuse_other_text(struct store *s, struct put *put, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_MANIFEST_BY_ID);
	char id[STORE_ID_SIZE];
	bool has;

	store_bind_text(&q, put->row.el);
	store_bind_text(&q, put->row.kubernetes);
	store_bind_text(&q, put->row.arch);
	store_bind_int(&q, put->row.revision);
	if (!store_row(&q, &has, err))
		return false;
	if (!has)
		return true;
	store_manifest_id(&put->row, id);
	return error_set(err, ERR_CONFLICT,
			 "the store holds another text as %s; a new statement counts "
			 "its revision up",
			 id);
}

static bool find_digest(struct store *s, const struct digest *d,
			struct store_manifest *out, bool *has, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_MANIFEST_BY_DIGEST);

	store_bind_digest(&q, d);
	return store_row(&q, has, err) &&
	       (!*has || store_column_manifest(&q, out, err));
}

/* The row: found by its text or made. */
static bool find_or_add(struct store *s, struct put *put, struct error *err)
{
	enum store_state wanted = put->row.state;
	char id[STORE_ID_SIZE];

	if (!find_digest(s, &put->row.digest, &put->row, &put->known, err))
		return false;
	if (!put->known)
		return refuse_other_text(s, put, err) && add_row(s, put, err);
	store_manifest_id(&put->row, id);
	if (put->row.state == STORE_WITHDRAWN)
		return error_set(err, ERR_CONFLICT,
				 "%s was withdrawn (%s); a new statement counts its "
				 "revision up",
				 id, TEXT_SAFE(put->row.withdrawn_reason));
	if (put->row.state == STORE_PUBLISHED || put->row.state == wanted)
		return true;
	put->row.state = wanted;
	return store_set_state(s, put->row.row, wanted, NULL, err);
}

static bool add_signed(struct store *s, struct put *put, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query drop = store_query(s, SQL_SIGNED_DROP);
	AUTO(store_query_clear) struct store_query add = store_query(s, SQL_SIGNED_ADD);

	store_bind_int(&drop, put->row.row);
	store_bind_int(&add, put->row.row);
	store_bind_digest(&add, &put->asc_digest);
	store_bind_int(&add, (int64_t)put->text_at);
	store_bind_int(&add, time(NULL));
	if (put->p->signers)
		store_bind_int(&add, time(NULL));
	else
		store_bind_null(&add);
	store_bind_text(&add, put->p->signers);
	store_bind_blob(&add, put->p->asc, put->p->asc_len);
	return store_run(&drop, err) && store_run(&add, err);
}

static bool put_all(struct store *s, void *arg, struct error *err)
{
	struct put *put = arg;
	struct store_signed newest;
	char id[STORE_ID_SIZE], detail[256];

	if (!find_or_add(s, put, err))
		return false;
	if (put->known) {
		if (!store_signed(s, put->row.row, &newest, err))
			return false;
		if (digest_equal(&newest.digest, &put->asc_digest))
			return !put->p->signers || /* else nothing is new */
			       store_publish_manifest(s, put->row.row, put->p->signers,
						      err);
	}
	store_manifest_id(&put->row, id);
	snprintf(detail, sizeof(detail), "text sha256 %s, file sha256 %s, %s",
		 DIGEST_HEX(&put->row.digest), DIGEST_HEX(&put->asc_digest),
		 store_state_name(put->row.state));
	return add_signed(s, put, err) &&
	       store_log(s, put->known ? "add signatures" : "add", id, detail, err) &&
	       (!put->p->signers ||
		store_note_published(s, &put->row, &put->asc_digest, err));
}

/* Where the signed file holds the text; NULL: nowhere. memmem() would study all of the
 * text before it begins to look: 2 ms a MB. */
static const char *find_text(const struct store_put *p)
{
	size_t head = p->text_len < HEAD_LEN ? p->text_len : HEAD_LEN;
	const char *end = p->asc + p->asc_len, *at = p->asc;

	for (; (at = memmem(at, (size_t)(end - at), p->text, head)); at++)
		if ((size_t)(end - at) >= p->text_len &&
		    !memcmp(at, p->text, p->text_len))
			return at;
	return NULL;
}

static bool digest(const char *data, size_t len, const struct digest *known,
		   struct digest *out, struct error *err)
{
	if (!known)
		return digest_of_bytes(data, len, out, err);
	*out = *known;
	return true;
}

/* Who it is for is taken from the text alone. */
static bool describe(struct put *put, const struct manifest *m, struct error *err)
{
	const struct store_put *p = put->p;
	const char *at = find_text(p);

	if (!at || p->state > STORE_COMPLETE)
		return error_set(err, ERR_INTERNAL,
				 "the signed file does not hold the text");
	if (p->signers && !*p->signers)
		return error_set(err, ERR_INTERNAL, "nobody vouches for a manifest");
	put->text_at = (size_t)(at - p->asc);
	put->row.revision = m->revision;
	put->row.created = m->created;
	put->row.added = time(NULL);
	put->row.size = p->text_len;
	put->row.state = p->state;
	if (snprintf(put->row.el, sizeof(put->row.el), "%s", m->el) >=
		    (int)sizeof(put->row.el) ||
	    snprintf(put->row.kubernetes, sizeof(put->row.kubernetes), "%s",
		     m->kubernetes) >= (int)sizeof(put->row.kubernetes) ||
	    snprintf(put->row.arch, sizeof(put->row.arch), "%s", m->arch) >=
		    (int)sizeof(put->row.arch))
		return error_set(err, ERR_LIMIT, "a manifest's name is too long");
	return store_listed(m, &put->listed, err) &&
	       digest(p->text, p->text_len, p->text_digest, &put->row.digest, err) &&
	       digest(p->asc, p->asc_len, p->asc_digest, &put->asc_digest, err);
}

struct store_parsed {
	struct store_put given;
	struct put put;
};

void store_parsed_freep(struct store_parsed **p)
{
	if (*p)
		buf_clear(&(*p)->put.listed);
	free(*p);
	*p = NULL;
}

bool store_parse_manifest(const struct store_put *p, struct store_parsed **out,
			  struct error *err)
{
	AUTO(store_parsed_freep)
	struct store_parsed *parsed = calloc(1, sizeof(*parsed));
	AUTO(manifest_clear) struct manifest m = EMPTY;

	if (!parsed)
		return error_set(err, ERR_SYSTEM, "no memory");
	parsed->given = *p;
	parsed->put.p = &parsed->given;
	parsed->put.listed = (struct buf)BUF_MAX(STORE_LISTED_MAX);
	if (!manifest_parse(p->text, p->text_len, &m, err) ||
	    !describe(&parsed->put, &m, err))
		return false;
	*out = TAKE(parsed);
	return true;
}

bool store_put_parsed(struct store *s, struct store_parsed *p,
		      struct store_manifest *out, struct error *err)
{
	if (!store_change(s, put_all, &p->put, err))
		return false;
	*out = p->put.row;
	return true;
}

bool store_put_manifest(struct store *s, const struct store_put *p,
			struct store_manifest *out, struct error *err)
{
	AUTO(store_parsed_freep) struct store_parsed *parsed = NULL;

	return store_parse_manifest(p, &parsed, err) &&
	       store_put_parsed(s, parsed, out, err);
}

/* ---- reading ---- */

bool store_each_manifest(struct store *s, const struct store_filter *f,
			 bool (*each)(void *arg, const struct store_manifest *m,
				      struct error *err),
			 void *arg, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_MANIFEST_EACH);
	struct store_manifest m;
	bool has;

	store_bind_text(&q, f->el);
	store_bind_text(&q, f->kubernetes);
	store_bind_text(&q, f->arch);
	store_bind_int(&q, f->revision);
	store_bind_int(&q, f->published_only);
	store_bind_int(&q, f->withdrawn_only);
	while (store_row(&q, &has, err)) {
		if (!has)
			return true;
		if (!store_column_manifest(&q, &m, err) || !each(arg, &m, err))
			return false;
	}
	return false;
}

bool store_manifest_by_digest(struct store *s, const struct digest *d,
			      struct store_manifest *out, struct error *err)
{
	bool has;

	if (!find_digest(s, d, out, &has, err))
		return false;
	return has ||
	       error_set(err, ERR_NOT_FOUND,
			 "the store has no manifest with the digest %s", DIGEST_HEX(d));
}

bool store_text(struct store *s, int64_t row, struct buf *out, struct error *err)
{
	return store_blob(s, SQL_SIGNED_TEXT, row, "manifest", out, err);
}

bool store_signed_bytes(struct store *s, int64_t row, struct buf *out,
			struct error *err)
{
	return store_blob(s, SQL_SIGNED_BYTES, row, "manifest", out, err);
}

bool store_asc(struct store *s, int64_t row, struct buf *out, struct error *err)
{
	struct store_signed f;

	return store_signed(s, row, &f, err) && store_signed_bytes(s, f.row, out, err);
}

static bool column_signed(struct store_query *q, int at, struct store_signed *out,
			  struct error *err)
{
	struct store_signed f = {
		.row = store_column_int(q, at),
		.size = (uint64_t)store_column_int(q, at + 2),
		.added = store_column_int(q, at + 3),
		.published = store_column_int(q, at + 4),
		.distrusted = store_column_int(q, at + 6),
	};

	if (!store_column_digest(q, at + 1, &f.digest, err) ||
	    !store_column_text(q, at + 5, f.signers, sizeof(f.signers), err))
		return false;
	*out = f;
	return true;
}

bool store_signed(struct store *s, int64_t manifest_row, struct store_signed *out,
		  struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_SIGNED_NEWEST);

	store_bind_int(&q, manifest_row);
	return store_one(&q, "such manifest", err) && column_signed(&q, 0, out, err);
}

bool store_shown(struct store *s, int64_t manifest_row, struct store_signed *out,
		 bool *superseded, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_SIGNED_SHOWN);
	struct store_signed f;

	store_bind_int(&q, manifest_row);
	if (!store_one(&q, "such published manifest", err) ||
	    !column_signed(&q, 0, &f, err))
		return false;
	*superseded = store_column_int(&q, 7) != 0;
	*out = f;
	return true;
}

static bool each_visible(struct store *s, enum store_sql which,
			 bool (*each)(void *arg, const struct store_manifest *m,
				      const struct store_signed *f, struct error *err),
			 void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, which);
	struct store_manifest m;
	struct store_signed f;
	bool has;

	while (store_row(&q, &has, err)) {
		if (!has)
			return true;
		if (!store_column_manifest(&q, &m, err) ||
		    !column_signed(&q, STORE_MANIFEST_COLUMN_COUNT, &f, err) ||
		    !each(arg, &m, &f, err))
			return false;
	}
	return false;
}

bool store_each_visible(struct store *s,
			bool (*each)(void *arg, const struct store_manifest *m,
				     const struct store_signed *f, struct error *err),
			void *arg, struct error *err)
{
	return each_visible(s, SQL_VISIBLE_SORTED, each, arg, err);
}

bool store_each_visible_unsorted(struct store *s,
				 bool (*each)(void *arg, const struct store_manifest *m,
					      const struct store_signed *f,
					      struct error *err),
				 void *arg, struct error *err)
{
	return each_visible(s, SQL_VISIBLE, each, arg, err);
}
