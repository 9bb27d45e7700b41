/* SPDX-License-Identifier: Apache-2.0 */
/* Release keys and settings, the node tools and the signed list of their digests. */
#include "core/store_sql.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* Append column 0 of the one row, or nothing. */
static bool append_blob(struct store_query *q, struct buf *out, struct error *err)
{
	bool has;

	if (!store_row(q, &has, err))
		return false;
	if (has)
		store_column_append(q, 0, out);
	return buf_ok(out, err);
}

/* ---- release keys ---- */

bool store_keyring(struct store *s, struct buf *out, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_KEYRING);

	return append_blob(&q, out, err);
}

bool store_published_keyring(struct store *s, struct buf *out, int64_t *published,
			     struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_KEYRING_PUBLISHED);
	bool has;

	if (!store_row(&q, &has, err))
		return false;
	if (has)
		store_column_append(&q, 0, out);
	if (!buf_ok(out, err))
		return false;
	*published = has ? store_column_int(&q, 1) : 0;
	return true;
}

struct bytes {
	const void *data;
	size_t len;
	const char *what;
};

static bool set_keyring(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_KEYRING_ADD);
	const struct bytes *b = arg;

	store_bind_int(&q, time(NULL));
	store_bind_blob(&q, b->data, b->len);
	return store_run(&q, err) &&
	       store_log(s, "keyring", "release keys", b->what, err);
}

bool store_set_keyring(struct store *s, const void *data, size_t len, const char *what,
		       struct error *err)
{
	return store_change(s, set_keyring, &(struct bytes){data, len, what}, err);
}

static bool get_threshold(struct store *s, int column, unsigned *out, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_THRESHOLD);

	if (!store_one(&q, "threshold", err))
		return false;
	*out = (unsigned)store_column_int(&q, column);
	return true;
}

bool store_threshold(struct store *s, unsigned *out, struct error *err)
{
	return get_threshold(s, 0, out, err);
}

bool store_published_threshold(struct store *s, unsigned *out, struct error *err)
{
	return get_threshold(s, 1, out, err);
}

static bool set_threshold(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_THRESHOLD_SET);
	const unsigned *n = arg;
	char text[16];

	snprintf(text, sizeof(text), "%u", *n);
	store_bind_int(&q, *n);
	return store_run(&q, err) &&
	       store_log(s, "threshold", "release keys", text, err);
}

bool store_set_threshold(struct store *s, unsigned n, struct error *err)
{
	if (n < 1 || n > 64)
		return error_set(err, ERR_USAGE, "a threshold is 1 to 64, not %u", n);
	return store_change(s, set_threshold, &n, err);
}

/* ---- tools ---- */

struct put {
	struct store_tool tool;
	struct bytes bytes;
};

bool store_tool_known(struct store *s, const struct store_tool *t, bool *known,
		      struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_TOOL_BY_NAME);
	struct digest there;

	store_bind_text(&q, t->version);
	store_bind_text(&q, t->arch);
	if (!store_row(&q, known, err))
		return false;
	if (!*known)
		return true;
	if (!store_column_digest(&q, 0, &there, err))
		return false;
	if (digest_equal(&there, &t->digest))
		return true;
	return error_set(err, ERR_CONFLICT,
			 "the store holds another tool %s for %s (sha256 %s); a "
			 "published name never changes its bytes",
			 t->version, t->arch, DIGEST_HEX(&there));
}

static bool put_tool(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_TOOL_ADD);
	const struct put *p = arg;
	char subject[96], detail[96];
	bool known;

	if (!store_tool_known(s, &p->tool, &known, err))
		return false;
	if (known)
		return true;
	store_bind_text(&q, p->tool.version);
	store_bind_text(&q, p->tool.arch);
	store_bind_digest(&q, &p->tool.digest);
	store_bind_int(&q, (int64_t)p->bytes.len);
	store_bind_int(&q, time(NULL));
	store_bind_blob(&q, p->bytes.data, p->bytes.len);
	snprintf(subject, sizeof(subject), "%s %s", p->tool.version, p->tool.arch);
	snprintf(detail, sizeof(detail), "sha256 %s", DIGEST_HEX(&p->tool.digest));
	return store_run(&q, err) && store_log(s, "tool", subject, detail, err);
}

bool store_put_tool(struct store *s, const struct store_tool *t, const void *data,
		    size_t len, struct error *err)
{
	struct put p = {.tool = *t, .bytes = {data, len, NULL}};

	if (!text_is_name(t->version, sizeof(t->version) - 1))
		return error_set(err, ERR_USAGE, "'%s' is no version",
				 TEXT_SAFE(t->version));
	if (!text_is_arch(t->arch))
		return error_set(err, ERR_USAGE, "'%s' is neither x86_64 nor aarch64",
				 TEXT_SAFE(t->arch));
	if (!len)
		return error_set(err, ERR_FORMAT, "a tool of 0 bytes");
	return digest_of_bytes(data, len, &p.tool.digest, err) &&
	       store_change(s, put_tool, &p, err);
}

static bool column_tool(struct store_query *q, struct store_tool *out,
			struct error *err)
{
	out->row = store_column_int(q, 0);
	out->size = (uint64_t)store_column_int(q, 4);
	out->added = store_column_int(q, 5);
	out->published = store_column_int(q, 6);
	return store_column_text(q, 1, out->version, sizeof(out->version), err) &&
	       store_column_text(q, 2, out->arch, sizeof(out->arch), err) &&
	       store_column_digest(q, 3, &out->digest, err);
}

bool store_each_tool(struct store *s,
		     bool (*each)(void *arg, const struct store_tool *t,
				  struct error *err),
		     void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_TOOL_EACH);
	struct store_tool t;
	bool has;

	while (store_row(&q, &has, err)) {
		if (!has)
			return true;
		if (!column_tool(&q, &t, err) || !each(arg, &t, err))
			return false;
	}
	return false;
}

bool store_tool_bytes(struct store *s, int64_t row, struct buf *out, struct error *err)
{
	return store_blob(s, SQL_TOOL_BYTES, row, "tool", out, err);
}

/* ---- the signed list ---- */

struct sums {
	const struct digest *list;
	struct bytes asc;
};

static bool put_sums(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_SUMS_ADD);
	const struct sums *sums = arg;

	store_bind_digest(&q, sums->list);
	store_bind_int(&q, time(NULL));
	store_bind_blob(&q, sums->asc.data, sums->asc.len);
	return store_run(&q, err) &&
	       store_log(s, "signed list", "SHA256SUMS", DIGEST_HEX(sums->list), err);
}

bool store_put_sums(struct store *s, const struct digest *list, const char *asc,
		    size_t len, struct error *err)
{
	return store_change(s, put_sums, &(struct sums){list, {asc, len, NULL}}, err);
}

/* Rows never change: an empty one behind it takes a list out. */
static bool drop_sums(struct store *s, void *arg, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_SUMS_ADD);
	const struct sums *sums = arg;

	store_bind_digest(&q, sums->list);
	store_bind_int(&q, time(NULL));
	store_bind_blob(&q, "", 0);
	return store_run(&q, err) &&
	       store_log(s, "distrust", "tool/SHA256SUMS.asc", sums->asc.data, err);
}

bool store_drop_sums(struct store *s, const struct digest *list, const char *why,
		     struct error *err)
{
	return store_change(s, drop_sums,
			    &(struct sums){list, {why, strlen(why), NULL}}, err);
}

static struct store_sums column_sums(struct store_query *q)
{
	return (struct store_sums){
		.row = store_column_int(q, 0),
		.added = store_column_int(q, 1),
		.published = store_column_int(q, 2),
		.size = (uint64_t)store_column_int(q, 3),
	};
}

bool store_sums(struct store *s, const struct digest *list, bool published_only,
		struct store_sums *out, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_SUMS);

	store_bind_digest(&q, list);
	store_bind_int(&q, published_only);
	if (!store_one(&q, "signed list of these tools", err))
		return false;
	*out = column_sums(&q);
	return true;
}

bool store_newest_sums(struct store *s, struct store_sums *out, struct digest *list,
		       struct error *err)
{
	AUTO(store_query_clear)
	struct store_query q = store_query(s, SQL_SUMS_NEWEST);

	if (!store_one(&q, "signed list of tools", err) ||
	    !store_column_digest(&q, 4, list, err))
		return false;
	*out = column_sums(&q);
	return true;
}

bool store_sums_bytes(struct store *s, int64_t row, struct buf *out, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_SUMS_BYTES);

	store_bind_int(&q, row);
	if (!store_one(&q, "such signed list", err))
		return false;
	store_column_append(&q, 0, out);
	return buf_ok(out, err);
}
