/* SPDX-License-Identifier: Apache-2.0 */
/* check_system: is the node, or the tree, one that the manifest speaks of? */
#include "client/check.h"
#include "core/text.h"

static void check_el(const struct check *c)
{
	const char *wanted = c->manifest->el, *actual = c->node->os.el;
	struct report_entry e = {
		.kind = REPORT_SYSTEM,
		.subject = "Enterprise Linux version",
		.expected = wanted,
		.actual = *actual ? actual : c->node->os.name,
		.verdict = REPORT_FAIL,
	};

	if (!*actual)
		report_add(c->report, &e, "the os-release names no Enterprise Linux");
	else if (!text_el_covers(wanted, actual))
		report_add(c->report, &e, "the manifest is for another version");
	else {
		e.verdict = REPORT_PASS;
		report_add(c->report, &e, NULL);
	}
}

static void not_live(const struct check *c, struct report_entry e)
{
	e.verdict = REPORT_SKIPPED;
	report_add(c->report, &e, "not applicable: not a live node");
}

static void check_arch(const struct check *c)
{
	const char *wanted = c->manifest->arch, *actual = c->node->arch;
	struct report_entry e = {
		.kind = REPORT_SYSTEM,
		.subject = "architecture",
		.expected = wanted,
		.actual = actual,
		.verdict = REPORT_FAIL,
	};

	if (!c->node->live) {
		not_live(c, e);
		return;
	}
	if (strcmp(wanted, actual)) {
		report_add(c->report, &e, "the manifest is for another architecture");
		return;
	}
	e.verdict = REPORT_PASS;
	report_add(c->report, &e, NULL);
}

static void check_kernel_fips(const struct check *c)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(64);
	struct report_entry e = {
		.kind = REPORT_SYSTEM,
		.subject = "kernel FIPS mode",
		.expected = "1",
		.verdict = REPORT_FAIL,
	};
	struct error err = EMPTY;

	if (!c->node->live) {
		not_live(c, e);
		return;
	}
	if (node_read_proc(c->node, "sys/crypto/fips_enabled", &text, &err)) {
		buf_reserve(&text, 0)[0] = '\0';
		text.data[strcspn(text.data, "\n")] = '\0';
		e.actual = text.data;
		if (!strcmp(text.data, "1")) {
			e.verdict = REPORT_PASS;
			report_add(c->report, &e, NULL);
		} else {
			report_add(c->report, &e,
				   "off: enable it (fips-mode-setup --enable, or "
				   "fips=1 on the kernel's command line) and reboot");
		}
	} else if (err.code == ERR_NOT_FOUND && c->node->proc_fd >= 0) {
		report_add(c->report, &e, "this kernel has no FIPS mode");
	} else {
		e.verdict = REPORT_UNKNOWN;
		report_add(c->report, &e, "%s", err.msg);
	}
}

void check_system(const struct check *c)
{
	check_el(c);
	check_arch(c);
	check_kernel_fips(c);
}
