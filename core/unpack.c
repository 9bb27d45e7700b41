/* SPDX-License-Identifier: Apache-2.0 */
#include "core/unpack.h"

#include "core/buf.h"
#include "core/late.h"
#include "core/text.h"
#include "soname.inc"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* clang-format off */
#define FUNCTIONS(_) \
	_(archive_entry_filetype) _(archive_entry_gid) _(archive_entry_gname) \
	_(archive_entry_hardlink) _(archive_entry_hardlink_utf8) \
	_(archive_entry_pathname) _(archive_entry_pathname_utf8) \
	_(archive_entry_perm) _(archive_entry_size) _(archive_entry_size_is_set) \
	_(archive_entry_symlink) _(archive_entry_symlink_utf8) _(archive_entry_uid) \
	_(archive_entry_uname) _(archive_entry_xattr_next) \
	_(archive_entry_xattr_reset) _(archive_errno) _(archive_error_string) \
	_(archive_read_data_block) _(archive_read_free) _(archive_read_new) \
	_(archive_read_next_header) _(archive_read_open) \
	_(archive_read_support_filter_bzip2) _(archive_read_support_filter_gzip) \
	_(archive_read_support_filter_lzma) _(archive_read_support_filter_xz) \
	_(archive_read_support_filter_zstd) _(archive_read_support_format_cpio) \
	_(archive_read_support_format_empty) _(archive_read_support_format_raw) \
	_(archive_read_support_format_tar) _(archive_set_error)
LATE_LIBRARY(FUNCTIONS, ARCHIVE, "building manifests from archives")
/* clang-format on */

enum { ZEROS = 65536, TAR_BLOCK = 512 };

struct unpack {
	struct archive *a;
	struct unpack_from from;
	enum unpack_form form;
	uint64_t pulled;    /* bytes; UINT64_MAX when the padding was given */
	struct error inner; /* why the source failed, inside libarchive's callback */
	uint64_t entries, bytes; /* seen; bytes as the entries claim them */
	/* content of the current entry: */
	uint64_t at;      /* bytes handed out */
	uint64_t size;    /* of the entry; UINT64_MAX where it is not known */
	const char *data; /* block from libarchive that is not handed out yet */
	size_t len;
	uint64_t offset; /* of that block */
	bool ended;
};

static const char zeros[ZEROS];

/* libarchive's error as ours; that of the source, where it is the cause. */
static bool fail(struct unpack *u, struct error *err)
{
	int os = lib.archive_errno(u->a);
	const char *text = lib.archive_error_string(u->a);

	if (u->inner.code != ERR_NONE) {
		*err = u->inner;
		return false;
	}
	if (os == ENOMEM)
		return error_set(err, ERR_SYSTEM, "no memory");
	return error_set(err, ERR_FORMAT, "damaged archive: %s",
			 text ? TEXT_SAFE(text) : "no reason given");
}

static la_ssize_t pull(struct archive *a, void *arg, const void **data)
{
	struct unpack *u = arg;
	size_t len;

	if (!u->from.next(u->from.arg, data, &len, &u->inner)) {
		lib.archive_set_error(a, EIO, "%s", u->inner.msg);
		return -1;
	}
	if (u->form == UNPACK_LAYER && u->pulled != UINT64_MAX) {
		if (!len) { /* to the end of the block, and two blocks that end a tar */
			*data = zeros;
			len = 2 * TAR_BLOCK + (-u->pulled & (TAR_BLOCK - 1));
			u->pulled = UINT64_MAX;
		} else {
			u->pulled += len;
		}
	}
	return (la_ssize_t)len;
}

static int support(struct archive *a, enum unpack_form form)
{
	if (form == UNPACK_TAR || form == UNPACK_LAYER)
		return lib.archive_read_support_format_tar(a);
	if (form == UNPACK_CPIO)
		return lib.archive_read_support_format_cpio(a);
	/* each of them can be a build option that is missing: ARCHIVE_WARN means an
	 * external program, which is not wanted */
	return lib.archive_read_support_filter_gzip(a) |
	       lib.archive_read_support_filter_xz(a) |
	       lib.archive_read_support_filter_lzma(a) |
	       lib.archive_read_support_filter_zstd(a) |
	       lib.archive_read_support_filter_bzip2(a) |
	       lib.archive_read_support_format_raw(a) |
	       lib.archive_read_support_format_empty(a);
}

bool unpack_open(struct unpack_from from, enum unpack_form form, struct unpack **out,
		 struct error *err)
{
	AUTO(unpack_freep) struct unpack *u = calloc(1, sizeof(*u));

	if (!u)
		return error_set(err, ERR_SYSTEM, "no memory");
	u->from = from;
	u->form = form;
	if (!lib_load(err))
		return false;
	u->a = lib.archive_read_new();
	if (!u->a)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (support(u->a, form) != ARCHIVE_OK)
		return error_set(err, ERR_SYSTEM,
				 "this libarchive was built without a compression "
				 "that is needed");
	if (lib.archive_read_open(u->a, u, NULL, pull, NULL) != ARCHIVE_OK)
		return fail(u, err);
	*out = TAKE(u);
	return true;
}

void unpack_free(struct unpack *u)
{
	if (!u)
		return;
	if (u->a)
		lib.archive_read_free(u->a);
	free(u);
}

void unpack_freep(struct unpack **u)
{
	unpack_free(*u);
	*u = NULL;
}

static enum unpack_type type_of(struct archive_entry *e)
{
	switch (lib.archive_entry_filetype(e)) {
	case AE_IFREG:
		return UNPACK_REGULAR;
	case AE_IFLNK:
		return UNPACK_LINK;
	case AE_IFDIR:
		return UNPACK_FOLDER;
	default:
		return UNPACK_OTHER;
	}
}

static const char *text_of(const char *s)
{
	return s && *s ? s : NULL;
}

/* A pax archive has its names in UTF-8, the others as bytes: each is asked for in its
 * own form, because the other one depends on the locale. */
static const char *either(const char *utf8, const char *bytes)
{
	return utf8 ? utf8 : bytes;
}

static bool check_limits(struct unpack *u, const struct unpack_entry *e,
			 struct error *err)
{
	if (++u->entries > UNPACK_ENTRIES_MAX)
		return error_set(err, ERR_LIMIT, "more than %d entries",
				 UNPACK_ENTRIES_MAX);
	if (strnlen(e->name, UNPACK_PATH_MAX + 1) > UNPACK_PATH_MAX ||
	    (e->target && strnlen(e->target, UNPACK_PATH_MAX + 1) > UNPACK_PATH_MAX))
		return error_set(err, ERR_LIMIT,
				 "an entry's name has more than %d bytes",
				 UNPACK_PATH_MAX);
	if (e->size > UNPACK_BYTES_MAX - u->bytes)
		return error_set(err, ERR_LIMIT,
				 "unpacks to more than %" PRIu64 " GiB, at '%s'",
				 UNPACK_BYTES_MAX >> 30, TEXT_SAFE(e->name));
	u->bytes += e->size;
	return true;
}

/* The attribute security.capability, as GNU tar and container images have it
 * (SCHILY.xattr) and as bsdtar has it (LIBARCHIVE.xattr, beside the other). */
static bool read_capability(struct archive_entry *e, struct unpack_entry *out,
			    struct error *err)
{
	struct capability c;
	const char *name;
	const void *data;
	size_t len;
	bool found = false;

	if (out->type != UNPACK_REGULAR || out->hard_link)
		return true;
	lib.archive_entry_xattr_reset(e);
	while (lib.archive_entry_xattr_next(e, &name, &data, &len) == ARCHIVE_OK) {
		if (!name || strcmp(name, "security.capability") != 0)
			continue;
		if (!capability_decode(data, len, &c, err))
			return error_prefix(err, "damaged archive: '%s'",
					    TEXT_SAFE(out->name));
		if (found && !capability_equal(&c, &out->capability))
			return error_set(err, ERR_FORMAT,
					 "damaged archive: '%s' has two values of "
					 "security.capability",
					 TEXT_SAFE(out->name));
		out->capability = c;
		found = true;
	}
	return true;
}

bool unpack_next(struct unpack *u, struct unpack_entry *out, bool *more,
		 struct error *err)
{
	struct archive_entry *e;
	int got = lib.archive_read_next_header(u->a, &e);
	struct unpack_entry entry;

	if (got == ARCHIVE_EOF && u->inner.code == ERR_NONE) {
		*more = false;
		return true;
	}
	/* ARCHIVE_WARN: a name that has no form in this locale */
	if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
		return fail(u, err);
	entry = (struct unpack_entry){
		.name = either(lib.archive_entry_pathname_utf8(e),
			       lib.archive_entry_pathname(e)),
		.type = type_of(e),
		.size = lib.archive_entry_size_is_set(e)
				? (uint64_t)lib.archive_entry_size(e)
				: 0,
		.mode = (unsigned)lib.archive_entry_perm(e) & 07777,
		.target = either(lib.archive_entry_symlink_utf8(e),
				 lib.archive_entry_symlink(e)),
		.hard_link = either(lib.archive_entry_hardlink_utf8(e),
				    lib.archive_entry_hardlink(e)),
		.user = text_of(lib.archive_entry_uname(e)),
		.group = text_of(lib.archive_entry_gname(e)),
		.uid = lib.archive_entry_uid(e),
		.gid = lib.archive_entry_gid(e),
	};
	if (!entry.name)
		return error_set(err, ERR_FORMAT,
				 "damaged archive: a name is unreadable");
	if (!read_capability(e, &entry, err) || !check_limits(u, &entry, err))
		return false;
	u->size = lib.archive_entry_size_is_set(e) ? entry.size : UINT64_MAX;
	u->at = u->offset = 0;
	u->len = 0;
	u->ended = false;
	*out = entry;
	*more = true;
	return true;
}

/* Hand out zeros up to `end`. */
static void hole(struct unpack *u, uint64_t end, const void **data, size_t *len)
{
	*data = zeros;
	*len = end - u->at < ZEROS ? (size_t)(end - u->at) : ZEROS;
	u->at += *len;
}

/* Get libarchive's next block. */
static bool block(struct unpack *u, struct error *err)
{
	const void *data;
	la_int64_t offset;
	int got = lib.archive_read_data_block(u->a, &data, &u->len, &offset);

	if (got == ARCHIVE_EOF && u->inner.code == ERR_NONE) {
		u->ended = true;
		u->len = 0;
		return true;
	}
	if (got != ARCHIVE_OK)
		return fail(u, err);
	u->data = data;
	u->offset = (uint64_t)offset;
	if (u->offset < u->at)
		return error_set(err, ERR_FORMAT, "damaged archive: blocks overlap");
	/* the map of a sparse file may lead anywhere */
	if (u->offset > u->size || u->len > u->size - u->offset)
		return error_set(err, ERR_FORMAT,
				 "damaged archive: content beyond the entry's size");
	if (u->size == UINT64_MAX && u->offset + u->len > UNPACK_BYTES_MAX)
		return error_set(err, ERR_LIMIT, "unpacks to more than %" PRIu64 " GiB",
				 UNPACK_BYTES_MAX >> 30);
	return true;
}

bool unpack_read(struct unpack *u, const void **data, size_t *len, struct error *err)
{
	while (u->len == 0 && !u->ended)
		if (!block(u, err))
			return false;
	if (u->len && u->offset > u->at) {
		hole(u, u->offset, data, len);
		return true;
	}
	if (u->len) {
		*data = u->data;
		*len = u->len;
		u->at += u->len;
		u->len = 0;
		return true;
	}
	if (u->size != UINT64_MAX && u->at < u->size) {
		hole(u, u->size, data, len);
		return true;
	}
	*len = 0;
	return true;
}

static bool content_next(void *arg, const void **data, size_t *len, struct error *err)
{
	return unpack_read(arg, data, len, err);
}

struct unpack_from unpack_content(struct unpack *u)
{
	return (struct unpack_from){content_next, u};
}

bool unpack_drain(struct unpack_from from, struct error *err)
{
	const void *data;
	size_t len;

	do
		if (!from.next(from.arg, &data, &len, err))
			return false;
	while (len);
	return true;
}

bool unpack_path(const char *prefix, const char *name, char **out, struct error *err)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(2 * UNPACK_PATH_MAX);
	char *path;

	if (name[0] == '/')
		return error_set(err, ERR_FORMAT, "'%s' is an absolute name",
				 TEXT_SAFE(name));
	buf_puts(&b, strcmp(prefix, "/") != 0 ? prefix : "");
	for (const char *p = name; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && !memcmp(p, "..", 2))
			return error_set(err, ERR_FORMAT, "'%s' leads out by '..'",
					 TEXT_SAFE(name));
		if (n > 1 || (n == 1 && *p != '.')) {
			buf_putc(&b, '/');
			buf_append(&b, p, n);
		}
		p += n + (p[n] == '/');
	}
	if (b.len == 0)
		buf_putc(&b, '/');
	if (!buf_ok(&b, err))
		return false;
	if (!text_is_path(b.data))
		return error_set(err, ERR_FORMAT,
				 "'%s' is too long or has characters that no path here "
				 "may have",
				 TEXT_SAFE(name));
	path = buf_take(&b);
	if (!path)
		return error_set(err, ERR_SYSTEM, "no memory");
	*out = path;
	return true;
}
