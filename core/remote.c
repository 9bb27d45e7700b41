/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote.h"

enum { URL_MAX = 4096 };

static bool get(const struct remote *r, const char *base, const char *name,
		struct buf *out, struct error *err)
{
	AUTO(buf_clear) struct buf url = BUF_MAX(URL_MAX);

	return http_join(base, name, &url, err) &&
	       http_get(r->http, url.data, out, err);
}

static bool get_metadata(void *arg, const char *name, struct buf *out,
			 struct error *err)
{
	const struct remote *r = arg;

	return get(r, r->metadata, name, out, err);
}

static bool get_target(void *arg, const char *name, struct buf *out, struct error *err)
{
	const struct remote *r = arg;

	return get(r, r->targets, name, out, err);
}

struct tuf_source remote_source(struct remote *r)
{
	return (struct tuf_source){get_metadata, get_target, r};
}
