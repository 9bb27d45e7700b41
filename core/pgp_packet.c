/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_packet.h"

#include "core/digest.h"
#include "core/pgp_policy.h"
#include "core/text.h"

#include <stdio.h>
#include <strings.h>

enum {
	KEY_HEAD = 6, /* version, date, algorithm */
	KEY_MAX = 65535,
	FPR_BYTES = 20,
	/* subpackets */
	CREATED = 2,
	LIFETIME = 3,
	ISSUER = 16,
	KEY_FLAGS = 27,
	EMBEDDED = 32,
	ISSUER_FPR = 33,
	FLAG_SIGN = 2,
	/* signatures */
	TYPE_SUBKEY = 0x18,
	TYPE_BACK = 0x19,
	TYPE_DIRECT = 0x1f,
};

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* ---- keys ---- */

/* The public-key algorithms with a size and with a curve (section 9.1). */
static const struct {
	unsigned char number;
	bool curve;
	const char *name;
} algorithms[] = {
	{1, false, "RSA"},      {2, false, "RSA"},   {3, false, "RSA"},
	{16, false, "ELG"},     {17, false, "DSA"},  {18, true, "ECDH"},
	{19, true, "ECDSA"},    {22, true, "EDDSA"}, {25, false, "X25519"},
	{27, false, "Ed25519"},
};

static const struct {
	unsigned char len;
	unsigned char oid[10];
	const char *name;
} curves[] = {
	{8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, "P-256"},
	{5, {0x2b, 0x81, 0x04, 0x00, 0x22}, "P-384"},
	{5, {0x2b, 0x81, 0x04, 0x00, 0x23}, "P-521"},
	{9, {0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01}, "Ed25519"},
	{10, {0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01}, "Cv25519"},
};

static void name_algorithm(const struct armor_packet *p, char out[16])
{
	const unsigned char *s = p->body + KEY_HEAD;
	size_t have = p->len - KEY_HEAD;

	snprintf(out, 16, "algorithm %u", p->body[5]);
	for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
		if (algorithms[i].number != p->body[5] || have < 2)
			continue;
		if (algorithms[i].curve)
			snprintf(out, 16, "%s", algorithms[i].name);
		else
			snprintf(out, 16, "%s%u", algorithms[i].name,
				 p->body[5] < 20 ? (unsigned)(s[0] << 8 | s[1]) : 0);
		for (size_t j = 0; j < ARRAY_LEN(curves) && algorithms[i].curve; j++)
			if (s[0] == curves[j].len && have > s[0] &&
			    !memcmp(s + 1, curves[j].oid, s[0]))
				snprintf(out, 16, "%s", curves[j].name);
	}
}

bool pgp_packet_key(const struct armor_packet *p, struct pgp_subkey *out,
		    struct error *err)
{
	AUTO(buf_clear) struct buf hashed = BUF_MAX(KEY_MAX + 3);
	unsigned char fpr[FPR_BYTES];

	if (p->len < KEY_HEAD || p->len > KEY_MAX)
		return error_set(err, ERR_FORMAT, "a key of %zu bytes", p->len);
	if (p->body[0] != 4)
		return error_set(err, ERR_FORMAT,
				 "a key of version %u; only version 4 is read",
				 p->body[0]);
	/* section 5.5.4.2 */
	buf_putc(&hashed, (char)0x99);
	buf_putc(&hashed, (char)(p->len >> 8));
	buf_putc(&hashed, (char)p->len);
	buf_append(&hashed, p->body, p->len);
	if (!buf_ok(&hashed, err) || !digest_sha1(hashed.data, hashed.len, fpr, err))
		return false;
	*out = (struct pgp_subkey){.created = be32(p->body + 1)};
	for (size_t i = 0; i < FPR_BYTES; i++)
		snprintf(out->fpr + 2 * i, 3, "%02X", fpr[i]);
	name_algorithm(p, out->algorithm);
	return true;
}

/* ---- signatures ---- */

const char pgp_packet_revocation[] =
	"its key carries a revocation that gpg passes over: by another key, out of its "
	"place, or of an unknown kind; ask its owner for a copy without it, or a new "
	"key";

/* Version 3 is older than what is allowed and has it one octet further. */
unsigned pgp_packet_type(const struct armor_packet *p)
{
	size_t at = p->len && p->body[0] < 4 ? 2 : 1;

	return p->tag == PGP_PACKET_SIGNATURE && p->len > at ? p->body[at] : 0;
}

/* The subpackets (section 5.2.3.7) of an area that are still to be read. */
struct area {
	const unsigned char *s;
	size_t len;
};

struct subpacket {
	unsigned type; /* without the bit of the critical ones */
	const unsigned char *data;
	size_t len;
};

static bool next_subpacket(struct area *a, struct subpacket *out)
{
	const unsigned char *s = a->s;
	size_t octets, n;

	if (!a->len)
		return false;
	octets = s[0] < 192 ? 1 : s[0] < 255 ? 2 : 5;
	if (a->len < octets)
		return false;
	n = octets == 1   ? s[0]
	    : octets == 2 ? ((size_t)(s[0] - 192) << 8) + s[1] + 192
			  : be32(s + 1);
	if (!n || n > a->len - octets)
		return false;
	*out = (struct subpacket){s[octets] & 0x7f, s + octets + 1, n - 1};
	a->s += octets + n;
	a->len -= octets + n;
	return true;
}

/* The hashed and the unhashed area of a version 4 signature. */
static bool read_areas(const struct armor_packet *p, struct area out[2])
{
	size_t hashed, unhashed;

	if (p->tag != PGP_PACKET_SIGNATURE || p->len < 10 || p->body[0] != 4)
		return false;
	hashed = (size_t)(p->body[4] << 8 | p->body[5]);
	if (8 + hashed > p->len)
		return false;
	unhashed = (size_t)(p->body[6 + hashed] << 8 | p->body[7 + hashed]);
	if (8 + hashed + unhashed > p->len)
		unhashed = 0;
	out[0] = (struct area){p->body + 6, hashed};
	out[1] = (struct area){p->body + 8 + hashed, unhashed};
	return true;
}

/* Does it name this key as the issuer? */
static bool is_issuer(const struct subpacket *s, const char *fpr)
{
	size_t fpr_len = strlen(fpr), skip = s->type == ISSUER_FPR;
	char issuer[2 * FPR_BYTES + 1];

	if (s->type == ISSUER ? s->len != 8
			      : s->type != ISSUER_FPR || s->len != 1 + FPR_BYTES)
		return false;
	text_hex(s->data + skip, s->len - skip, issuer);
	return fpr_len >= strlen(issuer) &&
	       !strcasecmp(issuer, fpr + fpr_len - strlen(issuer));
}

/* What it says of this key being the issuer: what is not signed of it, anybody may have
 * written, and it is asked only where nothing else tells. */
struct issue {
	bool named; /* some key is */
	bool by;    /* this one is */
};

static struct issue issue_of(const struct armor_packet *p, const char *fpr)
{
	struct issue is = EMPTY;
	struct subpacket s;
	struct area areas[2];

	if (!read_areas(p, areas))
		return is;
	for (size_t i = 0; i < ARRAY_LEN(areas) && !is.named; i++)
		while (next_subpacket(&areas[i], &s)) {
			is.named |= s.type == ISSUER || s.type == ISSUER_FPR;
			is.by |= is_issuer(&s, fpr);
		}
	return is;
}

bool pgp_packet_issued_by(const struct armor_packet *p, const char *fpr)
{
	return issue_of(p, fpr).by;
}

bool pgp_packet_signs_back(const struct armor_packet *p, const char *fpr, bool *own)
{
	bool found = false;
	struct subpacket s;
	struct area areas[2];

	if (!read_areas(p, areas) || pgp_packet_type(p) != TYPE_SUBKEY)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(areas); i++)
		while (next_subpacket(&areas[i], &s)) {
			const struct armor_packet back = {
				.tag = PGP_PACKET_SIGNATURE,
				.body = s.data,
				.len = s.len,
			};
			struct issue is;

			if (s.type != EMBEDDED || s.len < 2 || s.data[1] != TYPE_BACK)
				continue;
			is = issue_of(&back, fpr);
			*own = (found && *own) || is.by || !is.named;
			found = true;
		}
	return found;
}

/* What the flags that are signed say of a key or subkey (section 5.2.3.29). */
struct use {
	bool told, signs;
};

static struct use use_of(struct area hashed)
{
	struct use u = EMPTY;
	struct subpacket s;

	while (next_subpacket(&hashed, &s))
		if (s.type == KEY_FLAGS) {
			u.told = true;
			u.signs |= s.len && s.data[0] & FLAG_SIGN;
		}
	return u;
}

int64_t pgp_packet_expires(const struct armor_packet *p)
{
	int64_t created = 0, lifetime = 0;
	struct area areas[2];
	struct subpacket s;

	if (!read_areas(p, areas))
		return 0;
	while (next_subpacket(&areas[0], &s)) {
		if (s.type == CREATED && s.len == 4)
			created = be32(s.data);
		if (s.type == LIFETIME && s.len == 4)
			lifetime = be32(s.data);
	}
	return lifetime ? created + lifetime : 0;
}

static bool is_binding_type(unsigned type)
{
	return (type >= 0x10 && type <= 0x13) || type == TYPE_SUBKEY;
}

/* A signature by the key itself over a user id, a subkey or the key alone. */
static bool is_binding(const struct armor_packet *p, const char *fpr)
{
	return p->len > 1 &&
	       (is_binding_type(p->body[1]) || p->body[1] == TYPE_DIRECT) &&
	       pgp_packet_issued_by(p, fpr);
}

bool pgp_packet_lets_sign(const struct armor_packet *p, const char *fpr)
{
	struct area areas[2];
	struct use use;
	char name[16];

	if (!is_binding(p, fpr) || !read_areas(p, areas) ||
	    !pgp_policy_digest(p->body[3], name))
		return false;
	use = use_of(areas[0]);
	/* of the key alone, it may be about something else: a designated revoker */
	return use.signs || (!use.told && pgp_packet_type(p) != TYPE_DIRECT);
}

/* What one part of a key, up to the next user id or subkey, was seen to be signed
 * with: the weak digest's name, if any, and whether a good one stands beside it. */
struct bound {
	char weak[16];
	bool good, direct;
};

static void judge_part(const struct bound *b, const char *fpr,
		       char problem[PGP_REASON_MAX])
{
	/* of two self-signatures gpg takes the newer, which may be the weak one */
	if (!b->weak[0] || (b->good && !b->direct))
		return;
	if (b->direct)
		snprintf(problem, PGP_REASON_MAX,
			 "its key signs itself with %s, in a way that gpg cannot "
			 "renew: make a new key",
			 b->weak);
	else
		snprintf(problem, PGP_REASON_MAX,
			 "its key binds itself with %s; renew that: gpg "
			 "--cert-digest-algo SHA512 --quick-set-expire %s 2y",
			 b->weak, fpr);
}

/* gpg passes over a revocation by a designated revoker whose key it does not have, over
 * one that stands behind a user id or in front of the subkey that it is for, and over
 * one that says something critical in words unknown to it. */
static bool is_revocation(const struct armor_packet *p, bool behind_subkey)
{
	unsigned type = pgp_packet_type(p);

	return type == PGP_PACKET_REVOKE_KEY ||
	       (type == PGP_PACKET_REVOKE_SUBKEY && !behind_subkey);
}

static void look(const struct armor_packet *p, const char *fpr, struct bound *b)
{
	char name[16];

	if (!is_binding(p, fpr))
		return;
	b->direct = p->body[1] == TYPE_DIRECT;
	if (pgp_policy_digest(p->body[3], name))
		b->good = true;
	else
		memcpy(b->weak, name, sizeof(b->weak));
}

bool pgp_packet_bindings(const void *packets, size_t len, const char *fpr,
			 char problem[PGP_REASON_MAX], struct error *err)
{
	struct armor_packet p = EMPTY;
	struct bound b = EMPTY;
	bool subkeys = false;

	problem[0] = '\0';
	while (p.end < len && !problem[0]) {
		if (!armor_block_packet(packets, len, &p, err))
			return false;
		if (p.tag == PGP_PACKET_USER_ID || p.tag == PGP_PACKET_SUBKEY) {
			judge_part(&b, fpr, problem);
			b = (struct bound)EMPTY;
		}
		subkeys |= p.tag == PGP_PACKET_SUBKEY;
		look(&p, fpr, &b);
		if (is_revocation(&p, subkeys))
			snprintf(problem, PGP_REASON_MAX, "%s", pgp_packet_revocation);
	}
	if (!problem[0])
		judge_part(&b, fpr, problem);
	return true;
}

/* A binding that is not both ways: a signing subkey signs, too, that it belongs to the
 * key (section 5.2.1.10). Where that is missing, gpg shows the subkey and takes nothing
 * that it signs; of several it looks at one, so each needs an allowed digest. A subkey
 * that does not sign needs none. */
static bool is_one_way(const struct armor_packet *p)
{
	size_t back = 0, allowed = 0;
	struct subpacket s;
	struct area areas[2];
	struct use use;
	char name[16];

	if (!read_areas(p, areas))
		return false;
	use = use_of(areas[0]);
	for (size_t i = 0; i < ARRAY_LEN(areas); i++)
		while (next_subpacket(&areas[i], &s))
			if (s.type == EMBEDDED && s.len > 3) {
				back++;
				allowed += s.data[0] == 4 && s.data[1] == TYPE_BACK &&
					   pgp_policy_digest(s.data[3], name);
			}
	return (use.signs || !use.told) && (!back || allowed < back);
}

static bool is_weak_binding(const struct armor_packet *p)
{
	unsigned type = pgp_packet_type(p);
	char name[16];

	return is_binding_type(type) &&
	       (p->body[0] < 4 || p->len < 4 || !pgp_policy_digest(p->body[3], name) ||
		(type == TYPE_SUBKEY && is_one_way(p)));
}

bool pgp_packet_strip(const void *packets, size_t len, struct buf *out,
		      struct error *err)
{
	struct armor_packet p = EMPTY;

	while (p.end < len) {
		if (!armor_block_packet(packets, len, &p, err))
			return false;
		if (p.tag != PGP_PACKET_TRUST && !is_weak_binding(&p))
			buf_append(out, (const char *)packets + p.at, p.end - p.at);
	}
	return buf_ok(out, err);
}
