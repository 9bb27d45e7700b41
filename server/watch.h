/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch: keeps what is served up to date with the store.
 *
 * Rules: a change of the store becomes a new snapshot as a whole or not at all;
 * a store that cannot be read leaves the last good snapshot in place, is told
 * once in the log and in /healthz, and is tried again. A file that was put in
 * the store's place is opened anew.
 */
#ifndef SERVER_WATCH_H
#define SERVER_WATCH_H

#include "core/file.h"
#include "server/history.h"
#include "server/serve.h"

struct watch {
	const char *path;
	struct serve *serve;
	struct snapshot_settings settings;
	struct store *store;
	uint64_t version;
	struct file_id id;
	bool incomplete; /* what is served lacks codings and digests yet */
	struct history history;
};

/* Open the store and set the first snapshot, with codings. */
bool watch_start(struct watch *w, struct error *err) MUST_CHECK;
/* Look whether the store changed; `force`: read it in any case. */
void watch_look(struct watch *w, bool force);
void watch_clear(struct watch *w);

#endif
