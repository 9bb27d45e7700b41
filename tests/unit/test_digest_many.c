/* SPDX-License-Identifier: Apache-2.0 */
#include "core/digest_many.h"
#include "core/file.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A fresh folder beneath the current one, which the runner takes away. */
static int fresh_root(const char *name)
{
	int fd = -1;

	assert_int_equal(mkdir(name, 0755), 0);
	fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void put(int root, const char *name, const void *data, size_t len)
{
	AUTO(file_closep)
	int fd = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
}

static const struct digest_many_options plain = EMPTY;

static struct digest_many_item item(const char *path)
{
	return (struct digest_many_item){.path = path, .fd = -1};
}

/* The state of one path beneath the root. */
static enum digest_many_state state_of(int root, const char *path)
{
	struct digest_many_item it = item(path);
	struct error why;

	assert_true(digest_many(root, &it, 1, &plain, &why));
	digest_many_clear(&it, 1);
	return it.state;
}

TEST(digest_many_agrees_with_digest_of_bytes)
{
	enum { N = 300 };
	static char names[N][16];
	struct digest_many_item items[N];
	AUTO(file_closep) int root = fresh_root("agree");
	AUTO(text_freep) char *data = malloc(N * 3000);

	for (size_t i = 0; i < N * 3000; i++)
		data[i] = (char)(i * 2654435761u >> 13);
	for (size_t i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "f%zu", i);
		put(root, names[i], data, i * 3000);
		items[i] = item(names[i]);
		items[i].hint = i * 3000;
	}
	for (unsigned threads = 0; threads <= 8; threads += 4) {
		assert_ok(digest_many(root, items, N,
				      &(struct digest_many_options){.threads = threads},
				      &err));
		for (size_t i = 0; i < N; i++) {
			struct digest d;

			assert_ok(digest_of_bytes(data, i * 3000, &d, &err));
			assert_int_equal(items[i].state, DIGEST_MANY_DONE);
			assert_true(digest_equal(&d, &items[i].digest));
			assert_int_equal(items[i].stat.st_size, i * 3000);
		}
	}
}

struct seen {
	size_t order[3], count;
};

static void note(void *arg, const struct digest_many_item *it, size_t i)
{
	struct seen *seen = arg;

	(void)it;
	seen->order[seen->count++] = i;
}

TEST(digest_many_begins_with_the_largest)
{
	AUTO(file_closep) int root = fresh_root("largest");
	struct digest_many_item items[] = {item("a"), item("b"), item("c")};
	struct seen seen = EMPTY;

	for (size_t i = 0; i < 3; i++)
		put(root, items[i].path, "x", 1);
	items[0].hint = 5;
	items[1].hint = 50;
	items[2].hint = 500;
	assert_ok(digest_many(root, items, 3,
			      &(struct digest_many_options){
				      .threads = 1, .finished = note, .arg = &seen},
			      &err));
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.order[0], 2);
	assert_int_equal(seen.order[1], 1);
	assert_int_equal(seen.order[2], 0);
}

TEST(digest_many_never_waits_for_what_is_no_file)
{
	AUTO(file_closep) int root = fresh_root("kinds");
	AUTO(file_closep) int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "kinds/socket"};
	struct digest_many_item items[] = {item("fifo"), item("socket"), item("folder"),
					   item("device")};
	static const char *const kinds[] = {"a FIFO", "a socket", "a folder",
					    "a character device"};
	/* only root may make a device, and not in every container */
	size_t n = mknodat(root, "device", S_IFCHR | 0600, 0x105) ? 3 : 4;

	assert_int_equal(mkfifoat(root, "fifo", 0644), 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(mkdirat(root, "folder", 0755), 0);
	assert_ok(digest_many(root, items, n, &plain, &err));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(items[i].state, DIGEST_MANY_NOT_REGULAR);
		assert_string_equal(items[i].why, kinds[i]);
	}
	digest_many_clear(items, n);
}

TEST(digest_many_stays_beneath_its_root)
{
	AUTO(file_closep) int root = fresh_root("beneath");

	put(root, "inside", "x", 1);
	assert_int_equal(symlinkat("/inside", root, "absolute"), 0);
	assert_int_equal(symlinkat("../../../../../../etc/passwd", root, "out"), 0);
	assert_int_equal(symlinkat("loop2", root, "loop1"), 0);
	assert_int_equal(symlinkat("loop1", root, "loop2"), 0);
	assert_int_equal(state_of(root, "/absolute"), DIGEST_MANY_DONE);
	assert_int_equal(state_of(root, "/out"), DIGEST_MANY_ABSENT);
	assert_int_equal(state_of(root, "/loop1"), DIGEST_MANY_FAILED);
	assert_int_equal(state_of(root, "/not/there"), DIGEST_MANY_ABSENT);
	assert_int_equal(state_of(root, "/inside/below"), DIGEST_MANY_ABSENT);
}

TEST(digest_many_keeps_its_ceiling)
{
	AUTO(file_closep) int root = fresh_root("ceiling");
	struct digest_many_item items[] = {item("f"), item("f")};

	put(root, "f", "12345", 5);
	items[0].max = 5;
	items[1].max = 4;
	assert_ok(digest_many(root, items, 2, &plain, &err));
	assert_int_equal(items[0].state, DIGEST_MANY_DONE);
	assert_int_equal(items[1].state, DIGEST_MANY_TOO_LARGE);
	assert_int_equal(items[1].stat.st_size, 5);
}

TEST(digest_many_reads_a_descriptor_from_its_start)
{
	AUTO(file_closep) int root = fresh_root("descriptor");
	AUTO(file_closep) int fd = -1;
	struct digest_many_item it = {.path = "elsewhere"};
	struct digest d;

	put(root, "f", "abc", 3);
	fd = openat(root, "f", O_RDONLY | O_CLOEXEC);
	lseek(fd, 2, SEEK_SET);
	it.fd = fd;
	assert_ok(digest_many(root, &it, 1, &plain, &err));
	assert_ok(digest_of_bytes("abc", 3, &d, &err));
	assert_int_equal(it.state, DIGEST_MANY_DONE);
	assert_true(digest_equal(&it.digest, &d));
}

struct writer {
	int fd;
	atomic_bool stop;
};

static void *keep_writing(void *arg)
{
	struct writer *w = arg;
	char chunk[4096] = EMPTY;

	while (!atomic_load(&w->stop))
		if (pwrite(w->fd, chunk, sizeof(chunk), 0) < 0)
			break;
	return NULL;
}

TEST(digest_many_gives_no_digest_of_a_file_that_changes)
{
	AUTO(file_closep) int root = fresh_root("changes");
	AUTO(file_closep)
	int fd = openat(root, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct writer w = {.fd = fd};
	enum digest_many_state state = DIGEST_MANY_PENDING;
	pthread_t thread;

	/* sparse, and long enough that a write falls into the reading */
	assert_int_equal(ftruncate(fd, 64 << 20), 0);
	assert_int_equal(pthread_create(&thread, NULL, keep_writing, &w), 0);
	/* on a busy machine the writer may not come to its turn meanwhile */
	for (int i = 0; i < 200 && state != DIGEST_MANY_CHANGED; i++)
		state = state_of(root, "f");
	assert_int_equal(state, DIGEST_MANY_CHANGED);
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(state_of(root, "f"), DIGEST_MANY_DONE);
}

TEST(digest_many_stops_at_its_deadline)
{
	AUTO(file_closep) int root = fresh_root("deadline");
	AUTO(file_closep)
	int fd = openat(root, "huge", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct digest_many_item items[] = {item("huge"), item("small")};
	int64_t begun = digest_many_now();

	assert_int_equal(ftruncate(fd, (off_t)1 << 42), 0);
	put(root, "small", "x", 1);
	items[0].hint = 1;
	assert_ok(digest_many(root, items, 2,
			      &(struct digest_many_options){.threads = 1,
							    .deadline = begun + 100},
			      &err));
	assert_int_equal(items[0].state, DIGEST_MANY_PENDING);
	assert_int_equal(items[1].state, DIGEST_MANY_PENDING);
	assert_true(digest_many_now() - begun < 60000);
}

TEST(digest_many_does_not_wait_for_the_holder_of_a_lease)
{
	AUTO(file_closep) int root = fresh_root("lease");
	AUTO(file_closep) int fd = -1;
	int64_t begun = digest_many_now();

	put(root, "f", "x", 1);
	fd = openat(root, "f", O_RDWR | O_CLOEXEC);
	signal(SIGIO, SIG_IGN);
	if (fcntl(fd, F_SETLEASE, F_WRLCK))
		return; /* this file system grants no leases */
	assert_int_equal(state_of(root, "f"), DIGEST_MANY_FAILED);
	assert_true(digest_many_now() - begun < 60000);
}

/* Called by the thread that read the file. */
static void note_priority(void *arg, const struct digest_many_item *it, size_t i)
{
	int *least = arg, nice = getpriority(PRIO_PROCESS, 0);

	(void)it;
	(void)i;
	*least = nice < *least ? nice : *least;
}

/* Many files and many threads in a process of low priority; the highest of any. */
static int highest_priority(int own)
{
	enum { N = 3000, THREADS = 64 };
	static struct digest_many_item items[N];
	int least = PRIO_MAX;
	AUTO(file_closep) int root = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error why;

	if (setpriority(PRIO_PROCESS, 0, own))
		return PRIO_MIN;
	/* what is never in the cache brings all threads to work */
	for (size_t i = 0; i < N; i++)
		items[i] = item("self/smaps");
	if (!digest_many(root, items, N,
			 &(struct digest_many_options){.threads = N,
						       .finished = note_priority,
						       .arg = &least},
			 &why))
		return PRIO_MIN;
	digest_many_clear(items, N);
	return least;
}

TEST(digest_many_takes_no_more_priority_than_its_process_has)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(highest_priority(15) >= 15 ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}
