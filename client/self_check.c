/* SPDX-License-Identifier: Apache-2.0 */
#include "client/self_check.h"

#include "client/current.h"
#include "core/file.h"
#include "core/http.h"
#include "core/text.h"

#include <fcntl.h>
#include <time.h>

enum { SUMS_MAX = 1024 * 1024, URL_MAX = 4096 };

void self_check_digest(char out[DIGEST_HEX_SIZE])
{
	AUTO(file_closep) int fd = -1;
	struct digest d;
	struct error err;
	uint64_t size;

	*out = '\0';
	if (file_open("/proc/self/exe", O_RDONLY, &fd, &err) &&
	    digest_of_fd(fd, &d, &size, &err))
		digest_hex(&d, out);
}

/* The name in a list that sha256sum writes ("HEX  NAME" lines) for a digest; NULL: not
 * listed. *len is the name's length. */
static const char *find(const char *list, const char *hex, size_t *len)
{
	size_t n = strlen(hex);

	for (const char *line = list; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, hex, n) || line[n] != ' ' ||
		    (line[n + 1] != ' ' && line[n + 1] != '*'))
			continue;
		*len = strcspn(line + n + 2, "\n");
		return line + n + 2;
	}
	return NULL;
}

/* From a server that nothing but the signatures holds to anything. */
static bool fetch_sums(const struct options *o, struct buf *out, struct error *err)
{
	AUTO(http_freep) struct http *http = NULL;
	AUTO(buf_clear) struct buf url = BUF_MAX(URL_MAX);
	const struct http_options limits = {
		.user_agent = "fips-tool/" FIPS_MANIFEST_VERSION,
		.total_seconds = o->timeout,
	};

	if (!http_join(o->server, "tool/SHA256SUMS.asc", &url, err) ||
	    !http_new(&limits, &http, err))
		return false;
	return http_get(http, url.data, out, err);
}

/* A signed list's text, NUL-terminated. */
struct sums {
	char *list;
	struct pgp_verdict verdict;
};

static void sums_clear(struct sums *s)
{
	text_freep(&s->list);
}

/* When enough keys of the keyring signed it. */
static bool verify(const struct options *o, const char *keys, const struct buf *file,
		   struct sums *out, struct error *err)
{
	AUTO(pgp_keyring_clear) struct pgp_keyring keyring = EMPTY;
	AUTO(armor_cut_clear) struct armor_cut cut = EMPTY;
	const struct pgp_policy policy = {
		.threshold = o->threshold,
		.now = (int64_t)time(NULL),
	};

	if (!source_keyring(keys, &keyring, err))
		return false;
	if (!pgp_verify_file(&keyring, &policy, file->data ? file->data : "", file->len,
			     &cut, &out->verdict, err))
		return error_prefix(err, "tool/SHA256SUMS.asc");
	text_freep(&out->list);
	out->list = text_dup(cut.text, cut.text_len);
	return out->list || error_set(err, ERR_SYSTEM, "no memory");
}

/* The list, vouched for as load_manifest() has it for a manifest. */
static bool load_sums(const struct options *o, struct sums *out, struct error *err)
{
	AUTO(current_clear) struct current c = CURRENT_NONE;
	AUTO(buf_clear) struct buf file = BUF_MAX(SUMS_MAX);
	const struct current_options how = {
		.server = o->server,
		.local = o->local,
		.trust = o->trust,
		.state = o->state,
		.seconds = o->timeout,
		.as_of_last_seen = o->as_of_last_seen,
		.site_key = o->site_key,
		.max_site_age = o->max_site_age,
		.sums = true,
	};

	if (!current_applies(&how))
		return fetch_sums(o, &file, err) &&
		       verify(o, o->keyring, &file, out, err);
	return current_fetch(&how, &c, err) &&
	       verify(o, c.keyring, &c.file, out, err) &&
	       (!o->keyring || verify(o, o->keyring, &c.file, out, err));
}

static bool ask(const struct options *o, const struct cli *cli, struct error *err)
{
	AUTO(sums_clear) struct sums sums = EMPTY;
	char own[DIGEST_HEX_SIZE];
	const char *name;
	size_t len = 0;

	if (o->require_fips && !digest_require_fips(err))
		return false;
	self_check_digest(own);
	if (!*own)
		return error_set(err, ERR_SYSTEM, "cannot read '/proc/self/exe'");
	if (!load_sums(o, &sums, err))
		return false;
	name = find(sums.list, own, &len);
	if (!name)
		return error_set(err, ERR_MISMATCH,
				 "this program (SHA-256 %s) is not in the signed list "
				 "of published tools",
				 own);
	fprintf(cli->out, "%s is %.*s\n", own, (int)len, name);
	for (size_t i = 0; i < sums.verdict.count; i++)
		if (sums.verdict.signatures[i].counts)
			fprintf(cli->out, "signed %s %s\n",
				sums.verdict.signatures[i].primary,
				sums.verdict.signatures[i].uid);
	return cli_flush(cli, err);
}

enum cli_exit self_check(const struct options *o, const struct cli *cli)
{
	struct error err = EMPTY;

	return ask(o, cli, &err) ? CLI_GOOD : cli_fail(cli, &err);
}
