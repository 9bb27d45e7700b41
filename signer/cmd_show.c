/* SPDX-License-Identifier: Apache-2.0 */
/* show: one manifest, for people; --json: its canonical text; --asc: the signed file.
 */
#include "core/manifest.h"
#include "core/text.h"
#include "signer/cmd.h"
#include "signer/id.h"
#include "signer/standing.h"

#include <inttypes.h>

struct input {
	bool asc;
};

static const struct argp_option options[] = {
	{"asc", 'a', NULL, 0, "Write the signed file, as the store has it", 0},
	{0},
};

static bool parse(int key, char *arg, void *input, struct error *err)
{
	struct input *in = input;

	(void)arg;
	if (key != 'a')
		return error_set(err, ERR_INTERNAL, "unknown option");
	in->asc = true;
	return true;
}

static bool show_asc(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf asc = BUF_MAX(VOUCH_FILE_MAX);
	struct store_manifest m;

	if (!ctx->store)
		return error_set(err, ERR_USAGE, "--asc needs a --store");
	if (!id_find(ctx->store, ctx->operands[0], false, &m, err) ||
	    !store_asc(ctx->store, m.row, &asc, err))
		return false;
	fwrite(asc.data, 1, asc.len, ctx->cli->out);
	return true;
}

/* No line is wider than 80 columns but for the names in it. */
static void show_file(FILE *out, const struct manifest_file *f)
{
	if (f->link) {
		fprintf(out, "    %s -> %s\n", TEXT_SAFE(f->path), TEXT_SAFE(f->link));
		return;
	}
	fprintf(out, "    %s%s%s%s%s\n      sha256 %s\n", TEXT_SAFE(f->path),
		f->kind == MANIFEST_IN_IMAGE ? "  (in the image)" : "",
		f->go_version ? "  " : "", f->go_version ? f->go_version : "",
		!f->go_crypto                   ? ""
		: !strcmp(f->go_crypto, "none") ? " without a FIPS module"
						: "",
		DIGEST_HEX(&f->sha256));
}

static void show_source(FILE *out, const struct manifest_source *src)
{
	fprintf(out, "    from %s %s\n      sha256 %s\n",
		manifest_source_name(src->type), TEXT_SAFE(src->name),
		DIGEST_HEX(&src->sha256));
	if (src->type == MANIFEST_IMAGE)
		fprintf(out, "      image %s\n      manifest %s\n      config %s\n",
			src->image_reference ? TEXT_SAFE(src->image_reference)
					     : "without a name",
			DIGEST_HEX(&src->image_manifest),
			DIGEST_HEX(&src->image_config));
	fprintf(out, "      signed by %s\n", src->signer ? src->signer : "nobody");
}

static void show_component(FILE *out, const struct manifest_component *c)
{
	fprintf(out, "  %s %s (%s)\n", c->name, TEXT_SAFE(c->version),
		manifest_presence_name(c->presence));
	show_source(out, &c->source);
	for (size_t i = 0; i < c->file_count; i++)
		show_file(out, &c->files[i]);
}

static void show_list(FILE *out, const char *what, const struct manifest_strings *l)
{
	for (size_t i = 0; i < l->count; i++)
		fprintf(out, "%-11s %s\n", i ? "" : what, l->items[i]);
}

static void show_body(FILE *out, const struct manifest *m)
{
	char t[TEXT_TIME_SIZE];

	fprintf(out, "components\n");
	for (size_t i = 0; i < m->component_count; i++)
		show_component(out, &m->components[i]);
	for (size_t i = 0; i < m->service_count; i++)
		fprintf(out, "service     %s :%u\n", m->services[i].name,
			m->services[i].port);
	if (m->tls.min_version)
		fprintf(out, "TLS         %s or later\n", m->tls.min_version);
	show_list(out, "ciphers", &m->tls.cipher_suites);
	show_list(out, "groups", &m->tls.groups);
	for (size_t i = 0; i < m->exception_count; i++) {
		const struct manifest_exception *e = &m->exceptions[i];

		text_time(e->expires, t);
		fprintf(out, "exception   %s until %s: %s\n",
			TEXT_SAFE(e->path ? e->path : e->component), t,
			TEXT_SAFE(e->reason));
	}
}

static bool show_head(FILE *out, const struct manifest *m, const struct buf *text,
		      struct error *err)
{
	char t[TEXT_TIME_SIZE];
	struct digest d;

	if (!digest_of_bytes(text->data, text->len, &d, err))
		return false;
	text_time(m->created, t);
	fprintf(out, "manifest    el%s/%s/%s@%u\ncreated     %s\nsha256      %s\n",
		m->el, m->kubernetes, m->arch, m->revision, t, DIGEST_HEX(&d));
	if (m->note)
		fprintf(out, "note        %s\n", TEXT_SAFE(m->note));
	return true;
}

/* Why it is not vouched for: of the file that is in the tree, else of the newest. */
static bool why_not(struct store *s, const struct vouch *v, int64_t row, char out[512],
		    struct error *err)
{
	AUTO(buf_clear) struct buf asc = BUF_MAX(VOUCH_FILE_MAX);
	struct vouched vouched = EMPTY;
	struct error why = EMPTY;

	if (!store_asc(s, row, &asc, err))
		return false;
	if (!vouch_for(v, asc.data, asc.len, &vouched, &why) &&
	    why.code != ERR_UNTRUSTED) {
		*err = why;
		return false;
	}
	snprintf(out, sizeof(vouched.why), "%s", *why.msg ? why.msg : vouched.why);
	return true;
}

/* Fingerprints with blanks between, a line each. */
static void show_signers(FILE *out, const char *signers)
{
	for (const char *s = signers, *what = "signed by"; *s; what = "") {
		int len = (int)strcspn(s, " ");

		fprintf(out, "%-11s %.*s\n", what, len, s);
		s += len + (s[len] == ' ');
	}
}

/* What the store knows beside the text. */
static bool show_state(struct cmd_context *ctx, struct error *err)
{
	AUTO(vouch_clear) struct vouch v = EMPTY;
	struct store_manifest m;
	struct store_signed f;
	struct standing st;
	char why[512] = "";
	struct id id;

	if (!id_parse(ctx->operands[0], &id))
		return true;
	if (!id_find(ctx->store, ctx->operands[0], false, &m, err) ||
	    !store_signed(ctx->store, m.row, &f, err) ||
	    !vouch_load_any(ctx->store, &v, err) ||
	    !standing_of(ctx->store, &v, &m, &st, err) ||
	    (st.judged && !st.trusted && !why_not(ctx->store, &v, m.row, why, err)))
		return false;
	if (m.state == STORE_WITHDRAWN)
		snprintf(why, sizeof(why), "%s", TEXT_SAFE(m.withdrawn_reason));
	fprintf(ctx->cli->out, "state       %s%s%s\n", st.name, *why ? ": " : "", why);
	show_signers(ctx->cli->out, f.signers);
	return true;
}

static bool run(struct cmd_context *ctx, struct error *err)
{
	AUTO(buf_clear) struct buf text = BUF_MAX(MANIFEST_TEXT_MAX);
	AUTO(manifest_clear) struct manifest m = EMPTY;
	const struct input *in = ctx->input;

	if (in->asc)
		return show_asc(ctx, err);
	if (!id_text(ctx->store, ctx->operands[0], &text, err))
		return false;
	if (!manifest_parse(text.data ? text.data : "", text.len, &m, err))
		return error_prefix(err, "'%s'", TEXT_SAFE(ctx->operands[0]));
	if (ctx->cli->json) {
		fwrite(text.data, 1, text.len, ctx->cli->out);
		return true;
	}
	if (!show_head(ctx->cli->out, &m, &text, err) || !show_state(ctx, err))
		return false;
	show_body(ctx->cli->out, &m);
	return true;
}

const struct cmd cmd_show = {
	.name = "show",
	.operands = "ID|FILE",
	.summary = "show a manifest of the store, or of a file",
	.doc = "--json writes the canonical text, byte for byte. Signatures of a FILE "
	       "are not looked at: 'verify' does that. ID is el8/v1.21.3, "
	       "el8/v1.21.3/x86_64 or el8/v1.21.3@2; the newest revision is meant.",
	.examples = "fips-manifest show el8/v1.21.3\n"
		    "fips-manifest show --json el8/v1.21.3@1 >manifest.json",
	.operands_min = 1,
	.operands_max = 1,
	.need = CMD_STORE_MAYBE,
	.options = options,
	.parse = parse,
	.input_size = sizeof(struct input),
	.run = run,
};
