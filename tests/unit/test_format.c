/* SPDX-License-Identifier: Apache-2.0 */
/* The limits that docs/FORMAT.md states are those of the code. */
#include "core/armor.h"
#include "core/image_plan.h"
#include "core/image_store.h"
#include "core/image_tree.h"
#include "core/json.h"
#include "core/release.h"
#include "core/release_yaml.h"
#include "signer/rpm_header.h"
#include "signer/rpm_trust.h"
#include "signer/unxz.h"
#include "tests/unit/test.h"

#include <stdarg.h>
#include <stdio.h>

/* The page with every run of blanks and line ends as one blank. */
static void load_page(struct buf *out)
{
	AUTO(buf_clear) struct buf raw = BUF_MAX(1 << 20);

	test_load("../../docs/FORMAT.md", &raw);
	for (size_t i = 0; i < raw.len; i++) {
		bool blank = raw.data[i] == ' ' || raw.data[i] == '\n';

		if (!blank || (out->len && out->data[out->len - 1] != ' '))
			buf_putc(out, blank ? ' ' : raw.data[i]);
	}
}

PRINTF(2, 3)
static void states(const struct buf *page, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!strstr(page->data, text))
		fail_msg("docs/FORMAT.md does not state: %s", text);
}

enum { K = 1024, M = 1024 * 1024 };

TEST(the_page_states_the_limits_of_a_manifest)
{
	AUTO(buf_clear) struct buf page = BUF_MAX(1 << 20);

	load_page(&page);
	states(&page, "Version of the manifest format: **`%s`**", MANIFEST_FORMAT);
	states(&page, "| text of a manifest | %d MiB; %d bytes a line; %d levels |",
	       MANIFEST_TEXT_MAX / M, MANIFEST_LINE_MAX, JSON_DEPTH_MAX);
	states(&page,
	       "| components; files of all; services; exceptions, cipher suites, "
	       "groups "
	       "| %d; %d; %d; %d each |",
	       MANIFEST_COMPONENTS_MAX, MANIFEST_FILES_MAX, MANIFEST_SERVICES_MAX,
	       MANIFEST_LIST_MAX);
	states(&page,
	       "| name or version; path, target, reference, note, reason, capabilities "
	       "| %d bytes; %d bytes |",
	       MANIFEST_NAME_MAX, MANIFEST_TEXT_FIELD_MAX);
	states(&page, "| `revision` | integer | 1 to %d |", MANIFEST_REVISION_MAX);
	states(&page, "At most %d MiB; no line over %d bytes", MANIFEST_TEXT_MAX / M,
	       MANIFEST_LINE_MAX);
	states(&page, "at most %d files", MANIFEST_FILES_MAX);
	states(&page, "| signatures of a signed manifest | %d, %d KiB |",
	       ARMOR_SIGNATURES_MAX, ARMOR_PACKET_MAX / K);
}

TEST(the_page_states_the_limits_of_definitions_and_artifacts)
{
	AUTO(buf_clear) struct buf page = BUF_MAX(1 << 20);

	load_page(&page);
	states(&page,
	       "| release definition | %d MiB; %d levels; %d values; %d keys a map",
	       RELEASE_TEXT_MAX / M, RELEASE_YAML_DEPTH_MAX, RELEASE_YAML_NODES_MAX,
	       RELEASE_YAML_KEYS_MAX);
	states(&page, "| paths and patterns of a component | %d |", RELEASE_FILES_MAX);
	states(&page, "| one archive, unpacked | %d GiB, %d entries, %d bytes a name |",
	       (int)(UNPACK_BYTES_MAX >> 30), UNPACK_ENTRIES_MAX, UNPACK_PATH_MAX);
	states(&page,
	       "| header of an RPM; files of pinned keys; memory to unpack an xz "
	       "payload | %d MiB; %d keys, %d MiB a file; %d MiB |",
	       RPM_HEADER_SIZE_MAX / M, RPM_TRUST_KEYS_MAX, RPM_TRUST_KEY_MAX / M,
	       (int)(UNXZ_MEMORY_MAX / M));
	states(&page,
	       "| image: layers; indexes in indexes; manifests looked at | %d; %d; %d "
	       "|",
	       IMAGE_PLAN_LAYERS_MAX, IMAGE_PLAN_DEPTH_MAX, IMAGE_PLAN_MANIFESTS_MAX);
	states(&page,
	       "| image: one JSON file; all of them; files of the carrier | %d MiB; "
	       "%d MiB; %d |",
	       IMAGE_STORE_JSON_MAX / M, IMAGE_STORE_KEPT_MAX / M,
	       IMAGE_STORE_FILES_MAX);
	states(&page, "which do not leave it (at most %d)", IMAGE_TREE_LINKS_MAX);
}
