/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread reads the file into a ring of chunks and digests it; the caller unpacks
 * what is in them. So the digests of the file cost no time where a core is free.
 */
#include "core/file.h"
#include "core/text.h"
#include "signer/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, SLOTS = 4 };

struct artifact_source {
	const struct artifact_job *job;
	int fd;
	uint64_t size;
	struct digest_stream *whole; /* of every byte; NULL when that is known */
	bool (*watch)(void *arg, const void *data, size_t len, struct error *err);
	void *watch_arg;

	pthread_t reader;
	bool running;         /* there is a reader to be joined */
	pthread_mutex_t lock; /* of everything below but the chunks */
	pthread_cond_t turn;
	char *chunks;
	size_t len[SLOTS]; /* 0: the end of the file */
	uint64_t filled;   /* slots that the reader is done with, from the start */
	uint64_t taken;    /* slots that the caller has got */
	bool held;         /* the caller still uses the last of them */
	bool stop;         /* the caller wants no more */
	bool failed;
	struct error err; /* why the reader failed */
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
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->turn, NULL);
	s->chunks = malloc((size_t)SLOTS * CHUNK);
	if (!s->chunks)
		return no_memory(err);
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
static bool fill(struct artifact_source *s, char *chunk, size_t *len, struct error *err)
{
	size_t done = 0, n;

	do {
		if (!file_read_piece(s->fd, chunk + done, CHUNK - done, &n, err))
			return false;
		done += n;
	} while (n && done < CHUNK);
	*len = done;
	if (s->whole) {
		if (!digest_stream_add(s->whole, chunk, done, err))
			return false;
		cli_progress_add(s->job->progress, done, file_basename(s->job->path));
	}
	return !s->watch || s->watch(s->watch_arg, chunk, done, err);
}

/* Wait for a slot that the caller is done with; its number, or -1 to stop. */
static int free_slot(struct artifact_source *s)
{
	int slot;

	pthread_mutex_lock(&s->lock);
	while (!s->stop && s->filled - (s->taken - s->held) == SLOTS)
		pthread_cond_wait(&s->turn, &s->lock);
	slot = s->stop ? -1 : (int)(s->filled % SLOTS);
	pthread_mutex_unlock(&s->lock);
	return slot;
}

static void *reader(void *arg)
{
	struct artifact_source *s = arg;
	struct error err = EMPTY;
	bool more = true;

	while (more) {
		int slot = free_slot(s);
		size_t len = 0;
		bool ok = slot < 0 ||
			  fill(s, s->chunks + (size_t)slot * CHUNK, &len, &err);

		pthread_mutex_lock(&s->lock);
		if (slot >= 0 && ok) {
			s->len[slot] = len;
			s->filled++;
		}
		if (!ok) {
			s->failed = true;
			s->err = err;
		}
		pthread_cond_signal(&s->turn);
		pthread_mutex_unlock(&s->lock);
		more = ok && len;
	}
	return NULL;
}

static bool start(struct artifact_source *s, struct error *err)
{
	int os;

	if (lseek(s->fd, 0, SEEK_SET) < 0)
		return error_sys(err, "cannot seek");
	s->filled = s->taken = 0;
	s->held = s->stop = s->failed = false;
	os = pthread_create(&s->reader, NULL, reader, s);
	if (os) {
		errno = os;
		return error_sys(err, "cannot start a thread");
	}
	s->running = true;
	return true;
}

static void finish(struct artifact_source *s)
{
	if (!s->running)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->turn);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->reader, NULL);
	s->running = false;
}

/* ---- the caller ---- */

bool artifact_source_next(void *source, const void **data, size_t *len,
			  struct error *err)
{
	struct artifact_source *s = source;
	size_t slot;
	bool ok;

	if (!s->running && !start(s, err))
		return false;
	pthread_mutex_lock(&s->lock);
	s->held = false;
	pthread_cond_signal(&s->turn);
	while (s->filled == s->taken && !s->failed)
		pthread_cond_wait(&s->turn, &s->lock);
	ok = s->filled != s->taken;
	slot = s->taken % SLOTS;
	*len = ok ? s->len[slot] : 0;
	if (*len) { /* the end stays, however often it is asked for */
		s->taken++;
		s->held = true;
	}
	if (!ok)
		*err = s->err;
	pthread_mutex_unlock(&s->lock);
	*data = s->chunks + slot * CHUNK;
	return ok;
}

bool artifact_source_again(struct artifact_source *s, struct error *err)
{
	finish(s);
	return start(s, err);
}

bool artifact_source_end(struct artifact_source *s, struct manifest_source *out,
			 struct error *err)
{
	const char *name = file_basename(s->job->path);
	struct stat st;

	if (!unpack_drain((struct unpack_from){artifact_source_next, s}, err))
		return false;
	finish(s);
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
	finish(s);
	pthread_cond_destroy(&s->turn);
	pthread_mutex_destroy(&s->lock);
	file_closep(&s->fd);
	digest_stream_free(s->whole);
	free(s->chunks);
	free(s);
}

void artifact_source_freep(struct artifact_source **s)
{
	artifact_source_free(*s);
	*s = NULL;
}
