/* SPDX-License-Identifier: Apache-2.0 */
#include "server/route.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t now = 1700000000;

/* A published tree of three names, whose bytes are at hand. */
struct world {
	char text[4096];
	struct tree_entry entries[3];
	struct tree tree;
	struct snapshot *s;
};

static void fill(struct world *w, struct error *err_)
{
	static const struct {
		const char *path, *type;
		bool immutable;
	} table[] = {
		{"index.json", "application/json", false},
		{"manifests/v1.21.3+fips.0/manifest-el8-x86_64.json.asc", "text/plain",
		 false},
		{"tool/fips-tool-1.0.0-linux-x86_64", "application/octet-stream", true},
	};

	memset(w, 0, sizeof(*w));
	memset(w->text, 'a', sizeof(w->text));
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct tree_entry *e = &w->entries[i];

		*e = (struct tree_entry){
			.path = (char *)(uintptr_t)table[i].path,
			.type = table[i].type,
			.size = sizeof(w->text) - i,
			.modified = 1600000000,
			.immutable = table[i].immutable,
			.bytes = w->text,
		};
		assert_ok(digest_of_bytes(w->text, e->size, &e->digest, &err));
	}
	w->tree.entries = w->entries;
	w->tree.count = ARRAY_LEN(table);
}

static void build(struct world *w, const struct snapshot *previous,
		  struct snapshot **out, struct error *err_)
{
	const struct snapshot_settings set = {
		.policy = "default-src 'none'", .openapi = "{}\n", .now = now};

	assert_ok(snapshot_build(&set, &w->tree, previous, out, &err));
}

static void setup(struct world *w, struct error *err_)
{
	struct snapshot *plain = NULL;

	fill(w, err_);
	build(w, NULL, &plain, err_);
	assert_ok(snapshot_complete(plain, NULL, &w->s, &err));
	snapshot_drop(plain);
}

static struct route ask(const struct snapshot *s, struct httpd_request q)
{
	struct route r;

	q.method = q.method ? q.method : "GET";
	q.version = q.version ? q.version : "HTTP/1.1";
	q.hosts = q.hosts ? q.hosts : 1;
	route(s, &q, now, &r);
	return r;
}

static const char asc[] = "/manifests/v1.21.3+fips.0/manifest-el8-x86_64.json.asc";

TEST(route_finds_what_is_published_and_nothing_else)
{
	static const struct {
		const char *target;
		bool found;
	} table[] = {
		{"/", true},
		{"/index.json", true},
		{"/openapi.json", true},
		{asc, true},
		{"/manifests/v1.21.3%2Bfips.0/manifest-el8-x86_64.json.asc", true},
		{"/%69ndex.json", true},
		{"http://other.example:80/index.json", true},
		{"HTTPS://other.example/index.json", true},
		{"http://other.example", true},
		{"", false},
		{"*", false},
		{"index.json", false},
		{"/INDEX.JSON", false},
		{"/index.json/", false},
		{"//index.json", false},
		{"/./index.json", false},
		{"/tool/../index.json", false},
		{"/tool/%2e%2e/index.json", false},
		{"/tool%2ffips-tool-1.0.0-linux-x86_64", false},
		{"/%2findex.json", false},
		{"/index.json%00", false},
		{"/index.json%0a", false},
		{"/index.json%", false},
		{"/index.json%2", false},
		{"/%25%36%39ndex.json", false},
		{"/etc/passwd", false},
		{"ftp://other.example/index.json", false},
		{"/manifests/v1.21.3+fips.0/", false},
	};
	struct world w;

	setup(&w, &err);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct route r =
			ask(w.s, (struct httpd_request){.target = table[i].target});

		if ((r.kind == ROUTE_RESOURCE && r.status == 200) != table[i].found)
			fail_msg("'%s': kind %d", table[i].target, (int)r.kind);
		if (!table[i].found) {
			assert_int_equal(r.kind, ROUTE_PROBLEM);
			assert_int_equal(r.problem, PROBLEM_NOT_FOUND);
		}
	}
	snapshot_drop(w.s);
}

TEST(route_refuses_methods_bodies_and_doubtful_requests)
{
	struct world w;
	struct route r;

	setup(&w, &err);
	r = ask(w.s, (struct httpd_request){.target = "/", .method = "HEAD"});
	assert_int_equal(r.kind, ROUTE_RESOURCE);
	r = ask(w.s, (struct httpd_request){.target = "/", .method = "POST"});
	assert_int_equal(r.problem, PROBLEM_METHOD);
	r = ask(w.s, (struct httpd_request){.target = "*", .method = "OPTIONS"});
	assert_int_equal(r.problem, PROBLEM_METHOD);
	r = ask(w.s, (struct httpd_request){.target = "/", .method = "get"});
	assert_int_equal(r.problem, PROBLEM_METHOD);
	r = ask(w.s, (struct httpd_request){.target = "/", .body = true});
	assert_int_equal(r.problem, PROBLEM_BODY);
	r = ask(w.s, (struct httpd_request){.target = "/", .hosts = 2});
	assert_int_equal(r.problem, PROBLEM_BAD_REQUEST);
	r = ask(w.s, (struct httpd_request){.target = "/", .version = "HTTP/2.0"});
	assert_int_equal(r.problem, PROBLEM_BAD_REQUEST);
	r = ask(w.s, (struct httpd_request){.target = "/", .version = "HTTP/1.7"});
	assert_int_equal(r.kind, ROUTE_RESOURCE);
	r = ask(w.s, (struct httpd_request){.target = "/", .large = true});
	assert_int_equal(r.problem, PROBLEM_LARGE);
	r = ask(NULL, (struct httpd_request){.target = "/"});
	assert_int_equal(r.problem, PROBLEM_BUSY);
	snapshot_drop(w.s);
}

TEST(route_chooses_the_coding)
{
	static const struct {
		const char *accept;
		enum encode_coding want;
	} table[] = {
		{NULL, ENCODE_IDENTITY},
		{"", ENCODE_IDENTITY},
		{"gzip", ENCODE_GZIP},
		{"zstd", ENCODE_ZSTD},
		{"gzip, zstd;q=0.9", ENCODE_GZIP},
		{"gzip, deflate, br, zstd", ENCODE_ZSTD},
		{"br", ENCODE_IDENTITY},
		{"identity, gzip;q=0.5", ENCODE_IDENTITY},
	};
	struct world w;
	struct route r;

	setup(&w, &err);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		r = ask(w.s,
			(struct httpd_request){.target = asc,
					       .accept_encoding = table[i].accept});
		assert_int_equal(r.kind, ROUTE_RESOURCE);
		assert_int_equal(r.coding, table[i].want);
	}
	r = ask(w.s,
		(struct httpd_request){.target = asc, .accept_encoding = "br, *;q=0"});
	assert_int_equal(r.problem, PROBLEM_NOT_ACCEPTABLE);
	/* a program is sent as it is */
	r = ask(w.s,
		(struct httpd_request){.target = "/tool/fips-tool-1.0.0-linux-x86_64",
				       .accept_encoding = "gzip, zstd"});
	assert_int_equal(r.coding, ENCODE_IDENTITY);
	snapshot_drop(w.s);
}

TEST(route_parts_and_conditions)
{
	struct httpd_request q = {.target = "/index.json"};
	struct world w;
	struct route r;

	setup(&w, &err);
	q.if_headers.range = "bytes=1-2";
	q.accept_encoding = "gzip";
	r = ask(w.s, q);
	assert_int_equal(r.status, 206);
	assert_int_equal(r.coding, ENCODE_IDENTITY);
	assert_int_equal(r.first, 1);
	assert_int_equal(r.last, 2);
	q.method = "HEAD";
	assert_int_equal(ask(w.s, q).status, 200);
	q.method = "GET";
	q.if_headers.range = "bytes=4096-";
	assert_int_equal(ask(w.s, q).status, 416);
	q.if_headers.if_range = "\"other\"";
	assert_int_equal(ask(w.s, q).status, 200);
	q.if_headers.if_none_match =
		snapshot_find(w.s, "/index.json")->as[ENCODE_IDENTITY].etag;
	assert_int_equal(ask(w.s, q).status, 304);
	/* each coding has a tag of its own */
	q.if_headers.range = NULL;
	assert_int_equal(ask(w.s, q).status, 200);
	q.if_headers.if_match = "\"other\"";
	assert_int_equal(ask(w.s, q).problem, PROBLEM_CONDITION);
	snapshot_drop(w.s);
}

TEST(snapshot_takes_over_what_did_not_change)
{
	struct snapshot *next = NULL;
	struct resource *before, *after;
	struct world w;

	setup(&w, &err);
	w.entries[1].size = 100;
	assert_ok(digest_of_bytes(w.text, 100, &w.entries[1].digest, &err));
	build(&w, w.s, &next, &err);
	before = snapshot_find(w.s, "/index.json");
	after = snapshot_find(next, "/index.json");
	assert_ptr_equal(before, after);
	assert_non_null(after->as[ENCODE_GZIP].body);
	before = snapshot_find(w.s, asc);
	after = snapshot_find(next, asc);
	assert_ptr_not_equal(before, after);
	assert_int_equal(after->as[ENCODE_IDENTITY].body->len, 100);
	/* the old one stays whole for those who hold it */
	snapshot_drop(next);
	assert_int_equal(before->as[ENCODE_IDENTITY].body->len, 4095);
	snapshot_drop(w.s);
}

static bool load_text(void *carrier, const struct tree_entry *e, struct buf *out,
		      struct error *why)
{
	buf_append(out, carrier, e->size);
	return buf_ok(out, why);
}

TEST(snapshot_refuses_a_tree_that_does_not_hold_together)
{
	const struct snapshot_settings set = {
		.policy = "default-src 'none'", .openapi = "{}\n", .now = now};
	struct snapshot *s = NULL;
	struct world w;

	fill(&w, &err);
	w.entries[1].path = w.entries[0].path;
	assert_err(ERR_CONFLICT, snapshot_build(&set, &w.tree, NULL, &s, &err));
	assert_null(s);
	fill(&w, &err);
	w.tree.load = load_text;
	w.tree.carrier = w.text;
	w.entries[0].bytes = NULL;
	w.entries[0].digest.bytes[0] ^= 1;
	assert_err(ERR_MISMATCH, snapshot_build(&set, &w.tree, NULL, &s, &err));
	assert_says("index.json");
	assert_null(s);
}

/* Sixteen names of 20,000 bytes each, the last ones newer. */
static void fill_many(struct tree_entry *entries, char *texts, int64_t newest,
		      struct error *err_)
{
	enum { SIZE = 20000 };

	for (size_t i = 0; i < 16; i++) {
		struct tree_entry *e = &entries[i];

		memset(texts + i * SIZE, 'a' + (int)i, SIZE);
		*e = (struct tree_entry){.type = "text/plain",
					 .size = SIZE,
					 .modified = i < 12 ? 1600000000 : newest,
					 .bytes = texts + i * SIZE};
		assert_int_not_equal(asprintf(&e->path, "n%02zu", i), -1);
		assert_ok(digest_of_bytes(e->bytes, SIZE, &e->digest, &err));
	}
}

static void expect_files(const struct snapshot *s, const char *wanted)
{
	for (size_t i = 0; i < 16; i++) {
		char path[16];
		const struct bytes *body;

		snprintf(path, sizeof(path), "/n%02zu", i);
		body = snapshot_find(s, path)->as[ENCODE_IDENTITY].body;
		assert_int_equal(body->file >= 0, wanted[i] == 'f');
		assert_int_equal(body->len, 20000);
		assert_int_equal(body->data[19999], 'a' + (int)i);
		assert_int_equal(body->data[20000], 0);
	}
}

TEST(snapshot_keeps_the_newest_bodies_in_files)
{
	struct snapshot_settings set = {.policy = "default-src 'none'",
					.openapi = "{}\n",
					.now = now,
					.files = 6};
	struct tree_entry entries[16];
	struct tree tree = {.entries = entries, .count = 16};
	struct snapshot *none = NULL, *some = NULL, *next = NULL;
	char *texts = malloc(16 * 20000);

	assert_non_null(texts);
	fill_many(entries, texts, 1650000000, &err);
	assert_ok(snapshot_build(&set, &tree, NULL, &some, &err));
	expect_files(some, "ff..........ffff");
	/* two that were published since take the place of the oldest */
	entries[5].modified = entries[6].modified = 1660000000;
	assert_ok(snapshot_build(&set, &tree, some, &next, &err));
	expect_files(next, ".....ff.....ffff");
	set.files = 0;
	assert_ok(snapshot_build(&set, &tree, NULL, &none, &err));
	expect_files(none, "................");
	snapshot_drop(none);
	snapshot_drop(some);
	snapshot_drop(next);
	for (size_t i = 0; i < 16; i++)
		free(entries[i].path);
	free(texts);
}
