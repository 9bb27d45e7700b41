/* SPDX-License-Identifier: Apache-2.0 */
#include "server/view.h"

#include "core/page.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>

static void term(struct buf *out, const char *name)
{
	buf_printf(out, "<dt>%s</dt><dd>", name);
}

static void end_term(struct buf *out)
{
	buf_puts(out, "</dd>\n");
}

static void text_term(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	term(out, name);
	page_text(out, value);
	end_term(out);
}

static void digest_term(struct buf *out, const char *name, const struct digest *d)
{
	term(out, name);
	buf_printf(out, "<span class=\"digest\">%s</span>", DIGEST_HEX(d));
	end_term(out);
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- the top: what it is, who vouches for it, how to check ---- */

static void facts(const struct view *v, struct buf *out)
{
	const struct index_manifest *row = v->row;

	buf_puts(out, "<dl>\n");
	term(out, "Signed file");
	buf_puts(out, "<a href=\"");
	page_url(out, file_name(row->path));
	buf_puts(out, "\">");
	page_text(out, file_name(row->path));
	buf_printf(out, "</a>, %" PRIu64 " bytes", row->size);
	end_term(out);
	digest_term(out, "Its SHA-256", &row->file_digest);
	digest_term(out, "SHA-256 of the statement", &row->digest);
	term(out, "Signed by");
	for (size_t i = 0; i < row->signer_count; i++) {
		buf_puts(out,
			 i ? "<br><span class=\"digest\">" : "<span class=\"digest\">");
		page_text(out, row->signers[i]);
		buf_puts(out, "</span>");
	}
	end_term(out);
	term(out, "Made, published");
	page_date(out, row->created);
	buf_puts(out, ", ");
	page_date(out, row->published);
	end_term(out);
	text_term(out, "Note", v->manifest->note);
	buf_puts(out, "</dl>\n");
}

static void how_to_check(const struct view *v, struct buf *out)
{
	buf_puts(out, "<p>Hold a node against it, with the release keys that you "
		      "trust:</p>\n");
	page_command_open(out);
	buf_puts(out, "curl -fsSO <span class=\"server\">https://manifests.example"
		      "</span>/");
	page_url(out, v->row->path);
	buf_puts(out, "\nsudo fips-tool --keyring release.asc ");
	page_text(out, file_name(v->row->path));
	buf_puts(out, "\n");
	page_command_close(out);
}

/* ---- what changed ---- */

static void put_change(void *arg, const struct manifest_change *c)
{
	struct buf *out = arg;

	/* they differ by what they are */
	if (!c->component &&
	    (!strcmp(c->field, "created") || !strcmp(c->field, "revision")))
		return;
	buf_puts(out, "<li>");
	page_text(out, c->component ? c->component : "manifest");
	if (c->path) {
		buf_puts(out, ", <code>");
		page_text(out, c->path);
		buf_puts(out, "</code>");
	}
	buf_puts(out, ": ");
	page_text(out, c->field);
	if (c->from) {
		buf_puts(out, " <del class=\"digest\">");
		page_text(out, c->from);
		buf_puts(out, "</del>");
	}
	if (c->to) {
		buf_puts(out, " <ins class=\"digest\">");
		page_text(out, c->to);
		buf_puts(out, "</ins>");
	}
	buf_puts(out, "</li>\n");
}

static bool changes(const struct view *v, struct buf *out, struct error *err)
{
	if (!v->previous)
		return true;
	buf_printf(out, "<h2>Changed since revision %u</h2>\n<ul>\n",
		   v->previous->revision);
	if (!manifest_compare(v->previous, v->manifest, put_change, out, err))
		return false;
	buf_puts(out, "</ul>\n");
	return true;
}

/* ---- what it lists ---- */

/* Where it does not fit it is broken behind a slash. */
static void put_path(struct buf *out, const char *path)
{
	for (; *path; path++) {
		page_text(out, (const char[]){*path, '\0'});
		if (*path == '/')
			buf_puts(out, "<wbr>");
	}
}

/* A line below; NULL: none. */
static void small(const char *text, struct buf *out)
{
	if (!text)
		return;
	buf_puts(out, "<small>");
	page_text(out, text);
	buf_puts(out, "</small>");
}

static void file_row(const struct manifest_file *f, struct buf *out)
{
	buf_puts(out, "<tr><th scope=\"row\" class=\"path\">");
	put_path(out, f->path);
	if (f->kind == MANIFEST_IN_IMAGE)
		small("in the image", out);
	buf_puts(out, "</th>");
	if (f->link) {
		buf_puts(out, "<td colspan=\"3\">symlink to <code>");
		page_text(out, f->link);
		buf_puts(out, "</code></td></tr>\n");
		return;
	}
	buf_printf(out, "<td class=\"digest\">%s</td><td class=\"wide\">%04o",
		   DIGEST_HEX(&f->sha256), f->mode);
	small(f->owner, out);
	small(f->capabilities, out);
	buf_puts(out, "</td><td class=\"wide\">");
	if (f->go_version) {
		page_text(out, f->go_version);
		buf_puts(out, "<br>");
		page_text(out, f->go_crypto);
	}
	buf_puts(out, "</td></tr>\n");
}

static void source(const struct manifest_source *s, struct buf *out)
{
	buf_puts(out, "<dl>\n");
	term(out, "Artifact");
	buf_printf(out, "%s ", manifest_source_name(s->type));
	page_text(out, s->name);
	buf_printf(out, ", %" PRIu64 " bytes<br><span class=\"digest\">%s</span>",
		   s->size, DIGEST_HEX(&s->sha256));
	end_term(out);
	text_term(out, "Vendor key", s->signer);
	text_term(out, "Image name", s->image_reference);
	if (s->type == MANIFEST_IMAGE) {
		digest_term(out, "Image manifest", &s->image_manifest);
		digest_term(out, "Image config", &s->image_config);
	}
	buf_puts(out, "</dl>\n");
}

static void component(const struct manifest_component *c, size_t n, struct buf *out)
{
	buf_printf(out, "<h3 id=\"c%zu\">", n);
	page_text(out, c->name);
	buf_puts(out, " <span class=\"version\">");
	page_text(out, c->version);
	buf_printf(out, "</span> <small class=\"quiet\">%s</small></h3>\n",
		   manifest_presence_name(c->presence));
	source(&c->source, out);
	if (!c->file_count)
		return;
	buf_printf(
		out,
		"<section class=\"scroll\" tabindex=\"0\" "
		"aria-labelledby=\"c%zu\">\n<table>\n<thead><tr><th scope=\"col\">"
		"File</th><th scope=\"col\">SHA-256</th><th scope=\"col\" "
		"class=\"wide\">Mode</th><th scope=\"col\" class=\"wide\">Go, crypto "
		"module</th></tr></thead>\n<tbody>\n",
		n);
	for (size_t i = 0; i < c->file_count; i++)
		file_row(&c->files[i], out);
	buf_puts(out, "</tbody>\n</table>\n</section>\n");
}

static void list_term(struct buf *out, const char *name,
		      const struct manifest_strings *list)
{
	if (!list->count)
		return;
	term(out, name);
	for (size_t i = 0; i < list->count; i++) {
		buf_puts(out, i ? "<br>" : "");
		page_text(out, list->items[i]);
	}
	end_term(out);
}

static void services(const struct manifest *m, struct buf *out)
{
	if (!m->service_count && !m->tls.min_version)
		return;
	buf_puts(out, "<h2>TLS endpoints</h2>\n<dl>\n");
	for (size_t i = 0; i < m->service_count; i++) {
		term(out, "Port");
		buf_printf(out, "%u, ", m->services[i].port);
		page_text(out, m->services[i].name);
		end_term(out);
	}
	text_term(out, "At least", m->tls.min_version);
	list_term(out, "Cipher suites", &m->tls.cipher_suites);
	list_term(out, "Groups", &m->tls.groups);
	buf_puts(out, "</dl>\n");
}

static void exceptions(const struct manifest *m, struct buf *out)
{
	if (!m->exception_count)
		return;
	buf_puts(out, "<h2>Exceptions</h2>\n<ul>\n");
	for (size_t i = 0; i < m->exception_count; i++) {
		const struct manifest_exception *e = &m->exceptions[i];

		buf_puts(out, "<li><code>");
		page_text(out, e->path ? e->path : e->component);
		buf_puts(out, "</code> until ");
		page_date(out, e->expires);
		buf_puts(out, ": ");
		page_text(out, e->reason);
		buf_puts(out, "</li>\n");
	}
	buf_puts(out, "</ul>\n");
}

static void title_of(const struct manifest *m, char *out, size_t size)
{
	snprintf(out, size, "EL %s, Kubernetes %s, %s, revision %u", m->el,
		 m->kubernetes, m->arch, m->revision);
}

bool view_write(const struct view *v, struct buf *out, struct error *err)
{
	const struct manifest *m = v->manifest;
	char title[256];

	title_of(m, title, sizeof(title));
	page_head(out, "../../", title);
	buf_puts(out, "<p><a href=\"../../\">All manifests</a></p>\n<h1>");
	page_text(out, title);
	buf_puts(out, "</h1>\n");
	facts(v, out);
	how_to_check(v, out);
	if (!changes(v, out, err))
		return false;
	buf_puts(out, "<h2>Components</h2>\n");
	for (size_t i = 0; i < m->component_count; i++)
		component(&m->components[i], i, out);
	services(m, out);
	exceptions(m, out);
	buf_puts(out, "</main>\n<footer class=\"quiet\">\n<p>The signed file is the "
		      "statement; this page only shows it.</p>\n");
	page_foot(out);
	return buf_ok(out, err);
}
