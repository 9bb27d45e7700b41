/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/cmd.h"

#include "core/text.h"

bool cmd_print_json(const struct cli *cli, struct json_writer *w, struct error *err)
{
	if (!json_write_end(w, err))
		return false;
	fputs(w->out->data, cli->out);
	return true;
}

void cmd_put_time(struct json_writer *w, const char *key, int64_t t)
{
	char text[TEXT_TIME_SIZE];

	text_time(t, text);
	json_put_optional(w, key, t ? text : NULL);
}
