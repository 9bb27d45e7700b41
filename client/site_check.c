/* SPDX-License-Identifier: Apache-2.0 */
#include "client/site_check.h"

#include "core/file.h"
#include "core/text.h"

#include <stdio.h>
#include <time.h>

enum {
	KEY_FILE_MAX = 65536,
	HOUR = 3600,
	DAY = 86400,
	AGE_MAX = 3650, /* days */
};

bool site_check_parse_age(const char *s, int64_t *out)
{
	size_t digits = strspn(s, "0123456789");
	int64_t unit = s[digits] == 'd' ? DAY : HOUR;
	char number[16];
	uint64_t n;

	if (digits >= sizeof(number) || (s[digits] != 'd' && s[digits] != 'h') ||
	    s[digits + 1])
		return false;
	snprintf(number, sizeof(number), "%.*s", (int)digits, s);
	if (!text_u64(number, 1, (uint64_t)(AGE_MAX * (DAY / unit)), &n))
		return false;
	*out = (int64_t)n * unit;
	return true;
}

static bool read_key(const char *path, struct tuf_key *out, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(KEY_FILE_MAX);

	return (file_read(path, &text, err) &&
		(tuf_key_of_pem(text.data ? text.data : "", out, err) ||
		 error_prefix(err, "'%s'", TEXT_SAFE(path)))) ||
	       error_prefix(err, "--site-key");
}

bool site_check_statement(const struct buf *text, const char *key, int64_t max_age,
			  struct site_check *out, struct error *err)
{
	AUTO(tuf_key_clear) struct tuf_key pinned = EMPTY;
	struct site_check c = {.max_age = max_age};

	if (!read_key(key, &pinned, err))
		return false;
	if (!site_verify(text->data ? text->data : "", text->len, &pinned, &c.site,
			 err) ||
	    !site_check_age(&c.site, INT64_MAX, (int64_t)time(NULL), max_age, err))
		return error_prefix(err, "site statement");
	c.as_of = c.site.checked;
	c.key = text_dup(pinned.id, strlen(pinned.id));
	if (!c.key)
		return error_set(err, ERR_SYSTEM, "no memory");
	*out = c;
	return true;
}

bool site_check_tree(struct site_check *c, struct tuf_client *client, struct error *err)
{
	const struct tuf_used *used;
	size_t count = tuf_client_used(client, &used);
	int64_t expires = INT64_MAX;

	for (size_t i = 0; i < count; i++)
		if ((!strcmp(used[i].role, tuf_role_name(TUF_TIMESTAMP)) ||
		     !strcmp(used[i].role, tuf_role_name(TUF_SNAPSHOT))) &&
		    used[i].expires < expires)
			expires = used[i].expires;
	if (!count)
		return error_set(err, ERR_SYSTEM, "no memory");
	c->as_of = site_as_of(&c->site, expires);
	return site_check_age(&c->site, expires, (int64_t)time(NULL), c->max_age,
			      err) ||
	       error_prefix(err, "site statement");
}

void site_check_clear(struct site_check *c)
{
	text_freep(&c->key);
}
