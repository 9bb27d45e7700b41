/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_hash.h"

#include "core/text.h"

#include <openssl/pem.h>

/* ---- SHA-512; SHA-256 is digest's ---- */

static bool sha512(const void *data, size_t len, unsigned char out[TUF_SHA512_SIZE],
		   struct error *err)
{
	return EVP_Q_digest(NULL, "SHA2-512", NULL, data, len, out, NULL) == 1 ||
	       error_set(err, ERR_SYSTEM, "OpenSSL cannot compute SHA-512");
}

/* ---- reading and writing ---- */

static bool read_one(void *arg, const char *name, struct json v, struct error *err)
{
	struct tuf_hashes *h = arg;
	const char *hex;
	bool ok = true;

	if (!json_as_string(v, &hex, err))
		return error_prefix(err, "hash '%s'", TEXT_SAFE(name));
	if (!strcmp(name, "sha256"))
		ok = h->has_sha256 = digest_unhex(hex, &h->sha256);
	else if (!strcmp(name, "sha512"))
		ok = h->has_sha512 = text_unhex(hex, h->sha512, TUF_SHA512_SIZE);
	return ok || error_set(err, ERR_FORMAT,
			       "hash '%s' is not lower-case hex of its size", name);
}

bool tuf_hash_read(struct json object, struct tuf_hashes *out, struct error *err)
{
	struct tuf_hashes h = EMPTY;
	struct json hashes;

	if (!json_get(object, "hashes", JSON_KIND_OBJECT, &hashes, err) ||
	    !json_each(hashes, read_one, &h, err))
		return false;
	if (!h.has_sha256 && !h.has_sha512)
		return error_set(err, ERR_FORMAT, "neither a sha256 nor a sha512 hash");
	*out = h;
	return true;
}

void tuf_hash_write(struct json_writer *w, const struct tuf_hashes *h)
{
	char hex[2 * TUF_SHA512_SIZE + 1];

	if (!h->has_sha256 && !h->has_sha512)
		return;
	json_open(w, "hashes", '{');
	if (h->has_sha256)
		json_put_string(w, "sha256", DIGEST_HEX(&h->sha256));
	if (h->has_sha512) {
		text_hex(h->sha512, TUF_SHA512_SIZE, hex);
		json_put_string(w, "sha512", hex);
	}
	json_close(w);
}

void tuf_hash_prefix(const struct tuf_hashes *h, char out[TUF_HASH_PREFIX_SIZE])
{
	if (h->has_sha256)
		digest_hex(&h->sha256, out);
	else
		text_hex(h->sha512, TUF_SHA512_SIZE, out);
}

/* ---- computing and comparing ---- */

bool tuf_hash_of(const void *data, size_t len, struct tuf_hashes *out,
		 struct error *err)
{
	struct tuf_hashes h = {.has_sha256 = true};

	if (!digest_of_bytes(data, len, &h.sha256, err))
		return false;
	*out = h;
	return true;
}

static bool differs(const char *what, struct error *err)
{
	return error_set(err, ERR_UNTRUSTED, "its %s is not the one that is signed",
			 what);
}

bool tuf_hash_check(const struct tuf_hashes *h, const void *data, size_t len,
		    struct error *err)
{
	unsigned char got[TUF_SHA512_SIZE];
	struct digest d;

	if (h->has_sha256 && !digest_of_bytes(data, len, &d, err))
		return false;
	if (h->has_sha256 && !digest_equal(&d, &h->sha256))
		return differs("SHA-256", err);
	if (h->has_sha512 && !sha512(data, len, got, err))
		return false;
	if (h->has_sha512 && memcmp(got, h->sha512, sizeof(got)))
		return differs("SHA-512", err);
	return true;
}
