/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp.h"

#include "core/armor_block.h"
#include "core/pgp_home.h"
#include "core/pgp_policy.h"
#include "core/text.h"

#include <stdio.h>

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

/* Rule 3: gpg's own status of the signature. */
static bool judge_status(const struct pgp_keyring *k, const struct pgp_policy *policy,
			 const struct pgp_subkey *sub, gpgme_error_t status,
			 struct pgp_signature *s)
{
	char text[96] = "";

	switch (gpgme_err_code(status)) {
	case GPG_ERR_NO_ERROR:
		return true;
	case GPG_ERR_BAD_SIGNATURE:
		reason_set(s, "bad signature: the text or the signature was changed");
		break;
	case GPG_ERR_NO_PUBKEY:
		reason_set(s, "made by a key that is not in the keyring");
		break;
	case GPG_ERR_SIG_EXPIRED:
		reason_set(s, "the signature expired on %s", TIME(s->expires));
		break;
	case GPG_ERR_KEY_EXPIRED:
		if (sub && policy->signed_before_expiry && expiry(k, sub) &&
		    s->created < expiry(k, sub))
			return true;
		reason_set(s, "its key expired on %s",
			   sub ? TIME(expiry(k, sub)) : "an unknown date");
		break;
	case GPG_ERR_TIME_CONFLICT:
		reason_set(s, "dated %s, before its key was made", TIME(s->created));
		break;
	case GPG_ERR_CERT_REVOKED:
		reason_set(s, "its key is revoked");
		break;
	default:
		/* gpg says "bad public key" for a key whose fault has better words */
		if (sub && k->keys[sub->key].problem[0]) {
			reason_set(s, "%s", k->keys[sub->key].problem);
			break;
		}
		gpgme_strerror_r(status, text, sizeof(text));
		reason_set(s, "gpg cannot judge it: %s", text);
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
	if (!sub)
		reason_set(s, "made by a key that is not in the keyring");
	else if (k->keys[sub->key].problem[0])
		reason_set(s, "%s", k->keys[sub->key].problem);
	else if (k->keys[sub->key].revoked || sub->revoked)
		reason_set(s, "its key is revoked");
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
		  gpgme_signature_t from, unsigned digest, struct pgp_signature *s)
{
	const char *fpr = from->fpr ? from->fpr : "";
	const struct pgp_subkey *sub = find_subkey(k, fpr);
	const struct pgp_subkey *shown = sub ? sub : find_claimed(k, fpr);
	const char *algorithm = gpgme_pubkey_algo_name(from->pubkey_algo);
	bool allowed = pgp_policy_digest(digest, s->digest_algorithm);

	snprintf(s->signer, sizeof(s->signer), "%s", fpr);
	snprintf(s->key_algorithm, sizeof(s->key_algorithm), "%s",
		 shown       ? shown->algorithm
		 : algorithm ? algorithm
			     : "unknown");
	s->created = (int64_t)from->timestamp;
	s->expires = (int64_t)from->exp_timestamp;
	if (shown)
		memcpy(s->uid, k->keys[shown->key].uid, sizeof(s->uid));
	if (sub)
		memcpy(s->primary, k->keys[sub->key].fpr, sizeof(s->primary));
	s->counts = judge_status(k, policy, sub, from->status, s) &&
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
		      gpgme_signature_t from, const struct buf *packets,
		      struct pgp_verdict *v, struct error *err)
{
	struct armor_packet p = EMPTY;
	bool bad = false;

	for (; from && p.end < packets->len && !bad; from = from->next) {
		if (!armor_block_packet(packets->data, packets->len, &p, err))
			return false;
		bad = gpgme_err_code(from->status) == GPG_ERR_BAD_SIGNATURE;
		judge(k, policy, from, p.body[3], &v->signatures[v->count++]);
	}
	if (bad)
		return error_set(err, ERR_UNTRUSTED,
				 "the signature by %s is bad: the "
				 "text or the signature was changed",
				 v->signatures[v->count - 1].signer);
	if (from || p.end < packets->len)
		return error_set(err, ERR_UNTRUSTED,
				 "gpg judged %s signatures than "
				 "there are",
				 from ? "more" : "fewer");
	return true;
}

static bool run_gpg(gpgme_ctx_t ctx, const char *text, size_t text_len,
		    const struct buf *packets, struct error *err)
{
	AUTO(pgp_home_datap) gpgme_data_t signature = NULL, signed_text = NULL;
	gpgme_error_t why;

	if (!pgp_home_data(packets->data, packets->len, &signature, err) ||
	    !pgp_home_data(text, text_len, &signed_text, err))
		return false;
	why = gpgme_op_verify(ctx, signature, signed_text, NULL);
	return why ? pgp_home_error(err, why, "gpg cannot verify") : true;
}

bool pgp_verify(const struct pgp_keyring *keyring, const struct pgp_policy *policy,
		const char *text, size_t text_len, const struct buf *packets,
		struct pgp_verdict *verdict, struct error *err)
{
	AUTO(buf_clear) struct buf checked = BUF_MAX(ARMOR_PACKET_MAX);
	gpgme_ctx_t ctx = keyring->home->ctx;
	size_t count;

	*verdict = (struct pgp_verdict){.threshold = policy->threshold};
	if (!policy->threshold)
		return error_set(err, ERR_USAGE, "a threshold is at least 1");
	if (!text_len || text[text_len - 1] != '\n')
		return error_set(err, ERR_UNTRUSTED,
				 "the text does not end in a line feed");
	if (!armor_packets(packets->data, packets->len, &checked, &count, err) ||
	    /* what was signed ends before the last line feed (armor.h) */
	    !run_gpg(ctx, text, text_len - 1, &checked, err))
		return false;
	if (!judge_all(keyring, policy, gpgme_op_verify_result(ctx)->signatures,
		       &checked, verdict, err))
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

bool pgp_engine(char *out, size_t size, struct error *err)
{
	AUTO(pgp_home_releasep) gpgme_ctx_t ctx = NULL;
	gpgme_engine_info_t info;

	if (!pgp_home_users(&ctx, err))
		return false;
	info = gpgme_ctx_get_engine_info(ctx);
	while (info && info->protocol != GPGME_PROTOCOL_OpenPGP)
		info = info->next;
	if (!info || !info->version)
		return error_set(err, ERR_SYSTEM, "this machine has no gpg that runs");
	snprintf(out, size, "gpg %s (%s)", info->version, info->file_name);
	return true;
}
