/* SPDX-License-Identifier: Apache-2.0 */
#include "core/armor.h"

#include "core/armor_block.h"
#include "core/text.h"

#include <stdlib.h>

#define FRAME(what) "-----" what "-----"

enum {
	TAG_SIGNATURE = 2,
	TYPE_TEXT = 0x01,
};

/* The digests of a Hash: line with their numbers (RFC 9580 section 9.5). */
static const struct {
	const char *name;
	unsigned char number;
} digests[] = {{"SHA256", 8}, {"SHA384", 9}, {"SHA512", 10}};

/* What is not of the form vouches for nothing. */
static bool distrust(struct error *err)
{
	if (err->code == ERR_FORMAT || err->code == ERR_LIMIT)
		err->code = ERR_UNTRUSTED;
	return false;
}

struct span {
	const char *data;
	size_t len;
	unsigned char digest; /* its number */
};

static bool check_signature(const struct armor_packet *p, size_t number,
			    struct span *out, struct error *err)
{
	if (p->tag != TAG_SIGNATURE)
		return error_set(err, ERR_FORMAT,
				 "packet %zu of the signature block has tag %u and is "
				 "no signature",
				 number, p->tag);
	if (p->len < 6 || p->body[0] != 4)
		return error_set(
			err, ERR_FORMAT,
			"signature %zu is of version %u; only version 4 is read",
			number, p->len ? p->body[0] : 0);
	if (p->body[1] != TYPE_TEXT)
		return error_set(err, ERR_FORMAT,
				 "signature %zu is of type 0x%02x and not of a text "
				 "(0x01)",
				 number, p->body[1]);
	out->digest = p->body[3];
	return true;
}

/* All packets of `b` as spans in their order. */
static bool split_packets(const struct buf *b, struct span spans[ARMOR_SIGNATURES_MAX],
			  size_t *count, struct error *err)
{
	struct armor_packet p = EMPTY;
	size_t n = 0;

	while (p.end < b->len) {
		if (n == ARMOR_SIGNATURES_MAX)
			return error_set(err, ERR_FORMAT, "more than %d signatures",
					 ARMOR_SIGNATURES_MAX);
		if (!armor_block_packet(b->data, b->len, &p, err))
			return error_prefix(err, "signature block");
		if (!check_signature(&p, n + 1, &spans[n], err))
			return false;
		spans[n].data = b->data + p.at;
		spans[n++].len = p.end - p.at;
	}
	if (!n)
		return error_set(err, ERR_FORMAT, "no signature");
	*count = n;
	return true;
}

static const char signature_begin[] = FRAME("BEGIN PGP SIGNATURE");
static const char signature_end[] = FRAME("END PGP SIGNATURE");

/* Behind the BEGIN line to the end of the file. */
static bool read_signatures(struct armor_cursor *c, struct buf *out, struct error *err)
{
	struct armor_line l;

	if (!armor_block_line(c, &l) || l.len)
		return armor_block_refuse(
			err, c,
			"no empty line below '%s' (a 'Version:' or 'Comment:' "
			"header is not allowed)",
			signature_begin);
	if (!armor_block_body(c, signature_end, out, err))
		return false;
	c->number++;
	if (c->at != c->end)
		return armor_block_refuse(err, c,
					  "something stands behind the signature");
	return true;
}

static bool read_packets(const char *block, size_t len, struct buf *out, size_t *count,
			 struct error *err)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(ARMOR_PACKET_MAX);
	struct span spans[ARMOR_SIGNATURES_MAX];
	struct armor_cursor c = {block, block + len, 0, false};
	size_t n;

	if (!len)
		return error_set(err, ERR_FORMAT, "no signature");
	if (!(block[0] & 0x80)) {
		if (!armor_block_expect(&c, signature_begin, err) ||
		    !read_signatures(&c, &b, err))
			return false;
	} else if (len > ARMOR_PACKET_MAX)
		return error_set(err, ERR_FORMAT, "more than %d bytes of signatures",
				 ARMOR_PACKET_MAX);
	else
		buf_append(&b, block, len);
	if (!buf_ok(&b, err) || !split_packets(&b, spans, &n, err))
		return false;
	buf_append(out, b.data, b.len);
	if (!buf_ok(out, err))
		return false;
	*count = n;
	return true;
}

bool armor_packets(const char *block, size_t len, struct buf *out, size_t *count,
		   struct error *err)
{
	return read_packets(block, len, out, count, err) || distrust(err);
}

/* ---- the signed file ---- */

/* The line's digests as a bit set, bit i for digests[i]; 0 when it is none. */
static unsigned read_hash(const struct armor_line *l)
{
	static const char key[] = "Hash: ";
	size_t at = sizeof(key) - 1;
	unsigned set = 0;

	if (l->len < at || memcmp(l->s, key, at))
		return 0;
	while (at < l->len) {
		const char *comma = memchr(l->s + at, ',', l->len - at);
		size_t n = comma ? (size_t)(comma - l->s) - at : l->len - at;
		unsigned bit = 0;

		for (unsigned i = 0; i < ARRAY_LEN(digests); i++)
			if (n == strlen(digests[i].name) &&
			    !memcmp(l->s + at, digests[i].name, n))
				bit = 1u << i;
		if (!bit || (comma && comma + 1 == l->s + l->len))
			return 0;
		set |= bit;
		at += n + 1;
	}
	return set;
}

static unsigned digest_bit(unsigned char number)
{
	for (unsigned i = 0; i < ARRAY_LEN(digests); i++)
		if (digests[i].number == number)
			return 1u << i;
	return 0;
}

/* A line of a canonical text, or why it is not one. */
static const char *line_fault(const struct armor_line *l)
{
	if (l->len && l->s[0] == '-')
		return "begins with '-'";
	if (!text_is_printable(l->s, l->len))
		return "holds a byte that is not printable ASCII";
	if (l->len && l->s[l->len - 1] == ' ')
		return "ends in a blank";
	return NULL;
}

/* Up to the BEGIN line of the signatures, or to the end where `alone`. */
static bool read_text(struct armor_cursor *c, bool alone, size_t *len,
		      struct error *err)
{
	const char *from = c->at, *fault;
	struct armor_line l;

	while (armor_block_line(c, &l)) {
		if (!alone && armor_block_line_is(&l, signature_begin)) {
			*len = (size_t)(l.s - from);
			return *len ? true
				    : armor_block_refuse(err, c, "the text is empty");
		}
		fault = line_fault(&l);
		if (fault)
			return armor_block_refuse(
				err, c,
				"the signed text is not canonical: a line "
				"that %s",
				fault);
	}
	if (!alone)
		return armor_block_refuse(err, c, "the file ends before '%s'",
					  signature_begin);
	if (c->at != c->end || c->at == from)
		return armor_block_refuse(err, c,
					  "the text does not end in a line feed");
	*len = (size_t)(c->at - from);
	return true;
}

static bool read_head(struct armor_cursor *c, unsigned *hashes, struct error *err)
{
	struct armor_line l;

	if (!armor_block_expect(c, FRAME("BEGIN PGP SIGNED MESSAGE"), err))
		return error_prefix(err, "not a cleartext-signed file");
	if (!armor_block_line(c, &l))
		return armor_block_refuse(err, c,
					  "the file ends where 'Hash:' must stand");
	*hashes = read_hash(&l);
	if (!*hashes)
		return armor_block_refuse(
			err, c,
			"'%s' where 'Hash: ' with SHA256, SHA384 or SHA512 must "
			"stand",
			ARMOR_LINE_SAFE(&l));
	return armor_block_expect(c, "", err);
}

static bool cut(const char *file, size_t len, struct armor_cut *out, struct error *err)
{
	AUTO(buf_clear) struct buf packets = BUF_MAX(ARMOR_PACKET_MAX);
	struct span spans[ARMOR_SIGNATURES_MAX];
	struct armor_cursor c = {file, file + len, 0, false};
	size_t text_len, count;
	const char *text;
	unsigned hashes;

	if (!read_head(&c, &hashes, err))
		return false;
	text = c.at;
	if (!read_text(&c, false, &text_len, err) ||
	    !read_signatures(&c, &packets, err) ||
	    !split_packets(&packets, spans, &count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!(digest_bit(spans[i].digest) & hashes))
			return error_set(
				err, ERR_FORMAT,
				"signature %zu uses digest algorithm %u, which "
				"the 'Hash:' line does not name",
				i + 1, spans[i].digest);
	*out = (struct armor_cut){text, text_len, TAKE(packets), count};
	return true;
}

bool armor_cut(const char *file, size_t len, struct armor_cut *out, struct error *err)
{
	return cut(file, len, out, err) || distrust(err);
}

void armor_cut_clear(struct armor_cut *cut)
{
	buf_clear(&cut->packets);
	*cut = (struct armor_cut)EMPTY;
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* Sort, and keep one of those that are the same byte for byte. */
static size_t unique_spans(struct span *spans, size_t n)
{
	size_t kept = 1;

	qsort(spans, n, sizeof(*spans), compare_spans);
	for (size_t i = 1; i < n; i++)
		if (compare_spans(&spans[kept - 1], &spans[i]))
			spans[kept++] = spans[i];
	return kept;
}

static bool write_file(const char *text, size_t len, struct span *spans, size_t n,
		       struct buf *out, struct error *err)
{
	AUTO(buf_clear) struct buf packets = BUF_MAX(ARMOR_PACKET_MAX);
	unsigned set = 0;
	char comma = ' ';

	n = unique_spans(spans, n);
	for (size_t i = 0; i < n; i++) {
		unsigned bit = digest_bit(spans[i].digest);

		if (!bit)
			return error_set(
				err, ERR_FORMAT,
				"a signature uses digest algorithm %u; SHA256, "
				"SHA384 and SHA512 are allowed",
				spans[i].digest);
		set |= bit;
		buf_append(&packets, spans[i].data, spans[i].len);
	}
	if (!buf_ok(&packets, err))
		return false;
	buf_puts(out, FRAME("BEGIN PGP SIGNED MESSAGE") "\nHash:");
	for (unsigned i = 0; i < ARRAY_LEN(digests); i++)
		if (set >> i & 1) {
			buf_putc(out, comma);
			buf_puts(out, digests[i].name);
			comma = ',';
		}
	buf_puts(out, "\n\n");
	buf_append(out, text, len);
	armor_block_write("SIGNATURE", packets.data, packets.len, out);
	return buf_ok(out, err);
}

bool armor_write(const char *text, size_t len, const struct buf *packets,
		 struct buf *out, struct error *err)
{
	struct span spans[ARMOR_SIGNATURES_MAX];
	struct armor_cursor c = {text, text + len, 0, false};
	size_t count, whole;

	return (read_text(&c, true, &whole, err) &&
		split_packets(packets, spans, &count, err) &&
		write_file(text, len, spans, count, out, err)) ||
	       distrust(err);
}

bool armor_merge(const struct armor_cut *a, const struct armor_cut *b, struct buf *out,
		 struct error *err)
{
	struct span spans[2 * ARMOR_SIGNATURES_MAX];
	size_t x, y, n;

	if (a->text_len != b->text_len || memcmp(a->text, b->text, a->text_len))
		return error_set(err, ERR_MISMATCH, "the signed texts differ");
	if (!split_packets(&a->packets, spans, &x, err) ||
	    !split_packets(&b->packets, spans + x, &y, err))
		return false;
	n = unique_spans(spans, x + y);
	if (n > ARMOR_SIGNATURES_MAX)
		return error_set(err, ERR_LIMIT,
				 "together they have more than %d signatures",
				 ARMOR_SIGNATURES_MAX);
	return write_file(a->text, a->text_len, spans, n, out, err);
}
