/* SPDX-License-Identifier: Apache-2.0 */
/* signer/repo, repo_roles: which role lists what, and what is signed again. */
#include "core/tuf_find.h"
#include "core/tuf_signed.h"
#include "signer/authority.h"
#include "signer/repo.h"
#include "signer/repo_roles.h"
#include "tests/unit/sample.h"

/* A tree of `count` manifests of EL 8 and one of EL 9.2. */
static void make_tree(size_t count, struct tree *t)
{
	struct error why;

	tree_clear(t);
	t->index.manifests = calloc(count + 1, sizeof(*t->index.manifests));
	for (size_t i = 0; i <= count; i++) {
		struct index_manifest *m = &t->index.manifests[i];
		struct tree_entry e = {.size = i + 1};

		snprintf(m->el, sizeof(m->el), "%s", i < count ? "8" : "9.2");
		snprintf(m->kubernetes, sizeof(m->kubernetes), "v1.%zu.0", i);
		snprintf(m->arch, sizeof(m->arch), "x86_64");
		m->revision = 1;
		index_manifest_path(m->el, m->kubernetes, m->arch, m->path);
		sample_must(tree_add(t, m->path, &e, &why), &why);
		t->index.manifest_count++;
	}
	sample_must(tree_add(t, "keys/release.asc", &(struct tree_entry){.size = 9},
			     &why) &&
			    tree_add(t, "tool/x.sha256",
				     &(struct tree_entry){.size = 9}, &why) &&
			    tree_add(t, "index.json", &(struct tree_entry){.size = 9},
				     &why) &&
			    tree_sort(t, &why),
		    &why);
}

static const struct repo_role *role_of(const struct repo_roles *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->list[i].name, name))
			return &r->list[i];
	return NULL;
}

/* As a client walks: the one role that lists the path, by the delegations alone. */
static const struct repo_role *walk(const struct repo_roles *r, const char *path)
{
	const struct repo_role *at = &r->list[0];
	char hash[DIGEST_HEX_SIZE];
	struct error why;
	struct digest d;

	sample_must(digest_of_bytes(path, strlen(path), &d, &why), &why);
	digest_hex(&d, hash);
	for (;;) {
		const struct tuf_delegation *found = NULL;

		if (tuf_find_target(&at->body, path))
			return at;
		for (size_t i = 0; !found && i < at->body.delegation_count; i++)
			if (tuf_find_covers(&at->body.delegations[i], path, hash))
				found = &at->body.delegations[i];
		if (!found)
			return NULL;
		assert_true(found->terminating);
		at = role_of(r, found->name);
		assert_non_null(at);
	}
}

static struct role_keys test_keys(const char *dir)
{
	struct role_keys k = {.passphrase_fd = -1, .passphrase = BUF_MAX(1024)};

	k.dir = dir;
	buf_puts(&k.passphrase, "correct horse");
	return k;
}

TEST(every_manifest_is_found_by_its_path_however_many_there_are)
{
	static const struct {
		size_t manifests, roles;
	} sizes[] = {{0, 3}, {1, 4}, {64, 4}, {65, 20}, {1025, 4 + 256}};
	AUTO(store_closep) struct store *s = sample_store("bins.db");
	AUTO(tree_clear) struct tree t = EMPTY;
	struct tuf_root root = EMPTY;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		AUTO(repo_roles_clear) struct repo_roles r = EMPTY;
		size_t listed = 0;

		make_tree(sizes[i].manifests, &t);
		assert_ok(repo_roles_make(s, &root, &t, &r, &err));
		/* 1025 manifests leave a few of 256 bins empty: those are not made */
		if (sizes[i].manifests < 1025)
			assert_int_equal(r.count, sizes[i].roles);
		else
			assert_in_range(r.count, 230, sizes[i].roles);
		for (size_t m = 0; m < t.index.manifest_count; m++) {
			const char *path = t.index.manifests[m].path;

			assert_non_null(walk(&r, path));
			assert_true(walk(&r, path)->body.count <= 2 * REPO_BIN_MAX);
		}
		for (size_t n = 0; n < r.count; n++)
			listed += r.list[n].body.count;
		assert_int_equal(listed, t.index.manifest_count + 2);
		assert_ptr_equal(walk(&r, "keys/release.asc"), &r.list[0]);
		assert_null(walk(&r, "tool/x.sha256"));
		assert_string_equal(walk(&r, "index.json")->name, "index");
		assert_null(walk(&r, "manifests/v1.0.0/manifest-el80-x86_64.json.asc"));
		assert_null(
			walk(&r, "manifests/v1.99.9/manifest-el9.2-x86_64.json.asc"));
	}
}

/* Versions that are current: "el8 2", ... */
static bool version_of(struct store *s, const char *role, int64_t *out)
{
	struct store_metadata m;
	struct error why;

	if (!store_tuf_get(s, role, 0, &m, NULL, &why))
		return false;
	*out = m.version;
	return true;
}

static int64_t must_version(struct store *s, const char *role)
{
	int64_t v = 0;

	if (!version_of(s, role, &v))
		fail_msg("no role %s", role);
	return v;
}

static void publish_tree(struct store *s, struct role_keys *keys, const struct tree *t)
{
	AUTO(repo_clear) struct repo r = EMPTY;
	struct error why = EMPTY;
	bool there;

	sample_must(store_begin(s, &why) && repo_open(s, keys, &r, &there, &why) &&
			    repo_publish(&r, t, &why) && store_commit(s, &why),
		    &why);
}

TEST(only_what_changed_is_signed_again_and_bins_are_never_joined)
{
	AUTO(store_closep) struct store *s = sample_store("again.db");
	AUTO(tree_clear) struct tree t = EMPTY;
	AUTO(role_keys_clear) struct role_keys keys = test_keys("again.keys");
	int64_t v;

	assert_ok(store_begin(s, &err));
	assert_ok(authority_make(s, &keys, &(struct authority_input)EMPTY, &err));
	assert_ok(store_commit(s, &err));
	make_tree(3, &t);
	publish_tree(s, &keys, &t);
	assert_int_equal(must_version(s, "targets"), 2);
	assert_int_equal(must_version(s, "el8"), 1);
	assert_int_equal(must_version(s, "timestamp"), 2);
	publish_tree(s, &keys, &t);
	assert_int_equal(must_version(s, "timestamp"), 2);
	make_tree(4, &t); /* the one of EL 9 moves to another version */
	publish_tree(s, &keys, &t);
	assert_int_equal(must_version(s, "targets"), 2);
	assert_int_equal(must_version(s, "el8"), 2);
	assert_int_equal(must_version(s, "el9"), 2);
	make_tree(65, &t);
	publish_tree(s, &keys, &t);
	assert_true(version_of(s, "el8-0", &v));
	make_tree(2, &t);
	publish_tree(s, &keys, &t);
	assert_int_equal(must_version(s, "targets"), 2);
	assert_true(version_of(s, "el8-0", &v));
	authority_undo(&keys);
}

TEST(an_authority_is_made_whole_or_not_at_all)
{
	AUTO(store_closep) struct store *s = sample_store("whole.db");
	AUTO(role_keys_clear) struct role_keys keys = test_keys("whole.keys");
	struct authority_input in = EMPTY;
	struct tuf_key key = EMPTY;
	int64_t v;

	assert_ok(role_keys_make(&keys, "snapshot", TUF_ECDSA_P256, &key, &err));
	tuf_key_clear(&key);
	assert_ok(store_begin(s, &err));
	assert_err(ERR_CONFLICT, authority_make(s, &keys, &in, &err));
	store_rollback(s);
	assert_false(version_of(s, "root", &v));
	assert_int_equal(access("whole.keys/root.pem", F_OK), -1);
	assert_int_equal(access("whole.keys/snapshot.pem", F_OK), 0);
	unlink("whole.keys/snapshot.pem");
	unlink("whole.keys/snapshot.pub");
	assert_ok(store_begin(s, &err));
	assert_ok(authority_make(s, &keys, &in, &err));
	assert_ok(store_commit(s, &err));
	assert_int_equal(must_version(s, "timestamp"), 1);
	authority_undo(&keys);
	assert_int_equal(access("whole.keys", F_OK), -1);
}
