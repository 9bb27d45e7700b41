/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/signature.h"

#include "core/text.h"
#include "signer/cmd.h"

void signature_show(FILE *out, const struct pgp_signature *s)
{
	char created[TEXT_TIME_SIZE] = "undated", expires[TEXT_TIME_SIZE] = "";

	if (s->created)
		text_time(s->created, created);
	if (s->expires && s->counts)
		text_time(s->expires, expires);
	fprintf(out, "  %s %s %s %s %s%s%s\n",
		s->counts ? "counts:" : "does not count:", s->key_algorithm,
		s->digest_algorithm, created, *s->uid ? s->uid : "unknown key",
		*expires ? ", expires " : "", expires);
	if (!s->counts)
		fprintf(out, "    %s\n", s->reason);
	if (*s->primary && strcmp(s->primary, s->signer) != 0)
		fprintf(out, "    key %s\n    subkey %s\n", s->primary, s->signer);
	else
		fprintf(out, "    key %s\n", s->signer);
}

void signature_put(struct json_writer *w, const struct pgp_signature *s, size_t count)
{
	json_open(w, "signatures", '[');
	for (const struct pgp_signature *end = s + count; s < end; s++) {
		json_open(w, NULL, '{');
		json_put_bool(w, "counts", s->counts);
		cmd_put_time(w, "created", s->created);
		json_put_string(w, "digest_algorithm", s->digest_algorithm);
		cmd_put_time(w, "expires", s->expires);
		json_put_string(w, "key_algorithm", s->key_algorithm);
		json_put_optional(w, "primary", *s->primary ? s->primary : NULL);
		json_put_optional(w, "reason", *s->reason ? s->reason : NULL);
		json_put_string(w, "signer", s->signer);
		json_put_optional(w, "uid", *s->uid ? s->uid : NULL);
		json_close(w);
	}
	json_close(w);
}
