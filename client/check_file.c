/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_file: the host files that the manifest lists, on all cores.
 *
 * A component is there when any of its host files is; one that is there must be
 * whole, be it optional or not.
 */
#include "client/check.h"
#include "core/capability.h"
#include "core/digest_many.h"
#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct file_check {
	const struct manifest_component *component;
	const struct manifest_file *file;
	const struct digest_many_item *item; /* NULL: a symlink */
};

struct file_checks {
	struct file_check *list;
	struct digest_many_item *items;
	size_t count, item_count;
};

static void checks_clear(struct file_checks *f)
{
	if (f->items)
		digest_many_clear(f->items, f->item_count);
	free(f->items);
	free(f->list);
}

/* ---- collecting ---- */

static size_t host_files(const struct manifest_component *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->file_count; i++)
		n += c->files[i].kind == MANIFEST_ON_HOST;
	return n;
}

static void collect_component(const struct manifest_component *c,
			      struct file_checks *out)
{
	for (size_t i = 0; i < c->file_count; i++) {
		const struct manifest_file *f = &c->files[i];
		struct digest_many_item *item = NULL;

		if (f->kind != MANIFEST_ON_HOST)
			continue;
		if (!f->link) {
			item = &out->items[out->item_count++];
			*item = (struct digest_many_item){
				.path = f->path,
				.fd = -1,
				.hint = f->size,
				.max = f->size + CHECK_SIZE_SLACK,
			};
		}
		out->list[out->count++] = (struct file_check){c, f, item};
	}
}

static bool collect(const struct manifest *m, struct file_checks *out,
		    struct error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < m->component_count; i++)
		n += host_files(&m->components[i]);
	out->list = calloc(n + 1, sizeof(*out->list));
	out->items = calloc(n + 1, sizeof(*out->items));
	if (!out->list || !out->items)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < m->component_count; i++)
		collect_component(&m->components[i], out);
	return true;
}

/* ---- one file ---- */

/* "sha256:... mode:0755", twice a file: printf(3) would be a third of reporting it. */
static void put_content(const struct digest *d, unsigned mode, struct buf *out)
{
	char digits[TEXT_MODE_SIZE];

	text_mode(mode, digits);
	buf_puts(out, "sha256:");
	buf_puts(out, DIGEST_HEX(d));
	buf_puts(out, " mode:");
	buf_puts(out, digits);
}

/* "link:TARGET" or "sha256:... mode:0755 owner:root:root capabilities:..." */
static void put_expected(const struct check *c, const struct manifest_file *f,
			 struct buf *out)
{
	if (f->link)
		buf_printf(out, "link:%s", f->link);
	else
		put_content(&f->sha256, f->mode, out);
	if (f->owner && c->owner)
		buf_printf(out, " owner:%s", f->owner);
	if (f->capabilities)
		buf_printf(out, " capabilities:%s", f->capabilities);
}

static void report(const struct check *c, const struct file_check *f,
		   enum report_verdict verdict, const char *actual, const char *reason)
{
	AUTO(buf_clear) struct buf expected = BUF_MAX(8192);

	put_expected(c, f->file, &expected);
	if (actual && expected.data && !strcmp(actual, expected.data))
		actual = expected.data; /* which is kept once */
	report_add(c->report,
		   &(struct report_entry){
			   .kind = REPORT_FILE,
			   .verdict = verdict,
			   .component = f->component->name,
			   .subject = f->file->path,
			   .path = f->file->path,
			   .expected = expected.data,
			   .actual = actual,
		   },
		   reason ? "%s" : NULL, reason);
}

/* What is compared, collected: what differs, and what is there. */
struct comparison {
	struct buf actual;
	struct buf differs; /* "differs in content, mode" */
	bool unknown;       /* a fact could not be read */
};

#define COMPARISON                                                                     \
	{                                                                              \
		.actual = BUF_MAX(16384), .differs = BUF_MAX(256)                      \
	}

static void comparison_clear(struct comparison *x)
{
	buf_clear(&x->actual);
	buf_clear(&x->differs);
}

static void differs(struct comparison *x, const char *what)
{
	buf_printf(&x->differs, "%s%s", x->differs.len ? ", " : "differs in ", what);
}

static void conclude(const struct check *c, const struct file_check *f,
		     struct comparison *x)
{
	if (x->differs.len) {
		report(c, f, REPORT_FAIL, x->actual.data, x->differs.data);
	} else if (x->unknown) {
		report(c, f, REPORT_UNKNOWN, x->actual.data,
		       "its capabilities cannot be read");
	} else {
		report(c, f, REPORT_PASS, x->actual.data, NULL);
	}
}

static void compare_owner(const struct check *c, const struct manifest_file *f,
			  const struct stat *st, struct comparison *x)
{
	if (!f->owner || !c->owner)
		return;
	buf_puts(&x->actual, " owner:");
	owner_text(c->owner, st->st_uid, st->st_gid, &x->actual);
	if (!owner_is(c->owner, f->owner, st->st_uid, st->st_gid))
		differs(x, "owner");
}

/* A file that the manifest gives no capabilities must have none. */
static void compare_capabilities(const struct manifest_file *f,
				 const struct digest_many_item *it,
				 struct comparison *x)
{
	struct capability wanted = EMPTY, actual = EMPTY;
	struct error err;

	if (it->capability_len < 0 ||
	    !capability_decode(it->capability, (size_t)it->capability_len, &actual,
			       &err) ||
	    (f->capabilities && !capability_parse(f->capabilities, &wanted, &err))) {
		x->unknown = true;
		return;
	}
	if (f->capabilities || !capability_none(&actual)) {
		buf_puts(&x->actual, " capabilities:");
		capability_text(&actual, &x->actual);
	}
	if (!capability_equal(&wanted, &actual))
		differs(x, "capabilities");
}

static void compare(const struct check *c, const struct file_check *f)
{
	AUTO(comparison_clear) struct comparison x = COMPARISON;
	const struct digest_many_item *it = f->item;
	unsigned mode = it->stat.st_mode & 07777;

	put_content(&it->digest, mode, &x.actual);
	if (!digest_equal(&it->digest, &f->file->sha256))
		differs(&x, "content");
	if (mode != f->file->mode)
		differs(&x, "mode");
	compare_owner(c, f->file, &it->stat, &x);
	compare_capabilities(f->file, it, &x);
	conclude(c, f, &x);
}

/* Read the target of a symlink that the manifest lists. */
static void check_link(const struct check *c, const struct file_check *f)
{
	AUTO(comparison_clear) struct comparison x = COMPARISON;
	AUTO(file_closep) int fd = -1;
	char target[PATH_MAX];
	struct stat st;
	struct error err;
	ssize_t n;

	if (!file_open_beneath(c->node->root_fd, f->file->path, O_PATH | O_NOFOLLOW,
			       &fd, &err)) {
		if (err.code == ERR_NOT_FOUND)
			report(c, f, REPORT_FAIL, "absent", "missing");
		else
			report(c, f, REPORT_UNKNOWN, NULL, err.msg);
		return;
	}
	if (fstat(fd, &st) || !S_ISLNK(st.st_mode)) {
		report(c, f, REPORT_FAIL, digest_many_kind(st.st_mode),
		       "not a symlink");
		return;
	}
	n = readlinkat(fd, "", target, sizeof(target) - 1);
	if (n < 0) {
		report(c, f, REPORT_UNKNOWN, NULL, "cannot read the symlink");
		return;
	}
	target[n] = '\0';
	buf_printf(&x.actual, "link:%s", target);
	if (strcmp(target, f->file->link))
		differs(&x, "target");
	compare_owner(c, f->file, &st, &x);
	conclude(c, f, &x);
}

static void check_digest(const struct check *c, const struct file_check *f)
{
	const struct digest_many_item *it = f->item;
	char size[CHECK_ACTUAL_SIZE];

	switch (it->state) {
	case DIGEST_MANY_DONE:
		compare(c, f);
		return;
	case DIGEST_MANY_ABSENT:
		report(c, f, REPORT_FAIL, "absent", "missing");
		return;
	case DIGEST_MANY_NOT_REGULAR:
		report(c, f, REPORT_FAIL, it->why, "not a regular file");
		return;
	case DIGEST_MANY_TOO_LARGE:
		check_actual(it, size);
		report(c, f, REPORT_FAIL, size, check_why_not(it));
		return;
	case DIGEST_MANY_CHANGED:
	case DIGEST_MANY_FAILED:
	case DIGEST_MANY_PENDING:
		break;
	}
	report(c, f, REPORT_UNKNOWN, NULL, check_why_not(it));
}

/* ---- components ---- */

/* Is anything of the name there, whatever it is? Unknown counts as there. */
static bool is_there(const struct check *c, const struct file_check *f)
{
	AUTO(file_closep) int fd = -1;
	struct error err;

	if (f->item)
		return f->item->state != DIGEST_MANY_ABSENT;
	return file_open_beneath(c->node->root_fd, f->file->path, O_PATH | O_NOFOLLOW,
				 &fd, &err) ||
	       err.code != ERR_NOT_FOUND;
}

static void check_component(const struct check *c, const struct file_check *list,
			    size_t count)
{
	const struct manifest_component *component = list->component;
	bool there = component->presence == MANIFEST_REQUIRED;
	char subject[64];

	for (size_t i = 0; i < count && !there; i++)
		there = is_there(c, &list[i]);
	for (size_t i = 0; i < count && there; i++)
		if (list[i].item)
			check_digest(c, &list[i]);
		else
			check_link(c, &list[i]);
	if (there)
		return;
	snprintf(subject, sizeof(subject), "%zu file%s", count, count == 1 ? "" : "s");
	report_add(c->report,
		   &(struct report_entry){
			   .kind = REPORT_FILE,
			   .verdict = REPORT_SKIPPED,
			   .component = component->name,
			   .subject = count == 1 ? list->file->path : subject,
		   },
		   "optional and not installed");
}

bool check_file(const struct check *c, struct error *err)
{
	AUTO(checks_clear) struct file_checks f = EMPTY;

	if (!c->owner)
		report_add(c->report,
			   &(struct report_entry){.kind = REPORT_FILE,
						  .verdict = REPORT_SKIPPED,
						  .subject = "owners of files"},
			   "not applicable: the tree itself does not belong to root");
	if (!collect(c->manifest, &f, err) ||
	    !check_digests(c, f.items, f.item_count, err))
		return false;
	for (size_t i = 0, n; i < f.count; i += n) {
		for (n = 1; i + n < f.count; n++)
			if (f.list[i + n].component != f.list[i].component)
				break;
		check_component(c, f.list + i, n);
	}
	return true;
}
