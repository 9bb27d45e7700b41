/* SPDX-License-Identifier: Apache-2.0 */
/*
 * root: the TUF roles, their keys, thresholds and expiries; the ceremony of a new
 * root (root_file.h says its rules).
 */
#include "core/store_tuf.h"
#include "core/text.h"
#include "core/tuf_edit.h"
#include "core/tuf_find.h"
#include "signer/authority.h"
#include "signer/cmd.h"
#include "signer/repo.h"
#include "signer/root_file.h"
#include "signer/root_show.h"

#include <inttypes.h>
#include <unistd.h>

enum { OPTION_FILE = 0x100 };

struct input {
	struct role_keys_input keys;
	struct authority_input authority;
	const char *file;
};

static const struct argp_option options[] = {
	{"file", OPTION_FILE, "FILE", 0,
	 "The root in preparation; default STORE.root.json", 0},
	ROLE_KEYS_OPTIONS,
	AUTHORITY_OPTIONS,
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;
	bool ok;

	if (role_keys_option(key, arg, &in->keys, &ok, err) ||
	    authority_option(key, arg, &in->authority, &ok, err))
		return ok;
	in->file = arg;
	return true;
}

/* What a verb works on. */
struct work {
	struct cmd_context *ctx;
	struct store *store; /* inside a transaction when the verb writes; or NULL */
	struct role_keys keys;
	const char *file;
	enum tuf_kind kind; /* of operand 1, where it is a role; TUF_KINDS: delegated */
	bool made;          /* key files of an authority */
	bool published;     /* the file in preparation is done with */
	const struct verb *verb;
	char said[1024];
};

static const char *operand(const struct work *w, size_t i)
{
	return w->ctx->operands[i];
}

/* ---- changes: of root's roles in the file, of delegated roles in the store ---- */

static bool edit(struct work *w,
		 bool (*change)(struct work *w, struct tuf_root *r, struct error *err),
		 struct error *err)
{
	AUTO(root_file_clear) struct root_file f = EMPTY;

	if (!root_file_open(w->file, w->store, &f, err) || !change(w, &f.root, err) ||
	    !root_file_write(&f, err))
		return false;
	cli_say(w->ctx->cli,
		"changed root %" PRId64 " in '%s': have it signed ('root sign'), then "
		"'root publish'",
		f.root.version, TEXT_SAFE(w->file));
	return true;
}

static void say_next(struct work *w)
{
	cli_say(w->ctx->cli, "%s: changed with the next 'publish'", operand(w, 1));
}

static bool add_to_root(struct work *w, struct tuf_root *r, struct error *err)
{
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;

	return role_keys_public(operand(w, 2), &key, err) &&
	       tuf_edit_add_key(r, w->kind, &key, err);
}

static bool add_key(struct work *w, struct error *err)
{
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;
	struct store_role_key k;

	if (w->kind != TUF_KINDS)
		return edit(w, add_to_root, err);
	if (!role_keys_public(operand(w, 2), &key, err))
		return false;
	k = (struct store_role_key){key.type, key.scheme, key.value, NULL};
	if (!store_tuf_add_key(w->store, operand(w, 1), &k, err))
		return false;
	say_next(w);
	return true;
}

static bool remove_from_root(struct work *w, struct tuf_root *r, struct error *err)
{
	return tuf_edit_remove_key(r, w->kind, operand(w, 2), err);
}

struct wanted {
	const char *id;
	char *value; /* of the key with that id; owned */
	unsigned count;
};

static bool find_key(void *arg, const struct store_role_key *k, struct error *err)
{
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;
	struct wanted *wanted = arg;

	wanted->count++;
	if (!tuf_key_init(NULL, k->type, k->scheme, k->value, &key, err))
		return false;
	if (!wanted->id || strcmp(key.id, wanted->id) != 0)
		return true;
	wanted->value = text_dup(k->value, strlen(k->value));
	return wanted->value || error_set(err, ERR_SYSTEM, "no memory");
}

static bool remove_delegated(struct work *w, struct wanted *wanted, struct error *err)
{
	struct store_role role;

	if (!store_tuf_each_key(w->store, operand(w, 1), find_key, wanted, err) ||
	    !store_tuf_role(w->store, operand(w, 1), &role, err))
		return false;
	if (!wanted->value)
		return error_set(err, ERR_NOT_FOUND, "%s has no key '%s'",
				 operand(w, 1), TEXT_SAFE(wanted->id));
	/* without a key of its own it is signed by those of targets again */
	if (wanted->count > 1 && role.threshold > wanted->count - 1)
		return error_set(err, ERR_USAGE,
				 "%s would have %u keys and a threshold of %u",
				 operand(w, 1), wanted->count - 1, role.threshold);
	return store_tuf_remove_key(w->store, operand(w, 1), wanted->value, err);
}

static bool remove_key(struct work *w, struct error *err)
{
	struct wanted wanted = {.id = w->ctx->operands[2]};
	bool ok;

	if (w->kind != TUF_KINDS)
		return edit(w, remove_from_root, err);
	ok = remove_delegated(w, &wanted, err);
	text_freep(&wanted.value);
	if (ok)
		say_next(w);
	return ok;
}

static bool number(const struct work *w, uint64_t max, unsigned *out, struct error *err)
{
	uint64_t n;

	if (!text_u64(operand(w, 2), 1, max, &n))
		return error_set(err, ERR_USAGE, "'%s' is no number from 1 to %" PRIu64,
				 TEXT_SAFE(operand(w, 2)), max);
	*out = (unsigned)n;
	return true;
}

static bool root_threshold(struct work *w, struct tuf_root *r, struct error *err)
{
	return number(w, 64, &r->roles[w->kind].threshold, err);
}

static bool threshold(struct work *w, struct error *err)
{
	struct wanted all = EMPTY;
	struct store_role role;

	if (w->kind != TUF_KINDS)
		return edit(w, root_threshold, err);
	if (!store_tuf_each_key(w->store, operand(w, 1), find_key, &all, err) ||
	    !store_tuf_role(w->store, operand(w, 1), &role, err) ||
	    !number(w, 64, &role.threshold, err))
		return false;
	if (role.threshold > all.count)
		return error_set(err, ERR_USAGE,
				 "%s would have %u keys of its own and a threshold of "
				 "%u",
				 operand(w, 1), all.count, role.threshold);
	if (!store_tuf_set_role(w->store, operand(w, 1), &role, err))
		return false;
	say_next(w);
	return true;
}

static bool root_expiry(struct work *w, struct tuf_root *r, struct error *err)
{
	(void)w;
	(void)r; /* it began with a fresh one */
	(void)err;
	return true;
}

static bool expiry(struct work *w, struct error *err)
{
	struct store_role role;

	if (!store_tuf_role(w->store, operand(w, 1), &role, err) ||
	    !number(w, 36500, &role.days, err) ||
	    !store_tuf_set_role(w->store, operand(w, 1), &role, err))
		return false;
	if (w->kind == TUF_ROOT)
		return edit(w, root_expiry, err);
	cli_say(w->ctx->cli, "%s: valid for %u days from its next version on",
		operand(w, 1), role.days);
	return true;
}

/* ---- the ceremony ---- */

static bool init(struct work *w, struct error *err)
{
	AUTO(tuf_role_clear_root) struct tuf_root old = EMPTY;
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_ROOT_MAX);
	const struct input *in = w->ctx->input;

	if (repo_root(w->store, &old, &file, err))
		return error_set(err, ERR_CONFLICT, "the store has its TUF roles");
	if (err->code != ERR_NOT_FOUND ||
	    !authority_make(w->store, &w->keys, &in->authority, err))
		return false;
	w->made = true;
	return true;
}

static bool make_key(struct work *w, struct error *err)
{
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;
	const struct input *in = w->ctx->input;

	if (!text_is_name(operand(w, 1), 64))
		return error_set(err, ERR_USAGE, "'%s' is no name for a key file",
				 TEXT_SAFE(operand(w, 1)));
	if (!role_keys_make(&w->keys, operand(w, 1), in->authority.scheme, &key, err))
		return false;
	cli_say(w->ctx->cli, "made '%s/%s.pem' and its public half '%s/%s.pub'",
		TEXT_SAFE(w->keys.dir), operand(w, 1), TEXT_SAFE(w->keys.dir),
		operand(w, 1));
	fprintf(w->ctx->cli->out, "%s\n", key.id);
	return true;
}

static bool sign(struct work *w, struct error *err)
{
	AUTO(root_file_clear) struct root_file f = EMPTY;
	size_t signatures;

	if (!root_file_open(w->file, NULL, &f, err) ||
	    !root_file_sign(&f, &w->keys, &signatures, err))
		return false;
	cli_say(w->ctx->cli, "signed root %" PRId64 " in '%s': it has %zu signature%s",
		f.root.version, TEXT_SAFE(w->file), signatures,
		signatures == 1 ? "" : "s");
	return true;
}

static bool publish(struct work *w, struct error *err)
{
	AUTO(root_file_clear) struct root_file f = EMPTY;

	if (!root_file_open(w->file, NULL, &f, err) ||
	    !root_file_publish(&f, w->store, err) ||
	    !repo_update(w->store, &w->keys, w->said, err))
		return false;
	w->published = true;
	return true;
}

static bool show(struct work *w, struct error *err)
{
	return root_show(w->ctx->cli, w->store, w->file, err);
}

/* ---- the command ---- */

enum needs { NO_STORE, READS, WRITES };

static const struct verb {
	const char *name, *operands;
	size_t count;
	bool role; /* operand 1 is one */
	enum needs needs;
	bool (*run)(struct work *w, struct error *err);
} verbs[] = {
	{"init", "", 1, false, WRITES, init},
	{"show", "", 1, false, READS, show},
	{"make-key", "NAME", 2, false, NO_STORE, make_key},
	{"add-key", "ROLE FILE.pub", 3, true, WRITES, add_key},
	{"remove-key", "ROLE KEYID", 3, true, WRITES, remove_key},
	{"threshold", "ROLE N", 3, true, WRITES, threshold},
	{"expiry", "ROLE DAYS", 3, true, WRITES, expiry},
	{"sign", "", 1, false, NO_STORE, sign},
	{"publish", "", 1, false, WRITES, publish},
};

static bool find_verb(struct work *w, const struct verb **out, struct error *err)
{
	const char *name = operand(w, 0);

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		const struct verb *v = &verbs[i];

		if (strcmp(v->name, name) != 0)
			continue;
		if (w->ctx->operand_count != v->count)
			return error_set(err, ERR_USAGE, "root %s takes %s", name,
					 *v->operands ? v->operands : "no operand");
		*out = v;
		return !v->role || authority_role(operand(w, 1), &w->kind, err);
	}
	return error_set(err, ERR_USAGE,
			 "root knows no '%s'; --help lists what it knows",
			 TEXT_SAFE(name));
}

static bool run_verb(struct store *s, void *arg, struct error *err)
{
	struct work *w = arg;

	(void)s;
	return w->verb->run(w, err);
}

/* Also true when that cannot be told: as it may be, where the very last step of keeping
 * it failed. */
static bool has_root(struct store *s)
{
	AUTO(tuf_role_clear_root) struct tuf_root root = EMPTY;
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_ROOT_MAX);
	struct error why;

	return repo_root(s, &root, &file, &why) || why.code != ERR_NOT_FOUND;
}

static bool run_writing(struct work *w, struct error *err)
{
	if (!cmd_change(w->ctx, w->store, run_verb, w, err)) {
		if (w->made && !has_root(w->store))
			authority_undo(&w->keys);
		return false;
	}
	if (w->made)
		authority_say(w->ctx->cli, &w->keys);
	if (w->published) {
		unlink(w->file);
		cli_say(w->ctx->cli, "published the new root%s%s",
			*w->said ? "; signed " : "", w->said);
	}
	return true;
}

static void work_clear(struct work *w)
{
	role_keys_clear(&w->keys);
	store_close(w->store);
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf dir = BUF_MAX(4096), file = BUF_MAX(4096);
	AUTO(work_clear) struct work w = {.ctx = ctx, .keys = ROLE_KEYS_INIT};
	const struct input *in = ctx->input;
	const struct verb *v;

	buf_printf(&file, "%s.root.json", ctx->store_path);
	if (!buf_ok(&file, err) || !find_verb(&w, &v, err) ||
	    !role_keys_from(&in->keys, ctx->store_path, &dir, &w.keys, err))
		return false;
	w.file = in->file ? in->file : file.data;
	w.verb = v;
	if (v->needs == NO_STORE)
		return v->run(&w, err);
	if (v->needs == WRITES)
		return cmd_open_to_change(ctx->store_path, &w.store, err) &&
		       run_writing(&w, err);
	return store_open(ctx->store_path, STORE_READ, &w.store, err) &&
	       v->run(&w, err);
}

const struct cmd cmd_root = {
	.name = "root",
	.operands = "init | show | make-key NAME | add-key ROLE FILE.pub | remove-key "
		    "ROLE KEYID | threshold ROLE N | expiry ROLE DAYS | sign | publish",
	.summary = "the TUF roles, and the ceremony of a new root",
	.doc = "ROLE is root, targets, snapshot, timestamp, index, or el8 and so on "
	       "for the manifests of one EL. Changes of the first four make a root in "
	       "preparation, a file that 'sign' signs, on several machines in turn and "
	       "without a store, and 'publish' publishes once the thresholds of the "
	       "old root and of the new one are met.",
	.examples = "fips-manifest root show\n"
		    "fips-manifest root make-key second-root",
	.operands_min = 1,
	.operands_max = 3,
	.need = CMD_NO_STORE, /* each verb opens it as it needs */
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
