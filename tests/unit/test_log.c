/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <unistd.h>

/* The line that an event makes, without its time. */
static void line_of(enum log_format format, enum log_level level, const char *event,
		    const struct log_field *fields, char *out, size_t size)
{
	int ends[2];
	struct log log = {.format = format, .least = LOG_INFO};
	ssize_t n;

	assert_return_code(pipe(ends), errno);
	log.fd = ends[1];
	log_event(&log, level, event, fields);
	close(ends[1]);
	n = read(ends[0], out, size - 1);
	assert_return_code(n, errno);
	close(ends[0]);
	out[n] = '\0';
}

static const struct log_field fields[] = {
	{"address", "127.0.0.1:8080"},
	{"path", "/a b"},
	{"agent", "x\" level=error\n\x1b[2J"},
	{"empty", ""},
	{NULL, NULL},
};

TEST(an_event_is_one_line_of_text)
{
	char line[4096], now[TEXT_TIME_SIZE];
	int64_t t;

	line_of(LOG_TEXT, LOG_WARNING, "request", fields, line, sizeof(line));
	memcpy(now, line, 20);
	now[20] = '\0';
	assert_true(text_untime(now, &t));
	assert_string_equal(line + 20,
			    " warning request address=127.0.0.1:8080 path=\"/a b\" "
			    "agent=\"x\\\" level=error\\\\n\\\\x1b[2J\" empty=\"\"\n");
}

TEST(an_event_is_one_object_of_json)
{
	AUTO(json_doc_clear) struct json_doc doc = EMPTY;
	char line[4096];
	const char *text;

	line_of(LOG_JSON, LOG_ERROR, "request", fields, line, sizeof(line));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_ok(json_parse(line, strlen(line), sizeof(line), &doc, &err));
	assert_ok(json_get_string(json_root(&doc), "level", &text, &err));
	assert_string_equal(text, "error");
	assert_ok(json_get_string(json_root(&doc), "event", &text, &err));
	assert_string_equal(text, "request");
	assert_ok(json_get_string(json_root(&doc), "agent", &text, &err));
	assert_string_equal(text, "x\" level=error\\n\\x1b[2J");
}

TEST(an_event_below_the_level_is_dropped)
{
	char line[4096];

	line_of(LOG_TEXT, LOG_DEBUG, "request", NULL, line, sizeof(line));
	assert_string_equal(line, "");
}

TEST(a_long_value_is_cut_and_the_line_kept)
{
	char line[8192], value[20000];

	memset(value, '\x01', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	line_of(LOG_JSON, LOG_INFO, "request",
		(const struct log_field[]){
			{"long", value}, {"last", "x"}, {NULL, NULL}},
		line, sizeof(line));
	assert_non_null(strstr(line, "...\",\"last\":\"x\"}\n"));
}

TEST(an_event_that_cannot_be_written_is_counted)
{
	atomic_uint_fast64_t lost = 0;
	const struct log log = {.fd = -1, .lost = &lost}, silent = {.fd = -1};

	log_event(&log, LOG_INFO, "request", fields);
	log_event(&silent, LOG_INFO, "request", fields);
	assert_int_equal(lost, 1);
}
