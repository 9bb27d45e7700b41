/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_check.h"

#include "core/pgp.h"
#include "core/pgp_packet.h"
#include "core/pgp_policy.h"
#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>

struct findings {
	struct pgp_finding *items;
	size_t count;
};

PRINTF(3, 4)
static void find(struct findings *f, bool fault, const char *fmt, ...)
{
	struct pgp_finding *item = &f->items[f->count];
	va_list ap;

	if (f->count == PGP_CHECK_MAX)
		return;
	item->fault = fault;
	va_start(ap, fmt);
	vsnprintf(item->text, sizeof(item->text), fmt, ap);
	va_end(ap);
	f->count++;
}

static bool is_over(int64_t expires, int64_t now)
{
	return expires && expires <= now;
}

static void check_life(const struct pgp_key *key, int64_t now, struct findings *f)
{
	char expires[TEXT_TIME_SIZE];

	text_time(key->expires, expires);
	if (key->revoked)
		find(f, true, "it is revoked");
	if (is_over(key->expires, now))
		find(f, true,
		     "it expired on %s; prolong it: gpg --quick-set-expire %s 2y",
		     expires, key->fpr);
	if (key->created > now + PGP_SKEW)
		find(f, true, "it is dated in the future");
	if (!*key->uid)
		find(f, true, "it has no valid user id");
	if (*key->problem && !key->revoked)
		find(f, true, "%s", key->problem);
}

/* Subkeys that gpg would take for good. */
static void check_revocations(const struct pgp_keyring *k, size_t at,
			      struct findings *f)
{
	for (size_t i = 0; i < k->subkey_count; i++)
		if (k->subkeys[i].key == at && !k->subkeys[i].revoked &&
		    k->subkeys[i].carries_revocation)
			find(f, true, "subkey %s: %s", k->subkeys[i].fpr,
			     pgp_packet_revocation);
}

/* Subkeys that are bound, and not both ways. */
static void check_back(const struct pgp_keyring *k, size_t at, bool fault,
		       struct findings *f)
{
	for (size_t i = 0; i < k->subkey_count; i++)
		if (k->subkeys[i].key == at && !k->subkeys[i].revoked &&
		    k->subkeys[i].back == PGP_BACK_FOREIGN)
			find(f, fault,
			     "nothing that subkey %s signs counts: another key signed "
			     "in "
			     "its place that it belongs to this one; make a new subkey",
			     k->subkeys[i].fpr);
}

static void no_part(const struct pgp_key *key, const struct pgp_subkey *over,
		    struct findings *f)
{
	char expires[TEXT_TIME_SIZE];

	if (over) {
		text_time(over->expires, expires);
		find(f, true,
		     "subkey %s expired on %s; prolong it: gpg --quick-set-expire %s "
		     "1y %s",
		     over->fpr, expires, key->fpr, over->fpr);
	} else {
		find(f, true,
		     "no part of it can sign; make a subkey: gpg --quick-add-key %s "
		     "rsa3072 sign 1y",
		     key->fpr);
	}
}

static void check_parts(const struct pgp_key *key, const struct pgp_subkey *part,
			struct findings *f)
{
	char reason[PGP_REASON_MAX];

	if (!pgp_policy_verifies(key->algorithm, reason))
		find(f, true, "%s", reason);
	if (part && strcmp(part->fpr, key->fpr) != 0 &&
	    !pgp_policy_verifies(part->algorithm, reason))
		find(f, true, "subkey %s: %s", part->fpr, reason);
}

static void advise(const struct pgp_key *key, const struct pgp_subkey *part,
		   int64_t now, struct findings *f)
{
	int64_t expires = part->expires ? part->expires : key->expires;
	char reason[PGP_REASON_MAX], text[TEXT_TIME_SIZE];

	if (!pgp_policy_signs(part->algorithm, false, reason) ||
	    !pgp_policy_signs(key->algorithm, false, reason))
		find(f, false, "'sign' will not use it: %s", reason);
	else if (!pgp_policy_signs(part->algorithm, true, reason) ||
		 !pgp_policy_signs(key->algorithm, true, reason))
		find(f, false, "not for EL 7: %s", reason);
	if (!strcmp(part->fpr, key->fpr))
		find(f, false,
		     "its primary key signs; a signing subkey lets the primary stay "
		     "offline");
	text_time(expires, text);
	if (!expires)
		find(f, false, "it never expires; a lost key then lives for ever");
	else if (expires < now + PGP_CHECK_SOON)
		find(f, false, "it expires soon, on %s", text);
	else if (expires > now + PGP_CHECK_LONG)
		find(f, false, "it expires in more than five years, on %s", text);
}

size_t pgp_check_key(const struct pgp_keyring *k, size_t at, int64_t now,
		     struct pgp_finding out[PGP_CHECK_MAX])
{
	const struct pgp_subkey *part = pgp_inspect_signer(k, at, now);
	struct findings f = {.items = out};

	check_life(&k->keys[at], now, &f);
	check_parts(&k->keys[at], part, &f);
	check_revocations(k, at, &f);
	check_back(k, at, !part, &f);
	if (!part)
		no_part(&k->keys[at], pgp_inspect_signer(k, at, 0), &f);
	if (part && !(f.count && f.items[0].fault))
		advise(&k->keys[at], part, now, &f);
	return f.count;
}
