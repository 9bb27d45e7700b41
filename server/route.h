/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route: which answer a request gets, as a value, by its method, target and
 * headers and by what is published; nothing is sent here.
 *
 * Rules: the target is looked up in the snapshot's table of names, as it was
 * sent or, where it has escapes, decoded once; no part of it ever becomes a file
 * name. Escapes of "/" and of control characters are refused.
 */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "server/problem.h"
#include "server/views.h"

enum route_kind {
	ROUTE_PROBLEM,  /* .problem */
	ROUTE_RESOURCE, /* .status 200, 206, 304 or 416, .resource, .coding */
	ROUTE_VIEW,     /* .resource: the signed manifest that is to be shown */
	ROUTE_HEALTH,
	ROUTE_READY,
	ROUTE_METRICS,
	ROUTE_DIGEST, /* .digest */
};

struct route {
	enum route_kind kind;
	enum problem problem;
	unsigned status;
	struct resource *resource; /* borrowed from the snapshot */
	enum encode_coding coding;
	uint64_t first, last; /* of a 206, inclusive */
	struct digest digest;
};

/* `s` may be NULL: nothing is loaded yet. */
void route(const struct snapshot *s, const struct httpd_request *q, int64_t now,
	   struct route *out);

/* How this resource answers the request; for ROUTE_VIEW, with the page. */
void route_resource(struct resource *r, const struct httpd_request *q, int64_t now,
		    struct route *out);

/* The path of a target (origin-form or absolute-form), decoded, into `out`. */
bool route_path(const char *target, char *out, size_t size) MUST_CHECK;

#endif
