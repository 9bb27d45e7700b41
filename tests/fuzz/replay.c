/* SPDX-License-Identifier: Apache-2.0 */
/* Run a fuzz target over its corpus, tests/fuzz/corpus/NAME/: a regression test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(1 << 20);
	size_t n;

	if (!f || !data)
		abort();
	n = fread(data, 1, 1 << 20, f);
	fclose(f);
	/* exactly as long as the input, so that ASan sees a read beyond it */
	data = realloc(data, n ? n : 1);
	LLVMFuzzerTestOneInput(data, n);
	free(data);
}

int main(int argc, char **argv)
{
	const char *name = strstr(argv[0], "fuzz_"), *top = getenv("TOP");
	char folder[4096], path[8192];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc > 1 || !name)
		return argc > 1 ? 0 : 1;
	snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", top ? top : ".",
		 name + 5);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		replay(path);
		count++;
	}
	if (dir)
		closedir(dir);
	printf("%zu inputs from %s\n", count, folder);
	return count ? 0 : 1;
}
