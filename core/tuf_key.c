/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_key.h"

#include "core/text.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

enum {
	RSA_BITS_MIN = 2048,
	VALUE_MAX = 16 * 1024,
	ED25519_SIZE = 32,
	P256_POINT_SIZE = 65,
};

/* ---- reading keys; each gives NULL when the value is not such a key ---- */

static EVP_PKEY *p256_of_point(const unsigned char *point, size_t len)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char[]){"prime256v1"}, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, len),
		OSSL_PARAM_construct_end(),
	};
	unsigned char copy[P256_POINT_SIZE];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	memcpy(copy, point, len);
	params[1].data = copy;
	if (ctx && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* SubjectPublicKeyInfo of a P-256 key, up to its point. OpenSSL's own decoders try one
 * form after the other and take three times as long. */
static const unsigned char p256_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
					    0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
					    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
					    0x01, 0x07, 0x03, 0x42, 0x00};

static EVP_PKEY *from_der(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;

	if (len == sizeof(p256_prefix) + P256_POINT_SIZE &&
	    !memcmp(der, p256_prefix, sizeof(p256_prefix)) &&
	    der[sizeof(p256_prefix)] == POINT_CONVERSION_UNCOMPRESSED)
		return p256_of_point(der + sizeof(p256_prefix), P256_POINT_SIZE);
	return d2i_PUBKEY(NULL, &p, (long)len);
}

static EVP_PKEY *from_pem(const char *value)
{
	BIO *bio = BIO_new_mem_buf(value, (int)strlen(value));
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	EVP_PKEY *pkey = NULL;
	long len = 0;

	if (bio && PEM_read_bio(bio, &name, &header, &der, &len) == 1 &&
	    !strcmp(name, PEM_STRING_PUBLIC))
		pkey = from_der(der, (size_t)len);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	return pkey;
}

/* Hex of a raw Ed25519 key, a P-256 point, or a SubjectPublicKeyInfo. */
static EVP_PKEY *from_hex(const char *value, const char *scheme)
{
	unsigned char raw[2048];
	size_t len = strlen(value) / 2;

	if (len > sizeof(raw) || !text_unhex(value, raw, len))
		return NULL;
	if (len == ED25519_SIZE && !strcmp(scheme, "ed25519"))
		return EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, raw, len);
	if (len == P256_POINT_SIZE && raw[0] == POINT_CONVERSION_UNCOMPRESSED)
		return p256_of_point(raw, len);
	return from_der(raw, len);
}

static bool is_p256(const EVP_PKEY *pkey)
{
	char group[32] = "";

	return EVP_PKEY_is_a(pkey, "EC") &&
	       EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group,
					      sizeof(group), NULL) == 1 &&
	       !strcmp(group, "prime256v1");
}

static bool is_rsa(const EVP_PKEY *pkey)
{
	return EVP_PKEY_is_a(pkey, "RSA") && EVP_PKEY_get_bits(pkey) >= RSA_BITS_MIN;
}

static bool is_ed25519(const EVP_PKEY *pkey)
{
	return EVP_PKEY_is_a(pkey, "ED25519");
}

/* Kinds of keys: what the metadata may call them, and what they must then be. */
static const struct kind {
	const char *type, *scheme;
	bool (*fits)(const EVP_PKEY *pkey);
	const char *digest; /* NULL: the scheme's own */
	bool pss, not_fips;
} kinds[] = {
	{"ecdsa", "ecdsa-sha2-nistp256", is_p256, "SHA2-256", false, false},
	{"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", is_p256, "SHA2-256", false,
	 false},
	{"rsa", "rsassa-pss-sha256", is_rsa, "SHA2-256", true, false},
	{"ed25519", "ed25519", is_ed25519, NULL, false, true},
};

static const struct kind *kind_of(const struct tuf_key *key)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i].type, key->type) &&
		    !strcmp(kinds[i].scheme, key->scheme))
			return &kinds[i];
	return NULL;
}

/* The point of a P-256 key in its one form: an encoding may be compressed, or spell the
 * curve out, and would make two keys of one. */
static bool point_of(const EVP_PKEY *pkey, unsigned char out[P256_POINT_SIZE])
{
	const int half = P256_POINT_SIZE / 2;
	BIGNUM *x = NULL, *y = NULL;
	bool ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
		  EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1;

	out[0] = POINT_CONVERSION_UNCOMPRESSED;
	ok = ok && BN_bn2binpad(x, out + 1, half) == half &&
	     BN_bn2binpad(y, out + 1 + half, half) == half;
	BN_free(x);
	BN_free(y);
	return ok;
}

static bool identify(EVP_PKEY *pkey, struct digest *out)
{
	unsigned char point[P256_POINT_SIZE];
	unsigned char *der = NULL;
	struct error err;
	int len;
	bool ok;

	if (EVP_PKEY_is_a(pkey, "EC"))
		return point_of(pkey, point) &&
		       digest_of_bytes(point, sizeof(point), out, &err);
	len = i2d_PUBKEY(pkey, &der);
	ok = len > 0 && digest_of_bytes(der, (size_t)len, out, &err);
	OPENSSL_free(der);
	return ok;
}

/* Fill in pkey and identity, or the reason why not. */
static void load(struct tuf_key *key)
{
	const struct kind *kind = kind_of(key);
	EVP_PKEY *pkey;

	key->unusable = "its type and scheme are not supported";
	if (!kind)
		return;
	key->unusable = "its kind is not approved under FIPS";
	if (kind->not_fips && EVP_default_properties_is_fips_enabled(NULL))
		return;
	key->unusable = "it cannot be read";
	if (strlen(key->value) > VALUE_MAX)
		return;
	pkey = strstr(key->value, "-----BEGIN ") ? from_pem(key->value)
						 : from_hex(key->value, key->scheme);
	if (!pkey)
		return;
	key->unusable = "it is not of the type that it claims";
	if (kind->fits(pkey) && identify(pkey, &key->identity)) {
		key->pkey = pkey;
		key->unusable = NULL;
		return;
	}
	EVP_PKEY_free(pkey);
}

/* ---- ids ---- */

static void put_quoted(struct buf *out, const char *s)
{
	buf_putc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_putc(out, '\\');
		buf_putc(out, *s);
	}
	buf_putc(out, '"');
}

/* `id`, or the SHA-256 of the key object's canonical form (section 4.2). */
static bool set_id(struct tuf_key *key, const char *id)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(SIZE_MAX / 2);
	char hex[DIGEST_HEX_SIZE];
	struct error err;
	struct digest d;

	buf_puts(&text, "{\"keytype\":");
	put_quoted(&text, key->type);
	buf_puts(&text, ",\"keyval\":{\"public\":");
	put_quoted(&text, key->value);
	buf_puts(&text, "},\"scheme\":");
	put_quoted(&text, key->scheme);
	buf_putc(&text, '}');
	if (!id && buf_ok(&text, &err) &&
	    digest_of_bytes(text.data, text.len, &d, &err)) {
		digest_hex(&d, hex);
		id = hex;
	}
	key->id = id ? text_dup(id, strlen(id)) : NULL;
	return key->id != NULL;
}

bool tuf_key_init(const char *id, const char *type, const char *scheme,
		  const char *value, struct tuf_key *out, struct error *err)
{
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;

	key.type = text_dup(type, strlen(type));
	key.scheme = text_dup(scheme, strlen(scheme));
	key.value = text_dup(value, strlen(value));
	if (!key.type || !key.scheme || !key.value || !set_id(&key, id))
		return error_set(err, ERR_SYSTEM, "no memory for a key");
	load(&key);
	*out = TAKE(key);
	return true;
}

/* The public half as a key of OpenSSL's own: a provider for tokens writes it in forms
 * of its own. */
static EVP_PKEY *public_half(const EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(
		NULL, EVP_PKEY_get0_type_name(pkey), "provider!=pkcs11");
	OSSL_PARAM *params = NULL;
	EVP_PKEY *own = NULL;

	if (ctx && EVP_PKEY_todata(pkey, EVP_PKEY_PUBLIC_KEY, &params) == 1 &&
	    EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &own, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return own;
}

static char *pem_of(const EVP_PKEY *pkey)
{
	EVP_PKEY *own = public_half(pkey);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, *pem = NULL;

	if (own && bio && PEM_write_bio_PUBKEY(bio, own) == 1) {
		long len = BIO_get_mem_data(bio, &text);

		pem = text_dup(text, (size_t)len);
	}
	BIO_free(bio);
	EVP_PKEY_free(own);
	return pem;
}

bool tuf_key_of(const struct evp_pkey_st *pkey, struct tuf_key *out, struct error *err)
{
	AUTO(text_freep) char *pem = NULL;
	size_t i = 0;

	while (i < ARRAY_LEN(kinds) && !kinds[i].fits(pkey))
		i++;
	if (i == ARRAY_LEN(kinds))
		return error_set(err, ERR_FORMAT,
				 "a key of a kind that TUF roles here do not use: it "
				 "takes ECDSA P-256, RSA from 2048 bits or Ed25519");
	pem = pem_of(pkey);
	if (!pem)
		return error_set(err, ERR_SYSTEM, "cannot write the public key");
	if (!tuf_key_init(NULL, kinds[i].type, kinds[i].scheme, pem, out, err))
		return false;
	return !out->unusable ||
	       error_set(err, ERR_FORMAT, "unusable key: %s", out->unusable);
}

bool tuf_key_of_pem(const char *pem, struct tuf_key *out, struct error *err)
{
	bool armored = strstr(pem, "-----BEGIN ");

	for (size_t i = 0; armored && i < ARRAY_LEN(kinds); i++) {
		AUTO(tuf_key_clear) struct tuf_key key = EMPTY;

		if (!tuf_key_init(NULL, kinds[i].type, kinds[i].scheme, pem, &key, err))
			return false;
		if (!key.unusable)
			return tuf_key_of(key.pkey, out, err);
	}
	return error_set(err, ERR_FORMAT,
			 "no public key in PEM of ECDSA P-256, RSA from 2048 bits or "
			 "Ed25519");
}

bool tuf_key_copy(const struct tuf_key *key, struct tuf_key *out, struct error *err)
{
	return tuf_key_init(key->id, key->type, key->scheme, key->value, out, err);
}

void tuf_key_clear(struct tuf_key *key)
{
	free(key->id);
	free(key->type);
	free(key->scheme);
	free(key->value);
	EVP_PKEY_free(key->pkey);
	*key = (struct tuf_key)EMPTY;
}

/* ---- verifying ---- */

bool tuf_key_verify(const struct tuf_key *key, const void *data, size_t len,
		    const void *sig, size_t sig_len)
{
	const struct kind *kind = kind_of(key);
	EVP_PKEY_CTX *pctx = NULL;
	EVP_MD_CTX *ctx;
	bool ok;

	if (!key->pkey || !kind)
		return false;
	ctx = EVP_MD_CTX_new();
	ok = ctx && EVP_DigestVerifyInit_ex(ctx, &pctx, kind->digest, NULL, NULL,
					    key->pkey, NULL) == 1;
	if (ok && kind->pss)
		ok = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_AUTO) == 1;
	ok = ok && EVP_DigestVerify(ctx, sig, sig_len, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}
