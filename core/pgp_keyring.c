/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_keyring.h"

#include "core/armor_block.h"
#include "core/file.h"
#include "core/pgp_home.h"
#include "core/pgp_policy.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>

static const char block_name[] = "PUBLIC KEY BLOCK";

enum {
	TAG_SIGNATURE = 2,
	TAG_SECRET_KEY = 5,
	TAG_PUBLIC_KEY = 6,
	TAG_SECRET_SUBKEY = 7,
	TAG_USER_ID = 13,
	TAG_SUBKEY = 14,
};

/* ---- what gpg says of each key ---- */

static void copy_subkey(gpgme_subkey_t from, size_t key, struct pgp_subkey *to)
{
	snprintf(to->fpr, sizeof(to->fpr), "%s", from->fpr ? from->fpr : "");
	pgp_home_algorithm(from, to->algorithm);
	to->created = from->timestamp;
	to->expires = from->expires;
	to->revoked = from->revoked;
	to->can_sign = from->can_sign;
	to->key = key;
}

static void copy_key(gpgme_key_t from, const struct pgp_subkey *primary,
		     struct pgp_key *to)
{
	const char *uid = "";

	for (gpgme_user_id_t u = from->uids; u; u = u->next)
		if (!u->revoked && !u->invalid && u->uid) {
			uid = u->uid;
			break;
		}
	memcpy(to->fpr, primary->fpr, sizeof(to->fpr));
	text_safe(uid, to->uid, sizeof(to->uid));
	memcpy(to->algorithm, primary->algorithm, sizeof(to->algorithm));
	to->created = primary->created;
	to->expires = primary->expires;
	to->revoked = primary->revoked;
}

static bool add_key(struct pgp_keyring *k, gpgme_key_t key, struct error *err)
{
	size_t first = k->subkey_count;

	if (k->key_count == PGP_KEYS_MAX)
		return error_set(err, ERR_LIMIT, "more than %d keys", PGP_KEYS_MAX);
	for (gpgme_subkey_t s = key->subkeys; s; s = s->next) {
		if (k->subkey_count == PGP_SUBKEYS_MAX)
			return error_set(err, ERR_LIMIT, "more than %d subkeys",
					 PGP_SUBKEYS_MAX);
		copy_subkey(s, k->key_count, &k->subkeys[k->subkey_count++]);
	}
	if (first == k->subkey_count || !k->subkeys[first].fpr[0])
		return error_set(err, ERR_FORMAT,
				 "gpg shows a key without fingerprint");
	for (size_t i = 0; i < k->key_count; i++)
		if (!strcmp(k->keys[i].fpr, k->subkeys[first].fpr))
			return error_set(err, ERR_CONFLICT, "the key %s is there twice",
					 k->keys[i].fpr);
	copy_key(key, &k->subkeys[first], &k->keys[k->key_count++]);
	return true;
}

static bool list_keys(struct pgp_keyring *k, struct error *err)
{
	gpgme_ctx_t ctx = k->home->ctx;
	gpgme_error_t why = gpgme_op_keylist_start(ctx, NULL, 0);
	gpgme_key_t key;
	bool ok = true;

	while (!why && ok) {
		why = gpgme_op_keylist_next(ctx, &key);
		if (why)
			break;
		ok = add_key(k, key, err);
		gpgme_key_unref(key);
	}
	(void)gpgme_op_keylist_end(ctx);
	if (ok && gpgme_err_code(why) != GPG_ERR_EOF)
		return pgp_home_error(err, why, "gpg cannot list the keys");
	return ok;
}

/* ---- what the packets say ---- */

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool check_packet(const struct armor_packet *p, bool first, struct error *err)
{
	if (p->tag == TAG_SECRET_KEY || p->tag == TAG_SECRET_SUBKEY)
		return error_set(
			err, ERR_FORMAT,
			"it holds a secret key: give the public half alone (gpg "
			"--export)");
	if (first && p->tag != TAG_PUBLIC_KEY)
		return error_set(err, ERR_FORMAT,
				 "it does not begin with a public key (packet tag %u)",
				 p->tag);
	return true;
}

/* Which packets belong to which key. gpg lists a keyring in its order. */
static bool find_packets(struct pgp_keyring *k, struct error *err)
{
	struct armor_packet p = EMPTY;
	size_t n = 0;

	while (p.end < k->bytes.len) {
		if (!armor_block_packet(k->bytes.data, k->bytes.len, &p, err) ||
		    !check_packet(&p, !n, err))
			return false;
		if (p.tag == TAG_PUBLIC_KEY) {
			if (p.len < 6 || p.body[0] != 4)
				return error_set(
					err, ERR_FORMAT,
					"key %zu is of version %u; only version "
					"4 is read",
					n + 1, p.len ? p.body[0] : 0);
			if (n == k->key_count ||
			    be32(p.body + 1) != (uint32_t)k->keys[n].created)
				return error_set(err, ERR_FORMAT,
						 "gpg does not accept key %zu in it",
						 n + 1);
			k->keys[n++].at = p.at;
		}
		k->keys[n - 1].len = p.end - k->keys[n - 1].at;
	}
	if (n != k->key_count || !n)
		return error_set(err, ERR_FORMAT, "gpg shows %zu keys of %zu",
				 k->key_count, n);
	return true;
}

/* Does one of the subpackets of a version 4 signature (RFC 9580 section 5.2.3) name
 * this key as its issuer? */
static bool issued_by(const unsigned char *s, size_t len, const char *fpr)
{
	char issuer[2 * 20 + 1];
	size_t fpr_len = strlen(fpr);

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
		if ((s[0] & 0x7f) == 16 && n == 9 && fpr_len >= 16) {
			text_hex(s + 1, 8, issuer);
			if (!strcasecmp(issuer, fpr + fpr_len - 16))
				return true;
		}
		s += n;
		len -= n;
	}
	return false;
}

static bool signature_issued_by(const struct armor_packet *p, const char *fpr)
{
	size_t hashed, unhashed;

	if (p->tag != TAG_SIGNATURE || p->len < 10 || p->body[0] != 4)
		return false;
	hashed = (size_t)(p->body[4] << 8 | p->body[5]);
	if (8 + hashed > p->len)
		return false;
	unhashed = (size_t)(p->body[6 + hashed] << 8 | p->body[7 + hashed]);
	return issued_by(p->body + 6, hashed, fpr) ||
	       (8 + hashed + unhashed <= p->len &&
		issued_by(p->body + 8 + hashed, unhashed, fpr));
}

bool pgp_keyring_issued(const struct buf *packets, const char *fpr)
{
	struct armor_packet p = EMPTY;
	struct error why = EMPTY;

	return packets->len &&
	       armor_block_packet(packets->data, packets->len, &p, &why) &&
	       signature_issued_by(&p, fpr);
}

/* Is this a signature by the key itself that binds a user id or a subkey? */
static bool is_binding(const struct armor_packet *p, const char *fpr)
{
	unsigned type = p->len > 1 ? p->body[1] : 0;

	return ((type >= 0x10 && type <= 0x13) || type == 0x18) &&
	       signature_issued_by(p, fpr);
}

bool pgp_keyring_check(const void *packets, size_t len, const char *fpr,
		       char problem[PGP_REASON_MAX], struct error *err)
{
	struct armor_packet p = EMPTY;
	char weak[16] = "", name[16];
	bool more = true;

	problem[0] = '\0';
	while (more && !problem[0]) {
		more = p.end < len;
		if (more && !armor_block_packet(packets, len, &p, err))
			return false;
		/* the part before this packet ends here: was it bound well? */
		if ((!more || p.tag == TAG_USER_ID || p.tag == TAG_SUBKEY) && weak[0])
			snprintf(problem, PGP_REASON_MAX,
				 "its key binds itself with %s; renew that: gpg "
				 "--cert-digest-algo SHA512 --quick-set-expire %s 2y",
				 weak, fpr);
		if (p.tag == TAG_USER_ID || p.tag == TAG_SUBKEY)
			weak[0] = '\0', name[0] = '\0';
		if (!more || !is_binding(&p, fpr))
			continue;
		if (pgp_policy_digest(p.body[3], name))
			weak[0] = '\0';
		else
			memcpy(weak, name, sizeof(weak));
	}
	return true;
}

static bool check_keys(struct pgp_keyring *k, struct error *err)
{
	for (size_t i = 0; i < k->key_count; i++)
		if (!pgp_keyring_check(k->bytes.data + k->keys[i].at, k->keys[i].len,
				       k->keys[i].fpr, k->keys[i].problem, err))
			return false;
	return true;
}

/* ---- reading and writing ---- */

static bool read_bytes(const char *data, size_t len, struct buf *out, struct error *err)
{
	if (!len)
		return error_set(err, ERR_FORMAT, "it is empty");
	if (text_starts(data, "-----BEGIN PGP PRIVATE KEY BLOCK-----"))
		return error_set(
			err, ERR_FORMAT,
			"it holds a secret key: give the public half alone (gpg "
			"--armor --export)");
	if (!(data[0] & 0x80))
		return armor_block_read(data, len, block_name, out, err);
	buf_append(out, data, len);
	return buf_ok(out, err);
}

bool pgp_keyring_parse_with(const char *engine, const void *data, size_t len,
			    struct pgp_keyring *out, struct error *err)
{
	AUTO(pgp_keyring_clear)
	struct pgp_keyring k = {.bytes = BUF_MAX(PGP_KEYRING_MAX)};

	if (!read_bytes(data, len, &k.bytes, err) ||
	    !pgp_home_open(engine, &k.bytes, &k.home, err) || !list_keys(&k, err) ||
	    !find_packets(&k, err) || !check_keys(&k, err))
		return error_prefix(err, "keyring");
	*out = TAKE(k);
	return true;
}

bool pgp_keyring_parse(const void *data, size_t len, struct pgp_keyring *out,
		       struct error *err)
{
	return pgp_keyring_parse_with(NULL, data, len, out, err);
}

bool pgp_keyring_read(const char *path, struct pgp_keyring *out, struct error *err)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(2 * PGP_KEYRING_MAX);

	return file_read(path, &b, err) &&
	       (pgp_keyring_parse(b.data, b.len, out, err) ||
		error_prefix(err, "'%s'", TEXT_SAFE(path)));
}

void pgp_keyring_clear(struct pgp_keyring *k)
{
	buf_clear(&k->bytes);
	pgp_home_closep(&k->home);
	memset(k, 0, sizeof(*k));
}

bool pgp_keyring_write(const struct pgp_keyring *k, struct buf *out, struct error *err)
{
	armor_block_write(block_name, k->bytes.data, k->bytes.len, out);
	return buf_ok(out, err);
}
