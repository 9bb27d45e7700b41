/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report: what was checked on a node, what came of it, and the evidence for it.
 *
 * Rules:
 * - Every check says what it looked at, what was expected, what was found, and one
 *   verdict. What could not be checked is a check, too: REPORT_UNKNOWN.
 * - The outcome is computed from the checks alone: any REPORT_FAIL fails; else any
 *   REPORT_UNKNOWN, or no passed check of what the manifest lists, is undecided.
 *   Nothing checked is never a pass.
 * - A finding that a dated exception of the signed manifest covers is
 *   REPORT_EXCEPTED; the node's own state (REPORT_SYSTEM) is never excepted.
 * - Texts are escaped as they come in: whatever a hostile node put into a name
 *   reaches no terminal and no parser.
 * - report_add() may be called from any thread; no memory is remembered and told
 *   by report_ok().
 */
#ifndef CLIENT_REPORT_H
#define CLIENT_REPORT_H

#include "client/node.h"
#include "client/site_check.h"
#include "client/source.h"

#include <pthread.h>

#define REPORT_FORMAT "fips-report/1"

enum { REPORT_TEXT_MAX = 512 * 1024 * 1024 }; /* bytes of a written report */

enum report_kind {
	REPORT_SYSTEM,
	REPORT_FILE,
	REPORT_PROCESS,
	REPORT_IMAGE,
	REPORT_SERVICE,
};

enum { REPORT_KINDS = 5 };

enum report_verdict {
	REPORT_PASS,
	REPORT_FAIL,
	REPORT_EXCEPTED,
	REPORT_UNKNOWN, /* could not be checked */
	REPORT_SKIPPED, /* does not apply here; the reason says why */
};
enum { REPORT_VERDICTS = 5 };

enum report_outcome {
	REPORT_PASSED,
	REPORT_PASSED_IMAGE, /* all that can be checked without a live node */
	REPORT_FAILED,
	REPORT_UNDECIDED,
};

struct report_check {
	enum report_kind kind;
	enum report_verdict verdict;
	char *component; /* NULL: the node itself */
	char *subject;   /* a path, "kernel FIPS mode", "pid 812 /usr/bin/kubelet" */
	char *expected, *actual; /* or NULL; one text where the entry had one */
	char *reason;            /* NULL when there is nothing to say */
};

/* A check as it is reported; texts are borrowed and copied. */
struct report_entry {
	enum report_kind kind;
	enum report_verdict verdict;
	const char *component;
	const char *subject;
	const char *path; /* what an exception's path is held against; or NULL */
	const char *expected, *actual;
};

struct report {
	/* borrowed; set before the first check */
	const struct node *node;
	const struct source *source;
	const struct site_check *site; /* or NULL */
	size_t threshold;
	int64_t started; /* the clock of this run: exceptions end by it */

	int64_t finished;
	char tool_digest[DIGEST_HEX_SIZE]; /* of the running program; "": unknown */
	struct report_check *checks;
	size_t count, cap;
	size_t counts[REPORT_VERDICTS];
	size_t evidence; /* passed checks of what the manifest lists */
	bool failed;     /* no memory */
	bool closed;     /* report_close(): nothing is added any more */
	pthread_mutex_t lock;
};

void report_init(struct report *r, const struct node *node,
		 const struct source *source);
void report_clear(struct report *r);

/* Add a check with its reason (fmt NULL: none). */
void report_add(struct report *r, const struct report_entry *e, const char *fmt, ...)
	PRINTF(3, 4);
/* Take no further check (a worker that woke late), set the finishing time. */
void report_close(struct report *r);
bool report_ok(const struct report *r, struct error *err) MUST_CHECK;

enum report_outcome report_outcome(const struct report *r);
/* "pass", "pass (image)", "fail", "undecided". */
const char *report_outcome_name(enum report_outcome o);
const char *report_kind_name(enum report_kind k);       /* "system", "file", ... */
const char *report_verdict_name(enum report_verdict v); /* "pass", "fail", ... */

/* ---- forms; each appends the whole report ---- */

struct report_style {
	bool colour; /* of the text form */
	bool brief;  /* leave out what passed and what does not apply */
	/* of the terminal, into which the lines are to fit; 0: one line a check */
	size_t columns;
};

bool report_text_write(const struct report *r, const struct report_style *style,
		       struct buf *out, struct error *err) MUST_CHECK;
/* schema/report.schema.json */
bool report_json_write(const struct report *r, struct buf *out,
		       struct error *err) MUST_CHECK;
/* JUnit XML. */
bool report_junit_write(const struct report *r, struct buf *out,
			struct error *err) MUST_CHECK;
/* The text exposition format of Prometheus. */
bool report_prometheus_write(const struct report *r, struct buf *out,
			     struct error *err) MUST_CHECK;

#endif
