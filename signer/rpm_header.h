/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm_header: what the header of an RPM says, believed as rpm_trust.h has it.
 *
 * Rules: file digests must be SHA-256. librpm has global state, so every call of it
 * goes through one lock. In signer/ this module and rpm_trust alone include <rpm/...>.
 */
#ifndef SIGNER_RPM_HEADER_H
#define SIGNER_RPM_HEADER_H

#include "core/digest.h"
#include "signer/artifact.h"
#include "signer/rpm_trust.h"

enum {
	RPM_HEADER_SIZE_MAX = 32 * 1024 * 1024, /* bytes of the header */
};

struct rpm_header_file {
	struct artifact_entry entry; /* path, type, flags, mode, owner, capabilities,
				      * link; size as the header has it */
	struct digest sha256;
	bool digested; /* sha256 is there: regular files, save ghosts */
	size_t set;    /* index of the first file of its set of hard links; its own
			* where it has no other name */
};

struct rpm_header {
	char *version; /* "[EPOCH:]VERSION-RELEASE" */
	char *arch;
	char *signer; /* primary fingerprint, upper case; NULL: unsigned */
	struct rpm_header_file *files; /* in the header's order */
	size_t count;
	bool xz;             /* what the payload is compressed with */
	bool stripped;       /* cpio entries hold an index instead of a name and size */
	uint64_t payload_at; /* where in the file the payload begins */
	uint64_t size; /* of the file, as the signature header claims; 0: unknown */
	char *bytes;   /* the signed bytes, which end at payload_at */
	size_t bytes_len;
	struct rpm_trust *trust;
};

/* Read and believe the header of the RPM that `fd` is at the start of; the position
 * of `fd` afterwards means nothing. ERR_UNTRUSTED: unsigned and not allowed to be,
 * signed by no pinned key, or a bad signature; ERR_FORMAT: damaged or not an RPM. */
bool rpm_header_read(int fd, const struct artifact_job *job, struct rpm_header *out,
		     struct error *err) MUST_CHECK;
void rpm_header_clear(struct rpm_header *h);

/* The compressed bytes of the payload, all of them in order, and then the verdict,
 * which may set h->signer: ERR_UNTRUSTED when nobody vouches for them. */
bool rpm_header_payload(struct rpm_header *h, const void *data, size_t len,
			struct error *err) MUST_CHECK;
bool rpm_header_verdict(struct rpm_header *h, struct error *err) MUST_CHECK;

#endif
