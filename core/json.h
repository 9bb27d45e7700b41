/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: a strict reader and a canonical writer (RFC 8259).
 *
 * The canonical form, which docs/FORMAT.md states for strangers:
 * - objects with their keys in byte order, each key once;
 * - two spaces of indentation, "key": value, one member or element a line;
 *   an empty object is {} and an empty array is [];
 * - ASCII alone: other characters as \uXXXX with lower-case hex digits (pairs
 *   of surrogates above U+FFFF), and of the short escapes only \" and \\;
 *   control characters do not occur;
 * - integers alone, from -(2^53-1) to 2^53-1, without exponent or fraction;
 * - LF line ends, one LF at the end of the text.
 * It is what `jq -aS .` and Python's json.dumps(x, indent=2, sort_keys=True)
 * write, plus the LF. write(read(x)) == x byte for byte.
 *
 * This module alone includes <jansson.h>.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include "core/buf.h"

struct json_t; /* jansson's */

/* ---- reading ---- */

/* A parsed text; owns everything that a struct json points to. */
struct json_doc {
	struct json_t *root;
	bool canonical; /* lines can be told */
};

/* A place in a document, passed by value; borrowed from the struct json_doc. */
struct json {
	const struct json_doc *doc;
	struct json_t *value;
	/* where it is, for messages: in an object under `key`, in an array */
	struct json_t *parent; /* NULL: it is the root */
	const char *key;       /* lives at least as long as this place is used */
	size_t index;
};

enum json_kind {
	JSON_KIND_OBJECT,
	JSON_KIND_ARRAY,
	JSON_KIND_STRING,
	JSON_KIND_INTEGER,
	JSON_KIND_REAL,
	JSON_KIND_BOOL,
	JSON_KIND_NULL,
};

/* Any JSON text of at most `max` bytes: refuses duplicate keys, NUL, bad UTF-8,
 * anything behind the value and more than 64 levels, with the line. */
bool json_parse(const char *text, size_t len, size_t max, struct json_doc *out,
		struct error *err) MUST_CHECK;
/* The same, and the text must be canonical: else ERR_FORMAT with the first line
 * that is not. */
bool json_parse_canonical(const char *text, size_t len, size_t max,
			  struct json_doc *out, struct error *err) MUST_CHECK;
void json_doc_clear(struct json_doc *doc);
struct json json_root(const struct json_doc *doc);

enum json_kind json_kind(struct json v);
/* Members of an object or elements of an array; 0 for anything else. */
size_t json_count(struct json v);
/* Element i of an array; i < json_count(). */
struct json json_at(struct json array, size_t i);
/* Does the object have the member? */
bool json_has(struct json object, const char *key) MUST_CHECK;
/* The member, which json_has() said is there. */
struct json json_member(struct json object, const char *key);
/* Call `each` for the members of an object in byte order of their keys; stops
 * at the first false and returns it. Keys are NUL-terminated. */
bool json_each(struct json object,
	       bool (*each)(void *arg, const char *key, struct json value,
			    struct error *err),
	       void *arg, struct error *err) MUST_CHECK;

/* Refuse, with the line where it can be told ("line 12: ..."), as ERR_FORMAT. */
#define json_refuse(v, err, ...) (json_refuse_(v, err, __VA_ARGS__), false)
void json_refuse_(struct json v, struct error *err, const char *fmt, ...) PRINTF(3, 4);

/* Refuse a member of the object whose key is not in `keys` (NULL-terminated). */
bool json_only(struct json object, const char *const *keys,
	       struct error *err) MUST_CHECK;
/* The value itself, checked for its kind. */
bool json_as_object(struct json v, struct error *err) MUST_CHECK;
bool json_as_string(struct json v, const char **out, struct error *err) MUST_CHECK;
bool json_as_integer(struct json v, int64_t min, int64_t max, int64_t *out,
		     struct error *err) MUST_CHECK;
bool json_as_bool(struct json v, bool *out, struct error *err) MUST_CHECK;
/* A member of an object: missing or of another kind is ERR_FORMAT. Strings are
 * borrowed from the document and hold no NUL. */
bool json_get(struct json object, const char *key, enum json_kind kind,
	      struct json *out, struct error *err) MUST_CHECK;
bool json_get_string(struct json object, const char *key, const char **out,
		     struct error *err) MUST_CHECK;
bool json_get_integer(struct json object, const char *key, int64_t min, int64_t max,
		      int64_t *out, struct error *err) MUST_CHECK;
bool json_get_bool(struct json object, const char *key, bool *out,
		   struct error *err) MUST_CHECK;

/* ---- writing ---- */

/*
 * Writes one value to `out` as the calls come; the caller gives keys in byte
 * order (json_write_end() reports a violation: it is a defect, ERR_INTERNAL).
 * Text must be UTF-8; failure is sticky and told by json_write_end().
 *
 *     struct json_writer w = json_writer(&b);
 *     json_open(&w, NULL, '{');
 *     json_put_string(&w, "name", "kubelet");
 *     json_open(&w, "paths", '[');
 *     json_put_string(&w, NULL, "/usr/bin/kubelet");
 *     json_close(&w);
 *     json_close(&w);
 *     return json_write_end(&w, err);
 */
enum { JSON_DEPTH_MAX = 64 };

struct json_writer {
	struct buf *out;  /* NULL: of json_matcher() */
	const char *text; /* what json_matcher() was given, */
	size_t len;       /* its length, */
	size_t matched;   /* and as many of its bytes as were written again */
	unsigned depth;
	bool compact;    /* one line, for logs and lines of JSON; not canonical */
	bool controls;   /* \u00XX for control characters instead of a failure */
	const char *bad; /* why it failed, or NULL */
	enum error_code bad_code;
	struct {
		char kind; /* '{' or '[' */
		size_t members;
		size_t key_at, key_len; /* the last key as it stands in the output */
	} level[JSON_DEPTH_MAX];
};

struct json_writer json_writer(struct buf *out);
/* Writes nothing: what would be written is held against the text, and the first byte
 * that differs is ERR_FORMAT; a text of which something is left is, too. */
struct json_writer json_matcher(const char *text, size_t len);
/* `key` is NULL in an array and at the top. */
void json_open(struct json_writer *w, const char *key, char kind);
void json_close(struct json_writer *w);
void json_put_string(struct json_writer *w, const char *key, const char *value);
/* Omitted when value is NULL. */
void json_put_optional(struct json_writer *w, const char *key, const char *value);
void json_put_integer(struct json_writer *w, const char *key, int64_t value);
/* As text_time() has it. */
void json_put_time(struct json_writer *w, const char *key, int64_t t);
void json_put_bool(struct json_writer *w, const char *key, bool value);
void json_put_null(struct json_writer *w, const char *key);
/* A value that was read, whole, in canonical form. */
void json_put_value(struct json_writer *w, const char *key, struct json value);
/* Adds the LF. ERR_LIMIT, ERR_FORMAT (text that is not UTF-8 or has control
 * characters) or ERR_INTERNAL. */
bool json_write_end(struct json_writer *w, struct error *err) MUST_CHECK;

#endif
