/* SPDX-License-Identifier: Apache-2.0 */
#include "client/report.h"
#include "core/json.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <time.h>

static struct manifest_exception exceptions[] = {
	{.path = (char[]){"/usr/bin/a"}, .reason = (char[]){"vendor fix"}},
	{.component = (char[]){"old"}, .reason = (char[]){"was due"}, .expires = 1},
};

static char origin[] = "a\nb.asc", el[] = "8", kubernetes[] = "v1.21.3",
	    arch[] = "x86_64";

static struct source source(void)
{
	exceptions[0].expires = (int64_t)time(NULL) + 1000;
	return (struct source){
		.origin = origin,
		.manifest = {.el = el,
			     .kubernetes = kubernetes,
			     .arch = arch,
			     .revision = 2,
			     .exceptions = exceptions,
			     .exception_count = ARRAY_LEN(exceptions)},
	};
}

static void add(struct report *r, enum report_kind kind, enum report_verdict verdict)
{
	report_add(r,
		   &(struct report_entry){
			   .kind = kind,
			   .verdict = verdict,
			   .subject = "thing",
			   /* the node's own have none */
			   .component = kind == REPORT_SYSTEM ? NULL : "kubelet"},
		   NULL);
}

static const struct {
	bool live;
	int pass, system_pass, fail, unknown, skipped;
	enum report_outcome outcome;
} outcomes[] = {
	{true, 1, 1, 0, 0, 0, REPORT_PASSED},
	{true, 1, 1, 0, 0, 5, REPORT_PASSED},
	{false, 1, 0, 0, 0, 2, REPORT_PASSED_IMAGE},
	{true, 9, 9, 1, 0, 0, REPORT_FAILED},
	{true, 9, 9, 1, 1, 0, REPORT_FAILED},
	{true, 9, 9, 0, 1, 0, REPORT_UNDECIDED},
	/* nothing of the manifest was found good */
	{true, 0, 3, 0, 0, 9, REPORT_UNDECIDED},
	{false, 0, 3, 0, 0, 0, REPORT_UNDECIDED},
	{true, 0, 0, 0, 0, 0, REPORT_UNDECIDED},
};

TEST(report_outcome_follows_from_the_checks_alone)
{
	struct source s = source();

	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		struct node node = {.live = outcomes[i].live};
		struct report r;

		report_init(&r, &node, &s);
		for (int k = 0; k < outcomes[i].pass; k++)
			add(&r, REPORT_FILE, REPORT_PASS);
		for (int k = 0; k < outcomes[i].system_pass; k++)
			add(&r, REPORT_SYSTEM, REPORT_PASS);
		for (int k = 0; k < outcomes[i].fail; k++)
			add(&r, REPORT_SERVICE, REPORT_FAIL);
		for (int k = 0; k < outcomes[i].unknown; k++)
			add(&r, REPORT_IMAGE, REPORT_UNKNOWN);
		for (int k = 0; k < outcomes[i].skipped; k++)
			add(&r, REPORT_PROCESS, REPORT_SKIPPED);
		assert_int_equal(report_outcome(&r), outcomes[i].outcome);
		report_clear(&r);
	}
}

static enum report_verdict verdict_of(enum report_kind kind, enum report_verdict v,
				      const char *component, const char *path)
{
	struct source s = source();
	struct node node = {.live = true};
	struct report r;
	enum report_verdict got;

	report_init(&r, &node, &s);
	report_add(&r,
		   &(struct report_entry){.kind = kind,
					  .verdict = v,
					  .subject = "x",
					  .component = component,
					  .path = path},
		   "differs");
	got = r.checks[0].verdict;
	report_clear(&r);
	return got;
}

TEST(report_exceptions_cover_their_finding_alone)
{
	assert_int_equal(verdict_of(REPORT_FILE, REPORT_FAIL, "a", "/usr/bin/a"),
			 REPORT_EXCEPTED);
	assert_int_equal(verdict_of(REPORT_FILE, REPORT_FAIL, "a", "/usr/bin/b"),
			 REPORT_FAIL);
	assert_int_equal(verdict_of(REPORT_FILE, REPORT_FAIL, "a", NULL), REPORT_FAIL);
	/* a date that has passed */
	assert_int_equal(verdict_of(REPORT_FILE, REPORT_FAIL, "old", "/o"),
			 REPORT_FAIL);
	/* what could not be checked, and the node itself */
	assert_int_equal(verdict_of(REPORT_FILE, REPORT_UNKNOWN, "a", "/usr/bin/a"),
			 REPORT_UNKNOWN);
	assert_int_equal(verdict_of(REPORT_SYSTEM, REPORT_FAIL, "a", "/usr/bin/a"),
			 REPORT_FAIL);
}

TEST(report_takes_nothing_after_it_was_closed)
{
	struct source s = source();
	struct node node = EMPTY;
	struct report r;

	report_init(&r, &node, &s);
	add(&r, REPORT_FILE, REPORT_PASS);
	report_close(&r);
	add(&r, REPORT_FILE, REPORT_FAIL);
	assert_int_equal(r.count, 1);
	assert_int_equal(report_outcome(&r), REPORT_PASSED_IMAGE);
	report_clear(&r);
}

/* A subject, a reason and values that would clear a terminal or break a line. */
static void hostile(struct report *r, const struct node *node, const struct source *s)
{
	report_init(r, node, s);
	report_add(r,
		   &(struct report_entry){.kind = REPORT_FILE,
					  .verdict = REPORT_FAIL,
					  .subject = "/a\n\033[2Jpass",
					  .expected = "\"quoted\"",
					  .actual = "\xff\xfe"},
		   "line\nbreak");
	report_close(r);
}

TEST(report_text_keeps_one_line_a_check_with_the_verdict_at_its_end)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(65536);
	const struct report_style style = {.brief = true};
	struct source s = source();
	struct node node = {.live = true};
	struct report r;

	hostile(&r, &node, &s);
	assert_ok(report_text_write(&r, &style, &out, &err));
	assert_non_null(strstr(out.data, "/a\\n\\x1b[2Jpass  line\\nbreak; expected "
					 "\"quoted\"; actual \\xff\\xfe  fail\n"));
	assert_null(strchr(out.data, '\033'));
	assert_non_null(strstr(out.data, "\nfail: 1 checks, 1 fail"));
	assert_non_null(strstr(out.data, "exception for old: was due (expired "));
	report_clear(&r);
}

TEST(report_text_is_coloured_when_asked)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(65536);
	struct source s = source();
	struct node node = {.live = true};
	struct report r;

	hostile(&r, &node, &s);
	assert_ok(report_text_write(&r, &(struct report_style){.colour = true}, &out,
				    &err));
	assert_non_null(strstr(out.data, "\033[1;31mfail\033[0m\n"));
	assert_non_null(strstr(out.data, "a\\nb.asc"));
	report_clear(&r);
}

/* "pass" at the end of line 80, and a finding's texts below it, none longer */
TEST(report_text_fits_into_a_terminal)
{
	static const char suites[] = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 "
				     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 "
				     "TLS_RSA_WITH_AES_256_GCM_SHA384";
	AUTO(buf_clear) struct buf out = BUF_MAX(65536);
	struct report_style style = {.brief = false, .columns = 80};
	struct source s = source();
	struct node node = {.live = true};
	struct report_entry e = {.kind = REPORT_SERVICE,
				 .subject = "api",
				 .expected = "AES-GCM",
				 .actual = suites};
	struct report r;
	size_t checks;

	report_init(&r, &node, &s);
	e.verdict = REPORT_PASS;
	report_add(&r, &e, NULL);
	e.verdict = REPORT_FAIL;
	report_add(&r, &e, "accepts %s", suites);
	e.actual = "";
	report_add(&r, &e, "accepts nothing");
	report_close(&r);
	assert_ok(report_text_write(&r, &style, &out, &err));
	checks = (size_t)(strstr(out.data, "\nnode") - out.data);
	for (char *line = strtok(out.data + checks, "\n"); line;
	     line = strtok(NULL, "\n")) {
		assert_true(strlen(line) <= 80);
		if (text_ends(line, "  pass") || text_ends(line, "  fail"))
			assert_int_equal(strlen(line), 80);
	}
	report_clear(&r);
}

TEST(report_json_is_canonical_and_escapes_what_a_node_says)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(65536);
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	struct source s = source();
	struct node node = {.live = true, .hostname = "n1"};
	struct report r;
	const char *verdict;
	struct json checks;

	hostile(&r, &node, &s);
	assert_ok(report_json_write(&r, &out, &err));
	assert_ok(json_parse_canonical(out.data, out.len, out.len, &doc, &err));
	assert_ok(json_get_string(json_root(&doc), "verdict", &verdict, &err));
	assert_string_equal(verdict, "fail");
	assert_ok(json_get(json_root(&doc), "checks", JSON_KIND_ARRAY, &checks, &err));
	assert_ok(json_get_string(json_at(checks, 0), "subject", &verdict, &err));
	assert_string_equal(verdict, "/a\\n\\x1b[2Jpass");
	report_clear(&r);
}
