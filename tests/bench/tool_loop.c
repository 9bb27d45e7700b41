/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tool_loop hash|read|many THREADS <LIST: the peer of fips-tool in its bench: digest
 * the files of a list (a name a line, largest first) with nothing but OpenSSL around
 * read(2), or read them only. "many" is fips-tool's own digesting by itself.
 */
#include "core/digest_many.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, THREADS_MAX = 64 };

static char **names;
static size_t count;
static atomic_size_t next;
static bool hashing;
static EVP_MD *sha256;

static void one(const char *name, EVP_MD_CTX *ctx, char *chunk)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	unsigned char digest[EVP_MAX_MD_SIZE];
	ssize_t n;

	if (fd < 0 || (hashing && EVP_DigestInit_ex2(ctx, sha256, NULL) != 1))
		abort();
	while ((n = read(fd, chunk, CHUNK)) > 0)
		if (hashing && EVP_DigestUpdate(ctx, chunk, (size_t)n) != 1)
			abort();
	if (n < 0 || (hashing && EVP_DigestFinal_ex(ctx, digest, NULL) != 1))
		abort();
	close(fd);
}

static void *work(void *arg)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char *chunk = malloc(CHUNK);
	size_t i;

	(void)arg;
	while ((i = atomic_fetch_add(&next, 1)) < count)
		one(names[i], ctx, chunk);
	free(chunk);
	EVP_MD_CTX_free(ctx);
	return NULL;
}

static void many(unsigned count_of_threads)
{
	const struct digest_many_options options = {.threads = count_of_threads,
						    .capability = true};
	struct digest_many_item *items = calloc(count + 1, sizeof(*items));
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error err;

	if (!items || root < 0)
		abort();
	for (size_t i = 0; i < count; i++)
		items[i] = (struct digest_many_item){.path = names[i], .fd = -1};
	if (!digest_many(root, items, count, &options, &err))
		abort();
	for (size_t i = 0; i < count; i++)
		if (items[i].state != DIGEST_MANY_DONE)
			abort();
	free(items);
	close(root);
}

static void read_list(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, stdin)) > 0) {
		names = reallocarray(names, count + 1, sizeof(*names));
		if (!names)
			abort();
		line[n - 1] = '\0';
		names[count++] = strdup(line);
	}
	free(line);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	int n = argc == 3 ? atoi(argv[2]) : 0;

	if (n < 1 || n > THREADS_MAX)
		return 64;
	hashing = !strcmp(argv[1], "hash");
	sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	read_list();
	if (!strcmp(argv[1], "many")) {
		many((unsigned)n);
		return 0;
	}
	for (int i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			abort();
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
