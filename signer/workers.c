/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/workers.h"

#include <pthread.h>
#include <unistd.h>

enum { THREADS_MAX = 64 };

size_t workers_cores(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores > 1 ? (size_t)cores : 1;
}

void workers_run(size_t max, void *(*work)(void *arg), void *arg)
{
	pthread_t threads[THREADS_MAX];
	size_t n = 0, cores = workers_cores();

	while (n < THREADS_MAX && n + 1 < max && n < cores &&
	       !pthread_create(&threads[n], NULL, work, arg))
		n++;
	work(arg);
	while (n)
		pthread_join(threads[--n], NULL);
}
