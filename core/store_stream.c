/* SPDX-License-Identifier: Apache-2.0 */
/* Large values of the store in pieces. */
#include "core/store_sql.h"
#include "core/text.h"

#include <stdlib.h>

enum { PIECE = 256 * 1024 };

static bool open_blob(struct store *s, enum store_blob what, int64_t row,
		      sqlite3_blob **out, struct error *err)
{
	static const struct {
		const char *table, *column;
	} blobs[] = {
		[STORE_BLOB_SIGNED] = {"signed", "asc"},
		[STORE_BLOB_TOOL] = {"tool", "bytes"},
		[STORE_BLOB_SUMS] = {"sums", "asc"},
		[STORE_BLOB_TARGET] = {"target", "bytes"},
		[STORE_BLOB_METADATA] = {"metadata", "bytes"},
	};

	return sqlite3_blob_open(s->db, "main", blobs[what].table, blobs[what].column,
				 row, 0, out) == SQLITE_OK ||
	       store_fail(s, err, blobs[what].table);
}

/* Where the text of a signed file ends. */
static bool end_of_text(struct store *s, int64_t row, int64_t *out, struct error *err)
{
	AUTO(store_query_clear) struct store_query q = store_query(s, SQL_SIGNED_END);

	store_bind_int(&q, row);
	if (!store_one(&q, "such signed file", err))
		return false;
	*out = store_column_int(&q, 0);
	return true;
}

static void blob_closep(sqlite3_blob **blob)
{
	sqlite3_blob_close(*blob);
	*blob = NULL;
}

/* SQLite steps over the pages of the text: nothing of it is copied. */
bool store_signatures(struct store *s, int64_t row, struct buf *out, struct error *err)
{
	AUTO(blob_closep) sqlite3_blob *blob = NULL;
	int64_t at, len;
	char *to;

	if (!end_of_text(s, row, &at, err) ||
	    !open_blob(s, STORE_BLOB_SIGNED, row, &blob, err))
		return false;
	len = sqlite3_blob_bytes(blob) - at;
	if (at < 0 || len <= 0)
		return error_set(err, ERR_FORMAT,
				 "store '%s' is damaged: no signature is behind a text",
				 TEXT_SAFE(s->path));
	to = buf_reserve(out, (size_t)len);
	if (!to)
		return buf_ok(out, err);
	if (sqlite3_blob_read(blob, to, (int)len, (int)at) != SQLITE_OK)
		return store_fail(s, err, NULL);
	buf_advance(out, (size_t)len);
	return true;
}

bool store_stream(struct store *s, enum store_blob what, int64_t row,
		  const struct sink *to, struct error *err)
{
	AUTO(blob_closep) sqlite3_blob *blob = NULL;
	char *piece = malloc(PIECE);
	bool ok = piece || error_set(err, ERR_SYSTEM, "no memory");
	int size;

	ok = ok && open_blob(s, what, row, &blob, err);
	size = ok ? sqlite3_blob_bytes(blob) : 0;
	for (int at = 0; ok && at < size; at += PIECE) {
		int len = size - at < PIECE ? size - at : PIECE;

		ok = sqlite3_blob_read(blob, piece, len, at) == SQLITE_OK ||
		     store_fail(s, err, NULL);
		ok = ok && sink_put(to, piece, (size_t)len, err);
	}
	free(piece);
	return ok;
}
