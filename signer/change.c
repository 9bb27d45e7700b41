/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/change.h"

#include "core/text.h"
#include "signer/cmd.h"

struct talk {
	FILE *out;
	struct json_writer w;
	size_t count;
};

/* ---- one line a difference ---- */

static void print(void *arg, const struct manifest_change *c)
{
	struct talk *t = arg;
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

/* ---- JSON ---- */

static void put(void *arg, const struct manifest_change *c)
{
	struct talk *t = arg;

	t->count++;
	json_open(&t->w, NULL, '{');
	json_put_optional(&t->w, "component", c->component);
	json_put_string(&t->w, "field", c->field);
	json_put_optional(&t->w, "from", c->from);
	json_put_optional(&t->w, "path", c->path);
	json_put_optional(&t->w, "to", c->to);
	json_close(&t->w);
}

static void put_side(struct json_writer *w, const char *key,
		     const struct change_side *s)
{
	json_open(w, key, '{');
	json_put_string(w, "digest", DIGEST_HEX(s->digest));
	json_put_string(w, "id", s->id);
	json_close(w);
}

static bool tell_json(const struct cli *cli, const struct change_side *a,
		      const struct change_side *b, struct talk *t, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(CMD_JSON_MAX);

	t->w = json_writer(&text);
	json_open(&t->w, NULL, '{');
	json_open(&t->w, "changes", '[');
	if (!manifest_compare(a->manifest, b->manifest, put, t, err))
		return false;
	json_close(&t->w);
	put_side(&t->w, "from", a);
	put_side(&t->w, "to", b);
	json_close(&t->w);
	return cmd_print_json(cli, &t->w, err);
}

bool change_tell(const struct cli *cli, const struct change_side *a,
		 const struct change_side *b, size_t *count, struct error *err)
{
	struct talk t = {.out = cli->out};

	if (!(cli->json ? tell_json(cli, a, b, &t, err)
			: manifest_compare(a->manifest, b->manifest, print, &t, err)))
		return false;
	*count = t.count;
	return true;
}
