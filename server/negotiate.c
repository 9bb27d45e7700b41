/* SPDX-License-Identifier: Apache-2.0 */
#include "server/negotiate.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

/* ---- dates ---- */

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const long_days[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
					 "Thursday", "Friday", "Saturday"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void negotiate_date(int64_t t, char out[NEGOTIATE_DATE_SIZE])
{
	struct tm tm;
	time_t when = (time_t)t;

	gmtime_r(&when, &tm);
	snprintf(out, NEGOTIATE_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT",
		 days[tm.tm_wday], (unsigned)tm.tm_mday % 100, months[tm.tm_mon],
		 (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
		 (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

/* Take `count` digits (a leading blank counts as 0 where `blank`). */
static bool digits(const char **s, int count, bool blank, int *out)
{
	int n = 0;

	for (int i = 0; i < count; i++) {
		char c = (*s)[i];

		if (blank && i == 0 && c == ' ')
			continue;
		if (c < '0' || c > '9')
			return false;
		n = n * 10 + (c - '0');
	}
	*s += count;
	*out = n;
	return true;
}

static bool word(const char **s, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(*s, text, len) != 0)
		return false;
	*s += len;
	return true;
}

static bool month(const char **s, int *out)
{
	for (int i = 0; i < 12; i++) {
		if (word(s, months[i])) {
			*out = i;
			return true;
		}
	}
	return false;
}

static bool day(const char **s, bool in_full)
{
	for (int i = 0; i < 7; i++)
		if (word(s, in_full ? long_days[i] : days[i]))
			return true;
	return false;
}

static bool clock_time(const char **s, struct tm *tm)
{
	return digits(s, 2, false, &tm->tm_hour) && word(s, ":") &&
	       digits(s, 2, false, &tm->tm_min) && word(s, ":") &&
	       digits(s, 2, false, &tm->tm_sec);
}

static bool imf_fixdate(const char *s, struct tm *tm)
{
	int year;

	if (!day(&s, false) || !word(&s, ", ") || !digits(&s, 2, false, &tm->tm_mday) ||
	    !word(&s, " ") || !month(&s, &tm->tm_mon) || !word(&s, " ") ||
	    !digits(&s, 4, false, &year) || !word(&s, " ") || !clock_time(&s, tm) ||
	    !word(&s, " GMT") || *s)
		return false;
	tm->tm_year = year - 1900;
	return true;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT"; more than 50 years ahead means the past. */
static bool rfc850(const char *s, int64_t now, struct tm *tm)
{
	time_t when = (time_t)now;
	struct tm today;
	int year;

	if (!day(&s, true) || !word(&s, ", ") || !digits(&s, 2, false, &tm->tm_mday) ||
	    !word(&s, "-") || !month(&s, &tm->tm_mon) || !word(&s, "-") ||
	    !digits(&s, 2, false, &year) || !word(&s, " ") || !clock_time(&s, tm) ||
	    !word(&s, " GMT") || *s)
		return false;
	gmtime_r(&when, &today);
	tm->tm_year = today.tm_year / 100 * 100 + year;
	if (tm->tm_year > today.tm_year + 50)
		tm->tm_year -= 100;
	return true;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool asctime_date(const char *s, struct tm *tm)
{
	int year;

	if (!day(&s, false) || !word(&s, " ") || !month(&s, &tm->tm_mon) ||
	    !word(&s, " ") || !digits(&s, 2, true, &tm->tm_mday) || !word(&s, " ") ||
	    !clock_time(&s, tm) || !word(&s, " ") || !digits(&s, 4, false, &year) || *s)
		return false;
	tm->tm_year = year - 1900;
	return true;
}

bool negotiate_undate(const char *s, int64_t now, int64_t *out)
{
	struct tm a = EMPTY, b = EMPTY, c = EMPTY, *tm;

	if (imf_fixdate(s, &a))
		tm = &a;
	else if (rfc850(s, now, &b))
		tm = &b;
	else if (asctime_date(s, &c))
		tm = &c;
	else
		return false;
	if (tm->tm_mday < 1 || tm->tm_mday > 31 || tm->tm_hour > 23 ||
	    tm->tm_min > 59 || tm->tm_sec > 60)
		return false;
	*out = (int64_t)timegm(tm);
	return true;
}

/* ---- lists: elements separated by commas, blanks around them ---- */

static const char *skip(const char *s)
{
	while (*s == ' ' || *s == '\t' || *s == ',')
		s++;
	return s;
}

static size_t trimmed(const char *s, size_t len)
{
	while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	return len;
}

static bool is(const char *s, size_t len, const char *name)
{
	return strlen(name) == len && !strncasecmp(s, name, len);
}

/* qvalue: "0" or "1", then up to three digits; anything else counts as 1. */
static unsigned quality(const char *s, const char *end)
{
	unsigned q, unit = 100;

	if (s == end || (*s != '0' && *s != '1'))
		return 1000;
	q = *s == '1' ? 1000 : 0;
	if (++s == end || *s != '.')
		return q;
	for (s++; s < end && *s >= '0' && *s <= '9' && unit; s++, unit /= 10)
		q += (unsigned)(*s - '0') * unit;
	return q > 1000 ? 1000 : q;
}

/* One element of Accept or Accept-Encoding: the name's length and its q. */
static const char *element(const char *s, size_t *name_len, unsigned *q)
{
	size_t len = strcspn(s, ",");
	const char *end = s + len, *p = memchr(s, ';', len);

	*name_len = trimmed(s, p ? (size_t)(p - s) : len);
	*q = 1000;
	for (; p; p = memchr(p, ';', (size_t)(end - p))) {
		p++;
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (end - p >= 2 && (*p == 'q' || *p == 'Q') && p[1] == '=')
			*q = quality(p + 2, end);
	}
	return end;
}

void negotiate_codings(const char *value, struct negotiate_codings *out)
{
	bool named[ENCODE_CODINGS] = EMPTY, starred = false;
	unsigned star = 0;

	*out = (struct negotiate_codings){.q = {[ENCODE_IDENTITY] = 1000}};
	if (!value)
		return;
	for (const char *s = skip(value); *s;) {
		size_t len;
		unsigned q;
		const char *next = element(s, &len, &q);

		for (int c = 0; c < ENCODE_CODINGS; c++) {
			if (is(s, len, encode_name((enum encode_coding)c)) ||
			    (c == ENCODE_GZIP && is(s, len, "x-gzip"))) {
				out->q[c] = q;
				named[c] = true;
			}
		}
		if (is(s, len, "*")) {
			star = q;
			starred = true;
		}
		s = skip(next);
	}
	for (int c = 0; c < ENCODE_CODINGS && starred; c++)
		if (!named[c])
			out->q[c] = star;
	/* not named and not excluded: acceptable, but after whatever was named */
	if (!named[ENCODE_IDENTITY] && !starred)
		out->q[ENCODE_IDENTITY] = 1;
}

bool negotiate_html(const char *accept)
{
	unsigned html = 0, json = 0;

	for (const char *s = skip(accept ? accept : ""); *s;) {
		size_t len;
		unsigned q;
		const char *next = element(s, &len, &q);

		if (is(s, len, "text/html"))
			html = q;
		if (is(s, len, "application/json") ||
		    is(s, len, "application/problem+json"))
			json = q;
		s = skip(next);
	}
	return html > json;
}

/* ---- conditions ---- */

/* Is the tag in the list? Weak tags match only where `weak`. */
static bool tag_in(const char *list, const char *etag, bool weak)
{
	size_t want = strlen(etag);

	for (const char *s = skip(list); *s; s = skip(s)) {
		bool is_weak = s[0] == 'W' && s[1] == '/';
		const char *close;

		if (*s == '*')
			return true;
		s += is_weak ? 2 : 0;
		close = *s == '"' ? strchr(s + 1, '"') : NULL;
		if (!close)
			return false;
		if ((weak || !is_weak) && (size_t)(close + 1 - s) == want &&
		    !memcmp(s, etag, want))
			return true;
		s = close + 1;
	}
	return false;
}

enum negotiate_condition negotiate_condition(const struct negotiate_headers *h,
					     const struct negotiate_validators *v)
{
	int64_t t;

	if (h->if_match) {
		if (!tag_in(h->if_match, v->etag, false))
			return NEGOTIATE_FAILED;
	} else if (h->if_unmodified_since &&
		   negotiate_undate(h->if_unmodified_since, v->now, &t) &&
		   v->modified > t) {
		return NEGOTIATE_FAILED;
	}
	if (h->if_none_match) {
		if (tag_in(h->if_none_match, v->etag, true))
			return NEGOTIATE_NOT_MODIFIED;
	} else if (h->if_modified_since &&
		   negotiate_undate(h->if_modified_since, v->now, &t) &&
		   v->modified <= t) {
		return NEGOTIATE_NOT_MODIFIED;
	}
	return NEGOTIATE_GO;
}

bool negotiate_if_range(const struct negotiate_headers *h,
			const struct negotiate_validators *v)
{
	int64_t t;

	if (!h->if_range)
		return true;
	if (h->if_range[0] == '"')
		return !strcmp(h->if_range, v->etag);
	/* a date is a strong validator only when the thing could not have changed
	 * twice within its second (section 8.8.2.2) */
	return negotiate_undate(h->if_range, v->now, &t) && t == v->modified &&
	       v->modified + 60 <= v->now;
}

/* ---- ranges ---- */

/* Decimal digits; a number that does not fit counts as the largest. */
static bool number(const char **s, uint64_t *out)
{
	uint64_t n = 0;
	bool any = false;

	for (; **s >= '0' && **s <= '9'; (*s)++) {
		unsigned d = (unsigned)(**s - '0');

		n = n > (UINT64_MAX - d) / 10 ? UINT64_MAX : n * 10 + d;
		any = true;
	}
	*out = n;
	return any;
}

enum negotiate_range negotiate_range(const char *value, uint64_t size, uint64_t *first,
				     uint64_t *last)
{
	uint64_t a = 0, b = 0;
	bool from, to;
	const char *s = value;

	if (!s || strncasecmp(s, "bytes=", 6) != 0)
		return NEGOTIATE_WHOLE;
	s += 6;
	from = number(&s, &a);
	if (*s++ != '-')
		return NEGOTIATE_WHOLE;
	to = number(&s, &b);
	if (*s || (!from && !to) || (from && to && b < a))
		return NEGOTIATE_WHOLE;
	if (!from) { /* the last b bytes */
		if (b == 0 || size == 0)
			return NEGOTIATE_UNSATISFIABLE;
		a = b < size ? size - b : 0;
		b = size - 1;
	}
	if (a >= size)
		return NEGOTIATE_UNSATISFIABLE;
	*first = a;
	*last = to && b < size ? b : size - 1;
	return NEGOTIATE_PART;
}
