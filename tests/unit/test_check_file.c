/* SPDX-License-Identifier: Apache-2.0 */
#include "client/check.h"
#include "core/file.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A tree with one component, its files as each test lays them out. */
struct tree {
	struct node node;
	struct source source;
	struct manifest_component component;
	struct manifest_file files[8];
	struct report report;
	struct seen seen;
	struct owner owner;
};

static void tree_open(struct tree *t, const char *root, enum manifest_presence presence)
{
	static char name[] = "kubelet", el[] = "8";
	struct error why = EMPTY;

	*t = (struct tree)EMPTY;
	assert_int_equal(mkdir(root, 0755), 0);
	assert_true(node_open(root, &t->node, &why));
	t->component = (struct manifest_component){
		.name = name,
		.presence = presence,
		.files = t->files,
	};
	t->source.manifest = (struct manifest){
		.el = el, .components = &t->component, .component_count = 1};
	report_init(&t->report, &t->node, &t->source);
}

static void tree_close(struct tree *t)
{
	report_clear(&t->report);
	seen_clear(&t->seen);
	owner_clear(&t->owner);
	node_close(&t->node);
}

/* List a file with this content in the manifest. */
static void list(struct tree *t, const char *path, const char *content)
{
	struct manifest_file *f = &t->files[t->component.file_count++];
	struct error why;

	f->path = (char *)(uintptr_t)path;
	f->mode = 0644;
	f->size = strlen(content);
	assert_true(digest_of_bytes(content, f->size, &f->sha256, &why));
}

static void list_link(struct tree *t, const char *path, const char *target)
{
	struct manifest_file *f = &t->files[t->component.file_count++];

	f->path = (char *)(uintptr_t)path;
	f->link = (char *)(uintptr_t)target;
}

static void put(struct tree *t, const char *name, const char *content, mode_t mode)
{
	AUTO(file_closep)
	int fd = openat(t->node.root_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void check(struct tree *t)
{
	const struct check c = {.manifest = &t->source.manifest,
				.node = &t->node,
				.report = &t->report,
				.seen = &t->seen,
				.owner = &t->owner};
	struct error why = EMPTY;

	assert_true(check_file(&c, &why));
}

static void assert_verdict(struct tree *t, size_t i, enum report_verdict verdict,
			   const char *reason)
{
	const struct report_check *c = &t->report.checks[i];

	assert_true(i < t->report.count);
	if (c->verdict != verdict || strcmp(c->reason ? c->reason : "", reason))
		fail_msg("%s: %s '%s', expected %s '%s'", c->subject,
			 report_verdict_name(c->verdict), c->reason,
			 report_verdict_name(verdict), reason);
}

TEST(check_file_passes_what_is_as_listed)
{
	AUTO(tree_close) struct tree t = EMPTY;

	tree_open(&t, "good", MANIFEST_REQUIRED);
	list(&t, "/a", "alpha");
	list_link(&t, "/b", "a");
	put(&t, "a", "alpha", 0644);
	assert_int_equal(symlinkat("a", t.node.root_fd, "b"), 0);
	check(&t);
	assert_verdict(&t, 0, REPORT_PASS, "");
	assert_verdict(&t, 1, REPORT_PASS, "");
	assert_int_equal(report_outcome(&t.report), REPORT_PASSED_IMAGE);
	assert_non_null(strstr(t.report.checks[0].actual, " mode:0644"));
	assert_string_equal(t.report.checks[1].actual, "link:a");
}

TEST(check_file_follows_symlinks_inside_the_root)
{
	AUTO(tree_close) struct tree t = EMPTY;

	tree_open(&t, "follow", MANIFEST_REQUIRED);
	list(&t, "/bin/a", "alpha");
	list(&t, "/b", "root:");
	assert_int_equal(mkdirat(t.node.root_fd, "usr", 0755), 0);
	put(&t, "usr/a", "alpha", 0644);
	assert_int_equal(symlinkat("/usr", t.node.root_fd, "bin"), 0);
	/* out of the root: not the host's file, whatever that holds */
	assert_int_equal(symlinkat("../../../../etc/passwd", t.node.root_fd, "b"), 0);
	check(&t);
	assert_verdict(&t, 0, REPORT_PASS, "");
	assert_verdict(&t, 1, REPORT_FAIL, "missing");
}

TEST(check_file_finds_every_difference)
{
	AUTO(tree_close) struct tree t = EMPTY;

	tree_open(&t, "bad", MANIFEST_REQUIRED);
	list(&t, "/content", "alpha");
	list(&t, "/fifo", "alpha");
	list_link(&t, "/link", "a");
	list(&t, "/missing", "alpha");
	list(&t, "/mode", "alpha");
	list_link(&t, "/no-link", "a");
	list(&t, "/shorter", "alpha");
	list(&t, "/sparse", "alpha");
	put(&t, "content", "alphb", 0600);
	put(&t, "mode", "alpha", 04755);
	put(&t, "no-link", "a", 0644);
	put(&t, "shorter", "alph", 0644);
	put(&t, "sparse", "alpha", 0644);
	assert_int_equal(truncate("bad/sparse", (off_t)1 << 40), 0);
	assert_int_equal(mkfifoat(t.node.root_fd, "fifo", 0644), 0);
	assert_int_equal(symlinkat("/a", t.node.root_fd, "link"), 0);
	check(&t);
	assert_verdict(&t, 0, REPORT_FAIL, "differs in content, mode");
	assert_verdict(&t, 1, REPORT_FAIL, "not a regular file");
	assert_verdict(&t, 2, REPORT_FAIL, "differs in target");
	assert_verdict(&t, 3, REPORT_FAIL, "missing");
	assert_verdict(&t, 4, REPORT_FAIL, "differs in mode");
	assert_verdict(&t, 5, REPORT_FAIL, "not a symlink");
	assert_verdict(&t, 6, REPORT_FAIL, "differs in content");
	assert_verdict(&t, 7, REPORT_FAIL, "far too large: not read");
	assert_string_equal(t.report.checks[1].actual, "a FIFO");
	assert_string_equal(t.report.checks[7].actual, "1099511627776 bytes");
	assert_int_equal(report_outcome(&t.report), REPORT_FAILED);
}

TEST(check_file_lets_an_optional_component_be_absent_as_a_whole)
{
	AUTO(tree_close) struct tree t = EMPTY;

	tree_open(&t, "absent", MANIFEST_OPTIONAL);
	list(&t, "/a", "alpha");
	list(&t, "/b", "beta");
	check(&t);
	assert_int_equal(t.report.count, 1);
	assert_verdict(&t, 0, REPORT_SKIPPED, "optional and not installed");
	assert_string_equal(t.report.checks[0].subject, "2 files");
	/* nothing was checked: never a pass */
	assert_int_equal(report_outcome(&t.report), REPORT_UNDECIDED);
}

TEST(check_file_wants_an_installed_optional_component_whole)
{
	AUTO(tree_close) struct tree t = EMPTY;

	tree_open(&t, "part", MANIFEST_OPTIONAL);
	list(&t, "/a", "alpha");
	list_link(&t, "/b", "a");
	assert_int_equal(symlinkat("a", t.node.root_fd, "b"), 0);
	check(&t);
	assert_verdict(&t, 0, REPORT_FAIL, "missing");
	assert_verdict(&t, 1, REPORT_PASS, "");
}

TEST(check_file_says_unknown_where_it_cannot_look)
{
	AUTO(tree_close) struct tree t = EMPTY;

	tree_open(&t, "unreadable", MANIFEST_OPTIONAL);
	list(&t, "/loop", "alpha");
	list_link(&t, "/loop/inside", "x");
	assert_int_equal(symlinkat("loop", t.node.root_fd, "loop"), 0);
	check(&t);
	assert_int_equal(t.report.checks[0].verdict, REPORT_UNKNOWN);
	assert_int_equal(t.report.checks[1].verdict, REPORT_UNKNOWN);
	assert_int_equal(report_outcome(&t.report), REPORT_UNDECIDED);
}

TEST(check_file_says_unknown_when_time_is_over)
{
	AUTO(tree_close) struct tree t = EMPTY;
	struct check c;

	tree_open(&t, "late", MANIFEST_REQUIRED);
	list(&t, "/huge", "alpha");
	t.files[0].size = (uint64_t)1 << 42;
	put(&t, "huge", "", 0644);
	assert_int_equal(truncate("late/huge", (off_t)1 << 42), 0);
	c = (struct check){.manifest = &t.source.manifest,
			   .node = &t.node,
			   .report = &t.report,
			   .seen = &t.seen,
			   .owner = &t.owner,
			   .deadline = 1};
	assert_ok(check_file(&c, &err));
	assert_verdict(&t, 0, REPORT_UNKNOWN, "time was over before it was read");
}

TEST(check_file_holds_owners_against_the_manifest)
{
	static char mine[32], other[] = "4711:4711", nobody[] = "stranger:stranger";
	AUTO(tree_close) struct tree t = EMPTY;

	if (getuid() == 0 && getgid() == 0) /* told by name in any tree */
		snprintf(mine, sizeof(mine), "root:root");
	else
		snprintf(mine, sizeof(mine), "%u:%u", getuid(), getgid());
	tree_open(&t, "owners", MANIFEST_REQUIRED);
	list(&t, "/a", "alpha");
	t.files[0].owner = mine;
	list(&t, "/b", "alpha");
	t.files[1].owner = other;
	list_link(&t, "/c", "a");
	t.files[2].owner = nobody;
	put(&t, "a", "alpha", 0644);
	put(&t, "b", "alphb", 0644);
	assert_int_equal(symlinkat("a", t.node.root_fd, "c"), 0);
	check(&t);
	assert_verdict(&t, 0, REPORT_PASS, "");
	assert_verdict(&t, 1, REPORT_FAIL, "differs in content, owner");
	assert_verdict(&t, 2, REPORT_FAIL, "differs in owner");
	assert_non_null(strstr(t.report.checks[1].expected, " owner:4711:4711"));
	/* a tree without /etc/passwd: numbers, and root by its name */
	assert_non_null(strstr(t.report.checks[1].actual,
			       getuid() ? mine : " owner:root:root"));
}

TEST(check_file_holds_capabilities_against_the_manifest)
{
	static const unsigned char net_raw[20] = {1, 0, 0, 2, 0, 0x20};
	static char wanted[] = "cap_net_raw+ep";
	AUTO(tree_close) struct tree t = EMPTY;

	tree_open(&t, "capable", MANIFEST_REQUIRED);
	list(&t, "/listed", "alpha");
	t.files[0].capabilities = wanted;
	list(&t, "/lost", "alpha");
	t.files[1].capabilities = wanted;
	list(&t, "/won", "alpha");
	put(&t, "listed", "alpha", 0644);
	put(&t, "lost", "alpha", 0644);
	put(&t, "won", "alpha", 0644);
	if (setxattr("capable/listed", "security.capability", net_raw, sizeof(net_raw),
		     0) ||
	    setxattr("capable/won", "security.capability", net_raw, sizeof(net_raw), 0))
		return; /* root alone may, and not on every file system */
	check(&t);
	assert_verdict(&t, 0, REPORT_PASS, "");
	assert_verdict(&t, 1, REPORT_FAIL, "differs in capabilities");
	assert_verdict(&t, 2, REPORT_FAIL, "differs in capabilities");
	assert_non_null(
		strstr(t.report.checks[0].actual, " capabilities:cap_net_raw=ep"));
	assert_non_null(strstr(t.report.checks[1].actual, " capabilities:none"));
}
