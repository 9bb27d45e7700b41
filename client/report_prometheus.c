/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_prometheus: the report for the textfile collector of Prometheus' node exporter
 * (text exposition format 0.0.4). Checks are counted, findings are named; an old file
 * tells by its timestamp that nothing was checked since.
 */
#include "client/report.h"
#include "core/digest.h"
#include "core/text.h"

#include <inttypes.h>

enum { FINDINGS_MAX = 1000 }; /* series of their own */

/* name="value" as a label; what the report escaped stays escaped. */
static void put_label(struct buf *out, const char *name, const char *value)
{
	if (out->len && out->data[out->len - 1] != '{')
		buf_putc(out, ',');
	buf_printf(out, "%s=\"", name);
	for (; value && *value; value++) {
		if (*value == '"' || *value == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *value);
	}
	buf_putc(out, '"');
}

static void put_head(struct buf *out, const char *name, const char *help)
{
	buf_printf(out, "# HELP fips_tool_%s %s\n# TYPE fips_tool_%s gauge\n", name,
		   help, name);
}

static void put_number(struct buf *out, const char *name, const char *help,
		       int64_t value)
{
	put_head(out, name, help);
	buf_printf(out, "fips_tool_%s %" PRId64 "\n", name, value);
}

static void put_verdict(const struct report *r, struct buf *out)
{
	enum report_outcome now = report_outcome(r);

	put_head(out, "verdict",
		 "1 for the verdict of the last run, 0 for the others.");
	for (int o = REPORT_PASSED; o <= REPORT_UNDECIDED; o++) {
		buf_puts(out, "fips_tool_verdict{");
		put_label(out, "verdict", report_outcome_name((enum report_outcome)o));
		buf_printf(out, "} %d\n", (int)now == o);
	}
}

static void put_counts(const struct report *r, struct buf *out)
{
	size_t counts[REPORT_KINDS][REPORT_VERDICTS] = EMPTY;

	for (size_t i = 0; i < r->count; i++)
		counts[r->checks[i].kind][r->checks[i].verdict]++;
	put_head(out, "checks", "Checks of the last run by kind and verdict.");
	for (size_t k = 0; k < REPORT_KINDS; k++)
		for (size_t v = 0; v < REPORT_VERDICTS; v++)
			buf_printf(out,
				   "fips_tool_checks{kind=\"%s\",verdict=\"%s\"} "
				   "%zu\n",
				   report_kind_name((enum report_kind)k),
				   report_verdict_name((enum report_verdict)v),
				   counts[k][v]);
}

static bool is_finding(const struct report_check *c)
{
	return c->verdict == REPORT_FAIL || c->verdict == REPORT_UNKNOWN;
}

static bool same_series(const struct report_check *a, const struct report_check *b)
{
	return a->kind == b->kind && a->verdict == b->verdict &&
	       !strcmp(a->subject, b->subject) &&
	       !strcmp(a->component ? a->component : "",
		       b->component ? b->component : "");
}

/* One subject may have two findings: a series may not come twice. */
static bool came_before(const struct report *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_series(&r->checks[k], &r->checks[i]))
			return true;
	return false;
}

static void put_findings(const struct report *r, struct buf *out)
{
	size_t n = 0;

	put_head(out, "finding", "What failed, and what could not be checked.");
	for (size_t i = 0; i < r->count && n < FINDINGS_MAX; i++) {
		const struct report_check *c = &r->checks[i];

		if (!is_finding(c) || came_before(r, i))
			continue;
		n++;
		buf_puts(out, "fips_tool_finding{");
		put_label(out, "component", c->component ? c->component : "node");
		put_label(out, "kind", report_kind_name(c->kind));
		put_label(out, "subject", c->subject);
		put_label(out, "verdict", report_verdict_name(c->verdict));
		buf_puts(out, "} 1\n");
	}
}

static void put_info(const struct report *r, struct buf *out)
{
	const struct manifest *m = &r->source->manifest;

	put_head(out, "manifest_info", "The manifest that was held against the node.");
	buf_puts(out, "fips_tool_manifest_info{");
	put_label(out, "el", m->el);
	put_label(out, "kubernetes", m->kubernetes);
	put_label(out, "arch", m->arch);
	buf_printf(out, ",revision=\"%u\"", m->revision);
	put_label(out, "sha256", DIGEST_HEX(&r->source->verdict.digest));
	buf_puts(out, "} 1\n");
	put_head(out, "info", "The program that wrote this.");
	buf_puts(out, "fips_tool_info{");
	put_label(out, "version", FIPS_MANIFEST_VERSION);
	put_label(out, "sha256", r->tool_digest);
	put_label(out, "digests_by", digest_module());
	buf_puts(out, "} 1\n");
}

static void put_exceptions(const struct report *r, struct buf *out)
{
	const struct manifest *m = &r->source->manifest;

	if (!m->exception_count)
		return;
	put_head(out, "exception_expires_timestamp_seconds",
		 "When an exception of the manifest ends.");
	for (size_t i = 0; i < m->exception_count; i++) {
		const struct manifest_exception *x = &m->exceptions[i];

		buf_puts(out, "fips_tool_exception_expires_timestamp_seconds{");
		put_label(out, x->path ? "path" : "component",
			  TEXT_SAFE(x->path ? x->path : x->component));
		buf_printf(out, ",number=\"%zu\"} %" PRId64 "\n", i + 1, x->expires);
	}
}

static void put_site(const struct site_check *c, struct buf *out)
{
	if (!c)
		return;
	put_head(out, "site_as_of_timestamp_seconds",
		 "Until when the site had nothing newer, as far as it is vouched for.");
	buf_puts(out, "fips_tool_site_as_of_timestamp_seconds{");
	put_label(out, "site", TEXT_SAFE(c->site.name));
	buf_printf(out, "} %" PRId64 "\n", c->as_of);
}

bool report_prometheus_write(const struct report *r, struct buf *out, struct error *err)
{
	put_verdict(r, out);
	put_counts(r, out);
	put_findings(r, out);
	put_exceptions(r, out);
	put_info(r, out);
	put_site(r->site, out);
	put_number(out, "started_timestamp_seconds", "When the last run began.",
		   r->started);
	put_number(out, "finished_timestamp_seconds", "When the last run ended.",
		   r->finished);
	return buf_ok(out, err);
}
