/* SPDX-License-Identifier: Apache-2.0 */
#include "client/source.h"

#include "core/text.h"

/* keyring_built_in[]: make KEYRING=release.asc */
#include "keyring.inc"

bool source_keyring(const char *path, struct pgp_keyring *out, struct error *err)
{
	if (!path && sizeof(keyring_built_in) > 1)
		return pgp_keyring_parse(keyring_built_in, sizeof(keyring_built_in) - 1,
					 out, err) ||
		       error_prefix(err, "the keyring that was built in");
	if (pgp_keyring_read(path ? path : SOURCE_KEYRING_DEFAULT, out, err))
		return true;
	if (path || err->code != ERR_NOT_FOUND)
		return false;
	return error_set(err, ERR_UNTRUSTED,
			 "no keyring says whom to trust: give --keyring FILE, or put "
			 "the release keys in '%s'",
			 SOURCE_KEYRING_DEFAULT);
}

static bool verify(const char *file, size_t len, const struct source_trust *trust,
		   struct source *s, struct error *err)
{
	AUTO(armor_cut_clear) struct armor_cut cut = EMPTY;
	const struct pgp_policy policy = {
		.threshold = trust->threshold,
		.now = trust->now,
	};

	return pgp_verify_file(&s->keyring, &policy, file, len, &cut, &s->verdict,
			       err) &&
	       manifest_parse(cut.text, cut.text_len, &s->manifest, err);
}

bool source_load(const char *origin, const char *file, size_t len,
		 const struct source_trust *trust, struct source *out,
		 struct error *err)
{
	AUTO(source_clear) struct source s = EMPTY;

	s.origin = text_dup(origin, strlen(origin));
	if (!s.origin)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!source_keyring(trust->keyring, &s.keyring, err))
		return false;
	if (!verify(file, len, trust, &s, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(origin));
	*out = TAKE(s);
	return true;
}

void source_clear(struct source *s)
{
	text_freep(&s->origin);
	manifest_clear(&s->manifest);
	pgp_keyring_clear(&s->keyring);
}
