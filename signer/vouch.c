/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/vouch.h"

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

		if (s->counts && len < sizeof(out->signers))
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

/* Of the parts of a key that sign: do all count, some or none? */
static enum vouch_guess guess_parts(const struct vouch *v, size_t at, int64_t published)
{
	bool good = false, bad = false;

	for (size_t i = 0; i < v->keyring.subkey_count; i++) {
		const struct pgp_subkey *s = &v->keyring.subkeys[i];

		if (s->key != at || !s->can_sign)
			continue;
		if (!s->revoked && !is_over(v, s->expires))
			good = true;
		else if (!v->settled || (!s->revoked && s->expires >= published))
			bad = true; /* and it may have been what counted then */
	}
	return !good ? VOUCH_NO : bad ? VOUCH_ASK : VOUCH_YES;
}

static enum vouch_guess guess_key(const struct vouch *v, const char *fpr, size_t len,
				  int64_t published)
{
	for (size_t i = 0; i < v->keyring.key_count; i++) {
		const struct pgp_key *k = &v->keyring.keys[i];

		if (strlen(k->fpr) == len && !memcmp(k->fpr, fpr, len))
			return k->revoked || *k->problem || is_over(v, k->expires)
				       ? VOUCH_NO
				       : guess_parts(v, i, published);
	}
	return VOUCH_NO;
}

enum vouch_guess vouch_guess(const struct vouch *v, const struct store_signed *f)
{
	const char *signers = f->signers;
	size_t surely = 0, maybe = 0;

	while (*signers) {
		size_t len = strcspn(signers, " ");
		enum vouch_guess key = guess_key(v, signers, len, f->published);

		surely += key == VOUCH_YES;
		maybe += key != VOUCH_NO;
		signers += len + (signers[len] == ' ');
	}
	if (surely && surely >= v->policy.threshold)
		return VOUCH_YES;
	return maybe && maybe >= v->policy.threshold ? VOUCH_ASK : VOUCH_NO;
}
