/* SPDX-License-Identifier: Apache-2.0 */
/* core/tuf_client over a source in memory: time, state, lists. The rules of the
 * workflow are tested by attacks.py and conformance.py of tests/tuf. */
#include "core/tuf_client.h"

#include "core/file.h"
#include "core/text.h"
#include "core/tuf_edit.h"
#include "core/tuf_sign.h"
#include "core/tuf_write.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 32, DAY = 86400 };

static const int64_t NOW = 1700000000;

/* A repository of one key: names and bytes. */
struct repo {
	struct tuf_secret *key;
	struct {
		char name[128];
		char *text;
	} files[FILES_MAX];
	size_t count;
	unsigned asked;
};

static void put(struct repo *r, const char *name, const char *text)
{
	size_t i = 0;

	while (i < r->count && strcmp(r->files[i].name, name))
		i++;
	assert_true(i < FILES_MAX);
	snprintf(r->files[i].name, sizeof(r->files[i].name), "%s", name);
	free(r->files[i].text);
	r->files[i].text = text_dup(text, strlen(text));
	r->count += i == r->count;
}

static void clear_repo(struct repo *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->files[i].text);
	tuf_sign_free(r->key);
}

static bool get(void *arg, const char *name, struct buf *out, struct error *why)
{
	struct repo *r = arg;

	r->asked++;
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->files[i].name, name)) {
			buf_puts(out, r->files[i].text);
			return buf_ok(out, why);
		}
	return error_set(why, ERR_NOT_FOUND, "no '%s'", name);
}

static void publish(struct repo *r, enum tuf_kind kind, const char *name,
		    const struct buf *body)
{
	AUTO(buf_clear) struct buf file = BUF_MAX(1 << 20);
	struct error why;

	if (!tuf_sign_new(kind, body->data, body->len, &r->key, 1, &file, &why))
		fail_msg("%s", why.msg);
	put(r, name, file.data);
}

static void publish_root(struct repo *r, int64_t expires)
{
	AUTO(tuf_role_clear_root) struct tuf_root root = {.version = 1};
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;
	AUTO(buf_clear) struct buf body = BUF_MAX(1 << 20);
	struct error why;

	root.expires = expires;
	root.consistent = true;
	assert_true(tuf_sign_public(r->key, &key, &why));
	for (int k = 0; k < TUF_KINDS; k++) {
		assert_true(tuf_edit_add_key(&root, (enum tuf_kind)k, &key, &why));
		root.roles[k].threshold = 1;
	}
	assert_true(tuf_write_root(&root, &body, &why));
	publish(r, TUF_ROOT, "1.root.json", &body);
}

/* targets with `first`, which delegates "b*" to a role with `second` and "outside". */
static void publish_targets(struct repo *r, const char *first, const char *second)
{
	AUTO(tuf_role_clear_targets) struct tuf_targets top = EMPTY;
	AUTO(tuf_role_clear_targets) struct tuf_targets role = EMPTY;
	AUTO(tuf_key_clear) struct tuf_key key = EMPTY;
	AUTO(buf_clear) struct buf body = BUF_MAX(1 << 20);
	char path[16], pattern[] = "b*", name[] = "role", *patterns[] = {pattern};
	struct tuf_delegation d = {.name = name,
				   .signers.threshold = 1,
				   .patterns = patterns,
				   .pattern_count = 1};
	struct tuf_target t = {.path = path, .length = 7};
	struct error why;

	top.version = role.version = 1;
	top.expires = role.expires = NOW + 30 * DAY;
	assert_true(tuf_hash_of("content", 7, &t.hashes, &why));
	snprintf(path, sizeof(path), "%s", first);
	assert_true(tuf_edit_put_target(&top, &t, &why));
	snprintf(path, sizeof(path), "%s", second);
	assert_true(tuf_edit_put_target(&role, &t, &why));
	snprintf(path, sizeof(path), "outside");
	assert_true(tuf_edit_put_target(&role, &t, &why));
	assert_true(tuf_sign_public(r->key, &key, &why));
	assert_true(tuf_edit_put_delegation(&top, &d, &key, 1, &why));
	assert_true(tuf_write_targets(&top, &body, &why));
	publish(r, TUF_TARGETS, "1.targets.json", &body);
	buf_reset(&body);
	assert_true(tuf_write_targets(&role, &body, &why));
	publish(r, TUF_TARGETS, "1.role.json", &body);
}

static void publish_snapshot(struct repo *r)
{
	AUTO(tuf_role_clear_snapshot) struct tuf_snapshot s = EMPTY;
	AUTO(buf_clear) struct buf body = BUF_MAX(1 << 20);
	char targets[] = "targets.json", role[] = "role.json";
	struct tuf_meta m = {.file = targets, .version = 1};
	struct error why;

	s.version = 1;
	s.expires = NOW + 20 * DAY;
	assert_true(tuf_edit_put_meta(&s, &m, &why));
	m.file = role;
	assert_true(tuf_edit_put_meta(&s, &m, &why));
	assert_true(tuf_write_snapshot(&s, &body, &why));
	publish(r, TUF_SNAPSHOT, "1.snapshot.json", &body);
}

static void publish_timestamp(struct repo *r, int64_t version, int64_t expires)
{
	AUTO(buf_clear) struct buf body = BUF_MAX(1 << 20);
	char file[] = "snapshot.json";
	struct tuf_timestamp t = {.version = version,
				  .expires = expires,
				  .snapshot = {.file = file, .version = 1}};
	struct error why;

	assert_true(tuf_write_timestamp(&t, &body, &why));
	publish(r, TUF_TIMESTAMP, "timestamp.json", &body);
}

static struct repo make_repo(const char *first, const char *second)
{
	struct repo r = EMPTY;
	struct error why;

	if (!tuf_sign_generate(TUF_ECDSA_P256, &r.key, &why))
		fail_msg("%s", why.msg);
	publish_root(&r, NOW + 100 * DAY);
	publish_targets(&r, first, second);
	publish_snapshot(&r);
	publish_timestamp(&r, 1, NOW + 10 * DAY);
	return r;
}

/* A client whose state is `dir`; `source` NULL asks nobody. */
static struct tuf_client *client_at(struct repo *r, const char *dir, bool ask,
				    int64_t now, bool as_of)
{
	struct tuf_options o = {.state_dir = dir, .now = now, .as_of_last_seen = as_of};
	struct tuf_client *c = NULL;
	struct error why;

	if (ask)
		o.source = (struct tuf_source){get, get, r};
	o.trust = r->files[0].text;
	o.trust_len = strlen(o.trust);
	if (!tuf_client_new(&o, &c, &why))
		fail_msg("%s", why.msg);
	return c;
}

static bool refresh(struct repo *r, const char *dir, bool ask, int64_t now, bool as_of,
		    struct error *why)
{
	AUTO(tuf_client_freep)
	struct tuf_client *c = client_at(r, dir, ask, now, as_of);

	return tuf_client_refresh(c, why);
}

TEST(tuf_client_relaxes_expiry_alone_only_when_told_and_says_so)
{
	AUTO(clear_repo) struct repo r = make_repo("a", "b");
	AUTO(tuf_client_freep) struct tuf_client *c = NULL;
	char *const *relaxed;

	assert_ok(refresh(&r, "relax", true, NOW, false, &err));
	assert_err(ERR_UNTRUSTED,
		   refresh(&r, "relax", true, NOW + 11 * DAY, false, &err));
	assert_says(
		"timestamp 1: expired on 2023-11-24T22:13:20Z, and it is 2023-11-25");
	c = client_at(&r, "relax", true, NOW + 25 * DAY, true);
	assert_ok(tuf_client_refresh(c, &err));
	assert_int_equal(tuf_client_relaxed(c, &relaxed), 2);
	assert_non_null(strstr(relaxed[0], "timestamp 1 expired on"));
	assert_non_null(strstr(relaxed[1], "snapshot 1 expired on"));
	tuf_client_freep(&c);
	/* a rollback stays a rollback */
	publish_timestamp(&r, 2, NOW + 30 * DAY);
	assert_ok(refresh(&r, "relax", true, NOW, false, &err));
	publish_timestamp(&r, 1, NOW + 10 * DAY);
	assert_err(ERR_UNTRUSTED, refresh(&r, "relax", true, NOW, true, &err));
	assert_says("timestamp 1: rolled back from version 2 to 1");
}

/* Refresh with somebody's word for one snapshot; a line for each check that it let
 * pass. */
static bool refresh_vouched(struct repo *r, const char *dir, int64_t now,
			    const struct tuf_vouched *vouched, char said[512],
			    struct error *why)
{
	struct tuf_options o = {.source = {get, get, r},
				.state_dir = dir,
				.now = now,
				.vouched = *vouched,
				.trust = r->files[0].text,
				.trust_len = strlen(r->files[0].text)};
	AUTO(tuf_client_freep) struct tuf_client *c = NULL;
	char *const *relaxed;
	size_t count, len = 0;

	if (!tuf_client_new(&o, &c, why) || !tuf_client_refresh(c, why))
		return false;
	count = tuf_client_relaxed(c, &relaxed);
	*said = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(said + len, 512 - len, "%s\n", relaxed[i]);
	return true;
}

TEST(tuf_client_takes_no_other_snapshot_than_the_one_that_is_vouched_for)
{
	AUTO(clear_repo) struct repo r = make_repo("a", "b");
	struct tuf_vouched word = {.version = 1};
	char relaxed[512];

	for (size_t i = 0; i < r.count; i++)
		if (!strcmp(r.files[i].name, "1.snapshot.json"))
			assert_ok(digest_of_bytes(r.files[i].text,
						  strlen(r.files[i].text), &word.digest,
						  &err));
	assert_ok(refresh_vouched(&r, "vouched", NOW, &word, relaxed, &err));
	assert_string_equal(relaxed, "");
	/* timestamp and snapshot may expire, whether fetched or kept */
	for (int i = 0; i < 2; i++) {
		assert_ok(refresh_vouched(&r, i ? "vouched" : "late", NOW + 25 * DAY,
					  &word, relaxed, &err));
		assert_string_equal(relaxed,
				    "timestamp 1 expired on 2023-11-24T22:13:20Z and "
				    "is used on the site's word\n"
				    "snapshot 1 expired on 2023-12-04T22:13:20Z and "
				    "is used on the site's word\n");
	}
	/* targets may not */
	assert_err(ERR_UNTRUSTED,
		   refresh_vouched(&r, "late", NOW + 31 * DAY, &word, relaxed, &err));
	assert_says("targets 1: expired on");
	/* without the word nothing is as it was */
	assert_err(ERR_UNTRUSTED,
		   refresh(&r, "late", true, NOW + 25 * DAY, false, &err));
	/* the same version with other bytes, good and expired */
	word.digest.bytes[0] ^= 1;
	for (int i = 0; i < 4; i++) {
		assert_err(ERR_UNTRUSTED,
			   refresh_vouched(&r, i & 1 ? "vouched" : "else",
					   i & 2 ? NOW + 25 * DAY : NOW, &word, relaxed,
					   &err));
		assert_says("snapshot 1: the site's statement is of another snapshot");
	}
	word.version = 2;
	for (int i = 0; i < 4; i++) {
		assert_err(ERR_UNTRUSTED,
			   refresh_vouched(&r, i & 1 ? "vouched" : "else",
					   i & 2 ? NOW + 25 * DAY : NOW, &word, relaxed,
					   &err));
		assert_says("timestamp 1: its snapshot is 1, and the site's statement "
			    "is of snapshot 2");
	}
}

TEST(tuf_client_judges_by_the_newest_time_seen_when_the_clock_is_behind)
{
	AUTO(clear_repo) struct repo r = make_repo("a", "b");
	AUTO(tuf_client_freep) struct tuf_client *c = NULL;
	char *const *relaxed;

	assert_ok(refresh(&r, "clock", true, NOW + 9 * DAY, false, &err));
	c = client_at(&r, "clock", false, NOW - 400 * DAY, true);
	assert_ok(tuf_client_refresh(c, &err));
	assert_int_equal(tuf_client_now(c), NOW + 9 * DAY);
	assert_int_equal(tuf_client_relaxed(c, &relaxed), 0);
	tuf_client_freep(&c);
	c = client_at(&r, "clock", false, NOW + 10 * DAY, true);
	assert_ok(tuf_client_refresh(c, &err));
	assert_int_equal(tuf_client_now(c), NOW + 10 * DAY);
	assert_int_equal(tuf_client_relaxed(c, &relaxed), 1);
}

TEST(tuf_client_that_asks_nobody_uses_what_it_has_and_nothing_else)
{
	AUTO(clear_repo) struct repo r = make_repo("a", "b");
	AUTO(tuf_client_freep) struct tuf_client *c = NULL;
	AUTO(buf_clear) struct buf text = BUF_MAX(64);
	const struct tuf_target *t;

	assert_err(ERR_NOT_FOUND, refresh(&r, "alone", false, NOW, false, &err));
	assert_says("timestamp: 'alone' has no usable one, and no server is asked");
	assert_ok(refresh(&r, "alone", true, NOW, false, &err));
	r.asked = 0;
	c = client_at(&r, "alone", false, NOW, false);
	assert_ok(tuf_client_find(c, "a", &t, &err));
	assert_err(ERR_NOT_FOUND, tuf_client_get(c, t, &text, &err));
	/* the delegated role was never fetched, so nobody knows */
	assert_err(ERR_SYSTEM, tuf_client_find(c, "b", &t, &err));
	assert_int_equal(r.asked, 0);
	tuf_client_freep(&c);
	assert_err(ERR_UNTRUSTED,
		   refresh(&r, "alone", false, NOW + 11 * DAY, false, &err));
}

static bool list(void *arg, const struct tuf_target *t, struct error *why)
{
	(void)why;
	buf_printf(arg, " %s", t->path);
	return true;
}

TEST(tuf_client_lists_what_it_would_find)
{
	AUTO(clear_repo) struct repo r = make_repo("a", "b");
	AUTO(tuf_client_freep)
	struct tuf_client *c = client_at(&r, "list", true, NOW, false);
	AUTO(buf_clear) struct buf names = BUF_MAX(1024);
	const struct tuf_used *used;
	const struct tuf_target *t;

	assert_ok(tuf_client_each(c, list, &names, &err));
	assert_string_equal(names.data, " a b"); /* "outside" is not delegated */
	assert_err(ERR_NOT_FOUND, tuf_client_find(c, "outside", &t, &err));
	assert_int_equal(tuf_client_used(c, &used), 5);
	assert_string_equal(used[4].role, "role");
	assert_int_equal(used[1].expires, NOW + 10 * DAY);
}

TEST(tuf_client_saves_whole_targets_or_none)
{
	AUTO(clear_repo) struct repo r = make_repo("dir/a b", "b");
	AUTO(tuf_client_freep)
	struct tuf_client *c = client_at(&r, "save", true, NOW, false);
	AUTO(buf_clear) struct buf text = BUF_MAX(64);
	const struct tuf_target *t;
	struct digest d;
	char name[128];
	bool fetched = false;

	assert_ok(digest_of_bytes("content", 7, &d, &err));
	snprintf(name, sizeof(name), "dir/%s.a%%20b", DIGEST_HEX(&d));
	assert_ok(tuf_client_find(c, "dir/a b", &t, &err));
	assert_err(ERR_NOT_FOUND, tuf_client_save(c, t, "saved", &fetched, &err));
	put(&r, name, "changed");
	assert_err(ERR_UNTRUSTED, tuf_client_save(c, t, "saved", &fetched, &err));
	assert_int_equal(access("saved", F_OK), -1);
	put(&r, name, "content");
	assert_ok(tuf_client_save(c, t, "saved", &fetched, &err));
	assert_true(fetched);
	r.asked = 0;
	assert_ok(tuf_client_save(c, t, "saved", &fetched, &err));
	assert_false(fetched);
	assert_int_equal(r.asked, 0);
	buf_puts(&text, "before ");
	assert_ok(tuf_client_get(c, t, &text, &err));
	assert_string_equal(text.data, "before content");
}

TEST(tuf_state_keeps_its_files_in_its_folder)
{
	AUTO(tuf_state_close) struct tuf_state s = EMPTY;
	AUTO(buf_clear) struct buf text = BUF_MAX(64);
	struct stat st;

	assert_ok(tuf_state_open("state", &s, &err));
	assert_ok(tuf_state_write(&s, "../x y", "1", 1, &err));
	assert_int_equal(stat("state/..%2Fx%20y.json", &st), 0);
	assert_ok(tuf_state_read(&s, "../x y", &text, &err));
	assert_string_equal(text.data, "1");
	assert_err(ERR_NOT_FOUND, tuf_state_read(&s, "none", &text, &err));
	assert_int_equal(tuf_state_last_seen(&s), 0);
	assert_ok(tuf_state_saw(&s, NOW, &err));
	assert_ok(tuf_state_saw(&s, NOW - 1, &err));
	assert_int_equal(tuf_state_last_seen(&s), NOW);
	assert_ok(file_write_atomic("state/last-seen", "tomorrow\n", 9, 0644, &err));
	assert_int_equal(tuf_state_last_seen(&s), 0);
	assert_ok(tuf_state_saw(&s, NOW, &err));
	assert_int_equal(tuf_state_last_seen(&s), NOW);
}
