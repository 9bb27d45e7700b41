/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/intake_report.h"

#include "core/json.h"
#include "core/text.h"
#include "core/tree.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

static const char *const words[] = {
	[INTAKE_NEW] = "new",
	[INTAKE_REPLACED] = "replaced",
	[INTAKE_WITHDRAWN] = "withdrawn",
	[INTAKE_GONE] = "gone",
	[INTAKE_KEY_NEW] = "key new",
	[INTAKE_KEY_GONE] = "key gone",
	[INTAKE_TOOL_NEW] = "tool new",
	[INTAKE_TOOL_GONE] = "tool gone",
	[INTAKE_ROOT] = "root",
};

void intake_report_clear(struct intake_report *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->lines[i].detail);
	free(r->lines);
}

static bool add(struct intake_report *r, enum intake_change change, const char *subject,
		const char *detail, struct error *err)
{
	struct intake_line line = {.change = change,
				   .detail = text_dup(detail, strlen(detail))};

	if (!line.detail)
		return error_set(err, ERR_SYSTEM, "no memory");
	snprintf(line.subject, sizeof(line.subject), "%s", subject);
	if (r->count == r->room) {
		size_t room = r->room * 2 + 16;
		void *grown = reallocarray(r->lines, room, sizeof(*r->lines));

		if (!grown) {
			free(line.detail);
			return error_set(err, ERR_SYSTEM, "no memory");
		}
		r->lines = grown;
		r->room = room;
	}
	r->lines[r->count++] = line;
	return true;
}

/* ---- manifests ---- */

/* The manifests of an index by their paths. */
struct by_path {
	const struct index_manifest **list;
	size_t count;
};

static void by_path_clear(struct by_path *p)
{
	free(p->list);
}

static int path_cmp(const void *a, const void *b)
{
	const struct index_manifest *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

static bool by_path_make(const struct index *x, struct by_path *out, struct error *err)
{
	out->count = x->manifest_count;
	out->list = reallocarray(NULL, out->count + 1, sizeof(*out->list));
	if (!out->list)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < out->count; i++)
		out->list[i] = &x->manifests[i];
	qsort(out->list, out->count, sizeof(*out->list), path_cmp);
	return true;
}

/* The one that has the same path as `m`; NULL: there is none. */
static const struct index_manifest *find(const struct by_path *p,
					 const struct index_manifest *m)
{
	const struct index_manifest *const *found =
		bsearch(&m, p->list, p->count, sizeof(*p->list), path_cmp);

	return found ? *found : NULL;
}

static const struct index_withdrawn *why_gone(const struct index *x,
					      const struct index_manifest *m)
{
	for (size_t i = 0; i < x->withdrawn_count; i++)
		if (digest_equal(&x->withdrawn[i].digest, &m->digest))
			return &x->withdrawn[i];
	return NULL;
}

static const char *id_of(const struct index_manifest *m, char *out, size_t size)
{
	snprintf(out, size, "el%s/%s/%s@%u", m->el, m->kubernetes, m->arch,
		 m->revision);
	return out;
}
#define ID(m) id_of(m, (char[160]){0}, 160)

static bool add_came(struct intake_report *r, const struct by_path *old,
		     const struct index_manifest *m, struct error *err)
{
	const struct index_manifest *was = find(old, m);
	char detail[64];

	if (!was)
		return add(r, INTAKE_NEW, ID(m), "", err);
	if (digest_equal(&was->file_digest, &m->file_digest))
		return true;
	if (was->revision == m->revision)
		snprintf(detail, sizeof(detail), "other signatures");
	else
		snprintf(detail, sizeof(detail), "was revision %u", was->revision);
	return add(r, INTAKE_REPLACED, ID(m), detail, err);
}

static bool add_went(struct intake_report *r, const struct bundle *b,
		     const struct by_path *now, const struct index_manifest *m,
		     struct error *err)
{
	const struct index_withdrawn *why;

	if (bundle_wants(b->options, m->path) && find(now, m))
		return true;
	why = why_gone(&b->index, m);
	return why ? add(r, INTAKE_WITHDRAWN, ID(m), why->reason, err)
		   : add(r, INTAKE_GONE, ID(m), "", err);
}

static bool add_manifests(struct intake_report *r, const struct bundle *b,
			  const struct index *old, struct error *err)
{
	AUTO(by_path_clear) struct by_path was = EMPTY;
	AUTO(by_path_clear) struct by_path is = EMPTY;
	const struct index *now = &b->index;

	if (!by_path_make(old, &was, err) || !by_path_make(now, &is, err))
		return false;
	for (size_t i = 0; i < now->manifest_count; i++)
		if (bundle_wants(b->options, now->manifests[i].path) &&
		    !add_came(r, &was, &now->manifests[i], err))
			return false;
	for (size_t i = 0; i < old->manifest_count; i++)
		if (!add_went(r, b, &is, &old->manifests[i], err))
			return false;
	return true;
}

/* ---- tools, keys, root ---- */

static bool has_tool(const struct index *x, const struct index_tool *t)
{
	for (size_t i = 0; i < x->tool_count; i++)
		if (!strcmp(x->tools[i].path, t->path))
			return true;
	return false;
}

static bool add_tools(struct intake_report *r, const struct index *from,
		      const struct index *to, enum intake_change change,
		      struct error *err)
{
	for (size_t i = 0; i < to->tool_count; i++) {
		const struct index_tool *t = &to->tools[i];

		if (!has_tool(from, t) && !add(r, change, strrchr(t->path, '/') + 1,
					       DIGEST_HEX(&t->digest), err))
			return false;
	}
	return true;
}

static bool has_key(const struct pgp_keyring *k, const char *fpr)
{
	for (size_t i = 0; i < k->key_count; i++)
		if (!strcmp(k->keys[i].fpr, fpr))
			return true;
	return false;
}

static bool add_keys(struct intake_report *r, const struct pgp_keyring *from,
		     const struct pgp_keyring *to, enum intake_change change,
		     struct error *err)
{
	for (size_t i = 0; i < to->key_count; i++)
		if (!has_key(from, to->keys[i].fpr) &&
		    !add(r, change, to->keys[i].fpr, to->keys[i].uid, err))
			return false;
	return true;
}

static bool add_trust(struct intake_report *r, struct bundle *b, struct error *err)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring old = EMPTY;
	AUTO(buf_clear) struct buf bytes = BUF_MAX(PGP_KEYRING_MAX);
	char subject[32], detail[32];

	if (!store_keyring(b->store, &bytes, err) ||
	    (bytes.len && !pgp_keyring_parse(bytes.data, bytes.len, &old, err)))
		return false;
	if (!add_keys(r, &old, &b->keyring, INTAKE_KEY_NEW, err) ||
	    !add_keys(r, &b->keyring, &old, INTAKE_KEY_GONE, err))
		return false;
	if (b->root == b->old_root)
		return true;
	snprintf(subject, sizeof(subject), "%" PRId64, b->root);
	snprintf(detail, sizeof(detail), "was %" PRId64, b->old_root);
	return add(r, INTAKE_ROOT, subject, b->old_root ? detail : "", err);
}

/* Of an index, the part that the store kept. */
static bool old_index(struct bundle *b, struct tree *out, struct error *err)
{
	const struct bundle_options kept = {.el = b->mirror.el,
					    .kubernetes = b->mirror.kubernetes};
	struct index *x = &out->index;
	size_t n = 0;

	if (!b->old_snapshot)
		return true;
	if (!tree_from_store_current(b->store, out, err))
		return false;
	for (size_t i = 0; i < x->manifest_count; i++) {
		if (bundle_wants(&kept, x->manifests[i].path))
			x->manifests[n++] = x->manifests[i];
		else
			free(x->manifests[i].signers);
	}
	x->manifest_count = n;
	return true;
}

bool intake_report_make(struct bundle *b, struct intake_report *out, struct error *err)
{
	AUTO(intake_report_clear) struct intake_report r = EMPTY;
	AUTO(tree_clear) struct tree old = EMPTY;

	if (!old_index(b, &old, err) || !add_manifests(&r, b, &old.index, err) ||
	    !add_tools(&r, &old.index, &b->index, INTAKE_TOOL_NEW, err) ||
	    !add_tools(&r, &b->index, &old.index, INTAKE_TOOL_GONE, err) ||
	    !add_trust(&r, b, err))
		return false;
	*out = TAKE(r);
	return true;
}

/* ---- printing ---- */

static void put_version(struct json_writer *w, const char *key, int64_t from,
			int64_t to)
{
	json_open(w, key, '{');
	json_put_integer(w, "from", from);
	json_put_integer(w, "to", to);
	json_close(w);
}

static bool print_json(const struct cli *cli, const struct bundle *b,
		       const struct intake_report *r, bool dry_run, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(1 << 28);
	struct json_writer w = json_writer(&text);

	json_open(&w, NULL, '{');
	json_open(&w, "changes", '[');
	for (size_t i = 0; i < r->count; i++) {
		json_open(&w, NULL, '{');
		json_put_string(&w, "change", words[r->lines[i].change]);
		json_put_optional(&w, "detail",
				  *r->lines[i].detail ? r->lines[i].detail : NULL);
		json_put_string(&w, "subject", r->lines[i].subject);
		json_close(&w);
	}
	json_close(&w);
	json_put_bool(&w, "dry_run", dry_run);
	json_open(&w, "relaxed", '[');
	for (size_t i = 0; i < b->relaxed_count; i++)
		json_put_string(&w, NULL, b->relaxed[i]);
	json_close(&w);
	put_version(&w, "root", b->old_root, b->root);
	put_version(&w, "snapshot", b->old_snapshot, b->snapshot);
	json_put_integer(&w, "timestamp", b->timestamp);
	json_close(&w);
	if (!json_write_end(&w, err))
		return false;
	fputs(text.data, cli->out);
	return true;
}

static void print_text(const struct cli *cli, const struct bundle *b,
		       const struct intake_report *r)
{
	for (size_t i = 0; i < b->relaxed_count; i++)
		fprintf(cli->out, "%-10s %s\n", "relaxed", b->relaxed[i]);
	for (size_t i = 0; i < r->count; i++) {
		const struct intake_line *l = &r->lines[i];

		fprintf(cli->out, "%-10s %s%s%s%s\n", words[l->change], l->subject,
			*l->detail ? " (" : "", TEXT_SAFE(l->detail),
			*l->detail ? ")" : "");
	}
}

bool intake_report_print(const struct cli *cli, const struct bundle *b,
			 const struct intake_report *r, bool dry_run, struct error *err)
{
	if (cli->json)
		return print_json(cli, b, r, dry_run, err);
	print_text(cli, b, r);
	if (b->snapshot == b->old_snapshot && b->root != b->old_root)
		cli_say(cli,
			"%s root %" PRId64 " (before: %" PRId64
			"), and nothing else: snapshot %" PRId64 ", timestamp %" PRId64,
			dry_run ? "would take" : "took", b->root, b->old_root,
			b->snapshot, b->timestamp);
	else if (b->snapshot == b->old_snapshot)
		cli_say(cli, "nothing new: snapshot %" PRId64 ", timestamp %" PRId64,
			b->snapshot, b->timestamp);
	else
		cli_say(cli,
			"%s snapshot %" PRId64 " (before: %" PRId64
			"), timestamp %" PRId64 ", root %" PRId64,
			dry_run ? "would take" : "took", b->snapshot, b->old_snapshot,
			b->timestamp, b->root);
	return true;
}
