/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a canonical manifest (docs/FORMAT.md) every member stands on a line of its
 * own, so that the line and its indentation tell what a digest is:
 *
 *     ....{                                 a component begins
 *     ..........."path": "/usr/bin/x",      10 blanks: of a file
 *     ..........."sha256": "HEX",
 *     ......"name": "kubelet",              6 blanks: the component's name
 *     ........"name": "kubelet.rpm",        8 blanks: of its source
 *     ........"sha256": "HEX",
 *     .........."config": "HEX",            10 blanks: of the source's image
 *
 * digests_table: what digests.c makes of such lines and digests_write.c reads.
 * Rule: for these two alone.
 */
#ifndef SERVER_DIGESTS_TABLE_H
#define SERVER_DIGESTS_TABLE_H

#include "server/digests.h"

enum {
	DIGESTS_BUCKETS = 65536,
	DIGESTS_HEX = DIGEST_HEX_SIZE - 1,
};

/* What an entry's digest belongs to. */
enum digests_kind { DIGESTS_MEMBER, DIGESTS_TEXT, DIGESTS_SIGNED, DIGESTS_TOOL };

struct digests_place {
	uint32_t source;
	uint32_t name; /* of a MEMBER: where the line of the component's name begins */
	enum digests_kind kind;
};

struct digests_entry {
	uint32_t prefix; /* the digest's first four bytes, the first one highest */
	uint32_t place;
	uint32_t at; /* of a MEMBER: where its 64 hex digits begin in the text */
};

struct digests {
	atomic_uint holders;
	struct digests_source *sources;
	size_t source_count;
	struct digests_place *places;
	size_t place_count, place_room;
	struct digests_entry *entries; /* by the prefix's upper half */
	size_t entry_count, entry_room;
	uint32_t buckets[DIGESTS_BUCKETS + 1];
};

struct digests_line {
	const char *text;
	size_t len;
	size_t indent;
};

#endif
