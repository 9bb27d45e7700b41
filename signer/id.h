/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id: how a command line names a manifest.
 *
 *     ID = "el" EL "/" KUBERNETES [ "/" ARCH ] [ "@" REVISION ]
 *
 * Rules: what is left out must not make a difference: without an architecture
 * there may be only one; without a revision the newest is meant. Where a manifest
 * or a file may be named, a name of this form is an ID; ./NAME is a file.
 */
#ifndef SIGNER_ID_H
#define SIGNER_ID_H

#include "core/store.h"

struct id {
	char el[8], kubernetes[64];
	char arch[16];     /* "": not given */
	unsigned revision; /* 0: not given */
};

/* Has the name the form of an ID? Then *out is set. */
bool id_parse(const char *name, struct id *out) MUST_CHECK;

/* The manifest that the store has under this name, among the published ones or
 * all: ERR_NOT_FOUND; ERR_USAGE when the name is no ID or fits several
 * architectures. */
bool id_find(struct store *s, const char *name, bool published_only,
	     struct store_manifest *out, struct error *err) MUST_CHECK;

/* Append the canonical text of an ID in the store, or of a file: .json, or the
 * text of a signed file, whose signatures are not looked at. */
bool id_text(struct store *s, const char *name, struct buf *out,
	     struct error *err) MUST_CHECK;

#endif
