/* SPDX-License-Identifier: Apache-2.0 */
#include "client/source.h"

#include "core/text.h"

/* keyring_built_in[]: make KEYRING=release.asc */
#include "keyring.inc"

/* ---- whom to trust ---- */

static bool is_built_in(const char *path)
{
	return !path && sizeof(keyring_built_in) > 1;
}

static bool begin_keyring(const char *path, struct pgp_keyring *out, struct error *err)
{
	if (is_built_in(path))
		return pgp_keyring_begin(keyring_built_in, sizeof(keyring_built_in) - 1,
					 out, err) ||
		       error_prefix(err, "the keyring that was built in");
	if (pgp_keyring_begin_file(path ? path : SOURCE_KEYRING_DEFAULT, out, err))
		return true;
	if (path || err->code != ERR_NOT_FOUND)
		return false;
	return error_set(err, ERR_UNTRUSTED,
			 "no keyring says whom to trust: give --keyring FILE, or put "
			 "the release keys in '%s'",
			 SOURCE_KEYRING_DEFAULT);
}

static bool finish_keyring(const char *path, struct pgp_keyring *k, struct error *err)
{
	if (pgp_keyring_finish(k, err))
		return true;
	if (is_built_in(path))
		return error_prefix(err, "the keyring that was built in");
	return error_prefix(err, "'%s'",
			    TEXT_SAFE(path ? path : SOURCE_KEYRING_DEFAULT));
}

bool source_keyring(const char *path, struct pgp_keyring *out, struct error *err)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring k = EMPTY;

	if (!begin_keyring(path, &k, err) || !finish_keyring(path, &k, err))
		return false;
	*out = TAKE(k);
	return true;
}

/* ---- what they vouch for ---- */

struct work {
	const struct source_trust *trust;
	struct source *source;
	struct error keyring_err;
};

static bool meanwhile(void *arg, struct error *err)
{
	struct work *w = arg;

	if (w->trust->meanwhile)
		w->trust->meanwhile(w->trust->arg);
	if (finish_keyring(w->trust->keyring, &w->source->keyring, &w->keyring_err))
		return true;
	*err = w->keyring_err;
	return false;
}

static bool verify(const char *file, size_t len, const struct source_trust *trust,
		   struct source *s, struct error *err)
{
	AUTO(armor_cut_clear) struct armor_cut cut = EMPTY;
	struct work work = {.trust = trust, .source = s};
	const struct pgp_policy policy = {
		.threshold = trust->threshold,
		.now = trust->now,
		.deadline = trust->deadline,
		.meanwhile = meanwhile,
		.arg = &work,
	};

	if (pgp_verify_file(&s->keyring, &policy, file, len, &cut, &s->verdict, err) &&
	    manifest_parse(cut.text, cut.text_len, &s->manifest, err))
		return true;
	return work.keyring_err.code ? false
				     : error_prefix(err, "'%s'", TEXT_SAFE(s->origin));
}

bool source_load(const char *origin, const char *file, size_t len,
		 const struct source_trust *trust, struct source *out,
		 struct error *err)
{
	AUTO(source_clear) struct source s = EMPTY;

	s.origin = text_dup(origin, strlen(origin));
	if (!s.origin)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!begin_keyring(trust->keyring, &s.keyring, err) ||
	    !verify(file, len, trust, &s, err))
		return false;
	*out = TAKE(s);
	return true;
}

void source_clear(struct source *s)
{
	text_freep(&s->origin);
	manifest_clear(&s->manifest);
	pgp_keyring_clear(&s->keyring);
}
