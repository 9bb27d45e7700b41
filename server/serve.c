/* SPDX-License-Identifier: Apache-2.0 */
#include "server/serve.h"

#include "core/json.h"
#include "core/text.h"
#include "server/peers.h"
#include "server/route.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { ANSWER_MAX = 16 * 1024 * 1024 };

bool serve_init(struct serve *s, const struct log *log, enum serve_access access,
		const char *policy, struct error *err)
{
	memset(s, 0, sizeof(*s));
	s->log = log;
	s->access = access;
	if (!problem_init(policy, &s->problems, err))
		return false;
	pthread_mutex_init(&s->lock, NULL);
	views_init(&s->views);
	return true;
}

void serve_clear(struct serve *s)
{
	snapshot_drop(s->snapshot);
	views_clear(&s->views);
	problem_clear(&s->problems);
	pthread_mutex_destroy(&s->lock);
	memset(s, 0, sizeof(*s));
}

void serve_set_snapshot(struct serve *s, struct snapshot *snapshot)
{
	struct snapshot *before;

	pthread_mutex_lock(&s->lock);
	before = s->snapshot;
	s->snapshot = snapshot;
	pthread_mutex_unlock(&s->lock);
	snapshot_drop(before);
}

void serve_set_fault(struct serve *s, const char *fault)
{
	pthread_mutex_lock(&s->lock);
	snprintf(s->fault, sizeof(s->fault), "%s", fault ? fault : "");
	pthread_mutex_unlock(&s->lock);
}

void serve_set_stopping(struct serve *s)
{
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_mutex_unlock(&s->lock);
}

static struct snapshot *hold_current(struct serve *s)
{
	struct snapshot *current;

	pthread_mutex_lock(&s->lock);
	current = s->snapshot ? snapshot_hold(s->snapshot) : NULL;
	pthread_mutex_unlock(&s->lock);
	return current;
}

/* ---- answers that are made for one request ---- */

/* The caller sets the status. */
static bool answer_once(struct bytes *body, size_t at, size_t len,
			const struct httpd_header *headers, size_t count,
			struct httpd_answer *out)
{
	struct error err;

	if (!httpd_response_new(body, at, len, headers, count, &out->response, &err))
		return false;
	out->len = len;
	out->once = true;
	return true;
}

/* `headers` beside the ones that every such answer has. */
static bool answer_text(unsigned status, const struct httpd_header *headers,
			size_t count, const struct buf *text, struct httpd_answer *out)
{
	struct httpd_header all[RESOURCE_HEADERS_MAX] = {
		{"Cache-Control", "no-store"},
		{"X-Content-Type-Options", "nosniff"},
	};
	struct bytes *body;
	struct error err;
	bool ok;

	if (!buf_ok(text, &err))
		return false;
	body = bytes_new(text->data, text->len);
	if (!body)
		return false;
	memcpy(&all[2], headers, count * sizeof(*headers));
	out->status = status;
	ok = answer_once(body, 0, body->len, all, count + 2, out);
	bytes_drop(body);
	return ok;
}

static bool answer_json(const struct buf *text, struct httpd_answer *out)
{
	const struct httpd_header type = {"Content-Type", "application/json"};

	return answer_text(200, &type, 1, text, out);
}

static bool answer_part(const struct route *r, struct httpd_answer *out)
{
	const struct representation *rep = &r->resource->as[r->coding];
	struct httpd_header headers[RESOURCE_HEADERS_MAX + 1];
	size_t n = resource_headers(r->resource, r->coding, headers);
	char range[80];

	snprintf(range, sizeof(range), "bytes %" PRIu64 "-%" PRIu64 "/%zu", r->first,
		 r->last, rep->body->len);
	headers[n++] = (struct httpd_header){"Content-Range", range};
	out->status = 206;
	return answer_once(rep->body, r->first, r->last - r->first + 1, headers, n,
			   out);
}

static bool answer_unsatisfiable(const struct route *r, struct httpd_answer *out)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(ANSWER_MAX);
	char range[40];
	const struct httpd_header headers[] = {
		{"Content-Type", PROBLEM_TYPE},
		{"Content-Range", range},
	};
	struct error err;

	snprintf(range, sizeof(range), "bytes */%zu",
		 r->resource->as[r->coding].body->len);
	return problem_write(PROBLEM_RANGE, &text, &err) &&
	       answer_text(416, headers, ARRAY_LEN(headers), &text, out);
}

/* ---- the server's own routes ---- */

/* By role, in byte order of the names. */
static void put_expires(struct json_writer *w, const struct page_about *a)
{
	static const char *const names[] = {"root", "snapshot", "targets", "timestamp"};

	if (!a->role_count)
		return;
	json_open(w, "expires", '{');
	for (size_t n = 0; n < ARRAY_LEN(names); n++)
		for (size_t i = 0; i < a->role_count; i++)
			if (!strcmp(a->roles[i].name, names[n]))
				json_put_time(w, names[n], a->roles[i].expires);
	json_close(w);
}

/* What a mirror's site says, as it says it (docs/FORMAT.md, section 11). */
static void put_site(struct json_writer *w, const struct site *s)
{
	char arrived[TEXT_TIME_SIZE], checked[TEXT_TIME_SIZE];

	text_time(s->arrived, arrived);
	text_time(s->checked, checked);
	json_open(w, "site", '{');
	json_put_string(w, "arrived", arrived);
	json_put_string(w, "checked", checked);
	json_put_string(w, "name", s->name);
	json_open(w, "snapshot", '{');
	json_put_string(w, "sha256", DIGEST_HEX(&s->snapshot.digest));
	json_put_integer(w, "version", s->snapshot.version);
	json_close(w);
	json_put_string(w, "source", s->source);
	json_close(w);
}

static bool write_health(struct serve *s, const struct snapshot *now, struct buf *text,
			 struct error *err)
{
	struct json_writer w = json_writer(text);
	char fault[sizeof(s->fault)], made[TEXT_TIME_SIZE];
	bool expired;

	pthread_mutex_lock(&s->lock);
	memcpy(fault, s->fault, sizeof(fault));
	pthread_mutex_unlock(&s->lock);
	json_open(&w, NULL, '{');
	if (now)
		put_expires(&w, &now->about);
	if (*fault)
		json_put_string(&w, "fault", fault);
	if (now) {
		json_put_integer(&w, "manifests", (int64_t)now->manifest_count);
		if (now->about.is_site)
			put_site(&w, &now->about.site);
		text_time(now->made, made);
		json_put_string(&w, "snapshot", made);
	}
	expired = now && freshness_expired(&now->about, (int64_t)time(NULL));
	json_put_string(&w, "status", *fault ? "stale" : expired ? "expired" : "ok");
	if (now)
		json_put_integer(&w, "tools", (int64_t)now->tool_count);
	json_put_string(&w, "version", FIPS_MANIFEST_VERSION);
	json_close(&w);
	return json_write_end(&w, err);
}

static bool answer_health(struct serve *s, const struct snapshot *now,
			  struct httpd_answer *out)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(ANSWER_MAX);
	struct error err;

	return write_health(s, now, &text, &err) && answer_json(&text, out);
}

static bool answer_ready(struct serve *s, const struct snapshot *now,
			 const struct httpd_request *q, struct httpd_answer *out)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(ANSWER_MAX);
	bool stopping;

	pthread_mutex_lock(&s->lock);
	stopping = s->stopping;
	pthread_mutex_unlock(&s->lock);
	if (!now || stopping) {
		problem_answer(&s->problems, PROBLEM_BUSY, q, out);
		return true;
	}
	buf_puts(&text, "{\n  \"status\": \"ready\"\n}\n");
	return answer_json(&text, out);
}

static bool answer_metrics(struct serve *s, const struct snapshot *now,
			   struct httpd_answer *out)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(ANSWER_MAX);
	const struct httpd_header type = {"Content-Type", METRICS_TYPE};
	struct metrics_now m = {.now = (int64_t)time(NULL)};
	struct error err;

	if (s->httpd) {
		m.connections = httpd_connections(s->httpd);
		m.refused = httpd_refused(s->httpd);
	}
	if (now) {
		m.manifests = now->manifest_count;
		m.tools = now->tool_count;
		m.body_bytes = now->body_bytes;
		m.loaded = now->made;
		m.about = now->about;
	}
	pthread_mutex_lock(&s->lock);
	m.store_ok = !s->fault[0];
	pthread_mutex_unlock(&s->lock);
	return metrics_write(&s->metrics, &m, &text, &err) &&
	       answer_text(200, &type, 1, &text, out);
}

static bool answer_digest(struct serve *s, const struct snapshot *now,
			  const struct digest *d, const struct httpd_request *q,
			  struct httpd_answer *out)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(ANSWER_MAX);
	struct error err;
	size_t found;

	if (!now || !now->digests) {
		problem_answer(&s->problems, PROBLEM_BUSY, q, out);
		return true;
	}
	if (!digests_write(now->digests, d, &text, &found, &err))
		return false;
	if (found)
		return answer_json(&text, out);
	problem_answer(&s->problems, PROBLEM_NO_SUCH_DIGEST, q, out);
	return true;
}

static bool answer_resource(const struct route *r, struct httpd_answer *out)
{
	const struct representation *rep = &r->resource->as[r->coding];

	switch (r->status) {
	case 206:
		return answer_part(r, out);
	case 416:
		return answer_unsatisfiable(r, out);
	case 304:
		*out = (struct httpd_answer){
			.status = 304,
			.response = resource_unmodified(r->resource, r->coding)};
		return out->response;
	default:
		*out = (struct httpd_answer){.status = r->status,
					     .response = rep->response,
					     .len = rep->body->len,
					     .file = rep->body->file >= 0};
		return true;
	}
}

/* The page of a manifest, held for the caller. */
static bool answer_view(struct serve *s, const struct snapshot *now,
			const struct httpd_request *q, struct route *r,
			struct resource **page, struct httpd_answer *out)
{
	struct error err;

	if (!views_get(&s->views, now, r->resource, page, &err)) {
		log_event(s->log, LOG_ERROR, "no view",
			  (const struct log_field[]){{"reason", err.msg}, {0}});
		return false;
	}
	route_resource(*page, q, (int64_t)time(NULL), r);
	if (r->kind == ROUTE_RESOURCE)
		return answer_resource(r, out);
	problem_answer(&s->problems, r->problem, q, out);
	return true;
}

static bool answer_own(struct serve *s, const struct snapshot *now,
		       const struct route *r, const struct httpd_request *q,
		       struct httpd_answer *out)
{
	switch (r->kind) {
	case ROUTE_HEALTH:
		return answer_health(s, now, out);
	case ROUTE_READY:
		return answer_ready(s, now, q, out);
	case ROUTE_METRICS:
		return answer_metrics(s, now, out);
	case ROUTE_DIGEST:
		return answer_digest(s, now, &r->digest, q, out);
	case ROUTE_PROBLEM:
	case ROUTE_RESOURCE:
	case ROUTE_VIEW:
		break;
	}
	problem_answer(&s->problems, r->problem, q, out);
	return true;
}

static void drop_snapshot(void *held)
{
	snapshot_drop(held);
}

static void drop_resource(void *held)
{
	resource_drop(held);
}

void serve_answer(void *serve, const struct httpd_request *q, struct httpd_answer *out)
{
	struct serve *s = serve;
	struct snapshot *now = hold_current(s);
	struct resource *page = NULL;
	struct route r;
	bool ok;

	route(now, q, (int64_t)time(NULL), &r);
	if (r.kind == ROUTE_RESOURCE)
		ok = answer_resource(&r, out);
	else if (r.kind == ROUTE_VIEW)
		ok = answer_view(s, now, q, &r, &page, out);
	else
		ok = answer_own(s, now, &r, q, out);
	if (!ok)
		problem_answer(&s->problems, PROBLEM_INTERNAL, q, out);
	if (page) {
		snapshot_drop(now);
		out->held = page;
		out->drop = drop_resource;
	} else {
		out->held = now;
		out->drop = drop_snapshot;
	}
}

/* ---- the access log ---- */

static void log_request(const struct log *log, const struct httpd_done *d)
{
	char address[PEERS_TEXT_SIZE], status[16], bytes[24], ms[24];
	const struct log_field fields[] = {
		{"address", peers_text(d->client, address)},
		{"method", d->method},
		{"target", d->target},
		{"status", status},
		{"bytes", bytes},
		{"ms", ms},
		{"complete", d->complete ? "yes" : "no"},
		{NULL, NULL},
	};

	snprintf(status, sizeof(status), "%u", d->status);
	snprintf(bytes, sizeof(bytes), "%zu", d->len);
	snprintf(ms, sizeof(ms), "%" PRIu64 ".%03" PRIu64, d->ns / 1000000u,
		 d->ns / 1000u % 1000u);
	if (d->method)
		log_event(log, LOG_INFO, "request", fields);
	else
		log_event(log, LOG_INFO, "refused",
			  (const struct log_field[]){{"status", status}, {0}});
}

void serve_done(void *serve, const struct httpd_done *d)
{
	struct serve *s = serve;

	metrics_request(&s->metrics, d->status, d->len, d->ns, d->complete);
	if (s->access == SERVE_ACCESS_ALL ||
	    (s->access == SERVE_ACCESS_ERRORS && d->status >= 400))
		log_request(s->log, d);
}
