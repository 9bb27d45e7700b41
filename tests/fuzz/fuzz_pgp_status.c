/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever gpg might print: a signature that reads as good has all its details, and
 * as many GOODSIG and VALIDSIG lines stand in the text. */
#include "core/pgp_status.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t occurrences(const char *text, size_t len, const char *word)
{
	const char *end = text + len;
	size_t n = 0;

	while ((text = memmem(text, (size_t)(end - text), word, strlen(word)))) {
		text += strlen(word);
		n++;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char prefix[] = "[GNUPG:] ";
	struct pgp_status status[ARMOR_SIGNATURES_MAX];
	const char *text = (const char *)data;
	struct error err = EMPTY;
	size_t count, good = 0;

	if (!pgp_status_parse(text, size, status, &count, &err))
		return err.code == ERR_UNTRUSTED ? 0 : (abort(), 1);
	for (size_t i = 0; i < count; i++) {
		const struct pgp_status *s = &status[i];

		if (s->kind == PGP_STATUS_GOOD) {
			good++;
			if (!s->valid || strlen(s->primary) < 16 || !*s->signer)
				abort();
		}
	}
	if (occurrences(text, size, "GOODSIG ") < good ||
	    occurrences(text, size, "VALIDSIG ") < good ||
	    (size && occurrences(text, size, prefix) < 1))
		abort();
	return 0;
}
