/* SPDX-License-Identifier: Apache-2.0 */
#include "client/owner.h"

#include "core/text.h"

#include <stdio.h>

enum { OWNER_FILE_MAX = 8 * 1024 * 1024 };

static const char ROOT_NAME[] = "root"; /* of user and group 0 */

void owner_read(const struct node *node, struct owner *out)
{
	struct error ignored; /* no such file: numbers alone are known */

	*out = (struct owner){BUF_MAX(OWNER_FILE_MAX), BUF_MAX(OWNER_FILE_MAX)};
	if (!node_read(node, "/etc/passwd", &out->passwd, &ignored))
		buf_reset(&out->passwd);
	if (!node_read(node, "/etc/group", &out->group, &ignored))
		buf_reset(&out->group);
}

void owner_clear(struct owner *o)
{
	buf_clear(&o->passwd);
	buf_clear(&o->group);
}

/* "name:password:id:..." of one line; false for a line that is none. */
static bool parse_line(const char *line, size_t *name_len, uint64_t *id)
{
	const char *at = line + strcspn(line, ":\n");
	char number[16];
	size_t n;

	*name_len = (size_t)(at - line);
	if (*at != ':')
		return false;
	at += 1 + strcspn(at + 1, ":\n");
	if (*at != ':')
		return false;
	n = strcspn(at + 1, ":\n");
	if (n >= sizeof(number))
		return false;
	memcpy(number, at + 1, n);
	number[n] = '\0';
	return text_u64(number, 0, UINT32_MAX, id);
}

/* The id of a name, or what the number says. */
static bool id_of(const struct buf *file, const char *name, size_t len, uint64_t *out)
{
	char number[16];
	size_t n;
	uint64_t id;

	for (const char *line = file->data; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (parse_line(line, &n, &id) && n == len && !strncmp(line, name, n)) {
			*out = id;
			return true;
		}
	}
	if (len == strlen(ROOT_NAME) && !strncmp(name, ROOT_NAME, len)) {
		*out = 0; /* also in a tree that has no /etc/passwd yet */
		return true;
	}
	if (len >= sizeof(number))
		return false;
	memcpy(number, name, len);
	number[len] = '\0';
	return text_u64(number, 0, UINT32_MAX, out);
}

bool owner_is(const struct owner *o, const char *wanted, uid_t uid, gid_t gid)
{
	const char *colon = strchr(wanted, ':');
	uint64_t u, g;

	return colon && id_of(&o->passwd, wanted, (size_t)(colon - wanted), &u) &&
	       id_of(&o->group, colon + 1, strlen(colon + 1), &g) && u == uid &&
	       g == gid;
}

static void put_name(const struct buf *file, uint64_t id, struct buf *out)
{
	size_t n;
	uint64_t found;

	for (const char *line = file->data; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (parse_line(line, &n, &found) && found == id) {
			buf_append(out, line, n);
			return;
		}
	}
	if (id == 0)
		buf_puts(out, ROOT_NAME);
	else
		buf_printf(out, "%llu", (unsigned long long)id);
}

void owner_text(const struct owner *o, uid_t uid, gid_t gid, struct buf *out)
{
	put_name(&o->passwd, uid, out);
	buf_putc(out, ':');
	put_name(&o->group, gid, out);
}
