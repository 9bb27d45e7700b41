/* SPDX-License-Identifier: Apache-2.0 */
/* The half of text.h that looks at bytes of unknown origin, and shows them. */
#include "core/text.h"

#include <stdio.h>

/*
 * Length of the UTF-8 sequence at s, 0 when it is none (RFC 3629 section 4: no
 * overlong forms, no surrogates, nothing above U+10FFFF).
 */
static size_t sequence(const unsigned char *s, size_t len, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : 4;
	uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);

	if ((n == 4 && s[0] >> 3 != 30) || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*point = c;
	return n;
}

/* Eight bytes at a time: a byte's top bit shows when it is set already, when taking
 * 0x20 borrows (below ' '), when adding 1 carries (DEL), or, once '"' or '\\' are made
 * zero, when taking 1 borrows. */
static bool is_plain_word(const char *s)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t w;

	memcpy(&w, s, sizeof(w));
	return !((w | (w - 0x20 * ones) | (w + ones) | ((w ^ '"' * ones) - ones) |
		  ((w ^ '\\' * ones) - ones)) &
		 0x80 * ones);
}

size_t text_plain(const char *s, size_t len)
{
	size_t n = 0;

	while (n + sizeof(uint64_t) <= len && is_plain_word(s + n))
		n += sizeof(uint64_t);
	while (n < len && s[n] >= 0x20 && s[n] <= 0x7e && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

bool text_is_utf8(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t point;

	for (size_t i = text_plain(s, len), n; i < len; i += n) {
		n = sequence(p + i, len - i, &point);
		if (!n)
			return false;
	}
	return true;
}

/* Eight bytes at a time: a byte's top bit shows when it is set already, when taking
 * 0x20 borrows (below ' '), or when adding 1 carries (DEL). */
bool text_is_printable(const char *s, size_t len)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t bad = 0, word;
	size_t i = 0;

	for (; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		bad |= word | (word - 0x20 * ones) | (word + ones);
	}
	for (; i < len; i++)
		bad |= (uint64_t)((unsigned char)(s[i] - 0x20) > 0x5e) << 7;
	return !(bad & 0x80 * ones);
}

/* Controls that a terminal obeys or that turn the reading direction. */
static bool misleads(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e ||
	       c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static void escape_bytes(const unsigned char *p, size_t n, struct buf *out)
{
	static const char known[] = "\n\t\r\\", letters[] = "ntr\\";
	const char *at = n == 1 && *p ? strchr(known, *p) : NULL;

	if (at)
		buf_printf(out, "\\%c", letters[at - known]);
	for (size_t i = 0; !at && i < n; i++)
		buf_printf(out, "\\x%02x", p[i]);
}

void text_escape(const char *s, size_t len, struct buf *out)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i = text_plain(s, len);

	buf_append(out, s, i);
	while (i < len) {
		uint32_t c = 0;
		size_t n = sequence(p + i, len - i, &c);

		if (!n || misleads(c) || c == '\\')
			escape_bytes(p + i, n ? n : 1, out);
		else
			buf_append(out, s + i, n);
		i += n ? n : 1;
	}
}

const char *text_safe(const char *s, char *out, size_t size)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(4 * strlen(s) + 1);

	text_escape(s, strlen(s), &b);
	snprintf(out, size, "%s", b.data ? b.data : "");
	if (b.len >= size && size > 4) {
		size_t len = size - 4;

		/* not within a UTF-8 sequence */
		while (len && (unsigned char)out[len] >> 6 == 2)
			len--;
		memcpy(out + len, "...", 4);
	}
	return out;
}

void text_percent(const char *s, const char *keep, struct buf *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
				    "yz0123456789-._~";

	for (; *s; s++)
		if (strchr(plain, *s) || strchr(keep, *s))
			buf_putc(out, *s);
		else
			buf_printf(out, "%%%02X", (unsigned char)*s);
}
