/* SPDX-License-Identifier: Apache-2.0 */
#include "server/problem.h"

#include "core/json.h"
#include "core/page.h"

static const struct {
	unsigned status;
	const char *title, *detail;
} table[] = {
	[PROBLEM_BAD_REQUEST] = {400, "Bad Request",
				 "The request is not well-formed HTTP/1.1 (RFC 9112)."},
	[PROBLEM_BAD_DIGEST] = {400, "Bad Request",
				"A digest is 64 lower-case hex digits: a SHA-256."},
	[PROBLEM_NOT_FOUND] = {404, "Not Found",
			       "Nothing is published under this name; index.json "
			       "lists what is."},
	[PROBLEM_NO_SUCH_DIGEST] = {404, "Not Found",
				    "No published manifest lists this digest."},
	[PROBLEM_METHOD] = {405, "Method Not Allowed",
			    "Everything here is read by GET and HEAD."},
	[PROBLEM_NOT_ACCEPTABLE] = {406, "Not Acceptable",
				    "No coding that is left by Accept-Encoding is "
				    "there; leave identity in it."},
	[PROBLEM_CONDITION] = {412, "Precondition Failed",
			       "What is published is not what the condition names."},
	[PROBLEM_BODY] = {413, "Content Too Large", "No request here has content."},
	[PROBLEM_RANGE] = {416, "Range Not Satisfiable",
			   "The range begins behind the end."},
	[PROBLEM_LARGE] = {431, "Request Header Fields Too Large",
			   "Request line and headers are over 3700 bytes, where each "
			   "line counts 64 more."},
	[PROBLEM_INTERNAL] = {500, "Internal Server Error",
			      "The server could not make the answer; its log says "
			      "why."},
	[PROBLEM_BUSY] = {503, "Service Unavailable",
			  "The server is starting, stopping or busy; ask again."},
};

unsigned problem_status(enum problem p)
{
	return table[p].status;
}

/* `policy` NULL: it shows nothing. */
static bool respond(enum problem p, const char *type, const char *policy,
		    const struct buf *text, struct MHD_Response **out,
		    struct error *err)
{
	struct httpd_header headers[8];
	struct bytes *body;
	size_t n = 0;
	bool ok;

	if (!buf_ok(text, err))
		return false;
	body = bytes_new(text->data, text->len);
	if (!body)
		return error_set(err, ERR_SYSTEM, "no memory");
	headers[n++] = (struct httpd_header){"Content-Type", type};
	headers[n++] = (struct httpd_header){"Cache-Control", "no-store"};
	if (p != PROBLEM_LARGE) { /* whose request left little room */
		headers[n++] =
			(struct httpd_header){"X-Content-Type-Options", "nosniff"};
		headers[n++] =
			(struct httpd_header){"Content-Security-Policy",
					      policy ? policy : "default-src 'none'"};
		headers[n++] = (struct httpd_header){"Vary", "Accept"};
	}
	if (p == PROBLEM_METHOD)
		headers[n++] = (struct httpd_header){"Allow", "GET, HEAD"};
	if (p == PROBLEM_BUSY)
		headers[n++] = (struct httpd_header){"Retry-After", "1"};
	ok = httpd_response_new(body, 0, body->len, headers, n, out, err);
	bytes_drop(body);
	return ok;
}

bool problem_write(enum problem p, struct buf *out, struct error *err)
{
	struct json_writer w = json_writer(out);

	json_open(&w, NULL, '{');
	json_put_string(&w, "detail", table[p].detail);
	json_put_integer(&w, "status", table[p].status);
	json_put_string(&w, "title", table[p].title);
	json_put_string(&w, "type", "about:blank");
	json_close(&w);
	return json_write_end(&w, err);
}

static bool json(enum problem p, struct problem_json *out, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(4096);

	if (!problem_write(p, &text, err))
		return false;
	out->len = text.len;
	return respond(p, PROBLEM_TYPE, NULL, &text, &out->response, err);
}

/* The tree's root, seen from what was asked for: it may lie under any prefix. */
static void put_root(const char *target, struct buf *out)
{
	buf_puts(out, "./");
	for (const char *s = strchr(target, '/'); s && (s = strchr(s + 1, '/'));)
		buf_puts(out, "../");
}

static bool html(const struct problems *all, enum problem p, const char *target,
		 struct httpd_answer *out)
{
	AUTO(buf_clear) struct buf root = BUF_MAX(16384), text = BUF_MAX(65536);
	struct error err;

	put_root(target, &root);
	if (!buf_ok(&root, &err))
		return false;
	page_head(&text, root.data, table[p].title);
	buf_printf(&text,
		   "<h1>%s</h1>\n<p>%s</p>\n<p><a href=\"%s\">All that is "
		   "published</a></p>\n</main>\n</body>\n</html>\n",
		   table[p].title, table[p].detail, root.data);
	if (!respond(p, "text/html; charset=utf-8", all->policy, &text, &out->response,
		     &err))
		return false;
	out->len = text.len;
	out->once = true;
	return true;
}

bool problem_init(const char *policy, struct problems *out, struct error *err)
{
	struct problems made = {.policy = policy};

	for (int p = 0; p < PROBLEMS; p++) {
		if (!json((enum problem)p, &made.of[p], err)) {
			problem_clear(&made);
			return false;
		}
	}
	*out = made;
	return true;
}

void problem_clear(struct problems *p)
{
	for (int i = 0; i < PROBLEMS; i++)
		httpd_response_free(p->of[i].response);
	*p = (struct problems)EMPTY;
}

void problem_answer(const struct problems *all, enum problem p,
		    const struct httpd_request *q, struct httpd_answer *out)
{
	*out = (struct httpd_answer){.status = table[p].status};
	if (negotiate_html(q->accept) && html(all, p, q->target, out))
		return;
	out->response = all->of[p].response;
	out->len = all->of[p].len;
}
