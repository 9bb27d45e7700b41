/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_signed.h"

#include "core/text.h"
#include "core/tuf_canonical.h"
#include "core/tuf_find.h"

#include <stdlib.h>

enum { SIGNATURE_MAX = 2048 }; /* bytes of one signature */

size_t tuf_signed_max(enum tuf_kind kind)
{
	static const size_t max[] = {
		[TUF_ROOT] = TUF_ROOT_MAX,         [TUF_TARGETS] = TUF_TARGETS_MAX,
		[TUF_SNAPSHOT] = TUF_SNAPSHOT_MAX, [TUF_TIMESTAMP] = TUF_TIMESTAMP_MAX,
		[TUF_SITE] = TUF_SITE_MAX,
	};

	return max[kind];
}

/* ---- reading ---- */

/* Hex to bytes; what is no hex is a signature that nothing verifies. */
static bool read_bytes(const char *hex, struct buf *out, struct error *err)
{
	size_t len = strlen(hex) / 2;
	char *to;

	*out = (struct buf)BUF_MAX(SIGNATURE_MAX);
	if (len > SIGNATURE_MAX)
		return true;
	to = buf_reserve(out, len);
	if (!to)
		return buf_ok(out, err);
	if (len && text_unhex(hex, to, len))
		buf_advance(out, len);
	return true;
}

static bool read_signature(struct tuf_signed *s, struct json v, struct error *err)
{
	struct tuf_signature *sig = &s->signatures[s->count];
	const char *id, *hex;

	if (!json_as_object(v, err) || !json_get_string(v, "keyid", &id, err) ||
	    !json_get_string(v, "sig", &hex, err))
		return false;
	for (size_t i = 0; i < s->count; i++) {
		const char *other = s->signatures[i].id;

		if (other && !strcmp(other, id))
			return error_set(err, ERR_FORMAT,
					 "two signatures by the key id '%s'",
					 TEXT_SAFE(id));
	}
	sig->id = text_dup(id, strlen(id));
	if (!sig->id)
		return error_set(err, ERR_SYSTEM, "no memory");
	s->count++;
	return read_bytes(hex, &sig->bytes, err);
}

static bool read_signatures(struct tuf_signed *s, struct json root, struct error *err)
{
	struct json list;
	size_t count;

	if (!json_get(root, "signatures", JSON_KIND_ARRAY, &list, err))
		return false;
	count = json_count(list);
	if (count > TUF_SIGNATURES_MAX)
		return error_set(err, ERR_LIMIT, "more than %d signatures",
				 TUF_SIGNATURES_MAX);
	s->signatures = calloc(count + 1, sizeof(*s->signatures));
	if (!s->signatures)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < count; i++)
		if (!read_signature(s, json_at(list, i), err))
			return error_prefix(err, "signature %zu", i + 1);
	return true;
}

static bool read_all(enum tuf_kind kind, struct tuf_signed *s, struct error *err)
{
	struct json root = json_root(&s->doc), body;
	const char *type;

	if (!json_as_object(root, err) ||
	    !json_get(root, "signed", JSON_KIND_OBJECT, &body, err) ||
	    !json_get_string(body, "_type", &type, err))
		return false;
	if (strcmp(type, tuf_role_name(kind)))
		return error_set(err, ERR_FORMAT, "its type is '%s', not '%s'",
				 TEXT_SAFE(type), tuf_role_name(kind));
	return read_signatures(s, root, err) &&
	       tuf_canonical_put(body, &s->canonical, err);
}

bool tuf_signed_parse(enum tuf_kind kind, const void *text, size_t len,
		      struct tuf_signed *out, struct error *err)
{
	/* the canonical form is never longer than the text it was read from */
	AUTO(tuf_signed_clear) struct tuf_signed s = {.canonical = BUF_MAX(len)};

	if (!json_parse(text, len, tuf_signed_max(kind), &s.doc, err) ||
	    !read_all(kind, &s, err))
		return false;
	*out = TAKE(s);
	return true;
}

struct json tuf_signed_body(const struct tuf_signed *s)
{
	struct json root = json_root(&s->doc), body = root;
	struct error err;

	/* it was there when the file was parsed */
	return json_get(root, "signed", JSON_KIND_OBJECT, &body, &err) ? body : root;
}

void tuf_signed_clear(struct tuf_signed *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->signatures[i].id);
		buf_clear(&s->signatures[i].bytes);
	}
	free(s->signatures);
	buf_clear(&s->canonical);
	if (s->doc.root)
		json_doc_clear(&s->doc);
	*s = (struct tuf_signed)EMPTY;
}

/* ---- counting ---- */

static const struct tuf_signature *signature_by(const struct tuf_signed *s,
						const char *id)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->signatures[i].id, id))
			return &s->signatures[i];
	return NULL;
}

/* Was the same key counted already, under another id? */
static bool counted(const struct tuf_key *const *good, unsigned count,
		    const struct tuf_key *key)
{
	for (unsigned i = 0; i < count; i++)
		if (digest_equal(&good[i]->identity, &key->identity))
			return true;
	return false;
}

unsigned tuf_signed_count(const struct tuf_signed *s, const struct tuf_keys *keys,
			  const struct tuf_signers *signers)
{
	const struct tuf_key *good[TUF_SIGNATURES_MAX];
	unsigned count = 0;

	for (size_t i = 0; i < signers->count && count < TUF_SIGNATURES_MAX; i++) {
		const struct tuf_key *key = tuf_find_key(keys, signers->ids[i]);
		const struct tuf_signature *sig = signature_by(s, signers->ids[i]);

		if (!key || !sig || !sig->bytes.len || counted(good, count, key))
			continue;
		if (tuf_key_verify(key, s->canonical.data, s->canonical.len,
				   sig->bytes.data, sig->bytes.len))
			good[count++] = key;
	}
	return count;
}

bool tuf_signed_check(const struct tuf_signed *s, const struct tuf_keys *keys,
		      const struct tuf_signers *signers, struct error *err)
{
	unsigned count = tuf_signed_count(s, keys, signers);

	if (signers->threshold >= 1 && count >= signers->threshold)
		return true;
	return error_set(err, ERR_UNTRUSTED,
			 "signed by %u of the %u keys that are needed", count,
			 signers->threshold);
}
