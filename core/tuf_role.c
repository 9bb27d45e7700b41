/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_role.h"

#include "core/text.h"
#include "core/tuf_find.h"

#include <stdlib.h>

static const char *const names[] = {
	[TUF_ROOT] = "root",         [TUF_TARGETS] = "targets",
	[TUF_SNAPSHOT] = "snapshot", [TUF_TIMESTAMP] = "timestamp",
	[TUF_SITE] = "site",
};

enum {
	KEY_ID_MAX = 128,
	PATTERN_MAX = 1024,
	PATH_BYTES_MAX = 1024,
	THRESHOLD_MAX = 256,
	SUCCINCT_BITS_MAX = 32,
	DELEGATIONS_MAX = 4096, /* of one role */
};

/* integers that JSON carries safely */
static const int64_t NUMBER_MAX = ((int64_t)1 << 53) - 1;

const char *tuf_role_name(enum tuf_kind kind)
{
	return names[kind];
}

/* ---- parts ---- */

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

/* A copy of a string member with a ceiling; "" is refused. */
static bool copy_text(const char *s, size_t max, char **out, struct error *err)
{
	size_t len = strlen(s);

	if (len == 0)
		return error_set(err, ERR_FORMAT, "an empty name");
	if (len > max)
		return error_set(err, ERR_LIMIT, "'%s' is longer than %zu bytes",
				 TEXT_SAFE(s), max);
	*out = text_dup(s, len);
	return *out || no_memory(err);
}

/* A role's name is that of a file in a state folder and a tree, percent-encoded. */
static bool copy_name(const char *s, size_t max, char **out, struct error *err)
{
	AUTO(buf_clear) struct buf file = BUF_MAX(SIZE_MAX / 2);

	text_percent(s, "", &file);
	if (!buf_ok(&file, err))
		return false;
	if (file.len > max)
		return error_set(err, ERR_LIMIT,
				 "'%s' is longer than %zu bytes as the name of a file",
				 TEXT_SAFE(s), max);
	return copy_text(s, max, out, err);
}

/* "1.0.34": digits and dots, first number 1 */
static bool read_spec(struct json v, struct error *err)
{
	const char *spec;

	if (!json_get_string(v, "spec_version", &spec, err))
		return false;
	if (!text_starts(spec, "1.") || strspn(spec, "0123456789.") != strlen(spec))
		return error_set(
			err, ERR_FORMAT,
			"spec_version '%s' is not one that is understood (1.x)",
			TEXT_SAFE(spec));
	return true;
}

static bool read_head(struct json v, int64_t *version, int64_t *expires,
		      struct error *err)
{
	const char *time;

	if (!read_spec(v, err) ||
	    !json_get_integer(v, "version", 1, NUMBER_MAX, version, err) ||
	    !json_get_string(v, "expires", &time, err))
		return false;
	if (!text_untime(time, expires))
		return error_set(err, ERR_FORMAT,
				 "expires '%s' is no time like 2021-08-25T00:00:00Z",
				 TEXT_SAFE(time));
	return true;
}

static void clear_texts(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

/* A list of strings, as a new array. */
static bool read_texts(struct json v, const char *key, size_t max, char ***list,
		       size_t *count, struct error *err)
{
	struct json array;
	size_t n;

	if (!json_get(v, key, JSON_KIND_ARRAY, &array, err))
		return false;
	n = json_count(array);
	*list = calloc(n + 1, sizeof(**list));
	if (!*list)
		return no_memory(err);
	for (*count = 0; *count < n; ++*count) {
		const char *s;

		if (!json_as_string(json_at(array, *count), &s, err) ||
		    !copy_text(s, max, &(*list)[*count], err))
			return error_prefix(err, "'%s'", key);
	}
	return true;
}

static void clear_signers(struct tuf_signers *s)
{
	clear_texts(s->ids, s->count);
	*s = (struct tuf_signers)EMPTY;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool each_once(const struct tuf_signers *s, struct error *err)
{
	AUTO(text_freep) char *copy = malloc((s->count + 1) * sizeof(*s->ids));
	char **sorted = (char **)(void *)copy;

	if (!sorted)
		return no_memory(err);
	memcpy(sorted, s->ids, s->count * sizeof(*s->ids));
	qsort(sorted, s->count, sizeof(*sorted), by_text);
	for (size_t i = 1; i < s->count; i++)
		if (!strcmp(sorted[i - 1], sorted[i]))
			return error_set(err, ERR_FORMAT, "key id '%s' stands twice",
					 TEXT_SAFE(sorted[i]));
	return true;
}

/* "keyids" and "threshold" of an object. */
static bool read_signers(struct json v, struct tuf_signers *out, struct error *err)
{
	int64_t threshold;

	if (!json_as_object(v, err) ||
	    !read_texts(v, "keyids", KEY_ID_MAX, &out->ids, &out->count, err) ||
	    !each_once(out, err) ||
	    !json_get_integer(v, "threshold", 1, THRESHOLD_MAX, &threshold, err))
		return false;
	out->threshold = (unsigned)threshold;
	return true;
}

static void clear_keys(struct tuf_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		tuf_key_clear(&keys->list[i]);
	free(keys->list);
	*keys = (struct tuf_keys)EMPTY;
}

/* json_each() over "keys": sorted by id, each once (the parser refuses twins). */
static bool read_key(void *arg, const char *id, struct json v, struct error *err)
{
	struct tuf_keys *keys = arg;
	const char *type, *scheme, *value;
	struct json keyval;

	if (strlen(id) > KEY_ID_MAX)
		return error_set(err, ERR_LIMIT, "a key id of more than %d bytes",
				 KEY_ID_MAX);
	if (!json_as_object(v, err) || !json_get_string(v, "keytype", &type, err) ||
	    !json_get_string(v, "scheme", &scheme, err) ||
	    !json_get(v, "keyval", JSON_KIND_OBJECT, &keyval, err) ||
	    !json_get_string(keyval, "public", &value, err) ||
	    !tuf_key_init(id, type, scheme, value, &keys->list[keys->count], err))
		return error_prefix(err, "key '%s'", TEXT_SAFE(id));
	keys->count++;
	return true;
}

static bool read_keys(struct json v, struct tuf_keys *out, struct error *err)
{
	struct json keys;

	if (!json_get(v, "keys", JSON_KIND_OBJECT, &keys, err))
		return false;
	out->list = calloc(json_count(keys) + 1, sizeof(*out->list));
	if (!out->list)
		return no_memory(err);
	return json_each(keys, read_key, out, err);
}

static void clear_meta(struct tuf_meta *m)
{
	free(m->file);
	*m = (struct tuf_meta)EMPTY;
}

/* "NAME.json": {version, length?, hashes?} */
static bool read_meta(const char *file, struct json v, struct tuf_meta *out,
		      struct error *err)
{
	int64_t length = 0;

	if (!text_ends(file, ".json") || !file[5])
		return error_set(err, ERR_FORMAT, "meta '%s' is no name of a role",
				 TEXT_SAFE(file));
	if (!json_as_object(v, err) ||
	    !json_get_integer(v, "version", 1, NUMBER_MAX, &out->version, err) ||
	    (json_has(v, "length") &&
	     !json_get_integer(v, "length", 1, NUMBER_MAX, &length, err)) ||
	    (json_has(v, "hashes") && !tuf_hash_read(v, &out->hashes, err)))
		return error_prefix(err, "meta '%s'", TEXT_SAFE(file));
	out->length = (uint64_t)length;
	out->file = text_dup(file, strlen(file));
	return out->file || no_memory(err);
}

/* ---- root ---- */

bool tuf_role_read_root(struct json v, struct tuf_root *out, struct error *err)
{
	AUTO(tuf_role_clear_root) struct tuf_root r = EMPTY;
	struct json roles, role;

	if (!read_head(v, &r.version, &r.expires, err) || !read_keys(v, &r.keys, err) ||
	    (json_has(v, "consistent_snapshot") &&
	     !json_get_bool(v, "consistent_snapshot", &r.consistent, err)) ||
	    !json_get(v, "roles", JSON_KIND_OBJECT, &roles, err))
		return false;
	for (int i = 0; i < TUF_KINDS; i++)
		if (!json_get(roles, names[i], JSON_KIND_OBJECT, &role, err) ||
		    !read_signers(role, &r.roles[i], err))
			return error_prefix(err, "role '%s'", names[i]);
	*out = TAKE(r);
	return true;
}

void tuf_role_clear_root(struct tuf_root *r)
{
	clear_keys(&r->keys);
	for (int i = 0; i < TUF_KINDS; i++)
		clear_signers(&r->roles[i]);
	*r = (struct tuf_root)EMPTY;
}

/* ---- timestamp and snapshot ---- */

bool tuf_role_read_timestamp(struct json v, struct tuf_timestamp *out,
			     struct error *err)
{
	AUTO(tuf_role_clear_timestamp) struct tuf_timestamp t = EMPTY;
	struct json meta, snapshot;

	if (!read_head(v, &t.version, &t.expires, err) ||
	    !json_get(v, "meta", JSON_KIND_OBJECT, &meta, err) ||
	    !json_get(meta, "snapshot.json", JSON_KIND_OBJECT, &snapshot, err) ||
	    !read_meta("snapshot.json", snapshot, &t.snapshot, err))
		return false;
	*out = TAKE(t);
	return true;
}

void tuf_role_clear_timestamp(struct tuf_timestamp *t)
{
	clear_meta(&t->snapshot);
	*t = (struct tuf_timestamp)EMPTY;
}

static bool add_meta(void *arg, const char *file, struct json v, struct error *err)
{
	struct tuf_snapshot *s = arg;

	return read_meta(file, v, &s->meta[s->count++], err);
}

bool tuf_role_read_snapshot(struct json v, struct tuf_snapshot *out, struct error *err)
{
	AUTO(tuf_role_clear_snapshot) struct tuf_snapshot s = EMPTY;
	struct json meta;

	if (!read_head(v, &s.version, &s.expires, err) ||
	    !json_get(v, "meta", JSON_KIND_OBJECT, &meta, err))
		return false;
	s.meta = calloc(json_count(meta) + 1, sizeof(*s.meta));
	if (!s.meta)
		return no_memory(err);
	if (!json_each(meta, add_meta, &s, err))
		return false;
	if (!tuf_find_meta(&s, names[TUF_TARGETS]))
		return error_set(err, ERR_FORMAT, "meta has no 'targets.json'");
	*out = TAKE(s);
	return true;
}

void tuf_role_clear_snapshot(struct tuf_snapshot *s)
{
	for (size_t i = 0; i < s->count; i++)
		clear_meta(&s->meta[i]);
	free(s->meta);
	*s = (struct tuf_snapshot)EMPTY;
}

/* ---- targets ---- */

static bool copy_custom(struct json v, char **out, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(SIZE_MAX / 2);
	struct json_writer w = json_writer(&text);
	struct json custom;

	if (!json_get(v, "custom", JSON_KIND_OBJECT, &custom, err))
		return false;
	w.compact = true;
	w.controls = true;
	json_put_value(&w, NULL, custom);
	if (!json_write_end(&w, err))
		return error_prefix(err, "custom");
	*out = buf_take(&text);
	return *out || no_memory(err);
}

static bool read_target(void *arg, const char *path, struct json v, struct error *err)
{
	struct tuf_targets *t = arg;
	struct tuf_target *to = &t->targets[t->count++];
	int64_t length;

	if (!copy_text(path, PATH_BYTES_MAX, &to->path, err) ||
	    !json_as_object(v, err) ||
	    !json_get_integer(v, "length", 0, NUMBER_MAX, &length, err) ||
	    !tuf_hash_read(v, &to->hashes, err) ||
	    (json_has(v, "custom") && !copy_custom(v, &to->custom, err)))
		return error_prefix(err, "target '%s'", TEXT_SAFE(path));
	to->length = (uint64_t)length;
	return true;
}

static bool name_is_free(const struct tuf_targets *t, const char *name,
			 struct error *err)
{
	for (int i = 0; i < TUF_KINDS; i++)
		if (!strcmp(name, names[i]))
			return error_set(err, ERR_FORMAT,
					 "a delegation to '%s', a top-level role",
					 name);
	for (size_t i = 0; i < t->delegation_count; i++)
		if (t->delegations[i].name && !strcmp(name, t->delegations[i].name))
			return error_set(err, ERR_FORMAT, "two delegations to '%s'",
					 TEXT_SAFE(name));
	return true;
}

static bool read_patterns(struct json v, struct tuf_delegation *d, struct error *err)
{
	bool paths = json_has(v, "paths");

	d->by_hash = json_has(v, "path_hash_prefixes");
	if (paths == d->by_hash)
		return error_set(err, ERR_FORMAT,
				 "needs one of 'paths' and 'path_hash_prefixes'");
	return read_texts(v, paths ? "paths" : "path_hash_prefixes", PATTERN_MAX,
			  &d->patterns, &d->pattern_count, err);
}

static bool read_delegation(struct tuf_targets *t, struct json v, struct error *err)
{
	struct tuf_delegation *d = &t->delegations[t->delegation_count];
	const char *name;

	if (!json_as_object(v, err) || !json_get_string(v, "name", &name, err) ||
	    !name_is_free(t, name, err))
		return false;
	t->delegation_count++;
	if (!copy_name(name, TUF_NAME_MAX, &d->name, err) ||
	    !read_signers(v, &d->signers, err) ||
	    !json_get_bool(v, "terminating", &d->terminating, err) ||
	    !read_patterns(v, d, err))
		return error_prefix(err, "delegation '%s'", TEXT_SAFE(name));
	return true;
}

static bool read_succinct(struct json v, struct tuf_targets *t, struct error *err)
{
	const char *prefix;
	int64_t bits;

	if (!read_signers(v, &t->succinct_signers, err) ||
	    !json_get_integer(v, "bit_length", 1, SUCCINCT_BITS_MAX, &bits, err) ||
	    !json_get_string(v, "name_prefix", &prefix, err) ||
	    !copy_name(prefix, TUF_NAME_MAX - 10, &t->succinct_prefix, err))
		return error_prefix(err, "succinct_roles");
	t->succinct_bits = (unsigned)bits;
	return true;
}

static bool read_delegations(struct json v, struct tuf_targets *t, struct error *err)
{
	struct json inner, roles;

	if (!json_get(v, "delegations", JSON_KIND_OBJECT, &inner, err) ||
	    !read_keys(inner, &t->keys, err))
		return false;
	if (json_has(inner, "succinct_roles") == json_has(inner, "roles"))
		return error_set(err, ERR_FORMAT,
				 "needs one of 'roles' and 'succinct_roles'");
	if (json_has(inner, "succinct_roles"))
		return json_get(inner, "succinct_roles", JSON_KIND_OBJECT, &roles,
				err) &&
		       read_succinct(roles, t, err);
	if (!json_get(inner, "roles", JSON_KIND_ARRAY, &roles, err))
		return false;
	if (json_count(roles) > DELEGATIONS_MAX)
		return error_set(err, ERR_LIMIT, "more than %d delegations",
				 DELEGATIONS_MAX);
	t->delegations = calloc(json_count(roles) + 1, sizeof(*t->delegations));
	if (!t->delegations)
		return no_memory(err);
	for (size_t i = 0; i < json_count(roles); i++)
		if (!read_delegation(t, json_at(roles, i), err))
			return false;
	return true;
}

bool tuf_role_read_targets(struct json v, struct tuf_targets *out, struct error *err)
{
	AUTO(tuf_role_clear_targets) struct tuf_targets t = EMPTY;
	struct json targets;

	if (!read_head(v, &t.version, &t.expires, err) ||
	    !json_get(v, "targets", JSON_KIND_OBJECT, &targets, err))
		return false;
	t.targets = calloc(json_count(targets) + 1, sizeof(*t.targets));
	if (!t.targets)
		return no_memory(err);
	if (!json_each(targets, read_target, &t, err) ||
	    (json_has(v, "delegations") && !read_delegations(v, &t, err)))
		return false;
	*out = TAKE(t);
	return true;
}

void tuf_role_clear_targets(struct tuf_targets *t)
{
	for (size_t i = 0; i < t->count; i++) {
		free(t->targets[i].path);
		free(t->targets[i].custom);
	}
	free(t->targets);
	for (size_t i = 0; i < t->delegation_count; i++) {
		free(t->delegations[i].name);
		clear_signers(&t->delegations[i].signers);
		clear_texts(t->delegations[i].patterns,
			    t->delegations[i].pattern_count);
	}
	free(t->delegations);
	clear_keys(&t->keys);
	clear_signers(&t->succinct_signers);
	free(t->succinct_prefix);
	*t = (struct tuf_targets)EMPTY;
}
