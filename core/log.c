/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log.h"

#include "core/text.h"

#include <time.h>
#include <unistd.h>

enum {
	LINE_MAX_BYTES = 16384,
	VALUE_MAX = 1024, /* bytes of one value */
};

static const char *const levels[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARNING] = "warning",
	[LOG_ERROR] = "error",
};

/* In quotes; what is left to escape in escaped text is the quote and the
 * backslash that text_safe() wrote. A long value is cut, never a line lost. */
static void quoted(struct buf *line, const char *value)
{
	char safe[VALUE_MAX];

	text_safe(value, safe, sizeof(safe));
	buf_putc(line, '"');
	for (const char *s = safe; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_putc(line, '\\');
		buf_putc(line, *s);
	}
	buf_putc(line, '"');
}

/* Bare where that can be told from the next field. */
static void bare(struct buf *line, const char *value)
{
	char safe[VALUE_MAX];

	if (!*value || strpbrk(value, " =\""))
		quoted(line, value);
	else
		buf_puts(line, text_safe(value, safe, sizeof(safe)));
}

static void json_line(struct buf *line, const char *now, enum log_level level,
		      const char *event, const struct log_field *f)
{
	buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":", now,
		   levels[level]);
	quoted(line, event);
	for (; f && f->name; f++) {
		buf_printf(line, ",\"%s\":", f->name);
		quoted(line, f->value);
	}
	buf_puts(line, "}\n");
}

static void text_line(struct buf *line, const char *now, enum log_level level,
		      const char *event, const struct log_field *f)
{
	buf_printf(line, "%s %s ", now, levels[level]);
	bare(line, event);
	for (; f && f->name; f++) {
		buf_printf(line, " %s=", f->name);
		bare(line, f->value);
	}
	buf_putc(line, '\n');
}

void log_event(const struct log *log, enum log_level level, const char *event,
	       const struct log_field *fields)
{
	AUTO(buf_clear) struct buf line = BUF_MAX(LINE_MAX_BYTES);
	char now[TEXT_TIME_SIZE];
	struct error err;

	if (level < log->least)
		return;
	text_time((int64_t)time(NULL), now);
	if (log->format == LOG_JSON)
		json_line(&line, now, level, event, fields);
	else
		text_line(&line, now, level, event, fields);
	/* a log that cannot be written has nowhere else to say so */
	if ((!buf_ok(&line, &err) || write(log->fd, line.data, line.len) < 0) &&
	    log->lost)
		atomic_fetch_add_explicit(log->lost, 1, memory_order_relaxed);
}
