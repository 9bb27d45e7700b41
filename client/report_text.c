/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_text: the report for people: who vouches for what, one line a check with
 * the verdict at its end, a summary.
 */
#include "client/report.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>

enum { SUBJECT_WIDTH = 48, COMPONENT_WIDTH = 24 };

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

		buf_printf(out, "signed    %s %s%s%s%s\n",
			   *s->primary ? s->primary : s->signer, s->uid,
			   s->counts ? "" : " (does not count: ",
			   s->counts ? "" : s->reason, s->counts ? "" : ")");
	}
	if (r->site)
		put_site(r->site, out);
	buf_putc(out, '\n');
}

static int width(const struct report *r, bool component)
{
	size_t most = 4, max = component ? COMPONENT_WIDTH : SUBJECT_WIDTH;

	for (size_t i = 0; i < r->count; i++) {
		const char *s =
			component ? r->checks[i].component : r->checks[i].subject;
		size_t len = s ? strlen(s) : 0;

		if (len > most && len <= max)
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
static void put_facts(const char *name, const char *facts, const char *other,
		      enum report_kind kind, struct buf *out)
{
	const char *blank = "";

	if (!facts)
		return;
	buf_printf(out, "; %s ", name);
	if (kind != REPORT_FILE || !other) {
		buf_puts(out, facts);
		return;
	}
	for (const char *s = facts; *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");

		if (!has_fact(other, s, n)) {
			buf_printf(out, "%s%.*s", blank, (int)n, s);
			blank = " ";
		}
		s += n;
	}
}

static void put_check(const struct report_check *c, int component, int subject,
		      bool colour, struct buf *out)
{
	buf_printf(out, "%-*s  %-7s  %-*s", component,
		   c->component ? c->component : "node", report_kind_name(c->kind),
		   subject, c->subject);
	if (c->verdict != REPORT_PASS && c->reason)
		buf_printf(out, "  %s", c->reason);
	if (c->verdict == REPORT_FAIL || c->verdict == REPORT_EXCEPTED) {
		put_facts("expected", c->expected, c->actual, c->kind, out);
		put_facts("actual", c->actual, c->expected, c->kind, out);
	}
	buf_puts(out, "  ");
	put_verdict(c->verdict, report_verdict_name(c->verdict), colour, out);
	buf_putc(out, '\n');
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

/* What --quiet leaves out: what passed, and what has no meaning here. */
static bool is_dull(const struct report_check *c)
{
	return c->verdict == REPORT_PASS ||
	       (c->verdict == REPORT_SKIPPED &&
		(text_starts(c->reason, "not applicable") ||
		 text_starts(c->reason, "optional and not ")));
}

bool report_text_write(const struct report *r, const struct report_style *style,
		       struct buf *out, struct error *err)
{
	int component = width(r, true), subject = width(r, false);

	if (!style->brief)
		put_head(r, out);
	for (size_t i = 0; i < r->count; i++)
		if (!style->brief || !is_dull(&r->checks[i]))
			put_check(&r->checks[i], component, subject, style->colour,
				  out);
	put_exceptions(r, out);
	put_summary(r, style->colour, out);
	return buf_ok(out, err);
}
