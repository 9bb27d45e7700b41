/* SPDX-License-Identifier: Apache-2.0 */
#include "core/digest_many.h"

#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum {
	CHUNK = 256 * 1024,
	THREADS_MAX = 256,
	/* more than a small node has cores, as soon as one of them waits for the disk:
	 * others hash meanwhile (1.1 GB cold on 2 cores: 2 threads 0.92 s, 8 threads
	 * 0.72 s). Where nothing waits they would be in each other's way: the last
	 * large file ends later (a node's programs, warm: 0.31 s for 0.30 s). */
	THREADS_LEAST = 8,
	GRACE_MS =
		1000, /* after the deadline, for a worker to come to its next chunk */
};

/*
 * What the workers share. The items are the caller's: a worker touches them under
 * the lock alone and never after `abandoned`, so that one that the kernel holds
 * (a dead network file system) harms nobody when it wakes. The last one out frees.
 */
struct job {
	pthread_mutex_t lock;
	pthread_cond_t idle; /* workers fell to 0 */
	unsigned workers, begun;
	unsigned more;    /* workers to start when the disk is waited for */
	atomic_bool cold; /* it was */
	bool abandoned;
	atomic_bool stop;
	int root_fd;
	struct digest_many_item *items;
	size_t *order;
	size_t count, next;
	struct digest_many_options options;
	struct error err; /* why a worker could not begin */
};

int64_t digest_many_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *digest_many_kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "a regular file";
	case S_IFDIR:
		return "a folder";
	case S_IFLNK:
		return "a symlink";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	case S_IFCHR:
		return "a character device";
	case S_IFBLK:
		return "a block device";
	default:
		return "of unknown kind";
	}
}

/* ---- one file ---- */

static void settle(struct digest_many_item *it, enum digest_many_state state,
		   const char *why)
{
	it->state = state;
	it->why = why ? text_dup(why, strlen(why)) : NULL;
}

static void failed(struct digest_many_item *it, const char *doing)
{
	struct error err;

	error_sys_(&err, "%s", doing);
	settle(it, DIGEST_MANY_FAILED, err.msg);
}

/* A socket cannot be opened: what is there then? */
static void refused(int root_fd, struct digest_many_item *it, const struct error *why)
{
	AUTO(file_closep) int fd = -1;
	struct error err;

	if (why->code == ERR_NOT_FOUND)
		settle(it, DIGEST_MANY_ABSENT, NULL);
	else if (file_open_beneath(root_fd, it->path, O_PATH, &fd, &err) &&
		 !fstat(fd, &it->stat) && !S_ISREG(it->stat.st_mode))
		settle(it, DIGEST_MANY_NOT_REGULAR, digest_many_kind(it->stat.st_mode));
	else
		settle(it, DIGEST_MANY_FAILED, why->msg);
}

static bool unchanged(int fd, const struct stat *before, uint64_t total)
{
	struct stat now;

	return !fstat(fd, &now) && total == (uint64_t)before->st_size &&
	       now.st_size == before->st_size &&
	       now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == before->st_mtim.tv_nsec &&
	       now.st_ctim.tv_sec == before->st_ctim.tv_sec &&
	       now.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

struct worker {
	struct job *job;
	struct digest_stream *stream;
	char *chunk;
};

static void start(struct job *job, unsigned threads);

/* Like pread(2). As long as all comes out of the cache, the kernel is asked to tell
 * when it would wait instead; where it cannot (before Linux 4.14) that is as good as
 * cold. */
static ssize_t read_at(struct worker *w, int fd, uint64_t at, uint64_t size)
{
	struct job *job = w->job;
	struct iovec to = {w->chunk, CHUNK};
	ssize_t n;

	if (!atomic_load_explicit(&job->cold, memory_order_relaxed)) {
		n = preadv2(fd, &to, 1, (off_t)at, RWF_NOWAIT);
		if (n == CHUNK || (n >= 0 && at + (uint64_t)n == size))
			return n;
		pthread_mutex_lock(&job->lock);
		if (!atomic_exchange(&job->cold, true) && !job->abandoned)
			start(job, job->more);
		pthread_mutex_unlock(&job->lock);
	}
	return pread(fd, w->chunk, CHUNK, (off_t)at);
}

/* Read until end of file, but never beyond the size that fstat() told. */
static void digest_content(struct worker *w, int fd, struct digest_many_item *it)
{
	uint64_t size = (uint64_t)it->stat.st_size, total = 0;
	struct error err;

	if (!digest_stream_begin(w->stream, &err)) {
		settle(it, DIGEST_MANY_FAILED, err.msg);
		return;
	}
	for (;;) {
		ssize_t n = read_at(w, fd, total, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			failed(it, "cannot read");
			return;
		}
		total += (uint64_t)n;
		if (!digest_stream_add(w->stream, w->chunk, (size_t)n, &err)) {
			settle(it, DIGEST_MANY_FAILED, err.msg);
			return;
		}
		/* a short read is the end of a regular file */
		if (n < CHUNK || total > size)
			break;
		if (atomic_load_explicit(&w->job->stop, memory_order_relaxed))
			return;
	}
	if (!unchanged(fd, &it->stat, total))
		settle(it, DIGEST_MANY_CHANGED, NULL);
	else if (!digest_stream_end(w->stream, &it->digest, &err))
		settle(it, DIGEST_MANY_FAILED, err.msg);
	else
		settle(it, DIGEST_MANY_DONE, NULL);
}

static void read_capability(int fd, struct digest_many_item *it)
{
	ssize_t n = fgetxattr(fd, "security.capability", it->capability,
			      sizeof(it->capability));

	if (n < 0)
		n = errno == ENODATA || errno == ENOTSUP ? 0 : -1;
	it->capability_len = (int)n;
}

static void digest_file(struct worker *w, struct digest_many_item *it)
{
	AUTO(file_closep) int opened = -1;
	int fd = it->fd;
	struct error err;

	if (fd < 0) {
		/* a FIFO does not wait for its writer, a terminal not for its line */
		if (!file_open_beneath(w->job->root_fd, it->path, O_RDONLY | O_NONBLOCK,
				       &opened, &err)) {
			refused(w->job->root_fd, it, &err);
			return;
		}
		fd = opened;
	}
	if (fstat(fd, &it->stat)) {
		failed(it, "cannot look at it");
		return;
	}
	if (!S_ISREG(it->stat.st_mode)) {
		settle(it, DIGEST_MANY_NOT_REGULAR, digest_many_kind(it->stat.st_mode));
		return;
	}
	if (it->max && (uint64_t)it->stat.st_size > it->max) {
		settle(it, DIGEST_MANY_TOO_LARGE, NULL);
		return;
	}
	if (w->job->options.capability)
		read_capability(fd, it);
	digest_content(w, fd, it);
}

/* ---- many ---- */

static void job_free(struct job *job)
{
	file_closep(&job->root_fd);
	pthread_cond_destroy(&job->idle);
	pthread_mutex_destroy(&job->lock);
	free(job->order);
	free(job);
}

/* Take the next item as a copy whose path is the worker's own. Locked. */
static bool take(struct job *job, struct digest_many_item *it, size_t *i)
{
	if (job->abandoned || job->next == job->count || atomic_load(&job->stop))
		return false;
	*i = job->order[job->next++];
	*it = job->items[*i];
	it->path = text_dup(it->path, strlen(it->path));
	return it->path != NULL;
}

/* Hand the result over. Locked. */
static void give(struct job *job, struct digest_many_item *it, size_t i)
{
	const char *own = it->path;

	if (job->abandoned) {
		digest_many_clear(it, 1);
	} else {
		it->path = job->items[i].path;
		job->items[i] = *it;
		if (job->options.finished && it->state != DIGEST_MANY_PENDING)
			job->options.finished(job->options.arg, &job->items[i], i);
	}
	free((char *)(uintptr_t)own);
}

/* A worker's whole life between its first lock and its last. */
static void work(struct worker *w)
{
	struct job *job = w->job;
	struct digest_many_item it;
	size_t i;

	while (take(job, &it, &i)) {
		pthread_mutex_unlock(&job->lock);
		digest_file(w, &it);
		pthread_mutex_lock(&job->lock);
		give(job, &it, i);
	}
}

static unsigned cores(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

/* The first threads, one a core, begin with the largest files. The others hash while
 * those wait for the disk, and otherwise not by turns with them, else the largest file
 * would be left alone at the end. */
static void give_way(unsigned number)
{
	enum { STEP = 4, LAST = 19 };
	int own = getpriority(PRIO_PROCESS, 0); /* of this thread, as the next */
	int back = number < cores() ? own : own + STEP * (int)(number - cores() + 1);

	/* where it is not allowed it is slower, and nothing else */
	if (back != own)
		setpriority(PRIO_PROCESS, 0, back < LAST ? back : LAST);
}

static void *run(void *arg)
{
	AUTO(text_freep) char *chunk = malloc(CHUNK);
	AUTO(digest_stream_freep) struct digest_stream *stream = NULL;
	struct job *job = arg;
	struct error err;
	bool ready = digest_stream_new(&stream, &err), last;

	if (!chunk)
		ready = error_set(&err, ERR_SYSTEM, "no memory");
	pthread_mutex_lock(&job->lock);
	give_way(job->begun++);
	if (ready)
		work(&(struct worker){job, stream, chunk});
	else
		job->err = err;
	last = --job->workers == 0;
	if (last)
		pthread_cond_signal(&job->idle);
	last = last && job->abandoned;
	pthread_mutex_unlock(&job->lock);
	if (last)
		job_free(job);
	return NULL;
}

struct hint {
	uint64_t size;
	size_t i;
};

static int largest_first(const void *a, const void *b)
{
	const struct hint *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return (x->i > y->i) - (x->i < y->i);
}

static bool put_in_order(const struct digest_many_item *items, size_t count,
			 size_t *order, size_t *pending)
{
	struct hint *hints = calloc(count + 1, sizeof(*hints));
	size_t n = 0;

	if (!hints)
		return false;
	for (size_t i = 0; i < count; i++)
		if (items[i].state == DIGEST_MANY_PENDING)
			hints[n++] = (struct hint){items[i].hint, i};
	qsort(hints, n, sizeof(*hints), largest_first);
	for (size_t i = 0; i < n; i++)
		order[i] = hints[i].i;
	free(hints);
	*pending = n;
	return true;
}

static unsigned thread_count(unsigned asked, size_t items)
{
	unsigned n = asked;

	if (n == 0)
		n = cores() < THREADS_LEAST ? THREADS_LEAST : cores();
	if (n > THREADS_MAX)
		n = THREADS_MAX;
	return n > items ? (unsigned)items : n;
}

static struct job *job_new(int root_fd, struct digest_many_item *items, size_t count,
			   const struct digest_many_options *options)
{
	struct job *job = calloc(1, sizeof(*job));
	pthread_condattr_t attr;

	if (!job)
		return NULL;
	pthread_mutex_init(&job->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&job->idle, &attr);
	pthread_condattr_destroy(&attr);
	job->items = items;
	job->options = *options;
	job->order = calloc(count + 1, sizeof(*job->order));
	/* its own: a worker that woke late must not meet a number that is reused */
	job->root_fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
	if (!job->order || job->root_fd < 0 ||
	    !put_in_order(items, count, job->order, &job->count)) {
		job_free(job);
		return NULL;
	}
	return job;
}

/* Until all workers are gone or `until` (0: for ever); false: some are left. */
static bool wait_idle(struct job *job, int64_t until)
{
	struct timespec t = {until / 1000, until % 1000 * 1000000};

	while (job->workers) {
		if (!until)
			pthread_cond_wait(&job->idle, &job->lock);
		else if (pthread_cond_timedwait(&job->idle, &job->lock, &t))
			return job->workers == 0;
	}
	return true;
}

/* Start workers, as many as are to be had. Locked. */
static void start(struct job *job, unsigned threads)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (; threads && !pthread_create(&thread, &attr, run, job); threads--)
		job->workers++;
	pthread_attr_destroy(&attr);
}

/* One a core at first; with none to be had the caller works alone. */
static void start_first(struct job *job, unsigned threads)
{
	unsigned first = threads < cores() ? threads : cores();
	bool alone;

	pthread_mutex_lock(&job->lock);
	job->more = threads - first;
	start(job, first);
	alone = job->workers == 0;
	job->workers += alone;
	pthread_mutex_unlock(&job->lock);
	if (alone)
		run(job);
}

bool digest_many(int root_fd, struct digest_many_item *items, size_t count,
		 const struct digest_many_options *options, struct error *err)
{
	int64_t deadline = options->deadline;
	struct job *job;
	bool idle, ok = true;

	job = job_new(root_fd, items, count, options);
	if (!job)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (job->count)
		start_first(job, thread_count(options->threads, job->count));
	pthread_mutex_lock(&job->lock);
	idle = wait_idle(job, deadline);
	if (!idle) {
		atomic_store(&job->stop, true);
		idle = wait_idle(job, deadline + GRACE_MS);
	}
	if (job->next < job->count && !atomic_load(&job->stop)) {
		*err = job->err;
		ok = err->code ? false : error_set(err, ERR_SYSTEM, "no memory");
	}
	job->abandoned = !idle;
	pthread_mutex_unlock(&job->lock);
	if (idle)
		job_free(job);
	return ok;
}

void digest_many_clear(struct digest_many_item *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(items[i].why);
		items[i].why = NULL;
	}
}
