/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_archive: image archives and layouts (docker, OCI) in an image builder's folder.
 *
 * An image is read as `fips-manifest build` reads it: the digest of every blob is
 * checked, the layers are merged, and what the manifest lists of the component is
 * digested in the merged root. Which component it is of is known by the digest of the
 * archive, of the image, or else by the component's own program in it. An archive that
 * was saved again has another digest; then the files alone decide, as they do in
 * containerd's store.
 */
#include "client/check.h"
#include "core/file.h"
#include "core/image.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024 };

/* A listed file that is sought in the image. */
struct sought {
	const struct manifest_component *component;
	const struct manifest_file *file;
	bool read;
	struct digest digest;
};

struct archive {
	const struct check *check;
	const char *path;
	int fd; /* of a tarball; -1: a layout */
	char *chunk;
	struct digest_stream *stream; /* of the whole tarball, until its end */
	struct digest whole;          /* of the tarball, or of a layout's index.json */
	struct image_store *store;
	struct image image;
	struct sought *list;
	struct image_want *wanted; /* tag: of list */
	size_t count, wanted_count;
};

static void archive_clear(struct archive *a)
{
	image_clear(&a->image);
	image_store_free(a->store);
	digest_stream_free(a->stream);
	file_closep(&a->fd);
	free(a->chunk);
	free(a->list);
	free(a->wanted);
}

/* ---- reading ---- */

static bool in_time(void *arg, size_t len, struct error *err)
{
	const struct archive *a = arg;

	(void)len;
	return digest_many_now() < a->check->deadline ||
	       error_set(err, ERR_SYSTEM, "time was over before it was read");
}

static bool tarball_next(void *arg, const void **data, size_t *len, struct error *err)
{
	struct archive *a = arg;
	ssize_t n;

	do
		n = read(a->fd, a->chunk, CHUNK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_sys(err, "cannot read");
	*data = a->chunk;
	*len = (size_t)n;
	return in_time(a, *len, err) &&
	       (!a->stream || digest_stream_add(a->stream, *data, *len, err));
}

static bool tarball_again(void *arg, struct error *err)
{
	const struct archive *a = arg;

	return lseek(a->fd, 0, SEEK_SET) == 0 || error_sys(err, "cannot seek");
}

static bool read_tarball(struct archive *a, struct error *err)
{
	const struct image_store_tarball tarball = {{tarball_next, a}, tarball_again};

	a->chunk = malloc(CHUNK);
	if (!a->chunk)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!digest_stream_new(&a->stream, err) ||
	    !digest_stream_begin(a->stream, err) ||
	    !image_store_open_tarball(&tarball, &a->store, err) ||
	    !digest_stream_end(a->stream, &a->whole, err))
		return false;
	digest_stream_freep(&a->stream);
	return true;
}

static bool read_archive(struct archive *a, struct error *err)
{
	const struct image_watch watch = {in_time, a};
	uint64_t size;
	bool ok = a->fd >= 0 ? read_tarball(a, err)
			     : image_store_open_layout(a->path, &a->store, &a->whole,
						       &size, err);

	return ok &&
	       image_open(a->store, a->check->manifest->arch, &watch, &a->image, err);
}

/* ---- telling ---- */

static void tell_archive(const struct archive *a, const struct manifest_component *c,
			 enum report_verdict verdict, const char *expected,
			 const char *reason)
{
	char actual[DIGEST_HEX_SIZE + 8];

	snprintf(actual, sizeof(actual), "sha256:%s", DIGEST_HEX(&a->whole));
	report_add(a->check->report,
		   &(struct report_entry){
			   .kind = REPORT_IMAGE,
			   .verdict = verdict,
			   .component = c ? c->name : NULL,
			   .subject = a->path,
			   .expected = expected,
			   .actual = a->store ? actual : NULL,
		   },
		   reason ? "%s" : NULL, reason);
}

/* What is wrong with the image is a finding, what hindered from reading it is not. */
static void tell_error(const struct archive *a, const struct error *why)
{
	bool hindered = why->code == ERR_SYSTEM || why->code == ERR_INTERNAL;

	tell_archive(a, NULL, hindered ? REPORT_UNKNOWN : REPORT_FAIL, NULL, why->msg);
}

static void tell_file(const struct archive *a, const struct sought *s,
		      const char *actual, const char *reason)
{
	AUTO(buf_clear) struct buf subject = BUF_MAX(3 * UNPACK_PATH_MAX);
	AUTO(buf_clear) struct buf expected = BUF_MAX(2 * UNPACK_PATH_MAX);
	const struct manifest_file *f = s->file;

	buf_printf(&subject, "%s %s", a->path, f->path);
	if (f->link)
		buf_printf(&expected, "link:%s", f->link);
	else
		buf_printf(&expected, "sha256:%s", DIGEST_HEX(&f->sha256));
	report_add(a->check->report,
		   &(struct report_entry){
			   .kind = REPORT_IMAGE,
			   .verdict = reason ? REPORT_FAIL : REPORT_PASS,
			   .component = s->component->name,
			   .subject = subject.data,
			   .path = f->path,
			   .expected = expected.data,
			   .actual = actual,
		   },
		   reason ? "%s" : NULL, reason);
}

/* ---- which component ---- */

/* Is it the image itself that the component was taken from? An OCI image manifest
 * vouches for config and layers; in a docker-archive the config does for the layers. */
static bool is_image_of(struct archive *a, const struct manifest_component *c)
{
	const struct image_plan *p = &a->image.plan;

	return digest_equal(&c->source.sha256, &a->whole) ||
	       (p->unpacked ? digest_equal(&c->source.image_config, &p->config)
			    : digest_equal(&c->source.image_manifest, &p->manifest));
}

static bool holds_program(struct archive *a, const struct manifest_component *c)
{
	const struct image_node *node = NULL;
	struct error ignored;

	for (size_t i = 0; i < c->file_count; i++)
		if (check_identifies(c, &c->files[i]) &&
		    (!image_tree_resolve(&a->image.root, c->files[i].path, &node,
					 &ignored) ||
		     node))
			return true;
	return false;
}

/* By the program only where no component has the very image. */
static void find_components(struct archive *a, bool *of)
{
	const struct manifest *m = a->check->manifest;
	bool (*const by[])(struct archive *, const struct manifest_component *) = {
		is_image_of, holds_program};
	bool found = false;

	for (size_t how = 0; how < ARRAY_LEN(by) && !found; how++)
		for (size_t i = 0; i < m->component_count; i++) {
			const struct manifest_component *c = &m->components[i];

			of[i] = c->source.type == MANIFEST_IMAGE && by[how](a, c);
			found = found || of[i];
		}
}

/* ---- files ---- */

/* Take note of a listed file; *fits becomes false when it is told to differ. */
static void seek(struct archive *a, const struct manifest_component *c,
		 const struct manifest_file *f, bool *fits)
{
	struct sought s = {.component = c, .file = f};
	const struct image_node *n = NULL;
	const char *reason = NULL;
	struct error why = EMPTY;

	if (f->link) {
		AUTO(buf_clear) struct buf actual = BUF_MAX(2 * UNPACK_PATH_MAX);

		n = image_tree_find(&a->image.root, f->path);
		if (n && n->type == UNPACK_LINK)
			buf_printf(&actual, "link:%s", n->target);
		reason = actual.len && !strcmp(n->target, f->link) ? NULL : "differs";
		tell_file(a, &s, actual.data, reason);
	} else if (!image_tree_resolve(&a->image.root, f->path, &n, &why)) {
		tell_file(a, &s, NULL, reason = why.msg);
	} else if (!n || n->type != UNPACK_REGULAR) {
		reason = n ? "not a regular file" : "missing: the image has none";
		tell_file(a, &s, NULL, reason);
	} else {
		a->wanted[a->wanted_count++] = (struct image_want){n, a->count};
		a->list[a->count++] = s;
	}
	*fits = *fits && !reason;
}

static bool digest_content(void *arg, const struct image_want *want, size_t count,
			   uint64_t size, struct unpack_from content, struct error *err)
{
	struct archive *a = arg;
	struct sought *first = &a->list[want[0].tag];
	AUTO(digest_stream_freep) struct digest_stream *d = NULL;
	const void *data;
	size_t len;

	(void)size;
	if (!digest_stream_new(&d, err) || !digest_stream_begin(d, err))
		return false;
	do
		if (!content.next(content.arg, &data, &len, err) ||
		    !digest_stream_add(d, data, len, err))
			return false;
	while (len);
	if (!digest_stream_end(d, &first->digest, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		a->list[want[i].tag].digest = first->digest;
		a->list[want[i].tag].read = true;
	}
	return true;
}

/* Seek all that is listed of the component. */
static bool seek_component(struct archive *a, const struct manifest_component *c,
			   bool *fits, struct error *err)
{
	size_t room = a->count + c->file_count + 1;
	void *list = reallocarray(a->list, room, sizeof(*a->list));
	void *wanted = reallocarray(a->wanted, room, sizeof(*a->wanted));

	a->list = list ? list : a->list;
	a->wanted = wanted ? wanted : a->wanted;
	if (!list || !wanted)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (is_image_of(a, c)) {
		tell_archive(a, c, REPORT_PASS, NULL,
			     digest_equal(&c->source.sha256, &a->whole)
				     ? NULL
				     : "saved again: the same image");
	} else {
		char expected[DIGEST_HEX_SIZE + 8];

		snprintf(expected, sizeof(expected), "sha256:%s",
			 DIGEST_HEX(&c->source.sha256));
		tell_archive(a, c, REPORT_SKIPPED, expected,
			     "not the archive that the manifest was built from: its "
			     "files decide");
	}
	for (size_t i = 0; i < c->file_count; i++)
		if (c->files[i].kind == MANIFEST_IN_IMAGE)
			seek(a, c, &c->files[i], fits);
	return true;
}

static void tell_files(const struct archive *a, bool *fits)
{
	const struct manifest *m = a->check->manifest;

	for (size_t i = 0; i < a->count; i++) {
		const struct sought *s = &a->list[i];
		bool same = s->read && digest_equal(&s->digest, &s->file->sha256);
		char actual[DIGEST_HEX_SIZE + 8];

		snprintf(actual, sizeof(actual), "sha256:%s", DIGEST_HEX(&s->digest));
		tell_file(a, s, s->read ? actual : NULL, same ? NULL : "another build");
		if (!same)
			fits[s->component - m->components] = false;
	}
}

static bool look_into(struct archive *a, bool *fits, struct error *err)
{
	const struct manifest *m = a->check->manifest;
	struct error why = EMPTY;
	bool found = false;

	if (!read_archive(a, &why)) {
		tell_error(a, &why);
		return true;
	}
	find_components(a, fits);
	for (size_t i = 0; i < m->component_count; i++) {
		found = found || fits[i];
		if (fits[i] && !seek_component(a, &m->components[i], &fits[i], err))
			return false;
	}
	if (!found)
		tell_archive(a, NULL, REPORT_FAIL, NULL,
			     "the manifest was not built from this archive");
	if (!image_contents(&a->image, a->wanted, a->wanted_count, digest_content, a,
			    &why)) {
		memset(fits, 0, m->component_count * sizeof(*fits));
		tell_error(a, &why);
		return true;
	}
	tell_files(a, fits);
	for (size_t i = 0; i < m->component_count; i++)
		a->check->archived[i] = a->check->archived[i] || fits[i];
	return true;
}

/* ---- opening ---- */

static bool open_archive(struct archive *a, struct error *err)
{
	AUTO(file_closep) int fd = -1;
	struct stat st;

	/* not beneath the root: it lies where the image is built */
	if (!file_open(a->path, O_RDONLY | O_NONBLOCK, &fd, err))
		return false;
	if (fstat(fd, &st))
		return error_sys(err, "cannot open '%s'", TEXT_SAFE(a->path));
	if (S_ISDIR(st.st_mode))
		return true;
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_FORMAT, "neither an archive nor a folder");
	a->fd = TAKE_FD(fd);
	return true;
}

bool check_archive(const struct check *c, char *const *archives, size_t count,
		   struct error *err)
{
	bool *fits = calloc(c->manifest->component_count + 1, sizeof(*fits));
	bool ok = fits || error_set(err, ERR_SYSTEM, "no memory");

	for (size_t i = 0; i < count && ok; i++) {
		AUTO(archive_clear)
		struct archive a = {.check = c, .path = archives[i], .fd = -1};
		struct error why = EMPTY;

		if (open_archive(&a, &why))
			ok = look_into(&a, fits, err);
		else
			tell_archive(&a, NULL, REPORT_UNKNOWN, NULL, why.msg);
	}
	free(fits);
	return ok;
}
