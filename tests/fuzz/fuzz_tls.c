/* SPDX-License-Identifier: Apache-2.0 */
/* What a server answers to a ClientHello: the choice is one that was offered, of a
 * version that there is, and an answer that a part of the bytes gave is not taken back
 * by the rest. */
#include "client/tls_hello.h"
#include "client/tls_suite.h"

#include <stdlib.h>

enum { MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_offer offer(uint16_t version)
{
	struct tls_offer o = {.version = version};
	size_t n;
	const struct tls_suite *all = tls_suite_all(&n);

	for (size_t i = 0; i < n; i++)
		if (tls_suite_is_13(&all[i]) == (version == TLS_HELLO_13))
			o.suites[o.suite_count++] = all[i].id;
	return o;
}

static bool is_offered(const struct tls_offer *o, uint16_t suite)
{
	for (size_t i = 0; i < o->suite_count; i++)
		if (o->suites[i] == suite)
			return true;
	return false;
}

static void hold(const struct tls_offer *o, const uint8_t *data, size_t size,
		 bool group)
{
	struct tls_answer whole = tls_hello_read(o, data, size, group, false);
	struct tls_answer ended = tls_hello_read(o, data, size, group, true);

	if (whole.kind == TLS_ANSWER_HELLO &&
	    (!is_offered(o, whole.suite) || whole.version < TLS_HELLO_SSL3 ||
	     whole.version > o->version))
		abort();
	if (ended.kind == TLS_ANSWER_MORE ||
	    (whole.kind != TLS_ANSWER_MORE && whole.kind != ended.kind))
		abort();
	for (size_t n = 0; n < size; n += 1 + n / 16) {
		struct tls_answer part = tls_hello_read(o, data, n, group, false);

		if (part.kind != TLS_ANSWER_MORE &&
		    (part.kind != whole.kind || part.suite != whole.suite ||
		     part.group != whole.group))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_offer o;

	if (size == 0 || size > MAX)
		return 0;
	o = offer((uint16_t)(TLS_HELLO_SSL3 + data[0] % 5));
	hold(&o, data + 1, size - 1, false);
	hold(&o, data + 1, size - 1, true);
	return 0;
}
