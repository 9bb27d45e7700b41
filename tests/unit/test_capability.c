/* SPDX-License-Identifier: Apache-2.0 */
#include "core/capability.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <stdlib.h>

static const struct {
	const char *text, *canonical;
} good[] = {
	{"cap_net_raw=ep", "cap_net_raw=ep"},
	{"cap_net_raw+ep", "cap_net_raw=ep"},
	{"cap_net_admin,cap_net_raw=p", "cap_net_admin,cap_net_raw=p"},
	{"CAP_NET_RAW,cap_chown+p", "cap_chown,cap_net_raw=p"},
	{"= cap_setfcap+ep", "cap_setfcap=ep"},
	{"cap_chown=eip", "cap_chown=eip"},
	{"cap_chown=i", "cap_chown=i"},
	{"cap_chown=ie", "cap_chown=ei"},
	{"cap_chown=p cap_kill=i", "cap_chown=p cap_kill=i"},
	{"cap_chown,cap_kill=p cap_kill-p", "cap_chown=p"},
	{"cap_chown=p+e", "cap_chown=ep"},
	{"", "none"},
	{"=", "none"},
	{"all= cap_bpf=p", "cap_bpf=p"},
};

static const char *const bad[] = {
	"cap_net_raw",
	"cap_nothing=ep",
	"net_raw=ep",
	"cap_net_raw=x",
	"=ep;",
	"cap_net_raw,=ep,",
	"+",
	"-p",
	"cap_net_raw=ep cap_",
	"cap_net_raw ep",
};

TEST(capability_reads_what_rpm_writes)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		AUTO(buf_clear) struct buf b = BUF_MAX(4096);
		struct capability c;

		assert_ok(capability_parse(good[i].text, &c, &err));
		capability_text(&c, &b);
		assert_string_equal(b.data, good[i].canonical);
	}
}

TEST(capability_refuses_other_texts)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct capability c = {.permitted = 7};

		assert_err(ERR_FORMAT, capability_parse(bad[i], &c, &err));
		assert_int_equal(c.permitted, 7);
	}
}

TEST(capability_reads_the_attribute)
{
	/* revision 2, effective, cap_net_raw (13) and cap_bpf (39) */
	static const unsigned char v2[20] = {1, 0, 0,    2, 0, 0x20, 0, 0, 0, 0,
					     0, 0, 0x80, 0, 0, 0,    0, 0, 0, 0};
	static const unsigned char v3[24] = {0, 0, 0, 3, 1, 0, 0, 0, 0,    0, 0, 0,
					     0, 0, 0, 0, 0, 0, 0, 0, 0xe8, 3, 0, 0};
	static const unsigned char v1[12] = {0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0};
	AUTO(buf_clear) struct buf b = BUF_MAX(4096);
	struct capability c, same;

	assert_ok(capability_decode(v2, sizeof(v2), &c, &err));
	capability_text(&c, &b);
	assert_string_equal(b.data, "cap_net_raw,cap_bpf=ep");
	assert_ok(capability_parse("cap_bpf,cap_net_raw=ep", &same, &err));
	assert_true(capability_equal(&c, &same));
	buf_reset(&b);
	assert_ok(capability_decode(v3, sizeof(v3), &c, &err));
	capability_text(&c, &b);
	assert_string_equal(b.data, "cap_chown=p rootid=1000");
	assert_ok(capability_decode(v1, sizeof(v1), &c, &err));
	assert_int_equal(c.permitted, 1);
	assert_ok(capability_decode(v1, 0, &c, &err));
	assert_true(capability_none(&c));
	/* every other length */
	for (size_t n = 1; n < sizeof(v2); n++)
		assert_err(ERR_FORMAT, capability_decode(v2, n, &c, &err));
	assert_err(ERR_FORMAT, capability_decode(v3, 20, &c, &err));
	assert_err(ERR_FORMAT, capability_decode(v1, 3, &c, &err));
}

TEST(capability_names_what_a_manifest_can_have)
{
	static const struct capability none = EMPTY;
	static const struct capability other[] = {
		{.permitted = 1, .root_id = 1000},
		{.permitted = (uint64_t)1 << 62},
		{.effective = true},
	};
	char *text = NULL;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		AUTO(text_freep) char *name = NULL;
		struct capability c, same;

		assert_ok(capability_parse(good[i].text, &c, &err));
		assert_ok(capability_name(&c, &name, &err));
		assert_int_equal(!name, capability_none(&c));
		assert_ok(capability_parse(name ? name : "", &same, &err));
		assert_true(capability_equal(&c, &same));
	}
	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		assert_err(ERR_FORMAT, capability_name(&other[i], &text, &err));
	assert_null(text);
	assert_ok(capability_name(&none, &text, &err));
	assert_null(text);
}
