/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pgp_folder: private folders for gpg, where it takes nothing but a name.
 *
 * Rule: a folder is new, 0700, and short enough for the names of gpg's sockets; it is
 * deleted, with all that is in it, by its handle. kill -9 leaves it behind: so it is
 * for those alone who cannot do without.
 */
#ifndef CORE_PGP_FOLDER_H
#define CORE_PGP_FOLDER_H

#include "core/error.h"

struct pgp_folder {
	char path[64]; /* "" when there is none */
};

/* In $XDG_RUNTIME_DIR, else /tmp, /dev/shm or /run. */
bool pgp_folder_make(struct pgp_folder *out, struct error *err) MUST_CHECK;
/* A file of mode 0600 in it. */
bool pgp_folder_put(const struct pgp_folder *f, const char *name, const void *data,
		    size_t len, struct error *err) MUST_CHECK;
void pgp_folder_clear(struct pgp_folder *f);

#endif
