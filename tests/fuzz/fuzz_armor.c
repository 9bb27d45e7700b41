/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is cut is written again, and what was written is cut to the same text and
 * packets, byte for byte the same file the second time; merging a file with itself
 * changes nothing. As a key block: it is written and read again the same, what gpg gets
 * of it has lost all that it is to lose, and its primaries and subkeys are different
 * ones.
 */
#include "core/armor.h"
#include "core/armor_block.h"
#include "core/pgp_keyring.h"
#include "core/pgp_packet.h"

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

static void check_keys(const struct pgp_keyring *k)
{
	AUTO(buf_clear) struct buf twice = BUF_MAX(PGP_KEYRING_MAX);
	struct error err = EMPTY;

	if (!pgp_packet_strip(k->for_gpg.data, k->for_gpg.len, &twice, &err) ||
	    !buf_equal(&twice, &k->for_gpg) || twice.len > k->bytes.len)
		abort();
	for (size_t i = 0; i < k->subkey_count; i++)
		if (pgp_keyring_part(k, k->subkeys[i].fpr) != &k->subkeys[i])
			abort();
}

/* Keys that were read are written, and read again the same. */
static void read_keys(const char *data, size_t size)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring k = EMPTY, again = EMPTY;
	AUTO(buf_clear) struct buf text = BUF_MAX(2 * PGP_KEYRING_MAX);
	struct error err = EMPTY;

	if (!pgp_keyring_parse(data, size, &k, &err))
		return;
	check_keys(&k);
	if (!pgp_keyring_write(&k, &text, &err) ||
	    !pgp_keyring_parse(text.data, text.len, &again, &err) ||
	    again.key_count != k.key_count || again.subkey_count != k.subkey_count ||
	    again.bytes.len != k.bytes.len ||
	    memcmp(again.bytes.data, k.bytes.data, k.bytes.len) != 0)
		abort();
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
