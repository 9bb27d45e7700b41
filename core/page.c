/* SPDX-License-Identifier: Apache-2.0 */
#include "core/page.h"

#include "core/text.h"
#include "page.inc" /* page_css, page_js: core/page.css, core/page.js */

#include <inttypes.h>

void page_text(struct buf *out, const char *s)
{
	static const char special[] = "&<>\"'";
	static const char *const references[] = {"&amp;", "&lt;", "&gt;", "&quot;",
						 "&#39;"};

	for (;;) {
		size_t plain = strcspn(s, special);

		buf_append(out, s, plain);
		s += plain;
		if (!*s)
			return;
		buf_puts(out, references[strchr(special, *s++) - special]);
	}
}

void page_url(struct buf *out, const char *path)
{
	text_percent(path, "/", out);
}

void page_head(struct buf *out, const char *root, const char *title)
{
	buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\" data-root=\"");
	page_text(out, root);
	buf_puts(out, "\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, "
		      "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
		      "dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
	page_text(out, title);
	buf_puts(out, "</title>\n<style>\n");
	buf_puts(out, page_css);
	buf_puts(out, "</style>\n</head>\n<body>\n<main>\n");
}

void page_foot(struct buf *out)
{
	buf_puts(out, "</footer>\n<script>\n");
	buf_puts(out, page_js);
	buf_puts(out, "</script>\n</body>\n</html>\n");
}

void page_command_open(struct buf *out)
{
	buf_puts(out, "<div class=\"command\"><pre tabindex=\"0\">");
}

void page_command_close(struct buf *out)
{
	buf_puts(out, "</pre><button type=\"button\" hidden>Copy</button></div>\n");
}

void page_signer(struct buf *out, const char *fingerprint)
{
	size_t len = strlen(fingerprint);

	buf_puts(out, "<abbr class=\"version\" title=\"");
	page_text(out, fingerprint);
	buf_puts(out, "\">");
	page_text(out, fingerprint + (len > 16 ? len - 16 : 0));
	buf_puts(out, "</abbr>");
}

void page_date(struct buf *out, int64_t t)
{
	char text[TEXT_TIME_SIZE];

	text_time(t, text);
	buf_printf(out, "<time datetime=\"%s\">%.10s</time>", text, text);
}

void page_time(struct buf *out, int64_t t)
{
	char text[TEXT_TIME_SIZE];

	text_time(t, text);
	buf_printf(out, "<time datetime=\"%s\">%.10s %.5s UTC</time>", text, text,
		   text + 11);
}

/* ---- what the policy allows: the digests of the two elements' content ---- */

static bool source(const char *content, struct buf *out, struct error *err)
{
	AUTO(buf_clear) struct buf whole = BUF_MAX(65536);
	struct digest d;

	/* the content begins behind "<style>", with the line end */
	buf_printf(&whole, "\n%s", content);
	if (!buf_ok(&whole, err) || !digest_of_bytes(whole.data, whole.len, &d, err))
		return false;
	buf_puts(out, "'sha256-");
	text_base64(d.bytes, sizeof(d.bytes), out);
	buf_puts(out, "'; ");
	return true;
}

bool page_policy(struct buf *out, struct error *err)
{
	buf_puts(out, "default-src 'none'; style-src ");
	if (!source(page_css, out, err))
		return false;
	buf_puts(out, "script-src ");
	if (!source(page_js, out, err))
		return false;
	buf_puts(out, "img-src data:; base-uri 'none'; form-action 'none'; "
		      "frame-ancestors 'none'");
	return buf_ok(out, err);
}

/* ---- the table of manifests ---- */

static void filter(const struct index *x, struct buf *out)
{
	const char *last = "";

	buf_puts(out, "<div id=\"filter\" hidden>\n<label>EL version <select "
		      "name=\"el\"><option value=\"\">all</option>");
	for (size_t i = 0; i < x->manifest_count; i++) {
		const char *el = x->manifests[i].el;

		if (strcmp(el, last) != 0) {
			buf_puts(out, "<option>");
			page_text(out, el);
			buf_puts(out, "</option>");
		}
		last = el;
	}
	buf_puts(out, "</select></label>\n<label>Kubernetes version <input "
		      "name=\"version\" type=\"search\" placeholder=\"v1.21\" "
		      "autocomplete=\"off\" spellcheck=\"false\"></label>\n"
		      "<output id=\"shown\" class=\"quiet\"></output>\n</div>\n");
}

static void view_path(struct buf *out, const char *path)
{
	AUTO(text_freep) char *stem = NULL;
	size_t len = strlen(path);

	if (text_ends(path, ".json.asc"))
		len -= strlen(".json.asc");
	stem = text_dup(path, len);
	page_url(out, stem ? stem : "");
	buf_puts(out, ".html");
}

static void links(const struct index_manifest *m, bool served, struct buf *out)
{
	const char *slash = strrchr(m->path, '/');

	buf_puts(out, "<a href=\"");
	page_url(out, m->path);
	buf_puts(out, "\">");
	page_text(out, slash ? slash + 1 : m->path);
	buf_puts(out, "</a>");
	if (served) {
		buf_puts(out, "<small><a href=\"");
		view_path(out, m->path);
		buf_printf(out,
			   "\" aria-label=\"what it lists: Kubernetes %s, EL %s, %s\">"
			   "what it lists</a></small>",
			   m->kubernetes, m->el, m->arch);
	}
}

static void row(const struct index_manifest *m, bool served, struct buf *out)
{
	buf_puts(out, "<tr data-el=\"");
	page_text(out, m->el);
	buf_puts(out, "\" data-version=\"");
	page_text(out, m->kubernetes);
	buf_puts(out, "\"><td>");
	page_text(out, m->el);
	buf_puts(out, "</td><th scope=\"row\" class=\"version\">");
	page_text(out, m->kubernetes);
	buf_printf(out,
		   "</th><td class=\"wide\">%s</td><td class=\"wide\">%u</td><td "
		   "class=\"wide\">",
		   m->arch, m->revision);
	page_date(out, m->created);
	buf_puts(out, "</td><td class=\"wide\">");
	for (size_t i = 0; i < m->signer_count; i++) {
		buf_puts(out, i ? "<br>" : "");
		page_signer(out, m->signers[i]);
	}
	buf_puts(out, "</td><td>");
	links(m, served, out);
	buf_puts(out, "</td></tr>\n");
}

static void manifests(const struct index *x, bool served, struct buf *out)
{
	buf_puts(out, "<h2 id=\"table\">Manifests</h2>\n");
	if (!x->manifest_count) {
		buf_puts(out, "<p>Nothing is published yet.</p>\n");
		return;
	}
	if (x->manifest_count > 1)
		filter(x, out);
	buf_puts(out,
		 "<section class=\"scroll\" tabindex=\"0\" "
		 "aria-labelledby=\"table\">\n<table id=\"manifests\">\n<thead><tr>"
		 "<th scope=\"col\">EL</th><th scope=\"col\">Kubernetes</th>"
		 "<th scope=\"col\" class=\"wide\">Architecture</th>"
		 "<th scope=\"col\" class=\"wide\">Revision</th>"
		 "<th scope=\"col\" class=\"wide\">Date</th>"
		 "<th scope=\"col\" class=\"wide\">Signed by</th>"
		 "<th scope=\"col\">Manifest</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < x->manifest_count; i++)
		row(&x->manifests[i], served, out);
	buf_puts(out, "</tbody>\n</table>\n</section>\n");
}

/* ---- what to type on a node ---- */

static const char server[] = "<span class=\"server\">https://manifests.example</span>";

static void get_tool(const struct index_tool *t, struct buf *out)
{
	const char *slash = strrchr(t->path, '/'), *name = slash ? slash + 1 : t->path;
	char hex[DIGEST_HEX_SIZE];

	digest_hex(&t->digest, hex);
	page_command_open(out);
	/* curl keeps a name as it stands in the URL */
	buf_printf(out, "curl -fsSO %s/", server);
	page_text(out, t->path);
	buf_printf(out, "\necho \"%s  ", hex);
	page_text(out, name);
	buf_puts(out, "\" | sha256sum -c\nsudo install -m 0755 ");
	page_text(out, name);
	buf_puts(out, " /usr/local/bin/fips-tool\n");
	page_command_close(out);
}

/* The newest one, for each architecture that it is there for. */
static void get_tools(const struct index *x, struct buf *out)
{
	const struct index_tool *t = x->tools;
	size_t n = 1;

	while (n < x->tool_count && !strcmp(t[n].version, t[0].version))
		n++;
	buf_puts(out, "<h2 id=\"check\">Check a node</h2>\n<p>Get the tool and see "
		      "that it is the one that this page names");
	for (size_t i = 0; i < n; i++) {
		if (n > 1)
			buf_printf(out, "%s on %s", i ? "<p>Or" : ",", t[i].arch);
		buf_puts(out, ":</p>\n");
		get_tool(&t[i], out);
	}
}

static void check_node(struct buf *out)
{
	buf_puts(out, "<p>Get the release keys. Hold the fingerprints that the second "
		      "command prints against those that reached you on another way: "
		      "whoever could change this page could change the keys beside "
		      "it.</p>\n");
	page_command_open(out);
	buf_printf(out,
		   "curl -fsSO %s/keys/release.asc\n"
		   "gpg --show-keys release.asc\n",
		   server);
	page_command_close(out);
	buf_puts(out, "<p>Check the node. The tool picks the manifest by the node's EL "
		      "and Kubernetes version; its exit status is 0 only when "
		      "everything is as the manifest says.</p>\n");
	page_command_open(out);
	buf_printf(out,
		   "sudo fips-tool --keyring release.asc --server %s\n"
		   "sudo fips-tool --json --keyring release.asc --server %s "
		   "&gt;evidence.json\n",
		   server, server);
	page_command_close(out);
}

/* For a node that reaches no server, or for stock gpg. */
static void check_offline(const struct index *x, struct buf *out)
{
	const char *path = x->manifests[0].path, *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	buf_puts(out, "<p>On a node that reaches no server, carry the tool, the keys "
		      "and the manifest there:</p>\n");
	page_command_open(out);
	buf_printf(out, "curl -fsSO %s/", server);
	page_url(out, path);
	buf_puts(out, "\nsudo fips-tool --json --keyring release.asc ");
	page_text(out, name);
	buf_puts(out, "\n");
	page_command_close(out);
}

static void tools(const struct index *x, const struct page_beside *beside,
		  struct buf *out)
{
	if (!x->tool_count)
		return;
	get_tools(x, out);
	if (beside->keys)
		check_node(out);
	if (beside->keys && x->manifest_count)
		check_offline(x, out);
	buf_puts(out,
		 "<h2 id=\"tool\">The tool</h2>\n<section class=\"scroll\" "
		 "tabindex=\"0\" "
		 "aria-labelledby=\"tool\">\n<table>\n<thead><tr>"
		 "<th scope=\"col\">File</th><th scope=\"col\">SHA-256</th>"
		 "<th scope=\"col\" class=\"wide\">Bytes</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < x->tool_count; i++) {
		const struct index_tool *t = &x->tools[i];
		const char *slash = strrchr(t->path, '/');

		buf_puts(out, "<tr><td><a href=\"");
		page_url(out, t->path);
		buf_puts(out, "\">");
		page_text(out, slash ? slash + 1 : t->path);
		buf_printf(out,
			   "</a></td><td class=\"digest\">%s</td>"
			   "<td class=\"wide\">%" PRIu64 "</td></tr>\n",
			   DIGEST_HEX(&t->digest), t->size);
	}
	buf_puts(out, "</tbody>\n</table>\n</section>\n<p>All of them at once: <a "
		      "href=\"tool/SHA256SUMS\">SHA256SUMS</a>, read by "
		      "<code>sha256sum -c</code>");
	if (beside->signed_sums)
		buf_puts(out, ", and signed: <a href=\"tool/SHA256SUMS.asc\">"
			      "SHA256SUMS.asc</a>");
	buf_puts(out, ".</p>\n");
}

static void withdrawn(const struct index *x, struct buf *out)
{
	if (!x->withdrawn_count)
		return;
	buf_puts(out, "<h2 id=\"withdrawn\">Withdrawn</h2>\n<p>These were published "
		      "once and must not "
		      "be relied on any more.</p>\n<ul>\n");
	for (size_t i = 0; i < x->withdrawn_count; i++) {
		const struct index_withdrawn *w = &x->withdrawn[i];

		buf_puts(out, "<li>EL ");
		page_text(out, w->el);
		buf_puts(out, ", <span class=\"version\">");
		page_text(out, w->kubernetes);
		buf_printf(out, "</span>, %s, revision %u: ", w->arch, w->revision);
		page_text(out, w->reason);
		buf_printf(out, "<br><span class=\"quiet digest\">%s</span></li>\n",
			   DIGEST_HEX(&w->digest));
	}
	buf_puts(out, "</ul>\n");
}

/* The snapshot's version by the tree's own metadata; 0: it has none. */
static int64_t snapshot_version(const struct page_about *a)
{
	for (size_t i = 0; i < a->role_count; i++)
		if (!strcmp(a->roles[i].name, "snapshot"))
			return a->roles[i].version;
	return 0;
}

static void site_snapshot(const struct page_about *a, struct buf *out)
{
	const struct tuf_vouched *said = &a->site.snapshot;

	buf_printf(out, "<dt>Snapshot</dt><dd>version %" PRId64, said->version);
	if (said->version != snapshot_version(a))
		buf_puts(out, ", <span class=\"bad\">which is not the one that is "
			      "served here</span>");
	buf_printf(out, "<br><span class=\"quiet digest\">%s</span></dd>\n",
		   DIGEST_HEX(&said->digest));
}

static void site(const struct page_about *a, struct buf *out)
{
	const struct site *s = &a->site;

	if (!a->is_site)
		return;
	buf_puts(out,
		 "<h2>This site</h2>\n<p>This is a mirror. It says, by its own clock "
		 "and signed with its own key, what it has (<a "
		 "href=\"site/statement.json\">site/statement.json</a>); the tool "
		 "holds it to "
		 "that with <code>--site-key</code>.</p>\n<dl>\n<dt>Site</dt><dd>");
	page_text(out, s->name);
	buf_puts(out, "</dd>\n<dt>Looked for news</dt><dd><span class=\"since\">");
	page_time(out, s->checked);
	buf_puts(out, "</span></dd>\n<dt>Snapshot arrived</dt><dd><span "
		      "class=\"since\">");
	page_time(out, s->arrived);
	buf_puts(out, "</span></dd>\n<dt>Came from</dt><dd>");
	page_text(out, s->source);
	buf_puts(out, "</dd>\n");
	site_snapshot(a, out);
	buf_puts(out, "</dl>\n");
}

static void freshness(const struct page_about *a, struct buf *out)
{
	if (!a->role_count)
		return;
	buf_printf(out,
		   "<h2>Metadata</h2>\n<p>This tree is current as long as its "
		   "metadata (The Update Framework) is valid; the tool refuses it "
		   "afterwards%s.</p>\n<dl>\n",
		   a->is_site ? ", unless it has this site's key" : "");
	for (size_t i = 0; i < a->role_count; i++) {
		buf_printf(out,
			   "<dt>%s</dt><dd>version %" PRId64
			   ", <span class=\"until\">until ",
			   a->roles[i].name, a->roles[i].version);
		page_date(out, a->roles[i].expires);
		buf_puts(out, "</span></dd>\n");
	}
	buf_puts(out, "</dl>\n");
}

static void foot(const struct index *x, const struct page_beside *beside, bool served,
		 struct buf *out)
{
	buf_puts(out, "</main>\n<footer class=\"quiet\">\n<p>For machines: <a "
		      "href=\"index.json\">index.json</a>");
	if (served)
		buf_puts(out, " &middot; <a href=\"openapi.json\">openapi.json</a>");
	if (x->tool_count)
		buf_puts(out,
			 " &middot; <a href=\"tool/SHA256SUMS\">tool/SHA256SUMS</a>");
	if (beside->keys)
		buf_puts(out,
			 " &middot; <a href=\"keys/release.asc\">keys/release.asc</a>");
	buf_puts(out, "</p>\n");
	page_foot(out);
}

/* What lies below a long table. */
static void further_down(const struct index *x, struct buf *out)
{
	if (!x->tool_count && !x->withdrawn_count)
		return;
	buf_puts(out, "<p>Further down:");
	if (x->tool_count)
		buf_puts(out, " <a href=\"#check\">check a node</a> &middot; <a "
			      "href=\"#tool\">the tool</a>");
	if (x->withdrawn_count)
		buf_printf(out, "%s <a href=\"#withdrawn\">withdrawn</a>",
			   x->tool_count ? " &middot;" : "");
	buf_puts(out, "</p>\n");
}

static void write_page(const struct index *x, const struct page_beside *beside,
		       bool served, struct buf *out)
{
	page_head(out, "./", "FIPS manifests");
	buf_puts(out,
		 "<h1>FIPS manifests</h1>\n<p>Each manifest lists the SHA-256 digests "
		 "of the files that a FIPS build of Kubernetes has on an Enterprise "
		 "Linux (EL) node, and is signed with OpenPGP. A manifest for EL 8 "
		 "holds for every 8.x.");
	if (x->threshold > 1)
		buf_printf(out, " It counts with %u signatures by different keys.",
			   x->threshold);
	buf_puts(out, "</p>\n");
	further_down(x, out);
	manifests(x, served, out);
	tools(x, beside, out);
	withdrawn(x, out);
}

bool page_write(const struct index *x, const struct page_beside *beside,
		struct buf *out, struct error *err)
{
	write_page(x, beside, false, out);
	foot(x, beside, false, out);
	return buf_ok(out, err);
}

bool page_write_served(const struct index *x, const struct page_about *about,
		       struct buf *out, struct error *err)
{
	write_page(x, &about->beside, true, out);
	site(about, out);
	freshness(about, out);
	foot(x, &about->beside, true, out);
	return buf_ok(out, err);
}
