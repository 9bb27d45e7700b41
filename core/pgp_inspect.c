/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp.h"
#include "core/pgp_home.h"
#include "core/text.h"

static struct pgp_subkey *find_part(struct pgp_keyring *k, const char *fpr)
{
	for (size_t i = 0; fpr && i < k->subkey_count; i++)
		if (!strcmp(k->subkeys[i].fpr, fpr))
			return &k->subkeys[i];
	return NULL;
}

/* gpg shows a subkey only when its binding holds. */
static void take_parts(struct pgp_keyring *k, gpgme_key_t from)
{
	for (gpgme_subkey_t s = from->subkeys; s; s = s->next) {
		struct pgp_subkey *part = find_part(k, s->fpr);

		if (!part)
			continue;
		part->expires = s->expires;
		part->revoked = s->revoked;
		part->can_sign = s->can_sign && !s->invalid;
	}
}

static void take_uid(gpgme_key_t from, struct pgp_key *to)
{
	gpgme_user_id_t u = from->uids;

	while (u && (u->revoked || u->invalid || !u->uid))
		u = u->next;
	text_safe(u ? u->uid : "", to->uid, sizeof(to->uid));
}

static void take_key(struct pgp_keyring *k, gpgme_key_t from, bool *seen)
{
	const struct pgp_subkey *primary =
		from->subkeys ? find_part(k, from->subkeys->fpr) : NULL;
	struct pgp_key *key;

	if (!primary || strcmp(primary->fpr, k->keys[primary->key].fpr) != 0)
		return;
	take_parts(k, from);
	key = &k->keys[primary->key];
	key->expires = primary->expires;
	key->revoked = primary->revoked;
	/* the user ids of a revoked key are revoked, too: it keeps its first */
	if (!key->revoked)
		take_uid(from, key);
	seen[primary->key] = true;
}

static bool list_keys(struct pgp_keyring *k, gpgme_ctx_t ctx, bool *seen,
		      struct error *err)
{
	gpgme_error_t why = gpgme_op_keylist_start(ctx, NULL, 0);
	gpgme_key_t key;

	while (!why && !(why = gpgme_op_keylist_next(ctx, &key))) {
		take_key(k, key, seen);
		gpgme_key_unref(key);
	}
	(void)gpgme_op_keylist_end(ctx);
	if (gpgme_err_code(why) != GPG_ERR_EOF)
		return pgp_home_error(err, why, "gpg cannot list the keys");
	return true;
}

bool pgp_inspect(struct pgp_keyring *k, struct error *err)
{
	AUTO(pgp_home_closep) struct pgp_home *home = NULL;
	bool seen[PGP_KEYS_MAX] = EMPTY;

	if (!pgp_home_open(&k->for_gpg, &home, err) ||
	    !list_keys(k, home->ctx, seen, err))
		return false;
	for (size_t i = 0; i < k->key_count; i++)
		if (!seen[i])
			return error_set(err, ERR_FORMAT,
					 "gpg does not accept the key %s",
					 k->keys[i].fpr);
	k->inspected = true;
	return true;
}
