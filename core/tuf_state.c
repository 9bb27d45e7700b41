/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_state.h"

#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static const char last_seen[] = "last-seen";

bool tuf_state_open(const char *dir, struct tuf_state *out, struct error *err)
{
	AUTO(text_freep) char *copy = text_dup(dir, strlen(dir));
	AUTO(file_closep) int fd = -1;

	if (!copy)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (mkdir(dir, 0755) && errno != EEXIST && errno != EROFS && errno != EACCES)
		return error_sys(err, "cannot create the state folder '%s'",
				 TEXT_SAFE(dir));
	if (!file_open(dir, O_RDONLY | O_DIRECTORY, &fd, err))
		return error_prefix(err, "state folder");
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return error_sys(err, "cannot lock '%s'", TEXT_SAFE(dir));
	out->dir = TAKE(copy);
	out->fd = TAKE_FD(fd);
	return true;
}

void tuf_state_close(struct tuf_state *s)
{
	if (s->dir)
		close(s->fd);
	free(s->dir);
	*s = (struct tuf_state)EMPTY;
}

/* "DIR/ROLE.json", the name encoded: it cannot leave the folder. */
static bool path_of(const struct tuf_state *s, const char *role, struct buf *out,
		    struct error *err)
{
	buf_printf(out, "%s/", s->dir);
	text_percent(role, "", out);
	buf_puts(out, ".json");
	return buf_ok(out, err);
}

bool tuf_state_read(const struct tuf_state *s, const char *role, struct buf *out,
		    struct error *err)
{
	AUTO(buf_clear) struct buf path = BUF_MAX(PATH_MAX);

	return path_of(s, role, &path, err) && file_read(path.data, out, err);
}

bool tuf_state_write(const struct tuf_state *s, const char *role, const void *data,
		     size_t len, struct error *err)
{
	AUTO(buf_clear) struct buf path = BUF_MAX(PATH_MAX);

	return path_of(s, role, &path, err) &&
	       file_write_atomic(path.data, data, len, 0644, err);
}

int64_t tuf_state_last_seen(const struct tuf_state *s)
{
	AUTO(text_freep) char *path = file_join(s->dir, last_seen);
	AUTO(buf_clear) struct buf text = BUF_MAX(TEXT_TIME_SIZE);
	struct error err;
	int64_t t;

	if (!path || !file_read(path, &text, &err) || text.len != TEXT_TIME_SIZE ||
	    text.data[TEXT_TIME_SIZE - 1] != '\n')
		return 0;
	text.data[TEXT_TIME_SIZE - 1] = '\0';
	return text_untime(text.data, &t) ? t : 0;
}

bool tuf_state_saw(const struct tuf_state *s, int64_t now, struct error *err)
{
	AUTO(text_freep) char *path = file_join(s->dir, last_seen);
	char text[TEXT_TIME_SIZE];

	if (!path)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (now <= tuf_state_last_seen(s))
		return true;
	text_time(now, text);
	text[TEXT_TIME_SIZE - 1] = '\n';
	return file_write_atomic(path, text, sizeof(text), 0644, err);
}
