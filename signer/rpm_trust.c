/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/rpm_trust.h"

#include "core/buf.h"
#include "core/digest.h"
#include "core/file.h"
#include "core/late.h"
#include "core/pgp_packet.h"
#include "core/text.h"
#include "soname.inc"

#include <rpm/header.h>
#include <rpm/rpmcrypto.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmpgp.h>
#include <stdlib.h>

/* clang-format off */
#define FUNCTIONS(_) \
	_(headerGet) _(headerGetNumber) _(pgpDigParamsAlgo) _(pgpDigParamsFree) \
	_(pgpDigParamsSignID) _(pgpParsePkts) _(pgpPrtParams) _(pgpPubKeyCertLen) \
	_(pgpPubkeyFingerprint) _(rpmDigestFinal) _(rpmDigestInit) \
	_(rpmDigestUpdate) _(rpmGetSubkeys) _(rpmKeyringAddKey) _(rpmKeyringFree) \
	_(rpmKeyringNew) _(rpmKeyringVerifySig) _(rpmPubkeyFree) _(rpmPubkeyNew) \
	_(rpmtdFreeData) _(rpmtdGetString)
LATE_LIBRARY(FUNCTIONS, RPM, "verifying the signatures of RPMs")
/* clang-format on */

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

/* ---- pinned keys ---- */

struct key {
	rpmKeyring ring; /* of this key and its subkeys alone */
	char fingerprint[2 * 64 + 1];
};

struct keys {
	struct key at[RPM_TRUST_KEYS_MAX];
	size_t count;
};

static void keys_clear(struct keys *k)
{
	for (size_t i = 0; i < k->count; i++)
		lib.rpmKeyringFree(k->at[i].ring);
	k->count = 0;
}

static void free_subkeys(rpmPubkey *subkeys, int count)
{
	for (int i = 0; i < count; i++)
		lib.rpmPubkeyFree(subkeys[i]);
	free(subkeys);
}

/* librpm passes over revocations. */
static bool check_revocations(const uint8_t *packets, size_t len, struct error *err)
{
	struct armor_packet p = EMPTY;

	while (p.end < len) {
		unsigned type;

		if (!armor_block_packet(packets, len, &p, err))
			return false;
		type = pgp_packet_type(&p);
		if (type == PGP_PACKET_REVOKE_KEY || type == PGP_PACKET_REVOKE_SUBKEY)
			return error_set(err, ERR_UNTRUSTED,
					 "the key, or a subkey of it, is revoked");
	}
	return true;
}

/* One certificate: a primary key and what belongs to it. */
static bool add_key(struct keys *k, const uint8_t *packets, size_t len,
		    struct error *err)
{
	struct key *key = &k->at[k->count];
	uint8_t *fingerprint = NULL;
	size_t fingerprint_len = 0;
	rpmPubkey primary, *subkeys;
	int count = 0;

	if (k->count == ARRAY_LEN(k->at))
		return error_set(err, ERR_LIMIT, "more than %d keys",
				 RPM_TRUST_KEYS_MAX);
	if (!check_revocations(packets, len, err))
		return false;
	primary = lib.rpmPubkeyNew(packets, len);
	if (!primary ||
	    lib.pgpPubkeyFingerprint(packets, len, &fingerprint, &fingerprint_len) ||
	    fingerprint_len > 64) {
		lib.rpmPubkeyFree(primary);
		free(fingerprint);
		return error_set(err, ERR_FORMAT, "not a public key that librpm reads");
	}
	text_hex(fingerprint, fingerprint_len, key->fingerprint);
	free(fingerprint);
	for (char *p = key->fingerprint; *p; p++)
		*p = *p >= 'a' ? (char)(*p - 'a' + 'A') : *p;
	key->ring = lib.rpmKeyringNew();
	lib.rpmKeyringAddKey(key->ring, primary);
	subkeys = lib.rpmGetSubkeys(primary, &count);
	for (int i = 0; i < count; i++)
		lib.rpmKeyringAddKey(key->ring, subkeys[i]);
	free_subkeys(subkeys, count);
	lib.rpmPubkeyFree(primary);
	k->count++;
	return true;
}

static bool add_packets(struct keys *k, const uint8_t *packets, size_t len,
			struct error *err)
{
	while (len) {
		size_t one;

		if (lib.pgpPubKeyCertLen(packets, len, &one) || one == 0 || one > len)
			return error_set(err, ERR_FORMAT, "damaged key");
		if (!add_key(k, packets, one, err))
			return false;
		packets += one;
		len -= one;
	}
	return true;
}

/* Armored blocks, one or more, or packets as they are. */
static bool add_file(struct keys *k, const struct buf *file, struct error *err)
{
	static const char begin[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
	const char *block = file->len ? strstr(file->data, begin) : NULL;

	if (!block && file->len && (unsigned char)file->data[0] & 0x80)
		return add_packets(k, (const uint8_t *)file->data, file->len, err);
	if (!block)
		return error_set(err, ERR_FORMAT, "no public key");
	while (block) {
		const char *next = strstr(block + 1, begin);
		AUTO(text_freep)
		char *one =
			text_dup(block, next ? (size_t)(next - block) : strlen(block));
		uint8_t *packets = NULL;
		size_t len = 0;
		bool ok;

		if (!one)
			return no_memory(err);
		ok = lib.pgpParsePkts(one, &packets, &len) == PGPARMOR_PUBKEY
			     ? add_packets(k, packets, len, err)
			     : error_set(err, ERR_FORMAT, "damaged armor of a key");
		free(packets);
		if (!ok)
			return false;
		block = next;
	}
	return true;
}

static bool read_keys(const struct artifact_job *job, struct keys *out,
		      struct error *err)
{
	for (size_t i = 0; i < job->key_count; i++) {
		AUTO(buf_clear) struct buf text = BUF_MAX(RPM_TRUST_KEY_MAX);

		if (!file_read(job->keys[i], &text, err))
			return error_prefix(err, "rpm-keys");
		if (!add_file(out, &text, err))
			return error_prefix(err, "rpm-keys: '%s'",
					    TEXT_SAFE(job->keys[i]));
	}
	return true;
}

/* ---- signatures ---- */

struct signature {
	pgpDigParams params;
	DIGEST_CTX digest;
};

static void signature_clear(struct signature *s)
{
	if (s->params)
		lib.pgpDigParamsFree(s->params);
	if (s->digest)
		lib.rpmDigestFinal(s->digest, NULL, NULL, 0);
	*s = (struct signature)EMPTY;
}

struct rpm_trust {
	struct keys keys;
	struct digest_stream *stream; /* of the payload, against: */
	struct digest payload;
	struct signature both; /* over header and payload; params NULL: not needed */
};

void rpm_trust_free(struct rpm_trust *t)
{
	if (!t)
		return;
	keys_clear(&t->keys);
	digest_stream_free(t->stream);
	signature_clear(&t->both);
	free(t);
}

void rpm_trust_freep(struct rpm_trust **t)
{
	rpm_trust_free(*t);
	*t = NULL;
}

static const char *key_id(pgpDigParams params, char out[17])
{
	text_hex(lib.pgpDigParamsSignID(params), 8, out);
	return out;
}

/* Begin to judge the signature that a tag of the header holds, digesting the signed
 * header's bytes; params stay NULL when there is no such tag. */
static bool signature_begin(const struct rpm_trust_header *h, rpmTagVal tag,
			    struct signature *s, struct error *err)
{
	static const unsigned char magic[8] = {0x8e, 0xad, 0xe8, 1};
	struct rpmtd_s td;
	int algo, bad;

	if (!lib.headerGet(h->header, tag, &td, HEADERGET_MINMEM))
		return true;
	bad = td.type != RPM_BIN_TYPE ||
	      lib.pgpPrtParams(td.data, td.count, PGPTAG_SIGNATURE, &s->params);
	lib.rpmtdFreeData(&td);
	if (bad)
		return error_set(err, ERR_UNTRUSTED, "its signature is damaged");
	algo = (int)lib.pgpDigParamsAlgo(s->params, PGPVAL_HASHALGO);
	if (algo != RPM_HASH_SHA256 && algo != RPM_HASH_SHA384 &&
	    algo != RPM_HASH_SHA512)
		return error_set(err, ERR_UNTRUSTED,
				 "its signature is over a digest other than SHA-256, "
				 "SHA-384 or SHA-512 (algorithm %d)",
				 algo);
	s->digest = lib.rpmDigestInit(algo, RPMDIGEST_NONE);
	if (!s->digest || lib.rpmDigestUpdate(s->digest, magic, sizeof(magic)) ||
	    lib.rpmDigestUpdate(s->digest, h->bytes, h->len))
		return error_set(err, ERR_SYSTEM, "librpm cannot compute a digest");
	return true;
}

/* The signature against each pinned key: the fingerprint of the one that made it. */
static bool signature_end(const struct signature *s, const struct keys *keys,
			  char **signer, struct error *err)
{
	char id[17];

	for (size_t i = 0; i < keys->count; i++) {
		const char *fingerprint = keys->at[i].fingerprint;

		switch (lib.rpmKeyringVerifySig(keys->at[i].ring, s->params,
						s->digest)) {
		case RPMRC_OK:
			*signer = text_dup(fingerprint, strlen(fingerprint));
			return *signer ? true : no_memory(err);
		case RPMRC_NOKEY:
			continue;
		default:
			return error_set(
				err, ERR_UNTRUSTED,
				"bad signature by key %s: it is damaged or was "
				"changed",
				fingerprint);
		}
	}
	return error_set(err, ERR_UNTRUSTED,
			 "signed by a key with the ID %s, which is not among the "
			 "definition's rpm-keys",
			 key_id(s->params, id));
}

/* The one of two tags that is there. */
static bool signature_of(const struct rpm_trust_header *h, rpmTagVal one,
			 rpmTagVal other, struct signature *s, struct error *err)
{
	return signature_begin(h, one, s, err) &&
	       (s->params || signature_begin(h, other, s, err));
}

/* The digest of the payload that the header holds, if it does. */
static bool payload_digest(Header h, struct rpm_trust *t, struct error *err)
{
	uint64_t algo = lib.headerGetNumber(h, RPMTAG_PAYLOADDIGESTALGO);
	struct rpmtd_s td;
	const char *hex;
	bool ok;

	if (!lib.headerGet(h, RPMTAG_PAYLOADDIGEST, &td, HEADERGET_MINMEM))
		return true;
	hex = lib.rpmtdGetString(&td);
	ok = algo == RPM_HASH_SHA256 && hex && digest_unhex(hex, &t->payload);
	lib.rpmtdFreeData(&td);
	if (!ok)
		return error_set(err, ERR_FORMAT,
				 "its header's digest of the payload is not SHA-256");
	return digest_stream_new(&t->stream, err) &&
	       digest_stream_begin(t->stream, err);
}

static bool refuse_unsigned(const struct rpm_trust_header *h,
			    const struct artifact_job *job, struct error *err)
{
	if (h->of_rpm6)
		return error_set(err, ERR_UNTRUSTED,
				 "it is signed in the form of rpm 6 alone, which is "
				 "not read here: have it signed in the form of rpm 4, "
				 "too");
	if (job->unsigned_allowed)
		return true;
	return error_set(
		err, ERR_UNTRUSTED,
		"it is not signed; 'unsigned: allowed' in the definition takes "
		"it all the same");
}

/* Who vouches for the header now, and for the payload when it has been seen? */
static bool begin(const struct rpm_trust_header *h, const struct artifact_job *job,
		  struct rpm_trust *t, char **signer, struct error *err)
{
	AUTO(signature_clear) struct signature alone = EMPTY;

	if (!read_keys(job, &t->keys, err) || !payload_digest(h->header, t, err) ||
	    !signature_of(h, RPMTAG_RSAHEADER, RPMTAG_DSAHEADER, &alone, err) ||
	    !signature_of(h, RPMTAG_SIGPGP, RPMTAG_SIGGPG, &t->both, err))
		return false;
	if (!alone.params && !t->both.params)
		return refuse_unsigned(h, job, err);
	if (!t->stream && !t->both.params)
		return error_set(err, ERR_UNTRUSTED,
				 "neither a digest of the payload in its header nor a "
				 "signature over the payload vouches for it");
	if (!alone.params)
		return true;
	/* one is enough: the second signature costs a digest of everything */
	if (t->stream)
		signature_clear(&t->both);
	return signature_end(&alone, &t->keys, signer, err);
}

bool rpm_trust_new(const struct rpm_trust_header *h, const struct artifact_job *job,
		   struct rpm_trust **out, char **signer, struct error *err)
{
	AUTO(rpm_trust_freep) struct rpm_trust *t = calloc(1, sizeof(*t));

	if (!t)
		return no_memory(err);
	if (!lib_load(err) || !begin(h, job, t, signer, err))
		return false;
	*out = TAKE(t);
	return true;
}

bool rpm_trust_payload(struct rpm_trust *t, const void *data, size_t len,
		       struct error *err)
{
	if (t->both.digest && lib.rpmDigestUpdate(t->both.digest, data, len))
		return error_set(err, ERR_SYSTEM, "librpm cannot compute a digest");
	return !t->stream || digest_stream_add(t->stream, data, len, err);
}

bool rpm_trust_end(struct rpm_trust *t, char **signer, struct error *err)
{
	AUTO(text_freep) char *by = NULL;
	struct digest d;

	if (t->stream) {
		if (!digest_stream_end(t->stream, &d, err))
			return false;
		if (!digest_equal(&d, &t->payload))
			return error_set(err, ERR_UNTRUSTED,
					 "its payload is not the one that its header "
					 "vouches for: it is damaged or was changed");
	}
	if (!t->both.params)
		return true;
	if (!signature_end(&t->both, &t->keys, &by, err))
		return false;
	text_freep(signer);
	*signer = TAKE(by);
	return true;
}
