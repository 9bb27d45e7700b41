/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp.h"

#include "core/armor_block.h"
#include "core/pgp_home.h"
#include "core/pgp_policy.h"
#include "core/pgp_status.h"
#include "core/text.h"

#include <stdio.h>

enum { STATUS_MAX = 1 << 20 }; /* bytes of gpg's status lines */

#define reason_set(s, ...) snprintf((s)->reason, sizeof((s)->reason), __VA_ARGS__)
#define TIME(t) time_of(t, (char[TEXT_TIME_SIZE]){0})

static const char *time_of(int64_t t, char out[TEXT_TIME_SIZE])
{
	text_time(t, out);
	return out;
}

static const struct pgp_subkey *find_subkey(const struct pgp_keyring *k,
					    const char *fpr)
{
	for (size_t i = 0; i < k->subkey_count; i++)
		if (!strcmp(k->subkeys[i].fpr, fpr))
			return &k->subkeys[i];
	return NULL;
}

/* When the subkey's or its primary's time is over, whichever is first; 0: never. */
static int64_t expiry(const struct pgp_keyring *k, const struct pgp_subkey *sub)
{
	int64_t own = sub->expires, primary = k->keys[sub->key].expires;

	return own && (!primary || own < primary) ? own : primary;
}

/* The key has expired: since when, and is that after it signed? Only gpg can tell. */
static bool judge_expired(const struct pgp_keyring *k, const struct pgp_policy *policy,
			  struct pgp_signature *s)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring own = EMPTY;
	const struct pgp_subkey *sub;
	struct error why = EMPTY;

	reason_set(s, "its key has expired");
	if (!pgp_keyring_parse(k->bytes.data, k->bytes.len, &own, &why) ||
	    !pgp_inspect(&own, &why))
		return false;
	sub = find_subkey(&own, s->signer);
	if (!sub || !expiry(&own, sub))
		return false;
	reason_set(s, "its key expired on %s", TIME(expiry(&own, sub)));
	if (!policy->signed_before_expiry || s->created >= expiry(&own, sub))
		return false;
	s->reason[0] = '\0';
	return true;
}

/* Rule 3: what gpg says of the signature. */
static bool judge_status(const struct pgp_keyring *k, const struct pgp_policy *policy,
			 const struct pgp_subkey *sub, const struct pgp_status *status,
			 struct pgp_signature *s)
{
	switch (status->kind) {
	case PGP_STATUS_GOOD:
		return true;
	case PGP_STATUS_BAD:
		reason_set(s, "bad signature: the text or the signature was changed");
		break;
	case PGP_STATUS_NO_KEY:
		reason_set(s, "made by a key that is not in the keyring");
		break;
	case PGP_STATUS_EXPIRED:
		reason_set(s, "the signature expired on %s", TIME(s->expires));
		break;
	case PGP_STATUS_KEY_EXPIRED:
		return judge_expired(k, policy, s);
	case PGP_STATUS_KEY_REVOKED:
		s->revoked = true;
		reason_set(s, "its key is revoked");
		break;
	case PGP_STATUS_ERROR:
		/* gpg has a number for what has better words */
		if (sub && k->keys[sub->key].problem[0])
			reason_set(s, "%s", k->keys[sub->key].problem);
		else if (sub && s->created < sub->created)
			reason_set(s, "dated %s, before its key was made",
				   TIME(s->created));
		else
			reason_set(s, "gpg cannot judge it (its error %u)",
				   status->code);
	}
	return false;
}

/* Rules 4 to 6. */
static bool judge_policy(const struct pgp_keyring *k, const struct pgp_policy *policy,
			 const struct pgp_subkey *sub, bool digest_allowed,
			 struct pgp_signature *s)
{
	char name[sizeof(s->digest_algorithm)];

	memcpy(name, s->digest_algorithm, sizeof(name));
	if (!sub || !*s->primary)
		reason_set(s, "made by a key that is not in the keyring");
	else if (k->keys[sub->key].problem[0])
		reason_set(s, "%s", k->keys[sub->key].problem);
	else if (!digest_allowed)
		reason_set(s, "made with %s; SHA256, SHA384 and SHA512 are allowed",
			   name);
	else if (s->created > policy->now + PGP_SKEW)
		reason_set(s, "dated %s, which is in the future", TIME(s->created));
	else if (s->created < sub->created)
		reason_set(s, "dated %s, before its key was made", TIME(s->created));
	else
		return pgp_policy_verifies(sub->algorithm, s->reason) &&
		       pgp_policy_verifies(k->keys[sub->key].algorithm, s->reason);
	return false;
}

/* The key that a bad signature claims: gpg tells its id alone. */
static const struct pgp_subkey *find_claimed(const struct pgp_keyring *k,
					     const char *id)
{
	for (size_t i = 0; i < k->subkey_count; i++)
		if (strlen(id) >= 16 && text_ends(k->subkeys[i].fpr, id))
			return &k->subkeys[i];
	return NULL;
}

static void judge(const struct pgp_keyring *k, const struct pgp_policy *policy,
		  const struct pgp_status *from, unsigned digest,
		  struct pgp_signature *s)
{
	const struct pgp_subkey *sub = find_subkey(k, from->signer);
	const struct pgp_subkey *shown = sub ? sub : find_claimed(k, from->signer);
	bool allowed = pgp_policy_digest(digest, s->digest_algorithm);

	memcpy(s->signer, from->signer, sizeof(s->signer));
	snprintf(s->key_algorithm, sizeof(s->key_algorithm), "%s",
		 shown ? shown->algorithm : "unknown");
	s->created = from->created;
	s->expires = from->expires;
	if (shown)
		memcpy(s->uid, k->keys[shown->key].uid, sizeof(s->uid));
	/* that a subkey belongs to a primary is gpg's word, not the file's order */
	if (sub && !strcmp(k->keys[sub->key].fpr, from->primary))
		memcpy(s->primary, from->primary, sizeof(s->primary));
	s->counts = judge_status(k, policy, sub, from, s) &&
		    judge_policy(k, policy, sub, allowed, s);
}

/* Rule 8: one owner counts once, however many subkeys and signatures. */
static void count_owners(struct pgp_verdict *v)
{
	for (size_t i = 0; i < v->count; i++) {
		struct pgp_signature *s = &v->signatures[i];

		for (size_t j = 0; j < i && s->counts; j++)
			if (v->signatures[j].counts &&
			    !strcmp(v->signatures[j].primary, s->primary)) {
				s->counts = false;
				reason_set(s, "its owner is counted already");
			}
		v->distinct += s->counts;
	}
}

static bool decide(const struct pgp_verdict *v, struct error *err)
{
	const struct pgp_signature *s = v->signatures;

	if (v->distinct >= v->threshold && v->distinct)
		return true;
	while (s < v->signatures + v->count && s->counts)
		s++;
	if (s == v->signatures + v->count)
		return error_set(err, ERR_UNTRUSTED, "%zu of %zu owners have signed",
				 v->distinct, v->threshold);
	if (v->count == 1)
		return error_set(err, ERR_UNTRUSTED,
				 "the signature by %s does not count: %s", s->signer,
				 s->reason);
	return error_set(err, ERR_UNTRUSTED,
			 "%zu of %zu owners have signed; the signature by %s does not "
			 "count: %s",
			 v->distinct, v->threshold, s->signer, s->reason);
}

/* Judge all, in the order of the packets. gpg stops at a bad signature; whatever
 * good ones stand beside it, such a file was tampered with and vouches for nothing. */
static bool judge_all(const struct pgp_keyring *k, const struct pgp_policy *policy,
		      const struct pgp_status *from, size_t count,
		      const struct buf *packets, struct pgp_verdict *v,
		      struct error *err)
{
	struct armor_packet p = EMPTY;

	while (v->count < count && p.end < packets->len) {
		const struct pgp_status *s = &from[v->count];

		if (!armor_block_packet(packets->data, packets->len, &p, err))
			return false;
		judge(k, policy, s, p.body[3], &v->signatures[v->count++]);
		if (s->kind == PGP_STATUS_BAD)
			return error_set(err, ERR_UNTRUSTED,
					 "the signature by %s is bad: the text or the "
					 "signature was changed",
					 s->signer);
		if (s->digest && s->digest != p.body[3])
			return error_set(err, ERR_UNTRUSTED,
					 "gpg judged the signatures in another order");
	}
	if (v->count < count || p.end < packets->len)
		return error_set(err, ERR_UNTRUSTED,
				 "gpg told of %zu signatures and of no other", count);
	return true;
}

bool pgp_verify(const struct pgp_keyring *keyring, const struct pgp_policy *policy,
		const char *text, size_t text_len, const struct buf *packets,
		struct pgp_verdict *verdict, struct error *err)
{
	AUTO(buf_clear) struct buf checked = BUF_MAX(ARMOR_PACKET_MAX);
	AUTO(buf_clear) struct buf lines = BUF_MAX(STATUS_MAX);
	struct pgp_status status[ARMOR_SIGNATURES_MAX];
	size_t count;

	*verdict = (struct pgp_verdict){.threshold = policy->threshold};
	if (!policy->threshold)
		return error_set(err, ERR_USAGE, "a threshold is at least 1");
	if (!text_len || text[text_len - 1] != '\n')
		return error_set(err, ERR_UNTRUSTED,
				 "the text does not end in a line feed");
	if (!armor_packets(packets->data, packets->len, &checked, &count, err) ||
	    !pgp_home_verify(
		    &(struct pgp_home_job){
			    .engine = policy->engine,
			    .keyring = &keyring->bytes,
			    .text = text,
			    /* what was signed ends before the last LF (armor.h) */
			    .text_len = text_len - 1,
			    .signatures = &checked,
		    },
		    &lines, err) ||
	    !pgp_status_parse(lines.data, lines.len, status, &count, err) ||
	    !judge_all(keyring, policy, status, count, &checked, verdict, err))
		return false;
	count_owners(verdict);
	return decide(verdict, err);
}

bool pgp_verify_file(const struct pgp_keyring *keyring, const struct pgp_policy *policy,
		     const char *file, size_t len, struct armor_cut *cut,
		     struct pgp_verdict *verdict, struct error *err)
{
	AUTO(armor_cut_clear) struct armor_cut c = EMPTY;

	*verdict = (struct pgp_verdict){.threshold = policy->threshold};
	if (!armor_cut(file, len, &c, err) ||
	    !pgp_verify(keyring, policy, c.text, c.text_len, &c.packets, verdict, err))
		return false;
	*cut = TAKE(c);
	return true;
}
