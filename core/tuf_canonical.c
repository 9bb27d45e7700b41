/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tuf_canonical.h"

#include <inttypes.h>

static void put_text(const char *s, struct buf *out)
{
	buf_putc(out, '"');
	while (*s) {
		size_t plain = strcspn(s, "\"\\");

		buf_append(out, s, plain);
		s += plain;
		if (*s) {
			buf_putc(out, '\\');
			buf_putc(out, *s++);
		}
	}
	buf_putc(out, '"');
}

struct members {
	struct buf *out;
	bool more;
};

static bool put_member(void *arg, const char *key, struct json v, struct error *err)
{
	struct members *m = arg;

	if (m->more)
		buf_putc(m->out, ',');
	m->more = true;
	put_text(key, m->out);
	buf_putc(m->out, ':');
	return tuf_canonical_put(v, m->out, err);
}

static bool put_array(struct json v, struct buf *out, struct error *err)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < json_count(v); i++) {
		if (i)
			buf_putc(out, ',');
		if (!tuf_canonical_put(json_at(v, i), out, err))
			return false;
	}
	buf_putc(out, ']');
	return true;
}

bool tuf_canonical_put(struct json v, struct buf *out, struct error *err)
{
	struct members m = {.out = out};
	const char *text = NULL;
	int64_t number = 0;
	bool truth = false;

	switch (json_kind(v)) {
	case JSON_KIND_OBJECT:
		buf_putc(out, '{');
		if (!json_each(v, put_member, &m, err))
			return false;
		buf_putc(out, '}');
		break;
	case JSON_KIND_ARRAY:
		if (!put_array(v, out, err))
			return false;
		break;
	case JSON_KIND_STRING:
		if (!json_as_string(v, &text, err))
			return false;
		put_text(text, out);
		break;
	case JSON_KIND_INTEGER:
		if (!json_as_integer(v, INT64_MIN, INT64_MAX, &number, err))
			return false;
		buf_printf(out, "%" PRId64, number);
		break;
	case JSON_KIND_BOOL:
		if (!json_as_bool(v, &truth, err))
			return false;
		buf_puts(out, truth ? "true" : "false");
		break;
	case JSON_KIND_NULL:
		buf_puts(out, "null");
		break;
	case JSON_KIND_REAL:
		return json_refuse(v, err, "a number that is not an integer");
	}
	return buf_ok(out, err);
}
