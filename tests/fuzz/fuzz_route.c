/* SPDX-License-Identifier: Apache-2.0 */
/* A request as lines (method, target, Accept-Encoding, Range, If-None-Match, If-Range)
 * against a tree of three names: what is answered is one of them, by the very name that
 * the target decodes to, and a part lies within it. */
#include "core/text.h"
#include "server/route.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 6, BODY = 4096 };

static void check(bool ok)
{
	if (!ok)
		abort();
}

static struct snapshot *world(void)
{
	static const char *const names[] = {
		"index.json", "manifests/v1.21.3+fips.0/manifest-el8-x86_64.json.asc",
		"tool/fips-tool-1.0.0-linux-x86_64"};
	static char body[BODY];
	const struct snapshot_settings set = {
		.policy = "default-src 'none'", .openapi = "{}\n", .now = 1700000000};
	struct snapshot *plain = NULL, *coded = NULL;
	AUTO(tree_clear) struct tree tree = EMPTY;
	struct error err;

	memset(body, 'a', sizeof(body));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO(buf_clear) struct buf made = BUF_MAX(BODY);

		buf_append(&made, body, sizeof(body) - i);
		check(tree_add_made(&tree, names[i], 1600000000, &made, &err));
	}
	check(snapshot_build(&set, &tree, NULL, &plain, &err) &&
	      snapshot_complete(plain, NULL, &coded, &err));
	snapshot_drop(plain);
	return coded;
}

/* The lines of `s`, cut where they end; NULL: there is none. */
static void cut(char *s, char *lines[LINES])
{
	for (size_t i = 0; i < LINES; i++) {
		lines[i] = s;
		s = s ? strchr(s, '\n') : NULL;
		if (s)
			*s++ = '\0';
	}
}

static void check_resource(const struct snapshot *s, const struct httpd_request *q,
			   const struct route *r)
{
	const struct bytes *body = r->resource->as[r->coding].body;
	char path[1100];

	check(route_path(q->target, path, sizeof(path)));
	check(!strcmp(path, r->resource->path));
	check(snapshot_find(s, path) == r->resource && body);
	switch (r->status) {
	case 206:
		check(r->first <= r->last && r->last < body->len);
		check(q->if_headers.range && !strcmp(q->method, "GET"));
		break;
	case 416:
		check(q->if_headers.range != NULL);
		break;
	case 304:
		check(q->if_headers.if_none_match != NULL);
		break;
	default:
		check(r->status == 200);
	}
}

/* No escape makes a slash or a control character. */
static void check_path(const char *target)
{
	char path[1100];
	size_t slashes = 0, had = 1; /* "http://x" means "http://x/" */

	if (!route_path(target, path, sizeof(path)))
		return;
	for (const char *p = path; *p; p++)
		slashes += *p == '/';
	for (const char *p = target; *p; p++)
		had += *p == '/';
	check(slashes <= had && strlen(path) <= strlen(target) + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(text_freep) char *s = text_dup((const char *)data, size);
	static struct snapshot *w;
	struct httpd_request q = {.version = "HTTP/1.1", .hosts = 1};
	char *lines[LINES];
	struct route r;

	w = w ? w : world();
	check(s != NULL);
	cut(s, lines);
	q.method = lines[0];
	q.target = lines[1] ? lines[1] : "/";
	q.accept_encoding = lines[2];
	q.if_headers.range = lines[3];
	q.if_headers.if_none_match = lines[4];
	q.if_headers.if_range = lines[5];
	check_path(q.target);
	route(w, &q, 1700000000, &r);
	if (r.kind == ROUTE_RESOURCE)
		check_resource(w, &q, &r);
	else if (r.kind == ROUTE_VIEW)
		check(text_ends(r.resource->path, ".json.asc"));
	else if (r.kind == ROUTE_PROBLEM)
		check(problem_status(r.problem) >= 400);
	return 0;
}
