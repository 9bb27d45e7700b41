/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/key_show.h"

#include "core/json.h"
#include "core/pgp_check.h"
#include "core/text.h"
#include "signer/cmd.h"

#include <time.h>

static const char *state_of(const struct pgp_key *key, int64_t now)
{
	if (key->revoked)
		return "revoked";
	if (key->expires && key->expires <= now)
		return "expired";
	return *key->problem ? "unfit" : "good";
}

static void put_subkeys(struct json_writer *w, const struct pgp_keyring *k, size_t at)
{
	json_open(w, "subkeys", '[');
	for (size_t i = 0; i < k->subkey_count; i++) {
		const struct pgp_subkey *s = &k->subkeys[i];

		if (s->key != at || !strcmp(s->fpr, k->keys[at].fpr))
			continue;
		json_open(w, NULL, '{');
		json_put_string(w, "algorithm", s->algorithm);
		cmd_put_time(w, "created", s->created);
		cmd_put_time(w, "expires", s->expires);
		json_put_string(w, "fingerprint", s->fpr);
		json_put_bool(w, "revoked", s->revoked);
		json_put_bool(w, "signs", s->can_sign);
		json_close(w);
	}
	json_close(w);
}

static void put_findings(struct json_writer *w, const struct pgp_keyring *k, size_t at,
			 int64_t now)
{
	struct pgp_finding found[PGP_CHECK_MAX];
	size_t n = pgp_check_key(k, at, now, found);

	json_open(w, "findings", '[');
	for (size_t i = 0; i < n; i++) {
		json_open(w, NULL, '{');
		json_put_bool(w, "fault", found[i].fault);
		json_put_string(w, "text", found[i].text);
		json_close(w);
	}
	json_close(w);
}

static void put_key(struct json_writer *w, const struct pgp_keyring *k, size_t at,
		    int64_t now)
{
	const struct pgp_key *key = &k->keys[at];

	json_open(w, NULL, '{');
	json_put_string(w, "algorithm", key->algorithm);
	cmd_put_time(w, "created", key->created);
	cmd_put_time(w, "expires", key->expires);
	put_findings(w, k, at, now);
	json_put_string(w, "fingerprint", key->fpr);
	json_put_string(w, "state", state_of(key, now));
	put_subkeys(w, k, at);
	json_put_string(w, "uid", key->uid);
	json_close(w);
}

void key_show(FILE *out, const struct pgp_keyring *k, size_t at, int64_t now)
{
	const struct pgp_key *key = &k->keys[at];
	char expires[TEXT_TIME_SIZE] = "never";

	if (key->expires)
		text_time(key->expires, expires);
	fprintf(out, "%s %s %s\n  %s, expires %s\n", key->fpr, key->algorithm,
		state_of(key, now), *key->uid ? key->uid : "no user id", expires);
	for (size_t i = 0; i < k->subkey_count; i++) {
		const struct pgp_subkey *s = &k->subkeys[i];

		if (s->key != at || !strcmp(s->fpr, key->fpr))
			continue;
		snprintf(expires, sizeof(expires), "never");
		if (s->expires)
			text_time(s->expires, expires);
		fprintf(out, "  subkey %s %s%s\n    %sexpires %s\n", s->fpr,
			s->algorithm, s->can_sign ? " signs" : "",
			s->revoked ? "revoked, " : "", expires);
	}
}

/* Faults and advice; how many faults. */
size_t key_show_findings(FILE *out, const struct pgp_keyring *k, size_t at, int64_t now)
{
	struct pgp_finding found[PGP_CHECK_MAX];
	size_t n = pgp_check_key(k, at, now, found), faults = 0;

	for (size_t i = 0; i < n; i++) {
		fprintf(out, "  %s: %s\n", found[i].fault ? "fault" : "advice",
			found[i].text);
		faults += found[i].fault;
	}
	return faults;
}

bool key_show_all(const struct cli *cli, const struct pgp_keyring *k,
		  unsigned threshold, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(1 << 24);
	struct json_writer w = json_writer(&text);
	int64_t now = time(NULL);

	json_open(&w, NULL, '{');
	json_open(&w, "keys", '[');
	for (size_t i = 0; i < k->key_count; i++) {
		put_key(&w, k, i, now);
		if (!cli->json)
			key_show(cli->out, k, i, now);
	}
	json_close(&w);
	if (threshold)
		json_put_integer(&w, "threshold", threshold);
	json_close(&w);
	if (!json_write_end(&w, err))
		return false;
	if (cli->json)
		fputs(text.data, cli->out);
	else if (threshold)
		fprintf(cli->out, "threshold %u: signatures of %u different owner%s\n",
			threshold, threshold, threshold == 1 ? "" : "s");
	return true;
}
