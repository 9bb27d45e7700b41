/* SPDX-License-Identifier: Apache-2.0 */
#include "client/report.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FIELD_MAX = 16384 }; /* bytes of one escaped text of a check */

static const char *const kinds[] = {
	[REPORT_SYSTEM] = "system",   [REPORT_FILE] = "file",
	[REPORT_PROCESS] = "process", [REPORT_IMAGE] = "image",
	[REPORT_SERVICE] = "service",
};

static const char *const verdicts[] = {
	[REPORT_PASS] = "pass",         [REPORT_FAIL] = "fail",
	[REPORT_EXCEPTED] = "excepted", [REPORT_UNKNOWN] = "unknown",
	[REPORT_SKIPPED] = "skipped",
};

static const char *const outcomes[] = {
	[REPORT_PASSED] = "pass",
	[REPORT_PASSED_IMAGE] = "pass (image)",
	[REPORT_FAILED] = "fail",
	[REPORT_UNDECIDED] = "undecided",
};

const char *report_kind_name(enum report_kind k)
{
	return kinds[k];
}

const char *report_verdict_name(enum report_verdict v)
{
	return verdicts[v];
}

const char *report_outcome_name(enum report_outcome o)
{
	return outcomes[o];
}

void report_init(struct report *r, const struct node *node, const struct source *source)
{
	*r = (struct report){
		.node = node,
		.source = source,
		.started = (int64_t)time(NULL),
	};
	pthread_mutex_init(&r->lock, NULL);
}

static void check_clear(struct report_check *c)
{
	free(c->component);
	free(c->subject);
	if (c->expected != c->actual)
		free(c->expected);
	free(c->actual);
	free(c->reason);
}

void report_clear(struct report *r)
{
	for (size_t i = 0; i < r->count; i++)
		check_clear(&r->checks[i]);
	free(r->checks);
	pthread_mutex_destroy(&r->lock);
	*r = (struct report)EMPTY;
}

/* Escaped, and no larger than it must be: there is one for each file. */
static char *escaped(const char *s, size_t len)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(FIELD_MAX);

	if (text_plain(s, len) == len)
		return text_dup(s, len);
	text_escape(s, len, &b);
	return buf_take(&b);
}

/* An escaped copy; NULL stays NULL. */
static char *copy(struct report *r, const char *s)
{
	size_t len = s ? strlen(s) : 0;
	char *out;

	if (!s)
		return NULL;
	out = escaped(s, len < FIELD_MAX / 4 ? len : FIELD_MAX / 4);
	if (!out)
		r->failed = true;
	return out;
}

static const struct manifest_exception *excepting(const struct report *r,
						  const struct report_entry *e)
{
	const struct manifest *m = &r->source->manifest;

	if (e->kind == REPORT_SYSTEM)
		return NULL;
	for (size_t i = 0; i < m->exception_count; i++) {
		const struct manifest_exception *x = &m->exceptions[i];

		if (x->expires <= r->started)
			continue;
		if (x->path ? e->path && !strcmp(e->path, x->path)
			    : e->component && !strcmp(e->component, x->component))
			return x;
	}
	return NULL;
}

/* Room for one more check; NULL without memory. */
static struct report_check *grow(struct report *r)
{
	if (r->count == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		void *more = reallocarray(r->checks, cap, sizeof(*r->checks));

		if (!more) {
			r->failed = true;
			return NULL;
		}
		r->checks = more;
		r->cap = cap;
	}
	return &r->checks[r->count++];
}

static void add(struct report *r, const struct report_entry *e, struct buf *reason)
{
	const struct manifest_exception *x =
		e->verdict == REPORT_FAIL ? excepting(r, e) : NULL;
	enum report_verdict verdict = x ? REPORT_EXCEPTED : e->verdict;
	char until[TEXT_TIME_SIZE];
	struct report_check *c = grow(r);

	if (!c)
		return;
	if (x) {
		text_time(x->expires, until);
		buf_printf(reason, "%sexcepted until %s: %s", reason->len ? "; " : "",
			   until, x->reason);
	}
	r->failed = r->failed || reason->failed;
	*c = (struct report_check){
		.kind = e->kind,
		.verdict = verdict,
		.component = copy(r, e->component),
		.subject = copy(r, e->subject),
		.actual = copy(r, e->actual),
		.reason = reason->len ? copy(r, reason->data) : NULL,
	};
	c->expected = e->expected == e->actual ? c->actual : copy(r, e->expected);
	r->counts[verdict]++;
	r->evidence += verdict == REPORT_PASS && e->component;
}

void report_add(struct report *r, const struct report_entry *e, const char *fmt, ...)
{
	AUTO(buf_clear) struct buf reason = BUF_MAX(FIELD_MAX);
	char text[2048];
	va_list ap;

	if (fmt) {
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		buf_puts(&reason, text);
	}
	pthread_mutex_lock(&r->lock);
	if (!r->closed)
		add(r, e, &reason);
	pthread_mutex_unlock(&r->lock);
}

void report_close(struct report *r)
{
	pthread_mutex_lock(&r->lock);
	r->closed = true;
	r->finished = (int64_t)time(NULL);
	pthread_mutex_unlock(&r->lock);
}

bool report_ok(const struct report *r, struct error *err)
{
	return !r->failed ||
	       error_set(err, ERR_SYSTEM, "no memory for the whole report");
}

enum report_outcome report_outcome(const struct report *r)
{
	if (r->counts[REPORT_FAIL])
		return REPORT_FAILED;
	if (r->failed || r->counts[REPORT_UNKNOWN] || !r->evidence)
		return REPORT_UNDECIDED;
	return r->node->live ? REPORT_PASSED : REPORT_PASSED_IMAGE;
}
