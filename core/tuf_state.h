/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf_state: the metadata that this machine trusts, in one folder: root.json,
 * timestamp.json, snapshot.json, targets.json, the name of a delegated role
 * percent-encoded + ".json", and "last-seen" (the newest time of a good update).
 *
 * Rules: a file appears whole (temporary + fsync + rename), and only after all
 * checks of its role; what is read from here is verified again like what comes
 * from the network; one process at a time (flock on the folder, waited for); nothing
 * but root.json is ever needed: what is missing or damaged is fetched again.
 */
#ifndef CORE_TUF_STATE_H
#define CORE_TUF_STATE_H

#include "core/buf.h"

struct tuf_state {
	char *dir;
	int fd; /* of the folder, locked */
};

/* Opens and locks; makes the folder (mode 0755) when only it is missing. */
bool tuf_state_open(const char *dir, struct tuf_state *out,
		    struct error *err) MUST_CHECK;
void tuf_state_close(struct tuf_state *s);

/* Append the role's file; ERR_NOT_FOUND when there is none, ERR_LIMIT. */
bool tuf_state_read(const struct tuf_state *s, const char *role, struct buf *out,
		    struct error *err) MUST_CHECK;
bool tuf_state_write(const struct tuf_state *s, const char *role, const void *data,
		     size_t len, struct error *err) MUST_CHECK;

/* The newest time of a good update; 0 when none is known. */
int64_t tuf_state_last_seen(const struct tuf_state *s);
/* Keep it when it is newer than what is there. */
bool tuf_state_saw(const struct tuf_state *s, int64_t now,
		   struct error *err) MUST_CHECK;

#endif
