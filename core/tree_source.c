/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tree_source.h"

#include "core/file.h"
#include "core/text.h"
#include "core/tree_dir.h"
#include "core/tree_oci.h"
#include "core/tree_tar.h"
#include "core/tree_url.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_BYTES_MAX = 1023, PIECE = 128 * 1024 };

struct tree_source {
	const struct tree_source_ops *ops;
	void *carrier;
	char *name;
};

bool tree_source_is_path(const char *path)
{
	size_t len = strlen(path);
	const char *end;

	if (!len || len > PATH_BYTES_MAX || !text_is_printable(path, len))
		return false;
	for (const char *part = path;; part = end + 1) {
		end = part + strcspn(part, "/");
		if (end == part ||
		    (part[0] == '.' &&
		     (end == part + 1 || (part[1] == '.' && end == part + 2))))
			return false;
		if (!*end)
			return true;
	}
}

bool tree_source_new(const struct tree_source_ops *ops, void *carrier, const char *what,
		     const char *where, struct tree_source **out, struct error *err)
{
	AUTO(buf_clear) struct buf name = BUF_MAX(8192);
	struct tree_source *s = calloc(1, sizeof(*s));

	buf_printf(&name, "%s '%s'", what, TEXT_SAFE(where));
	if (!s || !(s->name = buf_take(&name))) {
		free(s);
		ops->close(carrier);
		return error_set(err, ERR_SYSTEM, "no memory");
	}
	s->ops = ops;
	s->carrier = carrier;
	*out = s;
	return true;
}

static bool open_layout(const char *where, struct tree_source **out, struct error *err)
{
	AUTO(text_freep) char *dir = NULL;
	AUTO(text_freep) char *tag = NULL;

	return tree_oci_split(where, &dir, &tag, err) &&
	       tree_oci_open(dir, tag, out, err);
}

/* A folder or a tar that has the form of the other carrier is told what it is. */
static bool check_form(const char *where, const struct tree_source *s, bool folder,
		       struct error *err)
{
	if (!tree_source_has(s, "oci-layout"))
		return true;
	if (folder)
		return error_set(err, ERR_FORMAT,
				 "%s is an OCI layout: name it 'oci:%s'", s->name,
				 TEXT_SAFE(where));
	return error_set(err, ERR_FORMAT,
			 "%s holds an OCI layout: unpack it, and name the folder "
			 "'oci:DIR'",
			 s->name);
}

static bool open_local(const char *where, struct tree_source **out, struct error *err)
{
	AUTO(tree_source_closep) struct tree_source *s = NULL;
	AUTO(buf_clear) struct buf shown = BUF_MAX(8192);
	struct stat st;

	http_name(where, &shown); /* of a protocol that is none of ours */
	if (!buf_ok(&shown, err))
		return false;
	if (stat(where, &st) && errno == ENOENT && where[0] != '/')
		return error_set(err, ERR_NOT_FOUND,
				 "no file or folder '%s' is here; the URL of a server "
				 "begins with http:// or https://",
				 shown.data ? TEXT_SAFE(shown.data) : "");
	if (stat(where, &st))
		return error_sys(err, "cannot open '%s'",
				 shown.data ? TEXT_SAFE(shown.data) : "");
	if (!(S_ISDIR(st.st_mode) ? tree_dir_open(where, &s, err)
				  : tree_tar_open(where, &s, err)) ||
	    !check_form(where, s, S_ISDIR(st.st_mode), err))
		return false;
	*out = TAKE(s);
	return true;
}

bool tree_source_open(const char *where, const struct http_options *options,
		      struct tree_source **out, struct error *err)
{
	if (text_starts(where, "oci:"))
		return open_layout(where + strlen("oci:"), out, err);
	if (text_starts(where, "http://") || text_starts(where, "https://"))
		return tree_url_open(where, options, out, err);
	return open_local(where, out, err);
}

void tree_source_close(struct tree_source *s)
{
	if (!s)
		return;
	s->ops->close(s->carrier);
	free(s->name);
	free(s);
}

void tree_source_closep(struct tree_source **s)
{
	tree_source_close(*s);
	*s = NULL;
}

const char *tree_source_name(const struct tree_source *s)
{
	return s->name;
}

/* Refuse a path that no tree has, before any carrier sees it. */
static bool check(const struct tree_source *s, const char *path, struct error *err)
{
	return tree_source_is_path(path) ||
	       error_set(err, ERR_FORMAT, "%s: '%s' is no path of a tree", s->name,
			 TEXT_SAFE(path));
}

bool tree_source_get(struct tree_source *s, const char *path, struct buf *out,
		     struct error *err)
{
	size_t before = out->len;
	struct sink to = sink_buf(out);

	if (!check(s, path, err))
		return false;
	if (s->ops->get) /* which names its URL itself */
		return s->ops->get(s->carrier, path, out, err);
	if (s->ops->stream(s->carrier, path, out->max - before, &to, err))
		return true;
	out->len = before;
	if (out->data)
		out->data[before] = '\0';
	return error_prefix(err, "%s", s->name);
}

bool tree_source_stream(struct tree_source *s, const char *path, uint64_t max,
			const struct sink *to, struct error *err)
{
	if (!check(s, path, err))
		return false;
	if (!s->ops->stream)
		return error_set(err, ERR_INTERNAL, "%s does not stream", s->name);
	return s->ops->stream(s->carrier, path, max, to, err) ||
	       error_prefix(err, "%s", s->name);
}

bool tree_source_save(struct tree_source *s, const char *path, int fd, uint64_t max,
		      struct error *err)
{
	struct sink to = sink_fd(&fd);

	if (!check(s, path, err))
		return false;
	if (s->ops->save)
		return s->ops->save(s->carrier, path, fd, max, err);
	return tree_source_stream(s, path, max, &to, err);
}

bool tree_source_has(const struct tree_source *s, const char *path)
{
	return !s->ops->has ||
	       (tree_source_is_path(path) && s->ops->has(s->carrier, path));
}

bool tree_source_remote(const struct tree_source *s)
{
	return s->ops->get;
}

static bool pour(int fd, char *piece, uint64_t max, const struct sink *to,
		 struct error *err)
{
	uint64_t size = 0;
	size_t n;

	for (;;) {
		if (!file_read_piece(fd, piece, PIECE, &n, err))
			return false;
		if (n == 0)
			return true;
		size += n;
		if (size > max)
			return error_set(err, ERR_LIMIT, "more than %" PRIu64 " bytes",
					 max);
		if (!sink_put(to, piece, n, err))
			return false;
	}
}

bool tree_source_pour(int fd, uint64_t max, const struct sink *to, struct error *err)
{
	AUTO(text_freep) char *piece = malloc(PIECE);

	if (!piece)
		return error_set(err, ERR_SYSTEM, "no memory");
	return pour(fd, piece, max, to, err);
}
