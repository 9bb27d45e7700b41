/* SPDX-License-Identifier: Apache-2.0 */
/* Large values of the store in pieces. */
#include "core/store_sql.h"

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

bool store_stream(struct store *s, enum store_blob what, int64_t row,
		  const struct sink *to, struct error *err)
{
	sqlite3_blob *blob = NULL;
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
	sqlite3_blob_close(blob);
	free(piece);
	return ok;
}
