/* SPDX-License-Identifier: Apache-2.0 */
#include "server/watch.h"

#include "core/text.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <time.h>

static bool open_store(struct watch *w, struct error *err)
{
	struct file_id id;
	struct stat st;

	if (stat(w->path, &st))
		return error_sys(err, "cannot open '%s'", TEXT_SAFE(w->path));
	id = file_id_of(&st);
	if (w->store && !file_id_compare(id, w->id))
		return true;
	store_closep(&w->store);
	if (!store_open(w->path, STORE_READ, &w->store, err))
		return false;
	history_clear(&w->history); /* of another store, for all that is known */
	w->id = id;
	w->version = 0;
	return true;
}

static void say_loaded(const struct watch *w, const struct snapshot *s)
{
	char manifests[24], tools[24], bytes[24];
	const struct log_field fields[] = {
		{"manifests", manifests}, {"tools", tools}, {"bytes", bytes}, {0}};

	snprintf(manifests, sizeof(manifests), "%zu", s->manifest_count);
	snprintf(tools, sizeof(tools), "%zu", s->tool_count);
	snprintf(bytes, sizeof(bytes), "%" PRIu64, s->body_bytes);
	log_event(w->serve->log, LOG_INFO, "published", fields);
}

/* Read the store into a snapshot and serve it. */
static bool load(struct watch *w, struct error *err)
{
	AUTO(tree_clear) struct tree tree = EMPTY;
	struct snapshot *s = NULL;

	w->settings.now = (int64_t)time(NULL);
	if (!tree_from_store(w->store, &tree, err) ||
	    !snapshot_build(&w->settings, &tree, w->serve->snapshot, &s, err))
		return false;
	say_loaded(w, s);
	serve_set_snapshot(w->serve, s);
	atomic_fetch_add(&w->serve->metrics.loads, 1);
	w->incomplete = true;
	return true;
}

static bool refresh(struct watch *w, bool force, struct error *err)
{
	uint64_t version;

	if (!open_store(w, err) || !store_version(w->store, &version, err))
		return false;
	if (!force && version == w->version && w->serve->snapshot)
		return true;
	if (!load(w, err))
		return false;
	/* what was written meanwhile has another version and is read next time */
	w->version = version;
	return true;
}

static bool make_digests(struct watch *w, struct digests **out, struct error *err)
{
	struct digests_source *sources;
	size_t count;

	return history_sources(&w->history, w->store, w->serve->snapshot, &sources,
			       &count, err) &&
	       digests_build(sources, count, w->serve->snapshot->digests, out, err);
}

/* The second step of a publish: the names are served already. */
static bool complete(struct watch *w, struct error *err)
{
	struct digests *digests = NULL;
	struct snapshot *s = NULL;
	bool ok;

	if (!make_digests(w, &digests, err))
		return false;
	ok = snapshot_complete(w->serve->snapshot, digests, &s, err);
	digests_drop(digests);
	if (!ok)
		return false;
	serve_set_snapshot(w->serve, s);
	w->incomplete = false;
	malloc_trim(0); /* what building took goes back to the system */
	return true;
}

bool watch_start(struct watch *w, struct error *err)
{
	return refresh(w, true, err) && complete(w, err);
}

void watch_look(struct watch *w, bool force)
{
	struct error err = EMPTY;
	bool was_bad = w->serve->fault[0];

	if (refresh(w, force || was_bad, &err) &&
	    (!w->incomplete || complete(w, &err))) {
		if (was_bad) {
			serve_set_fault(w->serve, NULL);
			log_event(w->serve->log, LOG_INFO, "store is good again", NULL);
		}
		return;
	}
	store_closep(&w->store);
	if (strcmp(w->serve->fault, err.msg) != 0) {
		atomic_fetch_add(&w->serve->metrics.load_failures, 1);
		log_event(w->serve->log, LOG_ERROR,
			  "store cannot be read; the last good snapshot is served",
			  (const struct log_field[]){{"reason", err.msg}, {0}});
		serve_set_fault(w->serve, err.msg);
	}
}

void watch_clear(struct watch *w)
{
	store_closep(&w->store);
	history_clear(&w->history);
}
