/* SPDX-License-Identifier: Apache-2.0 */
/* One header value, read as each of the headers that negotiate.h knows: a range lies
 * within the size, a date that is read is written and read again as the same, a
 * condition holds for nothing that the value does not name. */
#include "core/text.h"
#include "server/negotiate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int64_t now = 1700000000;
static const char tag[] = "\"abc-gzip\"";

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void codings(const char *s)
{
	struct negotiate_codings c;

	negotiate_codings(s, &c);
	for (int i = 0; i < ENCODE_CODINGS; i++)
		check(c.q[i] <= 1000);
	/* what nobody named nor excluded stays acceptable */
	if (!strcasestr(s, "identity") && !strchr(s, '*'))
		check(c.q[ENCODE_IDENTITY] == 1);
	check(!negotiate_html(s) || strcasestr(s, "text/html"));
}

static void ranges(const char *s)
{
	static const uint64_t sizes[] = {0, 1, 100, UINT64_MAX};
	uint64_t first = 7, last = 7;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		switch (negotiate_range(s, sizes[i], &first, &last)) {
		case NEGOTIATE_PART:
			check(first <= last && last < sizes[i]);
			check(!strncasecmp(s, "bytes=", 6) && !strchr(s, ','));
			break;
		case NEGOTIATE_UNSATISFIABLE:
			check(!strncasecmp(s, "bytes=", 6));
			break;
		case NEGOTIATE_WHOLE:
			break;
		}
	}
}

static void dates(const char *s)
{
	const int64_t last = 253402300799; /* the end of 9999 */
	char text[NEGOTIATE_DATE_SIZE];
	int64_t t, again;

	if (!negotiate_undate(s, now, &t) || t > last)
		return;
	negotiate_date(t, text);
	check(negotiate_undate(text, now, &again) && again == t);
}

static void conditions(const char *s)
{
	const struct negotiate_validators v = {
		.etag = tag, .modified = 1e9, .now = now};
	bool named = strstr(s, tag) || strchr(s, '*');
	struct negotiate_headers h = {.if_none_match = s};
	int64_t t;

	switch (negotiate_condition(&h, &v)) {
	case NEGOTIATE_NOT_MODIFIED:
		check(named);
		break;
	case NEGOTIATE_GO:
		check(strcmp(s, tag) != 0 && strcmp(s, "*") != 0);
		break;
	case NEGOTIATE_FAILED:
		abort();
	}
	h = (struct negotiate_headers){.if_match = s};
	check(negotiate_condition(&h, &v) == NEGOTIATE_FAILED || named);
	h = (struct negotiate_headers){.if_modified_since = s};
	check((negotiate_condition(&h, &v) == NEGOTIATE_NOT_MODIFIED) ==
	      (negotiate_undate(s, now, &t) && v.modified <= t));
	h = (struct negotiate_headers){.if_range = s};
	check(!negotiate_if_range(&h, &v) || !strcmp(s, tag) ||
	      (negotiate_undate(s, now, &t) && t == v.modified));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(text_freep) char *s = text_dup((const char *)data, size);

	check(s != NULL);
	codings(s);
	ranges(s);
	dates(s);
	conditions(s);
	return 0;
}
