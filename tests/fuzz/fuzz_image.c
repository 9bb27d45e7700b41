/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever an image archive holds: nothing is followed out of it, and what comes out
 * has been digested and can be selected. */
#include "core/text.h"
#include "signer/artifact.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct artifact *a, const struct release_component *c)
{
	struct manifest m = {.components = calloc(1, sizeof(*m.components)),
			     .component_count = 1};
	struct error err = EMPTY;

	for (size_t i = 0; i < a->count; i++) {
		const struct artifact_entry *e = &a->entries[i];

		if (!text_is_path(e->file.path))
			abort();
		if (e->type == UNPACK_REGULAR && !e->taken)
			abort();
	}
	if (m.components && !artifact_select(a, c, m.components, &err) &&
	    err.code != ERR_NOT_FOUND)
		abort();
	manifest_clear(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct release_component c = {.type = MANIFEST_IMAGE};
	const struct release_component *components[] = {&c};
	char path[64];
	struct artifact_job job = {.path = path,
				   .type = MANIFEST_IMAGE,
				   .arch = "x86_64",
				   .components = components,
				   .component_count = 1};
	struct artifact a = EMPTY;
	struct error err = EMPTY;
	int fd = memfd_create("image", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (artifact_read(&job, &a, &err)) {
		look_at(&a, &c);
		artifact_clear(&a);
	} else if (err.code == ERR_NONE || err.code == ERR_INTERNAL || a.entries) {
		abort();
	}
	close(fd);
	return 0;
}
