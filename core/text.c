/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void text_hex(const void *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

/* One more than the value of each digit, so that a table of few lines has 0 for all
 * that is none; upper case is another spelling and refused. */
static const unsigned char nibbles[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

static unsigned nibble(char c)
{
	return nibbles[(unsigned char)c];
}

bool text_unhex(const char *hex, void *out, size_t len)
{
	unsigned char *p = out;

	if (strnlen(hex, 2 * len + 1) != 2 * len)
		return false;
	for (size_t i = 0; i < 2 * len; i++)
		if (!nibble(hex[i]))
			return false;
	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)((nibble(hex[2 * i]) - 1) << 4 |
				       (nibble(hex[2 * i + 1]) - 1));
	return true;
}

static const char base64[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void text_base64(const void *data, size_t len, struct buf *out)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i += 3) {
		unsigned n = (unsigned)p[i] << 16;
		char quad[4];

		n |= i + 1 < len ? (unsigned)p[i + 1] << 8 : 0;
		n |= i + 2 < len ? (unsigned)p[i + 2] : 0;
		for (int k = 0; k < 4; k++)
			quad[k] = base64[n >> (18 - 6 * k) & 63];
		if (i + 1 >= len)
			quad[2] = '=';
		if (i + 2 >= len)
			quad[3] = '=';
		buf_append(out, quad, 4);
	}
}

static int sextet(char c)
{
	const char *at = c ? strchr(base64, c) : NULL;

	return at ? (int)(at - base64) : -1;
}

/* How many "=" end the text: 0, 1 or 2. */
static size_t padding(const char *s, size_t len)
{
	if (len < 4 || s[len - 1] != '=')
		return 0;
	return s[len - 2] == '=' ? 2 : 1;
}

bool text_unbase64(const char *s, size_t len, struct buf *out, struct error *err)
{
	size_t pad = padding(s, len), digits = len - pad;
	unsigned acc = 0, bits = 0;

	if (len % 4)
		return error_set(err, ERR_FORMAT,
				 "base64 length %zu is not a multiple of 4", len);
	for (size_t i = 0; i < digits; i++)
		if (sextet(s[i]) < 0)
			return error_set(err, ERR_FORMAT,
					 "byte %zu is not a base64 character", i);
	if (pad && (unsigned)sextet(s[digits - 1]) & (pad == 2 ? 15u : 3u))
		return error_set(err, ERR_FORMAT,
				 "base64 has spare bits that are not zero");
	for (size_t i = 0; i < digits; i++) {
		acc = acc << 6 | (unsigned)sextet(s[i]);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_putc(out, (char)(acc >> bits & 255));
		}
	}
	return buf_ok(out, err);
}

bool text_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!is_digit(s[0]) || (s[0] == '0' && s[1]))
		return false;
	for (; *s; s++) {
		unsigned d = (unsigned)(*s - '0');

		if (!is_digit(*s) || v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	if (v < min || v > max)
		return false;
	*out = v;
	return true;
}

void text_mode(unsigned mode, char out[TEXT_MODE_SIZE])
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (char)('0' + (mode >> (9 - 3 * i) & 7));
	out[4] = '\0';
}

void text_time(int64_t t, char out[TEXT_TIME_SIZE])
{
	time_t when = (time_t)t;
	struct tm tm = EMPTY;

	if (t < 0 || !gmtime_r(&when, &tm) ||
	    !strftime(out, TEXT_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out[0] = '\0';
}

/* The number of n digits at s. */
static int digits(const char *s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++)
		v = v * 10 + (s[i] - '0');
	return v;
}

bool text_untime(const char *s, int64_t *out)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	char again[TEXT_TIME_SIZE];
	struct tm tm;
	int64_t t;

	if (strnlen(s, sizeof(shape)) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? !is_digit(s[i]) : s[i] != shape[i])
			return false;
	tm = (struct tm){
		.tm_year = digits(s, 4) - 1900,
		.tm_mon = digits(s + 5, 2) - 1,
		.tm_mday = digits(s + 8, 2),
		.tm_hour = digits(s + 11, 2),
		.tm_min = digits(s + 14, 2),
		.tm_sec = digits(s + 17, 2),
	};
	t = (int64_t)timegm(&tm);
	text_time(t, again);
	if (strcmp(again, s)) /* 2021-02-30 and leap seconds come back changed */
		return false;
	*out = t;
	return true;
}

/* Skip one decimal number without leading zero; NULL when there is none. */
static const char *number(const char *s)
{
	if (!is_digit(*s))
		return NULL;
	if (*s == '0')
		return is_digit(s[1]) ? NULL : s + 1;
	while (is_digit(*s))
		s++;
	return s;
}

bool text_is_el(const char *s)
{
	const char *end = number(s);
	const char *minor;

	if (!end || end - s > 2 || strtol(s, NULL, 10) < 6)
		return false;
	if (!*end)
		return true;
	minor = *end == '.' ? number(end + 1) : NULL;
	return minor && !*minor && minor - end <= 3;
}

bool text_el_covers(const char *wanted, const char *actual)
{
	size_t len = strlen(wanted);

	if (!strcmp(wanted, actual))
		return true;
	return !strchr(wanted, '.') && !strncmp(wanted, actual, len) &&
	       actual[len] == '.';
}

int text_el_cmp(const char *a, const char *b)
{
	size_t am = strcspn(a, "."), bm = strcspn(b, ".");
	int c = (int)am - (int)bm; /* no leading zeros: longer is larger */

	if (!c)
		c = strncmp(a, b, am);
	if (c || !a[am] || !b[bm])
		return c ? c : (a[am] != 0) - (b[bm] != 0);
	c = (int)strlen(a) - (int)strlen(b);
	return c ? c : strcmp(a, b);
}

/* Skip the dot-separated identifiers of a pre-release or of build metadata. */
static const char *identifiers(const char *s, bool numbers_strict)
{
	for (;;) {
		const char *from = s;
		bool digits = true;

		for (; is_alnum(*s) || *s == '-'; s++)
			digits = digits && is_digit(*s);
		if (s == from)
			return NULL;
		if (numbers_strict && digits && *from == '0' && s - from > 1)
			return NULL;
		if (*s != '.')
			return s;
		s++;
	}
}

bool text_is_kubernetes(const char *s)
{
	if (strnlen(s, 64) > 63 || *s++ != 'v')
		return false;
	for (int i = 0; i < 3; i++) {
		const char *end = number(s);

		if (!end || end - s > 9 || (i < 2 && *end != '.'))
			return false;
		s = i < 2 ? end + 1 : end;
	}
	if (*s == '-')
		s = identifiers(s + 1, true);
	if (s && *s == '+')
		s = identifiers(s + 1, false);
	return s && !*s;
}

static int sign(long long a, long long b)
{
	return (a > b) - (a < b);
}

/* Compare one pre-release identifier of each side (Semantic Versioning 11.4). */
static int identifier_cmp(const char *a, size_t an, const char *b, size_t bn)
{
	bool a_num = strspn(a, "0123456789") >= an,
	     b_num = strspn(b, "0123456789") >= bn;
	int cmp;

	if (a_num != b_num)
		return a_num ? -1 : 1;
	if (a_num && an != bn)
		return sign((long long)an, (long long)bn);
	cmp = memcmp(a, b, an < bn ? an : bn);
	return cmp ? cmp : sign((long long)an, (long long)bn);
}

/* Compare pre-releases; `a` and `b` point at "-", "+" or the end. */
static int prerelease_cmp(const char *a, const char *b)
{
	if (*a != '-' || *b != '-')
		return sign(*a != '-', *b != '-');
	for (;;) {
		size_t an = strcspn(++a, ".+"), bn = strcspn(++b, ".+");
		int cmp = identifier_cmp(a, an, b, bn);

		a += an;
		b += bn;
		if (cmp || *a != '.' || *b != '.')
			return cmp ? cmp : sign(*a == '.', *b == '.');
	}
}

int text_kubernetes_cmp(const char *a, const char *b)
{
	const char *a_build = strchr(a, '+'), *b_build = strchr(b, '+');
	int cmp = 0;

	for (int i = 0; i < 3 && !cmp; i++) {
		const char *a_end = number(a + 1), *b_end = number(b + 1);

		cmp = identifier_cmp(a + 1, (size_t)(a_end - a - 1), b + 1,
				     (size_t)(b_end - b - 1));
		a = a_end;
		b = b_end;
	}
	if (!cmp)
		cmp = prerelease_cmp(a, b);
	if (cmp)
		return cmp;
	return strcmp(a_build ? a_build : "", b_build ? b_build : "");
}

bool text_is_fingerprint(const char *s)
{
	size_t len = strlen(s);

	return (len == 40 || len == 64) && strspn(s, "0123456789ABCDEF") == len;
}

bool text_is_arch(const char *s)
{
	return !strcmp(s, "x86_64") || !strcmp(s, "aarch64");
}

bool text_is_name(const char *s, size_t max)
{
	size_t len = strnlen(s, max + 1);

	if (len > max || !is_alnum(s[0]))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_alnum(s[i]) && !strchr("._+-~^", s[i]))
			return false;
	return true;
}

bool text_is_path(const char *s)
{
	size_t len = strnlen(s, 1025), plain = text_plain(s, len);
	const char *end;

	if (s[0] != '/' || len > 1024 || !text_is_utf8(s + plain, len - plain))
		return false;
	for (size_t i = plain; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	if (len == 1)
		return true;
	for (const char *at = s; *at; at = end) {
		size_t n;

		end = strchrnul(at + 1, '/');
		n = (size_t)(end - at - 1);
		if (n == 0 || (n == 1 && at[1] == '.') ||
		    (n == 2 && !strncmp(at + 1, "..", 2)))
			return false;
	}
	return true;
}

bool text_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool text_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len >= n && !strcmp(s + len - n, suffix);
}

char *text_dup(const char *s, size_t len)
{
	char *copy = malloc(len + 1);

	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

void text_freep(char **s)
{
	free(*s);
	*s = NULL;
}
