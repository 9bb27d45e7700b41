/* SPDX-License-Identifier: Apache-2.0 */
/* report_json: the report for machines and for keeping (schema/report.schema.json). */
#include "client/report.h"
#include "core/json.h"
#include "core/text.h"

static void put_or_null(struct json_writer *w, const char *key, const char *value)
{
	if (value && *value)
		json_put_string(w, key, value);
	else
		json_put_null(w, key);
}

/* Text that nobody has escaped yet. */
static void put_escaped(struct json_writer *w, const char *key, const char *value)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(65536);

	if (value)
		text_escape(value, strlen(value), &b);
	put_or_null(w, key, b.data);
}

static void put_check(struct json_writer *w, const struct report_check *c)
{
	json_open(w, NULL, '{');
	put_or_null(w, "actual", c->actual);
	put_or_null(w, "component", c->component);
	put_or_null(w, "expected", c->expected);
	json_put_string(w, "kind", report_kind_name(c->kind));
	put_or_null(w, "reason", c->reason);
	json_put_string(w, "subject", c->subject);
	json_put_string(w, "verdict", report_verdict_name(c->verdict));
	json_close(w);
}

static void put_exceptions(struct json_writer *w, const struct report *r)
{
	const struct manifest *m = &r->source->manifest;

	json_open(w, "exceptions", '[');
	for (size_t i = 0; i < m->exception_count; i++) {
		const struct manifest_exception *x = &m->exceptions[i];

		json_open(w, NULL, '{');
		put_or_null(w, "component", x->component);
		json_put_bool(w, "expired", x->expires <= r->started);
		json_put_time(w, "expires", x->expires);
		put_or_null(w, "path", x->path);
		json_put_string(w, "reason", x->reason);
		json_close(w);
	}
	json_close(w);
}

static void put_manifest(struct json_writer *w, const struct source *s)
{
	const struct manifest *m = &s->manifest;

	json_open(w, "manifest", '{');
	json_put_string(w, "arch", m->arch);
	json_put_time(w, "created", m->created);
	json_put_string(w, "el", m->el);
	json_put_string(w, "kubernetes", m->kubernetes);
	put_or_null(w, "note", m->note);
	put_escaped(w, "origin", s->origin);
	json_put_integer(w, "revision", m->revision);
	json_put_string(w, "sha256", DIGEST_HEX(&s->verdict.digest));
	json_close(w);
}

static void put_node(struct json_writer *w, const struct node *n)
{
	json_open(w, "node", '{');
	put_or_null(w, "arch", n->arch);
	put_or_null(w, "boot_id", n->boot_id);
	put_or_null(w, "el", n->os.el);
	put_or_null(w, "hostname", n->hostname);
	put_or_null(w, "kernel", n->kernel);
	json_put_bool(w, "live", n->live);
	put_or_null(w, "machine_id", n->machine_id);
	put_or_null(w, "os", n->os.name);
	put_escaped(w, "root", n->root);
	json_close(w);
}

static void put_signatures(struct json_writer *w, const struct pgp_verdict *v)
{
	json_open(w, "signatures", '[');
	for (size_t i = 0; i < v->count; i++) {
		const struct pgp_signature *s = &v->signatures[i];

		json_open(w, NULL, '{');
		json_put_bool(w, "counts", s->counts);
		json_put_time(w, "created", s->created);
		put_or_null(w, "digest_algorithm", s->digest_algorithm);
		put_or_null(w, "key", s->primary);
		put_or_null(w, "key_algorithm", s->key_algorithm);
		put_or_null(w, "reason", s->reason);
		put_or_null(w, "signer", s->signer);
		put_or_null(w, "user_id", s->uid);
		json_close(w);
	}
	json_close(w);
}

static void put_site(struct json_writer *w, const struct site_check *c)
{
	if (!c) {
		json_put_null(w, "site");
		return;
	}
	json_open(w, "site", '{');
	json_put_time(w, "arrived", c->site.arrived);
	json_put_time(w, "as_of", c->as_of);
	json_put_time(w, "checked", c->site.checked);
	json_put_string(w, "key", c->key);
	json_put_integer(w, "max_age", c->max_age);
	put_escaped(w, "name", c->site.name);
	json_put_integer(w, "snapshot", c->site.snapshot.version);
	put_escaped(w, "source", c->site.source);
	json_close(w);
}

static void put_summary(struct json_writer *w, const struct report *r)
{
	json_open(w, "summary", '{');
	json_put_integer(w, "checks", (int64_t)r->count);
	json_put_integer(w, "excepted", (int64_t)r->counts[REPORT_EXCEPTED]);
	json_put_integer(w, "fail", (int64_t)r->counts[REPORT_FAIL]);
	json_put_integer(w, "pass", (int64_t)r->counts[REPORT_PASS]);
	json_put_integer(w, "skipped", (int64_t)r->counts[REPORT_SKIPPED]);
	json_put_integer(w, "unknown", (int64_t)r->counts[REPORT_UNKNOWN]);
	json_close(w);
}

static void put_tool(struct json_writer *w, const struct report *r)
{
	json_open(w, "tool", '{');
	json_put_string(w, "digests_by", digest_module());
	put_or_null(w, "sha256", r->tool_digest);
	json_put_string(w, "version", FIPS_MANIFEST_VERSION);
	json_close(w);
}

bool report_json_write(const struct report *r, struct buf *out, struct error *err)
{
	struct json_writer w = json_writer(out);

	json_open(&w, NULL, '{');
	json_open(&w, "checks", '[');
	for (size_t i = 0; i < r->count; i++)
		put_check(&w, &r->checks[i]);
	json_close(&w);
	put_exceptions(&w, r);
	json_put_time(&w, "finished", r->finished);
	json_put_string(&w, "format", REPORT_FORMAT);
	put_manifest(&w, r->source);
	put_node(&w, r->node);
	put_signatures(&w, &r->source->verdict);
	put_site(&w, r->site);
	json_put_time(&w, "started", r->started);
	put_summary(&w, r);
	json_put_integer(&w, "threshold", (int64_t)r->threshold);
	put_tool(&w, r);
	json_put_string(&w, "verdict", report_outcome_name(report_outcome(r)));
	json_close(&w);
	return json_write_end(&w, err);
}
