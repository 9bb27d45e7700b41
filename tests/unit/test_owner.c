/* SPDX-License-Identifier: Apache-2.0 */
#include "client/owner.h"
#include "tests/unit/test.h"

static struct owner owner(void)
{
	struct owner o = {BUF_MAX(4096), BUF_MAX(4096)};

	buf_puts(&o.passwd,
		 "root:x:0:0:root:/root:/bin/sh\nbroken\n:x:5:\netcd:x:998:\n"
		 "huge:x:99999999999:\nnobody:x:65534:65534::/:\n");
	buf_puts(&o.group, "root:x:0:\nkube:x:997:etcd");
	return o;
}

TEST(owner_compares_names_and_numbers_of_the_node)
{
	struct owner o = owner();

	assert_true(owner_is(&o, "root:root", 0, 0));
	assert_true(owner_is(&o, "etcd:kube", 998, 997));
	assert_true(owner_is(&o, "0:997", 0, 997));
	assert_true(owner_is(&o, "1234:0", 1234, 0));
	assert_false(owner_is(&o, "root:root", 0, 997));
	assert_false(owner_is(&o, "root:root", 998, 0));
	assert_false(owner_is(&o, "stranger:root", 0, 0));
	assert_false(owner_is(&o, "root", 0, 0));
	assert_false(owner_is(&o, "huge:root", 0, 0));
	assert_false(owner_is(&o, "etc:root", 998, 0));
	assert_false(owner_is(&o, "broken:root", 0, 0));
	owner_clear(&o);
	/* no passwd at all: numbers and root are known */
	assert_true(owner_is(&o, "0:0", 0, 0));
	assert_true(owner_is(&o, "root:root", 0, 0));
	assert_false(owner_is(&o, "root:root", 0, 1));
	assert_false(owner_is(&o, "etcd:root", 998, 0));
}

TEST(owner_writes_names_where_there_are_some)
{
	AUTO(buf_clear) struct buf b = BUF_MAX(256);
	struct owner o = owner();

	owner_text(&o, 998, 997, &b);
	buf_putc(&b, ' ');
	owner_text(&o, 7, 0, &b);
	assert_string_equal(b.data, "etcd:kube 7:root");
	owner_clear(&o);
}
