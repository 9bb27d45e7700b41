/* SPDX-License-Identifier: Apache-2.0 */
#include "server/peers.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const struct sockaddr *at(const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	out->ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(out->ss_family, text,
				   out->ss_family == AF_INET6
					   ? (void *)&six->sin6_addr
					   : (void *)&four->sin_addr),
			 1);
	return (const struct sockaddr *)out;
}

TEST(peers_counts_each_address_by_itself)
{
	struct sockaddr_storage one, two;
	struct peers p = EMPTY;
	struct peer *a, *b, *c;

	at("192.0.2.1", &one);
	at("192.0.2.2", &two);
	assert_int_equal(peers_count(&p, (struct sockaddr *)&one), 0);
	a = peers_add(&p, (struct sockaddr *)&one);
	b = peers_add(&p, (struct sockaddr *)&one);
	c = peers_add(&p, (struct sockaddr *)&two);
	assert_int_equal(peers_count(&p, (struct sockaddr *)&one), 2);
	assert_int_equal(peers_count(&p, (struct sockaddr *)&two), 1);
	peers_remove(&p, a);
	assert_int_equal(peers_count(&p, (struct sockaddr *)&one), 1);
	peers_remove(&p, b);
	peers_remove(&p, c);
	assert_null(p.tree);
	peers_remove(&p, NULL);
}

TEST(peers_takes_an_ipv6_network_for_one_and_a_mapped_address_for_its_own)
{
	static const struct {
		const char *a, *b;
		bool same;
	} table[] = {
		{"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
		{"2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"::ffff:192.0.2.1", "192.0.2.1", true},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
		{"::1", "0.0.0.0", false},
		{"::1", "::2", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sockaddr_storage a, b;
		struct peers p = EMPTY;
		struct peer *added = peers_add(&p, at(table[i].a, &a));

		assert_int_equal(peers_count(&p, at(table[i].b, &b)), table[i].same);
		peers_remove(&p, added);
	}
}

TEST(peers_counts_nobody_without_an_address)
{
	const struct sockaddr local = {.sa_family = AF_UNIX};
	struct peers p = EMPTY;
	char text[PEERS_TEXT_SIZE];

	assert_null(peers_add(&p, &local));
	assert_null(peers_add(&p, NULL));
	assert_int_equal(peers_count(&p, &local), 0);
	assert_string_equal(peers_text(&local, text), "");
	assert_string_equal(peers_text(NULL, text), "");
}

TEST(peers_writes_a_mapped_address_as_ipv4)
{
	static const char *const table[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"2001:db8::1", "2001:db8::1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sockaddr_storage a;
		char text[PEERS_TEXT_SIZE];

		assert_string_equal(peers_text(at(table[i][0], &a), text), table[i][1]);
	}
}
