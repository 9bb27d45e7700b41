/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_service: what the node's TLS endpoints accept, held against the manifest's
 * "tls", or where it has none against the default: TLS 1.2 and 1.3, AES-GCM, the NIST
 * curves (NIST SP 800-52 Rev. 2). A list that names no suite of TLS 1.3 says nothing of
 * TLS 1.3, and the default holds there.
 */
#include "client/check.h"
#include "client/listener.h"
#include "client/tls_probe.h"
#include "client/tls_suite.h"

#include <stdio.h>

struct endpoint {
	const struct check *check;
	const struct manifest_service *service;
	char address[LISTENER_TEXT_MAX];
};

/* ---- the policy ---- */

static bool listed(const struct manifest_strings *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i], name))
			return true;
	return false;
}

static const struct tls_suite *suite_of(const char *name)
{
	size_t n;
	const struct tls_suite *all = tls_suite_all(&n);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	return NULL;
}

/* Does the manifest's list speak of TLS 1.3 (or of TLS 1.2)? */
static bool speaks_of(const struct manifest_strings *list, bool is_13)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct tls_suite *s = suite_of(list->items[i]);

		if (s && tls_suite_is_13(s) == is_13)
			return true;
	}
	return false;
}

static bool suite_allowed(const struct manifest *m, uint16_t id)
{
	const struct manifest_strings *list = &m->tls.cipher_suites;
	const struct tls_suite *s = suite_of(tls_suite_name(id));

	if (!s)
		return false;
	return speaks_of(list, tls_suite_is_13(s)) ? listed(list, s->name)
						   : tls_suite_is_approved(s);
}

static bool group_allowed(const struct manifest *m, uint16_t id)
{
	static const char *const approved[] = {"secp256r1", "secp384r1", "secp521r1"};
	const char *name = tls_hello_group_name(id);

	if (m->tls.groups.count)
		return listed(&m->tls.groups, name);
	for (size_t i = 0; i < ARRAY_LEN(approved); i++)
		if (!strcmp(approved[i], name))
			return true;
	return false;
}

static uint16_t min_version(const struct manifest *m)
{
	const char *least = m->tls.min_version;

	return least && !strcmp(least, "TLSv1.3") ? TLS_HELLO_13 : TLS_HELLO_12;
}

/* ---- telling ---- */

static void report(const struct endpoint *p, enum report_verdict verdict,
		   const char *what, const char *expected, const char *actual,
		   const char *reason)
{
	char subject[160];

	snprintf(subject, sizeof(subject), "%s %s%s%s", p->service->name, p->address,
		 *what ? " " : "", what);
	report_add(p->check->report,
		   &(struct report_entry){.kind = REPORT_SERVICE,
					  .verdict = verdict,
					  .component = p->service->component,
					  .subject = subject,
					  .expected = expected,
					  .actual = actual},
		   reason ? "%s" : NULL, reason);
}

static void put_word(struct buf *b, const char *word)
{
	buf_printf(b, "%s%s", b->len ? " " : "", word);
}

/* One kind of number that a server accepts: what it is called, what is allowed. */
struct naming {
	const char *what;
	const char *(*name)(uint16_t id);
	bool (*allowed)(const struct manifest *m, uint16_t id);
};

static const struct naming suites_13 = {"TLS 1.3 cipher suites", tls_suite_name,
					suite_allowed};
static const struct naming suites_12 = {"TLS 1.2 cipher suites", tls_suite_name,
					suite_allowed};
static const struct naming groups = {"groups", tls_hello_group_name, group_allowed};

/* What of the manifest's list belongs to this naming, or the default in words. */
static void put_expected(const struct endpoint *p, const struct naming *n,
			 struct buf *out)
{
	const struct manifest_tls *tls = &p->check->manifest->tls;
	bool is_group = n == &groups;
	const struct manifest_strings *list =
		is_group ? &tls->groups : &tls->cipher_suites;

	for (size_t i = 0; i < list->count; i++) {
		const struct tls_suite *s = suite_of(list->items[i]);

		if (is_group || (s && tls_suite_is_13(s) == (n == &suites_13)))
			put_word(out, list->items[i]);
	}
	if (out->len == 0)
		buf_puts(out, is_group ? "secp256r1 secp384r1 secp521r1" : "AES-GCM");
}

static void tell_list(const struct endpoint *p, const struct naming *n,
		      const uint16_t *list, size_t count, bool cut)
{
	AUTO(buf_clear) struct buf actual = BUF_MAX(16384), bad = BUF_MAX(16384);
	AUTO(buf_clear) struct buf expected = BUF_MAX(16384);

	put_expected(p, n, &expected);
	for (size_t i = 0; i < count; i++) {
		put_word(&actual, n->name(list[i]));
		if (!n->allowed(p->check->manifest, list[i])) {
			if (!bad.len)
				buf_puts(&bad, "accepts");
			put_word(&bad, n->name(list[i]));
		}
	}
	if (bad.len)
		report(p, REPORT_FAIL, n->what, expected.data, actual.data, bad.data);
	else if (cut)
		report(p, REPORT_UNKNOWN, n->what, expected.data, actual.data,
		       "not all could be found: it answers too slowly or accepts too "
		       "many");
	else if (count)
		report(p, REPORT_PASS, n->what, expected.data, actual.data, NULL);
}

static void tell_versions(const struct endpoint *p, const struct tls_probe *found)
{
	AUTO(buf_clear) struct buf actual = BUF_MAX(256);
	uint16_t least = min_version(p->check->manifest);
	bool good = true;

	for (size_t i = 0; i < ARRAY_LEN(found->accepts); i++) {
		uint16_t v = (uint16_t)(TLS_HELLO_SSL3 + i);

		if (!found->accepts[i])
			continue;
		put_word(&actual, tls_hello_version_name(v));
		good = good && v >= least;
	}
	report(p, good ? REPORT_PASS : REPORT_FAIL, "versions",
	       least == TLS_HELLO_13 ? "TLSv1.3" : "TLSv1.2 or TLSv1.3", actual.data,
	       good ? NULL : "accepts a version that is too old");
}

/* The suite that a client of today gets, whose list has everything. */
static void tell_preferred(const struct endpoint *p, const struct tls_probe *found)
{
	bool is_13 = found->suites_13_count > 0;
	uint16_t id = is_13 ? found->suites_13[0] : found->suites_12[0];
	bool good = suite_allowed(p->check->manifest, id);
	AUTO(buf_clear) struct buf expected = BUF_MAX(16384);

	if (!is_13 && !found->suites_12_count)
		return;
	put_expected(p, is_13 ? &suites_13 : &suites_12, &expected);
	report(p, good ? REPORT_PASS : REPORT_FAIL,
	       !is_13 && !found->server_decides && found->suites_12_count > 1
		       ? "preferred cipher suite (the client's choice)"
		       : "preferred cipher suite",
	       expected.data, tls_suite_name(id),
	       good ? NULL : "prefers what it must not accept");
}

static void tell(const struct endpoint *p, const struct tls_probe *found)
{
	switch (found->state) {
	case TLS_PROBE_NO_CONNECTION:
		report(p, REPORT_UNKNOWN, "", NULL, NULL, "no connection");
		return;
	case TLS_PROBE_SILENT:
		report(p, REPORT_UNKNOWN, "", NULL, NULL, "no answer in time");
		return;
	case TLS_PROBE_REFUSES:
		report(p, REPORT_UNKNOWN, "", NULL, NULL, "refuses every offer");
		return;
	case TLS_PROBE_FOREIGN:
		report(p, REPORT_FAIL, "", "TLS", NULL, "does not speak TLS");
		return;
	case TLS_PROBE_ANSWERS:
		break;
	}
	tell_versions(p, found);
	tell_preferred(p, found);
	tell_list(p, &suites_13, found->suites_13, found->suites_13_count, false);
	tell_list(p, &suites_12, found->suites_12, found->suites_12_count, found->cut);
	tell_list(p, &groups, found->groups, found->group_count, false);
}

/* ---- one service ---- */

static bool is_required(const struct check *c, const struct manifest_service *s)
{
	const struct manifest_component *m = manifest_find(c->manifest, s->component);

	return !m || m->presence == MANIFEST_REQUIRED;
}

static void probe(struct endpoint *p, const struct listener *l)
{
	struct listener at = *l;
	struct tls_probe found;

	tls_probe_run((const struct sockaddr *)&at.addr, at.len, p->check->deadline,
		      &found);
	if (l->both && found.state == TLS_PROBE_NO_CONNECTION) {
		at = listener_four(l);
		tls_probe_run((const struct sockaddr *)&at.addr, at.len,
			      p->check->deadline, &found);
	}
	listener_text(&at, p->address);
	tell(p, &found);
}

static void check_one(const struct check *c, const struct manifest_service *s)
{
	struct endpoint p = {.check = c, .service = s};
	struct listeners at = EMPTY;
	struct error err = EMPTY;

	snprintf(p.address, sizeof(p.address), ":%u", s->port);
	if (!c->node->live)
		report(&p, REPORT_SKIPPED, "", NULL, NULL,
		       "not applicable: not a live node");
	else if (!listener_find(c->node, s->port, &at, &err))
		report(&p, REPORT_UNKNOWN, "", NULL, NULL, err.msg);
	else if (at.count == 0 && is_required(c, s))
		report(&p, REPORT_FAIL, "", "TLS", "nothing listens there",
		       "not running");
	else if (at.count == 0)
		report(&p, REPORT_SKIPPED, "", NULL, NULL, "optional and not running");
	if (at.more)
		report(&p, REPORT_UNKNOWN, "", NULL, NULL,
		       "it listens at more addresses than are asked");
	for (size_t i = 0; i < at.count; i++)
		probe(&p, &at.list[i]);
}

void check_service(const struct check *c)
{
	for (size_t i = 0; i < c->manifest->service_count; i++)
		check_one(c, &c->manifest->services[i]);
}
