/* SPDX-License-Identifier: Apache-2.0 */
#include "server/freshness.h"

#include "core/json.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>

enum { METADATA_MAX = 64 * 1024 * 1024 };

/* The newest "metadata/N.ROLE.json", or the one without a number. */
static const struct tree_entry *newest(const struct tree *t, const char *role)
{
	const struct tree_entry *best = NULL;
	uint64_t most = 0;
	char end[32], number[24];

	snprintf(end, sizeof(end), ".%s.json", role);
	for (size_t i = 0; i < t->count; i++) {
		const char *path = t->entries[i].path;
		size_t len = strlen(path);
		uint64_t n;

		if (!text_starts(path, "metadata/") || !text_ends(path, end))
			continue;
		snprintf(number, sizeof(number), "%.*s", (int)(len - 9 - strlen(end)),
			 path + 9);
		if (text_u64(number, 1, INT64_MAX, &n) && n > most) {
			most = n;
			best = &t->entries[i];
		}
	}
	snprintf(end, sizeof(end), "metadata/%s.json", role);
	return best ? best : tree_find(t, end);
}

static bool read_role(const struct tree *t, const struct tree_entry *e,
		      struct page_role *out, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(METADATA_MAX);
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	struct json inner;
	const char *expires;
	int64_t version;

	if (!tree_load(t, e, &text, err) ||
	    !json_parse(text.data, text.len, METADATA_MAX, &doc, err) ||
	    !json_get(json_root(&doc), "signed", JSON_KIND_OBJECT, &inner, err) ||
	    !json_get_integer(inner, "version", 1, INT64_MAX, &version, err) ||
	    !json_get_string(inner, "expires", &expires, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(e->path));
	if (!text_untime(expires, &out->expires))
		return error_set(err, ERR_FORMAT, "'%s': when does it expire?",
				 TEXT_SAFE(e->path));
	out->version = version;
	return true;
}

/* It lies beside the tree: no tree is refused for it. */
static bool read_site(const struct tree *t, struct site *out)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(TUF_SITE_MAX);
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;
	const struct tree_entry *e = tree_find(t, TREE_SITE_PATH);
	struct error none;

	return e && tree_load(t, e, &text, &none) &&
	       site_parse(text.data, text.len, &file, out, &none);
}

bool freshness_read(const struct tree *t, struct page_about *out, struct error *err)
{
	static const char *const roles[PAGE_ROLES] = {"timestamp", "snapshot",
						      "targets", "root"};
	struct page_about a = {.beside = tree_beside(t)};

	for (size_t i = 0; i < PAGE_ROLES; i++) {
		const struct tree_entry *e = newest(t, roles[i]);

		if (!e)
			continue;
		if (!read_role(t, e, &a.roles[a.role_count], err))
			return false;
		a.roles[a.role_count++].name = roles[i];
	}
	a.is_site = read_site(t, &a.site);
	*out = a;
	return true;
}

bool freshness_expired(const struct page_about *a, int64_t now)
{
	for (size_t i = 0; i < a->role_count; i++)
		if (a->roles[i].expires <= now)
			return true;
	return false;
}
