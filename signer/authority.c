/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/authority.h"

#include "core/text.h"
#include "core/tuf_edit.h"
#include "core/tuf_write.h"
#include "signer/repo.h"

#include <time.h>

enum { DAY = 86400, DAYS_MAX = 36500 };

bool authority_role(const char *name, enum tuf_kind *kind, struct error *err)
{
	for (int k = 0; k < TUF_KINDS; k++)
		if (!strcmp(name, tuf_role_name((enum tuf_kind)k))) {
			*kind = (enum tuf_kind)k;
			return true;
		}
	*kind = TUF_KINDS;
	if (!strcmp(name, "index") ||
	    (text_starts(name, "el") && text_is_el(name + 2) && !strchr(name, '.')))
		return true;
	return error_set(err, ERR_USAGE,
			 "'%s' is no role; root, targets, snapshot, timestamp, index "
			 "and el8, el9 and so on are",
			 TEXT_SAFE(name));
}

/* ---- options ---- */

static bool set_scheme(const char *name, enum tuf_scheme *out, struct error *err)
{
	static const struct {
		const char *name;
		enum tuf_scheme scheme;
	} schemes[] = {
		{"ecdsa", TUF_ECDSA_P256},
		{"rsa", TUF_RSA_PSS_3072},
		{"ed25519", TUF_ED25519},
	};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (!strcmp(name, schemes[i].name)) {
			*out = schemes[i].scheme;
			return true;
		}
	return error_set(err, ERR_USAGE, "'%s' is none of ecdsa, rsa, ed25519",
			 TEXT_SAFE(name));
}

static bool add_expiry(const char *arg, struct authority_input *in, struct error *err)
{
	const char *equals = strchr(arg, '=');
	enum tuf_kind kind;
	uint64_t days;

	if (in->expiry_count == ARRAY_LEN(in->expiry))
		return error_set(err, ERR_USAGE, "--expiry is given too often");
	if (!equals || (size_t)(equals - arg) >= sizeof(in->expiry[0].name) ||
	    !text_u64(equals + 1, 1, DAYS_MAX, &days))
		return error_set(err, ERR_USAGE,
				 "--expiry takes ROLE=DAYS, 1 to %d days", DAYS_MAX);
	memcpy(in->expiry[in->expiry_count].name, arg, (size_t)(equals - arg));
	in->expiry[in->expiry_count].days = (unsigned)days;
	return authority_role(in->expiry[in->expiry_count++].name, &kind, err);
}

bool authority_option(int key, char *arg, struct authority_input *in, bool *ok,
		      struct error *err)
{
	if (key == AUTHORITY_OPTION_SCHEME)
		*ok = set_scheme(arg, &in->scheme, err);
	else if (key == AUTHORITY_OPTION_EXPIRY)
		*ok = add_expiry(arg, in, err);
	else
		return false;
	return true;
}

/* ---- making ---- */

static void take_away(const struct role_keys *keys, int kinds)
{
	for (int k = 0; k < kinds; k++)
		role_keys_unmake(keys, tuf_role_name((enum tuf_kind)k));
}

void authority_say(const struct cli *cli, const struct role_keys *keys)
{
	cli_say(cli, "made the TUF roles; their keys are in '%s'%s",
		TEXT_SAFE(keys->dir),
		role_keys_on_token(keys, "root") ? ""
						 : ": move root.pem to a safe place");
}

void authority_undo(const struct role_keys *keys)
{
	take_away(keys, TUF_KINDS);
}

/* The keys of a role that DIR/ROLE.uri names. */
static bool take_keys(struct role_keys *keys, struct tuf_root *root, enum tuf_kind kind,
		      struct error *err)
{
	AUTO(role_keys_drop) struct role_secrets secrets = EMPTY;

	if (!role_keys_load(keys, tuf_role_name(kind), &secrets, err))
		return error_prefix(err, "%s", tuf_role_name(kind));
	for (size_t i = 0; i < secrets.count; i++) {
		AUTO(tuf_key_clear) struct tuf_key key = EMPTY;

		if (!tuf_sign_public(secrets.list[i], &key, err) ||
		    !tuf_edit_add_key(root, kind, &key, err))
			return error_prefix(err, "%s", tuf_role_name(kind));
	}
	return secrets.count > 0 ||
	       error_set(err, ERR_FORMAT, "%s.uri names no key", tuf_role_name(kind));
}

static bool make_keys(struct role_keys *keys, enum tuf_scheme scheme,
		      struct tuf_root *root, struct error *err)
{
	for (int k = 0; k < TUF_KINDS; k++) {
		AUTO(tuf_key_clear) struct tuf_key key = EMPTY;
		enum tuf_kind kind = (enum tuf_kind)k;
		const char *role = tuf_role_name(kind);
		bool token = role_keys_on_token(keys, role);

		if (token ? !take_keys(keys, root, kind, err)
			  : !role_keys_make(keys, role, scheme, &key, err)) {
			take_away(keys, k);
			return false;
		}
		if (!token && !tuf_edit_add_key(root, kind, &key, err)) {
			take_away(keys, k + 1);
			return false;
		}
		root->roles[k].threshold = 1;
	}
	return true;
}

static bool put_root(struct store *s, struct role_keys *keys, struct tuf_root *root,
		     struct error *err)
{
	AUTO(buf_clear) struct buf body = BUF_MAX(TUF_ROOT_MAX);
	AUTO(buf_clear) struct buf file = BUF_MAX(TUF_ROOT_MAX);
	AUTO(role_keys_drop) struct role_secrets secrets = EMPTY;
	struct store_metadata m = {.role = "root", .version = 1};
	unsigned days;

	if (!repo_days(s, "root", &days, err))
		return false;
	m.expires = root->expires = time(NULL) + (int64_t)days * DAY;
	root->version = 1;
	root->consistent = true;
	if (!tuf_write_root(root, &body, err) ||
	    !role_keys_load(keys, "root", &secrets, err) ||
	    !tuf_sign_new(TUF_ROOT, body.data, body.len, secrets.list, secrets.count,
			  &file, err))
		return false;
	m.size = file.len;
	return store_tuf_put(s, &m, file.data, 0, err);
}

static bool set_expiry(struct store *s, const struct authority_input *in,
		       struct error *err)
{
	for (size_t i = 0; i < in->expiry_count; i++) {
		struct store_role r;

		if (!store_tuf_role(s, in->expiry[i].name, &r, err))
			return false;
		r.days = in->expiry[i].days;
		if (!store_tuf_set_role(s, in->expiry[i].name, &r, err))
			return false;
	}
	return true;
}

bool authority_make(struct store *s, struct role_keys *keys,
		    const struct authority_input *in, struct error *err)
{
	AUTO(tuf_role_clear_root) struct tuf_root root = EMPTY;
	char said[1024];

	if (!make_keys(keys, in->scheme, &root, err))
		return false;
	if (set_expiry(s, in, err) && put_root(s, keys, &root, err) &&
	    repo_update(s, keys, said, err))
		return true;
	authority_undo(keys);
	return false;
}
