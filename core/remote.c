/* SPDX-License-Identifier: Apache-2.0 */
#include "core/remote.h"

#include "core/file.h"
#include "core/text.h"

char *remote_url(const char *base, const char *name)
{
	return file_join(base, name);
}

static bool get(const struct remote *r, const char *base, const char *name,
		struct buf *out, struct error *err)
{
	AUTO(text_freep) char *url = remote_url(base, name);

	if (!url)
		return error_set(err, ERR_SYSTEM, "no memory");
	return http_get(r->http, url, out, err);
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
