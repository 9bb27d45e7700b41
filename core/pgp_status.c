/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is "[GNUPG:] KEYWORD arg arg ...", LF. What is read of them:
 *
 *     GOODSIG|BADSIG|EXPSIG|EXPKEYSIG|REVKEYSIG  keyid uid
 *     ERRSIG    keyid pubkey-algo digest-algo class time rc [fpr]
 *     VALIDSIG  fpr date time expires version reserved pubkey-algo digest-algo
 *               class [primary-fpr]          behind one of the first, save BADSIG
 */
#include "core/pgp_status.h"

#include "core/text.h"

#include <stdio.h>

enum {
	LINE_MAX = 4096,
	ARGS_MAX = 12,
	NO_KEY = 9, /* ERRSIG's rc for a missing public key */
};

static const char prefix[] = "[GNUPG:] ";

static const struct {
	const char *keyword;
	enum pgp_status_kind kind;
} begins[] = {
	{"GOODSIG", PGP_STATUS_GOOD},          {"BADSIG", PGP_STATUS_BAD},
	{"EXPSIG", PGP_STATUS_EXPIRED},        {"EXPKEYSIG", PGP_STATUS_KEY_EXPIRED},
	{"REVKEYSIG", PGP_STATUS_KEY_REVOKED}, {"ERRSIG", PGP_STATUS_ERROR},
};

/* One line, its words cut apart in place. */
struct words {
	char line[LINE_MAX];
	char *arg[ARGS_MAX]; /* arg[0] is the keyword */
	size_t count;
};

/* Only texts that people chose make a line long, and they stand at its end. */
static void cut(const char *from, const char *end, struct words *w)
{
	size_t n =
		(size_t)(end - from) < LINE_MAX ? (size_t)(end - from) : LINE_MAX - 1;
	char *rest = NULL, *word;

	memcpy(w->line, from, n);
	w->line[n] = '\0';
	word = strtok_r(w->line, " ", &rest);
	for (w->count = 0; word && w->count < ARGS_MAX;
	     word = strtok_r(NULL, " ", &rest))
		w->arg[w->count++] = word;
}

static bool take_id(const char *from, char out[PGP_FPR_SIZE])
{
	size_t n = strspn(from, "0123456789ABCDEF");

	if (from[n] || n < 16 || n >= PGP_FPR_SIZE)
		return false;
	memcpy(out, from, n + 1);
	return true;
}

static bool take_time(const char *from, int64_t *out)
{
	uint64_t t;

	if (!text_u64(from, 0, UINT32_MAX, &t))
		return false;
	*out = (int64_t)t;
	return true;
}

static bool take_digest(const char *from, unsigned *out)
{
	uint64_t n;

	if (!text_u64(from, 0, 255, &n))
		return false;
	*out = (unsigned)n;
	return true;
}

static bool begin(const struct words *w, enum pgp_status_kind kind,
		  struct pgp_status *out)
{
	uint64_t code;

	*out = (struct pgp_status){.kind = kind};
	if (w->count < 2 || !take_id(w->arg[1], out->signer))
		return false;
	if (kind != PGP_STATUS_ERROR)
		return true;
	if (w->count < 7 || !take_digest(w->arg[3], &out->digest) ||
	    !take_time(w->arg[5], &out->created) ||
	    !text_u64(w->arg[6], 0, 65535, &code))
		return false;
	out->code = (unsigned)code;
	if (code == NO_KEY)
		out->kind = PGP_STATUS_NO_KEY;
	/* a fingerprint is worth more than a key id; "-" stands for none */
	return w->count < 8 || !strcmp(w->arg[7], "-") ||
	       take_id(w->arg[7], out->signer);
}

/* The details of the signature that the line before told of. */
static bool validate(const struct words *w, struct pgp_status *s)
{
	if (!s || s->valid || s->kind == PGP_STATUS_BAD ||
	    s->kind == PGP_STATUS_NO_KEY || s->kind == PGP_STATUS_ERROR)
		return false;
	s->valid = true;
	return w->count >= 11 && !strcmp(w->arg[9], "01") &&
	       take_id(w->arg[1], s->signer) && take_time(w->arg[3], &s->created) &&
	       take_time(w->arg[4], &s->expires) &&
	       take_digest(w->arg[8], &s->digest) && take_id(w->arg[10], s->primary);
}

static bool read_line(const struct words *w,
		      struct pgp_status out[ARMOR_SIGNATURES_MAX], size_t *count)
{
	if (!w->count)
		return false;
	if (!strcmp(w->arg[0], "VALIDSIG"))
		return validate(w, *count ? &out[*count - 1] : NULL);
	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (!strcmp(w->arg[0], begins[i].keyword))
			return *count < ARMOR_SIGNATURES_MAX &&
			       begin(w, begins[i].kind, &out[(*count)++]);
	return true;
}

static bool needs_details(const struct pgp_status *s)
{
	return s->kind != PGP_STATUS_BAD && s->kind != PGP_STATUS_NO_KEY &&
	       s->kind != PGP_STATUS_ERROR;
}

bool pgp_status_parse(const char *text, size_t len,
		      struct pgp_status out[ARMOR_SIGNATURES_MAX], size_t *count,
		      struct error *err)
{
	const char *end = text + len;
	struct words w;
	size_t n = 0;

	for (const char *lf; text < end; text = lf + 1) {
		lf = memchr(text, '\n', (size_t)(end - text));
		if (!lf || (size_t)(lf - text) < sizeof(prefix) - 1 ||
		    memcmp(text, prefix, sizeof(prefix) - 1) != 0)
			return error_set(err, ERR_UNTRUSTED,
					 "gpg's status output has a line of another "
					 "form");
		cut(text + sizeof(prefix) - 1, lf, &w);
		if (!read_line(&w, out, &n))
			return error_set(
				err, ERR_UNTRUSTED,
				"gpg's status output has a line that cannot be "
				"read: %s",
				w.count ? TEXT_SAFE(w.arg[0]) : "empty");
	}
	for (size_t i = 0; i < n; i++)
		if (needs_details(&out[i]) && !out[i].valid)
			return error_set(err, ERR_UNTRUSTED,
					 "gpg's status output was cut off");
	*count = n;
	return true;
}
