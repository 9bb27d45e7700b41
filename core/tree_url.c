/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tree_url.h"

#include "core/text.h"

#include <stdlib.h>

enum { URL_MAX = 8192 };

struct server {
	struct http *http;
	char *base;
};

static void close_server(void *carrier)
{
	struct server *s = carrier;

	http_free(s->http);
	free(s->base);
	free(s);
}

static bool url_of(const struct server *s, const char *path, struct buf *out,
		   struct error *err)
{
	AUTO(buf_clear) struct buf quoted = BUF_MAX(URL_MAX);

	text_percent(path, "/", &quoted);
	return buf_ok(&quoted, err) && http_join(s->base, quoted.data, out, err);
}

static bool get(void *carrier, const char *path, struct buf *out, struct error *err)
{
	AUTO(buf_clear) struct buf url = BUF_MAX(URL_MAX);
	struct server *s = carrier;

	return url_of(s, path, &url, err) && http_get(s->http, url.data, out, err);
}

static bool save(void *carrier, const char *path, int fd, uint64_t max,
		 struct error *err)
{
	AUTO(buf_clear) struct buf url = BUF_MAX(URL_MAX);
	struct server *s = carrier;

	return url_of(s, path, &url, err) &&
	       http_get_fd(s->http, url.data, fd, max, err);
}

bool tree_url_open(const char *url, const struct http_options *options,
		   struct tree_source **out, struct error *err)
{
	static const struct tree_source_ops ops = {
		.get = get,
		.save = save,
		.close = close_server,
	};
	static const struct http_options none = EMPTY;
	AUTO(buf_clear)
	struct buf base = BUF_MAX(URL_MAX / 2), shown = BUF_MAX(URL_MAX);
	struct server *s;

	if (!http_join(url, "", &base, err))
		return false;
	http_name(url, &shown);
	if (!buf_ok(&shown, err))
		return false;
	s = calloc(1, sizeof(*s));
	if (!s || !(s->base = buf_take(&base))) {
		free(s);
		return error_set(err, ERR_SYSTEM, "no memory");
	}
	if (!http_new(options ? options : &none, &s->http, err)) {
		close_server(s);
		return false;
	}
	return tree_source_new(&ops, s, "server", shown.data, out, err);
}
