/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store_tuf.h"
#include "tests/unit/sample.h"

static bool put_role(struct store *s, const char *role, int64_t version, int64_t at,
		     struct error *why)
{
	struct store_metadata m = {.version = version, .expires = 4102444800};
	char text[64];

	snprintf(m.role, sizeof(m.role), "%s", role);
	snprintf(text, sizeof(text), "%s %ld", role, (long)version);
	m.size = strlen(text);
	return store_tuf_put(s, &m, text, at, why);
}

static void put_ok(struct store *s, const char *role, int64_t version, int64_t at)
{
	struct error why;

	sample_must(put_role(s, role, version, at, &why), &why);
}

struct names {
	size_t count;
	char list[64][320];
};

static bool name_role(void *arg, const struct store_metadata *m, struct error *why)
{
	struct names *n = arg;

	(void)why;
	assert_true(n->count < ARRAY_LEN(n->list));
	snprintf(n->list[n->count++], sizeof(n->list[0]), "%s %ld", m->role,
		 (long)m->version);
	return true;
}

static bool has(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++)
		if (!strcmp(n->list[i], name))
			return true;
	return false;
}

static struct names roles(struct store *s, bool current_only)
{
	struct names n = EMPTY;
	struct error why;

	sample_must(store_tuf_each(s, current_only, name_role, &n, &why), &why);
	return n;
}

TEST(a_role_has_one_current_version_and_only_grows)
{
	AUTO(store_closep) struct store *s = sample_store("tuf.db");
	AUTO(buf_clear) struct buf b = BUF_MAX(1024);
	struct store_metadata m = EMPTY;

	assert_err(ERR_NOT_FOUND, store_tuf_get(s, "root", 0, &m, &b, &err));
	assert_says("root");
	put_ok(s, "root", 1, 0);
	put_ok(s, "root", 2, 0);
	assert_err(ERR_CONFLICT, put_role(s, "root", 2, 0, &err));
	assert_says("only grows");
	assert_err(ERR_CONFLICT, put_role(s, "root", 1, 0, &err));
	assert_ok(store_tuf_get(s, "root", 0, &m, &b, &err));
	assert_int_equal(m.version, 2);
	assert_string_equal(b.data, "root 2");
	buf_reset(&b);
	assert_ok(store_tuf_get(s, "root", 1, &m, &b, &err));
	assert_string_equal(b.data, "root 1");
	assert_err(ERR_NOT_FOUND, store_tuf_get(s, "root", 3, &m, NULL, &err));
	/* what failed left the current one current */
	assert_int_equal(roles(s, true).count, 1);
}

TEST(what_was_replaced_is_shown_for_a_while_and_root_for_ever)
{
	AUTO(store_closep) struct store *s = sample_store("keep.db");
	struct names shown;

	put_ok(s, "root", 1, 0);
	put_ok(s, "root", 2, 0);
	for (int64_t v = 1; v <= STORE_TUF_KEEP + 3; v++) {
		put_ok(s, "targets", v, v);
		put_ok(s, "snapshot", v, v);
		put_ok(s, "timestamp", v, v);
	}
	shown = roles(s, false);
	assert_true(has(&shown, "root 1") && has(&shown, "root 2"));
	assert_true(has(&shown, "timestamp 11"));
	assert_false(has(&shown, "timestamp 10"));
	assert_true(has(&shown, "targets 11") && has(&shown, "targets 3"));
	assert_true(has(&shown, "snapshot 3"));
	assert_false(has(&shown, "targets 2") || has(&shown, "snapshot 2"));
	assert_int_equal(roles(s, true).count, 4);
	assert_ok(store_tuf_end(s, "targets", 12, &err));
	assert_int_equal(roles(s, true).count, 3);
}

static bool name_target(void *arg, const struct store_target *t, struct error *why)
{
	struct names *n = arg;

	(void)why;
	snprintf(n->list[n->count++], sizeof(n->list[0]), "%s %d", t->path, t->kind);
	return true;
}

static struct names targets(struct store *s, bool current_only)
{
	struct names n = EMPTY;
	struct error why;

	sample_must(store_tuf_each_target(s, current_only, name_target, &n, &why),
		    &why);
	return n;
}

static bool first_target(void *arg, const struct store_target *t, struct error *why)
{
	(void)why;
	*(struct store_target *)arg = *t;
	return true;
}

TEST(a_target_ends_at_once_or_after_a_while)
{
	AUTO(store_closep) struct store *s = sample_store("target.db");
	AUTO(buf_clear) struct buf b = BUF_MAX(1024);
	struct store_target t = {
		.path = "keys/release.asc", .size = 4, .kind = STORE_TARGET_MADE};
	struct store_target row = EMPTY;

	assert_ok(digest_of_bytes("keys", 4, &t.digest, &err));
	put_ok(s, "snapshot", 1, 1);
	assert_ok(store_tuf_put_target(s, &t, "keys", 1, &err));
	assert_err(ERR_CONFLICT, store_tuf_put_target(s, &t, "keys", 1, &err));
	assert_ok(store_tuf_each_target(s, true, first_target, &row, &err));
	assert_ok(store_tuf_target_bytes(s, &row, &b, &err));
	assert_string_equal(b.data, "keys");
	assert_ok(store_tuf_end_target(s, row.row, 2, &err));
	put_ok(s, "snapshot", 2, 2);
	assert_int_equal(targets(s, true).count, 0);
	assert_int_equal(targets(s, false).count, 1);
	/* it can only go sooner */
	assert_err(ERR_CONFLICT, store_tuf_end_target(s, row.row, 9, &err));
	assert_ok(store_tuf_prune(s, &err));
	assert_int_equal(targets(s, false).count, 1);
	assert_ok(store_tuf_end_target(s, row.row, 0, &err));
	assert_int_equal(targets(s, false).count, 0);
	assert_ok(store_tuf_prune(s, &err));
	buf_reset(&b);
	assert_err(ERR_NOT_FOUND, store_tuf_target_bytes(s, &row, &b, &err));
}

struct values {
	size_t count;
	char last[64];
};

static bool take_value(void *arg, const struct store_role_key *k, struct error *why)
{
	struct values *v = arg;

	(void)why;
	v->count++;
	snprintf(v->last, sizeof(v->last), "%s/%s/%s", k->type, k->scheme, k->value);
	return true;
}

TEST(roles_have_settings_and_keys)
{
	AUTO(store_closep) struct store *s = sample_store("roles.db");
	struct store_role r = {77, 77};
	struct store_role_key k = {"ecdsa", "ecdsa-sha2-nistp256", "PEM", NULL};
	struct values v = EMPTY;

	assert_ok(store_tuf_role(s, "el8", &r, &err));
	assert_int_equal(r.days, 0);
	assert_int_equal(r.threshold, 1);
	r = (struct store_role){30, 2};
	assert_ok(store_tuf_set_role(s, "el8", &r, &err));
	r = (struct store_role){40, 3};
	assert_ok(store_tuf_set_role(s, "el8", &r, &err));
	assert_ok(store_tuf_role(s, "el8", &r, &err));
	assert_int_equal(r.days, 40);
	assert_ok(store_tuf_add_key(s, "el8", &k, &err));
	assert_err(ERR_CONFLICT, store_tuf_add_key(s, "el8", &k, &err));
	assert_ok(store_tuf_add_key(s, "el9", &k, &err));
	assert_ok(store_tuf_each_key(s, "el8", take_value, &v, &err));
	assert_int_equal(v.count, 1);
	assert_string_equal(v.last, "ecdsa/ecdsa-sha2-nistp256/PEM");
	assert_ok(store_tuf_remove_key(s, "el8", "PEM", &err));
	assert_err(ERR_NOT_FOUND, store_tuf_remove_key(s, "el8", "PEM", &err));
	r.days = 999999;
	assert_err(ERR_CONFLICT, store_tuf_set_role(s, "el8", &r, &err));
}
