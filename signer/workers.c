/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/workers.h"

#include <pthread.h>
#include <unistd.h>

enum { THREADS_MAX = 64 };

void workers_run(size_t max, void *(*work)(void *arg), void *arg)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[THREADS_MAX];
	size_t n = 0;

	while (n < THREADS_MAX && n + 1 < max && (long)n < cores &&
	       !pthread_create(&threads[n], NULL, work, arg))
		n++;
	work(arg);
	while (n)
		pthread_join(threads[--n], NULL);
}
