/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pgp_sign.h"

#include "core/file.h"
#include "core/pgp_home.h"
#include "core/pgp_packet.h"
#include "core/pgp_policy.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	PASSPHRASE_MAX = 1024,
	HOME_MAX = 86, /* bytes of a GnuPG home, for the names of its sockets */
};

struct pgp_sign {
	gpgme_ctx_t ctx;
	gpgme_key_t keys[PGP_SIGN_KEYS_MAX];
	size_t key_count;
	struct pgp_keyring public;       /* empty in one that pgp_sign_join() made */
	const struct pgp_keyring *known; /* `public`, of the first */
	struct buf passphrase;
	size_t asked; /* how often, in this operation */
};

/* ---- the passphrase ---- */

static bool read_passphrase(int fd, struct buf *out, struct error *err)
{
	char *line = buf_reserve(out, PASSPHRASE_MAX);

	if (!line)
		return buf_ok(out, err);
	for (;;) {
		ssize_t n = read(fd, line + out->len, 1);

		if (n < 0)
			return error_sys(err,
					 "cannot read the passphrase from "
					 "descriptor %d",
					 fd);
		if (n == 0 || line[out->len] == '\n')
			break;
		if (out->len + 1 == PASSPHRASE_MAX)
			return error_set(err, ERR_LIMIT,
					 "the passphrase is longer than %d bytes",
					 PASSPHRASE_MAX - 1);
		buf_advance(out, 1);
	}
	buf_putc(out, '\n');
	return buf_ok(out, err);
}

/*
 * Once for each key: who asks again holds the PIN for wrong, and tokens lock after a
 * few; or has no token, and would ask for ever to have it plugged in.
 */
static gpgme_error_t give_passphrase(void *hook, const char *uid, const char *info,
				     int was_bad, int fd)
{
	struct pgp_sign *s = hook;

	(void)uid;
	(void)info;
	if (was_bad)
		return gpgme_error(GPG_ERR_BAD_PASSPHRASE);
	if (s->asked++ >= s->key_count)
		return gpgme_error(GPG_ERR_BAD_PIN);
	return gpgme_io_writen(fd, s->passphrase.data, s->passphrase.len)
		       ? gpgme_error_from_syserror()
		       : 0;
}

/* ---- which keys ---- */

static bool is_usable(gpgme_key_t key)
{
	if (key->revoked || key->expired || key->disabled || key->invalid)
		return false;
	for (gpgme_subkey_t s = key->subkeys; s; s = s->next)
		if (s->can_sign && !s->revoked && !s->expired && !s->disabled &&
		    !s->invalid)
			return true;
	return false;
}

static const char *why_unusable(gpgme_key_t key)
{
	if (!key->revoked && !key->expired)
		for (gpgme_subkey_t s = key->subkeys; s; s = s->next)
			if (s->can_sign && s->expired && !s->revoked)
				return "its subkey has expired";
	return key->revoked    ? "it is revoked"
	       : key->expired  ? "it has expired"
	       : key->can_sign ? "it is disabled or invalid"
			       : "no part of it can sign";
}

struct found {
	gpgme_key_t key; /* the usable one, owned */
	size_t usable, unusable;
	char why[64]; /* of an unusable one */
};

/* Count what the pattern (NULL: any key) matches and keep the first usable one. */
static bool look_up(gpgme_ctx_t ctx, const char *pattern, struct found *f,
		    struct error *err)
{
	gpgme_error_t why = gpgme_op_keylist_start(ctx, pattern, 1);
	gpgme_key_t key;

	while (!why && !(why = gpgme_op_keylist_next(ctx, &key))) {
		if (!is_usable(key)) {
			snprintf(f->why, sizeof(f->why), "%s", why_unusable(key));
			f->unusable++;
		} else if (!f->usable++) {
			f->key = key;
			continue;
		}
		gpgme_key_unref(key);
	}
	(void)gpgme_op_keylist_end(ctx);
	if (gpgme_err_code(why) != GPG_ERR_EOF)
		return pgp_home_error(err, why, "gpg cannot list the secret keys");
	return true;
}

/* gpg does not say so itself: it finds no agent, and so no key. */
static const char *why_none(void)
{
	const char *home = getenv("GNUPGHOME");

	return home && strlen(home) > HOME_MAX
		       ? ", whose path is longer than the 86 bytes that gpg's sockets "
			 "take"
		       : "";
}

/* Why not exactly one key was found for the pattern (NULL: any). */
static bool refuse_keys(const struct found *f, const char *pattern, struct error *err)
{
	AUTO(buf_clear) struct buf named = BUF_MAX(8192);

	if (pattern)
		buf_printf(&named, " '%s'", TEXT_SAFE(pattern));
	else
		buf_puts(&named, " of the GnuPG home");
	if (!buf_ok(&named, err))
		return false;
	if (f->usable > 1)
		return error_set(err, ERR_CONFLICT,
				 "%zu secret keys%s%s could sign: name one by its "
				 "fingerprint with --key",
				 f->usable, pattern ? " that match" : "", named.data);
	if (f->unusable)
		return error_set(err, ERR_NOT_FOUND, "the secret key%s cannot sign: %s",
				 named.data, f->why);
	if (pattern)
		return error_set(err, ERR_NOT_FOUND,
				 "no secret key matches%s in the GnuPG home%s",
				 named.data, why_none());
	return error_set(
		err, ERR_NOT_FOUND,
		"no secret key is in the GnuPG home%s; GNUPGHOME names another",
		why_none());
}

static bool settle_key(struct pgp_sign *s, const char *pattern, struct error *err)
{
	struct found f = EMPTY;

	if (pattern && !*pattern)
		return error_set(err, ERR_USAGE, "an empty name of a key");
	if (s->key_count == PGP_SIGN_KEYS_MAX)
		return error_set(err, ERR_LIMIT, "more than %d keys to sign with",
				 PGP_SIGN_KEYS_MAX);
	if (!look_up(s->ctx, pattern, &f, err))
		return false;
	if (f.key)
		s->keys[s->key_count++] = f.key; /* owned from here on */
	if (!f.key || f.usable != 1)
		return refuse_keys(&f, pattern, err);
	for (size_t i = 0; i + 1 < s->key_count; i++)
		if (!strcmp(s->keys[i]->subkeys->fpr, f.key->subkeys->fpr))
			return error_set(err, ERR_USAGE, "the key '%s' is named twice",
					 pattern ? TEXT_SAFE(pattern) : "");
	return true;
}

/* The public halves, read as strictly as those that will verify. */
static bool export_keys(struct pgp_sign *s, struct error *err)
{
	AUTO(pgp_home_datap) gpgme_data_t data = NULL;
	gpgme_key_t list[PGP_SIGN_KEYS_MAX + 1] = EMPTY;
	gpgme_error_t why = gpgme_data_new(&data);
	char *bytes;
	size_t len;
	bool ok;

	memcpy(list, s->keys, s->key_count * sizeof(list[0]));
	if (!why)
		why = gpgme_op_export_keys(s->ctx, list, 0, data);
	if (why)
		return pgp_home_error(err, why, "gpg cannot export the public keys");
	bytes = gpgme_data_release_and_get_mem(TAKE(data), &len);
	ok = pgp_keyring_parse(bytes ? bytes : "", len, &s->public, err) &&
	     pgp_inspect(&s->public, err);
	gpgme_free(bytes);
	return ok;
}

static bool check_key(const struct pgp_keyring *k, const struct pgp_subkey *sub,
		      bool rsa_only, struct error *err)
{
	char reason[PGP_REASON_MAX];

	if (pgp_policy_signs(k->keys[sub->key].algorithm, rsa_only, reason) &&
	    pgp_policy_signs(sub->algorithm, rsa_only, reason))
		return true;
	return error_set(err, ERR_UNTRUSTED, "%s will not sign: %s", sub->fpr, reason);
}

static bool check_keys(const struct pgp_sign *s, bool rsa_only, struct error *err)
{
	for (size_t i = 0; i < s->known->key_count; i++) {
		const struct pgp_key *key = &s->known->keys[i];
		const struct pgp_subkey *sub =
			pgp_inspect_signer(s->known, i, time(NULL));

		if (key->problem[0])
			return error_set(err, ERR_UNTRUSTED, "%s will not sign: %s",
					 key->fpr, key->problem);
		if (!sub)
			return error_set(err, ERR_NOT_FOUND, "no part of %s can sign",
					 key->fpr);
		if (!check_key(s->known, sub, rsa_only, err))
			return false;
	}
	return true;
}

static bool open_context(struct pgp_sign *s, struct error *err)
{
	if (!pgp_home_open(&s->ctx, err))
		return false;
	gpgme_set_textmode(s->ctx, 1);
	if (s->passphrase.len) {
		gpgme_set_pinentry_mode(s->ctx, GPGME_PINENTRY_MODE_LOOPBACK);
		gpgme_set_passphrase_cb(s->ctx, give_passphrase, s);
	}
	return true;
}

bool pgp_sign_open(const struct pgp_sign_options *options, struct pgp_sign **out,
		   struct error *err)
{
	AUTO(pgp_sign_closep) struct pgp_sign *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(err, ERR_SYSTEM, "no memory");
	s->known = &s->public;
	s->passphrase.max = PASSPHRASE_MAX;
	if (options->passphrase_fd >= 0 &&
	    !read_passphrase(options->passphrase_fd, &s->passphrase, err))
		return false;
	if (!open_context(s, err))
		return false;
	if (!options->key_count && !settle_key(s, NULL, err))
		return false;
	for (size_t i = 0; i < options->key_count; i++)
		if (!settle_key(s, options->keys[i], err))
			return false;
	if (!export_keys(s, err) || !check_keys(s, false, err))
		return false;
	*out = TAKE(s);
	return true;
}

bool pgp_sign_join(const struct pgp_sign *s, struct pgp_sign **out, struct error *err)
{
	AUTO(pgp_sign_closep) struct pgp_sign *own = calloc(1, sizeof(*own));

	if (!own)
		return error_set(err, ERR_SYSTEM, "no memory");
	own->known = s->known;
	own->passphrase.max = PASSPHRASE_MAX;
	buf_append(&own->passphrase, s->passphrase.data, s->passphrase.len);
	if (!buf_ok(&own->passphrase, err) || !open_context(own, err))
		return false;
	for (; own->key_count < s->key_count; own->key_count++) {
		own->keys[own->key_count] = s->keys[own->key_count];
		gpgme_key_ref(own->keys[own->key_count]);
	}
	*out = TAKE(own);
	return true;
}

void pgp_sign_close(struct pgp_sign *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->key_count; i++)
		gpgme_key_unref(s->keys[i]);
	pgp_home_releasep(&s->ctx);
	pgp_keyring_clear(&s->public);
	buf_cleanse(&s->passphrase);
	free(s);
}

void pgp_sign_closep(struct pgp_sign **s)
{
	pgp_sign_close(*s);
	*s = NULL;
}

const struct pgp_keyring *pgp_sign_keys(const struct pgp_sign *s)
{
	return s->known;
}

/* ---- signing ---- */

/* What gpg says it made, held against the policy once more. */
static bool check_made(const struct pgp_sign *s, bool rsa_only, gpgme_new_signature_t n,
		       struct pgp_signature *out, struct error *err)
{
	const struct pgp_keyring *k = s->known;
	const struct pgp_subkey *sub = n->fpr ? pgp_keyring_part(k, n->fpr) : NULL;

	if (!sub)
		return error_set(err, ERR_INTERNAL, "gpg signed with another key, %s",
				 n->fpr ? n->fpr : "of no name");
	if (!pgp_policy_digest((unsigned)n->hash_algo, out->digest_algorithm))
		return error_set(err, ERR_UNTRUSTED,
				 "gpg signed with %s, which may not be used: drop "
				 "digest-algo and personal-digest-preferences from its "
				 "gpg.conf",
				 out->digest_algorithm);
	memcpy(out->primary, k->keys[sub->key].fpr, sizeof(out->primary));
	memcpy(out->signer, sub->fpr, sizeof(out->signer));
	memcpy(out->uid, k->keys[sub->key].uid, sizeof(out->uid));
	memcpy(out->key_algorithm, sub->algorithm, sizeof(out->key_algorithm));
	out->created = n->timestamp;
	out->counts = true;
	return check_key(k, sub, rsa_only, err);
}

static bool run_gpg(struct pgp_sign *s, const char *text, size_t len, struct buf *out,
		    struct error *err)
{
	AUTO(pgp_home_datap) gpgme_data_t plain = NULL, made = NULL;
	gpgme_error_t why = gpgme_data_new(&made);
	char *bytes;
	size_t n;

	if (!pgp_home_data(text, len, &plain, err))
		return false;
	gpgme_signers_clear(s->ctx);
	for (size_t i = 0; i < s->key_count && !why; i++)
		why = gpgme_signers_add(s->ctx, s->keys[i]);
	s->asked = 0;
	if (!why)
		why = gpgme_op_sign(s->ctx, plain, made, GPGME_SIG_MODE_DETACH);
	if (gpgme_err_code(why) == GPG_ERR_BAD_PIN && !pgp_home_has_token())
		why = gpgme_error(GPG_ERR_CARD_NOT_PRESENT);
	if (why)
		return pgp_home_error(err, why, "cannot sign");
	bytes = gpgme_data_release_and_get_mem(TAKE(made), &n);
	buf_append(out, bytes ? bytes : "", n);
	gpgme_free(bytes);
	return buf_ok(out, err);
}

/* Those that are there already: whether they are enough is not decided here, but a
 * file with a bad one is not worth another. Keys that the home lacks are passed. */
static bool check_present(struct pgp_sign *s, const char *text, size_t len,
			  const struct buf *packets, struct error *err)
{
	AUTO(pgp_home_datap) gpgme_data_t plain = NULL, present = NULL;
	gpgme_verify_result_t result;
	gpgme_error_t why;

	if (!packets->len)
		return true;
	if (!pgp_home_data(packets->data, packets->len, &present, err) ||
	    !pgp_home_data(text, len, &plain, err))
		return false;
	why = gpgme_op_verify(s->ctx, present, plain, NULL);
	if (why)
		return pgp_home_error(err, why, "gpg cannot verify");
	result = gpgme_op_verify_result(s->ctx);
	for (gpgme_signature_t n = result->signatures; n; n = n->next)
		if (gpgme_err_code(n->status) == GPG_ERR_BAD_SIGNATURE)
			return error_set(err, ERR_UNTRUSTED,
					 "the signature by %s that it carries is bad: "
					 "the text or the signature was changed",
					 n->fpr ? n->fpr : "an unknown key");
	return true;
}

/* What gpg made: version 4 signatures of a text that hold for ever. */
static bool read_made(const struct buf *raw, struct buf *out, size_t *count,
		      struct error *err)
{
	struct armor_packet p = EMPTY;

	if (!armor_packets(raw->data, raw->len, out, count, err))
		return false;
	while (p.end < out->len)
		if (!armor_block_packet(out->data, out->len, &p, err))
			return false;
		else if (pgp_packet_expires(&p))
			return error_set(err, ERR_UNTRUSTED,
					 "gpg made a signature that expires, and the "
					 "manifest with it: drop default-sig-expire "
					 "from its gpg.conf");
	return true;
}

bool pgp_sign_text(struct pgp_sign *s, bool rsa_only, const char *text, size_t text_len,
		   struct buf *packets, struct pgp_verdict *made, struct error *err)
{
	AUTO(buf_clear)
	struct buf raw = BUF_MAX(ARMOR_PACKET_MAX), checked = BUF_MAX(ARMOR_PACKET_MAX);
	struct pgp_verdict v = EMPTY;
	gpgme_new_signature_t n;
	size_t count;

	if (!text_len || text[text_len - 1] != '\n')
		return error_set(err, ERR_FORMAT,
				 "the text does not end in a line feed");
	if (!check_keys(s, rsa_only, err) ||
	    /* what is signed ends before the last line feed (armor.h) */
	    !check_present(s, text, text_len - 1, packets, err) ||
	    !run_gpg(s, text, text_len - 1, &raw, err))
		return false;
	n = gpgme_op_sign_result(s->ctx)->signatures;
	for (; n && v.count < PGP_SIGN_KEYS_MAX; n = n->next)
		if (!check_made(s, rsa_only, n, &v.signatures[v.count++], err))
			return false;
	v.distinct = v.threshold = s->key_count;
	if (!read_made(&raw, &checked, &count, err))
		return false;
	if (n || v.count != s->key_count || count != s->key_count)
		return error_set(err, ERR_SYSTEM,
				 "gpg made %zu signatures with %zu keys", count,
				 s->key_count);
	buf_append(packets, checked.data, checked.len);
	if (!buf_ok(packets, err))
		return false;
	*made = v;
	return true;
}
