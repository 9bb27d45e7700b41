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
	ISSUER = 16, /* subpacket: a key id */
	FPR_BYTES = 20,
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

/* Does one of the subpackets (section 5.2.3.7) name this key as the issuer? */
static bool names_issuer(const unsigned char *s, size_t len, const char *fpr)
{
	size_t fpr_len = strlen(fpr);
	char issuer[2 * 8 + 1];

	while (len) {
		size_t octets = s[0] < 192 ? 1 : s[0] < 255 ? 2 : 5, n;

		if (len < octets)
			return false;
		n = octets == 1   ? s[0]
		    : octets == 2 ? ((size_t)(s[0] - 192) << 8) + s[1] + 192
				  : be32(s + 1);
		s += octets;
		len -= octets;
		if (!n || n > len)
			return false;
		if ((s[0] & 0x7f) == ISSUER && n == 9 && fpr_len >= 16) {
			text_hex(s + 1, 8, issuer);
			if (!strcasecmp(issuer, fpr + fpr_len - 16))
				return true;
		}
		s += n;
		len -= n;
	}
	return false;
}

bool pgp_packet_issued_by(const struct armor_packet *p, const char *fpr)
{
	size_t hashed, unhashed;

	if (p->tag != PGP_PACKET_SIGNATURE || p->len < 10 || p->body[0] != 4)
		return false;
	hashed = (size_t)(p->body[4] << 8 | p->body[5]);
	if (8 + hashed > p->len)
		return false;
	unhashed = (size_t)(p->body[6 + hashed] << 8 | p->body[7 + hashed]);
	return names_issuer(p->body + 6, hashed, fpr) ||
	       (8 + hashed + unhashed <= p->len &&
		names_issuer(p->body + 8 + hashed, unhashed, fpr));
}

static bool is_binding_type(unsigned type)
{
	return (type >= 0x10 && type <= 0x13) || type == 0x18;
}

/* A signature by the key itself over a user id or a subkey. */
static bool is_binding(const struct armor_packet *p, const char *fpr)
{
	return p->len > 1 && is_binding_type(p->body[1]) &&
	       pgp_packet_issued_by(p, fpr);
}

bool pgp_packet_bindings(const void *packets, size_t len, const char *fpr,
			 char problem[PGP_REASON_MAX], struct error *err)
{
	struct armor_packet p = EMPTY;
	char weak[16] = "", name[16];
	bool good = false, more = true;

	problem[0] = '\0';
	while (more && !problem[0]) {
		more = p.end < len;
		if (more && !armor_block_packet(packets, len, &p, err))
			return false;
		if (!more || p.tag == PGP_PACKET_USER_ID ||
		    p.tag == PGP_PACKET_SUBKEY) {
			/* the part before this packet ends: was it bound well? */
			if (weak[0] && !good)
				snprintf(
					problem, PGP_REASON_MAX,
					"its key binds itself with %s; renew that: gpg "
					"--cert-digest-algo SHA512 --quick-set-expire "
					"%s 2y",
					weak, fpr);
			weak[0] = '\0';
			good = false;
		}
		if (!more || !is_binding(&p, fpr))
			continue;
		if (pgp_policy_digest(p.body[3], name))
			good = true;
		else
			memcpy(weak, name, sizeof(weak));
	}
	return true;
}

/* Version 4 has type and digest in front; version 3 is older than what is allowed. */
static bool is_weak_binding(const struct armor_packet *p)
{
	char name[16];

	if (p->tag != PGP_PACKET_SIGNATURE || p->len < 4)
		return false;
	if (p->body[0] < 4)
		return is_binding_type(p->body[2]);
	return is_binding_type(p->body[1]) && !pgp_policy_digest(p->body[3], name);
}

bool pgp_packet_strip(const void *packets, size_t len, struct buf *out,
		      struct error *err)
{
	struct armor_packet p = EMPTY;

	while (p.end < len) {
		if (!armor_block_packet(packets, len, &p, err))
			return false;
		if (!is_weak_binding(&p))
			buf_append(out, (const char *)packets + p.at, p.end - p.at);
	}
	return buf_ok(out, err);
}
