/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is cut is written again, and what was written is cut to the same text and
 * packets, byte for byte the same file the second time; merging a file with itself
 * changes nothing. As a key block: no read beyond its packets.
 */
#include "core/armor.h"
#include "core/armor_block.h"
#include "core/pgp_keyring.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX = 1 << 22 };

static void check_written(const struct armor_cut *c)
{
	AUTO(buf_clear) struct buf once = BUF_MAX(MAX), twice = BUF_MAX(MAX);
	AUTO(armor_cut_clear) struct armor_cut again = EMPTY;
	struct error err = EMPTY;

	if (!armor_write(c->text, c->text_len, &c->packets, &once, &err) ||
	    !armor_cut(once.data, once.len, &again, &err))
		abort();
	if (again.text_len != c->text_len ||
	    memcmp(again.text, c->text, c->text_len) != 0 ||
	    again.packet_count > c->packet_count)
		abort();
	if (!armor_merge(&again, c, &twice, &err) || twice.len != once.len ||
	    memcmp(twice.data, once.data, once.len) != 0)
		abort();
}

static void read_keys(const char *data, size_t size)
{
	static const char fpr[] = "0123456789ABCDEF0123456789ABCDEF01234567";
	AUTO(buf_clear) struct buf b = BUF_MAX(PGP_KEYRING_MAX);
	struct error err = EMPTY;
	char problem[PGP_REASON_MAX];

	if (armor_block_read(data, size, "PUBLIC KEY BLOCK", &b, &err) && !b.len)
		abort();
	if (!b.len)
		buf_append(&b, data, size);
	if (!b.len || !buf_ok(&b, &err))
		return;
	if (pgp_keyring_check(b.data, b.len, fpr, problem, &err) && problem[0] &&
	    !strstr(problem, fpr))
		abort();
	(void)!pgp_keyring_issued(&b, fpr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(armor_cut_clear) struct armor_cut c = EMPTY;
	const char *text = (const char *)data;
	struct error err = EMPTY;

	if (armor_cut(text, size, &c, &err))
		check_written(&c);
	else if (err.code != ERR_UNTRUSTED)
		abort();
	read_keys(text, size);
	return 0;
}
