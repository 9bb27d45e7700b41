/* SPDX-License-Identifier: Apache-2.0 */
/* sample: stores with manifests in them, for the tests of what lies on a store. */
#ifndef TESTS_UNIT_SAMPLE_H
#define TESTS_UNIT_SAMPLE_H

#include "core/file.h"
#include "core/manifest.h"
#include "core/store.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SAMPLE __attribute__((unused)) static

enum { ASC_MAX = 1 << 20 };

SAMPLE void sample_must(bool ok, const struct error *why)
{
	if (!ok)
		fail_msg("%s", why->msg);
}

SAMPLE void sample_load(struct manifest *m)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	const char *top = getenv("TOP");
	char path[4096];
	struct error why;

	snprintf(path, sizeof(path), "%s/tests/data/manifest-el8-x86_64.json",
		 top ? top : ".");
	sample_must(file_read(path, &text, &why), &why);
	sample_must(manifest_parse(text.data, text.len, m, &why), &why);
}

SAMPLE void sample_replace(char **s, const char *with)
{
	free(*s);
	*s = text_dup(with, strlen(with));
}

/* A manifest's text: the sample under another name. */
SAMPLE void sample_text(const char *el, const char *kubernetes, unsigned revision,
			const char *note, struct buf *out)
{
	AUTO(manifest_clear) struct manifest m = EMPTY;
	struct error why;

	sample_load(&m);
	sample_replace(&m.el, el);
	sample_replace(&m.kubernetes, kubernetes);
	sample_replace(&m.note, note);
	m.revision = revision;
	buf_reset(out);
	sample_must(manifest_write(&m, out, &why), &why);
}

/* Put it; the store looks at no signature, so any text around it will do. */
SAMPLE bool sample_put(struct store *s, const struct buf *text, const char *signature,
		       enum store_state state, struct store_manifest *out,
		       struct error *why)
{
	AUTO(buf_clear) struct buf asc = BUF_MAX(ASC_MAX);

	buf_printf(&asc, "head\n\n%s%s\n", text->data, signature);
	return store_put_manifest(s,
				  &(const struct store_put){.text = text->data,
							    .text_len = text->len,
							    .asc = asc.data,
							    .asc_len = asc.len,
							    .state = state},
				  out, why);
}

SAMPLE void sample_put_named(struct store *s, const char *el, const char *kubernetes,
			     unsigned revision, struct store_manifest *out)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(ASC_MAX);
	struct error why;

	sample_text(el, kubernetes, revision, "note", &text);
	sample_must(sample_put(s, &text, "sig", STORE_COMPLETE, out, &why), &why);
}

/* A fresh store, open for writing. */
SAMPLE struct store *sample_store(const char *path)
{
	struct store *s = NULL;
	struct error why;

	unlink(path);
	sample_must(store_create(path, &why) && store_open(path, STORE_WRITE, &s, &why),
		    &why);
	return s;
}

/* What anybody with the sqlite3 program can do. */
SAMPLE int sample_sql(const char *path, const char *text, char *msg, size_t size)
{
	sqlite3 *db;
	int rc;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	rc = sqlite3_exec(db, text, NULL, NULL, NULL);
	snprintf(msg, size, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	return rc;
}

SAMPLE void sample_sql_ok(const char *path, const char *text)
{
	char msg[256];

	if (sample_sql(path, text, msg, sizeof(msg)) != SQLITE_OK)
		fail_msg("%s: %s", text, msg);
}

#endif
