/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a tree as a tar. */
#include "core/file.h"
#include "core/late.h"
#include "core/text.h"
#include "core/tree_tar.h"
#include "soname.inc"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* clang-format off */
#define FUNCTIONS(_) \
	_(archive_entry_free) _(archive_entry_new) _(archive_entry_set_filetype) \
	_(archive_entry_set_mtime) _(archive_entry_set_pathname) \
	_(archive_entry_set_perm) _(archive_entry_set_size) _(archive_error_string) \
	_(archive_write_add_filter_zstd) _(archive_write_close) \
	_(archive_write_data) _(archive_write_free) _(archive_write_header) \
	_(archive_write_new) _(archive_write_open) \
	_(archive_write_set_bytes_in_last_block) \
	_(archive_write_set_bytes_per_block) _(archive_write_set_filter_option) \
	_(archive_write_set_format_pax_restricted)
LATE_LIBRARY(FUNCTIONS, ARCHIVE, "writing a tree as a tar")
/* clang-format on */

enum {
	BLOCK = 256 * 1024, /* bytes a write(2) */
	ZSTD_LEVEL = 6,
};

/*
 * Where libarchive's bytes go. It leaks when its output fails: so this one never does,
 * but drops what comes after the first failure, which is kept.
 */
struct output {
	int fd;
	bool failed;
	struct error why;
};

static void writer_free(struct archive **a)
{
	lib.archive_write_free(*a);
	*a = NULL;
}

static void entry_free(struct archive_entry **e)
{
	lib.archive_entry_free(*e);
	*e = NULL;
}

static la_ssize_t on_write(struct archive *a, void *arg, const void *data, size_t len)
{
	struct output *o = arg;

	(void)a;
	if (!o->failed)
		o->failed = !file_write_fd(o->fd, data, len, &o->why);
	return (la_ssize_t)len;
}

/* libarchive's error as ours; that of the output, where it is the cause. */
static bool fail(struct archive *a, const struct output *o, struct error *err)
{
	const char *text = lib.archive_error_string(a);

	if (o->failed) {
		*err = o->why;
		return false;
	}
	return error_set(err, ERR_SYSTEM, "cannot write a tar: %s",
			 text ? text : "no memory");
}

/* Did a call do what it should, and all that was written go out? */
static bool judge(bool ok, struct archive *a, const struct output *o, struct error *err)
{
	return (ok && !o->failed) || fail(a, o, err);
}

static bool begin(struct archive *a, bool zstd, struct output *o, struct error *err)
{
	char level[16];

	snprintf(level, sizeof(level), "%d", ZSTD_LEVEL);
	if (lib.archive_write_set_format_pax_restricted(a) != ARCHIVE_OK ||
	    (zstd && (lib.archive_write_add_filter_zstd(a) != ARCHIVE_OK ||
		      lib.archive_write_set_filter_option(
			      a, "zstd", "compression-level", level) != ARCHIVE_OK)) ||
	    lib.archive_write_set_bytes_per_block(a, BLOCK) != ARCHIVE_OK ||
	    lib.archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
	    lib.archive_write_open(a, o, NULL, on_write, NULL) != ARCHIVE_OK)
		return fail(a, o, err);
	return true;
}

struct content {
	struct archive *a;
	const struct output *o;
};

static bool take(void *arg, const void *data, size_t len, struct error *err)
{
	struct content *c = arg;

	return judge(lib.archive_write_data(c->a, data, len) == (la_ssize_t)len, c->a,
		     c->o, err);
}

static bool put(struct archive *a, const struct output *o, const struct tree *t,
		const struct tree_entry *e, struct error *err)
{
	AUTO(entry_free) struct archive_entry *header = lib.archive_entry_new();
	struct content c = {a, o};
	const struct sink to = {take, &c};

	if (!header)
		return error_set(err, ERR_SYSTEM, "no memory");
	lib.archive_entry_set_pathname(header, e->path);
	lib.archive_entry_set_filetype(header, AE_IFREG);
	lib.archive_entry_set_perm(header, 0644);
	lib.archive_entry_set_size(header, (la_int64_t)e->size);
	lib.archive_entry_set_mtime(header, tree_time(t), 0);
	return judge(lib.archive_write_header(a, header) == ARCHIVE_OK, a, o, err) &&
	       tree_stream(t, e, &to, err);
}

static bool write_all(const struct tree *t, const struct tree_writing *how,
		      struct output *o, struct error *err)
{
	AUTO(writer_free) struct archive *a = lib.archive_write_new();

	if (!a)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!begin(a, how->zstd, o, err))
		return false;
	for (size_t i = 0; i < t->count; i++) {
		if (how->begun)
			how->begun(how->arg, &t->entries[i]);
		if (!put(a, o, t, &t->entries[i], err)) {
			/* nothing more of what freeing writes */
			o->failed = true;
			o->why = *err;
			return false;
		}
	}
	return judge(lib.archive_write_close(a) == ARCHIVE_OK, a, o, err);
}

bool tree_tar_write(const struct tree *t, const char *path,
		    const struct tree_writing *how, struct tree_written *out,
		    struct error *err)
{
	AUTO(file_temp_clear) struct file_temp temp = FILE_TEMP;
	struct output o = EMPTY;

	if (!lib_load(err) || !file_temp_open(path, &temp, err))
		return false;
	file_temp_sweep(path);
	o.fd = temp.fd;
	if (!write_all(t, how, &o, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(path));
	if (!file_temp_place(&temp, 0644, err))
		return false;
	*out = (struct tree_written){.files = t->count, .fresh = t->count};
	for (size_t i = 0; i < t->count; i++)
		out->bytes += t->entries[i].size;
	return true;
}
