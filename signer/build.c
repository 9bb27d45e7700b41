/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/build.h"

#include "core/file.h"
#include "core/text.h"
#include "signer/artifact.h"
#include "signer/workers.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

/* ---- one artifact, for all components that name it ---- */

struct task {
	struct artifact_job job;
	const struct release *release; /* of the first component */
	const struct release_component **components;
	char *path;
	char **keys;
	uint64_t size; /* of the file, for the order and the progress line */
	struct artifact artifact;
	struct error err;
};

struct tasks {
	struct task *items;
	size_t count;
	struct task **order; /* largest first */
	size_t *task_of;     /* of all components, one definition after the other */
	size_t task_of_count;
	atomic_size_t next;
};

static void task_clear(struct task *t)
{
	artifact_clear(&t->artifact);
	for (size_t i = 0; i < t->job.key_count; i++)
		free(t->keys[i]);
	free(t->keys);
	free(t->path);
	free(t->components);
}

static void tasks_clear(struct tasks *all)
{
	for (size_t i = 0; i < all->count; i++)
		task_clear(&all->items[i]);
	free(all->items);
	free(all->order);
	free(all->task_of);
}

/* "DIR/NAME", DIR being the folder of the definition. */
static char *beside(const char *definition, const char *name)
{
	AUTO(text_freep)
	char *folder =
		text_dup(definition, (size_t)(file_basename(definition) - definition));

	if (!folder || name[0] == '/' || !*folder)
		return folder ? text_dup(name, strlen(name)) : NULL;
	return file_join(folder, name);
}

static bool set_keys(struct task *t, const struct release *r, struct error *err)
{
	t->keys = calloc(r->rpm_keys.count + 1, sizeof(char *));
	if (!t->keys)
		return no_memory(err);
	for (size_t i = 0; i < r->rpm_keys.count; i++) {
		t->keys[i] = beside(r->file, r->rpm_keys.items[i]);
		if (!t->keys[i])
			return no_memory(err);
		t->job.key_count++;
	}
	t->job.keys = (const char *const *)t->keys;
	return true;
}

static bool task_new(const struct release *r, const struct release_component *c,
		     const char *artifacts, struct task *t, struct error *err)
{
	struct stat st;

	*t = (struct task){.release = r,
			   .job = {.type = c->type,
				   .arch = r->arch,
				   .unsigned_allowed = c->unsigned_allowed ==
						       RELEASE_UNSIGNED_ALLOWED}};
	t->path = file_join(artifacts, c->artifact);
	if (!t->path)
		return no_memory(err);
	t->job.path = t->path;
	if (c->type == MANIFEST_RPM && !set_keys(t, r, err))
		return false;
	if (!stat(t->path, &st) && S_ISREG(st.st_mode))
		t->size = (uint64_t)st.st_size;
	return true;
}

/* Would the one task do for the component of the other? */
static bool is_same(const struct task *a, const struct task *b)
{
	if (a->job.type != b->job.type || strcmp(a->path, b->path) != 0 ||
	    strcmp(a->job.arch, b->job.arch) != 0 ||
	    a->job.unsigned_allowed != b->job.unsigned_allowed ||
	    a->job.key_count != b->job.key_count)
		return false;
	for (size_t i = 0; i < a->job.key_count; i++)
		if (strcmp(a->keys[i], b->keys[i]) != 0)
			return false;
	return true;
}

static bool add_component(struct task *t, const struct release_component *c,
			  struct error *err)
{
	const struct release_component **more =
		reallocarray(t->components, t->job.component_count + 1,
			     sizeof(const struct release_component *));

	if (!more)
		return no_memory(err);
	t->components = more;
	t->components[t->job.component_count++] = c;
	t->job.components = t->components;
	return true;
}

static bool plan_component(struct tasks *all, const struct release *r,
			   const struct release_component *c, const char *artifacts,
			   struct error *err)
{
	AUTO(task_clear) struct task new = EMPTY;
	size_t i = 0;

	if (!task_new(r, c, artifacts, &new, err))
		return false;
	while (i < all->count && !is_same(&all->items[i], &new))
		i++;
	if (i == all->count)
		all->items[all->count++] = TAKE(new);
	all->task_of[all->task_of_count++] = i;
	return add_component(&all->items[i], c, err);
}

static int by_size(const void *a, const void *b)
{
	const struct task *x = *(struct task *const *)a, *y = *(struct task *const *)b;

	return (x->size < y->size) - (x->size > y->size);
}

static bool plan(const struct build_input *in, struct tasks *all, struct error *err)
{
	size_t total = 1;

	for (size_t i = 0; i < in->count; i++)
		total += in->releases[i].component_count;
	all->items = calloc(total, sizeof(*all->items));
	all->order = calloc(total, sizeof(struct task *));
	all->task_of = calloc(total, sizeof(*all->task_of));
	if (!all->items || !all->order || !all->task_of)
		return no_memory(err);
	for (size_t i = 0; i < in->count; i++)
		for (size_t k = 0; k < in->releases[i].component_count; k++)
			if (!plan_component(all, &in->releases[i],
					    &in->releases[i].components[k],
					    in->artifacts, err))
				return false;
	for (size_t i = 0; i < all->count; i++)
		all->order[i] = &all->items[i];
	if (all->count)
		qsort(all->order, all->count, sizeof(struct task *), by_size);
	return true;
}

/* ---- reading on all cores ---- */

/* "FILE:LINE: COMPONENT: ..." */
static bool place(const struct release *r, const struct release_component *c,
		  struct error *err)
{
	return error_prefix(err, "%s:%zu: %s", TEXT_SAFE(r->file), c->line, c->name);
}

static void *work(void *arg)
{
	struct tasks *all = arg;
	size_t i;

	/* to the end, whatever fails: what is told does not depend on timing */
	while ((i = atomic_fetch_add(&all->next, 1)) < all->count) {
		struct task *t = all->order[i];

		if (!artifact_read(&t->job, &t->artifact, &t->err) &&
		    t->err.code == ERR_NONE)
			t->err.code = ERR_INTERNAL;
	}
	return NULL;
}

static bool read_all(struct tasks *all, const struct cli *cli, struct error *err)
{
	AUTO(cli_progress_freep) struct cli_progress *progress = NULL;
	size_t cores = workers_cores();
	uint64_t total = 0;

	for (size_t i = 0; i < all->count; i++)
		total += all->items[i].size;
	progress = cli_progress_new(cli, "build", total);
	for (size_t i = 0; i < all->count; i++)
		all->items[i].job.progress = progress;
	/* of four, three that shared two cores would end late and leave one alone */
	workers_run(all->count < cores ? all->count : cores, work, all);
	for (size_t i = 0; i < all->count; i++) {
		struct task *t = &all->items[i];

		if (t->err.code == ERR_NONE)
			continue;
		*err = t->err;
		return place(t->release, t->components[0], err);
	}
	return true;
}

/* ---- manifests ---- */

static bool set_text(char **to, const char *from, struct error *err)
{
	*to = from ? text_dup(from, strlen(from)) : NULL;
	return *to || !from ? true : no_memory(err);
}

static bool set_strings(struct manifest_strings *to,
			const struct manifest_strings *from, struct error *err)
{
	to->items = calloc(from->count + 1, sizeof(char *));
	if (!to->items)
		return no_memory(err);
	for (size_t i = 0; i < from->count; i++, to->count++)
		if (!set_text(&to->items[i], from->items[i], err))
			return false;
	return true;
}

/* Every Go program has the module, and there is one. */
static bool check_crypto(const struct release_component *c,
			 const struct manifest_component *made, struct error *err)
{
	bool found = false;

	for (size_t i = 0; c->require_crypto && i < made->file_count; i++) {
		const struct manifest_file *f = &made->files[i];

		if (!f->go_version)
			continue;
		found = true;
		if (strcmp(f->go_crypto, c->require_crypto) != 0)
			return error_set(err, ERR_MISMATCH,
					 "'%s' is built by %s with the crypto module "
					 "'%s', and '%s' is required",
					 TEXT_SAFE(f->path), f->go_version,
					 f->go_crypto, c->require_crypto);
	}
	if (c->require_crypto && !found)
		return error_set(err, ERR_MISMATCH,
				 "'%s' is required, and no file is a Go program",
				 c->require_crypto);
	return true;
}

static bool make_component(const struct release_component *c, const struct artifact *a,
			   struct manifest_component *out, struct error *err)
{
	const char *version = c->version ? c->version : a->version;

	if (!version)
		return error_set(err, ERR_NOT_FOUND,
				 "it does not say its version: 'version:' in the "
				 "definition does");
	out->presence = c->presence;
	out->source = a->source;
	out->source.name = out->source.signer = out->source.image_reference = NULL;
	return set_text(&out->name, c->name, err) &&
	       set_text(&out->version, version, err) &&
	       set_text(&out->source.name, a->source.name, err) &&
	       set_text(&out->source.signer, a->source.signer, err) &&
	       set_text(&out->source.image_reference, a->source.image_reference, err) &&
	       artifact_select(a, c, out, err) && check_crypto(c, out, err);
}

static bool make_components(const struct release *r, const struct tasks *all,
			    const size_t *task_of, struct manifest *out,
			    struct error *err)
{
	out->components = calloc(r->component_count + 1, sizeof(*out->components));
	if (!out->components)
		return no_memory(err);
	for (size_t i = 0; i < r->component_count; i++) {
		const struct release_component *c = &r->components[i];

		out->component_count++;
		if (make_component(c, &all->items[task_of[i]].artifact,
				   &out->components[i], err))
			continue;
		error_prefix_(err, "'%s'", c->artifact);
		return place(r, c, err);
	}
	return true;
}

static bool make_services(const struct release *r, struct manifest *out,
			  struct error *err)
{
	out->services = calloc(r->service_count + 1, sizeof(*out->services));
	if (!out->services)
		return no_memory(err);
	for (size_t i = 0; i < r->service_count; i++) {
		struct manifest_service *to = &out->services[i];

		out->service_count++;
		to->port = r->services[i].port;
		if (!set_text(&to->name, r->services[i].name, err) ||
		    !set_text(&to->component, r->services[i].component, err))
			return false;
	}
	return set_text(&out->tls.min_version, r->tls.min_version, err) &&
	       set_strings(&out->tls.cipher_suites, &r->tls.cipher_suites, err) &&
	       set_strings(&out->tls.groups, &r->tls.groups, err);
}

static bool make_exceptions(const struct release *r, struct manifest *out,
			    struct error *err)
{
	out->exceptions = calloc(r->exception_count + 1, sizeof(*out->exceptions));
	if (!out->exceptions)
		return no_memory(err);
	for (size_t i = 0; i < r->exception_count; i++) {
		const struct manifest_exception *from = &r->exceptions[i];
		struct manifest_exception *to = &out->exceptions[i];

		out->exception_count++;
		to->expires = from->expires;
		if (!set_text(&to->path, from->path, err) ||
		    !set_text(&to->component, from->component, err) ||
		    !set_text(&to->reason, from->reason, err))
			return false;
	}
	return true;
}

static bool make(const struct release *r, int64_t created, const struct tasks *all,
		 const size_t *task_of, struct manifest *out, struct error *err)
{
	out->revision = r->revision;
	out->created = r->created >= 0 ? r->created : created;
	if (!set_text(&out->el, r->el, err) ||
	    !set_text(&out->kubernetes, r->kubernetes, err) ||
	    !set_text(&out->arch, r->arch, err) ||
	    !set_text(&out->note, r->note, err) ||
	    !make_components(r, all, task_of, out, err) ||
	    !make_services(r, out, err) || !make_exceptions(r, out, err))
		return false;
	manifest_sort(out);
	return manifest_check(out, err) || error_prefix(err, "%s", TEXT_SAFE(r->file));
}

static bool make_all(const struct build_input *in, const struct tasks *all,
		     struct manifest *out, struct error *err)
{
	size_t at = 0;

	for (size_t i = 0; i < in->count; i++) {
		if (!make(&in->releases[i], in->created, all, all->task_of + at,
			  &out[i], err))
			return false;
		at += in->releases[i].component_count;
	}
	return true;
}

static bool check_created(const struct build_input *in, struct error *err)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->releases[i].created < 0 && in->created < 0)
			return error_set(err, ERR_USAGE,
					 "%s: neither 'created:' in the definition nor "
					 "SOURCE_DATE_EPOCH tells the time of creation",
					 TEXT_SAFE(in->releases[i].file));
	return true;
}

bool build_run(const struct build_input *in, const struct cli *cli,
	       struct manifest *out, struct error *err)
{
	AUTO(tasks_clear) struct tasks all = EMPTY;

	if (!check_created(in, err) || !plan(in, &all, err) ||
	    !read_all(&all, cli, err))
		return false;
	if (make_all(in, &all, out, err))
		return true;
	for (size_t i = 0; i < in->count; i++)
		manifest_clear(&out[i]);
	return false;
}
