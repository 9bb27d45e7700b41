/* SPDX-License-Identifier: Apache-2.0 */
#include "client/listener.h"
#include "tests/unit/test.h"

#include <stdio.h>

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr\n"

TEST(listener_reads_the_kernels_tables)
{
	static const char four[] =
		HEAD "   0: 00000000:192B 00000000:0000 0A 00000000:00000000 00:00\n"
		     "   1: 0100007F:094B 00000000:0000 0A 00000000:00000000 00:00\n"
		     "   2: 0500000A:192B 00000000:0000 0A 00000000:00000000 00:00\n"
		     "   3: 0600000A:192B 0100007F:1234 01 00000000:00000000 00:00\n"
		     "   4: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00\n";
	static const char six[] = HEAD "   0: 00000000000000000000000000000000:192B "
				       "00000000000000000000000000000000:0000 0A 0:0\n"
				       "   1: 0000000000000000FFFF00000500000A:192B "
				       "00000000000000000000000000000000:0000 0A 0:0\n"
				       "   2: B80D0120000000000000000001000000:192B "
				       "00000000000000000000000000000000:0000 0A 0:0\n";
	static const char *const wanted[] = {"127.0.0.1:6443", "10.0.0.5:6443",
					     "[::1]:6443", "[2001:db8::1]:6443"};
	struct listeners at = EMPTY, none = EMPTY;
	char text[LISTENER_TEXT_MAX];
	struct listener l;

	listener_parse(four, false, 6443, &at);
	assert_int_equal(at.count, 2);
	listener_parse(six, true, 6443, &at);
	assert_int_equal(at.count, 4);
	for (size_t i = 0; i < at.count; i++) {
		listener_text(&at.list[i], text);
		assert_string_equal(text, wanted[i]);
		assert_int_equal(at.list[i].both, i == 2);
	}
	assert_false(at.more);
	l = listener_four(&at.list[2]);
	listener_text(&l, text);
	assert_string_equal(text, "127.0.0.1:6443");
	listener_parse(four, false, 2380, &none);
	assert_int_equal(none.count, 0);
}

TEST(listener_has_a_ceiling_and_ignores_what_it_cannot_read)
{
	static char many[4096] = HEAD "x\n\n: 0A\n 1: zz:192B\n";
	struct listeners at = EMPTY;

	for (int i = 1; i < 20; i++)
		snprintf(many + strlen(many), 128,
			 " %d: %02X00000A:192B 00000000:0000 0A 0\n", i, i);
	listener_parse(many, false, 6443, &at);
	assert_int_equal(at.count, LISTENERS_MAX);
	assert_true(at.more);
}
