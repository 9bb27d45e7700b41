/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest: the model of one manifest, format "fips-manifest/1"
 * (docs/FORMAT.md, schema/manifest.schema.json).
 *
 * Invariants of a manifest that manifest_parse() or manifest_check() passed:
 * - there is at least one component, and only an image's may have no files;
 * - components are sorted by name, each once; files of a component are sorted by
 *   path, each once; a host path belongs to one component alone; the files of an
 *   image are MANIFEST_IN_IMAGE and no others are;
 * - services are sorted by name, exceptions by what they name (so paths come
 *   first), each once;
 * - every service and exception names a component or path that is there;
 * - counts and lengths are under the ceilings below.
 * A manifest owns all its strings and arrays; optional strings are NULL when
 * absent. The text form is canonical JSON (json.h), so the digest of the text
 * identifies the manifest whatever was done to its signatures.
 */
#ifndef CORE_MANIFEST_H
#define CORE_MANIFEST_H

#include "core/buf.h"
#include "core/digest.h"

#define MANIFEST_FORMAT "fips-manifest/1"

/* The largest size of a file: what every JSON reader holds exactly, 2^53 - 1. */
#define MANIFEST_SIZE_MAX (((int64_t)1 << 53) - 1)

enum {
	MANIFEST_TEXT_MAX = 32 * 1024 * 1024, /* bytes of the canonical text */
	MANIFEST_LINE_MAX = 4096,             /* bytes of one line of it */
	MANIFEST_COMPONENTS_MAX = 1000,
	MANIFEST_FILES_MAX = 200000, /* over all components */
	MANIFEST_SERVICES_MAX = 100,
	MANIFEST_LIST_MAX = 100,        /* cipher suites, groups, exceptions */
	MANIFEST_NAME_MAX = 128,        /* bytes of a name or version */
	MANIFEST_TEXT_FIELD_MAX = 1024, /* bytes of note, reason, reference, path */
	MANIFEST_REVISION_MAX = 1000000,
};

enum manifest_presence { MANIFEST_REQUIRED, MANIFEST_OPTIONAL };
enum manifest_source_type { MANIFEST_RPM, MANIFEST_IMAGE, MANIFEST_TAR, MANIFEST_FILE };
enum manifest_kind { MANIFEST_ON_HOST, MANIFEST_IN_IMAGE };

/* "required", "rpm", "host", ...; the words of the format. */
const char *manifest_presence_name(enum manifest_presence p);
const char *manifest_source_name(enum manifest_source_type t);
const char *manifest_kind_name(enum manifest_kind k);

struct manifest_source {
	enum manifest_source_type type;
	char *name; /* of the artifact's file */
	struct digest sha256;
	uint64_t size;
	/* MANIFEST_RPM: vendor key's fingerprint, 40 or 64 upper-case hex; NULL where
	 * the RPM is unsigned. NULL for all others */
	char *signer;
	/* where type is MANIFEST_IMAGE: */
	char *image_reference; /* or NULL when the archive names none */
	struct digest image_manifest;
	struct digest image_config;
};

struct manifest_file {
	char *path;
	enum manifest_kind kind;
	char *link; /* a symlink's target; then sha256, size and mode mean nothing */
	struct digest sha256;
	uint64_t size;
	unsigned mode;      /* permission bits, 07777; "0755" in the text */
	char *owner;        /* "USER:GROUP", names or numbers; or NULL */
	char *capabilities; /* as RPM writes them, "cap_net_raw=ep"; or NULL */
	char *go_version;   /* "go1.16.7b7"; NULL when not a Go program */
	char *go_crypto;    /* gobin.h's word; set exactly when go_version is */
};

struct manifest_component {
	char *name;
	char *version;
	enum manifest_presence presence;
	struct manifest_source source;
	struct manifest_file *files;
	size_t file_count;
};

struct manifest_service {
	char *name;
	char *component;
	unsigned port;
};

struct manifest_strings {
	char **items;
	size_t count;
};

/* What the services' TLS may accept; min_version NULL: the manifest has no
 * "tls". Lists keep the order of preference that the definition gave. */
struct manifest_tls {
	char *min_version;                     /* "TLSv1.2" or "TLSv1.3" */
	struct manifest_strings cipher_suites; /* IANA names */
	struct manifest_strings groups;        /* IANA names, "secp256r1" */
};

struct manifest_exception {
	char *path;      /* one of the two, */
	char *component; /* the other is NULL */
	char *reason;
	int64_t expires;
};

struct manifest {
	char *el;
	char *kubernetes;
	char *arch;
	unsigned revision;
	int64_t created;
	char *note; /* or NULL */
	struct manifest_component *components;
	size_t component_count;
	struct manifest_service *services;
	size_t service_count;
	struct manifest_tls tls;
	struct manifest_exception *exceptions;
	size_t exception_count;
};

void manifest_clear(struct manifest *m);

/* Read a canonical text: ERR_FORMAT or ERR_LIMIT with line and reason. `out` is
 * to be cleared. */
bool manifest_parse(const char *text, size_t len, struct manifest *out,
		    struct error *err) MUST_CHECK;
/* The same by way of the JSON reader alone, ten times slower, which manifest_parse()
 * asks for the words of a refusal: tests hold the two against each other. */
bool manifest_parse_json(const char *text, size_t len, struct manifest *out,
			 struct error *err) MUST_CHECK;
/* Sort what the format sorts. */
void manifest_sort(struct manifest *m);
/* The invariants above, on a manifest that was made and not read. */
bool manifest_check(const struct manifest *m, struct error *err) MUST_CHECK;
/* Append the canonical text; m has passed manifest_check(). */
bool manifest_write(const struct manifest *m, struct buf *out,
		    struct error *err) MUST_CHECK;

/* "manifest-el8-x86_64.json", to be freed; NULL without memory. */
char *manifest_file_name(const struct manifest *m) MUST_CHECK;
/* "el8/v1.21.3/x86_64@1", to be freed; NULL without memory. */
char *manifest_id(const struct manifest *m) MUST_CHECK;

/* By name; NULL when it is not there. */
const struct manifest_component *manifest_find(const struct manifest *m,
					       const char *name);

/* One difference between two manifests; strings are borrowed from them. */
struct manifest_change {
	const char *component; /* NULL: a field of the manifest itself */
	const char *path;      /* NULL: a field of the component */
	const char *field;     /* "sha256", "version", ...; "added"; "removed" */
	const char *from, *to; /* texts, or NULL */
};

/* Call `each` for every difference from a to b in the format's order; texts in
 * the change live during the call. The differing "created" counts too. */
bool manifest_compare(const struct manifest *a, const struct manifest *b,
		      void (*each)(void *arg, const struct manifest_change *c),
		      void *arg, struct error *err) MUST_CHECK;

#endif
