/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: strict codecs between text and values, and predicates on text.
 *
 * Rule: every codec accepts exactly one spelling of a value, so that reading
 * and writing again gives the same bytes; predicates look at all of the text.
 * Lengths are explicit where the text may hold a NUL.
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include "core/buf.h"

/* ---- numbers, hex, base64 ---- */

/* Write 2 * len lower-case hex digits and a NUL to `out`. */
void text_hex(const void *data, size_t len, char *out);
/* Exactly 2 * len lower-case hex digits, nothing behind them. */
bool text_unhex(const char *hex, void *out, size_t len) MUST_CHECK;

/* RFC 4648 section 4, with padding, no line breaks. */
void text_base64(const void *data, size_t len, struct buf *out);
/* The same back: ERR_FORMAT for a foreign character, wrong padding or spare
 * bits that are not zero. */
bool text_unbase64(const char *s, size_t len, struct buf *out,
		   struct error *err) MUST_CHECK;

/* Decimal without sign, blanks or leading zeros, from min to max. */
bool text_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out) MUST_CHECK;

enum { TEXT_MODE_SIZE = 5 }; /* with the NUL */

/* The permission bits of a file, 07777, in four octal digits. */
void text_mode(unsigned mode, char out[TEXT_MODE_SIZE]);

/* ---- time: seconds since 1970 UTC as "2021-08-25T00:00:00Z" (RFC 3339) ---- */

enum { TEXT_TIME_SIZE = 21 }; /* with the NUL */

/* "" when `t` is not in the years 1970 to 9999. */
void text_time(int64_t t, char out[TEXT_TIME_SIZE]);
bool text_untime(const char *s, int64_t *out) MUST_CHECK;

/* ---- names that the project deals in ---- */

/* "8" or "8.4": major 6 to 99, minor without leading zero. */
bool text_is_el(const char *s) MUST_CHECK;
/* Does a statement for EL `wanted` ("8", "8.4") hold on a node that says
 * `actual` ("8", "8.4", "8.10")? "8" holds for every 8.x; "8.4" for 8.4 alone. */
bool text_el_covers(const char *wanted, const char *actual) MUST_CHECK;
/* "8" before "8.4" before "8.10" before "10": <0, 0, >0. Both must satisfy
 * text_is_el(). */
int text_el_cmp(const char *a, const char *b);
/* "v1.21.3", "v1.21.3-rc.0", "v1.21.3+fips.0": a "v" and Semantic Versioning
 * 2.0.0, at most 63 bytes. */
bool text_is_kubernetes(const char *s) MUST_CHECK;
/* Semantic Versioning order, then build metadata by bytes: <0, 0, >0. Both must
 * satisfy text_is_kubernetes(). */
int text_kubernetes_cmp(const char *a, const char *b);
/* Of an OpenPGP key: 40 or 64 upper-case hex digits. */
bool text_is_fingerprint(const char *s) MUST_CHECK;
/* "x86_64" or "aarch64". */
bool text_is_arch(const char *s) MUST_CHECK;
/* Starts with a letter or digit, then letters, digits and ._+-~^ , at most
 * `max` bytes. */
bool text_is_name(const char *s, size_t max) MUST_CHECK;
/* An absolute path in its one spelling: no "//", "." or "..", no "/" at the end
 * (save "/" itself), printable UTF-8, at most 1024 bytes. */
bool text_is_path(const char *s) MUST_CHECK;

/* ---- predicates and printing ---- */

bool text_is_utf8(const char *s, size_t len) MUST_CHECK;
/* The bytes that it begins with which neither text_escape() nor JSON escape:
 * printable ASCII without quotation mark and backslash. */
size_t text_plain(const char *s, size_t len);
/* Bytes 0x20 to 0x7e alone. */
bool text_is_printable(const char *s, size_t len) MUST_CHECK;
bool text_starts(const char *s, const char *prefix) MUST_CHECK;
bool text_ends(const char *s, const char *suffix) MUST_CHECK;

/* Append `s` so that a terminal or a log line cannot be misled by it: control
 * characters, DEL, backslash, C1 and bidirectional controls, and bytes that are
 * not UTF-8 become \n, \t, \\ or \xHH; other UTF-8 stays. */
void text_escape(const char *s, size_t len, struct buf *out);
/* The same for a string into a fixed array; cut with "..." when it is too long.
 * Returns `out`, for use as a printf argument. */
const char *text_safe(const char *s, char *out, size_t size);
#define TEXT_SAFE(s) text_safe(s, (char[256]){0}, 256)
/* Append `s` with everything percent-encoded but letters, digits and "-._~" (RFC 3986)
 * and the bytes in `keep`. A path becomes that of a URL with "/" kept: "+" is legal
 * there, and some servers take it for a blank. */
void text_percent(const char *s, const char *keep, struct buf *out);

/* A copy to be freed with free(); NULL only when there is no memory. */
char *text_dup(const char *s, size_t len) MUST_CHECK;

/* AUTO(text_freep) char *s = NULL; */
void text_freep(char **s);

#endif
