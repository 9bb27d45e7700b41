/* SPDX-License-Identifier: Apache-2.0 */
#include "core/http.h"

#include "core/file.h"
#include "core/late.h"
#include "core/text.h"
#include "soname.inc"

#define CURL_DISABLE_TYPECHECK /* its macros call the linked functions */
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* clang-format off */
#define FUNCTIONS(_) \
	_(curl_easy_cleanup) _(curl_easy_getinfo) _(curl_easy_init) \
	_(curl_easy_perform) _(curl_easy_setopt) _(curl_easy_strerror) \
	_(curl_global_init) _(curl_slist_append) _(curl_slist_free_all)
LATE_LIBRARY(FUNCTIONS, CURL, "fetching over HTTP")
/* clang-format on */

enum {
	CONNECT_SECONDS = 10,
	LOW_SPEED_SECONDS = 30,
	LOW_SPEED_BYTES = 16, /* a second */
	REDIRECTS = 3,
	HEADERS_MAX = 64 * 1024,
	NAME_MAX_BYTES = 8192,      /* of a URL for people */
	ERROR_PAGE_MAX = 16 * 1024, /* read and dropped, so that the connection stays */
};

struct http {
	CURL *curl;
	struct curl_slist *headers; /* of every request, beside libcurl's own */
	unsigned requests;
	char why[CURL_ERROR_SIZE];
};

/* One transfer: where its body goes and what it may cost. */
struct transfer {
	CURL *curl;
	struct buf *out; /* or NULL: into fd */
	int fd;
	uint64_t left; /* bytes that the body may still take */
	size_t headers, dropped;
	bool headers_too_long;
	struct error *err; /* set when writing failed */
	bool failed;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
	/* a failure shows as curl_easy_init() returning NULL */
	(void)lib.curl_global_init(CURL_GLOBAL_DEFAULT);
}

static long status_of(CURL *curl)
{
	long status = 0;

	lib.curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;

	(void)data;
	t->headers += size * count;
	t->headers_too_long = t->headers > HEADERS_MAX;
	return t->headers_too_long ? 0 : size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count;

	if (status_of(t->curl) != 200) {
		t->dropped += len;
		return t->dropped > ERROR_PAGE_MAX ? 0 : len;
	}
	if (len > t->left)
		return 0;
	t->left -= len;
	if (t->out) {
		buf_append(t->out, data, len);
		t->failed = !buf_ok(t->out, t->err);
	} else {
		t->failed = !file_write_fd(t->fd, data, len, t->err);
	}
	return t->failed ? 0 : len;
}

static void set_protocols(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	lib.curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	lib.curl_easy_setopt(curl, CURLOPT_PROTOCOLS,
			     (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* Where a redirect may lead: from https only to https. */
static void set_redirect_protocols(CURL *curl, bool https)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	lib.curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR,
			     https ? "https" : "http,https");
#else
	lib.curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS,
			     (long)(https ? CURLPROTO_HTTPS
					  : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void set_limits(CURL *curl, const struct http_options *o)
{
	long connect = o->connect_seconds ? o->connect_seconds : CONNECT_SECONDS;
	long low = o->low_speed_seconds ? o->low_speed_seconds : LOW_SPEED_SECONDS;

	lib.curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, connect);
	lib.curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED_BYTES);
	lib.curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, low);
	lib.curl_easy_setopt(curl, CURLOPT_TIMEOUT, o->total_seconds);
	lib.curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	lib.curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS);
}

bool http_new(const struct http_options *options, struct http **out, struct error *err)
{
	struct http *h;

	if (!lib_load(err))
		return false;
	/* libcurl goes on without a file that it cannot read */
	if (options->netrc_file && access(options->netrc_file, R_OK))
		return error_sys(err, "cannot open '%s'",
				 TEXT_SAFE(options->netrc_file));
	pthread_once(&once, global_init);
	h = calloc(1, sizeof(*h));
	if (h)
		h->curl = lib.curl_easy_init();
	if (!h || !h->curl) {
		free(h);
		return error_set(err, ERR_SYSTEM, "cannot start libcurl");
	}
	set_protocols(h->curl);
	set_limits(h->curl, options);
	lib.curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
	lib.curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, h->why);
	lib.curl_easy_setopt(h->curl, CURLOPT_PATH_AS_IS, 1L);
	lib.curl_easy_setopt(h->curl, CURLOPT_HTTP_VERSION,
			     (long)CURL_HTTP_VERSION_1_1);
	lib.curl_easy_setopt(h->curl, CURLOPT_SSLVERSION,
			     (long)CURL_SSLVERSION_TLSv1_2);
	lib.curl_easy_setopt(h->curl, CURLOPT_USERAGENT,
			     options->user_agent ? options->user_agent
						 : "fips-manifest");
	if (options->ca_file)
		lib.curl_easy_setopt(h->curl, CURLOPT_CAINFO, options->ca_file);
	if (options->netrc_file) {
		lib.curl_easy_setopt(h->curl, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
		lib.curl_easy_setopt(h->curl, CURLOPT_NETRC_FILE, options->netrc_file);
	}
	lib.curl_easy_setopt(h->curl, CURLOPT_HEADERFUNCTION, on_header);
	lib.curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, on_body);
	*out = h;
	return true;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	lib.curl_easy_cleanup(http->curl);
	lib.curl_slist_free_all(http->headers);
	free(http);
}

void http_freep(struct http **http)
{
	http_free(*http);
	*http = NULL;
}

bool http_past_caches(struct http *http, struct error *err)
{
	static const char line[] = "Cache-Control: no-cache"; /* RFC 9111, 5.2.1.4 */

	if (!http->headers)
		http->headers = lib.curl_slist_append(NULL, line);
	if (!http->headers)
		return error_set(err, ERR_SYSTEM, "no memory");
	lib.curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, http->headers);
	return true;
}

unsigned http_requests(const struct http *http)
{
	return http->requests;
}

/* An answer that is not 200, whether its page was read to the end or not. */
static bool judge_status(long status, struct error *err)
{
	if (status == 403 || status == 404 || status == 410)
		return error_set(err, ERR_NOT_FOUND, "the server answers %ld", status);
	if (status == 401)
		return error_set(
			err, ERR_SYSTEM,
			"the server answers 401: it wants a name and password");
	return error_set(err, ERR_SYSTEM, "the server answers %ld, not 200", status);
}

/* What became of a transfer, as our error: the one translator of libcurl's. */
static bool judge(const struct http *h, const struct transfer *t, CURLcode code,
		  struct error *err)
{
	long status = status_of(h->curl);

	if (t->failed)
		return false;
	if (t->headers_too_long)
		return error_set(err, ERR_LIMIT, "more than %d bytes of headers",
				 HEADERS_MAX);
	switch (code) {
	case CURLE_OK:
	case CURLE_WRITE_ERROR:
	case CURLE_FILESIZE_EXCEEDED:
		if (status != 200)
			return judge_status(status, err);
		return code == CURLE_OK ||
		       error_set(err, ERR_LIMIT,
				 "the server sends more than is allowed here");
	case CURLE_TOO_MANY_REDIRECTS:
		return error_set(err, ERR_SYSTEM, "more than %d redirects", REDIRECTS);
	case CURLE_UNSUPPORTED_PROTOCOL:
		if (status >= 300)
			return error_set(err, ERR_SYSTEM,
					 "a redirect that is not followed: %s",
					 TEXT_SAFE(h->why));
		break;
	default:
		break;
	}
	return error_set(err, ERR_SYSTEM, "%s",
			 *h->why ? TEXT_SAFE(h->why) : lib.curl_easy_strerror(code));
}

void http_name(const char *url, struct buf *out)
{
	const char *host = strstr(url, "://"), *at, *end;

	if (!host) {
		buf_puts(out, url);
		return;
	}
	host += 3;
	buf_append(out, url, (size_t)(host - url));
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	host = at ? at + 1 : host;
	/* "user:pass/word@host" has a host "user", and its path ends in "@host" */
	buf_puts(out, strchr(host, '@') ? "..." : host);
}

bool http_blame(const char *url, struct error *err)
{
	AUTO(buf_clear) struct buf name = BUF_MAX(NAME_MAX_BYTES);

	http_name(url, &name);
	return error_prefix(err, "'%s'", name.data ? TEXT_SAFE(name.data) : "URL");
}

bool http_join(const char *base, const char *path, struct buf *out, struct error *err)
{
	size_t len = strlen(base);

	if (strpbrk(base, "?#")) {
		error_set_(err, ERR_USAGE,
			   "no URL of a tree: it has a query or fragment");
		return http_blame(base, err);
	}
	while (len && base[len - 1] == '/')
		len--;
	buf_append(out, base, len);
	buf_putc(out, '/');
	buf_puts(out, path);
	return buf_ok(out, err) || http_blame(base, err);
}

static bool run(struct http *h, const char *url, struct transfer *t, struct error *err)
{
	bool https = text_starts(url, "https://");
	long redirects = 0;
	CURLcode code;

	if (!https && !text_starts(url, "http://"))
		return error_set(err, ERR_USAGE, "not an http or https URL") ||
		       http_blame(url, err);
	h->why[0] = '\0';
	set_redirect_protocols(h->curl, https);
	lib.curl_easy_setopt(h->curl, CURLOPT_URL, url);
	lib.curl_easy_setopt(h->curl, CURLOPT_HEADERDATA, t);
	lib.curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, t);
	/* refuses early, by Content-Length; what holds is on_body()'s count */
	lib.curl_easy_setopt(h->curl, CURLOPT_MAXFILESIZE_LARGE,
			     (curl_off_t)(t->left > INT64_MAX ? INT64_MAX : t->left));
	code = lib.curl_easy_perform(h->curl);
	lib.curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_COUNT, &redirects);
	h->requests += 1 + (unsigned)redirects;
	return judge(h, t, code, err) || http_blame(url, err);
}

bool http_get(struct http *http, const char *url, struct buf *out, struct error *err)
{
	size_t before = out->len;
	struct transfer t = {
		.curl = http->curl,
		.out = out,
		.left = out->max - before,
		.err = err,
	};

	if (run(http, url, &t, err))
		return true;
	out->len = before;
	if (out->data)
		out->data[before] = '\0';
	return false;
}

bool http_get_fd(struct http *http, const char *url, int fd, uint64_t max,
		 struct error *err)
{
	struct transfer t = {
		.curl = http->curl,
		.fd = fd,
		.left = max,
		.err = err,
	};

	return run(http, url, &t, err);
}
