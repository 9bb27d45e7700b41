/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of gpg's listing in colons is a record (GnuPG doc/DETAILS, "Format of the
 * colon listings"); of its fields, which count from 1, these are read:
 *
 *     pub, sub  2 validity, 7 expiry in seconds, 12 capabilities: "s" when it can sign
 *     fpr       10 fingerprint, of the pub or sub before it
 *     uid       2 validity, 10 the text: ":", "\\" and controls are \\xHH
 *
 * Validity: r revoked, i invalid. gpg lists a subkey only when its binding holds.
 */
#include "core/pgp_keyring.h"
#include "core/pgp_run.h"
#include "core/text.h"

#include <stdlib.h>

enum {
	LISTING_MAX = 16 << 20, /* bytes */
	VALIDITY = 1,           /* fields, from 0 */
	EXPIRES = 6,
	VALUE = 9,
	CAPABILITIES = 11,
	FIELDS,
};

/* Cut apart in place; what a line lacks is "". */
struct record {
	char *field[FIELDS];
};

static struct record cut(char *line)
{
	struct record r;

	for (size_t i = 0; i < FIELDS; i++) {
		r.field[i] = line;
		line += strcspn(line, ":");
		if (*line)
			*line++ = '\0';
	}
	return r;
}

static bool is_bad(const struct record *r)
{
	return strpbrk(r->field[VALIDITY], "ri") != NULL;
}

/* "\x3a" is ":", in place. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		char hex[3] = EMPTY;

		if (text_starts(s, "\\x"))
			memcpy(hex, s + 2, strnlen(s + 2, 2));
		if (text_unhex(hex, to, 1))
			s += 3;
		else
			*to = *s;
		to++;
	}
	*to = '\0';
}

/* What the lines were about so far. */
struct listing {
	struct pgp_keyring *k;
	struct record part;  /* the last pub or sub, */
	bool is_primary;     /* which of them, */
	bool has_part;       /* and whether its fpr is still to come */
	struct pgp_key *key; /* the last pub; NULL: not one of the keyring's */
	bool has_uid;
	bool seen[PGP_KEYS_MAX];
};

static struct pgp_subkey *find_part(struct pgp_keyring *k, const char *fpr)
{
	for (size_t i = 0; i < k->subkey_count; i++)
		if (!strcmp(k->subkeys[i].fpr, fpr))
			return &k->subkeys[i];
	return NULL;
}

static void take_primary(struct listing *l, const struct pgp_subkey *part)
{
	struct pgp_key *key = &l->k->keys[part->key];

	if (strcmp(part->fpr, key->fpr) != 0)
		return;
	key->expires = part->expires;
	key->revoked = part->revoked;
	l->key = key;
	l->seen[part->key] = true;
	/* the user ids of a revoked key are revoked, too: it keeps its first */
	l->has_uid = key->revoked;
	if (!l->has_uid)
		*key->uid = '\0';
}

static void take_part(struct listing *l, const char *fpr)
{
	struct pgp_subkey *part = find_part(l->k, fpr);
	const struct record *r = &l->part;

	if (!l->has_part || !part)
		return;
	l->has_part = false; /* another fpr is of something else */
	part->expires = strtoll(r->field[EXPIRES], NULL, 10);
	part->revoked = strchr(r->field[VALIDITY], 'r') != NULL;
	part->can_sign = strchr(r->field[CAPABILITIES], 's') &&
			 !strchr(r->field[VALIDITY], 'i') &&
			 part->back != PGP_BACK_FOREIGN && !part->carries_revocation;
	if (l->is_primary)
		take_primary(l, part);
}

static void take_uid(struct listing *l, const struct record *r)
{
	if (!l->key || l->has_uid || is_bad(r) || !*r->field[VALUE])
		return;
	unescape(r->field[VALUE]);
	text_safe(r->field[VALUE], l->key->uid, sizeof(l->key->uid));
	l->has_uid = true;
}

static void take_line(struct listing *l, char *line)
{
	struct record r = cut(line);
	bool pub = !strcmp(r.field[0], "pub"), sub = !strcmp(r.field[0], "sub");

	if (pub)
		l->key = NULL;
	if (pub || sub) {
		l->part = r;
		l->is_primary = pub;
		l->has_part = true;
	} else if (!strcmp(r.field[0], "fpr")) {
		take_part(l, r.field[VALUE]);
	} else if (!strcmp(r.field[0], "uid")) {
		take_uid(l, &r);
	}
}

bool pgp_inspect(struct pgp_keyring *k, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(LISTING_MAX);
	struct listing l = {.k = k};
	char *rest = NULL, *line;

	if (!pgp_run_list(&k->for_gpg, &text, err))
		return false;
	line = text.data ? strtok_r(text.data, "\n", &rest) : NULL;
	for (; line; line = strtok_r(NULL, "\n", &rest))
		take_line(&l, line);
	for (size_t i = 0; i < k->key_count; i++)
		if (!l.seen[i])
			return error_set(err, ERR_FORMAT,
					 "gpg does not accept the key %s",
					 k->keys[i].fpr);
	return true;
}

const struct pgp_subkey *pgp_inspect_signer(const struct pgp_keyring *k, size_t at,
					    int64_t now)
{
	const struct pgp_subkey *best = NULL;

	for (size_t i = 0; i < k->subkey_count; i++) {
		const struct pgp_subkey *s = &k->subkeys[i];
		bool over = s->expires && s->expires <= now;

		if (s->key == at && s->can_sign && !s->revoked && !over &&
		    (!best || s->created >= best->created))
			best = s;
	}
	return best;
}
