/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/root_show.h"

#include "core/store_tuf.h"
#include "core/text.h"
#include "core/tuf_find.h"
#include "signer/cmd.h"
#include "signer/repo.h"
#include "signer/root_file.h"

#include <inttypes.h>

static void show(FILE *out, const char *what, const struct tuf_root *r)
{
	char expires[TEXT_TIME_SIZE];

	text_time(r->expires, expires);
	fprintf(out, "%s %" PRId64 ", expires %s\n", what, r->version, expires);
	for (int k = 0; k < TUF_KINDS; k++) {
		const struct tuf_signers *s = &r->roles[k];

		fprintf(out, "  %-10s %u of %zu\n", tuf_role_name((enum tuf_kind)k),
			s->threshold, s->count);
		for (size_t i = 0; i < s->count; i++) {
			const struct tuf_key *key = tuf_find_key(&r->keys, s->ids[i]);

			fprintf(out, "    %s %s\n", TEXT_SAFE(s->ids[i]),
				key ? TEXT_SAFE(key->scheme) : "");
		}
	}
}

static void put(struct json_writer *w, const char *key, const struct tuf_root *r)
{
	static const enum tuf_kind sorted[] = {TUF_ROOT, TUF_SNAPSHOT, TUF_TARGETS,
					       TUF_TIMESTAMP};

	json_open(w, key, '{');
	cmd_put_time(w, "expires", r->expires);
	json_open(w, "roles", '{');
	for (size_t k = 0; k < ARRAY_LEN(sorted); k++) {
		const struct tuf_signers *s = &r->roles[sorted[k]];

		json_open(w, tuf_role_name(sorted[k]), '{');
		json_open(w, "keyids", '[');
		for (size_t i = 0; i < s->count; i++)
			json_put_string(w, NULL, s->ids[i]);
		json_close(w);
		json_put_integer(w, "threshold", s->threshold);
		json_close(w);
	}
	json_close(w);
	json_put_integer(w, "version", r->version);
	json_close(w);
}

/* ---- delegated roles that have keys of their own ---- */

struct delegated {
	struct store *store;
	FILE *out;             /* or: */
	struct json_writer *w; /* "delegated": {ROLE: {keyids, threshold}} */
	char role[STORE_ROLE_SIZE];
	unsigned threshold;
};

static void end_role(struct delegated *d)
{
	if (!d->w || !*d->role)
		return;
	json_close(d->w);
	json_put_integer(d->w, "threshold", d->threshold);
	json_close(d->w);
}

static bool begin_role(struct delegated *d, const char *role, struct error *err)
{
	struct store_role settings;

	end_role(d);
	snprintf(d->role, sizeof(d->role), "%s", role);
	if (!store_tuf_role(d->store, role, &settings, err))
		return false;
	d->threshold = settings.threshold;
	if (d->w) {
		json_open(d->w, role, '{');
		json_open(d->w, "keyids", '[');
	} else {
		fprintf(d->out, "  %-10s threshold %u\n", TEXT_SAFE(role),
			d->threshold);
	}
	return true;
}

static bool show_key(void *arg, const struct store_role_key *k, struct error *err)
{
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;
	struct delegated *d = arg;

	if ((strcmp(d->role, k->role) && !begin_role(d, k->role, err)) ||
	    !tuf_key_init(NULL, k->type, k->scheme, k->value, &key, err))
		return false;
	if (d->w)
		json_put_string(d->w, NULL, key.id);
	else
		fprintf(d->out, "    %s %s\n", key.id, TEXT_SAFE(key.scheme));
	return true;
}

static bool show_delegated(struct delegated *d, struct error *err)
{
	if (d->w)
		json_open(d->w, "delegated", '{');
	if (!store_tuf_each_key(d->store, "", show_key, d, err))
		return false;
	end_role(d);
	if (d->w)
		json_close(d->w);
	return true;
}

static bool print(const struct cli *cli, struct store *s, const struct tuf_root *r,
		  const struct root_file *f, const struct root_missing *n,
		  struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);
	struct json_writer w = json_writer(&text);

	json_open(&w, NULL, '{');
	if (!show_delegated(&(struct delegated){.store = s, .w = &w}, err))
		return false;
	if (f->there)
		put(&w, "preparation", &f->root);
	put(&w, "published", r);
	if (f->there) {
		json_open(&w, "signed", '{');
		json_put_integer(&w, "new", n->own_has);
		json_put_integer(&w, "new_needed", n->own_needs);
		json_put_integer(&w, "published", n->old_has);
		json_put_integer(&w, "published_needed", n->old_needs);
		json_close(&w);
	}
	json_close(&w);
	return cmd_print_json(cli, &w, err);
}

bool root_show(const struct cli *cli, struct store *s, const char *file,
	       struct error *err)
{
	AUTO(tuf_role_clear_root) struct tuf_root r = EMPTY;
	AUTO(root_file_clear) struct root_file f = EMPTY;
	AUTO(buf_clear) struct buf bytes = BUF_MAX(TUF_ROOT_MAX);
	struct root_missing n;

	if (!repo_root(s, &r, &bytes, err) || !root_file_open(file, s, &f, err))
		return false;
	root_file_count(&f, &r, &n);
	if (cli->json)
		return print(cli, s, &r, &f, &n, err);
	show(cli->out, "root", &r);
	if (!show_delegated(&(struct delegated){.store = s, .out = cli->out}, err))
		return false;
	if (!f.there)
		return true;
	show(cli->out, "in preparation: root", &f.root);
	fprintf(cli->out,
		"  signed by %u of %u keys of root %" PRId64
		" and %u of %u of its own\n",
		n.old_has, n.old_needs, r.version, n.own_has, n.own_needs);
	return true;
}
