/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_text: the report for people: who vouches for what, one line a check with
 * the verdict at its end, a summary. On a terminal the verdicts stand below each other,
 * and what does not fit into the line beside one follows in lines of its own.
 */
#include "client/report.h"
#include "core/digest.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>

enum {
	SUBJECT_WIDTH = 48, /* of a longer one the line is not aligned */
	COMPONENT_WIDTH = 24,
	COLUMNS_MIN = 60, /* of a terminal; in narrower ones it wraps lines */
	COLUMNS_MAX = 110,
	INDENT = 4,
};

/* How the lines of checks are laid out. */
struct layout {
	int component, subject; /* widths */
	size_t columns;         /* where verdicts end; 0: after each line */
	bool colour;
};

static const char *const colours[] = {
	[REPORT_PASS] = "\033[32m",     [REPORT_FAIL] = "\033[1;31m",
	[REPORT_EXCEPTED] = "\033[33m", [REPORT_UNKNOWN] = "\033[1;33m",
	[REPORT_SKIPPED] = "",
};

static void put_verdict(enum report_verdict v, const char *word, bool colour,
			struct buf *out)
{
	if (colour && *colours[v])
		buf_printf(out, "%s%s\033[0m", colours[v], word);
	else
		buf_puts(out, word);
}

static void put_site(const struct site_check *c, struct buf *out)
{
	char arrived[TEXT_TIME_SIZE], checked[TEXT_TIME_SIZE];

	text_time(c->site.arrived, arrived);
	text_time(c->site.checked, checked);
	buf_printf(out,
		   "site      %s: snapshot %" PRId64
		   " arrived %s, looked for newer %s\n"
		   "          from %s\n",
		   TEXT_SAFE(c->site.name), c->site.snapshot.version, arrived, checked,
		   TEXT_SAFE(c->site.source));
}

static void put_tool(const struct report *r, struct buf *out)
{
	char started[TEXT_TIME_SIZE];

	text_time(r->started, started);
	buf_printf(out,
		   "checked   %s by fips-tool %s\n"
		   "          sha256 %s\n"
		   "          digests by %s\n",
		   started, FIPS_MANIFEST_VERSION,
		   *r->tool_digest ? r->tool_digest : "unknown", digest_module());
}

static void put_head(const struct report *r, struct buf *out)
{
	const struct manifest *m = &r->source->manifest;
	const struct pgp_verdict *v = &r->source->verdict;
	const struct node *n = r->node;
	char created[TEXT_TIME_SIZE];

	text_time(m->created, created);
	buf_printf(out, "node      %s%s%s: %s\n",
		   *n->hostname ? n->hostname : "unnamed", n->root ? ", tree " : "",
		   n->root ? TEXT_SAFE(n->root) : "",
		   *n->os.name ? n->os.name : "unknown system");
	buf_printf(out,
		   "manifest  EL %s, Kubernetes %s, %s, revision %u of %s\n"
		   "          %s\n"
		   "          sha256 %s\n",
		   m->el, m->kubernetes, m->arch, m->revision, created,
		   TEXT_SAFE(r->source->origin),
		   DIGEST_HEX(&r->source->verdict.digest));
	for (size_t i = 0; i < v->count; i++) {
		const struct pgp_signature *s = &v->signatures[i];

		buf_printf(out, "signed    %s\n          key %s\n",
			   *s->uid ? s->uid : "by an unknown key",
			   *s->primary ? s->primary : s->signer);
		if (!s->counts)
			buf_printf(out, "          does not count: %s\n", s->reason);
	}
	if (r->site)
		put_site(r->site, out);
	put_tool(r, out);
	buf_putc(out, '\n');
}

/* What --quiet leaves out: what passed, and what has no meaning here. */
static bool is_dull(const struct report_check *c)
{
	return c->verdict == REPORT_PASS ||
	       (c->verdict == REPORT_SKIPPED &&
		(text_starts(c->reason, "not applicable") ||
		 text_starts(c->reason, "optional and not ")));
}

static int width(const struct report *r, bool component, bool brief)
{
	size_t most = 4, max = component ? COMPONENT_WIDTH : SUBJECT_WIDTH;

	for (size_t i = 0; i < r->count; i++) {
		const char *s =
			component ? r->checks[i].component : r->checks[i].subject;
		size_t len = s ? strlen(s) : 0;

		if (len > most && len <= max && !(brief && is_dull(&r->checks[i])))
			most = len;
	}
	return (int)most;
}

static bool has_fact(const char *facts, const char *fact, size_t len)
{
	for (const char *s = facts; *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");

		if (n == len && !strncmp(s, fact, n))
			return true;
		s += n;
	}
	return false;
}

/* Of a file's facts ("sha256:... mode:0755") those that the other side has not: the
 * whole of them is in the JSON form. */
static void put_facts(const char *facts, const char *other, enum report_kind kind,
		      struct buf *out)
{
	size_t from = out->len;

	if (kind != REPORT_FILE || !other) {
		buf_puts(out, facts);
		return;
	}
	for (const char *s = facts; *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");

		if (!has_fact(other, s, n))
			buf_printf(out, "%s%.*s", out->len > from ? " " : "", (int)n,
				   s);
		s += n;
	}
	if (out->len == from)
		buf_puts(out, "none");
}

/* Does what was found say more than that it is as expected? Digests do not. */
static bool is_telling(const struct report_check *c)
{
	return c->verdict == REPORT_PASS && c->actual && *c->actual &&
	       (c->kind == REPORT_SYSTEM || c->kind == REPORT_SERVICE ||
		!c->expected) &&
	       !(c->expected && !strcmp(c->expected, c->actual));
}

/* Up to three texts about one check, each with what it is: "expected", or "". */
struct details {
	const char *name[3];
	struct buf text[3];
	size_t count;
};

static void details_clear(struct details *d)
{
	for (size_t i = 0; i < ARRAY_LEN(d->text); i++)
		buf_clear(&d->text[i]);
}

static struct buf *next_detail(struct details *d, const char *name)
{
	static const struct buf empty = BUF_MAX(65536);

	d->name[d->count] = name;
	d->text[d->count] = empty;
	return &d->text[d->count++];
}

static void put_details(const struct report_check *c, struct details *d)
{
	if (is_telling(c))
		buf_puts(next_detail(d, ""), c->actual);
	if (c->verdict != REPORT_PASS && c->reason)
		buf_puts(next_detail(d, ""), c->reason);
	if (c->verdict != REPORT_FAIL && c->verdict != REPORT_EXCEPTED)
		return;
	if (c->expected)
		put_facts(c->expected, c->actual, c->kind, next_detail(d, "expected"));
	if (c->actual)
		put_facts(c->actual, c->expected, c->kind, next_detail(d, "actual"));
}

/* Details in lines of their own, broken at blanks. */
static void put_wrapped(const char *name, const char *s, size_t columns,
			struct buf *out)
{
	const int indent = *name ? INDENT + (int)sizeof("expected") : INDENT;
	size_t used = (size_t)indent;

	buf_printf(out, "%*s%-*s", INDENT, "", indent - INDENT, name);
	for (bool first = true; *s; s += strspn(s, " "), first = false) {
		size_t n = strcspn(s, " ");

		if (!first && used + 1 + n > columns) {
			buf_printf(out, "\n%*s", indent, "");
			used = (size_t)indent;
		} else if (!first) {
			buf_putc(out, ' ');
			used++;
		}
		buf_printf(out, "%.*s", (int)n, s);
		used += n;
		s += n;
	}
	buf_putc(out, '\n');
}

static void put_line_end(enum report_verdict v, size_t len, const struct layout *l,
			 struct buf *out)
{
	const char *word = report_verdict_name(v);

	for (len += 2 + strlen(word); len < l->columns; len++)
		buf_putc(out, ' ');
	buf_puts(out, "  ");
	put_verdict(v, word, l->colour, out);
	buf_putc(out, '\n');
}

/* "differs in content; expected sha256:...; actual sha256:..." */
static void put_beside(const struct details *d, struct buf *out)
{
	for (size_t i = 0; i < d->count; i++)
		buf_printf(out, "%s%s%s%s", i ? "; " : "", d->name[i],
			   *d->name[i] ? " " : "",
			   d->text[i].data ? d->text[i].data : "");
}

static void put_check(const struct report_check *c, const struct layout *l,
		      struct buf *out)
{
	AUTO(details_clear) struct details d = EMPTY;
	AUTO(buf_clear) struct buf beside = BUF_MAX(3 * 65536);
	size_t from = out->len, len;
	bool broken;

	put_details(c, &d);
	put_beside(&d, &beside);
	buf_printf(out, "%-*s  %-7s  %-*s", l->component,
		   c->component ? c->component : "node", report_kind_name(c->kind),
		   l->subject, c->subject);
	len = out->len - from + 2 + beside.len + 2 +
	      strlen(report_verdict_name(c->verdict));
	broken = l->columns && d.count && len > l->columns;
	if (d.count && !broken)
		buf_printf(out, "  %s", beside.data);
	put_line_end(c->verdict, out->len - from, l, out);
	for (size_t i = 0; broken && i < d.count; i++)
		put_wrapped(d.name[i], d.text[i].data ? d.text[i].data : "", l->columns,
			    out);
}

static void put_exceptions(const struct report *r, struct buf *out)
{
	const struct manifest *m = &r->source->manifest;

	for (size_t i = 0; i < m->exception_count; i++) {
		const struct manifest_exception *x = &m->exceptions[i];
		char until[TEXT_TIME_SIZE];

		text_time(x->expires, until);
		buf_printf(out, "%sexception for %s: %s (%s %s)\n", i ? "" : "\n",
			   TEXT_SAFE(x->path ? x->path : x->component),
			   TEXT_SAFE(x->reason),
			   x->expires <= r->started ? "expired" : "until", until);
	}
}

static void put_summary(const struct report *r, bool colour, struct buf *out)
{
	static const enum report_verdict as[] = {
		[REPORT_PASSED] = REPORT_PASS,
		[REPORT_PASSED_IMAGE] = REPORT_PASS,
		[REPORT_FAILED] = REPORT_FAIL,
		[REPORT_UNDECIDED] = REPORT_UNKNOWN,
	};
	enum report_outcome o = report_outcome(r);

	buf_putc(out, '\n');
	put_verdict(as[o], report_outcome_name(o), colour, out);
	buf_printf(out, ": %zu checks", r->count);
	for (size_t v = 0; v < REPORT_VERDICTS; v++)
		if (r->counts[v])
			buf_printf(out, ", %zu %s", r->counts[v],
				   report_verdict_name((enum report_verdict)v));
	if (!r->evidence && o == REPORT_UNDECIDED)
		buf_puts(out, "; nothing that the manifest lists was found good here");
	buf_putc(out, '\n');
}

static size_t columns_of(const struct report_style *style)
{
	if (style->columns < COLUMNS_MIN)
		return style->columns ? COLUMNS_MIN : 0;
	return style->columns < COLUMNS_MAX ? style->columns : COLUMNS_MAX;
}

bool report_text_write(const struct report *r, const struct report_style *style,
		       struct buf *out, struct error *err)
{
	const struct layout layout = {
		.component = width(r, true, style->brief),
		.subject = width(r, false, style->brief),
		.columns = columns_of(style),
		.colour = style->colour,
	};

	if (!style->brief)
		put_head(r, out);
	for (size_t i = 0; i < r->count; i++)
		if (!style->brief || !is_dull(&r->checks[i]))
			put_check(&r->checks[i], &layout, out);
	put_exceptions(r, out);
	put_summary(r, style->colour, out);
	return buf_ok(out, err);
}
