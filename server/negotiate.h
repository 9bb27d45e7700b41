/* SPDX-License-Identifier: Apache-2.0 */
/*
 * negotiate: what a request's headers ask for, by RFC 9110: content codings
 * (section 12.5.3), conditions (13), ranges (14), dates (5.6.7).
 *
 * Rules: pure functions of texts; a header that is not well-formed is read as
 * the RFC says: a condition that cannot be read is ignored, never guessed at.
 */
#ifndef SERVER_NEGOTIATE_H
#define SERVER_NEGOTIATE_H

#include "server/encode.h"

/* ---- dates: "Wed, 25 Aug 2021 00:00:00 GMT" ---- */

enum { NEGOTIATE_DATE_SIZE = 30 }; /* with the NUL */

void negotiate_date(int64_t t, char out[NEGOTIATE_DATE_SIZE]);
/* That form, and the two obsolete ones (RFC 850, asctime) that a recipient must
 * read; `now` decides the century of a two-digit year. */
bool negotiate_undate(const char *s, int64_t now, int64_t *out) MUST_CHECK;

/* ---- Accept-Encoding ---- */

/* Quality in thousandths; 0: not acceptable. `value` NULL: no such header, any
 * coding is acceptable but identity alone is wished. */
struct negotiate_codings {
	unsigned q[ENCODE_CODINGS];
};
void negotiate_codings(const char *value, struct negotiate_codings *out);

/* Does the Accept header want HTML rather than JSON (a browser's does)? */
bool negotiate_html(const char *accept) MUST_CHECK;

/* ---- conditions ---- */

struct negotiate_headers {
	const char *if_match, *if_none_match;
	const char *if_modified_since, *if_unmodified_since;
	const char *range, *if_range;
};

/* Of the selected representation. The tag is strong, with its quotes. */
struct negotiate_validators {
	const char *etag;
	int64_t modified;
	int64_t now;
};

enum negotiate_condition {
	NEGOTIATE_GO,
	NEGOTIATE_NOT_MODIFIED, /* 304 */
	NEGOTIATE_FAILED,       /* 412 */
};
/* The order of RFC 9110 section 13.2.2, for GET and HEAD. */
enum negotiate_condition negotiate_condition(const struct negotiate_headers *h,
					     const struct negotiate_validators *v);

/* Does If-Range (or its absence) let the Range count? */
bool negotiate_if_range(const struct negotiate_headers *h,
			const struct negotiate_validators *v) MUST_CHECK;

enum negotiate_range {
	NEGOTIATE_WHOLE,         /* no range, one that cannot be read, or several:
				  * a server may ignore them */
	NEGOTIATE_PART,          /* 206: first to last, inclusive */
	NEGOTIATE_UNSATISFIABLE, /* 416 */
};
enum negotiate_range negotiate_range(const char *value, uint64_t size, uint64_t *first,
				     uint64_t *last);

#endif
