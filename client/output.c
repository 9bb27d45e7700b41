/* SPDX-License-Identifier: Apache-2.0 */
#include "client/output.h"

#include "core/file.h"
#include "core/text.h"

#include <stdlib.h>

static const char *const names[] = {
	[OUTPUT_TEXT] = "text",
	[OUTPUT_JSON] = "json",
	[OUTPUT_JUNIT] = "junit",
	[OUTPUT_PROMETHEUS] = "prometheus",
};

bool output_format(const char *name, size_t len, enum output_format *out)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strlen(names[i]) == len && !strncmp(names[i], name, len)) {
			*out = (enum output_format)i;
			return true;
		}
	return false;
}

static bool write_form(const struct report *r, enum output_format format,
		       const struct report_style *style, struct buf *out,
		       struct error *err)
{
	switch (format) {
	case OUTPUT_JSON:
		return report_json_write(r, out, err);
	case OUTPUT_JUNIT:
		return report_junit_write(r, out, err);
	case OUTPUT_PROMETHEUS:
		return report_prometheus_write(r, out, err);
	case OUTPUT_TEXT:
		break;
	}
	return report_text_write(r, style, out, err);
}

static bool to_file(const struct report *r, const struct options_report *to,
		    struct error *err)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(REPORT_TEXT_MAX);
	const struct report_style plain = EMPTY;

	return write_form(r, to->format, &plain, &out, err) &&
	       file_write_atomic(to->file, out.data, out.len, 0644, err);
}

static bool to_stdout(const struct report *r, const struct options *o,
		      const struct cli *cli, struct error *err)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(REPORT_TEXT_MAX);
	const char *no_colour = getenv("NO_COLOR");
	size_t columns = cli_columns(cli->out);
	const struct report_style style = {
		.colour = columns && !(no_colour && *no_colour),
		.brief = o->quiet,
		.columns = columns,
	};

	if (!write_form(r, o->format, &style, &out, err))
		return false;
	fwrite(out.data, 1, out.len, cli->out);
	return cli_flush(cli, err);
}

bool output_all(const struct report *r, const struct options *o, const struct cli *cli,
		struct error *err)
{
	struct error first = EMPTY, now;

	for (size_t i = 0; i < o->report_count; i++)
		if (!to_file(r, &o->reports[i], &now) && !first.code)
			first = now;
	if (!to_stdout(r, o, cli, &now) && !first.code)
		first = now;
	if (!first.code)
		return true;
	*err = first;
	return false;
}
