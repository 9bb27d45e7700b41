/* SPDX-License-Identifier: Apache-2.0 */
#include "client/tls_probe.h"

#include "client/tls_suite.h"
#include "core/digest_many.h"
#include "core/file.h"

#include <errno.h>
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

struct asker {
	const struct sockaddr *addr;
	socklen_t len;
	int64_t deadline;
	struct tls_probe *found;
	bool want_group;
};

/* ---- one connection ---- */

/* Until the descriptor is ready; false when time is over. */
static bool wait_ready(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = deadline - digest_many_now();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

static int connect_to(const struct asker *a, int64_t deadline)
{
	int fd = socket(a->addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);
	int why = 0;
	socklen_t len = sizeof(why);

	if (fd < 0)
		return -1;
	if (connect(fd, a->addr, a->len) && errno != EINPROGRESS) {
		file_closep(&fd);
		return -1;
	}
	if (!wait_ready(fd, POLLOUT, deadline) ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) || why)
		file_closep(&fd);
	return fd;
}

/* Read until the answer is whole, the server ends or time is over. */
static bool read_answer(const struct asker *a, int fd, const struct tls_offer *offer,
			int64_t deadline, struct tls_answer *out)
{
	AUTO(buf_clear) struct buf in = BUF_MAX(TLS_HELLO_ANSWER_MAX);

	for (;;) {
		char *to = buf_reserve(&in, 4096);
		ssize_t n;

		if (!to) { /* more than any first flight has */
			out->kind = TLS_ANSWER_FOREIGN;
			return true;
		}
		if (!wait_ready(fd, POLLIN, deadline))
			return false;
		n = read(fd, to, 4096);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n > 0)
			buf_advance(&in, (size_t)n);
		*out = tls_hello_read(offer, in.data, in.len, a->want_group, n <= 0);
		if (out->kind != TLS_ANSWER_MORE)
			return true;
	}
}

static bool send_offer(int fd, const struct tls_offer *offer)
{
	AUTO(buf_clear) struct buf hello = BUF_MAX(4096);
	unsigned char random[32];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return false;
	tls_hello_write(offer, random, &hello);
	/* a fresh socket's buffer takes a hello whole */
	return !hello.failed &&
	       send(fd, hello.data, hello.len, MSG_NOSIGNAL) == (ssize_t)hello.len;
}

/* Make one offer. False when there is nothing to be learnt any more: out of time or
 * connections, or the server does not behave; found->state and ->cut say which. */
static bool ask(const struct asker *a, const struct tls_offer *offer,
		struct tls_answer *out)
{
	struct tls_probe *found = a->found;
	int64_t deadline = digest_many_now() + TLS_PROBE_ONE_MS;
	AUTO(file_closep) int fd = -1;

	if (deadline > a->deadline)
		deadline = a->deadline;
	found->cut = true;
	if (found->connections == TLS_PROBE_CONNECTIONS ||
	    digest_many_now() >= a->deadline)
		return false;
	found->connections++;
	fd = connect_to(a, deadline);
	if (fd < 0) {
		if (found->state == TLS_PROBE_REFUSES)
			found->state = TLS_PROBE_NO_CONNECTION;
		return false;
	}
	if (!send_offer(fd, offer) || !read_answer(a, fd, offer, deadline, out)) {
		if (found->state == TLS_PROBE_REFUSES)
			found->state = TLS_PROBE_SILENT;
		return false;
	}
	if (out->kind == TLS_ANSWER_FOREIGN) {
		found->state = TLS_PROBE_FOREIGN;
		return false;
	}
	if (out->kind == TLS_ANSWER_HELLO)
		found->state = TLS_PROBE_ANSWERS;
	found->cut = false;
	return true;
}

/* ---- everything, less what was chosen ---- */

static void add_suites(struct tls_offer *o, bool is_13)
{
	size_t n;
	const struct tls_suite *all = tls_suite_all(&n);

	for (size_t i = 0; i < n; i++)
		if (tls_suite_is_13(&all[i]) == is_13)
			o->suites[o->suite_count++] = all[i].id;
}

static void add_groups(struct tls_offer *o)
{
	size_t n;
	const struct tls_group *all = tls_hello_groups(&n);

	for (size_t i = 0; i < n; i++)
		o->groups[o->group_count++] = all[i].id;
}

static struct tls_offer everything(uint16_t version)
{
	struct tls_offer o = {.version = version};

	add_suites(&o, version == TLS_HELLO_13);
	add_groups(&o);
	return o;
}

/* Take one away, keeping the order; false when it is not among them. */
static bool remove_one(uint16_t *list, size_t *count, uint16_t one)
{
	for (size_t i = 0; i < *count; i++) {
		if (list[i] != one)
			continue;
		memmove(list + i, list + i + 1, (*count - i - 1) * sizeof(*list));
		--*count;
		return true;
	}
	return false;
}

static void find_suites(const struct asker *a, uint16_t version, uint16_t *list,
			size_t *count)
{
	struct tls_offer o = everything(version);
	struct tls_answer answer;

	while (o.suite_count && ask(a, &o, &answer) &&
	       answer.kind == TLS_ANSWER_HELLO && answer.version == version &&
	       remove_one(o.suites, &o.suite_count, answer.suite))
		list[(*count)++] = answer.suite;
	if (*count)
		a->found->accepts[version - TLS_HELLO_SSL3] = true;
}

static bool has(const uint16_t *list, size_t count, uint16_t one)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == one)
			return true;
	return false;
}

/* Groups of TLS 1.2 show in suites with ephemeral curves alone. */
static void only_ecdhe(struct tls_offer *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->suite_count; i++)
		if (!strncmp(tls_suite_name(o->suites[i]), "TLS_ECDHE_", 10))
			o->suites[n++] = o->suites[i];
	o->suite_count = n;
}

static void find_groups(const struct asker *a, uint16_t version)
{
	struct tls_offer o = everything(version);
	struct tls_probe *found = a->found;
	const struct asker with_group = {a->addr, a->len, a->deadline, found, true};
	struct tls_answer answer;

	if (version == TLS_HELLO_12)
		only_ecdhe(&o);
	while (o.group_count && ask(&with_group, &o, &answer) &&
	       answer.kind == TLS_ANSWER_HELLO && answer.version == version &&
	       remove_one(o.groups, &o.group_count, answer.group))
		if (!has(found->groups, found->group_count, answer.group))
			found->groups[found->group_count++] = answer.group;
}

static void find_old_versions(const struct asker *a)
{
	for (uint16_t v = TLS_HELLO_11; v >= TLS_HELLO_SSL3; v--) {
		struct tls_offer o = everything(v);
		struct tls_answer answer;

		if (!ask(a, &o, &answer))
			return;
		if (answer.kind == TLS_ANSWER_HELLO && answer.version <= v)
			a->found->accepts[answer.version - TLS_HELLO_SSL3] = true;
	}
}

/* Does the server choose the same of the two when the client turns them round? */
static void find_who_decides(const struct asker *a)
{
	struct tls_probe *found = a->found;
	struct tls_offer o = {.version = TLS_HELLO_12};
	struct tls_answer answer;

	if (found->suites_12_count < 2)
		return;
	add_groups(&o);
	o.suites[o.suite_count++] = found->suites_12[1];
	o.suites[o.suite_count++] = found->suites_12[0];
	if (ask(a, &o, &answer) && answer.kind == TLS_ANSWER_HELLO)
		found->server_decides = answer.suite == found->suites_12[0];
}

void tls_probe_run(const struct sockaddr *addr, socklen_t len, int64_t deadline,
		   struct tls_probe *out)
{
	int64_t own = digest_many_now() + TLS_PROBE_ALL_MS;
	struct asker a = {
		.addr = addr,
		.len = len,
		.deadline = own < deadline ? own : deadline,
		.found = out,
	};

	*out = (struct tls_probe){.state = TLS_PROBE_REFUSES};
	find_suites(&a, TLS_HELLO_13, out->suites_13, &out->suites_13_count);
	if (!out->cut && out->suites_13_count)
		find_groups(&a, TLS_HELLO_13);
	if (!out->cut)
		find_old_versions(&a);
	if (!out->cut)
		find_groups(&a, TLS_HELLO_12);
	if (!out->cut)
		find_suites(&a, TLS_HELLO_12, out->suites_12, &out->suites_12_count);
	if (!out->cut)
		find_who_decides(&a);
}
