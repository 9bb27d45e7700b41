/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem: answers that are not 200: problem+json (RFC 9457) for machines, made once
 * at start; a short page for browsers, made for each request, because its way to the
 * tree's root is that of the request.
 *
 * Rule: an error answer says what is wrong and what to do; it never repeats a
 * part of the request.
 */
#ifndef SERVER_PROBLEM_H
#define SERVER_PROBLEM_H

#include "core/buf.h"
#include "server/httpd.h"

enum problem {
	PROBLEM_BAD_REQUEST,
	PROBLEM_BAD_DIGEST,
	PROBLEM_NOT_FOUND,
	PROBLEM_NO_SUCH_DIGEST,
	PROBLEM_METHOD,
	PROBLEM_NOT_ACCEPTABLE,
	PROBLEM_CONDITION,
	PROBLEM_BODY,
	PROBLEM_RANGE,
	PROBLEM_LARGE,
	PROBLEM_INTERNAL,
	PROBLEM_BUSY,
	PROBLEMS,
};

struct problems {
	const char *policy; /* what page_policy() says, borrowed */
	struct problem_json {
		struct MHD_Response *response;
		size_t len;
	} of[PROBLEMS];
};

#define PROBLEM_TYPE "application/problem+json"

/* Append one as JSON. */
bool problem_write(enum problem p, struct buf *out, struct error *err) MUST_CHECK;

bool problem_init(const char *policy, struct problems *out,
		  struct error *err) MUST_CHECK;
void problem_clear(struct problems *p);
unsigned problem_status(enum problem p);
/* In the form that the request prefers. */
void problem_answer(const struct problems *all, enum problem p,
		    const struct httpd_request *q, struct httpd_answer *out);

#endif
