/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/statement.h"

#include "core/site.h"
#include "core/store_mirror.h"
#include "core/text.h"

#include <stdio.h>
#include <time.h>

void statement_clear(struct statement *st)
{
	role_keys_drop(&st->secrets);
}

bool statement_open(struct store *s, const struct role_keys_input *in,
		    const char *store_path, struct statement *out, struct error *err)
{
	AUTO(role_keys_clear) struct role_keys keys = ROLE_KEYS_INIT;
	AUTO(buf_clear) struct buf dir = BUF_MAX(4096);
	AUTO(buf_clear) struct buf old = BUF_MAX(TUF_SITE_MAX);
	AUTO(statement_clear) struct statement st = {.is_site = true};
	char name[STORE_SITE_NAME_SIZE];

	if (!store_mirror_site(s, name, &old, err)) {
		if (err->code != ERR_NOT_FOUND)
			return false;
		error_clear(err);
		return true;
	}
	if (!role_keys_from(in, store_path, &dir, &keys, err))
		return false;
	keys.plain = true;
	if (!role_keys_load(&keys, STATEMENT_ROLE, &st.secrets, err))
		return error_prefix(err, "the key of site '%s'", name);
	if (!st.secrets.count)
		return error_set(err, ERR_NOT_FOUND,
				 "the key of site '%s' is not in '%s' (--role-keys): "
				 "nothing was changed",
				 name, TEXT_SAFE(keys.dir));
	*out = TAKE(st);
	return true;
}

/* What it came from, in printable ASCII. */
static void put_source(const char *from, char *out, size_t size)
{
	AUTO(buf_clear) struct buf safe = BUF_MAX(4 * STORE_SOURCE_SIZE);
	size_t n = 0;

	text_escape(from, strlen(from), &safe);
	for (const char *p = safe.data; p && *p && n + 5 < size; p++)
		n += (size_t)snprintf(out + n, size - n,
				      text_is_printable(p, 1) ? "%c" : "\\x%02x",
				      (unsigned char)*p);
}

static bool describe(struct store *s, struct site *out, struct error *err)
{
	struct store_metadata snapshot, timestamp;
	struct store_mirror m;
	bool is;

	if (!store_mirror(s, &m, &is, err) ||
	    !store_tuf_get(s, "snapshot", 0, &snapshot, NULL, err) ||
	    !store_tuf_get(s, "timestamp", 0, &timestamp, NULL, err))
		return false;
	if (!is)
		return error_set(err, ERR_INTERNAL, "a site that mirrors nothing");
	put_source(m.source, out->source, sizeof(out->source));
	out->checked = (int64_t)time(NULL);
	/* a clock that was set back since knows no better */
	out->arrived = m.arrived < out->checked ? m.arrived : out->checked;
	out->snapshot.version = snapshot.version;
	out->snapshot.digest = snapshot.digest;
	out->timestamp = timestamp.version;
	out->expires = timestamp.expires;
	return true;
}

bool statement_renew(const struct statement *st, struct store *s, struct error *err)
{
	AUTO(buf_clear) struct buf body = BUF_MAX(TUF_SITE_MAX);
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_SITE_MAX);
	AUTO(buf_clear) struct buf old = BUF_MAX(TUF_SITE_MAX);
	AUTO(tuf_signed_clear) struct tuf_signed read = EMPTY;
	struct site site = EMPTY, again;

	if (!st->is_site)
		return true;
	/* what no reader would take is not published */
	return store_mirror_site(s, site.name, &old, err) && describe(s, &site, err) &&
	       site_write(&site, &body, err) &&
	       tuf_sign_new(TUF_SITE, body.data, body.len, st->secrets.list,
			    st->secrets.count, &file, err) &&
	       (site_parse(file.data, file.len, &read, &again, err) ||
		error_prefix(err, "the site's statement")) &&
	       store_mirror_state(s, &file, err);
}
