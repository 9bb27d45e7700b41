/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/ahead.h"
#include "tests/unit/test.h"

#include <limits.h>

enum { CHUNKS = 20 };

struct counter {
	unsigned next;    /* what the next chunk says */
	unsigned fail_at; /* UINT_MAX: never */
};

static bool count(void *arg, char chunk[AHEAD_CHUNK], size_t *len, struct error *e)
{
	struct counter *c = arg;

	if (c->next == c->fail_at)
		return error_set(e, ERR_FORMAT, "chunk %u is damaged", c->next);
	*len = c->next < CHUNKS ? sizeof(c->next) : 0;
	memcpy(chunk, &c->next, sizeof(c->next));
	c->next++;
	return true;
}

/* Take chunks up to `end`, each the next one. */
static void take(struct ahead *a, unsigned end, struct error *err_)
{
	for (unsigned i = 0; i < end; i++) {
		const void *data;
		size_t len;

		assert_ok(ahead_next(a, &data, &len, &err));
		assert_int_equal(len, sizeof(i));
		assert_memory_equal(data, &i, sizeof(i));
	}
}

TEST(ahead_gives_every_chunk_once_and_in_order_and_then_the_end_for_ever)
{
	struct counter c = {.fail_at = UINT_MAX};
	struct ahead *a;
	const void *data;
	size_t len;

	assert_ok(ahead_new(count, &c, &a, &err));
	take(a, CHUNKS, &err);
	for (int i = 0; i < 2; i++) {
		len = 1;
		assert_ok(ahead_next(a, &data, &len, &err));
		assert_int_equal(len, 0);
	}
	ahead_free(a);
	assert_int_equal(c.next, CHUNKS + 1); /* the end was asked for once */
}

TEST(ahead_gives_what_was_filled_before_a_failure_and_then_the_failure_for_ever)
{
	struct counter c = {.fail_at = CHUNKS / 2};
	struct ahead *a;
	const void *data;
	size_t len;

	assert_ok(ahead_new(count, &c, &a, &err));
	take(a, CHUNKS / 2, &err);
	for (int i = 0; i < 2; i++) {
		assert_err(ERR_FORMAT, ahead_next(a, &data, &len, &err));
		assert_string_equal(err.msg, "chunk 10 is damaged");
	}
	ahead_free(a);
}

TEST(ahead_ends_when_nobody_takes_what_it_has)
{
	struct counter c = {.fail_at = UINT_MAX};
	struct ahead *a;

	assert_ok(ahead_new(count, &c, &a, &err));
	ahead_free(a);
	assert_true(c.next < CHUNKS);
	c.next = 0;
	assert_ok(ahead_new(count, &c, &a, &err));
	take(a, 3, &err);
	ahead_free(a);
	assert_true(c.next < CHUNKS);
	ahead_free(NULL);
}
