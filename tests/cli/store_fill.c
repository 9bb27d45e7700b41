/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_fill STORE FROM COUNT [TOOL [FILES]]: put manifests v1.FROM.0 and on for EL
 * 8, of 10 components with FILES files each (16: about 64 KB), into a store (made
 * when it is not there) and publish them; and the file TOOL as the node tool ("-":
 * none). The signatures are no real
 * ones: the server reads none. For measuring and for the server's tests.
 */
#include "core/file.h"
#include "core/manifest.h"
#include "core/store.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COMPONENTS = 10, FILES = 16, FILES_MAX = 1000 };

static bool digest_of_name(const char *a, size_t n, unsigned f, struct digest *out,
			   struct error *err)
{
	char name[192];

	snprintf(name, sizeof(name), "%s %zu %u", a, n, f);
	return digest_of_bytes(name, strlen(name), out, err);
}

static bool fill_component(struct manifest_component *c, size_t version, unsigned i,
			   unsigned files, struct error *err)
{
	char text[128];

	snprintf(text, sizeof(text), "component-%u", i);
	c->name = strdup(text);
	c->version = strdup("1.21.3-0");
	snprintf(text, sizeof(text), "component-%u-1.21.3-0.x86_64.rpm", i);
	c->source.name = strdup(text);
	c->source.size = 20000000;
	c->files = calloc(files, sizeof(*c->files));
	c->file_count = files;
	if (!digest_of_name(c->name, version, FILES_MAX, &c->source.sha256, err))
		return false;
	for (unsigned f = 0; f < files; f++) {
		struct manifest_file *file = &c->files[f];

		snprintf(text, sizeof(text),
			 "/usr/libexec/kubernetes/component-%u/program-%02u", i, f);
		file->path = strdup(text);
		file->size = 1000000 + f;
		file->mode = 0755;
		file->owner = strdup("root:root");
		file->go_version = strdup("go1.16.7b7");
		file->go_crypto = strdup("boringcrypto");
		if (!digest_of_name(text, version, f, &file->sha256, err))
			return false;
	}
	return true;
}

static bool make_text(size_t version, unsigned files, struct buf *out,
		      struct error *err)
{
	AUTO(manifest_clear) struct manifest m = EMPTY;
	char text[64];

	snprintf(text, sizeof(text), "v1.%zu.0", version);
	m.el = strdup("8");
	m.kubernetes = strdup(text);
	m.arch = strdup("x86_64");
	m.revision = 1;
	m.created = 1629849600;
	m.components = calloc(COMPONENTS, sizeof(*m.components));
	m.component_count = COMPONENTS;
	for (unsigned i = 0; i < COMPONENTS; i++)
		if (!fill_component(&m.components[i], version, i, files, err))
			return false;
	return manifest_check(&m, err) && manifest_write(&m, out, err);
}

static bool add(struct store *s, size_t version, unsigned files, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(buf_clear) struct buf asc = BUF_MAX(MANIFEST_TEXT_MAX);
	struct store_manifest m;
	struct store_put put = {.state = STORE_COMPLETE};

	if (!make_text(version, files, &text, err))
		return false;
	buf_puts(&asc, "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n");
	buf_append(&asc, text.data, text.len);
	buf_puts(&asc, "-----BEGIN PGP SIGNATURE-----\n\nnone\n"
		       "-----END PGP SIGNATURE-----\n");
	if (!buf_ok(&asc, err))
		return false;
	put.text = text.data;
	put.text_len = text.len;
	put.asc = asc.data;
	put.asc_len = asc.len;
	return store_put_manifest(s, &put, &m, err) &&
	       store_publish_manifest(s, m.row,
				      "0123456789ABCDEF0123456789ABCDEF01234567", err);
}

static bool add_tool(struct store *s, const char *path, struct error *err)
{
	AUTO(buf_clear) struct buf tool = BUF_MAX(64 * 1024 * 1024);
	const struct store_tool t = {.version = "1.0.0", .arch = "x86_64"};
	struct store_published published;

	return file_read(path, &tool, err) &&
	       store_put_tool(s, &t, tool.data, tool.len, err) &&
	       store_publish_rest(s, &published, err);
}

static bool run(char **argv, struct error *err)
{
	AUTO(store_closep) struct store *s = NULL;
	const char *tool = argv[4];
	uint64_t from, count, files = FILES;

	if (!text_u64(argv[2], 0, 1000000, &from) ||
	    !text_u64(argv[3], 0, 1000000, &count) ||
	    (tool && argv[5] && !text_u64(argv[5], 1, FILES_MAX, &files)))
		return error_set(err, ERR_USAGE, "FROM, COUNT and FILES are numbers");
	if (access(argv[1], F_OK) && !store_create(argv[1], err))
		return false;
	if (!store_open(argv[1], STORE_WRITE, &s, err) || !store_begin(s, err))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!add(s, from + i, (unsigned)files, err))
			return false;
	return (!tool || !strcmp(tool, "-") || add_tool(s, tool, err)) &&
	       store_commit(s, err);
}

int main(int argc, char **argv)
{
	struct error err = EMPTY;

	if (argc < 4) {
		fprintf(stderr, "usage: store_fill STORE FROM COUNT [TOOL [FILES]]\n");
		return 64;
	}
	if (!run(argv, &err)) {
		fprintf(stderr, "store_fill: %s\n", err.msg);
		return 1;
	}
	return 0;
}
