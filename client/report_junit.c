/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_junit: the report as JUnit XML, for pipelines that build node images: a
 * finding is a failure, what could not be checked an error, what does not apply or is
 * excepted skipped.
 */
#include "client/report.h"
#include "core/digest.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
	char c;
	const char *entity;
} entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};

/* Texts of a report are UTF-8 without control characters: they were escaped. Two code
 * points are left that XML cannot hold: U+FFFE and U+FFFF. */
static void put_text(struct buf *out, const char *s)
{
	for (; s && *s; s++) {
		const char *entity = NULL;

		if (text_starts(s, "\xef\xbf\xbe") || text_starts(s, "\xef\xbf\xbf")) {
			buf_putc(out, '?');
			s += 2;
			continue;
		}

		for (size_t i = 0; i < ARRAY_LEN(entities); i++)
			if (entities[i].c == *s)
				entity = entities[i].entity;
		if (entity)
			buf_puts(out, entity);
		else
			buf_putc(out, *s);
	}
}

static void put_attribute(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, " %s=\"", name);
	put_text(out, value);
	buf_putc(out, '"');
}

static void put_property(struct buf *out, const char *name, const char *value)
{
	AUTO(buf_clear) struct buf safe = BUF_MAX(65536);

	text_escape(value, strlen(value), &safe);
	buf_puts(out, "    <property");
	put_attribute(out, "name", name);
	put_attribute(out, "value", safe.data);
	buf_puts(out, "/>\n");
}

/* "signature.1": who signed, and whether it counts */
static void put_signatures(const struct report *r, struct buf *out)
{
	const struct pgp_verdict *v = &r->source->verdict;

	for (size_t i = 0; i < v->count; i++) {
		const struct pgp_signature *s = &v->signatures[i];
		AUTO(buf_clear) struct buf value = BUF_MAX(8192);
		char name[40];

		snprintf(name, sizeof(name), "signature.%zu", i + 1);
		buf_printf(&value, "%s %s%s%s%s", *s->primary ? s->primary : s->signer,
			   s->uid, s->counts ? "" : " (does not count: ",
			   s->counts ? "" : s->reason, s->counts ? "" : ")");
		put_property(out, name, value.data);
	}
}

/* "exception.1": for what, why and until when, whether it was needed or not */
static void put_exceptions(const struct report *r, struct buf *out)
{
	const struct manifest *m = &r->source->manifest;

	for (size_t i = 0; i < m->exception_count; i++) {
		const struct manifest_exception *x = &m->exceptions[i];
		AUTO(buf_clear) struct buf value = BUF_MAX(65536);
		char name[40], until[TEXT_TIME_SIZE];

		text_time(x->expires, until);
		snprintf(name, sizeof(name), "exception.%zu", i + 1);
		buf_printf(&value, "%s: %s (%s %s)", x->path ? x->path : x->component,
			   x->reason, x->expires <= r->started ? "expired" : "until",
			   until);
		put_property(out, name, value.data);
	}
}

static void put_properties(const struct report *r, struct buf *out)
{
	const struct manifest *m = &r->source->manifest;
	char revision[24];

	snprintf(revision, sizeof(revision), "%u", m->revision);
	buf_puts(out, "    <properties>\n");
	put_property(out, "verdict", report_outcome_name(report_outcome(r)));
	put_property(out, "manifest.sha256", DIGEST_HEX(&r->source->verdict.digest));
	put_property(out, "manifest.origin", r->source->origin);
	put_property(out, "manifest.el", m->el);
	put_property(out, "manifest.kubernetes", m->kubernetes);
	put_property(out, "manifest.arch", m->arch);
	put_property(out, "manifest.revision", revision);
	put_property(out, "tool.version", FIPS_MANIFEST_VERSION);
	put_property(out, "tool.sha256", r->tool_digest);
	put_property(out, "tool.digests_by", digest_module());
	put_signatures(r, out);
	put_exceptions(r, out);
	buf_puts(out, "    </properties>\n");
}

static const char *element_of(enum report_verdict v)
{
	switch (v) {
	case REPORT_FAIL:
		return "failure";
	case REPORT_UNKNOWN:
		return "error";
	case REPORT_EXCEPTED:
	case REPORT_SKIPPED:
		return "skipped";
	case REPORT_PASS:
		break;
	}
	return NULL;
}

static void put_fact(struct buf *out, const char *name, const char *fact)
{
	if (!fact)
		return;
	buf_puts(out, name);
	put_text(out, fact);
}

static void put_check(const struct report_check *c, struct buf *out)
{
	const char *element = element_of(c->verdict);
	const char *component = c->component ? c->component : "node";

	buf_puts(out, "    <testcase classname=\"");
	put_text(out, component);
	buf_printf(out, ".%s\"", report_kind_name(c->kind));
	put_attribute(out, "name", c->subject);
	if (!element) {
		buf_puts(out, "/>\n");
		return;
	}
	buf_printf(out, ">\n      <%s", element);
	put_attribute(out, "message", c->reason);
	if (c->verdict != REPORT_FAIL) {
		buf_puts(out, "/>\n    </testcase>\n");
		return;
	}
	buf_putc(out, '>');
	put_fact(out, "expected ", c->expected);
	put_fact(out, c->expected ? "\nactual " : "actual ", c->actual);
	buf_printf(out, "</%s>\n    </testcase>\n", element);
}

bool report_junit_write(const struct report *r, struct buf *out, struct error *err)
{
	/* a suite without a failure would pass, whatever it checked */
	bool empty = !r->evidence && !r->counts[REPORT_FAIL];
	char started[TEXT_TIME_SIZE];
	AUTO(buf_clear) struct buf numbers = BUF_MAX(1024);

	text_time(r->started, started);
	started[strlen(started) - 1] = '\0'; /* JUnit's has no zone */
	buf_printf(&numbers,
		   " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		   "skipped=\"%zu\" time=\"%" PRId64 "\"",
		   r->count + empty, r->counts[REPORT_FAIL],
		   r->counts[REPORT_UNKNOWN] + empty,
		   r->counts[REPORT_EXCEPTED] + r->counts[REPORT_SKIPPED],
		   r->finished - r->started);
	buf_printf(out,
		   "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		   "<testsuites%s>\n  <testsuite name=\"fips-tool\"%s",
		   numbers.data, numbers.data);
	put_attribute(out, "timestamp", started);
	put_attribute(out, "hostname", r->node->hostname);
	buf_puts(out, ">\n");
	put_properties(r, out);
	for (size_t i = 0; i < r->count; i++)
		put_check(&r->checks[i], out);
	if (empty)
		buf_puts(out,
			 "    <testcase classname=\"node.system\" name=\"verdict\">"
			 "\n      <error message=\"nothing that the manifest "
			 "lists was found good here\"/>\n    </testcase>\n");
	buf_puts(out, "  </testsuite>\n</testsuites>\n");
	return buf_ok(out, err);
}
