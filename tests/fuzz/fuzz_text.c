/* SPDX-License-Identifier: Apache-2.0 */
/* Every codec takes one spelling alone: what it reads, it writes the same. The
 * order of versions is one, and escaped text is plain and UTF-8. */
#include "core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void codecs(const char *s, size_t len)
{
	AUTO(buf_clear) struct buf bytes = BUF_MAX(1 << 20), again = BUF_MAX(2 << 20);
	unsigned char raw[32];
	char hex[65], time[TEXT_TIME_SIZE], decimal[32];
	struct error err;
	uint64_t n;
	int64_t t;

	if (text_unbase64(s, len, &bytes, &err)) {
		text_base64(bytes.data, bytes.len, &again);
		check(again.len == len && (!len || !memcmp(again.data, s, len)));
	}
	if (text_unhex(s, raw, len / 2 < 32 ? len / 2 : 32)) {
		text_hex(raw, len / 2, hex);
		check(!strcmp(hex, s));
	}
	if (text_untime(s, &t)) {
		text_time(t, time);
		check(!strcmp(time, s));
	}
	if (text_u64(s, 0, UINT64_MAX, &n)) {
		snprintf(decimal, sizeof(decimal), "%" PRIu64, n);
		check(!strcmp(decimal, s));
	}
}

/* The text, cut at its first blank, as two versions. */
static void order(const char *s)
{
	AUTO(text_freep) char *a = text_dup(s, strcspn(s, " "));
	const char *b = strchr(s, ' ');

	check(a != NULL);
	if (!b || !text_is_kubernetes(a) || !text_is_kubernetes(b + 1))
		return;
	check(text_kubernetes_cmp(a, a) == 0);
	check((text_kubernetes_cmp(a, b + 1) < 0) ==
	      (text_kubernetes_cmp(b + 1, a) > 0));
	check((text_kubernetes_cmp(a, b + 1) == 0) == !strcmp(a, b + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(text_freep) char *s = text_dup((const char *)data, size);
	AUTO(buf_clear) struct buf safe = BUF_MAX(1 << 23);
	char cut[16];

	check(s != NULL);
	codecs(s, strlen(s));
	order(s);
	if (text_is_path(s))
		check(text_is_utf8(s, strlen(s)) && !strstr(s, "/../"));
	text_escape((const char *)data, size, &safe);
	check(text_is_utf8(safe.data ? safe.data : "", safe.len));
	for (size_t i = 0; safe.data && i < safe.len; i++)
		check((unsigned char)safe.data[i] >= 0x20 && safe.data[i] != 0x7f);
	text_safe(s, cut, sizeof(cut));
	check(text_is_utf8(cut, strlen(cut)));
	return 0;
}
