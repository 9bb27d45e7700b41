/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root_file: a root in preparation: a file that goes from machine to machine until
 * enough keys have signed it.
 *
 * Rules: it begins as the published root with the next version and a fresh expiry;
 * each change drops the signatures; it is published when the thresholds of the old
 * root and of its own are met (specification, section 5.3.4).
 */
#ifndef SIGNER_ROOT_FILE_H
#define SIGNER_ROOT_FILE_H

#include "core/store.h"
#include "core/tuf_signed.h"
#include "signer/role_keys.h"

struct root_file {
	const char *path; /* borrowed */
	bool there;
	struct tuf_root root;
	struct tuf_signed file; /* when it is there */
	struct buf bytes;
};

void root_file_clear(struct root_file *f);

/* Read it; without the file begin one from the store's root, or, with no store,
 * ERR_NOT_FOUND. */
bool root_file_open(const char *path, struct store *s, struct root_file *out,
		    struct error *err) MUST_CHECK;
/* Write f->root, checked and without signatures. */
bool root_file_write(const struct root_file *f, struct error *err) MUST_CHECK;
/* Sign it with the keys of "root"; *signatures is how many it has then. */
bool root_file_sign(const struct root_file *f, struct role_keys *keys,
		    size_t *signatures, struct error *err) MUST_CHECK;

/* Which of the two thresholds are met. */
struct root_missing {
	unsigned old_has, old_needs, own_has, own_needs;
};
void root_file_count(const struct root_file *f, const struct tuf_root *published,
		     struct root_missing *out);
/* Put it into the store as the next root, inside the caller's transaction:
 * ERR_UNTRUSTED when signatures are missing. */
bool root_file_publish(const struct root_file *f, struct store *s,
		       struct error *err) MUST_CHECK;

#endif
