/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {"signatures":[{"keyid":ID,"sig":HEX}...],
 *  "signed":{"_type":"site","arrived":TIME,"checked":TIME,"format":SITE_FORMAT,
 *   "site":NAME,"snapshot":{"sha256":HEX,"version":N},"source":TEXT,
 *   "timestamp":{"expires":TIME,"version":N}}}
 */
#include "core/site.h"

#include "core/text.h"

#include <inttypes.h>

/* integers that JSON carries safely */
static const int64_t NUMBER_MAX = ((int64_t)1 << 53) - 1;

bool site_is_name(const char *s)
{
	size_t len = strlen(s);

	return len >= 1 && len <= SITE_NAME_MAX && text_is_printable(s, len);
}

/* ---- writing ---- */

bool site_write(const struct site *s, struct buf *out, struct error *err)
{
	struct json_writer w = json_writer(out);

	w.compact = true;
	json_open(&w, NULL, '{');
	json_put_string(&w, "_type", tuf_role_name(TUF_SITE));
	json_put_time(&w, "arrived", s->arrived);
	json_put_time(&w, "checked", s->checked);
	json_put_string(&w, "format", SITE_FORMAT);
	json_put_string(&w, "site", s->name);
	json_open(&w, "snapshot", '{');
	json_put_string(&w, "sha256", DIGEST_HEX(&s->snapshot.digest));
	json_put_integer(&w, "version", s->snapshot.version);
	json_close(&w);
	json_put_string(&w, "source", s->source);
	json_open(&w, "timestamp", '{');
	json_put_time(&w, "expires", s->expires);
	json_put_integer(&w, "version", s->timestamp);
	json_close(&w);
	json_close(&w);
	return json_write_end(&w, err);
}

/* ---- reading ---- */

static bool get_time(struct json v, const char *key, int64_t *out, struct error *err)
{
	const char *text;

	if (!json_get_string(v, key, &text, err))
		return false;
	return text_untime(text, out) ||
	       error_set(err, ERR_FORMAT, "'%s': '%s' is no time", key,
			 TEXT_SAFE(text));
}

static bool get_text(struct json v, const char *key, char *out, size_t max,
		     struct error *err)
{
	const char *text;
	size_t len;

	if (!json_get_string(v, key, &text, err))
		return false;
	len = strlen(text);
	if (!len || len > max || !text_is_printable(text, len))
		return error_set(err, ERR_FORMAT,
				 "'%s' is not 1 to %zu bytes of printable ASCII", key,
				 max);
	memcpy(out, text, len + 1);
	return true;
}

static bool read_snapshot(struct json v, struct tuf_vouched *out, struct error *err)
{
	static const char *const keys[] = {"sha256", "version", NULL};
	const char *hex;

	if (!json_only(v, keys, err) || !json_get_string(v, "sha256", &hex, err) ||
	    !json_get_integer(v, "version", 1, NUMBER_MAX, &out->version, err))
		return false;
	return text_unhex(hex, out->digest.bytes, sizeof(out->digest.bytes)) ||
	       error_set(err, ERR_FORMAT, "'sha256' is no SHA-256");
}

static bool read_body(struct json v, struct site *s, struct error *err)
{
	static const char *const keys[] = {"_type",  "arrived",   "checked",
					   "format", "site",      "snapshot",
					   "source", "timestamp", NULL};
	static const char *const of_timestamp[] = {"expires", "version", NULL};
	const char *format;
	struct json part;

	if (!json_get_string(v, "format", &format, err))
		return false;
	if (strcmp(format, SITE_FORMAT) != 0)
		return error_set(err, ERR_FORMAT, "its format is '%s', not '%s'",
				 TEXT_SAFE(format), SITE_FORMAT);
	if (!json_only(v, keys, err) || !get_time(v, "arrived", &s->arrived, err) ||
	    !get_time(v, "checked", &s->checked, err) ||
	    !get_text(v, "site", s->name, SITE_NAME_MAX, err) ||
	    !get_text(v, "source", s->source, SITE_SOURCE_MAX, err))
		return false;
	if (!json_get(v, "snapshot", JSON_KIND_OBJECT, &part, err) ||
	    !read_snapshot(part, &s->snapshot, err))
		return error_prefix(err, "snapshot");
	if (!json_get(v, "timestamp", JSON_KIND_OBJECT, &part, err) ||
	    !json_only(part, of_timestamp, err) ||
	    !get_time(part, "expires", &s->expires, err) ||
	    !json_get_integer(part, "version", 1, NUMBER_MAX, &s->timestamp, err))
		return error_prefix(err, "timestamp");
	return s->arrived <= s->checked ||
	       error_set(err, ERR_FORMAT, "its snapshot arrived after it was checked");
}

/* The envelope: tuf_signed takes what it does not know, a statement has none of it. */
static bool check_envelope(const struct tuf_signed *file, struct error *err)
{
	static const char *const keys[] = {"signatures", "signed", NULL};
	static const char *const of_signature[] = {"keyid", "sig", NULL};
	struct json root = json_root(&file->doc), list;

	if (!json_only(root, keys, err) ||
	    !json_get(root, "signatures", JSON_KIND_ARRAY, &list, err))
		return false;
	if (!file->count || file->count > SITE_SIGNATURES_MAX)
		return error_set(err, ERR_FORMAT, "%zu signatures; 1 to %d may be",
				 file->count, SITE_SIGNATURES_MAX);
	for (size_t i = 0; i < file->count; i++)
		if (!json_only(json_at(list, i), of_signature, err))
			return error_prefix(err, "signature %zu", i + 1);
	return true;
}

bool site_parse(const char *text, size_t len, struct tuf_signed *file, struct site *out,
		struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed f = EMPTY;
	struct site s = EMPTY;

	if (!tuf_signed_parse(TUF_SITE, text, len, &f, err) ||
	    !check_envelope(&f, err) || !read_body(tuf_signed_body(&f), &s, err))
		return false;
	*file = TAKE(f);
	*out = s;
	return true;
}

/* ---- judging ---- */

static bool signed_by(const struct tuf_signed *file, const struct tuf_key *key)
{
	for (size_t i = 0; i < file->count; i++) {
		const struct buf *sig = &file->signatures[i].bytes;

		if (sig->len &&
		    tuf_key_verify(key, file->canonical.data, file->canonical.len,
				   sig->data, sig->len))
			return true;
	}
	return false;
}

bool site_verify(const char *text, size_t len, const struct tuf_key *key,
		 struct site *out, struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;
	struct site s;

	if (!site_parse(text, len, &file, &s, err)) {
		if (err->code == ERR_FORMAT || err->code == ERR_LIMIT)
			err->code = ERR_UNTRUSTED;
		return error_prefix(err, "damaged");
	}
	if (!signed_by(&file, key))
		return error_set(err, ERR_UNTRUSTED,
				 "the site's key did not sign it: it was changed, or "
				 "another site's key did");
	*out = s;
	return true;
}

int64_t site_as_of(const struct site *s, int64_t expires)
{
	return s->checked < expires ? s->checked : expires;
}

bool site_check_age(const struct site *s, int64_t expires, int64_t now, int64_t max_age,
		    struct error *err)
{
	char checked[TEXT_TIME_SIZE], then[TEXT_TIME_SIZE], here[TEXT_TIME_SIZE];
	int64_t as_of = site_as_of(s, expires);

	text_time(s->checked, checked);
	text_time(as_of, then);
	text_time(now, here);
	if (s->checked > now + SITE_SKEW)
		return error_set(err, ERR_UNTRUSTED,
				 "dated %s, and it is %s here: the site's clock or "
				 "this one is wrong",
				 checked, here);
	if (now - as_of <= max_age)
		return true;
	if (as_of == s->checked)
		return error_set(err, ERR_UNTRUSTED,
				 "too old: site '%s' last looked on %s, and it is %s "
				 "here: it stopped importing",
				 s->name, checked, here);
	return error_set(err, ERR_UNTRUSTED,
			 "too old: what site '%s' has was current until %s, and it is "
			 "%s here; on %s it had nothing newer",
			 s->name, then, here, checked);
}
