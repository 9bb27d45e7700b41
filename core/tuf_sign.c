/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_sign.h"

#include "core/file.h"
#include "core/text.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* fewer in a sanitizer's build alone; tests/cli/tuf-repo.sh reads them off a key */
#ifndef TUF_SIGN_ROUNDS
#define TUF_SIGN_ROUNDS 200000
#endif

enum {
	KEY_FILE_MAX = 64 * 1024,
	PASSPHRASE_MIN = 8,
	PASSPHRASE_MAX = 1023,
	PBKDF2_ROUNDS = TUF_SIGN_ROUNDS,
	RSA_BITS = 3072,
	SIGNATURE_MAX = 2048,
};

struct tuf_secret {
	EVP_PKEY *pkey;
	struct tuf_key key; /* its public half */
};

static const struct scheme {
	const char *digest;
	bool pss;
} schemes[] = {
	[TUF_ECDSA_P256] = {"SHA2-256", false},
	[TUF_RSA_PSS_3072] = {"SHA2-256", true},
	[TUF_ED25519] = {NULL, false},
};

/* OpenSSL's newest reason behind ours. */
static bool fail(struct error *err, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return error_set(err, ERR_SYSTEM, "%s%s%s", what, why ? ": " : "",
			 why ? why : "");
}

void tuf_sign_free(struct tuf_secret *s)
{
	if (!s)
		return;
	EVP_PKEY_free(s->pkey); /* which cleanses it */
	tuf_key_clear(&s->key);
	free(s);
}

void tuf_sign_freep(struct tuf_secret **s)
{
	tuf_sign_free(*s);
	*s = NULL;
}

/* ---- keys ---- */

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static const struct scheme *scheme_of(const EVP_PKEY *pkey)
{
	return EVP_PKEY_is_a(pkey, "EC")    ? &schemes[TUF_ECDSA_P256]
	       : EVP_PKEY_is_a(pkey, "RSA") ? &schemes[TUF_RSA_PSS_3072]
					    : &schemes[TUF_ED25519];
}

static void free_pkey(EVP_PKEY **pkey)
{
	EVP_PKEY_free(*pkey);
}

/* Takes `pkey` over, in any case. */
static bool secret_of(EVP_PKEY *pkey, struct tuf_secret **out, struct error *err)
{
	AUTO(free_pkey) EVP_PKEY *own = pkey;
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;
	struct tuf_secret *s;

	if (!tuf_key_of(own, &key, err))
		return false;
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_set(err, ERR_SYSTEM, "no memory");
	s->pkey = TAKE(own);
	s->key = TAKE(key);
	*out = s;
	return true;
}

bool tuf_sign_generate(enum tuf_scheme scheme, struct tuf_secret **out,
		       struct error *err)
{
	EVP_PKEY *pkey = scheme == TUF_ECDSA_P256 ? EVP_EC_gen("P-256")
			 : scheme == TUF_RSA_PSS_3072
				 ? EVP_RSA_gen(RSA_BITS)
				 : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (!pkey)
		return fail(err, "cannot make a key");
	return secret_of(pkey, out, err);
}

struct passphrase {
	const char *text; /* or NULL */
	bool asked;
};

static int give(char *buf, int size, int writing, void *arg)
{
	struct passphrase *p = arg;
	size_t len = p->text ? strlen(p->text) : 0;

	(void)writing;
	p->asked = true;
	if (!p->text || len > (size_t)size)
		return -1;
	memcpy(buf, p->text, len);
	return (int)len;
}

static bool not_loaded(const struct passphrase *p, const char *name, struct error *err)
{
	if (p->asked)
		return error_set(err, ERR_CONFLICT, "'%s': %s", TEXT_SAFE(name),
				 p->text ? "the passphrase is wrong"
					 : "a passphrase is needed");
	return fail(err, "no private key") ||
	       error_prefix(err, "'%s'", TEXT_SAFE(name));
}

static bool load_file(const char *path, struct passphrase *p, EVP_PKEY **out,
		      struct error *err)
{
	AUTO(buf_cleanse) struct buf text = BUF_MAX(KEY_FILE_MAX);
	AUTO(free_bio) BIO *bio = NULL;

	if (!buf_reserve(&text, KEY_FILE_MAX))
		return buf_ok(&text, err);
	if (!file_read(path, &text, err))
		return false;
	bio = BIO_new_mem_buf(text.data, (int)text.len);
	*out = bio ? PEM_read_bio_PrivateKey(bio, NULL, give, p) : NULL;
	return *out || not_loaded(p, path, err);
}

/* The first private or public key that OpenSSL's store has by this name; *opened: it
 * knows such names. */
static EVP_PKEY *first_key(const char *uri, int type, struct passphrase *p,
			   bool *opened)
{
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give, 0);
	OSSL_STORE_CTX *ctx =
		ui ? OSSL_STORE_open_ex(uri, NULL, NULL, ui, p, NULL, NULL, NULL)
		   : NULL;
	EVP_PKEY *pkey = NULL;

	*opened = ctx != NULL;
	while (ctx && !pkey && !OSSL_STORE_eof(ctx)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(ctx);

		if (info && OSSL_STORE_INFO_get_type(info) == type)
			pkey = type == OSSL_STORE_INFO_PKEY
				       ? OSSL_STORE_INFO_get1_PKEY(info)
				       : OSSL_STORE_INFO_get1_PUBKEY(info);
		OSSL_STORE_INFO_free(info);
		if (!info && OSSL_STORE_error(ctx))
			break;
	}
	OSSL_STORE_close(ctx);
	UI_destroy_method(ui);
	return pkey;
}

static int nobody_there(UI *ui)
{
	(void)ui;
	return 0;
}

/* Has the token the public half, for which nobody logs in? When it has not, the
 * provider would log in to look further, and asks at the terminal where it gets no PIN.
 */
static bool has_public_half(const char *uri)
{
	const UI_METHOD *terminal = UI_get_default_method();
	UI_METHOD *ui = UI_create_method("none");
	AUTO(buf_clear) struct buf name = BUF_MAX(KEY_FILE_MAX);
	struct passphrase none = EMPTY;
	size_t n = strcspn(uri, "?");
	EVP_PKEY *pkey;
	bool opened;

	buf_append(&name, uri, n);
	buf_puts(&name, ";type=public");
	if (!ui || UI_method_set_opener(ui, nobody_there) || name.failed ||
	    strstr(name.data, ";type=") != name.data + n) {
		UI_destroy_method(ui);
		return false;
	}
	UI_set_default_method(ui);
	pkey = first_key(name.data, OSSL_STORE_INFO_PUBKEY, &none, &opened);
	UI_set_default_method(terminal);
	UI_destroy_method(ui);
	EVP_PKEY_free(pkey);
	return pkey != NULL;
}

/* Why a token gave no key. The provider does not tell a login that failed from a key
 * that is not there; the public half does, where the token keeps it. */
static bool no_token_key(const char *uri, const struct passphrase *p, bool opened,
			 struct error *err)
{
	bool own_pin = strstr(uri, "pin-source=") != NULL;

	if (opened && p->asked && !p->text)
		return error_set(err, ERR_CONFLICT, "'%s': a PIN is needed",
				 TEXT_SAFE(uri));
	if (opened && (p->asked || own_pin) && has_public_half(uri))
		return error_set(err, ERR_CONFLICT, "'%s': the PIN is wrong or locked",
				 TEXT_SAFE(uri));
	if (opened && p->asked)
		return error_set(err, ERR_CONFLICT,
				 "'%s': the token has no such key, or the PIN is wrong "
				 "or locked",
				 TEXT_SAFE(uri));
	if (opened)
		return error_set(err, ERR_NOT_FOUND,
				 "'%s': no token that is plugged in has such a key%s",
				 TEXT_SAFE(uri), own_pin ? " and takes this PIN" : "");
	if (ERR_GET_LIB(ERR_peek_last_error()) != ERR_LIB_OSSL_STORE)
		return fail(err, "the PKCS#11 module does not start") ||
		       error_prefix(err, "'%s'", TEXT_SAFE(uri));
	ERR_clear_error();
	return error_set(err, ERR_NOT_FOUND,
			 "'%s': OpenSSL has no provider for it: openssl.cnf must load "
			 "pkcs11-provider",
			 TEXT_SAFE(uri));
}

/* Through OpenSSL's store: a token behind a provider. */
static bool load_uri(const char *uri, struct passphrase *p, EVP_PKEY **out,
		     struct error *err)
{
	bool opened;

	*out = first_key(uri, OSSL_STORE_INFO_PKEY, p, &opened);
	if (*out)
		return true;
	return text_starts(uri, "pkcs11:") ? no_token_key(uri, p, opened, err)
					   : not_loaded(p, uri, err);
}

bool tuf_sign_load(const char *name, const char *passphrase, struct tuf_secret **out,
		   struct error *err)
{
	struct passphrase p = {.text = passphrase};
	EVP_PKEY *pkey = NULL;

	ERR_clear_error();
	if (text_starts(name, "pkcs11:") && strstr(name, "pin-value="))
		return error_set(err, ERR_USAGE,
				 "a PKCS#11 URI with a PIN in it: use pin-source");
	if (text_starts(name, "pkcs11:") || text_starts(name, "file:")
		    ? !load_uri(name, &p, &pkey, err)
		    : !load_file(name, &p, &pkey, err))
		return false;
	return secret_of(pkey, out, err) || error_prefix(err, "'%s'", TEXT_SAFE(name));
}

/* A new file of mode 0600, whole or not at all; link(2) never replaces one. */
static bool write_new(const char *path, const void *data, size_t len, struct error *err)
{
	AUTO(buf_clear) struct buf temp = BUF_MAX(4096);
	bool ok;

	buf_printf(&temp, "%s.new-%d", path, (int)getpid());
	if (!buf_ok(&temp, err) || !file_write_atomic(temp.data, data, len, 0600, err))
		return false;
	ok = !link(temp.data, path);
	if (!ok) {
		struct stat st;

		ok = lstat(path, &st)
			     ? error_sys(err, "cannot create '%s'", TEXT_SAFE(path))
			     : error_set(err, ERR_CONFLICT, "'%s' is there already",
					 TEXT_SAFE(path));
	}
	unlink(temp.data);
	return ok;
}

static void free_p8(PKCS8_PRIV_KEY_INFO **p8)
{
	PKCS8_PRIV_KEY_INFO_free(*p8);
}

static void free_sig(X509_SIG **sig)
{
	X509_SIG_free(*sig);
}

/* OpenSSL's PEM writers do 2,048 rounds; a passphrase deserves more. */
static bool encrypt(const struct tuf_secret *s, const char *passphrase, BIO *out)
{
	X509_ALGOR *how = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), PBKDF2_ROUNDS, NULL, 0,
					    NULL, NID_hmacWithSHA256);
	AUTO(free_p8) PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(s->pkey);
	AUTO(free_sig) X509_SIG *sealed = NULL;

	if (how && plain)
		sealed =
			PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), plain, how);
	if (!sealed)
		X509_ALGOR_free(how);
	return sealed && PEM_write_bio_PKCS8(out, sealed) == 1;
}

bool tuf_sign_save(const struct tuf_secret *s, const char *path, const char *passphrase,
		   struct error *err)
{
	AUTO(free_bio) BIO *bio = BIO_new(BIO_s_mem());
	size_t len = strlen(passphrase);
	char *text;

	if (len < PASSPHRASE_MIN || len > PASSPHRASE_MAX)
		return error_set(err, ERR_USAGE,
				 "a passphrase must have %d to %d bytes",
				 PASSPHRASE_MIN, PASSPHRASE_MAX);
	if (!bio || !encrypt(s, passphrase, bio))
		return fail(err, "cannot encrypt the key");
	len = (size_t)BIO_get_mem_data(bio, &text);
	return write_new(path, text, len, err);
}

bool tuf_sign_save_plain(const struct tuf_secret *s, const char *path,
			 struct error *err)
{
	AUTO(free_p8) PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(s->pkey);
	AUTO(free_bio) BIO *bio = BIO_new(BIO_s_secmem());
	char *text;
	size_t len;

	if (!bio || !plain || PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, plain) != 1)
		return fail(err, "cannot write the key");
	len = (size_t)BIO_get_mem_data(bio, &text);
	return write_new(path, text, len, err);
}

bool tuf_sign_public(const struct tuf_secret *s, struct tuf_key *out, struct error *err)
{
	return tuf_key_copy(&s->key, out, err);
}

/* ---- signing ---- */

static void free_ctx(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

static bool sign(const struct tuf_secret *s, const struct buf *canonical,
		 struct buf *out, struct error *err)
{
	AUTO(free_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const struct scheme *scheme = scheme_of(s->pkey);
	unsigned char bytes[SIGNATURE_MAX];
	char hex[2 * SIGNATURE_MAX + 1];
	size_t len = sizeof(bytes);
	EVP_PKEY_CTX *pctx = NULL;
	const unsigned char *data = (const unsigned char *)canonical->data;

	if (!ctx || EVP_DigestSignInit_ex(ctx, &pctx, scheme->digest, NULL, NULL,
					  s->pkey, NULL) != 1)
		return fail(err, "cannot sign");
	if (scheme->pss &&
	    (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) != 1 ||
	     EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) != 1))
		return fail(err, "cannot sign");
	if (EVP_DigestSign(ctx, bytes, &len, data, canonical->len) != 1)
		return fail(err, "cannot sign");
	text_hex(bytes, len, hex);
	buf_puts(out, hex);
	return buf_ok(out, err);
}

/* Is this id one of the secrets'? Its old signature then goes. */
static bool replaced(const char *id, struct tuf_secret *const *secrets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(secrets[i]->key.id, id))
			return true;
	return false;
}

static bool put_signature(struct json_writer *w, const struct tuf_secret *s,
			  const struct buf *canonical, struct error *err)
{
	AUTO(buf_clear) struct buf hex = BUF_MAX(2 * SIGNATURE_MAX);

	if (!sign(s, canonical, &hex, err))
		return error_prefix(err, "key '%s'", s->key.id);
	json_open(w, NULL, '{');
	json_put_string(w, "keyid", s->key.id);
	json_put_string(w, "sig", hex.data);
	json_close(w);
	return true;
}

/* The file of a parsed one: its other signatures and its "signed" part stay. */
static bool write_signed(const struct tuf_signed *file,
			 struct tuf_secret *const *secrets, size_t count,
			 struct buf *out, struct error *err)
{
	struct json root = json_root(&file->doc), list, old;
	struct json_writer w = json_writer(out);
	const char *id;

	w.compact = true;
	w.controls = true;
	json_open(&w, NULL, '{');
	json_open(&w, "signatures", '[');
	if (!json_get(root, "signatures", JSON_KIND_ARRAY, &list, err))
		return false;
	for (size_t i = 0; i < json_count(list); i++) {
		old = json_at(list, i);
		if (!json_get_string(old, "keyid", &id, err))
			return false;
		if (!replaced(id, secrets, count))
			json_put_value(&w, NULL, old);
	}
	for (size_t i = 0; i < count; i++)
		if (!put_signature(&w, secrets[i], &file->canonical, err))
			return false;
	json_close(&w);
	json_put_value(&w, "signed", tuf_signed_body(file));
	json_close(&w);
	return json_write_end(&w, err);
}

bool tuf_sign_add(enum tuf_kind kind, const char *text, size_t len,
		  struct tuf_secret *const *secrets, size_t count, struct buf *out,
		  struct error *err)
{
	AUTO(tuf_signed_clear) struct tuf_signed file = EMPTY;

	return tuf_signed_parse(kind, text, len, &file, err) &&
	       write_signed(&file, secrets, count, out, err);
}

bool tuf_sign_new(enum tuf_kind kind, const char *body, size_t len,
		  struct tuf_secret *const *secrets, size_t count, struct buf *out,
		  struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(SIZE_MAX / 2);

	buf_puts(&text, "{\"signatures\":[],\"signed\":");
	buf_append(&text, body, len);
	buf_puts(&text, "}");
	return buf_ok(&text, err) &&
	       tuf_sign_add(kind, text.data, text.len, secrets, count, out, err);
}
