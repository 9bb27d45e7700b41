/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { SLOTS = 4 };

struct ahead {
	ahead_fill *fill;
	void *arg;
	pthread_t thread;
	bool running; /* there is a thread to be joined */

	pthread_mutex_t lock; /* of everything below but the chunks */
	pthread_cond_t turn;
	size_t len[SLOTS]; /* 0: the end */
	uint64_t filled;   /* slots that the thread is done with, from the start */
	uint64_t taken;    /* slots that the caller has got */
	bool held;         /* the caller still uses the last of them */
	bool stop;         /* the caller wants no more */
	bool failed;
	struct error err; /* why it failed */
	char chunks[SLOTS][AHEAD_CHUNK];
};

/* ---- the thread ---- */

/* Wait for a slot that the caller is done with; its number, or -1 to stop. */
static int free_slot(struct ahead *a)
{
	int slot;

	pthread_mutex_lock(&a->lock);
	while (!a->stop && a->filled - (a->taken - a->held) == SLOTS)
		pthread_cond_wait(&a->turn, &a->lock);
	slot = a->stop ? -1 : (int)(a->filled % SLOTS);
	pthread_mutex_unlock(&a->lock);
	return slot;
}

static void *run(void *arg)
{
	struct ahead *a = arg;
	struct error err = EMPTY;
	bool more = true;
	int slot;

	while (more && (slot = free_slot(a)) >= 0) {
		size_t len = 0;
		bool ok = a->fill(a->arg, a->chunks[slot], &len, &err);

		pthread_mutex_lock(&a->lock);
		if (ok) {
			a->len[slot] = len;
			a->filled++;
		} else {
			a->failed = true;
			a->err = err;
		}
		pthread_cond_signal(&a->turn);
		pthread_mutex_unlock(&a->lock);
		more = ok && len;
	}
	return NULL;
}

/* ---- the caller ---- */

bool ahead_new(ahead_fill *fill, void *arg, struct ahead **out, struct error *err)
{
	AUTO(ahead_freep) struct ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return error_set(err, ERR_SYSTEM, "no memory");
	a->fill = fill;
	a->arg = arg;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->turn, NULL);
	errno = pthread_create(&a->thread, NULL, run, a);
	if (errno)
		return error_sys(err, "cannot start a thread");
	a->running = true;
	*out = TAKE(a);
	return true;
}

bool ahead_next(void *ahead, const void **data, size_t *len, struct error *err)
{
	struct ahead *a = ahead;
	size_t slot;
	bool ok;

	pthread_mutex_lock(&a->lock);
	a->held = false;
	pthread_cond_signal(&a->turn);
	while (a->filled == a->taken && !a->failed)
		pthread_cond_wait(&a->turn, &a->lock);
	ok = a->filled != a->taken;
	slot = a->taken % SLOTS;
	*len = ok ? a->len[slot] : 0;
	if (*len) { /* the end stays */
		a->taken++;
		a->held = true;
	}
	if (!ok)
		*err = a->err;
	pthread_mutex_unlock(&a->lock);
	*data = a->chunks[slot];
	return ok;
}

void ahead_free(struct ahead *a)
{
	if (!a)
		return;
	if (a->running) {
		pthread_mutex_lock(&a->lock);
		a->stop = true;
		pthread_cond_signal(&a->turn);
		pthread_mutex_unlock(&a->lock);
		pthread_join(a->thread, NULL);
	}
	pthread_cond_destroy(&a->turn);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

void ahead_freep(struct ahead **a)
{
	ahead_free(*a);
	*a = NULL;
}
