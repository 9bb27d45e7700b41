/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the manifest of a layout says: it is refused, or the file that it names
 * comes only when the blob has size and digest. */
#include "core/digest.h"
#include "core/file.h"
#include "core/tree_oci.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(const char *dir, const char *name, const void *data, size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f || fwrite(data, 1, len, f) != len || fclose(f))
		abort();
}

static void drop(const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (remove(path))
		abort();
}

static void make(const char *dir, const char *name)
{
	struct error err;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!file_mkdir(path, 0700, &err))
		abort();
}

static void look(const char *dir)
{
	AUTO(tree_source_closep) struct tree_source *s = NULL;
	AUTO(buf_clear) struct buf b = BUF_MAX(4096);
	struct error err = EMPTY;

	if (!tree_oci_open(dir, NULL, &s, &err)) {
		if (err.code != ERR_FORMAT && err.code != ERR_LIMIT &&
		    err.code != ERR_NOT_FOUND)
			abort();
		return;
	}
	if (tree_source_get(s, "a", &b, &err) && strcmp(b.data, "Hello") != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char hello[] = "blobs/sha256/185f8db32271fe25f561a6fc938b2e26430"
				    "6ec304eda518007d1764826381969";
	char dir[] = "/tmp/fuzz-oci-XXXXXX", index[256], blob[128];
	struct digest d;
	struct error err;

	if (!mkdtemp(dir) || !digest_of_bytes(data, size, &d, &err))
		abort();
	make(dir, "blobs");
	make(dir, "blobs/sha256");
	put(dir, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", 30);
	put(dir, hello, "Hello", 5);
	snprintf(blob, sizeof(blob), "blobs/sha256/%s", DIGEST_HEX(&d));
	put(dir, blob, data, size);
	snprintf(index, sizeof(index),
		 "{\"manifests\":[{\"digest\":\"sha256:%s\",\"size\":%zu}]}",
		 DIGEST_HEX(&d), size);
	put(dir, "index.json", index, strlen(index));
	look(dir);
	drop(dir, "index.json");
	drop(dir, blob);
	if (strcmp(blob, hello) != 0)
		drop(dir, hello);
	drop(dir, "oci-layout");
	drop(dir, "blobs/sha256");
	drop(dir, "blobs");
	drop(dir, "");
	return 0;
}
