/* SPDX-License-Identifier: Apache-2.0 */
#include "core/armor_block.h"
#include "core/file.h"
#include "core/pgp.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Real keys by real gpg, made once: a (RSA 3072), b (RSA 3072 with a signing
 * subkey), c (P-256), t.json, and what gpg signed.
 */
static const char script[] =
	"set -e; export GNUPGHOME=$PWD/h; mkdir -m 700 h\n"
	"g() { gpg --quiet --batch --yes --passphrase '' --pinentry-mode loopback "
	"\"$@\"; }\n"
	"g --quick-gen-key 'A <a@example.org>' rsa3072 cert,sign 2y\n"
	"g --quick-gen-key 'B <b@example.org>' rsa3072 cert 2y\n"
	"g --quick-add-key $(g --with-colons -k b@ | awk -F: '/^fpr/{print $10;exit}') "
	"rsa3072 sign 1y\n"
	"g --quick-gen-key 'C <c@example.org>' nistp256 cert,sign 2y\n"
	"printf '{\\n  \"a\": 1\\n}\\n' >t.json\n"
	"for k in a b c; do g --export $k@ >$k.gpg; g --armor --export $k@ >$k.pub\n"
	"g --digest-algo SHA256 -u $k@ -o $k.asc --clearsign t.json; done\n"
	"cat a.gpg b.gpg >ab.gpg; cat a.pub b.pub >ab.pub\n"
	"g -u a@ -u b@ -o ab.asc --clearsign t.json\n"
	"g --digest-algo SHA512 -u b@ -o b512.asc --clearsign t.json\n"
	"g --armor --export-secret-keys a@ >secret.asc; g --export-secret-keys a@ "
	">secret.gpg\n"
	"sed 's/: 1/: 2/' a.asc >bad.asc\n"
	"t='--faked-system-time 20200101T000000!'\n"
	"g $t --quick-gen-key 'O <o@example.org>' rsa3072 cert,sign 1m; g --export o@ "
	">old.gpg\n"
	"g $t -u o@ -o old.asc --clearsign t.json\n"
	"g $t -u o@ -o short.asc --default-sig-expire 1d --clearsign t.json\n"
	"printf 'y\\n0\\n\\ny\\n' | gpg --quiet --no-tty --command-fd 0 --passphrase "
	"'' "
	"--pinentry-mode loopback --cert-digest-algo SHA1 -o gone.rev --gen-revoke a@ "
	"2>/dev/null\n"
	"g --import gone.rev; g --export a@ >gone.gpg\n"
	"g --quick-gen-key 'D <d@example.org>' rsa3072 cert,sign 2y\n"
	"g --digest-algo SHA256 -u d@ -o d.asc --clearsign t.json\n"
	"printf 'change-usage\\nS\\nQ\\nsave\\n' | gpg --quiet --no-tty --command-fd 0 "
	"--passphrase '' --pinentry-mode loopback --edit-key d@ >edit.log 2>&1\n"
	"g --export-options export-minimal --export d@ >d.gpg\n"
	"printf '#!/bin/sh\\nexit 1\\n' >broken; chmod 755 broken\n"
	"gpgconf --kill all\n";

static void make(void)
{
	struct stat st;
	FILE *f;

	if (!stat("ab.asc", &st))
		return;
	f = popen("sh", "w");
	assert_non_null(f);
	fputs(script, f);
	assert_int_equal(pclose(f), 0);
}

static struct buf slurp(const char *path)
{
	struct buf b = BUF_MAX(1 << 20);
	struct error e = EMPTY;

	make();
	if (!file_read(path, &b, &e))
		fail_msg("%s", e.msg);
	return b;
}

/* Private folders: they are made where no other test makes its own. */
static int folders(void)
{
	char run[PATH_MAX];
	int n = 0;
	DIR *d;

	assert_non_null(getcwd(run, sizeof(run) - 4));
	strcat(run, "/run");
	mkdir(run, 0700);
	setenv("XDG_RUNTIME_DIR", run, 1);
	d = opendir(run);
	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2; /* . and .. */
}

static bool verify(const char *engine, const char *ring, const char *asc,
		   struct pgp_policy p, struct pgp_verdict *v, struct error *e)
{
	AUTO(buf_clear) struct buf file = slurp(asc), keys = slurp(ring);
	AUTO(pgp_keyring_clear) struct pgp_keyring k = EMPTY;
	AUTO(armor_cut_clear) struct armor_cut cut = EMPTY;

	p.engine = engine;
	return pgp_keyring_parse(keys.data, keys.len, &k, e) &&
	       pgp_verify_file(&k, &p, file.data, file.len, &cut, v, e);
}

TEST(pgp_verifies_what_gpg_signed)
{
	struct pgp_policy p = {.threshold = 1, .now = time(NULL)};
	struct pgp_verdict v;

	assert_int_equal(folders(), 0);
	assert_ok(verify(NULL, "ab.gpg", "a.asc", p, &v, &err));
	assert_int_equal(v.distinct, 1);
	assert_int_equal(v.count, 1);
	assert_true(v.signatures[0].counts);
	assert_string_equal(v.signatures[0].uid, "A <a@example.org>");
	assert_string_equal(v.signatures[0].key_algorithm, "RSA3072");
	assert_string_equal(v.signatures[0].digest_algorithm, "SHA256");
	assert_string_equal(v.signatures[0].primary, v.signatures[0].signer);
	assert_ok(verify(NULL, "ab.pub", "b.asc", p, &v, &err));
	assert_string_not_equal(v.signatures[0].primary, v.signatures[0].signer);
	assert_ok(verify(NULL, "c.pub", "c.asc", p, &v, &err));
	assert_string_equal(v.signatures[0].key_algorithm, "P-256");
	p.threshold = 2;
	assert_ok(verify(NULL, "ab.pub", "ab.asc", p, &v, &err));
	assert_int_equal(v.distinct, 2);
	assert_int_equal(folders(), 0);
}

TEST(pgp_refuses_too_few_owners)
{
	struct pgp_policy p = {.threshold = 2, .now = time(NULL)};
	struct pgp_verdict v;

	assert_err(ERR_UNTRUSTED, verify(NULL, "ab.gpg", "a.asc", p, &v, &err));
	assert_int_equal(v.distinct, 1);
	assert_err(ERR_UNTRUSTED, verify(NULL, "a.gpg", "ab.asc", p, &v, &err));
	assert_says("not in the keyring");
	assert_int_equal(v.count, 2);
	p.threshold = 1;
	assert_ok(verify(NULL, "a.gpg", "ab.asc", p, &v, &err));
	assert_err(ERR_UNTRUSTED, verify(NULL, "b.gpg", "a.asc", p, &v, &err));
}

TEST(pgp_reads_keyrings)
{
	AUTO(buf_clear) struct buf b = slurp("ab.pub"), again = BUF_MAX(1 << 20);
	AUTO(pgp_keyring_clear) struct pgp_keyring k = EMPTY, k2 = EMPTY;

	assert_ok(pgp_keyring_parse(b.data, b.len, &k, &err));
	assert_int_equal(k.key_count, 2);
	assert_string_equal(k.keys[1].uid, "B <b@example.org>");
	assert_string_equal(k.keys[0].problem, "");
	assert_ok(pgp_inspect(&k, &err));
	assert_true(k.keys[0].expires > time(NULL));
	assert_true(k.subkeys[0].can_sign);
	assert_int_equal(k.subkey_count, 3);
	assert_false(k.subkeys[1].can_sign);
	assert_true(k.subkeys[2].can_sign);
	assert_int_equal(k.subkeys[2].key, 1);
	assert_int_equal(k.keys[0].at + k.keys[0].len, k.keys[1].at);
	assert_int_equal(k.keys[1].at + k.keys[1].len, k.bytes.len);
	assert_ok(pgp_keyring_write(&k, &again, &err));
	assert_ok(pgp_keyring_parse(again.data, again.len, &k2, &err));
	assert_int_equal(k.bytes.len, k2.bytes.len);
	assert_memory_equal(k.bytes.data, k2.bytes.data, k.bytes.len);
}

TEST(pgp_refuses_other_files_as_keyrings)
{
	static const char *const files[] = {"secret.asc", "secret.gpg", "a.asc",
					    "t.json"};
	AUTO(buf_clear) struct buf twice = slurp("a.gpg");
	AUTO(pgp_keyring_clear) struct pgp_keyring k = EMPTY;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		AUTO(buf_clear) struct buf b = slurp(files[i]);

		assert_err(ERR_FORMAT, pgp_keyring_parse(b.data, b.len, &k, &err));
		assert_null(k.bytes.data);
	}
	assert_err(ERR_FORMAT, pgp_keyring_parse("", 0, &k, &err));
	assert_err(ERR_FORMAT, pgp_keyring_parse(twice.data, twice.len - 1, &k, &err));
	{
		AUTO(buf_clear) struct buf same = slurp("a.gpg");

		buf_append(&twice, same.data, same.len);
	}
	assert_err(ERR_CONFLICT, pgp_keyring_parse(twice.data, twice.len, &k, &err));
}

/* 1.4 gives the verdicts of EL 7's 2.0.22 */
static const char *const engines[] = {"/usr/bin/gpgv", "/usr/bin/gpg", "/usr/bin/gpgv1",
				      "/usr/bin/gpg1"};

TEST(pgp_gets_the_same_verdicts_from_gpgv_and_gpg_of_every_age)
{
	struct pgp_policy p = {.threshold = 1, .now = time(NULL)};
	struct pgp_verdict v;

	assert_int_equal(folders(), 0);
	for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
		if (access(engines[i], X_OK))
			skip();
		assert_ok(verify(engines[i], "ab.gpg", "ab.asc", p, &v, &err));
		assert_int_equal(v.distinct, 2);
		assert_err(ERR_UNTRUSTED,
			   verify(engines[i], "b.gpg", "a.asc", p, &v, &err));
		assert_says("not in the keyring");
		assert_err(ERR_UNTRUSTED,
			   verify(engines[i], "ab.gpg", "bad.asc", p, &v, &err));
		assert_says("is bad");
		/* revoked by SHA-1: gpg with weak-digest would not see it */
		assert_err(ERR_UNTRUSTED,
			   verify(engines[i], "gone.gpg", "a.asc", p, &v, &err));
		assert_says("revoked");
		assert_err(ERR_UNTRUSTED,
			   verify(engines[i], "old.gpg", "old.asc", p, &v, &err));
		assert_says("its key expired on 2020-01-31");
		assert_err(ERR_UNTRUSTED,
			   verify(engines[i], "old.gpg", "short.asc", p, &v, &err));
		assert_says("the signature expired on 2020-01-02");
		assert_err(ERR_UNTRUSTED,
			   verify(engines[i], "d.gpg", "d.asc", p, &v, &err));
		assert_says("its key is not made for signing");
	}
	assert_int_equal(folders(), 0);
}

/* of two digests gpg 1.4 looks at the first signature alone */
TEST(pgp_judges_signatures_of_different_digests)
{
	struct pgp_policy p = {.threshold = 2, .now = time(NULL)};
	AUTO(buf_clear) struct buf a = slurp("a.asc"), b = slurp("b512.asc");
	AUTO(armor_cut_clear) struct armor_cut ca = EMPTY, cb = EMPTY;
	AUTO(buf_clear) struct buf both = BUF_MAX(1 << 20);
	struct pgp_verdict v;

	assert_ok(armor_cut(a.data, a.len, &ca, &err));
	assert_ok(armor_cut(b.data, b.len, &cb, &err));
	assert_ok(armor_merge(&ca, &cb, &both, &err));
	assert_ok(file_write_atomic("mixed.asc", both.data, both.len, 0644, &err));
	assert_ok(verify(NULL, "ab.gpg", "mixed.asc", p, &v, &err));
	assert_int_equal(v.distinct, 2);
	for (size_t i = 0; i < ARRAY_LEN(engines); i++)
		if (!access(engines[i], X_OK))
			assert_ok(
				verify(engines[i], "ab.gpg", "mixed.asc", p, &v, &err));
}

/* `ring` with the signature number `at` made worse by a bit, where `bad`, and a trust
 * packet behind it in which gpg keeps what it found: 3 good, 1 bad. */
static void write_trusting(const char *ring, size_t at, bool bad, char found,
			   const char *path)
{
	AUTO(buf_clear) struct buf from = slurp(ring), to = BUF_MAX(1 << 20);
	const char trust[] = {(char)0xb0, 2, 0, found};
	struct armor_packet p = EMPTY;
	struct error e = EMPTY;

	while (p.end < from.len) {
		assert_true(armor_block_packet(from.data, from.len, &p, &e));
		buf_append(&to, from.data + p.at, p.end - p.at);
		if (p.tag != 2 || at--)
			continue;
		to.data[to.len - 1] ^= bad;
		buf_append(&to, trust, sizeof(trust));
	}
	assert_true(file_write_atomic(path, to.data, to.len, 0644, &e));
}

TEST(pgp_does_not_believe_what_a_keyring_says_that_gpg_found)
{
	struct pgp_policy p = {.threshold = 1, .now = time(NULL)};
	AUTO(pgp_keyring_clear) struct pgp_keyring k = EMPTY;
	struct pgp_verdict v;

	write_trusting("b.gpg", 1, true, 3, "forged.gpg"); /* the subkey's binding */
	write_trusting("b.gpg", 1, false, 3, "trusting.gpg");
	write_trusting("gone.gpg", 0, false, 1, "hidden.gpg"); /* the revocation */
	for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
		if (access(engines[i], X_OK))
			skip();
		assert_ok(verify(engines[i], "trusting.gpg", "b.asc", p, &v, &err));
		assert_err(ERR_UNTRUSTED,
			   verify(engines[i], "forged.gpg", "b.asc", p, &v, &err));
		assert_err(ERR_UNTRUSTED,
			   verify(engines[i], "hidden.gpg", "a.asc", p, &v, &err));
		assert_says("its key is revoked");
	}
	assert_ok(pgp_keyring_read("forged.gpg", &k, &err));
	assert_ok(pgp_inspect(&k, &err));
	assert_false(k.subkeys[1].can_sign);
	pgp_keyring_clear(&k);
	assert_ok(pgp_keyring_read("hidden.gpg", &k, &err));
	assert_ok(pgp_inspect(&k, &err));
	assert_true(k.keys[0].revoked);
}

TEST(pgp_needs_a_gpg)
{
	struct pgp_policy p = {.threshold = 1, .now = time(NULL)};
	struct pgp_verdict v;

	assert_err(ERR_SYSTEM,
		   verify("/nonexistent/gpg", "ab.gpg", "ab.asc", p, &v, &err));
	assert_err(ERR_SYSTEM, verify("./broken", "ab.gpg", "ab.asc", p, &v, &err));
}

/* gpgv has begun by then: it goes with the refusal. */
TEST(pgp_leaves_nothing_of_a_file_that_cannot_be_cut)
{
	struct pgp_policy p = {.threshold = 1, .now = time(NULL)};
	struct pgp_verdict v;

	assert_int_equal(folders(), 0);
	for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
		assert_err(ERR_UNTRUSTED,
			   verify(engines[i], "ab.gpg", "t.json", p, &v, &err));
		assert_says("not a cleartext-signed file");
		assert_int_equal(v.count, 0);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
	assert_int_equal(folders(), 0);
}

static bool forbid(int call)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool ok = filter &&
		  !seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0) &&
		  !seccomp_load(filter);

	seccomp_release(filter);
	return ok;
}

/* A kernel as EL 7's: what gpgv reads lies in a private folder. */
TEST(pgp_verifies_without_files_in_memory)
{
	struct pgp_policy p = {.threshold = 2, .now = time(NULL)};
	struct pgp_verdict v;
	int state;
	pid_t pid;

	make();
	assert_int_equal(folders(), 0);
	pid = fork();
	if (!pid) {
		int fd;

		if (!forbid(SCMP_SYS(memfd_create)) || file_memory("x", &fd, &err))
			_exit(10);
		if (!verify(NULL, "ab.gpg", "ab.asc", p, &v, &err) || v.distinct != 2)
			_exit(11);
		p.threshold = 1;
		if (verify(NULL, "ab.gpg", "bad.asc", p, &v, &err) ||
		    err.code != ERR_UNTRUSTED)
			_exit(12);
		_exit(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD ? 0 : 13);
	}
	assert_int_equal(waitpid(pid, &state, 0), pid);
	assert_int_equal(state, 0);
	assert_int_equal(folders(), 0);
}
