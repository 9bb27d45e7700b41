/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_image: the images that the manifest lists, as containerd keeps them.
 *
 * An unpacked layer that holds a component's program (/usr/local/bin/kube-apiserver)
 * is a build of the component: the program and every other listed file in that layer
 * must be as listed. Blobs that the manifest names, and the layers that those name,
 * must be what their names say. Files of an image that lie in other layers cannot be
 * told from those of other images, and are said to be skipped: which layers lie on
 * which is in containerd's own database alone, of which only what runs shows a part
 * (lowerdir= in its mountinfo). A build copies its programs in one layer, and what runs
 * is checked as a process wherever it lies, so that database is not worth a reader of
 * ours.
 */
#include "client/check.h"
#include "client/containerd.h"
#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { IMAGE_MANIFEST_MAX = 4 * 1024 * 1024 };

/* One file to be digested: in a layer, or a blob (file NULL). */
struct found {
	const struct manifest_component *component;
	const struct manifest_file *file;
	struct digest expected;
	char *subject;
};

struct check_images {
	const struct check *check;
	struct containerd containerd;
	bool looked;
	struct error why; /* not */
	bool closed;      /* a snapshotter could not be looked into */
	struct found *list;
	struct digest_many_item *items;
	size_t count, cap;
};

void check_images_freep(struct check_images **images)
{
	struct check_images *x = *images;

	if (!x)
		return;
	for (size_t i = 0; i < x->count; i++) {
		file_closep(&x->items[i].fd);
		free(x->list[i].subject);
	}
	digest_many_clear(x->items, x->count);
	free(x->items);
	free(x->list);
	containerd_close(&x->containerd);
	free(x);
	*images = NULL;
}

static void report(const struct check_images *x, const struct found *f,
		   enum report_verdict verdict, const char *actual, const char *reason)
{
	char expected[DIGEST_HEX_SIZE + 8];

	snprintf(expected, sizeof(expected), "sha256:%s", DIGEST_HEX(&f->expected));
	report_add(x->check->report,
		   &(struct report_entry){
			   .kind = REPORT_IMAGE,
			   .verdict = verdict,
			   .component = f->component->name,
			   .subject = f->subject,
			   .path = f->file ? f->file->path : NULL,
			   .expected = expected,
			   .actual = actual,
		   },
		   reason ? "%s" : NULL, reason);
}

/* `max` bytes at most are read; 0: however many. */
static bool keep(struct check_images *x, struct found *f, int *fd, uint64_t max,
		 struct error *err)
{
	if (x->count == x->cap) {
		size_t cap = x->cap ? 2 * x->cap : 32;
		void *list = reallocarray(x->list, cap, sizeof(*x->list));
		void *items = reallocarray(x->items, cap, sizeof(*x->items));

		x->list = list ? list : x->list;
		x->items = items ? items : x->items;
		if (!list || !items)
			return error_set(err, ERR_SYSTEM, "no memory");
		x->cap = cap;
	}
	x->items[x->count] = (struct digest_many_item){
		.path = f->subject,
		.fd = TAKE_FD(*fd),
		.max = max,
	};
	x->list[x->count++] = TAKE(*f);
	return true;
}

/* ---- unpacked layers ---- */

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static char *subject_of(const char *where, const char *what)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(8192);

	buf_printf(&b, "%s %s", where, what);
	return buf_take(&b);
}

static void found_clear(struct found *f)
{
	free(f->subject);
}

/* What is known to be a regular file, and stays the same one: to open a device, which a
 * container may put there at any time, can mean that something begins. */
static bool open_for_reading(int layer, const char *path, int *fd, struct error *err)
{
	const int flags = O_RDONLY | O_NONBLOCK; /* nor wait for who holds a lease */
	char itself[64];
	int opened;

	snprintf(itself, sizeof(itself), "/proc/self/fd/%d", *fd);
	opened = open(itself, flags | O_CLOEXEC);
	if (opened < 0 && errno != ENOENT)
		return error_sys(err, "cannot open '%s'", TEXT_SAFE(path));
	/* without /proc this is no live node, and no container runs */
	if (opened < 0 && !file_open_beneath(layer, path, flags, &opened, err))
		return false;
	file_closep(fd);
	*fd = opened;
	return true;
}

/* Keep a listed file that the layer holds. */
static bool look_for(struct check_images *x, int layer, const char *name,
		     const struct manifest_component *c, const struct manifest_file *f,
		     struct error *err)
{
	AUTO(found_clear) struct found found = {.component = c, .file = f};
	AUTO(file_closep) int fd = -1;
	struct error why;
	struct stat st;

	found.subject = subject_of(name, f->path);
	found.expected = f->sha256;
	if (!found.subject)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!file_open_beneath(layer, f->path, O_PATH, &fd, &why)) {
		if (why.code != ERR_NOT_FOUND)
			report(x, &found, REPORT_UNKNOWN, NULL, why.msg);
		return true;
	}
	if (fstat(fd, &st) || is_whiteout(&st))
		return true;
	if (S_ISREG(st.st_mode) && !open_for_reading(layer, f->path, &fd, &why)) {
		report(x, &found, REPORT_UNKNOWN, NULL, why.msg);
		return true;
	}
	return keep(x, &found, &fd, f->size + CHECK_SIZE_SLACK, err);
}

static bool holds(int layer, const struct manifest_file *f)
{
	AUTO(file_closep) int fd = -1;
	struct error err;
	struct stat st;

	return file_open_beneath(layer, f->path, O_PATH, &fd, &err)
		       ? !fstat(fd, &st) && !is_whiteout(&st)
		       : err.code != ERR_NOT_FOUND;
}

static void tell_closed(struct check_images *x, const char *snapshotter)
{
	x->closed = true;
	report_add(x->check->report,
		   &(struct report_entry){.kind = REPORT_IMAGE,
					  .verdict = REPORT_SKIPPED,
					  .subject = snapshotter},
		   "this snapshotter keeps no folders: its layers are not looked into");
}

static bool look_into(void *arg, int layer, const char *name, struct error *err)
{
	struct check_images *x = arg;
	const struct manifest *m = x->check->manifest;

	if (layer < 0)
		tell_closed(x, name);
	if (layer < 0 || digest_many_now() >= x->check->deadline)
		return true; /* sum_up() tells */
	for (size_t i = 0; i < m->component_count; i++) {
		const struct manifest_component *c = &m->components[i];
		bool mine = false;

		for (size_t k = 0; k < c->file_count && !mine; k++)
			mine = check_identifies(c, &c->files[k]) &&
			       holds(layer, &c->files[k]);
		for (size_t k = 0; k < c->file_count && mine; k++)
			if (c->files[k].kind == MANIFEST_IN_IMAGE &&
			    !c->files[k].link &&
			    !look_for(x, layer, name, c, &c->files[k], err))
				return false;
	}
	return true;
}

/* ---- blobs ---- */

static bool is_kept(const struct check_images *x, const struct manifest_component *c,
		    const struct digest *blob)
{
	for (size_t i = 0; i < x->count; i++)
		if (!x->list[i].file && x->list[i].component == c &&
		    digest_equal(&x->list[i].expected, blob))
			return true;
	return false;
}

/* Keep a blob if it is there, once; *fd is it, borrowed, or -1. */
static bool look_for_blob(struct check_images *x, const struct manifest_component *c,
			  const struct digest *digest, const char *what, int *fd,
			  struct error *err)
{
	AUTO(found_clear) struct found found = {.component = c, .expected = *digest};
	AUTO(file_closep) int blob = -1;
	struct error why;

	*fd = -1;
	if (is_kept(x, c, digest))
		return true;
	found.subject = subject_of(what, DIGEST_HEX(digest));
	if (!found.subject)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!containerd_open_blob(&x->containerd, digest, &blob, &why)) {
		if (why.code != ERR_NOT_FOUND)
			report(x, &found, REPORT_UNKNOWN, NULL, why.msg);
		return true;
	}
	*fd = blob;
	return keep(x, &found, &blob, 0, err);
}

/* The layers that the image's manifest or config names. What is damaged is found by its
 * digest. */
static bool look_for_layers(struct check_images *x, const struct manifest_component *c,
			    int fd, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(IMAGE_MANIFEST_MAX);
	struct digest *layers = NULL;
	struct error why;
	struct stat st;
	size_t n = 0;
	bool ok = true;
	int ignored;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !file_read_fd(fd, &text, &why) ||
	    !containerd_layers(text.data, text.len, &layers, &n, &why))
		return true;
	for (size_t i = 0; i < n && ok; i++)
		ok = look_for_blob(x, c, &layers[i], "layer", &ignored, err);
	free(layers);
	return ok;
}

static bool look_for_blobs(struct check_images *x, struct error *err)
{
	const struct manifest *m = x->check->manifest;
	int fd;

	for (size_t i = 0; i < m->component_count; i++) {
		const struct manifest_component *c = &m->components[i];

		if (c->source.type != MANIFEST_IMAGE)
			continue;
		if (!look_for_blob(x, c, &c->source.image_manifest, "manifest", &fd,
				   err) ||
		    (fd >= 0 && !look_for_layers(x, c, fd, err)) ||
		    !look_for_blob(x, c, &c->source.image_config, "config", &fd, err) ||
		    (fd >= 0 && !look_for_layers(x, c, fd, err)))
			return false;
	}
	return true;
}

/* ---- telling ---- */

static void tell(const struct check_images *x, const struct found *f,
		 const struct digest_many_item *it)
{
	char actual[CHECK_ACTUAL_SIZE];

	check_actual(it, actual);
	if (it->state == DIGEST_MANY_NOT_REGULAR) {
		report(x, f, REPORT_FAIL, it->why, "not a regular file");
		return;
	}
	if (it->state == DIGEST_MANY_TOO_LARGE) {
		report(x, f, REPORT_FAIL, actual, check_why_not(it));
		return;
	}
	if (it->state != DIGEST_MANY_DONE) {
		report(x, f, REPORT_UNKNOWN, NULL, check_why_not(it));
		return;
	}
	if (digest_equal(&it->digest, &f->expected))
		report(x, f, REPORT_PASS, actual, NULL);
	else
		report(x, f, REPORT_FAIL, actual,
		       f->file ? "another build"
			       : "the blob is not what its name says");
}

/* Files of the component that lie in an image; *unseen: in no layer that was looked at
 */
static size_t count_files(const struct check_images *x,
			  const struct manifest_component *c, size_t *unseen)
{
	size_t listed = 0, seen = 0;

	for (size_t i = 0; i < c->file_count; i++) {
		const struct manifest_file *f = &c->files[i];
		bool found = false;

		if (f->kind != MANIFEST_IN_IMAGE || f->link)
			continue;
		for (size_t k = 0; k < x->count && !found; k++)
			found = x->list[k].file == f;
		listed++;
		seen += found;
	}
	*unseen = listed - seen;
	return listed;
}

/* Why a component of which no layer was seen is no pass; *verdict says how bad. */
static const char *why_unseen(const struct check_images *x,
			      const struct manifest_component *c,
			      enum report_verdict *verdict)
{
	*verdict = REPORT_SKIPPED;
	if (!x->check->node->live &&
	    x->check->archived[c - x->check->manifest->components])
		return "in an archive, not unpacked yet";
	if (c->presence == MANIFEST_OPTIONAL)
		return x->closed ? "optional and not seen on this node"
				 : "optional and not on this node";
	*verdict = x->closed ? REPORT_UNKNOWN : REPORT_FAIL;
	return x->closed ? "not found where layers could be looked into"
			 : "missing: no unpacked layer holds it";
}

/* What of the component was not seen, and that some of it should have been. */
static void sum_up(const struct check_images *x, const struct manifest_component *c,
		   const char *why_not)
{
	size_t unseen, listed = count_files(x, c, &unseen);
	struct report_entry e = {
		.kind = REPORT_IMAGE,
		.verdict = REPORT_SKIPPED,
		.component = c->name,
		.subject = c->source.image_reference ? c->source.image_reference
						     : c->source.name,
	};

	if (listed == 0)
		return;
	if (!why_not && digest_many_now() >= x->check->deadline)
		why_not = "time was over before it was sought";
	if (why_not)
		e.verdict = REPORT_UNKNOWN;
	else if (unseen == listed)
		why_not = why_unseen(x, c, &e.verdict);
	if (e.verdict == REPORT_FAIL) {
		e.expected = "present";
		e.actual = "absent";
	}
	if (why_not)
		report_add(x->check->report, &e, "%s", why_not);
	else if (unseen > 0)
		report_add(x->check->report, &e,
			   "%zu listed file%s: in other layers, not looked at", unseen,
			   unseen == 1 ? "" : "s");
}

static bool look_everywhere(struct check_images *x, struct error *err)
{
	return containerd_each_snapshot(&x->containerd, look_into, x, err) &&
	       look_for_blobs(x, err);
}

bool check_image_seek(const struct check *c, struct check_images **out,
		      struct error *err)
{
	struct check_images *x = calloc(1, sizeof(*x));

	if (!x)
		return error_set(err, ERR_SYSTEM, "no memory");
	x->check = c;
	x->containerd.fd = -1;
	x->looked = containerd_open(c->node->root_fd, c->containerd_root,
				    &x->containerd, &x->why) &&
		    (x->containerd.fd < 0 || look_everywhere(x, &x->why));
	*out = x;
	return true;
}

const struct digest_many_item *check_image_items(const struct check_images *x,
						 size_t *count)
{
	*count = x->count;
	return x->items;
}

bool check_image(struct check_images *x, struct error *err)
{
	const struct check *c = x->check;

	if (!check_digests(c, x->items, x->count, err))
		return false;
	for (size_t i = 0; i < x->count; i++)
		tell(x, &x->list[i], &x->items[i]);
	for (size_t i = 0; i < c->manifest->component_count; i++)
		sum_up(x, &c->manifest->components[i], x->looked ? NULL : x->why.msg);
	return true;
}
