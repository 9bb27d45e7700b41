/* SPDX-License-Identifier: Apache-2.0 */
#include "core/digest.h"

#include "core/file.h"
#include "core/text.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024 }; /* any size from 16K to 4M measures the same */

struct digest_stream {
	EVP_MD_CTX *ctx;
};

/* Fetching costs a lock and a search in OpenSSL 3: done once a process. */
static EVP_MD *sha256;
static char module[128];
static pthread_once_t once = PTHREAD_ONCE_INIT;
/* which implementations count: set before the first digest */
static const char *properties;

static void describe(const OSSL_PROVIDER *provider)
{
	const char *version = "of unknown version";
	OSSL_PARAM ask[] = {
		OSSL_PARAM_construct_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
		OSSL_PARAM_construct_end(),
	};
	char *found = NULL;

	ask[0].data = &found;
	if (OSSL_PROVIDER_get_params(provider, ask) && found)
		version = found;
	snprintf(module, sizeof(module), "OpenSSL %s, provider %s %s",
		 OpenSSL_version(OPENSSL_VERSION_STRING),
		 OSSL_PROVIDER_get0_name(provider), version);
}

/* Without the tables of legacy names, for which OpenSSL takes a third of its start. */
static void fetch(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
				    OPENSSL_INIT_NO_ADD_ALL_DIGESTS,
			    NULL);
	sha256 = EVP_MD_fetch(NULL, "SHA2-256", properties);
	if (sha256)
		describe(EVP_MD_get0_provider(sha256));
}

bool digest_require_fips(struct error *err)
{
	static const char only[] = "fips=yes";
	EVP_MD *found = EVP_MD_fetch(NULL, "SHA2-256", only);

	/* where the configuration did not load it */
	if (!found && OSSL_PROVIDER_load(NULL, "fips"))
		found = EVP_MD_fetch(NULL, "SHA2-256", only);
	if (!found)
		return error_set(err, ERR_SYSTEM,
				 "OpenSSL has no FIPS provider here that works");
	EVP_MD_free(found);
	properties = only;
	return true;
}

void digest_no_config(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
}

static bool fail(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "OpenSSL cannot compute SHA-256");
}

bool digest_stream_new(struct digest_stream **out, struct error *err)
{
	struct digest_stream *s;

	pthread_once(&once, fetch);
	s = sha256 ? calloc(1, sizeof(*s)) : NULL;
	if (s)
		s->ctx = EVP_MD_CTX_new();
	if (!s || !s->ctx) {
		digest_stream_free(s);
		return fail(err);
	}
	*out = s;
	return true;
}

bool digest_stream_begin(struct digest_stream *s, struct error *err)
{
	return EVP_DigestInit_ex2(s->ctx, sha256, NULL) == 1 || fail(err);
}

bool digest_stream_add(struct digest_stream *s, const void *data, size_t len,
		       struct error *err)
{
	return EVP_DigestUpdate(s->ctx, data, len) == 1 || fail(err);
}

bool digest_stream_end(struct digest_stream *s, struct digest *out, struct error *err)
{
	return EVP_DigestFinal_ex(s->ctx, out->bytes, NULL) == 1 || fail(err);
}

void digest_stream_free(struct digest_stream *s)
{
	if (s)
		EVP_MD_CTX_free(s->ctx);
	free(s);
}

void digest_stream_freep(struct digest_stream **s)
{
	digest_stream_free(*s);
	*s = NULL;
}

bool digest_of_bytes(const void *data, size_t len, struct digest *out,
		     struct error *err)
{
	AUTO(digest_stream_freep) struct digest_stream *s = NULL;

	return digest_stream_new(&s, err) && digest_stream_begin(s, err) &&
	       digest_stream_add(s, data, len, err) && digest_stream_end(s, out, err);
}

static bool add_all(struct digest_stream *s, int fd, char *chunk, uint64_t *size,
		    struct error *err)
{
	size_t n;

	for (;;) {
		if (!file_read_piece(fd, chunk, CHUNK, &n, err))
			return false;
		if (n == 0)
			return true;
		if (!digest_stream_add(s, chunk, n, err))
			return false;
		*size += n;
	}
}

bool digest_of_fd(int fd, struct digest *out, uint64_t *size, struct error *err)
{
	AUTO(digest_stream_freep) struct digest_stream *s = NULL;
	AUTO(text_freep) char *chunk = malloc(CHUNK);
	uint64_t total = 0;

	if (!chunk)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!digest_stream_new(&s, err) || !digest_stream_begin(s, err) ||
	    !add_all(s, fd, chunk, &total, err) || !digest_stream_end(s, out, err))
		return false;
	*size = total;
	return true;
}

bool digest_sha1(const void *data, size_t len, unsigned char out[DIGEST_SHA1_SIZE],
		 struct error *err)
{
	pthread_once(&once, fetch);
	if (EVP_Q_digest(NULL, "SHA1", NULL, data, len, out, NULL) != 1)
		return error_set(err, ERR_SYSTEM,
				 "OpenSSL cannot compute a fingerprint (SHA-1)");
	return true;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return digest_cmp(a, b) == 0;
}

int digest_cmp(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_SIZE);
}

void digest_hex(const struct digest *d, char out[DIGEST_HEX_SIZE])
{
	text_hex(d->bytes, DIGEST_SIZE, out);
}

const char *digest_text(const struct digest *d, char out[DIGEST_HEX_SIZE])
{
	digest_hex(d, out);
	return out;
}

bool digest_unhex(const char *hex, struct digest *out)
{
	return text_unhex(hex, out->bytes, DIGEST_SIZE);
}

const char *digest_module(void)
{
	pthread_once(&once, fetch);
	return sha256 ? module : "none";
}
