/* SPDX-License-Identifier: Apache-2.0 */
/* core/tuf_sign, tuf_signed, tuf_key: keys, signing, counting. */
#include "core/tuf_sign.h"

#include "core/file.h"
#include "core/text.h"
#include "core/tuf_edit.h"
#include "core/tuf_find.h"
#include "core/tuf_write.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t FAR_FUTURE = 4102444800; /* 2100-01-01 */

static struct tuf_secret *make(enum tuf_scheme scheme)
{
	struct tuf_secret *s = NULL;
	struct error why;

	if (!tuf_sign_generate(scheme, &s, &why))
		fail_msg("%s", why.msg);
	return s;
}

static struct tuf_key public_of(const struct tuf_secret *s)
{
	struct tuf_key key = EMPTY;
	struct error why;

	if (!tuf_sign_public(s, &key, &why))
		fail_msg("%s", why.msg);
	return key;
}

/* A root in which `secrets` sign for every role, `threshold` of them. */
static struct tuf_root root_of(struct tuf_secret *const *secrets, size_t count,
			       unsigned threshold)
{
	struct tuf_root r = {.version = 1, .expires = FAR_FUTURE, .consistent = true};
	struct error why;

	for (int k = 0; k < TUF_KINDS; k++) {
		for (size_t i = 0; i < count; i++) {
			AUTO(tuf_key_clear) struct tuf_key key = public_of(secrets[i]);

			if (!tuf_edit_add_key(&r, (enum tuf_kind)k, &key, &why))
				fail_msg("%s", why.msg);
		}
		r.roles[k].threshold = threshold;
	}
	return r;
}

static void sign_root(const struct tuf_root *r, struct tuf_secret *const *secrets,
		      size_t count, struct buf *out)
{
	AUTO(buf_clear) struct buf body = BUF_MAX(TUF_ROOT_MAX);
	struct error why;

	if (!tuf_write_root(r, &body, &why) ||
	    !tuf_sign_new(TUF_ROOT, body.data, body.len, secrets, count, out, &why))
		fail_msg("%s", why.msg);
}

static unsigned count_root(const struct buf *file, const struct tuf_root *by)
{
	AUTO(tuf_signed_clear) struct tuf_signed s = EMPTY;
	struct error why;

	if (!tuf_signed_parse(TUF_ROOT, file->data, file->len, &s, &why))
		fail_msg("%s", why.msg);
	return tuf_signed_count(&s, &by->keys, &by->roles[TUF_ROOT]);
}

TEST(tuf_sign_signs_with_each_scheme_and_one_changed_byte_undoes_it)
{
	for (int scheme = TUF_ECDSA_P256; scheme <= TUF_ED25519; scheme++) {
		AUTO(tuf_sign_freep)
		struct tuf_secret *s = make((enum tuf_scheme)scheme);
		AUTO(tuf_role_clear_root) struct tuf_root r = root_of(&s, 1, 1);
		AUTO(buf_clear) struct buf file = BUF_MAX(TUF_ROOT_MAX);
		char *at;

		sign_root(&r, &s, 1, &file);
		assert_int_equal(count_root(&file, &r), 1);
		at = strstr(file.data, "\"version\":1");
		assert_non_null(at);
		at[10] = '2';
		assert_int_equal(count_root(&file, &r), 0);
		at[10] = '1';
		assert_int_equal(count_root(&file, &r), 1);
		at = strstr(file.data, "\"sig\":\"");
		at[20] = at[20] == '0' ? '1' : '0';
		assert_int_equal(count_root(&file, &r), 0);
	}
}

TEST(tuf_sign_adds_signatures_and_leaves_what_it_does_not_know)
{
	AUTO(tuf_sign_freep) struct tuf_secret *a = make(TUF_ECDSA_P256);
	AUTO(tuf_sign_freep) struct tuf_secret *b = make(TUF_ECDSA_P256);
	struct tuf_secret *both[] = {a, b};
	AUTO(tuf_role_clear_root) struct tuf_root r = root_of(both, 2, 2);
	AUTO(buf_clear) struct buf body = BUF_MAX(TUF_ROOT_MAX);
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_ROOT_MAX);
	AUTO(buf_clear) struct buf more = BUF_MAX(TUF_ROOT_MAX);
	AUTO(tuf_signed_clear) struct tuf_signed s = EMPTY;

	assert_ok(tuf_write_root(&r, &body, &err));
	/* behind the version, where the keys' order wants it */
	assert_int_equal(body.data[body.len - 2], '}');
	body.len -= 2;
	buf_puts(&body, ",\"x-note\":{\"a\":[1,\"\\u00e9\\n\"]}}\n");
	assert_ok(tuf_sign_new(TUF_ROOT, body.data, body.len, &a, 1, &file, &err));
	assert_int_equal(count_root(&file, &r), 1);
	assert_ok(tuf_sign_add(TUF_ROOT, file.data, file.len, &b, 1, &more, &err));
	assert_int_equal(count_root(&more, &r), 2);
	assert_non_null(strstr(more.data, "\"x-note\":{\"a\":[1,\"\\u00e9\\u000a\"]}"));
	/* once more by the same key: replaced, not doubled */
	buf_reset(&file);
	assert_ok(tuf_sign_add(TUF_ROOT, more.data, more.len, both, 2, &file, &err));
	assert_ok(tuf_signed_parse(TUF_ROOT, file.data, file.len, &s, &err));
	assert_int_equal(s.count, 2);
	assert_ok(tuf_signed_check(&s, &r.keys, &r.roles[TUF_ROOT], &err));
}

TEST(tuf_signed_counts_a_key_once_under_whatever_ids)
{
	AUTO(tuf_sign_freep) struct tuf_secret *a = make(TUF_ECDSA_P256);
	AUTO(tuf_role_clear_root) struct tuf_root r = root_of(&a, 1, 2);
	AUTO(tuf_key_clear) struct tuf_key first = public_of(a);
	AUTO(tuf_key_clear) struct tuf_key other = EMPTY;
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_ROOT_MAX);
	AUTO(buf_clear) struct buf twice = BUF_MAX(TUF_ROOT_MAX);
	AUTO(tuf_signed_clear) struct tuf_signed s = EMPTY;
	const char *sig, *end;

	assert_ok(tuf_key_init("another-name", "ecdsa", "ecdsa-sha2-nistp256",
			       first.value, &other, &err));
	assert_ok(tuf_edit_add_key(&r, TUF_ROOT, &other, &err));
	sign_root(&r, &a, 1, &file);
	sig = strstr(file.data, "\"sig\":\"");
	end = strchr(sig + 7, '"');
	buf_printf(&twice, "{\"signatures\":[{\"keyid\":\"another-name\",%.*s\"},",
		   (int)(end - sig), sig);
	buf_puts(&twice, strstr(file.data, "{\"keyid\""));
	assert_ok(tuf_signed_parse(TUF_ROOT, twice.data, twice.len, &s, &err));
	assert_int_equal(s.count, 2);
	assert_int_equal(tuf_signed_count(&s, &r.keys, &r.roles[TUF_ROOT]), 1);
	assert_err(ERR_UNTRUSTED,
		   tuf_signed_check(&s, &r.keys, &r.roles[TUF_ROOT], &err));
	assert_says("signed by 1 of the 2 keys");
}

TEST(tuf_sign_keeps_keys_encrypted_and_never_over_another)
{
	AUTO(tuf_sign_freep) struct tuf_secret *a = make(TUF_ECDSA_P256);
	AUTO(tuf_sign_freep) struct tuf_secret *b = NULL;
	AUTO(tuf_key_clear) struct tuf_key first = public_of(a);
	AUTO(tuf_key_clear) struct tuf_key second = EMPTY;
	AUTO(buf_clear) struct buf text = BUF_MAX(8192);
	struct stat st;

	assert_err(ERR_USAGE, tuf_sign_save(a, "root.pem", "short", &err));
	assert_ok(tuf_sign_save(a, "root.pem", "correct horse", &err));
	assert_int_equal(stat("root.pem", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_ok(file_read("root.pem", &text, &err));
	assert_non_null(strstr(text.data, "-----BEGIN ENCRYPTED PRIVATE KEY-----"));
	assert_err(ERR_CONFLICT, tuf_sign_save(a, "root.pem", "correct horse", &err));
	assert_err(ERR_NOT_FOUND, tuf_sign_save(a, "no/folder", "correct horse", &err));

	assert_err(ERR_CONFLICT, tuf_sign_load("root.pem", "wrong horse", &b, &err));
	assert_says("'root.pem': the passphrase is wrong");
	assert_err(ERR_CONFLICT, tuf_sign_load("root.pem", NULL, &b, &err));
	assert_says("a passphrase is needed");
	assert_err(ERR_NOT_FOUND, tuf_sign_load("none.pem", NULL, &b, &err));
	assert_ok(file_write_atomic("junk.pem", "junk\n", 5, 0600, &err));
	assert_err(ERR_SYSTEM, tuf_sign_load("junk.pem", NULL, &b, &err));
	assert_null(b);
	assert_ok(tuf_sign_load("root.pem", "correct horse", &b, &err));
	assert_ok(tuf_sign_public(b, &second, &err));
	assert_string_equal(first.id, second.id);
}

TEST(tuf_sign_loads_through_a_uri)
{
	AUTO(tuf_sign_freep) struct tuf_secret *a = make(TUF_ECDSA_P256);
	AUTO(tuf_sign_freep) struct tuf_secret *b = NULL;
	AUTO(tuf_key_clear) struct tuf_key first = public_of(a);
	AUTO(tuf_key_clear) struct tuf_key second = EMPTY;
	char cwd[2048], uri[4096];

	assert_ok(tuf_sign_save(a, "uri.pem", "correct horse", &err));
	snprintf(uri, sizeof(uri), "file:%s/uri.pem", getcwd(cwd, sizeof(cwd)));
	assert_err(ERR_CONFLICT, tuf_sign_load(uri, "wrong horse", &b, &err));
	assert_ok(tuf_sign_load(uri, "correct horse", &b, &err));
	assert_ok(tuf_sign_public(b, &second, &err));
	assert_string_equal(first.id, second.id);
	/* no provider on this machine serves such a token */
	assert_err(ERR_NOT_FOUND, tuf_sign_load("pkcs11:token=none", NULL, &a, &err));
	assert_says("'pkcs11:token=none': OpenSSL has no provider for it");
	assert_err(ERR_USAGE,
		   tuf_sign_load("pkcs11:token=none?pin-value=1234", NULL, &a, &err));
	assert_null(strstr(err.msg, "1234"));
}

TEST(tuf_key_refuses_what_it_claims_to_be_but_is_not)
{
	static const char p384[] = "-----BEGIN PUBLIC KEY-----\n"
				   "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEqofKIr6LBTeOscce8yC"
				   "tdG4dO2KLp5uYWfdB4IJU\n"
				   "KjhVAvJdv1UpbDpUXjhydgq3NhfeSpYmLG9dnpi/"
				   "kpLcKfj0Hb0omhR86doxE7XwuMAKYLHO\n"
				   "HX6BnXpDHXyQ6g5f\n-----END PUBLIC KEY-----\n";
	static const char off_curve[] =
		"0400000000000000000000000000000000000000000000000000000000000000010000"
		"000000000000000000000000000000000000000000000000000000000002";
	AUTO(tuf_sign_freep) struct tuf_secret *rsa = make(TUF_RSA_PSS_3072);
	AUTO(tuf_key_clear) struct tuf_key good = public_of(rsa);
	const struct {
		const char *type, *scheme, *value, *why;
	} rows[] = {
		{"ecdsa", "ecdsa-sha2-nistp256", "", "cannot be read"},
		{"ecdsa", "ecdsa-sha2-nistp256", "00", "cannot be read"},
		{"ecdsa", "ecdsa-sha2-nistp256", off_curve, "cannot be read"},
		{"ecdsa", "ecdsa-sha2-nistp256", good.value, "not of the type"},
		{"ecdsa", "ecdsa-sha2-nistp256", p384, "not of the type"},
		{"ed25519", "ed25519", good.value, "not of the type"},
		{"rsa", "rsa-pkcs1v15-sha256", good.value, "not supported"},
		{"rsa", "ed25519", good.value, "not supported"},
		{"x", "y", "z", "not supported"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(tuf_key_clear) struct tuf_key key = EMPTY;

		assert_ok(tuf_key_init("id", rows[i].type, rows[i].scheme,
				       rows[i].value, &key, &err));
		assert_non_null(key.unusable);
		assert_non_null(strstr(key.unusable, rows[i].why));
		assert_false(tuf_key_verify(&key, "data", 4, "sig", 3));
	}
}
