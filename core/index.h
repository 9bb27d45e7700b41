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

enum {
	INDEX_TEXT_MAX = 32 * 1024 * 1024,
	INDEX_ROWS_MAX = 100000, /* of each list */
	INDEX_SIGNERS_MAX = 32,
	INDEX_PATH_SIZE = 256,
};

struct index_manifest {
	char el[8], kubernetes[64], arch[16];
	unsigned revision;
	int64_t created, published;
	char path[INDEX_PATH_SIZE]; /* "manifests/v1.21.3/manifest-el8-x86_64.json.asc"
				     */
	struct digest digest;       /* of the canonical text */
	struct digest file_digest;  /* of the .asc */
	uint64_t size;              /* of the .asc */
	char (*signers)[65];        /* primary fingerprints that counted */
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
	char path[INDEX_PATH_SIZE];
	struct digest digest;
	uint64_t size;
};

/* Manifests: EL, then Kubernetes version descending, then arch; one row (the
 * newest published revision) for each. Withdrawn: the same, then revision
 * descending. Tools: version descending, then arch. */
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
/* Bring the lists into their order. */
void index_sort(struct index *x);
/* Append index.json; the lists are in their order. */
bool index_write(const struct index *x, struct buf *out, struct error *err) MUST_CHECK;
/* The same back: canonical, in order, every path the one that its row has, else
 * ERR_FORMAT or ERR_LIMIT with the line. */
bool index_parse(const char *text, size_t len, struct index *out,
		 struct error *err) MUST_CHECK;

/* Where the tree has it: "manifests/v1.21.3/manifest-el8-x86_64.json.asc",
 * "tool/fips-tool-1.0.0-linux-x86_64". */
void index_manifest_path(const char *el, const char *kubernetes, const char *arch,
			 char out[INDEX_PATH_SIZE]);
void index_tool_path(const char *version, const char *arch, char out[INDEX_PATH_SIZE]);

/* The row for a node that runs `el` ("8.4"): the row of that very EL is taken
 * before the one of its major ("8"); NULL: none. */
const struct index_manifest *index_match(const struct index *x, const char *el,
					 const char *kubernetes, const char *arch);

#endif
