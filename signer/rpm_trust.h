/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm_trust: who vouches for an RPM.
 *
 * Rules:
 * - Only the keys that are pinned in the definition count, each file one key or
 *   several; neither the machine's RPM database nor its configuration is looked at.
 *   One with a revocation is refused. Expiry does not count, as for librpm: what a
 *   vendor shipped stays signed.
 * - A header is believed under a good signature over it (RPM 4.14 and later make one,
 *   and the older ones beside theirs), or over header and payload, by SHA-256, SHA-384
 *   or SHA-512. "No key" is not good.
 * - The payload is believed under the SHA-256 of its compressed bytes that the header
 *   holds, or under a signature over header and payload (RPMs of EL 7 have no digest
 *   of the payload). An MD5 of it proves nothing.
 * - What is signed in the form of rpm 6 alone (tag OPENPGP), which librpm passes over,
 *   is not unsigned: it is refused.
 *
 * A part of rpm_header, which holds librpm's lock around each call.
 */
#ifndef SIGNER_RPM_TRUST_H
#define SIGNER_RPM_TRUST_H

#include "signer/artifact.h"

enum {
	RPM_TRUST_KEY_MAX = 1024 * 1024, /* bytes of a file of keys */
	RPM_TRUST_KEYS_MAX = 64,         /* keys in all files */
};

struct headerToken_s; /* librpm's */

struct rpm_trust_header {
	struct headerToken_s *header;
	const char *bytes; /* its signed region as it is in the file */
	size_t len;
	bool of_rpm6; /* there is a signature in the form of rpm 6 */
};

struct rpm_trust; /* opaque */

/* Judge the header by the job's keys. *signer is set to the primary fingerprint, in
 * upper case, or left alone where that is not known before the payload or the RPM
 * is allowed to be unsigned. ERR_UNTRUSTED. */
bool rpm_trust_new(const struct rpm_trust_header *h, const struct artifact_job *job,
		   struct rpm_trust **out, char **signer, struct error *err) MUST_CHECK;
/* The compressed bytes of the payload, all of them in order; needs no lock. */
bool rpm_trust_payload(struct rpm_trust *t, const void *data, size_t len,
		       struct error *err) MUST_CHECK;
/* The verdict: ERR_UNTRUSTED when nobody vouches for the payload. */
bool rpm_trust_end(struct rpm_trust *t, char **signer, struct error *err) MUST_CHECK;
void rpm_trust_free(struct rpm_trust *t);
void rpm_trust_freep(struct rpm_trust **t);

#endif
