/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_edit: keyrings made of keyrings.
 *
 * Rule: a key's packets are kept, replaced or dropped as a whole, byte for byte;
 * keyrings that come in were inspected, and one that is handed out was read again and
 * inspected too.
 */
#ifndef CORE_PGP_EDIT_H
#define CORE_PGP_EDIT_H

#include "core/pgp_keyring.h"

/* The key whose primary has this full fingerprint (either case); ERR_NOT_FOUND. */
bool pgp_edit_find(const struct pgp_keyring *k, const char *fpr, size_t *at,
		   struct error *err) MUST_CHECK;

/* `ring` with every key of `more` in it: in place of the same primary, else behind.
 * A key or subkey that `ring` has revoked stays so (ERR_CONFLICT). */
bool pgp_edit_join(const struct pgp_keyring *ring, const struct pgp_keyring *more,
		   struct pgp_keyring *out, struct error *err) MUST_CHECK;

/* Append the packets of `ring` without key `at`; none are left of its last key. */
bool pgp_edit_drop(const struct pgp_keyring *ring, size_t at, struct buf *out,
		   struct error *err) MUST_CHECK;

/* `ring` with the revocation certificate (as gpg writes it, text above the armor
 * and all, or a key that carries it) applied to the key that made it, whose index goes
 * to `at`. ERR_NOT_FOUND when that key is not in it, ERR_UNTRUSTED when gpg does not
 * accept it, ERR_CONFLICT when it revokes more than one. */
bool pgp_edit_revoke(const struct pgp_keyring *ring, const char *file, size_t len,
		     struct pgp_keyring *out, size_t *at, struct error *err) MUST_CHECK;

#endif
