/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_extra: programs that are named like a component's and lie elsewhere in the
 * usual places, where a shell or a unit may find them first:
 * /usr/local/bin/kubelet beside /usr/bin/kubelet. A symlink to a listed file, and a
 * copy of the listed build, are no finding.
 */
#include "client/check.h"
#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const places[] = {
	"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin",
	"/sbin",           "/bin",           "/opt/bin",  "/root/bin",
};

/* What was found, and the descriptors of what is to be digested. */
struct extras {
	struct digest_many_item *items;
	const struct program **programs; /* one for each item */
	size_t count, cap;
	struct stat places[ARRAY_LEN(places)];
	size_t place_count;
};

static void extras_clear(struct extras *x)
{
	for (size_t i = 0; i < x->count; i++) {
		file_closep(&x->items[i].fd);
		free((char *)(uintptr_t)x->items[i].path);
	}
	digest_many_clear(x->items, x->count);
	free(x->items);
	free(x->programs);
}

static void unknown(const struct check *c, const char *subject, const char *why)
{
	report_add(c->report,
		   &(struct report_entry){.kind = REPORT_FILE,
					  .verdict = REPORT_UNKNOWN,
					  .subject = subject},
		   "%s", why);
}

/* ---- looking ---- */

static bool listed_path(const struct program *p, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (p[i].file->kind == MANIFEST_ON_HOST &&
		    !strcmp(p[i].file->path, path))
			return true;
	return false;
}

/* Is it the very file that a listed path leads to? */
static bool listed_inode(const struct check *c, const struct program *p, size_t n,
			 const struct stat *st)
{
	for (size_t i = 0; i < n; i++) {
		AUTO(file_closep) int fd = -1;
		struct stat listed;
		struct error err;

		if (p[i].file->kind == MANIFEST_ON_HOST &&
		    file_open_beneath(c->node->root_fd, p[i].file->path, O_PATH, &fd,
				      &err) &&
		    !fstat(fd, &listed) && file_is_same(&listed, st))
			return true;
	}
	return false;
}

static bool keep(struct extras *x, const struct program *p, const char *path, int *fd,
		 struct error *err)
{
	if (x->count == x->cap) {
		size_t cap = x->cap ? 2 * x->cap : 16;
		void *items = reallocarray(x->items, cap, sizeof(*x->items));
		void *programs = reallocarray(x->programs, cap, sizeof(*x->programs));

		x->items = items ? items : x->items;
		x->programs = programs ? programs : x->programs;
		if (!items || !programs)
			return error_set(err, ERR_SYSTEM, "no memory");
		x->cap = cap;
	}
	x->items[x->count] = (struct digest_many_item){
		.path = text_dup(path, strlen(path)), .fd = TAKE_FD(*fd)};
	x->programs[x->count] = p;
	return x->items[x->count++].path || error_set(err, ERR_SYSTEM, "no memory");
}

/* One name in one place; `p` are the n programs of that name. */
static bool look(const struct check *c, struct extras *x, const char *path,
		 const struct program *p, size_t n, struct error *err)
{
	AUTO(file_closep) int fd = -1;
	struct error why;
	struct stat st;

	if (listed_path(p, n, path))
		return true;
	if (!file_open_beneath(c->node->root_fd, path, O_RDONLY | O_NONBLOCK, &fd,
			       &why)) {
		if (why.code != ERR_NOT_FOUND)
			unknown(c, path, why.msg);
		return true;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !(st.st_mode & 0111) ||
	    listed_inode(c, p, n, &st))
		return true;
	return keep(x, p, path, &fd, err);
}

/* /bin is /usr/bin nearly everywhere: look once. */
static bool is_new_place(struct extras *x, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return false;
	for (size_t i = 0; i < x->place_count; i++)
		if (file_is_same(&x->places[i], &st))
			return false;
	x->places[x->place_count++] = st;
	return true;
}

static bool look_around(const struct check *c, const struct programs *programs,
			struct extras *x, const char *place, struct error *err)
{
	AUTO(file_closedirp) DIR *dir = NULL;
	AUTO(file_closep) int fd = -1;
	struct error why;
	struct dirent *e;

	if (!file_open_beneath(c->node->root_fd, place, O_RDONLY | O_DIRECTORY, &fd,
			       &why)) {
		if (why.code != ERR_NOT_FOUND)
			unknown(c, place, why.msg);
		return true;
	}
	if (!is_new_place(x, fd))
		return true;
	dir = fdopendir(fd);
	if (!dir)
		return error_sys(err, "cannot read '%s'", place);
	fd = -1;
	for (errno = 0; (e = readdir(dir)); errno = 0) {
		const struct program *p;
		size_t n = programs_find(programs, e->d_name, &p);
		char path[512];

		if (!n)
			continue;
		snprintf(path, sizeof(path), "%s/%s", place, e->d_name);
		if (!look(c, x, path, p, n, err))
			return false;
	}
	if (errno) {
		error_sys_(&why, "cannot list it");
		unknown(c, place, why.msg);
	}
	return true;
}

/* ---- telling ---- */

static void tell(const struct check *c, const struct programs *programs,
		 const struct digest_many_item *it, const struct program *p)
{
	struct report_entry e = {
		.kind = REPORT_FILE,
		.verdict = REPORT_FAIL,
		.component = p->component->name,
		.subject = it->path,
		.path = it->path,
		.expected = "absent",
	};
	const struct program *same;
	char actual[CHECK_ACTUAL_SIZE];

	if (it->state != DIGEST_MANY_DONE) {
		e.verdict = REPORT_UNKNOWN;
		report_add(c->report, &e, "another %s: %s", p->name, check_why_not(it));
		return;
	}
	check_actual(it, actual);
	e.actual = actual;
	same = programs_with_digest(programs, p->name, &it->digest);
	if (same) {
		e.verdict = REPORT_PASS;
		report_add(c->report, &e, "a copy of %s", same->file->path);
	} else if (p->file->kind == MANIFEST_IN_IMAGE) {
		report_add(c->report, &e, "another %s beside that of the image",
			   p->name);
	} else {
		report_add(c->report, &e, "another %s beside %s", p->name,
			   p->file->path);
	}
}

bool check_extra(const struct check *c, struct error *err)
{
	AUTO(programs_clear) struct programs programs = EMPTY;
	AUTO(extras_clear) struct extras x = EMPTY;

	if (!programs_of(c->manifest, &programs, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (!look_around(c, &programs, &x, places[i], err))
			return false;
	if (!check_digests(c, x.items, x.count, err))
		return false;
	for (size_t i = 0; i < x.count; i++)
		tell(c, &programs, &x.items[i], x.programs[i]);
	return true;
}
