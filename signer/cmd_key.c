/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key: the release keys that a store trusts, and its threshold.
 *
 * Rule: a keyring is replaced as a whole, in one transaction with its audit row, and
 * only by what was read again and shown. What a change costs (published manifests
 * that lose their threshold) is 'list' and 'publish' to tell.
 */
#include "core/file.h"
#include "core/pgp_check.h"
#include "core/pgp_edit.h"
#include "core/text.h"
#include "signer/cmd.h"
#include "signer/key_show.h"

#include <stdlib.h>
#include <time.h>

enum { FILE_MAX = 2 * PGP_KEYRING_MAX };

struct input {
	uint64_t threshold; /* 0: not given */
	const char *reason;
};

static const struct argp_option options[] = {
	{"threshold", 't', "N", 0,
	 "Manifests need signatures of N different owners from now on", 0},
	{"reason", 'r', "TEXT", 0, "Why a key is revoked, for the log", 0},
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;

	switch (key) {
	case 't':
		return cmd_threshold(arg, &in->threshold, err);
	case 'r':
		in->reason = arg;
		return true;
	default:
		return error_set(err, ERR_INTERNAL, "unknown option");
	}
}

/* ---- the store's keyring ---- */

/* Empty when the store trusts no key yet. */
static bool load(struct store *s, struct pgp_keyring *out, struct error *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_MAX(PGP_KEYRING_MAX);

	return store_keyring(s, &bytes, err) &&
	       (!bytes.len || (pgp_keyring_parse(bytes.data, bytes.len, out, err) &&
			       pgp_inspect(out, err)));
}

static bool read_file(const char *path, struct pgp_keyring *out, struct error *err)
{
	return pgp_keyring_read(path, out, err) &&
	       (pgp_inspect(out, err) || error_prefix(err, "'%s'", TEXT_SAFE(path)));
}

/* A row of the log, "VERB FPR UID", for each key that the change is about. */
static bool save(struct store *s, const struct buf *bytes, const char *verb,
		 const struct pgp_key *keys, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		AUTO(buf_clear) struct buf what = BUF_MAX(PGP_UID_MAX + 128);

		buf_printf(&what, "%s %s %s", verb, keys[i].fpr, keys[i].uid);
		if (!buf_ok(&what, err) ||
		    !(i ? store_log(s, "keyring", "release keys", what.data, err)
			: store_set_keyring(s, bytes->data ? bytes->data : "",
					    bytes->len, what.data, err)))
			return false;
	}
	return true;
}

static bool is_unfit(const struct pgp_keyring *k, size_t at,
		     struct pgp_finding found[PGP_CHECK_MAX])
{
	return pgp_check_key(k, at, time(NULL), found) && found[0].fault;
}

static bool set_threshold(struct cmd_context *ctx, struct store *s, struct error *err)
{
	const struct input *in = ctx->input;

	if (!in->threshold)
		return true;
	if (!store_set_threshold(s, (unsigned)in->threshold, err))
		return false;
	cli_say(ctx->cli, "threshold %u", (unsigned)in->threshold);
	return true;
}

/* Can the threshold be reached by the keys that are left? */
static bool tell_reach(struct cmd_context *ctx, struct store *s, struct error *err)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring k = EMPTY;
	struct pgp_finding found[PGP_CHECK_MAX];
	unsigned threshold, fit = 0;

	if (!load(s, &k, err) || !store_threshold(s, &threshold, err))
		return false;
	for (size_t i = 0; i < k.key_count; i++)
		fit += !is_unfit(&k, i, found);
	if (fit < threshold)
		cli_say(ctx->cli,
			"the store has %u key%s fit for use: nothing is complete "
			"before it has %u",
			fit, fit == 1 ? "" : "s", threshold);
	return true;
}

/* So that no older copy of key `at` of `k` is added again once it is gone. `left`: the
 * keyring that goes on telling of what is in it; NULL: none. */
static bool note_revoked(struct store *s, const struct pgp_keyring *k, size_t at,
			 const struct pgp_keyring *left, const char *reason,
			 struct error *err)
{
	for (size_t i = 0; i < k->subkey_count; i++) {
		const struct pgp_subkey *part = &k->subkeys[i];

		if (part->key == at && part->revoked &&
		    !(left && pgp_keyring_part(left, part->fpr)) &&
		    !store_log(s, "key-revoke", part->fpr, reason, err))
			return false;
	}
	return true;
}

/* ---- add ---- */

/* A file of several keys may carry one that nobody looked at: each is named. */
static bool check_named(const struct cmd_context *ctx, const struct pgp_keyring *more,
			struct error *err)
{
	size_t named = ctx->operand_count - 2, at;

	for (size_t i = 0; i < named; i++)
		if (!pgp_edit_find(more, ctx->operands[2 + i], &at, err))
			return error_prefix(err, "'%s'", TEXT_SAFE(ctx->operands[1]));
	if (named ? named == more->key_count : more->key_count == 1)
		return true;
	return error_set(err, ERR_CONFLICT,
			 "'%s' holds %zu keys: name the fingerprint of each behind it "
			 "to say that all are meant",
			 TEXT_SAFE(ctx->operands[1]), more->key_count);
}

static bool check_fit(const struct pgp_keyring *k, struct error *err)
{
	struct pgp_finding found[PGP_CHECK_MAX];

	for (size_t i = 0; i < k->key_count; i++)
		if (is_unfit(k, i, found))
			return error_set(err, ERR_UNTRUSTED,
					 "the key %s is not fit for use: %s%s",
					 k->keys[i].fpr, found[0].text,
					 k->keys[i].revoked
						 ? "; 'key revoke' takes this file, too"
						 : "");
	return true;
}

struct marked {
	const struct pgp_keyring *keyring;
	struct store_event found;
};

static bool find_mark(void *arg, const struct store_event *e, struct error *err)
{
	struct marked *m = arg;

	(void)err;
	for (size_t i = 0; !m->found.row && i < m->keyring->subkey_count; i++)
		if (!m->keyring->subkeys[i].revoked &&
		    !strcmp(e->action, "key-revoke") &&
		    !strcmp(e->subject, m->keyring->subkeys[i].fpr))
			m->found = *e;
	return true;
}

/* That a key was revoked is known from the log, if it is not in the keyring any more or
 * was revoked without a certificate. A file that says so itself is let pass. */
static bool check_marks(struct store *s, const struct pgp_keyring *k, struct error *err)
{
	struct marked m = {.keyring = k};
	char when[TEXT_TIME_SIZE];

	if (!store_each_event(s, find_mark, &m, err))
		return false;
	if (!m.found.row)
		return true;
	text_time(m.found.time, when);
	return error_set(err, ERR_CONFLICT,
			 "the key %s was revoked in this store on %s, which this file "
			 "does not know: take a newer copy, or a new key",
			 m.found.subject, when);
}

static bool add(struct cmd_context *ctx, struct store *s, struct error *err)
{
	AUTO(pgp_keyring_clear)
	struct pgp_keyring ring = EMPTY, more = EMPTY, next = EMPTY;
	int64_t now = time(NULL);

	if (!read_file(ctx->operands[1], &more, err) || !check_named(ctx, &more, err) ||
	    !check_fit(&more, err) || !check_marks(s, &more, err) ||
	    !load(s, &ring, err) || !pgp_edit_join(&ring, &more, &next, err) ||
	    !save(s, &next.bytes, "add", more.keys, more.key_count, err))
		return false;
	for (size_t i = 0; i < ring.key_count; i++)
		if (!note_revoked(s, &ring, i, &next,
				  "was revoked when a copy without it came", err))
			return false;
	if (ctx->cli->json)
		return key_show_all(ctx->cli, &more, 0, err);
	for (size_t i = 0; i < more.key_count; i++) {
		key_show(ctx->cli->out, &more, i, now);
		key_show_findings(ctx->cli->out, &more, i, now);
	}
	return true;
}

/* ---- list, remove, check, revoke ---- */

static bool list(struct cmd_context *ctx, struct store *s, struct error *err)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring ring = EMPTY;
	unsigned threshold;

	if (!load(s, &ring, err) || !store_threshold(s, &threshold, err))
		return false;
	if (!ring.key_count)
		cli_say(ctx->cli, "the store trusts no key yet: add one with "
				  "'fips-manifest key add FILE.asc'");
	return key_show_all(ctx->cli, &ring, threshold, err);
}

static bool drop(struct cmd_context *ctx, struct store *s, const char *verb,
		 struct pgp_keyring *ring, size_t *at, struct error *err)
{
	AUTO(buf_clear) struct buf bytes = BUF_MAX(PGP_KEYRING_MAX);

	return load(s, ring, err) && pgp_edit_find(ring, ctx->operands[1], at, err) &&
	       pgp_edit_drop(ring, *at, &bytes, err) &&
	       save(s, &bytes, verb, &ring->keys[*at], 1, err);
}

static bool remove_key(struct cmd_context *ctx, struct store *s, struct error *err)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring ring = EMPTY;
	size_t at;

	if (!drop(ctx, s, "remove", &ring, &at, err) ||
	    !note_revoked(s, &ring, at, NULL, "was revoked when it was removed", err))
		return false;
	cli_say(ctx->cli, "removed %s %s", ring.keys[at].fpr, ring.keys[at].uid);
	return true;
}

/* Without a certificate: the key goes, and the log keeps it from coming back. */
static bool mark(struct cmd_context *ctx, struct store *s, struct error *err)
{
	const struct input *in = ctx->input;
	AUTO(pgp_keyring_clear) struct pgp_keyring ring = EMPTY;
	size_t at;

	if (!in->reason || !*in->reason)
		return error_set(err, ERR_USAGE,
				 "a key that is revoked without a certificate needs a "
				 "--reason");
	if (!drop(ctx, s, "revoke", &ring, &at, err))
		return false;
	for (size_t i = 0; i < ring.subkey_count; i++)
		if (ring.subkeys[i].key == at &&
		    !store_log(s, "key-revoke", ring.subkeys[i].fpr, in->reason, err))
			return false;
	cli_say(ctx->cli, "revoked %s %s: it is gone from the keyring for good",
		ring.keys[at].fpr, ring.keys[at].uid);
	return true;
}

static bool revoke(struct cmd_context *ctx, struct store *s, struct error *err)
{
	AUTO(buf_clear) struct buf file = BUF_MAX(FILE_MAX);
	AUTO(pgp_keyring_clear) struct pgp_keyring ring = EMPTY, next = EMPTY;
	const char *name = ctx->operands[1];
	size_t at;

	/* a fingerprint is never a file's name by accident */
	if (strspn(name, "0123456789abcdefABCDEF") == strlen(name) &&
	    (strlen(name) == 40 || strlen(name) == 64))
		return mark(ctx, s, err);
	if (!file_read(name, &file, err) || !load(s, &ring, err))
		return false;
	if (!pgp_edit_revoke(&ring, file.data ? file.data : "", file.len, &next, &at,
			     err))
		return error_prefix(err, "'%s'", TEXT_SAFE(name));
	if (!save(s, &next.bytes, "revoke", &next.keys[at], 1, err) ||
	    !note_revoked(s, &next, at, NULL, "by certificate", err))
		return false;
	cli_say(ctx->cli, "revoked %s %s", next.keys[at].fpr, next.keys[at].uid);
	return true;
}

/* gpg computes a subkey's signature back when it verifies one by it, and not sooner. */
static void say_fit(const struct cmd_context *ctx, const struct pgp_keyring *k,
		    size_t at, int64_t now)
{
	const struct pgp_subkey *part = pgp_inspect_signer(k, at, now);

	fprintf(ctx->cli->out, "  fit for use\n");
	if (part && strcmp(part->fpr, k->keys[at].fpr) != 0)
		fprintf(ctx->cli->out,
			"  not checked: that the subkey's signature back is right; its "
			"first signature that verifies shows it\n");
}

static bool check(struct cmd_context *ctx, struct store *s, struct error *err)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring k = EMPTY;
	struct pgp_finding found[PGP_CHECK_MAX];
	int64_t now = time(NULL);
	size_t bad = 0;

	(void)s;
	if (!read_file(ctx->operands[1], &k, err))
		return false;
	if (ctx->cli->json && !key_show_all(ctx->cli, &k, 0, err))
		return false;
	for (size_t i = 0; i < k.key_count; i++) {
		bad += pgp_check_key(&k, i, now, found) && found[0].fault;
		if (ctx->cli->json)
			continue;
		key_show(ctx->cli->out, &k, i, now);
		if (!key_show_findings(ctx->cli->out, &k, i, now))
			say_fit(ctx, &k, i, now);
	}
	if (!bad)
		return true;
	return error_set(err, ERR_MISMATCH, "'%s': %zu of %zu keys are not fit for use",
			 TEXT_SAFE(ctx->operands[1]), bad, k.key_count);
}

/* ---- the verbs ---- */

static const struct verb {
	const char *name;
	const char *operand;
	bool store, writes, more; /* more: takes fingerprints behind its operand */
	bool (*run)(struct cmd_context *ctx, struct store *s, struct error *err);
} verbs[] = {
	{"add", "FILE.asc", true, true, true, add},
	{"list", NULL, true, false, false, list},
	{"remove", "FINGERPRINT", true, true, false, remove_key},
	{"check", "FILE.asc", false, false, false, check},
	{"revoke", "FILE.asc or a FINGERPRINT", true, true, false, revoke},
};

static bool find_verb(const struct cmd_context *ctx, const struct verb **out,
		      struct error *err)
{
	const char *name = ctx->operand_count ? ctx->operands[0] : NULL;

	*out = NULL;
	if (!name)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			*out = &verbs[i];
	if (!*out)
		return error_set(err, ERR_USAGE,
				 "'%s' is none of add, list, remove, check, revoke",
				 TEXT_SAFE(name));
	if ((*out)->operand && ctx->operand_count < 2)
		return error_set(err, ERR_USAGE, "key %s needs %s", name,
				 (*out)->operand);
	if (!(*out)->more && ctx->operand_count > ((*out)->operand ? 2 : 1))
		return error_set(err, ERR_USAGE, "more operands than it takes");
	return true;
}

struct change {
	struct cmd_context *ctx;
	const struct verb *verb; /* NULL: the threshold alone */
};

static bool change(struct store *s, void *arg, struct error *err)
{
	const struct change *c = arg;

	return (!c->verb || c->verb->run(c->ctx, s, err)) &&
	       set_threshold(c->ctx, s, err) && tell_reach(c->ctx, s, err);
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	const struct input *in = ctx->input;
	AUTO(store_closep) struct store *s = NULL;
	const struct verb *v;

	if (!find_verb(ctx, &v, err))
		return false;
	if (!v && !in->threshold)
		return error_set(err, ERR_USAGE,
				 "an operand is missing: add, list, remove, check, "
				 "revoke, or --threshold N");
	if (v && !v->store)
		return v->run(ctx, NULL, err);
	if (!v || v->writes || in->threshold)
		return cmd_open_to_change(ctx->store_path, &s, err) &&
		       cmd_change(ctx, s, change, &(struct change){ctx, v}, err);
	return store_open(ctx->store_path, STORE_READ, &s, err) && v->run(ctx, s, err);
}

const struct cmd cmd_key = {
	.name = "key",
	.operands = "add FILE.asc [FINGERPRINT...] | list | remove FINGERPRINT | "
		    "check FILE.asc | revoke FILE.asc|FINGERPRINT",
	.summary = "the release keys that the store trusts, and its threshold",
	.doc = "check needs no store; its exit status is 1 when a key is not fit for "
	       "use. revoke takes a revocation certificate, a key that carries one, or "
	       "a fingerprint with --reason when there is none.",
	.examples = "fips-manifest key check first.asc\n"
		    "fips-manifest key add first.asc\n"
		    "fips-manifest key add second.asc --threshold 2\n"
		    "fips-manifest key list",
	.operands_max = SIZE_MAX,
	.need = CMD_NO_STORE, /* each verb opens it as it needs */
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
