/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_find.h"

#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int cmp_key(const void *id, const void *key)
{
	return strcmp(id, ((const struct tuf_key *)key)->id);
}

const struct tuf_key *tuf_find_key(const struct tuf_keys *keys, const char *id)
{
	return keys->count ? bsearch(id, keys->list, keys->count, sizeof(*keys->list),
				     cmp_key)
			   : NULL;
}

struct file_of {
	const char *role;
};

static int cmp_meta(const void *wanted, const void *meta)
{
	const char *role = ((const struct file_of *)wanted)->role;
	const char *file = ((const struct tuf_meta *)meta)->file;
	size_t len = strlen(role);
	int cmp = strncmp(role, file, len);

	return cmp ? cmp : strcmp(".json", file + len);
}

const struct tuf_meta *tuf_find_meta(const struct tuf_snapshot *s, const char *role)
{
	struct file_of wanted = {role};

	return s->count
		       ? bsearch(&wanted, s->meta, s->count, sizeof(*s->meta), cmp_meta)
		       : NULL;
}

static int cmp_target(const void *path, const void *target)
{
	return strcmp(path, ((const struct tuf_target *)target)->path);
}

const struct tuf_target *tuf_find_target(const struct tuf_targets *t, const char *path)
{
	return t->count ? bsearch(path, t->targets, t->count, sizeof(*t->targets),
				  cmp_target)
			: NULL;
}

/* Behind the character at s, which may be several bytes of UTF-8. */
static const char *behind(const char *s)
{
	do
		s++;
	while ((*s & 0xc0) == 0x80);
	return s;
}

/* One star is remembered at a time: what an earlier one took need never change, so
 * the work is at most pattern times path. */
bool tuf_find_matches(const char *pattern, const char *path)
{
	const char *star = NULL, *from = NULL;

	while (*path) {
		if (*pattern == '*') {
			star = ++pattern;
			from = path;
		} else if (*pattern == '?' && *path != '/') {
			pattern++;
			path = behind(path);
		} else if (*pattern && *pattern != '?' && *pattern == *path) {
			/* behind a "/" the star before it can take no more */
			if (*path == '/')
				star = NULL;
			pattern++;
			path++;
		} else if (star && *from != '/') {
			pattern = star;
			path = from = behind(from);
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool tuf_find_covers(const struct tuf_delegation *d, const char *path, const char *hash)
{
	for (size_t i = 0; i < d->pattern_count; i++)
		if (d->by_hash ? text_starts(hash, d->patterns[i])
			       : tuf_find_matches(d->patterns[i], path))
			return true;
	return false;
}

/* The leading bits of the path's digest are the bin's number (TAP 15). */
bool tuf_find_bin(const struct tuf_targets *t, const char *path, char *out,
		  struct error *err)
{
	unsigned bits = t->succinct_bits;
	const unsigned char *b;
	struct digest d;
	uint32_t number;

	if (!digest_of_bytes(path, strlen(path), &d, err))
		return false;
	b = d.bytes;
	number = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
		 b[3];
	number >>= 32 - bits;
	snprintf(out, TUF_NAME_MAX + 1, "%s-%0*" PRIx32, t->succinct_prefix,
		 (int)((bits + 3) / 4), number);
	return true;
}
