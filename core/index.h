/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index: what the published tree holds, as a value: the table EL version |
 * Kubernetes version | manifest, and the tool with its SHA-256. Written as
 * /index.json (schema/index.schema.json, canonical JSON) and, by page.h, as the
 * page.
 *
 * Rule: a row is made from the manifest that it links, never typed, so that a
 * table cannot link version X to the manifest of version Y.
 */
#ifndef CORE_INDEX_H
#define CORE_INDEX_H

#include "core/buf.h"
#include "core/digest.h"

#define INDEX_FORMAT "fips-manifest-index/1"

struct index_manifest {
	char el[8], kubernetes[64], arch[16];
	unsigned revision;
	int64_t created, published;
	char path[256];       /* "manifests/v1.21.3/manifest-el8-x86_64.json.asc" */
	struct digest digest; /* of the canonical text */
	struct digest file_digest; /* of the .asc */
	uint64_t size;             /* of the .asc */
	char (*signers)[65];       /* primary fingerprints that counted */
	size_t signer_count;
};

struct index_withdrawn {
	char el[8], kubernetes[64], arch[16];
	unsigned revision;
	struct digest digest;
	char reason[1024];
};

struct index_tool {
	char version[64], arch[16];
	char path[256];
	struct digest digest;
	uint64_t size;
};

/* Manifests: EL, then Kubernetes version descending, then arch; one row (the
 * newest published revision) for each. Tools: version descending. */
struct index {
	struct index_manifest *manifests;
	size_t manifest_count;
	struct index_withdrawn *withdrawn;
	size_t withdrawn_count;
	struct index_tool *tools;
	size_t tool_count;
	unsigned threshold;
};

void index_clear(struct index *x);
bool index_write(const struct index *x, struct buf *out, struct error *err) MUST_CHECK;
bool index_parse(const char *text, size_t len, struct index *out,
		 struct error *err) MUST_CHECK;

/* The row for a node: newest matching ("8.4" is taken before "8"); NULL: none. */
const struct index_manifest *index_match(const struct index *x, const char *el,
					 const char *kubernetes, const char *arch);

#endif
