/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tree_tuf.h"

#include "core/text.h"

enum { PATH_MAX_BYTES = 2048 };

/* The byte of "%2B", or -1. */
static int byte_of(const char *p)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *high = p[1] ? strchr(digits, p[1]) : NULL;
	const char *low = high && p[2] ? strchr(digits, p[2]) : NULL;

	return low ? (int)((high - digits) * 16 + (low - digits)) : -1;
}

bool tree_tuf_path(const char *folder, const char *name, struct buf *out,
		   struct error *err)
{
	buf_printf(out, "%s/", folder);
	for (const char *p = name; *p; p++) {
		int c = *p == '%' ? byte_of(p) : *p;

		if (*p == '%' && (c <= 0 || c == '/'))
			return error_set(err, ERR_FORMAT, "'%s' is no name in a tree",
					 TEXT_SAFE(name));
		buf_putc(out, (char)c);
		p += *p == '%' ? 2 : 0;
	}
	return buf_ok(out, err);
}

static bool get(void *arg, const char *folder, const char *name, struct buf *out,
		struct error *err)
{
	AUTO(buf_clear) struct buf path = BUF_MAX(PATH_MAX_BYTES);

	return tree_tuf_path(folder, name, &path, err) &&
	       tree_source_get(arg, path.data, out, err);
}

static bool get_metadata(void *arg, const char *name, struct buf *out,
			 struct error *err)
{
	return get(arg, "metadata", name, out, err);
}

static bool get_target(void *arg, const char *name, struct buf *out, struct error *err)
{
	return get(arg, "targets", name, out, err);
}

struct tuf_source tree_tuf_source(struct tree_source *s)
{
	return (struct tuf_source){get_metadata, get_target, s};
}
