/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_archive: image archives (docker, OCI) in an image builder's folder. The
 * manifest names the digest of every archive that it was built from, so the archive
 * itself is compared and needs no unpacking; one that was saved again is another.
 */
#include "client/check.h"
#include "core/file.h"
#include "core/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

static const struct manifest_component *find(const struct manifest *m,
					     const struct digest *d)
{
	for (size_t i = 0; i < m->component_count; i++)
		if (m->components[i].source.type == MANIFEST_IMAGE &&
		    digest_equal(&m->components[i].source.sha256, d))
			return &m->components[i];
	return NULL;
}

static void tell(const struct check *c, const struct digest_many_item *it)
{
	const struct manifest_component *m =
		it->state == DIGEST_MANY_DONE ? find(c->manifest, &it->digest) : NULL;
	char actual[DIGEST_HEX_SIZE + 8];
	struct report_entry e = {
		.kind = REPORT_IMAGE,
		.verdict = m ? REPORT_PASS : REPORT_FAIL,
		.component = m ? m->name : NULL,
		.subject = it->path,
	};

	if (it->state != DIGEST_MANY_DONE) {
		e.verdict = REPORT_UNKNOWN;
		report_add(c->report, &e, "%s", check_why_not(it));
		return;
	}
	snprintf(actual, sizeof(actual), "sha256:%s", DIGEST_HEX(&it->digest));
	e.actual = actual;
	e.expected = m ? actual : NULL;
	report_add(c->report, &e,
		   m ? NULL : "the manifest was not built from this archive");
}

bool check_archive(const struct check *c, char *const *archives, size_t count,
		   struct error *err)
{
	struct digest_many_item *items = calloc(count + 1, sizeof(*items));
	bool ok = items || error_set(err, ERR_SYSTEM, "no memory");
	struct error why;

	for (size_t i = 0; i < count && ok; i++) {
		items[i] = (struct digest_many_item){.path = archives[i], .fd = -1};
		/* not beneath the root: it lies where the image is built */
		if (!file_open(archives[i], O_RDONLY | O_NONBLOCK, &items[i].fd,
			       &why)) {
			items[i].state = DIGEST_MANY_FAILED;
			items[i].why = text_dup(why.msg, strlen(why.msg));
		}
	}
	ok = ok && check_digests(c, items, count, err);
	for (size_t i = 0; i < count && items; i++) {
		if (ok)
			tell(c, &items[i]);
		file_closep(&items[i].fd);
		digest_many_clear(&items[i], 1);
	}
	free(items);
	return ok;
}
