/* SPDX-License-Identifier: Apache-2.0 */
#include "client/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct watch {
	void (*fn)(void *arg);
	void *arg;
	bool done;
	pthread_mutex_t lock;
	pthread_cond_t came_back;
};

static void *run(void *arg)
{
	struct watch *w = arg;

	w->fn(w->arg);
	pthread_mutex_lock(&w->lock);
	w->done = true;
	pthread_cond_signal(&w->came_back);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static struct watch *watch_new(void (*fn)(void *arg), void *arg)
{
	struct watch *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (!w)
		return NULL;
	w->fn = fn;
	w->arg = arg;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->came_back, &attr);
	pthread_condattr_destroy(&attr);
	return w;
}

static void watch_free(struct watch *w)
{
	pthread_cond_destroy(&w->came_back);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

bool watch_run(void (*fn)(void *arg), void *arg, int64_t deadline, bool *finished,
	       struct error *err)
{
	struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};
	struct watch *w = watch_new(fn, arg);
	pthread_t thread;
	bool done;

	if (!w)
		return error_set(err, ERR_SYSTEM, "no memory");
	errno = pthread_create(&thread, NULL, run, w);
	if (errno) {
		watch_free(w);
		return error_sys(err, "cannot start a thread");
	}
	pthread_mutex_lock(&w->lock);
	while (!w->done)
		if (pthread_cond_timedwait(&w->came_back, &w->lock, &until))
			break;
	done = w->done;
	pthread_mutex_unlock(&w->lock);
	if (done) {
		pthread_join(thread, NULL);
		watch_free(w);
	} /* else it belongs to the thread that still runs */
	*finished = done;
	return true;
}
