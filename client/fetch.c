/* SPDX-License-Identifier: Apache-2.0 */
#include "client/fetch.h"

#include "core/http.h"
#include "core/text.h"

#include <stdio.h>

enum { URL_MAX = 4096 };

/* `name` is the URL as people may see it. */
static bool get(struct http *http, const char *server, const char *path,
		struct buf *name, struct buf *out, struct error *err)
{
	AUTO(buf_clear) struct buf url = BUF_MAX(URL_MAX), quoted = BUF_MAX(URL_MAX);

	text_percent(path, "/", &quoted);
	if (!buf_ok(&quoted, err) || !http_join(server, quoted.data, &url, err))
		return false;
	http_name(url.data, name);
	return buf_ok(name, err) && http_get(http, url.data, out, err);
}

static bool fits(const struct index_manifest *row, const char *el, const char *arch)
{
	return text_el_covers(row->el, el) && !strcmp(row->arch, arch);
}

/* Does an earlier row that fits have row i's version, too? */
static bool seen(const struct index *x, const char *el, const char *arch, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (fits(&x->manifests[k], el, arch) &&
		    !strcmp(x->manifests[k].kubernetes, x->manifests[i].kubernetes))
			return true;
	return false;
}

bool fetch_version(const struct index *x, const char *el, const char *arch,
		   const char **out, struct error *err)
{
	AUTO(buf_clear) struct buf list = BUF_MAX(256);
	const char *found = "any version";
	size_t n = 0;

	for (size_t i = 0; i < x->manifest_count && n < 4; i++) {
		if (!fits(&x->manifests[i], el, arch) || seen(x, el, arch, i))
			continue;
		found = x->manifests[i].kubernetes;
		buf_printf(&list, "%s%s", n ? ", " : "", n < 3 ? found : "...");
		n++;
	}
	if (n >= 2)
		return error_set(err, ERR_USAGE,
				 "the server has more than one Kubernetes version for "
				 "EL %s on %s: give --kubernetes with one of %s",
				 el, arch, list.data);
	*out = found;
	return true;
}

static bool choose(const struct index *x, const struct fetch_options *o,
		   const struct index_manifest **out, struct error *err)
{
	AUTO(buf_clear) struct buf name = BUF_MAX(URL_MAX);
	const char *kubernetes = o->kubernetes;

	if (!kubernetes && !fetch_version(x, o->el, o->arch, &kubernetes, err))
		return false;
	*out = index_match(x, o->el, kubernetes, o->arch);
	if (*out)
		return true;
	http_name(o->server, &name);
	return error_set(err, ERR_NOT_FOUND,
			 "'%s' has no manifest for EL %s, Kubernetes %s, %s",
			 TEXT_SAFE(name.data), o->el, kubernetes, o->arch);
}

static bool read_index(struct http *http, const struct fetch_options *o,
		       struct index *out, struct error *err)
{
	AUTO(buf_clear) struct buf name = BUF_MAX(URL_MAX);
	AUTO(buf_clear) struct buf text = BUF_MAX(INDEX_TEXT_MAX);

	if (!get(http, o->server, "index.json", &name, &text, err))
		return false;
	return index_parse(text.data ? text.data : "", text.len, out, err) ||
	       error_prefix(err, "'%s'", TEXT_SAFE(name.data));
}

static bool read_file(struct http *http, const struct fetch_options *o, struct fetch *f,
		      struct error *err)
{
	AUTO(buf_clear) struct buf name = BUF_MAX(URL_MAX);
	struct digest digest;

	if (!get(http, o->server, f->row.path, &name, &f->file, err) ||
	    !digest_of_bytes(f->file.data, f->file.len, &digest, err))
		return false;
	if (!digest_equal(&digest, &f->row.file_digest))
		return error_set(err, ERR_UNTRUSTED,
				 "'%s' is not the file that the server's index lists: "
				 "SHA-256 is %s, the index has %s",
				 TEXT_SAFE(name.data), DIGEST_HEX(&digest),
				 DIGEST_HEX(&f->row.file_digest));
	f->url = buf_take(&name);
	return f->url || error_set(err, ERR_SYSTEM, "no memory");
}

static bool connect_to(const struct fetch_options *o, struct http **http,
		       struct error *err)
{
	const struct http_options limits = {
		.user_agent = "fips-tool/" FIPS_MANIFEST_VERSION,
		.total_seconds = o->seconds,
	};

	return http_new(&limits, http, err);
}

bool fetch_manifest(const struct fetch_options *o, struct fetch *out, struct error *err)
{
	AUTO(http_freep) struct http *http = NULL;
	AUTO(index_clear) struct index x = EMPTY;
	AUTO(fetch_clear) struct fetch f = FETCH_NONE;
	const struct index_manifest *row = NULL;

	if (!connect_to(o, &http, err) || !read_index(http, o, &x, err) ||
	    !choose(&x, o, &row, err))
		return false;
	f.row = *row;
	f.row.signers = NULL;
	f.row.signer_count = 0;
	if (!read_file(http, o, &f, err))
		return false;
	*out = f;
	f = (struct fetch)FETCH_NONE;
	return true;
}

bool fetch_confirm(const struct fetch *f, const struct source *s, struct error *err)
{
	const struct manifest *m = &s->manifest;

	if (!strcmp(f->row.el, m->el) && !strcmp(f->row.kubernetes, m->kubernetes) &&
	    !strcmp(f->row.arch, m->arch) && f->row.revision == m->revision &&
	    digest_equal(&f->row.digest, &s->verdict.digest))
		return true;
	return error_set(err, ERR_UNTRUSTED,
			 "'%s' holds EL %s, Kubernetes %s, %s, revision %u, but the "
			 "server's index says EL %s, Kubernetes %s, %s, revision %u: "
			 "tell who runs the server",
			 TEXT_SAFE(f->url), m->el, m->kubernetes, m->arch, m->revision,
			 f->row.el, f->row.kubernetes, f->row.arch, f->row.revision);
}

void fetch_clear(struct fetch *f)
{
	text_freep(&f->url);
	buf_clear(&f->file);
}
