/* SPDX-License-Identifier: Apache-2.0 */
/* One thread reads the file and digests it; the caller unpacks what it read. */
#include "core/file.h"
#include "core/text.h"
#include "signer/ahead.h"
#include "signer/artifact.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct artifact_source {
	const struct artifact_job *job;
	int fd;
	uint64_t size;
	struct digest_stream *whole; /* of every byte; NULL when that is known */
	bool (*watch)(void *arg, const void *data, size_t len, struct error *err);
	void *watch_arg;
	struct ahead *reader; /* NULL: not begun, or done */
};

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

bool artifact_source_open(const struct artifact_job *job, struct artifact_source **out,
			  struct error *err)
{
	AUTO(artifact_source_freep)
	struct artifact_source *s = calloc(1, sizeof(*s));
	struct stat st;

	if (!s)
		return no_memory(err);
	s->fd = -1;
	s->job = job;
	/* a pipe would wait for a writer */
	if (!file_open(job->path, O_RDONLY | O_NONBLOCK, &s->fd, err))
		return false;
	if (fstat(s->fd, &st) || !S_ISREG(st.st_mode))
		return error_set(err, ERR_FORMAT, "'%s' is not a regular file",
				 TEXT_SAFE(job->path));
	s->size = (uint64_t)st.st_size;
	if (!digest_stream_new(&s->whole, err) || !digest_stream_begin(s->whole, err))
		return false;
	*out = TAKE(s);
	return true;
}

int artifact_source_fd(const struct artifact_source *s)
{
	return s->fd;
}

uint64_t artifact_source_size(const struct artifact_source *s)
{
	return s->size;
}

void artifact_source_watch(struct artifact_source *s,
			   bool (*watch)(void *arg, const void *data, size_t len,
					 struct error *err),
			   void *arg)
{
	s->watch = watch;
	s->watch_arg = arg;
}

/* ---- the reader ---- */

/* Read one chunk, as full as the file makes it, and look at it. */
static bool fill(void *arg, char chunk[AHEAD_CHUNK], size_t *len, struct error *err)
{
	struct artifact_source *s = arg;
	size_t done = 0, n;

	do {
		if (!file_read_piece(s->fd, chunk + done, AHEAD_CHUNK - done, &n, err))
			return false;
		done += n;
	} while (n && done < AHEAD_CHUNK);
	*len = done;
	if (s->whole) {
		if (!digest_stream_add(s->whole, chunk, done, err))
			return false;
		cli_progress_add(s->job->progress, done, file_basename(s->job->path));
	}
	return !s->watch || s->watch(s->watch_arg, chunk, done, err);
}

static bool start(struct artifact_source *s, struct error *err)
{
	if (lseek(s->fd, 0, SEEK_SET) < 0)
		return error_sys(err, "cannot seek");
	return ahead_new(fill, s, &s->reader, err);
}

/* ---- the caller ---- */

bool artifact_source_next(void *source, const void **data, size_t *len,
			  struct error *err)
{
	struct artifact_source *s = source;

	return (s->reader || start(s, err)) && ahead_next(s->reader, data, len, err);
}

bool artifact_source_again(struct artifact_source *s, struct error *err)
{
	ahead_freep(&s->reader);
	return start(s, err);
}

bool artifact_source_end(struct artifact_source *s, struct manifest_source *out,
			 struct error *err)
{
	const char *name = file_basename(s->job->path);
	struct stat st;

	if (!unpack_drain((struct unpack_from){artifact_source_next, s}, err))
		return false;
	ahead_freep(&s->reader);
	if (lseek(s->fd, 0, SEEK_CUR) != (off_t)s->size || fstat(s->fd, &st) ||
	    (uint64_t)st.st_size != s->size)
		return error_set(err, ERR_SYSTEM, "changed while it was read");
	if (!digest_stream_end(s->whole, &out->sha256, err))
		return false;
	digest_stream_freep(&s->whole);
	out->type = s->job->type;
	out->size = s->size;
	out->name = text_dup(name, strlen(name));
	return out->name ? true : no_memory(err);
}

void artifact_source_free(struct artifact_source *s)
{
	if (!s)
		return;
	ahead_free(s->reader);
	file_closep(&s->fd);
	digest_stream_free(s->whole);
	free(s);
}

void artifact_source_freep(struct artifact_source **s)
{
	artifact_source_free(*s);
	*s = NULL;
}
