/* SPDX-License-Identifier: Apache-2.0 */
#include "client/check.h"
#include "tests/unit/test.h"

static char el[8] = "8", arch[16] = "x86_64";

static const struct report_check *find(const struct report *r, const char *subject)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->checks[i].subject, subject))
			return &r->checks[i];
	fail_msg("no check of '%s'", subject);
	return NULL;
}

/* The verdict on `subject` of a node that is none but for these facts. */
static enum report_verdict verdict_of(const char *subject, const struct node *node)
{
	struct source s = {.manifest = {.el = el, .arch = arch}};
	struct check c = {.manifest = &s.manifest, .node = node};
	struct report r;
	enum report_verdict v;

	report_init(&r, node, &s);
	c.report = &r;
	check_system(&c);
	v = find(&r, subject)->verdict;
	report_clear(&r);
	return v;
}

TEST(check_system_holds_the_version_against_the_manifest)
{
	static const struct {
		const char *wanted, *actual;
		enum report_verdict verdict;
	} table[] = {
		{"8", "8", REPORT_PASS},     {"8", "8.10", REPORT_PASS},
		{"8.4", "8.4", REPORT_PASS}, {"8.4", "8.10", REPORT_FAIL},
		{"8.4", "8", REPORT_FAIL},   {"8", "9.1", REPORT_FAIL},
		{"8", "", REPORT_FAIL},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct node node = NODE_NONE;

		strcpy(el, table[i].wanted);
		strcpy(node.os.el, table[i].actual);
		assert_int_equal(verdict_of("Enterprise Linux version", &node),
				 table[i].verdict);
	}
}

TEST(check_system_holds_the_architecture_against_the_manifest)
{
	struct node node = {.live = true, .root_fd = -1, .proc_fd = -1};

	strcpy(node.arch, "aarch64");
	assert_int_equal(verdict_of("architecture", &node), REPORT_FAIL);
	strcpy(node.arch, "x86_64");
	assert_int_equal(verdict_of("architecture", &node), REPORT_PASS);
	node.live = false; /* what the tree's shell is for */
	assert_int_equal(verdict_of("architecture", &node), REPORT_PASS);
	*node.arch = '\0';
	assert_int_equal(verdict_of("architecture", &node), REPORT_SKIPPED);
}

TEST(check_system_never_passes_a_live_node_whose_fips_mode_it_cannot_read)
{
	struct node node = {.live = true, .root_fd = -1, .proc_fd = -1};

	assert_int_equal(verdict_of("kernel FIPS mode", &node), REPORT_UNKNOWN);
	node.live = false;
	assert_int_equal(verdict_of("kernel FIPS mode", &node), REPORT_SKIPPED);
}
