/* SPDX-License-Identifier: Apache-2.0 */
/* A definition that is read holds what its header promises; one that is refused
 * names its place and leaves nothing. */
#include "core/release.h"
#include "core/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool sound(const struct release_component *c)
{
	if (!text_is_name(c->name, MANIFEST_NAME_MAX) ||
	    !text_is_name(c->artifact, MANIFEST_NAME_MAX) || c->line == 0 ||
	    c->files.count > RELEASE_FILES_MAX)
		return false;
	for (size_t i = 0; i < c->files.count; i++)
		if (c->files.items[i][0] != '/')
			return false;
	if (c->type == MANIFEST_TAR && !text_is_path(c->prefix))
		return false;
	return c->type != MANIFEST_FILE || (text_is_path(c->path) && c->version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(release_clear) struct release r = EMPTY;
	struct error err = EMPTY;

	if (!release_parse("r.yaml", (const char *)data, size, &r, &err)) {
		if (r.file || !strstr(err.msg, "r.yaml"))
			abort();
		return 0;
	}
	if (!text_is_el(r.el) || !text_is_kubernetes(r.kubernetes) ||
	    !text_is_arch(r.arch) || r.revision == 0 || r.component_count == 0)
		abort();
	for (size_t i = 0; i < r.component_count; i++)
		if (!sound(&r.components[i]))
			abort();
	return 0;
}
