/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest_field: structs described by tables, so that each rule of the format
 * stands in one place, and reading, writing, checking, comparing and freeing
 * follow it.
 *
 * Rules: a table lists the members of one JSON object in byte order of their
 * keys and ends with a field whose key is NULL. A member is there exactly when
 * its field says so: always, or when present() says yes, or (optional) when its
 * text is set or its list has elements. The modules manifest and release alone
 * include this.
 */
#ifndef CORE_MANIFEST_FIELD_H
#define CORE_MANIFEST_FIELD_H

#include "core/buf.h"
#include "core/digest.h"

enum manifest_field_type {
	MANIFEST_FIELD_TEXT,    /* char * */
	MANIFEST_FIELD_TIME,    /* int64_t; "2021-08-25T00:00:00Z" */
	MANIFEST_FIELD_DIGEST,  /* struct digest; 64 hex digits */
	MANIFEST_FIELD_SIZE,    /* uint64_t, to 2^53-1 */
	MANIFEST_FIELD_NUMBER,  /* unsigned, from min to max */
	MANIFEST_FIELD_MODE,    /* unsigned; "0755" */
	MANIFEST_FIELD_WORD,    /* an enum; one of `words` */
	MANIFEST_FIELD_FORMAT,  /* nothing; words[0] */
	MANIFEST_FIELD_STRINGS, /* struct manifest_strings; at most `max`, each ok() */
	MANIFEST_FIELD_OBJECT,  /* `inner`, whose offsets count from `at` */
	MANIFEST_FIELD_LIST, /* pointer at `at`, size_t at `count_at`; at most `max` */
};

struct manifest_field {
	const char *key;
	enum manifest_field_type type;
	size_t at; /* offset in the struct */
	bool optional;
	bool null; /* a text that is null in JSON when it is not set */
	bool (*present)(const void *base);
	bool (*ok)(const char *text); /* of a text or of each of the strings */
	const char *must;             /* what ok() asks for: "must be ..." */
	const char *const *words;     /* NULL-terminated */
	uint64_t min, max;            /* min of a list: in a release definition alone */
	const struct manifest_field *inner;
	size_t inner_size, count_at; /* of a list's element; of its counter */
};

/* Is the member there? */
bool manifest_field_has(const struct manifest_field *f, const void *base) MUST_CHECK;
/* Elements of a list or of strings; element i of a list. */
size_t manifest_field_count(const struct manifest_field *f, const void *base);
void *manifest_field_element(const struct manifest_field *f, const void *base,
			     size_t i);

/* Set a member that is not an object or list from its text, which for a
 * MANIFEST_FIELD_TEXT is not looked at yet. */
bool manifest_field_put(const struct manifest_field *f, const char *text, void *base,
			struct error *err) MUST_CHECK;
/* Make room in an empty list or empty strings; set string i. */
bool manifest_field_reserve(const struct manifest_field *f, size_t count, void *base,
			    struct error *err) MUST_CHECK;
/* One more element, zeroed, in a list or strings that only this made: in those of
 * manifest_field_reserve() there is no room. At most f->max: ERR_LIMIT. */
bool manifest_field_grow(const struct manifest_field *f, void *base,
			 struct error *err) MUST_CHECK;
bool manifest_field_put_item(const struct manifest_field *f, size_t i, const char *text,
			     void *base, struct error *err) MUST_CHECK;
/* The text of a time, digest, mode, word or format: a word itself or put in `room`;
 * NULL for a member of another type. */
enum { MANIFEST_CODED_SIZE = DIGEST_HEX_SIZE };
const char *manifest_field_coded(const struct manifest_field *f, const void *base,
				 char room[MANIFEST_CODED_SIZE]);
/* Append a member that is there as text for people: not an object, not a list. */
void manifest_field_text(const struct manifest_field *f, const void *base,
			 struct buf *out);

/* Hold a member against the table, not what is within an object or list. */
bool manifest_field_check_value(const struct manifest_field *f, const void *base,
				struct error *err) MUST_CHECK;
/* Hold a struct against the table; the error names the member:
 * "components[2]: files[0]: 'path' must be ...". */
bool manifest_field_check(const struct manifest_field *table, const void *base,
			  struct error *err) MUST_CHECK;
void manifest_field_clear(const struct manifest_field *table, void *base);

#endif
