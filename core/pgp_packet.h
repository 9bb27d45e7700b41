/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_packet: what the packets of a key say of themselves (RFC 9580 sections 5.2
 * and 5.5): fingerprint, algorithm, who issued a signature and with which digest.
 *
 * Rule: nothing here verifies a signature, so nothing here is a reason to trust; it
 * names and refuses. Which subkey belongs to which key is for gpg to say.
 */
#ifndef CORE_PGP_PACKET_H
#define CORE_PGP_PACKET_H

#include "core/armor_block.h"
#include "core/pgp_keyring.h"

enum {
	PGP_PACKET_SIGNATURE = 2,
	PGP_PACKET_SECRET_KEY = 5,
	PGP_PACKET_KEY = 6,
	PGP_PACKET_SECRET_SUBKEY = 7,
	PGP_PACKET_TRUST = 12,
	PGP_PACKET_USER_ID = 13,
	PGP_PACKET_SUBKEY = 14,
	/* types of signatures */
	PGP_PACKET_REVOKE_KEY = 0x20,
	PGP_PACKET_REVOKE_SUBKEY = 0x28,
};

/* Why nothing counts that is signed by what carries a revocation and is good to gpg. */
extern const char pgp_packet_revocation[];

/* Fingerprint, algorithm and date of a version 4 key or subkey. ERR_FORMAT for
 * another version and for one that is cut off. */
bool pgp_packet_key(const struct armor_packet *p, struct pgp_subkey *out,
		    struct error *err) MUST_CHECK;

/* The type of a signature, 0 for another packet. */
unsigned pgp_packet_type(const struct armor_packet *p) MUST_CHECK;

/* Is this a version 4 signature that says this key made it? */
bool pgp_packet_issued_by(const struct armor_packet *p, const char *fpr) MUST_CHECK;

/* Is this the binding of a subkey that signs, and carries a back signature? Then *own
 * tells whether that is by the subkey with this fingerprint, as far as it names one. */
bool pgp_packet_signs_back(const struct armor_packet *p, const char *fpr,
			   bool *own) MUST_CHECK;

/* Is this a binding by the key with this fingerprint, not a weak one, that lets its
 * part sign? The last word has gpg, which knows the one that is in force. */
bool pgp_packet_lets_sign(const struct armor_packet *p, const char *fpr) MUST_CHECK;

/* When a version 4 signature ends by its own word, 0: never. */
int64_t pgp_packet_expires(const struct armor_packet *p) MUST_CHECK;

/* Why nothing that this key signs counts, to `problem`: a user id, subkey or itself
 * that it signs with no allowed digest, or a revocation, which is gpg's to judge: where
 * it does, that goes before. "" when nothing is wrong. */
bool pgp_packet_bindings(const void *packets, size_t len, const char *fpr,
			 char problem[PGP_REASON_MAX], struct error *err) MUST_CHECK;

/* Append the packets of keys to `out` without the bindings (self-signatures over user
 * ids and subkeys) that are made with no allowed digest, and those of signing subkeys
 * that did not sign back with one, and without trust packets: gpg, other than gpgv,
 * believes them when they say that a signature was found good, or bad. Revocations
 * stay, whatever their digest: gpg, told that SHA-1 is weak, would overlook them. */
bool pgp_packet_strip(const void *packets, size_t len, struct buf *out,
		      struct error *err) MUST_CHECK;

#endif
