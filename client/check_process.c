/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_process: what really runs. A process whose executable or argv[0] is named
 * like a component's program must be, byte for byte, one that the manifest lists for
 * it: read through /proc/PID/exe, so also when the file on the disk was replaced
 * since it started, lies in a container, or never had a name.
 */
#include "client/check.h"
#include "core/file.h"
#include "core/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ENVIRON_MAX = 4 * 1024 * 1024 };

/* One process of a component. */
struct running {
	pid_t pid;
	const struct program *programs; /* those of its name */
	size_t program_count;
	char *exe;
	bool deleted;
	bool contained; /* its root is not the node's */
	struct stat stat;
	size_t item;       /* of its inode */
	char *environment; /* what is wrong with it; NULL: nothing */
	bool environment_unknown;
};

struct scan {
	const struct check *check;
	struct programs programs;
	struct running *list;
	struct digest_many_item *items; /* an inode each */
	struct stat *inodes;            /* of the items */
	size_t count, item_count, cap;
	size_t denied;
};

static void scan_clear(struct scan *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->list[i].exe);
		free(s->list[i].environment);
	}
	for (size_t i = 0; i < s->item_count; i++)
		file_closep(&s->items[i].fd);
	digest_many_clear(s->items, s->item_count);
	free(s->items);
	free(s->inodes);
	free(s->list);
	programs_clear(&s->programs);
}

/* ---- collecting ---- */

static bool grow(struct scan *s, struct error *err)
{
	size_t cap = s->cap ? 2 * s->cap : 64;
	void *list, *items, *inodes;

	if (s->count < s->cap)
		return true;
	list = reallocarray(s->list, cap, sizeof(*s->list));
	s->list = list ? list : s->list;
	items = reallocarray(s->items, cap, sizeof(*s->items));
	s->items = items ? items : s->items;
	inodes = reallocarray(s->inodes, cap, sizeof(*s->inodes));
	s->inodes = inodes ? inodes : s->inodes;
	if (!list || !items || !inodes)
		return error_set(err, ERR_SYSTEM, "no memory");
	s->cap = cap;
	return true;
}

/* What is larger is no build that is listed for it. */
static uint64_t ceiling(const struct running *r)
{
	uint64_t most = 0;

	for (size_t i = 0; i < r->program_count; i++) {
		const struct manifest_component *c = r->programs[i].component;

		for (size_t k = 0; k < c->file_count; k++)
			if (c->files[k].size > most)
				most = c->files[k].size;
	}
	return most + CHECK_SIZE_SLACK;
}

/* The item for an inode: an old one, or a new one that takes the descriptor. */
static size_t item_for(struct scan *s, const struct running *r, int *fd)
{
	uint64_t max = ceiling(r);
	size_t i = 0;

	while (i < s->item_count && !file_is_same(&s->inodes[i], &r->stat))
		i++;
	if (i == s->item_count) {
		s->inodes[i] = r->stat;
		s->items[i] = (struct digest_many_item){
			.path = r->exe, .fd = TAKE_FD(*fd), .max = max};
		s->item_count++;
	}
	if (s->items[i].max < max)
		s->items[i].max = max;
	return i;
}

/* Does this setting of GODEBUG ("fips140=off") switch FIPS mode off? In Go any value
 * but three does, or ends the program; also one of these behind which "#" and a pattern
 * say when it counts. */
static bool is_fips_off(const char *setting, size_t len)
{
	static const char *const on[] = {"fips140=on", "fips140=only", "fips140=debug"};

	if (!text_starts(setting, "fips140="))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(on); i++)
		if (strlen(on[i]) == len && !memcmp(setting, on[i], len))
			return false;
	return true;
}

/* Such a GODEBUG, or a library that is loaded in front of all others. */
static bool is_harmful(const char *variable)
{
	static const char *const loads[] = {"LD_PRELOAD=", "LD_AUDIT="};

	for (size_t i = 0; i < ARRAY_LEN(loads); i++)
		if (text_starts(variable, loads[i]))
			return variable[strlen(loads[i])] != '\0';
	if (!text_starts(variable, "GODEBUG="))
		return false;
	for (const char *s = variable + strlen("GODEBUG="); *s; s += *s == ',') {
		size_t len = strcspn(s, ",");

		if (is_fips_off(s, len))
			return true;
		s += len;
	}
	return false;
}

static void look_at_environment(const struct process *p, struct running *r)
{
	AUTO(buf_clear) struct buf env = BUF_MAX(ENVIRON_MAX);
	struct error err;

	if (!process_environ(p, &env, &err)) {
		r->environment_unknown = !process_has_ended(p);
		return;
	}
	for (size_t at = 0; at < env.len; at += strlen(env.data + at) + 1)
		if (is_harmful(env.data + at)) {
			r->environment = text_dup(env.data + at, strlen(env.data + at));
			return;
		}
}

/* `program` NULL: what it is called is not known, either. */
static void could_not(struct scan *s, pid_t pid, const struct program *program,
		      const char *why)
{
	char subject[64];

	snprintf(subject, sizeof(subject), "pid %d", pid);
	report_add(s->check->report,
		   &(struct report_entry){
			   .kind = REPORT_PROCESS,
			   .verdict = REPORT_UNKNOWN,
			   .component = program ? program->component->name : NULL,
			   .subject = subject},
		   "%s%s: %s", program ? "running " : "",
		   program ? program->name : "its executable", why);
}

/* A process that is named like a program, or like n of them. */
static bool collect(struct scan *s, const struct process *p,
		    const struct program *program, size_t n, struct error *err)
{
	AUTO(file_closep) int fd = process_open_exe(p);
	struct running *r;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		/* its file system may answer that there is no such file */
		if (!process_has_ended(p))
			could_not(s, p->pid, program,
				  "its executable cannot be opened");
		return true;
	}
	if (!grow(s, err))
		return false;
	r = &s->list[s->count];
	*r = (struct running){.pid = p->pid,
			      .programs = program,
			      .program_count = n,
			      .exe = text_dup(p->exe, strlen(p->exe)),
			      .deleted = p->deleted,
			      .contained =
				      !process_is_beneath(p, s->check->node->root_fd),
			      .stat = st};
	if (!r->exe)
		return error_set(err, ERR_SYSTEM, "no memory");
	s->count++;
	r->item = item_for(s, r, &fd);
	look_at_environment(p, r);
	return true;
}

/* The programs that a process is named like, and how many they are. */
static size_t named_like(const struct scan *s, const char *exe, const char *argv0,
			 const struct program **first)
{
	size_t n = programs_find(&s->programs, process_name(exe), first);

	return n ? n : programs_find(&s->programs, process_name(argv0), first);
}

static const char *why_unseen(int os)
{
	if (!process_is_denied(os))
		return strerror(os);
	return geteuid() ? "another user's process: run as root"
			 : "not allowed to root: CAP_SYS_PTRACE is needed";
}

/* One that was seen with the name of `program`: what it is now. */
static bool look(struct scan *s, pid_t pid, const struct program *program,
		 struct error *err)
{
	AUTO(process_close) struct process p = PROCESS_CLOSED;
	size_t n;

	process_read(s->check->node->proc_fd, pid, &p);
	if (p.state == PROCESS_UNSEEN)
		could_not(s, pid, program, why_unseen(p.os));
	if (p.state != PROCESS_READ)
		return true;
	n = named_like(s, p.exe, p.argv0, &program);
	return !n || collect(s, &p, program, n, err);
}

static bool look_at_all(struct scan *s, struct error *err)
{
	const struct process_list *all = s->check->processes;
	const struct program *program;

	for (size_t i = 0; i < all->count; i++) {
		const struct process_names *p = &all->list[i];

		s->denied += process_is_denied(p->os);
		if (p->os && !process_is_denied(p->os))
			could_not(s, p->pid, NULL, strerror(p->os));
		else if (named_like(s, p->exe, p->argv0, &program) &&
			 !look(s, p->pid, program, err))
			return false;
	}
	return true;
}

/* ---- telling ---- */

static bool lists(const struct manifest_component *c, const struct digest *d)
{
	for (size_t i = 0; i < c->file_count; i++)
		if (!c->files[i].link && digest_equal(&c->files[i].sha256, d))
			return true;
	return false;
}

/* Of the programs of its name the one that it is; else the one that it should be. */
static const struct program *program_of(const struct running *r, const struct digest *d,
					bool *is_listed)
{
	const struct program *should = r->programs;

	for (size_t i = 0; i < r->program_count; i++) {
		const struct program *p = &r->programs[i];

		*is_listed = d && lists(p->component, d);
		if (*is_listed)
			return p;
		if (!strcmp(p->file->path, r->exe) ||
		    (should->file->link && !p->file->link))
			should = p;
	}
	return should;
}

/* Does the path on the host lead to this inode now? */
static bool is_on_disk(const struct check *c, const char *path, const struct stat *st)
{
	AUTO(file_closep) int fd = -1;
	struct stat now;
	struct error err;

	return file_open_beneath(c->node->root_fd, path, O_PATH, &fd, &err) &&
	       !fstat(fd, &now) && file_is_same(&now, st);
}

static void tell_difference(const struct check *c, const struct running *r,
			    const struct program *p, const struct report_entry *e)
{
	const struct manifest_file *file = p->file;
	const char *name = p->name;

	if (r->contained && file->kind == MANIFEST_ON_HOST)
		report_add(c->report, e,
			   "running %s (pid %d), in a container, is no build that the "
			   "manifest lists",
			   name, r->pid);
	else if (file->kind == MANIFEST_IN_IMAGE)
		report_add(c->report, e,
			   "running %s (pid %d) is no build that the manifest lists",
			   name, r->pid);
	else if (is_on_disk(c, file->path, &r->stat))
		report_add(c->report, e,
			   "running %s (pid %d) is %s, which differs from the manifest",
			   name, r->pid, file->path);
	else if (r->deleted || !strcmp(r->exe, file->path))
		report_add(c->report, e, "running %s (pid %d) is not %s: restart it",
			   name, r->pid, file->path);
	else
		report_add(c->report, e, "running %s (pid %d) is %s, not %s", name,
			   r->pid, r->exe, file->path);
}

static void tell_environment(const struct check *c, const struct running *r,
			     struct report_entry e)
{
	char subject[64];

	snprintf(subject, sizeof(subject), "environment of pid %d", r->pid);
	e.subject = subject;
	e.expected = "no GODEBUG=fips140=off, LD_PRELOAD or LD_AUDIT";
	e.actual = r->environment;
	e.verdict = r->environment ? REPORT_FAIL : REPORT_UNKNOWN;
	if (r->environment)
		report_add(c->report, &e, "a variable weakens it");
	else if (r->environment_unknown)
		report_add(c->report, &e, "it cannot be read");
}

static void tell(const struct check *c, const struct running *r,
		 const struct digest_many_item *it)
{
	AUTO(buf_clear) struct buf subject = BUF_MAX(8192);
	char expected[DIGEST_HEX_SIZE + 8], actual[CHECK_ACTUAL_SIZE];
	bool is_done = it->state == DIGEST_MANY_DONE, is_listed = false;
	const struct program *p =
		program_of(r, is_done ? &it->digest : NULL, &is_listed);
	struct report_entry e = {
		.kind = REPORT_PROCESS,
		.verdict = REPORT_UNKNOWN,
		.component = p->component->name,
	};

	buf_printf(&subject, "pid %d %s", r->pid, r->exe);
	e.subject = subject.data;
	tell_environment(c, r, e);
	if (!p->file->link) {
		snprintf(expected, sizeof(expected), "sha256:%s",
			 DIGEST_HEX(&p->file->sha256));
		e.expected = expected;
	}
	if (!is_done && it->state != DIGEST_MANY_TOO_LARGE) {
		report_add(c->report, &e, "its executable: %s", check_why_not(it));
		return;
	}
	check_actual(it, actual);
	e.actual = actual;
	e.verdict = is_listed ? REPORT_PASS : REPORT_FAIL;
	if (!is_listed) {
		tell_difference(c, r, p, &e);
	} else {
		e.expected = actual;
		report_add(c->report, &e, NULL);
	}
}

/* A container is a node of its own to this program, which an auditor should know. */
static void tell_namespace(const struct check *c)
{
	const struct report_entry e = {
		.kind = REPORT_PROCESS,
		.verdict = REPORT_SKIPPED,
		.subject = "processes of other PID namespaces",
	};

	if (!c->processes->whole && !c->processes->hidden)
		report_add(c->report, &e,
			   "not seen: unless this is all of the node, run it in the "
			   "node's own (hostPID)");
}

static void sum_up(const struct scan *s)
{
	const struct check *c = s->check;
	const char *advice = geteuid() ? "run as root" : "CAP_SYS_PTRACE is needed";
	bool late = digest_many_now() >= c->deadline;
	bool hidden = c->processes->hidden;
	char actual[96];
	struct report_entry e = {
		.kind = REPORT_PROCESS,
		.verdict = s->denied || hidden || late ? REPORT_UNKNOWN : REPORT_PASS,
		.subject = "all processes",
		.actual = actual,
	};

	snprintf(actual, sizeof(actual), "%zu seen, %zu of the manifest's programs",
		 c->processes->count, s->count);
	if (late)
		report_add(c->report, &e, "time was over before all were seen");
	else if (hidden)
		report_add(c->report, &e,
			   "those of other users are hidden (hidepid): %s", advice);
	else if (s->denied)
		report_add(c->report, &e, "%zu of %zu could not be looked at: %s",
			   s->denied, c->processes->count, advice);
	else
		report_add(c->report, &e, NULL);
}

bool check_process(const struct check *c, const struct check_images *images,
		   struct error *err)
{
	AUTO(scan_clear) struct scan s = {.check = c};
	const struct report_entry all = {
		.kind = REPORT_PROCESS,
		.verdict = c->node->live ? REPORT_UNKNOWN : REPORT_SKIPPED,
		.subject = "all processes",
	};
	const struct digest_many_item *next;
	size_t next_count;

	if (c->node->proc_fd < 0) {
		report_add(c->report, &all, "%s",
			   c->node->live ? "no proc file system on '/proc'"
					 : "not applicable: not a live node");
		return true;
	}
	next = check_image_items(images, &next_count);
	if (!programs_of(c->manifest, &s.programs, err) || !look_at_all(&s, err) ||
	    !check_digests_ahead(c, s.items, s.item_count, next, next_count, err))
		return false;
	for (size_t i = 0; i < s.count; i++)
		tell(c, &s.list[i], &s.items[s.list[i].item]);
	sum_up(&s);
	tell_namespace(c);
	return true;
}
