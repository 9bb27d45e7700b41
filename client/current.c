/* SPDX-License-Identifier: Apache-2.0 */
#include "client/current.h"

#include "client/fetch.h"
#include "core/file.h"
#include "core/http.h"
#include "core/index.h"
#include "core/remote.h"
#include "core/text.h"
#include "core/tree.h"
#include "core/tree_tuf.h"
#include "trust.inc"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { URL_MAX = 4096 };

static const char keyring_target[] = "keys/release.asc";
static const char index_target[] = "index.json";
static const char sums_target[] = "tool/SHA256SUMS.asc";

static const char *state_of(const struct current_options *o)
{
	return o->state ? o->state : CURRENT_STATE_DEFAULT;
}

/* Where the tree is, as people may see it. */
static void put_place(const struct current_options *o, struct buf *out)
{
	if (o->server)
		http_name(o->server, out);
	else
		buf_puts(out, state_of(o));
}

bool current_applies(const struct current_options *o)
{
	AUTO(text_freep) char *root = file_join(state_of(o), "root.json");

	return o->as_of_last_seen || o->state || o->local || o->site_key || o->trust ||
	       sizeof(trust_root) > 1 || (root && !access(root, F_OK));
}

/* ---- fetching ---- */

/* A target as a file of the state folder; its path, to be freed, in *path. */
static bool save(struct current *c, const struct current_options *o,
		 const struct tuf_target *t, char **path, struct error *err)
{
	AUTO(buf_clear) struct buf file = BUF_MAX(PATH_MAX);
	bool fetched;

	buf_printf(&file, "%s/targets", state_of(o));
	if (!buf_ok(&file, err) || !file_mkdir(file.data, 0755, err))
		return false;
	buf_putc(&file, '/');
	text_percent(t->path, "", &file);
	if (!buf_ok(&file, err) ||
	    !tuf_client_save(c->client, t, file.data, &fetched, err))
		return false;
	*path = buf_take(&file);
	return *path || error_set(err, ERR_SYSTEM, "no memory");
}

/* Which Kubernetes version: the user's, or the only one of the index, which is a target
 * like the others. */
static bool choose_version(struct current *c, const struct current_options *o,
			   struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(INDEX_TEXT_MAX);
	AUTO(index_clear) struct index x = EMPTY;
	AUTO(text_freep) char *path = NULL;
	const struct tuf_target *t = NULL;
	const char *version = o->kubernetes;

	if (!version && (!tuf_client_find(c->client, index_target, &t, err) ||
			 !save(c, o, t, &path, err) || !file_read(path, &text, err) ||
			 !index_parse(text.data ? text.data : "", text.len, &x, err) ||
			 !fetch_version(&x, o->el, o->arch, &version, err)))
		return false;
	snprintf(c->wanted, sizeof(c->wanted), "%s", version);
	return true;
}

/* The target for one EL; *t NULL when nobody vouches for such a path. */
static bool find(struct current *c, const struct current_options *o, const char *el,
		 const struct tuf_target **t, struct error *err)
{
	char path[256];

	snprintf(path, sizeof(path), "manifests/%s/manifest-el%s-%s.json.asc",
		 c->wanted, el, o->arch);
	*t = NULL;
	return tuf_client_find(c->client, path, t, err) || err->code == ERR_NOT_FOUND;
}

/* "8.4" asks for a statement on 8.4, then for one on every 8.x. */
static bool choose(struct current *c, const struct current_options *o,
		   const struct tuf_target **t, struct error *err)
{
	AUTO(buf_clear) struct buf place = BUF_MAX(URL_MAX);
	char major[8];

	snprintf(major, sizeof(major), "%.*s", (int)strcspn(o->el, "."), o->el);
	if (!find(c, o, o->el, t, err) ||
	    (!*t && strcmp(major, o->el) && !find(c, o, major, t, err)))
		return false;
	put_place(o, &place);
	return *t || error_set(err, ERR_NOT_FOUND,
			       "'%s' has no manifest for EL %s, Kubernetes %s, %s",
			       TEXT_SAFE(place.data), o->el, c->wanted, o->arch);
}

static bool copy_word(struct json v, const char *key, char *out, size_t size,
		      struct error *err)
{
	const char *s;

	if (!json_get_string(v, key, &s, err))
		return false;
	if (strlen(s) >= size)
		return error_set(err, ERR_LIMIT, "'%s' is too long", key);
	snprintf(out, size, "%s", s);
	return true;
}

static bool add_withdrawn(struct current *c, struct json v, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(4096);
	const char *reason;
	int64_t revision;

	if (!json_as_object(v, err) ||
	    !json_get_integer(v, "revision", 1, INT32_MAX, &revision, err) ||
	    !json_get_string(v, "reason", &reason, err))
		return error_prefix(err, "withdrawn");
	buf_printf(&text, "revision %" PRId64 " was withdrawn: %s", revision, reason);
	c->withdrawn[c->withdrawn_count] = buf_take(&text);
	return c->withdrawn[c->withdrawn_count++] || buf_ok(&text, err);
}

/* What the metadata say of earlier revisions that were taken out. */
static bool read_withdrawn(struct current *c, struct json v, struct error *err)
{
	struct json list;

	if (!json_has(v, "withdrawn"))
		return true;
	if (!json_get(v, "withdrawn", JSON_KIND_ARRAY, &list, err))
		return false;
	c->withdrawn = calloc(json_count(list) + 1, sizeof(*c->withdrawn));
	if (!c->withdrawn)
		return error_set(err, ERR_SYSTEM, "no memory");
	for (size_t i = 0; i < json_count(list); i++)
		if (!add_withdrawn(c, json_at(list, i), err))
			return false;
	return true;
}

static bool read_custom(struct current *c, const struct tuf_target *t,
			struct error *err)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	const char *text = t->custom ? t->custom : "{}";
	struct json v;

	if (!json_parse(text, strlen(text), TUF_TARGETS_MAX, &doc, err))
		return false;
	v = json_root(&doc);
	return json_as_object(v, err) &&
	       copy_word(v, "el", c->el, sizeof(c->el), err) &&
	       copy_word(v, "kubernetes", c->kubernetes, sizeof(c->kubernetes), err) &&
	       copy_word(v, "arch", c->arch, sizeof(c->arch), err) &&
	       json_get_integer(v, "revision", 1, INT32_MAX, &c->revision, err) &&
	       read_withdrawn(c, v, err);
}

/* The custom part must name what was asked for. */
static bool check_custom(const struct current *c, const struct current_options *o,
			 struct error *err)
{
	if (text_el_covers(c->el, o->el) && !strcmp(c->kubernetes, c->wanted) &&
	    !strcmp(c->arch, o->arch))
		return true;
	return error_set(err, ERR_UNTRUSTED,
			 "the metadata say EL %s, Kubernetes %s, %s", TEXT_SAFE(c->el),
			 TEXT_SAFE(c->kubernetes), TEXT_SAFE(c->arch));
}

/* The target's content and where it comes from. */
static bool take_target(struct current *c, const struct current_options *o,
			const struct tuf_target *t, struct error *err)
{
	AUTO(buf_clear) struct buf place = BUF_MAX(URL_MAX);
	AUTO(text_freep) char *path = NULL;

	if (!save(c, o, t, &path, err) || !file_read(path, &c->file, err))
		return false;
	put_place(o, &place);
	c->origin = buf_ok(&place, err) ? file_join(place.data, t->path) : NULL;
	return c->origin || error_set(err, ERR_SYSTEM, "no memory");
}

static bool take_manifest(struct current *c, const struct current_options *o,
			  struct error *err)
{
	const struct tuf_target *t = NULL;

	if (!choose_version(c, o, err) || !choose(c, o, &t, err))
		return false;
	if (!read_custom(c, t, err) || !check_custom(c, o, err))
		return error_prefix(err, "target '%s'", TEXT_SAFE(t->path));
	return take_target(c, o, t, err);
}

static bool take_sums(struct current *c, const struct current_options *o,
		      struct error *err)
{
	const struct tuf_target *t = NULL;

	return tuf_client_find(c->client, sums_target, &t, err) &&
	       take_target(c, o, t, err);
}

static bool take_keyring(struct current *c, const struct current_options *o,
			 struct error *err)
{
	const struct tuf_target *t = NULL;

	return tuf_client_find(c->client, keyring_target, &t, err) &&
	       save(c, o, t, &c->keyring, err);
}

static bool read_trust(const struct current_options *o, struct buf *out,
		       struct error *err)
{
	if (o->trust)
		return file_read(o->trust, out, err) &&
		       (out->len || error_set(err, ERR_FORMAT, "'%s' is empty",
					      TEXT_SAFE(o->trust)));
	buf_append(out, trust_root, sizeof(trust_root) - 1);
	return buf_ok(out, err);
}

/* Where the tree is: one of the first two, or neither. */
struct carrier {
	struct tree_source *carried;
	struct http *http;
	struct buf metadata, targets, statement; /* URLs */
	struct remote remote;
	struct tuf_source source;
};

static void carrier_clear(struct carrier *c)
{
	tree_source_close(c->carried);
	http_free(c->http);
	buf_clear(&c->metadata);
	buf_clear(&c->targets);
	buf_clear(&c->statement);
}

static bool open_carrier(const struct current_options *o, struct carrier *c,
			 struct error *err)
{
	const struct http_options limits = {
		.user_agent = "fips-tool/" FIPS_MANIFEST_VERSION,
		.total_seconds = o->seconds,
	};

	if (o->local) {
		if (!tree_source_open(o->server, NULL, &c->carried, err))
			return false;
		c->source = tree_tuf_source(c->carried);
		return true;
	}
	if (!o->server)
		return true;
	if (!http_join(o->server, "metadata", &c->metadata, err) ||
	    !http_join(o->server, "targets", &c->targets, err) ||
	    !http_join(o->server, TREE_SITE_PATH, &c->statement, err) ||
	    !http_new(&limits, &c->http, err))
		return false;
	c->remote = (struct remote){c->http, c->metadata.data, c->targets.data};
	c->source = remote_source(&c->remote);
	return true;
}

/* The site's statement, beside the tree. That it is missing is no fault of the
 * network: it was asked for, so without it nothing is trusted. */
static bool get_statement(const struct carrier *c, struct buf *out, struct error *err)
{
	buf_reset(out);
	if (c->carried ? tree_source_get(c->carried, TREE_SITE_PATH, out, err)
		       : http_get(c->http, c->statement.data, out, err))
		return true;
	if (err->code == ERR_NOT_FOUND)
		error_prefix_(err, "there is none");
	if (err->code == ERR_NOT_FOUND || err->code == ERR_LIMIT)
		err->code = ERR_UNTRUSTED;
	return error_prefix(err, "site statement");
}

/* Everything that is needed; `statement` where one is asked for. */
static bool take_all(struct current *c, const struct current_options *o,
		     const struct carrier *from, const struct buf *statement,
		     struct error *err)
{
	AUTO(buf_clear) struct buf trust = BUF_MAX(TUF_ROOT_MAX);
	struct tuf_options options = {
		.source = from->source,
		.state_dir = state_of(o),
		.as_of_last_seen = o->as_of_last_seen,
	};

	if (!read_trust(o, &trust, err) ||
	    (o->site_key && !site_check_statement(statement, o->site_key,
						  o->max_site_age, &c->site, err)))
		return false;
	options.trust = trust.len ? trust.data : NULL;
	options.trust_len = trust.len;
	options.vouched = c->site.site.snapshot;
	return tuf_client_new(&options, &c->client, err) &&
	       tuf_client_refresh(c->client, err) &&
	       (!o->site_key || site_check_tree(&c->site, c->client, err)) &&
	       (o->sums ? take_sums(c, o, err) : take_manifest(c, o, err)) &&
	       take_keyring(c, o, err);
}

/* The same of a tree that may have been replaced while it was asked, or that a cache on
 * the way has of two moments: then all is asked once more, past the caches. */
static bool take_with_statement(struct current *c, const struct current_options *o,
				const struct carrier *from, struct error *err)
{
	AUTO(buf_clear) struct buf statement = BUF_MAX(TUF_SITE_MAX);
	struct error again;

	if (!get_statement(from, &statement, err))
		return false;
	if (take_all(c, o, from, &statement, err))
		return true;
	if (err->code != ERR_UNTRUSTED || o->local ||
	    !http_past_caches(from->http, &again) ||
	    !get_statement(from, &statement, &again))
		return false;
	current_clear(c);
	*c = (struct current)CURRENT_NONE;
	return take_all(c, o, from, &statement, err);
}

bool current_fetch(const struct current_options *o, struct current *out,
		   struct error *err)
{
	AUTO(current_clear) struct current c = CURRENT_NONE;
	AUTO(carrier_clear)
	struct carrier from = {
		.metadata = BUF_MAX(URL_MAX),
		.targets = BUF_MAX(URL_MAX),
		.statement = BUF_MAX(URL_MAX),
	};

	if (!open_carrier(o, &from, err) ||
	    !(o->site_key ? take_with_statement(&c, o, &from, err)
			  : take_all(&c, o, &from, NULL, err)))
		return false;
	tuf_client_finish(c.client);
	*out = c;
	c = (struct current)CURRENT_NONE;
	return true;
}

void current_clear(struct current *c)
{
	text_freep(&c->origin);
	text_freep(&c->keyring);
	for (size_t i = 0; i < c->withdrawn_count; i++)
		free(c->withdrawn[i]);
	free(c->withdrawn);
	c->withdrawn = NULL;
	c->withdrawn_count = 0;
	buf_clear(&c->file);
	tuf_client_freep(&c->client);
	site_check_clear(&c->site);
}

/* ---- using it ---- */

bool current_confirm(const struct current *c, const struct source *s, struct error *err)
{
	const struct manifest *m = &s->manifest;

	if (!strcmp(c->el, m->el) && !strcmp(c->kubernetes, m->kubernetes) &&
	    !strcmp(c->arch, m->arch) && c->revision == m->revision)
		return true;
	return error_set(err, ERR_UNTRUSTED,
			 "'%s' holds EL %s, Kubernetes %s, %s, revision %u, but the "
			 "metadata say EL %s, Kubernetes %s, %s, revision %" PRId64
			 ": tell who publishes it",
			 TEXT_SAFE(c->origin), m->el, m->kubernetes, m->arch,
			 m->revision, TEXT_SAFE(c->el), TEXT_SAFE(c->kubernetes),
			 TEXT_SAFE(c->arch), c->revision);
}

static void report_line(struct report *r, enum report_verdict verdict,
			const char *subject, const char *actual, const char *reason)
{
	const struct report_entry e = {
		.kind = REPORT_SYSTEM,
		.verdict = verdict,
		.subject = subject,
		.actual = actual,
	};

	if (reason)
		report_add(r, &e, "%s", reason);
	else
		report_add(r, &e, NULL);
}

static void report_role(struct report *r, const struct tuf_used *u)
{
	char subject[TUF_NAME_MAX + 80], actual[64], when[TEXT_TIME_SIZE];

	text_time(u->expires, when);
	snprintf(subject, sizeof(subject), "metadata %s", u->role);
	snprintf(actual, sizeof(actual), "version %" PRId64 ", expires %s", u->version,
		 when);
	report_line(r, REPORT_PASS, subject, actual, NULL);
}

static void report_site(struct report *r, const struct site_check *c)
{
	char actual[256], as_of[TEXT_TIME_SIZE], checked[TEXT_TIME_SIZE];

	text_time(c->as_of, as_of);
	text_time(c->site.checked, checked);
	snprintf(actual, sizeof(actual),
		 "site '%s', snapshot %" PRId64 ", current as of %s, checked %s",
		 c->site.name, c->site.snapshot.version, as_of, checked);
	report_line(r, REPORT_PASS, "site statement", actual, NULL);
}

void current_report(const struct current *c, struct report *r)
{
	const struct tuf_used *used;
	char *const *relaxed;
	size_t count;

	if (!c) {
		report_line(r, REPORT_SKIPPED, "metadata", NULL,
			    "no trusted root (--trust): nothing says that this is the "
			    "newest statement");
		return;
	}
	count = tuf_client_used(c->client, &used);
	for (size_t i = 0; i < count; i++)
		report_role(r, &used[i]);
	if (c->site.key)
		report_site(r, &c->site);
	count = tuf_client_relaxed(c->client, &relaxed);
	for (size_t i = 0; i < count; i++)
		report_line(r, REPORT_SKIPPED, "metadata expiry", NULL, relaxed[i]);
	for (size_t i = 0; i < c->withdrawn_count; i++)
		report_line(r, REPORT_SKIPPED, "earlier revision", NULL,
			    c->withdrawn[i]);
}
