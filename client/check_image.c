/* SPDX-License-Identifier: Apache-2.0 */
/* check_image: the files that the manifest lists in container images. */
#include "client/check.h"

static bool has_image_files(const struct manifest_component *c)
{
	for (size_t i = 0; i < c->file_count; i++)
		if (c->files[i].kind == MANIFEST_IN_IMAGE)
			return true;
	return false;
}

bool check_image(const struct check *c, struct error *err)
{
	(void)err;
	for (size_t i = 0; i < c->manifest->component_count; i++) {
		const struct manifest_component *m = &c->manifest->components[i];
		bool required = m->presence == MANIFEST_REQUIRED;

		if (has_image_files(m))
			report_add(c->report,
				   &(struct report_entry){
					   .kind = REPORT_IMAGE,
					   .verdict = required ? REPORT_UNKNOWN
							       : REPORT_SKIPPED,
					   .component = m->name,
					   .subject =
						   m->source.image_reference
							   ? m->source.image_reference
							   : m->source.name,
				   },
				   "this version does not look into container images");
	}
	return true;
}
