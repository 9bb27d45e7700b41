/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/vouch.h"

#include "core/armor_block.h"
#include "core/pgp_packet.h"

#include <stdio.h>
#include <time.h>

bool vouch_load(struct store *s, struct vouch *out, struct error *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_MAX(PGP_KEYRING_MAX);
	unsigned threshold;

	if (!store_keyring(s, &bytes, err) || !store_threshold(s, &threshold, err))
		return false;
	out->policy = (struct pgp_policy){.threshold = threshold, .now = time(NULL)};
	if (!bytes.len)
		return error_set(err, ERR_NOT_FOUND,
				 "the store trusts no key yet: add one with "
				 "'fips-manifest key add FILE.asc'");
	if (!pgp_keyring_parse(bytes.data, bytes.len, &out->keyring, err) ||
	    !pgp_inspect(&out->keyring, err))
		return error_prefix(err, "the store's release keys");
	return true;
}

bool vouch_load_any(struct store *s, struct vouch *out, struct error *err)
{
	if (vouch_load(s, out, err))
		return true;
	if (err->code != ERR_NOT_FOUND)
		return false;
	error_clear(err);
	return true;
}

void vouch_clear(struct vouch *v)
{
	pgp_keyring_clear(&v->keyring);
}

static void join_signers(const struct pgp_verdict *verdict, struct vouched *out)
{
	size_t len = 0;

	for (size_t i = 0; i < verdict->count; i++) {
		const struct pgp_signature *s = &verdict->signatures[i];

		if (!s->counts)
			continue;
		if (s->expires && (!out->expires || s->expires < out->expires))
			out->expires = s->expires;
		if (len < sizeof(out->signers))
			len += (size_t)snprintf(out->signers + len,
						sizeof(out->signers) - len, "%s%s",
						len ? " " : "", s->primary);
	}
}

bool vouch_for(const struct vouch *v, const char *file, size_t len, struct vouched *out,
	       struct error *err)
{
	AUTO(armor_cut_clear) struct armor_cut cut = EMPTY;
	struct vouched result = EMPTY;
	struct pgp_verdict verdict;

	result.enough = pgp_verify_file(&v->keyring, &v->policy, file, len, &cut,
					&verdict, err);
	if (!result.enough && (err->code != ERR_UNTRUSTED || !verdict.distinct))
		return false;
	if (!result.enough)
		memcpy(result.why, err->msg, sizeof(result.why));
	result.owners = verdict.distinct;
	result.text = verdict.digest;
	join_signers(&verdict, &result);
	*out = result;
	return true;
}

bool vouch_changed(struct store *s, bool *changed, struct error *err)
{
	AUTO(buf_clear) struct buf now = BUF_MAX(PGP_KEYRING_MAX);
	AUTO(buf_clear) struct buf then = BUF_MAX(PGP_KEYRING_MAX);
	unsigned threshold, published;
	int64_t since;

	if (!store_keyring(s, &now, err) ||
	    !store_published_keyring(s, &then, &since, err) ||
	    !store_threshold(s, &threshold, err) ||
	    !store_published_threshold(s, &published, err))
		return false;
	*changed = threshold != published || now.len != then.len ||
		   (now.len && memcmp(now.data, then.data, now.len) != 0);
	return true;
}

static bool is_over(const struct vouch *v, int64_t expires)
{
	return expires && expires <= v->policy.now;
}

/* The part of the keyring that the signature names as its issuer. */
static const struct pgp_subkey *issuer(const struct vouch *v,
				       const struct armor_packet *p)
{
	for (size_t i = 0; i < v->keyring.subkey_count; i++)
		if (pgp_packet_issued_by(p, v->keyring.subkeys[i].fpr))
			return &v->keyring.subkeys[i];
	return NULL;
}

/* Whose signature it is; NULL: it holds no more, or its key does not. */
static const struct pgp_key *owner(const struct vouch *v, const struct armor_packet *p)
{
	const struct pgp_subkey *part = issuer(v, p);
	const struct pgp_key *k = part ? &v->keyring.keys[part->key] : NULL;

	if (!k || is_over(v, pgp_packet_expires(p)) || part->revoked ||
	    !part->can_sign || is_over(v, part->expires) || k->revoked || *k->problem ||
	    is_over(v, k->expires))
		return NULL;
	return k;
}

/* How many of those whom `signers` names; of all, when it is "". */
static size_t count_owners(const struct vouch *v, const struct buf *packets,
			   const char *signers)
{
	const struct pgp_key *seen[ARMOR_SIGNATURES_MAX];
	struct armor_packet p = EMPTY;
	struct error why = EMPTY;
	size_t count = 0;

	while (p.end < packets->len && count < ARRAY_LEN(seen) &&
	       armor_block_packet(packets->data, packets->len, &p, &why)) {
		const struct pgp_key *k = owner(v, &p);
		size_t i = 0;

		while (i < count && seen[i] != k)
			i++;
		if (k && i == count && (!*signers || strstr(signers, k->fpr)))
			seen[count++] = k;
	}
	return count;
}

bool vouch_stands(const struct vouch *v, struct store *s, const struct store_signed *f,
		  bool *out, struct error *err)
{
	AUTO(buf_clear) struct buf block = BUF_MAX(2 * ARMOR_PACKET_MAX);
	AUTO(buf_clear) struct buf packets = BUF_MAX(ARMOR_PACKET_MAX);
	struct error why = EMPTY;
	size_t count;

	if (!v->keyring.key_count) {
		*out = false;
		return true;
	}
	if (!store_signatures(s, f->row, &block, err))
		return false;
	*out = armor_packets(block.data, block.len, &packets, &count, &why) &&
	       count_owners(v, &packets, f->signers) >= v->policy.threshold;
	return true;
}
