/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_keyring.h"
#include "core/armor_block.h"
#include "core/file.h"
#include "core/pgp_packet.h"
#include "core/text.h"

static const char block_name[] = "PUBLIC KEY BLOCK";
static const char secret_block[] = "-----BEGIN PGP PRIVATE KEY BLOCK-----";

static bool refuse_secret(struct error *err)
{
	return error_set(err, ERR_FORMAT,
			 "it holds a secret key: give the public half alone (gpg "
			 "--armor --export)");
}

/* ---- what the packets say ---- */

static bool refuse_twice(const struct pgp_keyring *k, const struct pgp_subkey *first,
			 struct error *err)
{
	const char *key = k->keys[first->key].fpr;

	if (!strcmp(first->fpr, key))
		return error_set(err, ERR_CONFLICT, "the key %s is there twice", key);
	return error_set(err, ERR_CONFLICT,
			 "the subkey %s is there twice, first beneath the key %s",
			 first->fpr, key);
}

static bool add_part(struct pgp_keyring *k, const struct armor_packet *p,
		     struct error *err)
{
	struct pgp_subkey *s = &k->subkeys[k->subkey_count];

	if (k->subkey_count == PGP_SUBKEYS_MAX)
		return error_set(err, ERR_LIMIT, "more than %d subkeys",
				 PGP_SUBKEYS_MAX);
	if (!pgp_packet_key(p, s, err))
		return false;
	for (const struct pgp_subkey *t = k->subkeys; t < s; t++)
		if (!strcmp(t->fpr, s->fpr))
			return refuse_twice(k, t, err);
	s->key = k->key_count - 1;
	k->subkey_count++;
	return true;
}

static bool add_key(struct pgp_keyring *k, const struct armor_packet *p,
		    struct error *err)
{
	struct pgp_key *key = &k->keys[k->key_count];
	const struct pgp_subkey *primary = &k->subkeys[k->subkey_count];

	if (k->key_count == PGP_KEYS_MAX)
		return error_set(err, ERR_LIMIT, "more than %d keys", PGP_KEYS_MAX);
	k->key_count++;
	if (!add_part(k, p, err))
		return false;
	memcpy(key->fpr, primary->fpr, sizeof(key->fpr));
	memcpy(key->algorithm, primary->algorithm, sizeof(key->algorithm));
	key->created = primary->created;
	key->at = p->at;
	return true;
}

/* Of several bindings one with its own back signature is enough. */
static void look_at_signature(struct pgp_keyring *k, const struct armor_packet *p)
{
	struct pgp_subkey *s = &k->subkeys[k->subkey_count - 1];
	bool own;

	s->made_to_sign |= pgp_packet_lets_sign(p, k->keys[s->key].fpr);
	s->carries_revocation |= pgp_packet_type(p) == PGP_PACKET_REVOKE_SUBKEY;
	if (pgp_packet_signs_back(p, s->fpr, &own) && s->back != PGP_BACK_OWN)
		s->back = own ? PGP_BACK_OWN : PGP_BACK_FOREIGN;
}

static bool add_packet(struct pgp_keyring *k, const struct armor_packet *p,
		       struct error *err)
{
	struct pgp_key *key;

	if (p->tag == PGP_PACKET_KEY && !add_key(k, p, err))
		return false;
	if (p->tag == PGP_PACKET_SUBKEY && !add_part(k, p, err))
		return false;
	look_at_signature(k, p);
	key = &k->keys[k->key_count - 1];
	key->len = p->end - key->at;
	if (p->tag == PGP_PACKET_USER_ID && !*key->uid) {
		AUTO(text_freep) char *uid = text_dup((const char *)p->body, p->len);

		text_safe(uid ? uid : "", key->uid, sizeof(key->uid));
	}
	return true;
}

/* Of what kind the packets are: nothing but this is known of what gpgv gets. */
static bool check_tags(const struct buf *packets, struct error *err)
{
	struct armor_packet p = EMPTY;

	while (p.end < packets->len) {
		if (!armor_block_packet(packets->data, packets->len, &p, err))
			return false;
		if (p.tag == PGP_PACKET_SECRET_KEY || p.tag == PGP_PACKET_SECRET_SUBKEY)
			return refuse_secret(err);
		if (!p.at && p.tag != PGP_PACKET_KEY)
			return error_set(
				err, ERR_FORMAT,
				"it does not begin with a public key (packet tag %u)",
				p.tag);
	}
	return true;
}

static bool add_packets(struct pgp_keyring *k, struct error *err)
{
	struct armor_packet p = EMPTY;

	while (p.end < k->bytes.len)
		if (!armor_block_packet(k->bytes.data, k->bytes.len, &p, err) ||
		    !add_packet(k, &p, err))
			return false;
	for (size_t i = 0; i < k->key_count; i++)
		if (!pgp_packet_bindings(k->bytes.data + k->keys[i].at, k->keys[i].len,
					 k->keys[i].fpr, k->keys[i].problem, err))
			return false;
	return true;
}

/* ---- reading and writing ---- */

static bool read_bytes(const char *data, size_t len, struct buf *out, struct error *err)
{
	if (!len)
		return error_set(err, ERR_FORMAT, "it is empty");
	if (len >= sizeof(secret_block) && text_starts(data, secret_block))
		return refuse_secret(err);
	if (!(data[0] & 0x80))
		return armor_block_read(data, len, block_name, out, err);
	buf_append(out, data, len);
	return buf_ok(out, err);
}

bool pgp_keyring_begin(const void *data, size_t len, struct pgp_keyring *out,
		       struct error *err)
{
	AUTO(pgp_keyring_clear)
	struct pgp_keyring k = {.bytes = BUF_MAX(PGP_KEYRING_MAX),
				.for_gpg = BUF_MAX(PGP_KEYRING_MAX)};

	if (!read_bytes(data, len, &k.bytes, err) || !check_tags(&k.bytes, err) ||
	    !pgp_packet_strip(k.bytes.data, k.bytes.len, &k.for_gpg, err))
		return error_prefix(err, "keyring");
	*out = TAKE(k);
	return true;
}

bool pgp_keyring_finish(struct pgp_keyring *k, struct error *err)
{
	return add_packets(k, err) || error_prefix(err, "keyring");
}

bool pgp_keyring_parse(const void *data, size_t len, struct pgp_keyring *out,
		       struct error *err)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring k = EMPTY;

	if (!pgp_keyring_begin(data, len, &k, err) || !pgp_keyring_finish(&k, err))
		return false;
	*out = TAKE(k);
	return true;
}

bool pgp_keyring_begin_file(const char *path, struct pgp_keyring *out,
			    struct error *err)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(2 * PGP_KEYRING_MAX);

	return file_read(path, &b, err) &&
	       (pgp_keyring_begin(b.data, b.len, out, err) ||
		error_prefix(err, "'%s'", TEXT_SAFE(path)));
}

bool pgp_keyring_read(const char *path, struct pgp_keyring *out, struct error *err)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring k = EMPTY;

	if (!pgp_keyring_begin_file(path, &k, err))
		return false;
	if (!pgp_keyring_finish(&k, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(path));
	*out = TAKE(k);
	return true;
}

const struct pgp_subkey *pgp_keyring_part(const struct pgp_keyring *k, const char *fpr)
{
	for (size_t i = 0; i < k->subkey_count; i++)
		if (!strcmp(k->subkeys[i].fpr, fpr))
			return &k->subkeys[i];
	return NULL;
}

void pgp_keyring_clear(struct pgp_keyring *k)
{
	buf_clear(&k->bytes);
	buf_clear(&k->for_gpg);
	memset(k, 0, sizeof(*k));
}

bool pgp_keyring_write(const struct pgp_keyring *k, struct buf *out, struct error *err)
{
	armor_block_write(block_name, k->bytes.data, k->bytes.len, out);
	return buf_ok(out, err);
}
