/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init: make a store, and the TUF roles of its tree with their keys.
 *
 * Without anybody to ask for a passphrase there are no roles, and that is said:
 * 'root init' makes them later.
 */
#include "core/text.h"
#include "signer/authority.h"
#include "signer/cmd.h"
#include "signer/passphrase.h"

#include <unistd.h>

enum { OPTION_NO_ROLES = 0x100 };

struct input {
	struct role_keys_input keys;
	struct authority_input authority;
	bool no_roles;
};

static const struct argp_option options[] = {
	ROLE_KEYS_OPTIONS,
	AUTHORITY_OPTIONS,
	{"no-roles", OPTION_NO_ROLES, NULL, 0,
	 "Make no TUF roles: for a mirror, or for 'root init' later", 0},
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;
	bool ok;

	if (role_keys_option(key, arg, &in->keys, &ok, err) ||
	    authority_option(key, arg, &in->authority, &ok, err))
		return ok;
	in->no_roles = true;
	return true;
}

static bool make_roles(const char *path, struct role_keys *keys,
		       const struct authority_input *in, struct error *err)
{
	AUTO(store_closep) struct store *s = NULL;

	if (!store_open(path, STORE_WRITE, &s, err) || !store_begin(s, err) ||
	    !authority_make(s, keys, in, err))
		return false;
	if (store_commit(s, err))
		return true;
	authority_undo(keys);
	return false;
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf dir = BUF_MAX(4096);
	AUTO(role_keys_clear) struct role_keys keys = ROLE_KEYS_INIT;
	const struct input *in = ctx->input;
	const char *path = ctx->store_path;
	bool roles = !in->no_roles && passphrase_can_ask(in->keys.passphrase_fd - 1);

	if (!role_keys_from(&in->keys, path, &dir, &keys, err) ||
	    !store_create(path, err))
		return false;
	if (roles && (!role_keys_unlock(&keys, true, err) ||
		      !make_roles(path, &keys, &in->authority, err))) {
		unlink(path);
		return false;
	}
	cli_say(ctx->cli, "made the store '%s'", TEXT_SAFE(path));
	if (roles)
		authority_say(ctx->cli, &keys);
	else if (!in->no_roles)
		cli_say(ctx->cli,
			"made no TUF roles: there is no terminal to ask for a "
			"passphrase at, and no --passphrase-fd; 'root init' "
			"makes them");
	return true;
}

const struct cmd cmd_init = {
	.name = "init",
	.operands = "",
	.summary = "make a store, and the TUF roles of its tree",
	.doc = "An existing file is never touched. The keys of the roles root, "
	       "targets, "
	       "snapshot and timestamp are encrypted with one passphrase.",
	.examples = "fips-manifest init\n"
		    "fips-manifest --store mirror.db init --no-roles",
	.need = CMD_NO_STORE,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
