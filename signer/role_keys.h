/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_keys: the private keys of TUF roles, in one folder.
 *
 * The keys of role ROLE are DIR/ROLE.pem and DIR/ROLE-*.pem (encrypted PKCS#8), and
 * those that DIR/ROLE.uri names, a line each ("pkcs11:..."). A delegated role without
 * keys of its own is signed by those of "targets".
 *
 * Rules: only the keys of the role that is to be signed are opened, so the root key
 * may lie elsewhere; one passphrase opens all, and is asked for once and only when a
 * key is opened. For a token it is the PIN, unless the URI names a pin-source. A
 * site's keys (statement.h) lie here under the name of a role "site"; they alone may be
 * plain, so that a timer can sign.
 */
#ifndef SIGNER_ROLE_KEYS_H
#define SIGNER_ROLE_KEYS_H

#include "core/tuf_sign.h"

#include "core/cli.h"

enum { ROLE_KEYS_MAX = 64 };

struct role_keys {
	const char *dir;   /* borrowed */
	int passphrase_fd; /* -1: the terminal */
	struct buf passphrase;
	bool plain; /* keys may lie, and are made, without a passphrase */
};

#define ROLE_KEYS_INIT                                                                 \
	{                                                                              \
		.passphrase_fd = -1, .passphrase = BUF_MAX(1024)                       \
	}
void role_keys_clear(struct role_keys *k);

/* Ask for the passphrase unless it is known. */
bool role_keys_unlock(struct role_keys *k, bool twice, struct error *err) MUST_CHECK;

struct role_secrets {
	struct tuf_secret *list[ROLE_KEYS_MAX];
	size_t count;
};

/* Every private key of the role; none is no error. */
bool role_keys_load(struct role_keys *k, const char *role, struct role_secrets *out,
		    struct error *err) MUST_CHECK;
void role_keys_drop(struct role_secrets *s);

/* Does DIR/ROLE.uri name where the role's keys are? */
bool role_keys_on_token(const struct role_keys *k, const char *role) MUST_CHECK;

/* Make a key and keep it as DIR/NAME.pem, its public half beside it as DIR/NAME.pub.
 * Makes the folder (0700). ERR_CONFLICT when either file is there. */
bool role_keys_make(struct role_keys *k, const char *name, enum tuf_scheme scheme,
		    struct tuf_key *out, struct error *err) MUST_CHECK;

/* Take the two files away again, and the folder where it is empty then; not what a
 * token holds. */
void role_keys_unmake(const struct role_keys *k, const char *name);

/* A public key from a PEM file, as metadata has it. */
bool role_keys_public(const char *path, struct tuf_key *out,
		      struct error *err) MUST_CHECK;

/* ---- the options that every command with role keys has ---- */

struct role_keys_input {
	const char *dir;   /* --role-keys; NULL: the store's path + ".keys" */
	int passphrase_fd; /* --passphrase-fd, plus 1 */
};
enum { ROLE_KEYS_OPTION_DIR = 0x200, ROLE_KEYS_OPTION_FD };
#define ROLE_KEYS_OPTIONS                                                              \
	{"role-keys",                                                                  \
	 ROLE_KEYS_OPTION_DIR,                                                         \
	 "DIR",                                                                        \
	 0,                                                                            \
	 "The private keys of TUF roles, or of a site; default STORE.keys",            \
	 0},                                                                           \
	{                                                                              \
		"passphrase-fd", ROLE_KEYS_OPTION_FD, "N", 0,                          \
			"Read the passphrase of the keys from descriptor N", 0         \
	}
/* True when the key was one of the two; *ok tells whether its value was good. */
bool role_keys_option(int key, char *arg, struct role_keys_input *in, bool *ok,
		      struct error *err) MUST_CHECK;
/* The same as all that a command has: cmd->options and cmd->parse over a struct
 * role_keys_input. */
extern const struct argp_option role_keys_options[];
bool role_keys_parse(int key, char *arg, void *input, struct error *err) MUST_CHECK;
/* Fill `out` from the options; `dir` keeps the default's text. */
bool role_keys_from(const struct role_keys_input *in, const char *store_path,
		    struct buf *dir, struct role_keys *out,
		    struct error *err) MUST_CHECK;

#endif
