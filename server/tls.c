/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tls.h"

#include <openssl/err.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

static void cert_freep(X509 **c)
{
	X509_free(*c);
}

static void key_freep(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static void bio_freep(BIO **b)
{
	BIO_free(*b);
}

static void ui_freep(UI_METHOD **ui)
{
	if (*ui)
		UI_destroy_method(*ui);
}

static void store_closep(OSSL_STORE_CTX **s)
{
	OSSL_STORE_close(*s);
}

/* A key with a passphrase is refused: there is nobody to ask. */
static int no_passphrase(char *to, int size, int writing, void *arg)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

/* The first certificate and the first private key in a PEM text. */
static void first_of(const struct buf *pem, X509 **cert, EVP_PKEY **key)
{
	AUTO(bio_freep) BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	AUTO(ui_freep) UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(no_passphrase, 0);
	AUTO(store_closep) OSSL_STORE_CTX *s = NULL;
	OSSL_STORE_INFO *info;

	if (!bio || !ui)
		return;
	s = OSSL_STORE_attach(bio, "file", NULL, NULL, ui, NULL, NULL, NULL, NULL);
	while (s && !OSSL_STORE_eof(s)) {
		info = OSSL_STORE_load(s);
		if (!info)
			break;
		if (cert && !*cert)
			*cert = OSSL_STORE_INFO_get1_CERT(info);
		if (key && !*key)
			*key = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
}

bool tls_check_pair(const struct buf *cert_pem, const struct buf *key_pem,
		    struct error *err)
{
	AUTO(cert_freep) X509 *cert = NULL;
	AUTO(key_freep) EVP_PKEY *key = NULL;
	bool fits;

	if (cert_pem->len)
		first_of(cert_pem, &cert, NULL);
	if (key_pem->len)
		first_of(key_pem, NULL, &key);
	fits = cert && key && X509_check_private_key(cert, key);
	ERR_clear_error();
	if (!cert)
		return error_set(err, ERR_FORMAT, "no TLS certificate in PEM form");
	if (!key)
		return error_set(err, ERR_FORMAT,
				 "no TLS key in PEM form without a passphrase");
	if (!fits)
		return error_set(err, ERR_FORMAT,
				 "the TLS key is not made for the TLS certificate");
	return true;
}
