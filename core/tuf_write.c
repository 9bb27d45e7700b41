/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_write.h"

#include "core/text.h"

static struct json_writer begin(struct buf *out)
{
	struct json_writer w = json_writer(out);

	w.compact = true;
	w.controls = true; /* the line ends in PEM */
	json_open(&w, NULL, '{');
	return w;
}

static bool end(struct json_writer *w, struct error *err)
{
	json_close(w);
	return json_write_end(w, err);
}

static void put_keys(struct json_writer *w, const struct tuf_keys *keys)
{
	json_open(w, "keys", '{');
	for (size_t i = 0; i < keys->count; i++) {
		const struct tuf_key *k = &keys->list[i];

		json_open(w, k->id, '{');
		json_put_string(w, "keytype", k->type);
		json_open(w, "keyval", '{');
		json_put_string(w, "public", k->value);
		json_close(w);
		json_put_string(w, "scheme", k->scheme);
		json_close(w);
	}
	json_close(w);
}

static void put_texts(struct json_writer *w, const char *key, char *const *list,
		      size_t count)
{
	json_open(w, key, '[');
	for (size_t i = 0; i < count; i++)
		json_put_string(w, NULL, list[i]);
	json_close(w);
}

static void put_meta(struct json_writer *w, const struct tuf_meta *m)
{
	json_open(w, m->file, '{');
	tuf_hash_write(w, &m->hashes);
	if (m->length)
		json_put_integer(w, "length", (int64_t)m->length);
	json_put_integer(w, "version", m->version);
	json_close(w);
}

bool tuf_write_root(const struct tuf_root *r, struct buf *out, struct error *err)
{
	static const enum tuf_kind sorted[] = {TUF_ROOT, TUF_SNAPSHOT, TUF_TARGETS,
					       TUF_TIMESTAMP};
	struct json_writer w = begin(out);

	json_put_string(&w, "_type", tuf_role_name(TUF_ROOT));
	json_put_bool(&w, "consistent_snapshot", r->consistent);
	json_put_time(&w, "expires", r->expires);
	put_keys(&w, &r->keys);
	json_open(&w, "roles", '{');
	for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
		const struct tuf_signers *s = &r->roles[sorted[i]];

		json_open(&w, tuf_role_name(sorted[i]), '{');
		put_texts(&w, "keyids", s->ids, s->count);
		json_put_integer(&w, "threshold", s->threshold);
		json_close(&w);
	}
	json_close(&w);
	json_put_string(&w, "spec_version", TUF_SPEC_VERSION);
	json_put_integer(&w, "version", r->version);
	return end(&w, err);
}

bool tuf_write_timestamp(const struct tuf_timestamp *t, struct buf *out,
			 struct error *err)
{
	struct json_writer w = begin(out);

	json_put_string(&w, "_type", tuf_role_name(TUF_TIMESTAMP));
	json_put_time(&w, "expires", t->expires);
	json_open(&w, "meta", '{');
	put_meta(&w, &t->snapshot);
	json_close(&w);
	json_put_string(&w, "spec_version", TUF_SPEC_VERSION);
	json_put_integer(&w, "version", t->version);
	return end(&w, err);
}

bool tuf_write_snapshot(const struct tuf_snapshot *s, struct buf *out,
			struct error *err)
{
	struct json_writer w = begin(out);

	json_put_string(&w, "_type", tuf_role_name(TUF_SNAPSHOT));
	json_put_time(&w, "expires", s->expires);
	json_open(&w, "meta", '{');
	for (size_t i = 0; i < s->count; i++)
		put_meta(&w, &s->meta[i]);
	json_close(&w);
	json_put_string(&w, "spec_version", TUF_SPEC_VERSION);
	json_put_integer(&w, "version", s->version);
	return end(&w, err);
}

/* ---- targets ---- */

static void put_delegation(struct json_writer *w, const struct tuf_delegation *d)
{
	json_open(w, NULL, '{');
	put_texts(w, "keyids", d->signers.ids, d->signers.count);
	json_put_string(w, "name", d->name);
	put_texts(w, d->by_hash ? "path_hash_prefixes" : "paths", d->patterns,
		  d->pattern_count);
	json_put_bool(w, "terminating", d->terminating);
	json_put_integer(w, "threshold", d->signers.threshold);
	json_close(w);
}

static void put_succinct(struct json_writer *w, const struct tuf_targets *t)
{
	json_open(w, "succinct_roles", '{');
	json_put_integer(w, "bit_length", t->succinct_bits);
	put_texts(w, "keyids", t->succinct_signers.ids, t->succinct_signers.count);
	json_put_string(w, "name_prefix", t->succinct_prefix);
	json_put_integer(w, "threshold", t->succinct_signers.threshold);
	json_close(w);
}

static void put_delegations(struct json_writer *w, const struct tuf_targets *t)
{
	if (!t->delegation_count && !t->succinct_bits)
		return;
	json_open(w, "delegations", '{');
	put_keys(w, &t->keys);
	if (t->succinct_bits) {
		put_succinct(w, t);
	} else {
		json_open(w, "roles", '[');
		for (size_t i = 0; i < t->delegation_count; i++)
			put_delegation(w, &t->delegations[i]);
		json_close(w);
	}
	json_close(w);
}

static bool put_target(struct json_writer *w, const struct tuf_target *t,
		       struct error *err)
{
	AUTO(json_doc_clear) struct json_doc custom = EMPTY;

	json_open(w, t->path, '{');
	if (t->custom) {
		if (!json_parse(t->custom, strlen(t->custom), SIZE_MAX, &custom, err))
			return error_prefix(err, "custom of '%s'", TEXT_SAFE(t->path));
		json_put_value(w, "custom", json_root(&custom));
	}
	tuf_hash_write(w, &t->hashes);
	json_put_integer(w, "length", (int64_t)t->length);
	json_close(w);
	return true;
}

bool tuf_write_targets(const struct tuf_targets *t, struct buf *out, struct error *err)
{
	struct json_writer w = begin(out);

	json_put_string(&w, "_type", tuf_role_name(TUF_TARGETS));
	put_delegations(&w, t);
	json_put_time(&w, "expires", t->expires);
	json_put_string(&w, "spec_version", TUF_SPEC_VERSION);
	json_open(&w, "targets", '{');
	for (size_t i = 0; i < t->count; i++)
		if (!put_target(&w, &t->targets[i], err))
			return false;
	json_close(&w);
	json_put_integer(&w, "version", t->version);
	return end(&w, err);
}
