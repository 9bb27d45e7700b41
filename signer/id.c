/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/id.h"

#include "core/armor.h"
#include "core/file.h"
#include "core/manifest.h"
#include "core/text.h"

#include <errno.h>
#include <stdio.h>

enum { FILE_MAX = MANIFEST_TEXT_MAX + 2 * ARMOR_PACKET_MAX };

/* Copy from *s up to one of `ends` or the end of the text; *s moves there. */
static bool part(const char **s, const char *ends, char *out, size_t size)
{
	size_t len = strcspn(*s, ends);

	if (len >= size)
		return false;
	memcpy(out, *s, len);
	out[len] = '\0';
	*s += len;
	return true;
}

bool id_parse(const char *name, struct id *out)
{
	struct id id = EMPTY;
	uint64_t revision = 0;

	if (!text_starts(name, "el"))
		return false;
	name += 2;
	if (!part(&name, "/", id.el, sizeof(id.el)) || !text_is_el(id.el) ||
	    *name++ != '/' ||
	    !part(&name, "/@", id.kubernetes, sizeof(id.kubernetes)) ||
	    !text_is_kubernetes(id.kubernetes))
		return false;
	if (*name == '/' && (name++, !part(&name, "@", id.arch, sizeof(id.arch)) ||
					     !text_is_arch(id.arch)))
		return false;
	if (*name == '@' && !text_u64(++name, 1, UINT32_MAX, &revision))
		return false;
	if (!revision && *name)
		return false;
	id.revision = (unsigned)revision;
	*out = id;
	return true;
}

struct search {
	const char *name;
	struct store_manifest found;
	bool any;
};

/* Newest first within an architecture, so the first of each is the one. */
static bool take(void *arg, const struct store_manifest *m, struct error *err)
{
	struct search *s = arg;

	if (s->any && strcmp(s->found.arch, m->arch) != 0)
		return error_set(err, ERR_USAGE,
				 "'%s' is there for %s and for %s: say which",
				 TEXT_SAFE(s->name), s->found.arch, m->arch);
	if (!s->any)
		s->found = *m;
	s->any = true;
	return true;
}

bool id_find(struct store *s, const char *name, bool published_only,
	     struct store_manifest *out, struct error *err)
{
	struct search search = {.name = name};
	struct store_filter f = {.published_only = published_only};
	struct id id;

	if (!id_parse(name, &id))
		return error_set(err, ERR_USAGE,
				 "'%s' names no manifest; el8/v1.21.3, "
				 "el8/v1.21.3/x86_64 and el8/v1.21.3@2 do",
				 TEXT_SAFE(name));
	f.el = id.el;
	f.kubernetes = id.kubernetes;
	f.arch = *id.arch ? id.arch : NULL;
	f.revision = id.revision;
	if (!store_each_manifest(s, &f, take, &search, err))
		return false;
	if (!search.any)
		return error_set(err, ERR_NOT_FOUND, "the store has no %smanifest '%s'",
				 published_only ? "published " : "", TEXT_SAFE(name));
	*out = search.found;
	return true;
}

static bool file_text(const char *path, struct buf *out, struct error *err)
{
	AUTO(armor_cut_clear) struct armor_cut cut = EMPTY;
	AUTO(buf_clear) struct buf file = BUF_MAX(FILE_MAX);

	if (!file_read(path, &file, err))
		return false;
	if (!file.len || file.data[0] != '-') {
		buf_append(out, file.data ? file.data : "", file.len);
		return buf_ok(out, err);
	}
	if (!armor_cut(file.data, file.len, &cut, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(path));
	buf_append(out, cut.text, cut.text_len);
	return buf_ok(out, err);
}

bool id_text(struct store *s, const char *name, struct buf *out, struct error *err)
{
	struct store_manifest m;
	struct id id;

	if (!id_parse(name, &id)) {
		if (file_text(name, out, err))
			return true;
		return err->os != ENOENT
			       ? false
			       : error_set(err, ERR_NOT_FOUND,
					   "'%s' is neither an ID, such as "
					   "el8/v1.21.3@2, nor a file that is here",
					   TEXT_SAFE(name));
	}
	if (!s)
		return error_set(err, ERR_NOT_FOUND,
				 "'%s' names a manifest of a store, and there is none "
				 "here: name it with --store FILE",
				 TEXT_SAFE(name));
	return id_find(s, name, false, &m, err) && store_text(s, m.row, out, err);
}
