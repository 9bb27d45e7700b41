/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log.h"

#include "core/text.h"

#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 16384 };

static const char *const levels[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARNING] = "warning",
	[LOG_ERROR] = "error",
};

/* A JSON string of escaped text: what is left to escape is the quote and the
 * backslash that text_escape() wrote. */
static void json_string(struct buf *line, const char *s)
{
	AUTO(buf_clear) struct buf safe = BUF_MAX(LINE_MAX_BYTES);

	text_escape(s, strlen(s), &safe);
	buf_putc(line, '"');
	for (size_t i = 0; i < safe.len; i++) {
		if (safe.data[i] == '"' || safe.data[i] == '\\')
			buf_putc(line, '\\');
		buf_putc(line, safe.data[i]);
	}
	buf_putc(line, '"');
}

static void json_line(struct buf *line, const char *now, enum log_level level,
		      const char *event, const struct log_field *f)
{
	buf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":", now,
		   levels[level]);
	json_string(line, event);
	for (; f && f->name; f++) {
		buf_printf(line, ",\"%s\":", f->name);
		json_string(line, f->value);
	}
	buf_puts(line, "}\n");
}

static void text_line(struct buf *line, const char *now, enum log_level level,
		      const char *event, const struct log_field *f)
{
	buf_printf(line, "%s %s ", now, levels[level]);
	text_escape(event, strlen(event), line);
	for (; f && f->name; f++) {
		buf_printf(line, " %s=", f->name);
		text_escape(f->value, strlen(f->value), line);
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
	/* a log that cannot be written has nowhere to say so */
	if (buf_ok(&line, &err) && write(log->fd, line.data, line.len) < 0)
		return;
}
