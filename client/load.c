/* SPDX-License-Identifier: Apache-2.0 */
#include "client/load.h"

#include "client/fetch.h"
#include "core/file.h"

#include <time.h>

static bool load_file(const char *name, const struct source_trust *trust,
		      struct load *l, struct error *err)
{
	AUTO(buf_clear) struct buf file = BUF_MAX(SOURCE_FILE_MAX);

	return file_read(name, &file, err) &&
	       source_load(name, file.data ? file.data : "", file.len, trust,
			   &l->source, err);
}

/* By the server's index, which nothing vouches for. */
static bool load_from_index(const struct fetch_options *how,
			    const struct source_trust *trust, struct load *l,
			    struct error *err)
{
	AUTO(fetch_clear) struct fetch f = FETCH_NONE;

	return fetch_manifest(how, &f, err) &&
	       source_load(f.url, f.file.data, f.file.len, trust, &l->source, err) &&
	       fetch_confirm(&f, &l->source, err);
}

/* The release keys that came through TUF must vouch for it, and the pinned ones where
 * the user gave some. */
static bool load_current(const struct current_options *how,
			 const struct source_trust *pinned, struct load *l,
			 struct error *err)
{
	AUTO(source_clear) struct source also = EMPTY;
	struct current *c = &l->current;
	struct source_trust trust = *pinned;

	if (!current_fetch(how, c, err))
		return false;
	trust.keyring = c->keyring;
	return source_load(c->origin, c->file.data, c->file.len, &trust, &l->source,
			   err) &&
	       (!pinned->keyring || source_load(c->origin, c->file.data, c->file.len,
						pinned, &also, err)) &&
	       current_confirm(c, &l->source, err);
}

static bool load_published(const struct options *o, const struct node *node,
			   const struct source_trust *trust, struct load *l,
			   struct error *err)
{
	struct fetch_options index = {
		.server = o->server,
		.el = o->el ? o->el : node->os.el,
		.arch = *node->arch ? node->arch : "x86_64",
		.kubernetes = o->kubernetes,
		.seconds = o->timeout,
	};
	struct current_options how = {
		.server = o->server,
		.local = o->local,
		.trust = o->trust,
		.state = o->state,
		.el = index.el,
		.arch = index.arch,
		.kubernetes = o->kubernetes,
		.seconds = o->timeout,
		.as_of_last_seen = o->as_of_last_seen,
		.site_key = o->site_key,
		.max_site_age = o->max_site_age,
	};

	if (!*how.el && node->os_error.code != ERR_NONE)
		return error_set(err, ERR_SYSTEM,
				 "%s: --el says which manifest is meant",
				 node->os_error.msg);
	if (!*how.el)
		return error_set(err, ERR_NOT_FOUND,
				 "the os-release here names no Enterprise Linux: --el "
				 "says which manifest is meant");
	if (!current_applies(&how))
		return load_from_index(&index, trust, l, err);
	return load_current(&how, trust, l, err);
}

bool load_manifest(const struct options *o, const struct node *node,
		   const struct load_beside *beside, int64_t deadline, struct load *out,
		   struct error *err)
{
	AUTO(load_clear) struct load l = LOAD_NONE;
	const struct source_trust trust = {
		.keyring = o->keyring,
		.threshold = o->threshold,
		.now = (int64_t)time(NULL),
		.deadline = deadline,
		.meanwhile = beside->run,
		.arg = beside->arg,
	};

	if (o->file ? !load_file(o->file, &trust, &l, err)
		    : !load_published(o, node, &trust, &l, err))
		return false;
	*out = l;
	l = (struct load)LOAD_NONE;
	return true;
}

void load_clear(struct load *l)
{
	source_clear(&l->source);
	current_clear(&l->current);
}
