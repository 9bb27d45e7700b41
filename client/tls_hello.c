/* SPDX-License-Identifier: Apache-2.0 */
/*
 *     record     u8 type, u16 version, u16 length, bytes
 *     handshake  u8 type, u24 length, bytes; cut into records as the sender likes
 *     ServerHello  u16 version, 32 random, u8 + session id, u16 suite, u8 compression,
 *                  u16 + extensions
 *     HelloRetryRequest  a ServerHello with a random value of its own (RFC 8446 4.1.3)
 *     ServerKeyExchange of ECDHE  u8 3 (named curve), u16 group, ...  (RFC 8422 5.4)
 *
 * The key_share of a TLS 1.3 offer is empty, which asks the server to choose the group
 * by a HelloRetryRequest (RFC 8446 section 4.2.8); a server that refuses an empty one
 * is asked no other way.
 */
#include "client/tls_hello.h"

enum {
	RECORD_CHANGE_CIPHER = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_DATA = 23,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	SERVER_KEY_EXCHANGE = 12,
	SERVER_HELLO_DONE = 14,
	EXT_GROUPS = 10,
	EXT_POINT_FORMATS = 11,
	EXT_SIGNATURES = 13,
	EXT_MASTER_SECRET = 23,
	EXT_VERSIONS = 43,
	EXT_KEY_SHARE = 51,
	EXT_RENEGOTIATION = 0xff01,
	NAMED_CURVE = 3,
	RECORD_MAX = 16384 + 2048,
	MESSAGE_MAX = 131072,
};

static const struct tls_group groups[] = {
	{0x11ec, "X25519MLKEM768"},
	{0x11eb, "SecP256r1MLKEM768"},
	{0x11ed, "SecP384r1MLKEM1024"},
	{0x6399, "X25519Kyber768Draft00"},
	{29, "x25519"},
	{23, "secp256r1"},
	{24, "secp384r1"},
	{25, "secp521r1"},
	{30, "x448"},
	{31, "brainpoolP256r1tls13"},
	{32, "brainpoolP384r1tls13"},
	{33, "brainpoolP512r1tls13"},
	{26, "brainpoolP256r1"},
	{27, "brainpoolP384r1"},
	{28, "brainpoolP512r1"},
	{22, "secp256k1"},
	{21, "secp224r1"},
	{20, "secp224k1"},
	{19, "secp192r1"},
	{18, "secp192k1"},
	{17, "secp160r2"},
	{16, "secp160r1"},
	{15, "secp160k1"},
	{14, "sect571r1"},
	{13, "sect571k1"},
	{12, "sect409r1"},
	{11, "sect409k1"},
	{10, "sect283r1"},
	{9, "sect283k1"},
	{8, "sect239k1"},
	{7, "sect233r1"},
	{6, "sect233k1"},
	{5, "sect193r2"},
	{4, "sect193r1"},
	{3, "sect163r2"},
	{2, "sect163r1"},
	{1, "sect163k1"},
	{41, "curveSM2"},
	{0x0100, "ffdhe2048"},
	{0x0101, "ffdhe3072"},
	{0x0102, "ffdhe4096"},
	{0x0103, "ffdhe6144"},
	{0x0104, "ffdhe8192"},
};

const struct tls_group *tls_hello_groups(size_t *count)
{
	*count = ARRAY_LEN(groups);
	return groups;
}

const char *tls_hello_group_name(uint16_t id)
{
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (groups[i].id == id)
			return groups[i].name;
	return "unknown";
}

const char *tls_hello_version_name(uint16_t version)
{
	static const char *const names[] = {"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2",
					    "TLSv1.3"};

	if (version < TLS_HELLO_SSL3 || version > TLS_HELLO_13)
		return "unknown";
	return names[version - TLS_HELLO_SSL3];
}

/* ---- writing ---- */

static void put_u8(struct buf *b, unsigned v)
{
	buf_putc(b, (char)(v & 255));
}

static void put_u16(struct buf *b, unsigned v)
{
	put_u8(b, v >> 8);
	put_u8(b, v);
}

/* A length of `bytes` bytes that is not known yet; put_length() fills it in. */
static size_t begin_length(struct buf *b, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		put_u8(b, 0);
	return b->len;
}

static void put_length(struct buf *b, size_t from, size_t bytes)
{
	size_t len = b->len - from;

	for (size_t i = 0; i < bytes && !b->failed; i++)
		b->data[from - 1 - i] = (char)(len >> (8 * i) & 255);
}

static void put_list(struct buf *b, unsigned extension, const uint16_t *list, size_t n)
{
	size_t outer, inner;

	put_u16(b, extension);
	outer = begin_length(b, 2);
	inner = begin_length(b, 2);
	for (size_t i = 0; i < n; i++)
		put_u16(b, list[i]);
	put_length(b, inner, 2);
	put_length(b, outer, 2);
}

static void put_extensions_13(struct buf *b)
{
	put_u16(b, EXT_VERSIONS);
	put_u16(b, 3);
	put_u8(b, 2);
	put_u16(b, TLS_HELLO_13);
	put_u16(b, EXT_KEY_SHARE);
	put_u16(b, 2);
	put_u16(b, 0);
}

static void put_extensions_12(struct buf *b)
{
	put_u16(b, EXT_POINT_FORMATS);
	put_u16(b, 2);
	put_u16(b, 0x0100); /* one: uncompressed */
	put_u16(b, EXT_MASTER_SECRET);
	put_u16(b, 0);
	put_u16(b, EXT_RENEGOTIATION);
	put_u16(b, 1);
	put_u8(b, 0);
}

static void put_extensions(const struct tls_offer *o, struct buf *b)
{
	/* every scheme: a certificate must not be what hides a suite */
	static const uint16_t schemes[] = {
		0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809,
		0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201,
		0x0402, 0x0502, 0x0602, 0x0302, 0x0202, 0x081a, 0x081b, 0x081c,
	};
	size_t from = begin_length(b, 2);

	if (o->group_count)
		put_list(b, EXT_GROUPS, o->groups, o->group_count);
	if (o->version >= TLS_HELLO_12)
		put_list(b, EXT_SIGNATURES, schemes, ARRAY_LEN(schemes));
	if (o->version == TLS_HELLO_13)
		put_extensions_13(b);
	else
		put_extensions_12(b);
	put_length(b, from, 2);
}

void tls_hello_write(const struct tls_offer *o, const unsigned char random[32],
		     struct buf *b)
{
	bool is_13 = o->version == TLS_HELLO_13;
	size_t record, message, suites;

	put_u8(b, RECORD_HANDSHAKE);
	put_u16(b, o->version > TLS_HELLO_10 ? TLS_HELLO_10 : o->version);
	record = begin_length(b, 2);
	put_u8(b, CLIENT_HELLO);
	message = begin_length(b, 3);
	put_u16(b, is_13 ? TLS_HELLO_12 : o->version);
	buf_append(b, random, 32);
	put_u8(b, is_13 ? 32 : 0); /* a session id, as boxes in the middle expect */
	buf_append(b, random, is_13 ? 32 : 0);
	suites = begin_length(b, 2);
	for (size_t i = 0; i < o->suite_count; i++)
		put_u16(b, o->suites[i]);
	put_length(b, suites, 2);
	put_u16(b, 0x0100); /* one compression: none */
	if (o->version > TLS_HELLO_SSL3)
		put_extensions(o, b);
	put_length(b, message, 3);
	put_length(b, record, 2);
}

/* ---- reading ---- */

/* Bytes that are still to be read; running out is sticky. */
struct reader {
	const unsigned char *at;
	size_t left;
	bool short_of;
};

static const unsigned char *take(struct reader *r, size_t n)
{
	const unsigned char *at = r->at;

	if (n > r->left) {
		r->short_of = true;
		r->left = 0;
		return NULL;
	}
	r->at += n;
	r->left -= n;
	return at;
}

static unsigned take_number(struct reader *r, size_t bytes)
{
	const unsigned char *p = take(r, bytes);
	unsigned v = 0;

	for (size_t i = 0; p && i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

static struct reader take_sized(struct reader *r, size_t bytes)
{
	size_t n = take_number(r, bytes);
	const unsigned char *p = take(r, n);

	return (struct reader){p, p ? n : 0, !p};
}

static struct tls_answer foreign(void)
{
	return (struct tls_answer){.kind = TLS_ANSWER_FOREIGN};
}

/* The extensions that say version and group. */
static void read_extensions(struct reader *r, struct tls_answer *a)
{
	while (r->left) {
		unsigned type = take_number(r, 2);
		struct reader body = take_sized(r, 2);

		if (type == EXT_VERSIONS)
			a->version = (uint16_t)take_number(&body, 2);
		else if (type == EXT_KEY_SHARE)
			a->group = (uint16_t)take_number(&body, 2);
		r->short_of = r->short_of || body.short_of;
	}
}

static bool offered(const struct tls_offer *o, uint16_t suite)
{
	for (size_t i = 0; i < o->suite_count; i++)
		if (o->suites[i] == suite)
			return true;
	return false;
}

static struct tls_answer read_server_hello(const struct tls_offer *o, struct reader r)
{
	struct tls_answer a = {.kind = TLS_ANSWER_HELLO};
	struct reader session;

	a.version = (uint16_t)take_number(&r, 2);
	take(&r, 32);
	session = take_sized(&r, 1);
	a.suite = (uint16_t)take_number(&r, 2);
	take(&r, 1);
	if (r.left) {
		struct reader extensions = take_sized(&r, 2);

		read_extensions(&extensions, &a);
		r.short_of = r.short_of || extensions.short_of;
	}
	if (r.short_of || session.short_of || r.left || !offered(o, a.suite))
		return foreign();
	/* an older version than was offered is a choice: the caller sees it */
	return a.version >= TLS_HELLO_SSL3 && a.version <= o->version ? a : foreign();
}

/* What the handshake messages say that are whole. */
static struct tls_answer read_messages(const struct tls_offer *o, struct reader r,
				       bool group)
{
	struct tls_answer a = EMPTY;

	while (r.left >= 4) {
		unsigned type = r.at[0];
		struct reader peek = {r.at + 1, r.left - 1, false};
		size_t len = take_number(&peek, 3);
		struct reader body = {peek.at, len, false};

		if (len > MESSAGE_MAX ||
		    (a.kind == TLS_ANSWER_MORE && type != SERVER_HELLO))
			return foreign();
		if (len > peek.left)
			break;
		if (type == SERVER_HELLO && a.kind == TLS_ANSWER_MORE) {
			a = read_server_hello(o, body);
			if (a.kind != TLS_ANSWER_HELLO || !group ||
			    a.version == TLS_HELLO_13)
				return a;
		} else if (type == SERVER_KEY_EXCHANGE) {
			if (take_number(&body, 1) == NAMED_CURVE)
				a.group = (uint16_t)take_number(&body, 2);
			return body.short_of ? foreign() : a;
		} else if (type == SERVER_HELLO_DONE) {
			return a;
		}
		take(&r, 4 + len);
	}
	a.kind = TLS_ANSWER_MORE;
	return a;
}

/* One whole record: handshake bytes to `messages`, a fatal alert to *alert. */
static bool read_record(struct reader r, unsigned type, struct buf *messages,
			int *alert)
{
	enum { WARNING = 1, CLOSE_NOTIFY = 0 };

	if (type == RECORD_HANDSHAKE) {
		buf_append(messages, r.at, r.left);
		return true;
	}
	if (type != RECORD_ALERT || r.left != 2)
		return false;
	if (r.at[0] != WARNING || r.at[1] == CLOSE_NOTIFY)
		*alert = r.at[1];
	return true;
}

/* Can a record begin with it? What is encrypted comes behind a ServerHello alone. */
static bool is_record_type(unsigned type, const struct buf *messages)
{
	return type == RECORD_ALERT || type == RECORD_HANDSHAKE ||
	       (messages->len && (type == RECORD_CHANGE_CIPHER || type == RECORD_DATA));
}

/* All whole records, up to a fatal alert or what is encrypted. False: this is not
 * TLS. */
static bool read_records(struct reader *r, struct buf *messages, int *alert)
{
	while (r->left >= 5 && *alert < 0) {
		struct reader peek = *r;
		unsigned type = take_number(&peek, 1);
		unsigned version = take_number(&peek, 2);
		size_t len = take_number(&peek, 2);

		if (version >> 8 != 3 || len > RECORD_MAX ||
		    !is_record_type(type, messages))
			return false;
		if (len > peek.left || type == RECORD_CHANGE_CIPHER ||
		    type == RECORD_DATA)
			return true;
		peek.left = len;
		if (!read_record(peek, type, messages, alert))
			return false;
		take(r, 5 + len);
	}
	/* what can never become a record is known by its first byte */
	return r->left == 0 || *alert >= 0 || is_record_type(r->at[0], messages);
}

struct tls_answer tls_hello_read(const struct tls_offer *o, const void *data,
				 size_t len, bool group, bool ended)
{
	AUTO(buf_clear) struct buf messages = BUF_MAX(TLS_HELLO_ANSWER_MAX);
	struct reader r = {data, len, false};
	struct tls_answer a;
	int alert = -1;
	bool is_tls = read_records(&r, &messages, &alert);

	/* what the whole messages say holds, whatever comes behind them */
	a = read_messages(o,
			  (struct reader){(const unsigned char *)messages.data,
					  messages.len, false},
			  group);
	if (a.kind != TLS_ANSWER_MORE)
		return a;
	if (!is_tls || messages.failed)
		return foreign();
	if (a.suite && (ended || alert >= 0)) {
		a.kind = TLS_ANSWER_HELLO; /* it chose, and named no group */
		return a;
	}
	if (alert >= 0 || (ended && len == 0))
		return (struct tls_answer){.kind = TLS_ANSWER_REFUSED,
					   .alert = alert > 0 ? (uint8_t)alert : 0};
	return ended ? foreign() : a;
}
