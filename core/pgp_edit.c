/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_edit.h"

#include "core/armor.h"
#include "core/armor_block.h"
#include "core/pgp_packet.h"
#include "core/text.h"

#include <strings.h>

static const char block_begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n";

static bool is_fingerprint(const char *s)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	return !s[n] && (n == 40 || n == 64);
}

bool pgp_edit_find(const struct pgp_keyring *k, const char *fpr, size_t *at,
		   struct error *err)
{
	if (!is_fingerprint(fpr))
		return error_set(err, ERR_USAGE,
				 "'%s' is not a full fingerprint (40 hex digits)",
				 TEXT_SAFE(fpr));
	for (size_t i = 0; i < k->key_count; i++)
		if (!strcasecmp(k->keys[i].fpr, fpr)) {
			*at = i;
			return true;
		}
	return error_set(err, ERR_NOT_FOUND, "no key has the fingerprint %s", fpr);
}

/* Read it again, and by gpg: out is complete or untouched. */
static bool settle(const struct buf *bytes, struct pgp_keyring *out, struct error *err)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring k = EMPTY;

	if (!buf_ok(bytes, err) ||
	    !pgp_keyring_parse(bytes->data, bytes->len, &k, err) ||
	    !pgp_inspect(&k, err))
		return false;
	*out = TAKE(k);
	return true;
}

static void append_key(const struct pgp_keyring *k, size_t at, struct buf *out)
{
	buf_append(out, k->bytes.data + k->keys[at].at, k->keys[at].len);
}

/* A copy of key `at` of `ring` that is older than a revocation would undo it. */
static bool keep_revoked(const struct pgp_keyring *ring, size_t at,
			 const struct pgp_keyring *more, struct error *err)
{
	for (size_t i = 0; i < ring->subkey_count; i++) {
		const struct pgp_subkey *s = &ring->subkeys[i];
		const struct pgp_subkey *t = pgp_keyring_part(more, s->fpr);

		if (s->key == at && s->revoked && t && !t->revoked)
			return error_set(
				err, ERR_CONFLICT,
				"the %s %s is revoked and stays so: this copy of the "
				"key is older",
				strcmp(s->fpr, ring->keys[at].fpr) ? "subkey" : "key",
				s->fpr);
	}
	return true;
}

bool pgp_edit_join(const struct pgp_keyring *ring, const struct pgp_keyring *more,
		   struct pgp_keyring *out, struct error *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_MAX(PGP_KEYRING_MAX);
	bool placed[PGP_KEYS_MAX] = EMPTY;

	for (size_t i = 0; i < ring->key_count; i++) {
		const struct pgp_key *key = &ring->keys[i];
		size_t j = 0;

		while (j < more->key_count && strcmp(more->keys[j].fpr, key->fpr) != 0)
			j++;
		if (j == more->key_count) {
			append_key(ring, i, &bytes);
			continue;
		}
		if (!keep_revoked(ring, i, more, err))
			return false;
		append_key(more, j, &bytes);
		placed[j] = true;
	}
	for (size_t j = 0; j < more->key_count; j++)
		if (!placed[j])
			append_key(more, j, &bytes);
	return settle(&bytes, out, err);
}

bool pgp_edit_drop(const struct pgp_keyring *ring, size_t at, struct buf *out,
		   struct error *err)
{
	for (size_t i = 0; i < ring->key_count; i++)
		if (i != at)
			append_key(ring, i, out);
	return buf_ok(out, err);
}

/* ---- revocation ---- */

/* The revocations in the file: gpg's own carries text above the armor, and a key that
 * was exported after its revocation other packets. */
static bool read_certificate(const char *file, size_t len, struct buf *out,
			     struct error *err)
{
	AUTO(buf_clear) struct buf packets = BUF_MAX(PGP_KEYRING_MAX);
	struct armor_packet p = EMPTY;
	const char *begin = memmem(file, len, block_begin, sizeof(block_begin) - 1);

	if (len && file[0] & 0x80)
		buf_append(&packets, file, len);
	else if (!begin)
		return error_set(err, ERR_FORMAT, "no '%.*s' at the start of a line",
				 (int)sizeof(block_begin) - 2, block_begin);
	else if (begin > file && begin[-1] != '\n')
		return error_set(err, ERR_FORMAT,
				 "'%c' in front of the BEGIN line: remove it, as the "
				 "text above says, to use the certificate",
				 begin[-1]);
	else if (!armor_block_read(begin, len - (size_t)(begin - file),
				   "PUBLIC KEY BLOCK", &packets, err))
		return false;
	if (!buf_ok(&packets, err))
		return false;
	while (p.end < packets.len) {
		if (!armor_block_packet(packets.data, packets.len, &p, err))
			return false;
		if (pgp_packet_type(&p) == PGP_PACKET_REVOKE_KEY)
			buf_append(out, packets.data + p.at, p.end - p.at);
	}
	if (!buf_ok(out, err))
		return false;
	return out->len ? true
			: error_set(err, ERR_FORMAT,
				    "it is not a revocation certificate of a key, nor "
				    "a key that carries one");
}

/* `ring` with `packets` behind the primary key of key `at`, where revocations go. */
static bool insert(const struct pgp_keyring *ring, size_t at, const struct buf *packets,
		   struct pgp_keyring *out, struct error *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_MAX(PGP_KEYRING_MAX);
	struct armor_packet p = {.end = ring->keys[at].at};

	if (!armor_block_packet(ring->bytes.data, ring->bytes.len, &p, err))
		return false;
	buf_append(&bytes, ring->bytes.data, p.end);
	buf_append(&bytes, packets->data, packets->len);
	buf_append(&bytes, ring->bytes.data + p.end, ring->bytes.len - p.end);
	return settle(&bytes, out, err);
}

/* Append those of the revocations that say this key made them. */
static bool pick(const struct buf *packets, const char *fpr, struct buf *out,
		 struct error *err)
{
	struct armor_packet p = EMPTY;

	while (p.end < packets->len) {
		if (!armor_block_packet(packets->data, packets->len, &p, err))
			return false;
		if (pgp_packet_issued_by(&p, fpr))
			buf_append(out, packets->data + p.at, p.end - p.at);
	}
	return buf_ok(out, err);
}

/* The one key of `ring` that the revocations are of, and them to `out`. */
static bool find_revoked(const struct pgp_keyring *ring, const struct buf *packets,
			 size_t *at, struct buf *out, struct error *err)
{
	for (size_t i = 0; i < ring->key_count; i++) {
		size_t before = out->len;

		if (!pick(packets, ring->keys[i].fpr, out, err))
			return false;
		if (before && out->len > before)
			return error_set(
				err, ERR_CONFLICT,
				"it revokes more than one key, %s and %s: give "
				"the certificates one by one",
				ring->keys[*at].fpr, ring->keys[i].fpr);
		if (out->len > before)
			*at = i;
	}
	if (!out->len)
		return error_set(err, ERR_NOT_FOUND,
				 "the key that it revokes is not in the keyring");
	if (ring->keys[*at].revoked)
		return error_set(err, ERR_CONFLICT, "the key %s is revoked already",
				 ring->keys[*at].fpr);
	return true;
}

bool pgp_edit_revoke(const struct pgp_keyring *ring, const char *file, size_t len,
		     struct pgp_keyring *out, size_t *at, struct error *err)
{
	AUTO(buf_clear) struct buf packets = BUF_MAX(ARMOR_PACKET_MAX);
	AUTO(buf_clear) struct buf own = BUF_MAX(ARMOR_PACKET_MAX);
	AUTO(pgp_keyring_clear) struct pgp_keyring next = EMPTY;
	size_t i = 0;

	if (!read_certificate(file, len, &packets, err) ||
	    !find_revoked(ring, &packets, &i, &own, err) ||
	    !insert(ring, i, &own, &next, err))
		return false;
	if (!next.keys[i].revoked)
		return error_set(err, ERR_UNTRUSTED,
				 "the certificate names a key that did not make it");
	*at = i;
	*out = TAKE(next);
	return true;
}
