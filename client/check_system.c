/* SPDX-License-Identifier: Apache-2.0 */
/* check_system: is the node, or the tree, one that the manifest speaks of? */
#include "client/check.h"
#include "client/proc_own.h"
#include "core/file.h"
#include "core/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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

	if (c->node->os_error.code != ERR_NONE) {
		e.verdict = REPORT_UNKNOWN;
		report_add(c->report, &e, "%s", c->node->os_error.msg);
	} else if (!*actual) {
		report_add(c->report, &e, "the os-release names no Enterprise Linux");
	} else if (!text_el_covers(wanted, actual)) {
		report_add(c->report, &e, "the manifest is for another version");
	} else {
		e.verdict = REPORT_PASS;
		report_add(c->report, &e, NULL);
	}
}

static void not_live(const struct check *c, struct report_entry e)
{
	e.verdict = REPORT_SKIPPED;
	report_add(c->report, &e, "not applicable: not a live node");
}

/* What may be a program: looking into each of many data files would cost. */
static bool is_executable(const struct manifest_file *f)
{
	return f->kind == MANIFEST_ON_HOST && !f->link && f->mode & 0111;
}

/* Of the first program that the manifest lists and the tree has; NULL where neither
 * that nor the tree tells. */
static const char *machine_of_tree(const struct check *c)
{
	const char *found = NULL;

	for (size_t i = 0; i < c->manifest->component_count && !found; i++) {
		const struct manifest_component *m = &c->manifest->components[i];

		for (size_t k = 0; k < m->file_count && !found; k++)
			if (is_executable(&m->files[k]))
				found = node_machine_of(c->node, m->files[k].path);
	}
	return found || !*c->node->arch ? found : c->node->arch;
}

static void check_arch(const struct check *c)
{
	const char *wanted = c->manifest->arch;
	const char *actual = c->node->live ? c->node->arch : machine_of_tree(c);
	struct report_entry e = {
		.kind = REPORT_SYSTEM,
		.subject = "architecture",
		.expected = wanted,
		.actual = actual,
		.verdict = REPORT_FAIL,
	};

	if (!actual) {
		not_live(c, e);
		return;
	}
	if (strcmp(wanted, actual) != 0) {
		report_add(c->report, &e, "the manifest is for another architecture");
		return;
	}
	e.verdict = REPORT_PASS;
	report_add(c->report, &e, NULL);
}

/* Read a small text without its line end; false after a check was reported. */
static bool read_line(const struct check *c, struct report_entry *e, bool proc,
		      const char *path, struct buf *out, const char *absent)
{
	struct error err = EMPTY;
	bool is_read = proc ? node_read_proc(c->node, path, out, &err)
			    : node_read(c->node, path, out, &err);

	if (is_read) {
		if (out->len)
			out->data[strcspn(out->data, "\n")] = '\0';
		e->actual = out->data ? out->data : "";
		return true;
	}
	if (err.code == ERR_NOT_FOUND && (!proc || c->node->proc_fd >= 0)) {
		report_add(c->report, e, "%s", absent);
	} else {
		e->verdict = REPORT_UNKNOWN;
		report_add(c->report, e, "%s", err.msg);
	}
	return false;
}

static void conclude(const struct check *c, struct report_entry *e, bool good,
		     const char *advice)
{
	e->verdict = good ? REPORT_PASS : REPORT_FAIL;
	report_add(c->report, e, good ? NULL : "%s", advice);
}

/* The same of a file of /proc, which is to be the kernel's own word. */
static bool read_proc_line(const struct check *c, struct report_entry *e,
			   const char *path, struct buf *out, const char *absent)
{
	if (!read_line(c, e, true, path, out, absent))
		return false;
	if (proc_own_file(c->node->proc_fd, path))
		return true;
	e->verdict = REPORT_UNKNOWN;
	e->actual = NULL;
	report_add(c->report, e,
		   "something is mounted over /proc/%s, the kernel itself cannot be "
		   "asked: unmount it",
		   path);
	return false;
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

	if (!c->node->live)
		not_live(c, e);
	else if (read_proc_line(c, &e, "sys/crypto/fips_enabled", &text,
				"this kernel has no FIPS mode"))
		conclude(c, &e, !strcmp(e.actual, "1"),
			 "off: enable it (fips-mode-setup --enable, or fips=1 on the "
			 "kernel's command line) and reboot");
}

/* The last fips= of the command line is the one that the kernel keeps. */
static bool asks_for_fips(const char *line)
{
	bool on = false;

	for (const char *s = line; *s; s += strspn(s, " ")) {
		size_t n = strcspn(s, " ");

		if (text_starts(s, "fips="))
			on = n == strlen("fips=1") && s[5] == '1';
		s += n;
	}
	return on;
}

static void check_command_line(const struct check *c)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(65536);
	struct report_entry e = {
		.kind = REPORT_SYSTEM,
		.subject = "kernel command line",
		.expected = "fips=1",
		.verdict = REPORT_FAIL,
	};

	if (!c->node->live)
		not_live(c, e);
	else if (read_proc_line(c, &e, "cmdline", &text, "there is none"))
		conclude(c, &e, asks_for_fips(e.actual),
			 "the kernel was not booted with fips=1");
}

/* EL 8 and later; "FIPS", or "FIPS:OSPP" and other modules on top of it. */
static void check_crypto_policy(const struct check *c)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(4096);
	struct report_entry e = {
		.kind = REPORT_SYSTEM,
		.subject = "crypto policy",
		.expected = "FIPS",
		.verdict = REPORT_SKIPPED,
	};

	if (read_line(c, &e, false, "/etc/crypto-policies/state/current", &text,
		      "not applicable: this system has no crypto policies"))
		conclude(c, &e,
			 !strcmp(e.actual, "FIPS") || text_starts(e.actual, "FIPS:"),
			 "another policy: update-crypto-policies --set FIPS");
}

/* Evidence alone: OpenSSL 3's FIPS module is a file, earlier ones are the library. */
static void check_provider(const struct check *c)
{
	static const char *const places[] = {
		"/usr/lib64/ossl-modules/fips.so",
		"/usr/lib/x86_64-linux-gnu/ossl-modules/fips.so",
		"/usr/lib/aarch64-linux-gnu/ossl-modules/fips.so",
	};
	struct report_entry e = {
		.kind = REPORT_SYSTEM,
		.subject = "OpenSSL FIPS provider",
		.verdict = REPORT_SKIPPED,
	};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		AUTO(file_closep) int fd = -1;
		struct error err;

		if (!file_open_beneath(c->node->root_fd, places[i], O_PATH, &fd, &err))
			continue;
		e.verdict = REPORT_PASS;
		e.actual = places[i];
		report_add(c->report, &e, NULL);
		return;
	}
	report_add(c->report, &e, "not applicable: OpenSSL has none as a file here");
}

void check_system(const struct check *c)
{
	check_el(c);
	check_arch(c);
	check_kernel_fips(c);
	check_command_line(c);
	check_crypto_policy(c);
	check_provider(c);
}
