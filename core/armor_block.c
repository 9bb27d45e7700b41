/* SPDX-License-Identifier: Apache-2.0 */
#include "core/armor_block.h"

#include "core/text.h"

enum {
	LINE = 64,     /* base64 characters in a line that we write */
	LINE_MAX = 76, /* and in one that we read (RFC 9580 section 6.2) */
};

/* ---- lines ---- */

bool armor_block_line(struct armor_cursor *c, struct armor_line *out)
{
	const char *lf =
		c->at < c->end ? memchr(c->at, '\n', (size_t)(c->end - c->at)) : NULL;

	c->number++;
	if (!lf)
		return false;
	*out = (struct armor_line){c->at, (size_t)(lf - c->at)};
	if (c->crlf && out->len && out->s[out->len - 1] == '\r')
		out->len--;
	c->at = lf + 1;
	return true;
}

bool armor_block_line_is(const struct armor_line *l, const char *s)
{
	return l->len == strlen(s) && !memcmp(l->s, s, l->len);
}

const char *armor_block_line_safe(const struct armor_line *l, char out[96])
{
	char head[41];
	size_t n = l->len < sizeof(head) ? l->len : sizeof(head) - 1;

	memcpy(head, l->s, n);
	head[n] = '\0';
	return text_safe(head, out, 96);
}

bool armor_block_expect(struct armor_cursor *c, const char *wanted, struct error *err)
{
	struct armor_line l;

	if (!armor_block_line(c, &l))
		return armor_block_refuse(err, c, "the file ends where '%s' must stand",
					  wanted);
	if (armor_block_line_is(&l, wanted))
		return true;
	if (!*wanted)
		return armor_block_refuse(err, c, "'%s' where an empty line must stand",
					  ARMOR_LINE_SAFE(&l));
	return armor_block_refuse(err, c, "'%s' where '%s' must stand",
				  ARMOR_LINE_SAFE(&l), wanted);
}

/* ---- base64 and CRC-24 (RFC 9580 section 6.1) ---- */

static unsigned crc24(const void *data, size_t len)
{
	const unsigned char *p = data;
	unsigned crc = 0xb704ce;

	while (len--) {
		crc ^= (unsigned)*p++ << 16;
		for (int i = 0; i < 8; i++)
			crc = crc << 1 ^ (crc & 0x800000 ? 0x1864cfb : 0);
	}
	return crc & 0xffffff;
}

static void put_crc(const void *data, size_t len, struct buf *out)
{
	unsigned crc = crc24(data, len);
	unsigned char bytes[] = {(unsigned char)(crc >> 16), (unsigned char)(crc >> 8),
				 (unsigned char)crc};

	buf_putc(out, '=');
	text_base64(bytes, sizeof(bytes), out);
}

static bool check_crc(const struct armor_cursor *c, const struct armor_line *l,
		      const void *data, size_t len, struct error *err)
{
	AUTO(buf_clear) struct buf want = BUF_MAX(8);

	put_crc(data, len, &want);
	if (!buf_ok(&want, err))
		return false;
	if (!armor_block_line_is(l, want.data))
		return armor_block_refuse(
			err, c, "the checksum '%s' does not fit the lines above",
			ARMOR_LINE_SAFE(l));
	return true;
}

static bool decode(const struct armor_cursor *c, struct buf *base64, struct buf *out,
		   struct error *err)
{
	if (!base64->len)
		return armor_block_refuse(err, c, "an empty block");
	return buf_ok(base64, err) &&
	       text_unbase64(base64->data, base64->len, out, err);
}

bool armor_block_body(struct armor_cursor *c, const char *end_line, struct buf *out,
		      struct error *err)
{
	AUTO(buf_clear) struct buf base64 = BUF_MAX(2 * (out->max - out->len) + 4);
	struct armor_line l, crc = EMPTY;
	size_t from = out->len;

	for (;;) {
		if (!armor_block_line(c, &l))
			return armor_block_refuse(err, c, "the file ends before '%s'",
						  end_line);
		if (armor_block_line_is(&l, end_line))
			break;
		if (!l.len || l.len > LINE_MAX || crc.len)
			return armor_block_refuse(err, c, "'%s' where '%s' must stand",
						  ARMOR_LINE_SAFE(&l), end_line);
		if (l.s[0] == '=')
			crc = l;
		else
			buf_append(&base64, l.s, l.len);
	}
	if (!decode(c, &base64, out, err))
		return error_prefix(err, "the block that ends in line %zu", c->number);
	return !crc.len || check_crc(c, &crc, out->data + from, out->len - from, err);
}

static bool is_header(const struct armor_line *l)
{
	const char *colon = memchr(l->s, ':', l->len);

	return colon && colon > l->s && colon + 1 < l->s + l->len && colon[1] == ' ';
}

bool armor_block_read(const char *file, size_t len, const char *what, struct buf *out,
		      struct error *err)
{
	AUTO(buf_clear)
	struct buf frame = BUF_MAX(128), data = BUF_MAX(out->max - out->len);
	struct armor_cursor c = {file, file + len, 0, true};
	const char *end_line;
	struct armor_line l;

	buf_printf(&frame, "-----BEGIN PGP %s-----", what);
	buf_putc(&frame, '\0');
	buf_printf(&frame, "-----END PGP %s-----", what);
	if (!buf_ok(&frame, err))
		return false;
	end_line = frame.data + strlen(frame.data) + 1;
	while (armor_block_line(&c, &l)) {
		if (!l.len)
			continue;
		if (!armor_block_line_is(&l, frame.data))
			return error_set(err, ERR_FORMAT,
					 "line %zu: '%s' where '%s' must stand",
					 c.number, ARMOR_LINE_SAFE(&l), frame.data);
		while (armor_block_line(&c, &l) && l.len && is_header(&l))
			;
		if (l.len)
			return error_set(
				err, ERR_FORMAT,
				"line %zu: '%s' where an empty line must stand",
				c.number, ARMOR_LINE_SAFE(&l));
		if (!armor_block_body(&c, end_line, &data, err))
			return false;
	}
	if (c.at != c.end)
		return error_set(err, ERR_FORMAT, "line %zu: no line feed at its end",
				 c.number);
	if (!data.len)
		return error_set(err, ERR_FORMAT, "no '%s'", frame.data);
	buf_append(out, data.data, data.len);
	return buf_ok(out, err);
}

void armor_block_write(const char *what, const void *data, size_t len, struct buf *out)
{
	AUTO(buf_clear) struct buf b64 = BUF_MAX(len / 3 * 4 + 8);

	text_base64(data, len, &b64);
	buf_printf(out, "-----BEGIN PGP %s-----\n\n", what);
	for (size_t at = 0; at < b64.len; at += LINE) {
		size_t n = b64.len - at < LINE ? b64.len - at : LINE;

		buf_append(out, b64.data + at, n);
		buf_putc(out, '\n');
	}
	put_crc(data, len, out);
	buf_printf(out, "\n-----END PGP %s-----\n", what);
	out->failed |= b64.failed;
}

/* ---- packets (RFC 9580 section 4.2) ---- */

/* The length octets at `s`: how many they are, 0 when they are not a length. */
static size_t read_length(const unsigned char *s, size_t have, bool old, size_t *out)
{
	static const size_t widths[] = {1, 2, 4, 0};
	size_t n, value = 0, skip = 1;

	if (old)
		n = widths[s[0] & 3], s++;
	else if (have >= 3 && s[1] >= 192 && s[1] < 224) {
		*out = ((size_t)(s[1] - 192) << 8) + s[2] + 192;
		return 2;
	} else {
		skip = have >= 2 && s[1] == 255 ? 2 : 1;
		n = have >= 2 && s[1] < 192 ? 1 : skip == 2 ? 4 : 0;
		s += skip;
	}
	if (!n || skip + n > have)
		return 0;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | s[i];
	*out = value;
	return skip - 1 + n;
}

bool armor_block_packet(const void *data, size_t len, struct armor_packet *p,
			struct error *err)
{
	const unsigned char *s = (const unsigned char *)data + p->end;
	size_t have = len - p->end, octets, body;

	if (!(s[0] & 0x80))
		return error_set(err, ERR_FORMAT, "byte %zu: not an OpenPGP packet",
				 p->end);
	octets = read_length(s, have, !(s[0] & 0x40), &body);
	if (!octets || body > have - 1 - octets)
		return error_set(err, ERR_FORMAT,
				 "byte %zu: a packet of no definite length, or cut off",
				 p->end);
	p->tag = s[0] & 0x40 ? s[0] & 0x3f : s[0] >> 2 & 15;
	p->body = s + 1 + octets;
	p->len = body;
	p->at = p->end;
	p->end += 1 + octets + body;
	return true;
}
