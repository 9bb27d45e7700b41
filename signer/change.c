/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/change.h"

#include "core/text.h"

void change_print(void *talk, const struct manifest_change *c)
{
	struct change_talk *t = talk;
	char from[1100], to[1100];

	t->count++;
	fputs(c->component ? c->component : "manifest", t->out);
	if (c->path)
		fprintf(t->out, " %s", TEXT_SAFE(c->path));
	fprintf(t->out, ": %s ", TEXT_SAFE(c->field));
	if (!strcmp(c->field, "added") || !strcmp(c->field, "removed"))
		fprintf(t->out, "(%s)\n",
			text_safe(c->to ? c->to : c->from, to, sizeof(to)));
	else
		fprintf(t->out, "%s -> %s\n",
			c->from ? text_safe(c->from, from, sizeof(from)) : "absent",
			c->to ? text_safe(c->to, to, sizeof(to)) : "absent");
}
