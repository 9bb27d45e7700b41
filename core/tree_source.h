/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_source: a published tree that somebody carried here: path -> bytes, from a
 * folder, a tar, an OCI layout or a server.
 *
 * Rule: nothing that comes from here is trusted; whoever asks checks what it gets
 * (tuf_client). A source itself refuses what no tree has: links, devices, names
 * with "..", a name twice, an archive that ends early.
 */
#ifndef CORE_TREE_SOURCE_H
#define CORE_TREE_SOURCE_H

#include "core/http.h"
#include "core/sink.h"

struct tree_source;

/*
 * "oci:DIR" or "oci:DIR:TAG", "http://..." or "https://...", a folder, or a tar file
 * (pax, ustar or GNU; plain or compressed by zstd). `options` are for servers.
 */
bool tree_source_open(const char *where, const struct http_options *options,
		      struct tree_source **out, struct error *err) MUST_CHECK;
void tree_source_close(struct tree_source *s);
void tree_source_closep(struct tree_source **s);

/* "folder 'x'", "server 'http://...'": for messages. */
const char *tree_source_name(const struct tree_source *s);

/* Append the bytes under `path`, as many as the buffer may hold: ERR_NOT_FOUND,
 * ERR_LIMIT; the buffer is as it was on failure. */
bool tree_source_get(struct tree_source *s, const char *path, struct buf *out,
		     struct error *err) MUST_CHECK;
/* The same into a descriptor, at most `max` bytes. */
bool tree_source_save(struct tree_source *s, const char *path, int fd, uint64_t max,
		      struct error *err) MUST_CHECK;

/* The same in pieces; not from a server. */
bool tree_source_stream(struct tree_source *s, const char *path, uint64_t max,
			const struct sink *to, struct error *err) MUST_CHECK;
/* Is it there? Servers are not asked: true. */
bool tree_source_has(const struct tree_source *s, const char *path) MUST_CHECK;
/* Is it a server? */
bool tree_source_remote(const struct tree_source *s) MUST_CHECK;

/* A relative path in its one spelling: no ".", "..", "//"; printable ASCII, at most
 * 1023 bytes. */
bool tree_source_is_path(const char *path) MUST_CHECK;

/* ---- for carriers ---- */

struct tree_source_ops {
	/* Local carriers: all of the bytes, no more than `max`. */
	bool (*stream)(void *carrier, const char *path, uint64_t max,
		       const struct sink *to, struct error *err);
	bool (*has)(void *carrier, const char *path);
	/* Servers, instead. */
	bool (*get)(void *carrier, const char *path, struct buf *out,
		    struct error *err);
	bool (*save)(void *carrier, const char *path, int fd, uint64_t max,
		     struct error *err);
	void (*close)(void *carrier);
};

/* Takes the carrier over, also on failure. `what`: "folder"; `where` is its name. */
bool tree_source_new(const struct tree_source_ops *ops, void *carrier, const char *what,
		     const char *where, struct tree_source **out,
		     struct error *err) MUST_CHECK;

/* Hand `fd` from its offset to its end to `to`; ERR_LIMIT over `max`. */
bool tree_source_pour(int fd, uint64_t max, const struct sink *to,
		      struct error *err) MUST_CHECK;

#endif
