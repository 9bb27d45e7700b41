/* SPDX-License-Identifier: Apache-2.0 */
#include "client/inspect.h"

#include "client/source.h"
#include "core/digest_many.h"
#include "core/file.h"
#include "core/gobin.h"
#include "core/http.h"
#include "core/json.h"
#include "core/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum {
	ANSWER_MAX = 4 * 1024 * 1024,
	OUTPUT_MAX = 256 * 1024 * 1024,
	URL_MAX = 4096,
	TIMEOUT_DEFAULT = 60, /* seconds */
	OPT_THRESHOLD = 0x1000,
	OPT_TIMEOUT,
};

struct inspect {
	const char *manifest, *server, *keyring;
	size_t threshold;
	long timeout; /* seconds, of one answer */
	bool json;
	char **files;
	size_t file_count;
	/* while it runs */
	struct source source;
	struct http *http;
	bool answers; /* the server said what it can be asked */
};

/* A place of the manifest that lists a digest. */
struct place {
	const char *component, *what; /* borrowed from the manifest */
};

/* What is known of one file. */
struct finding {
	const char *file;
	struct digest digest;
	uint64_t size;
	struct gobin go;
	struct place *places;
	size_t place_count, cap;
	struct json_doc server; /* root NULL: not asked, or it knows nothing */
};

/* ---- the command line ---- */

static const struct argp_option option_table[] = {
	{"json", 'j', NULL, 0, "Write JSON", 0},
	{"manifest", 'm', "FILE.asc", 0, "Say what of this manifest each file is", 0},
	{"keyring", 'k', "FILE", 0, "The release keys for --manifest", 0},
	{"threshold", OPT_THRESHOLD, "N", 0, "How many of them must have signed", 0},
	{"server", 's', "URL", 0, "Ask a server which releases list each file", 0},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0,
	 "How long the server has for an answer; default 60", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct inspect *in = state->input;
	uint64_t n = 0;

	switch (key) {
	case 'j':
		in->json = true;
		break;
	case 'm':
		in->manifest = arg;
		break;
	case 'k':
		in->keyring = arg;
		break;
	case 's':
		in->server = arg;
		break;
	case OPT_THRESHOLD:
		if (!text_u64(arg, 1, PGP_KEYS_MAX, &n))
			argp_error(state, "--threshold must be a number from 1 to %d",
				   PGP_KEYS_MAX);
		in->threshold = (size_t)n;
		break;
	case OPT_TIMEOUT:
		if (!text_u64(arg, 1, 86400, &n))
			argp_error(state, "--timeout must be a number from 1 to 86400");
		in->timeout = (long)n;
		break;
	case ARGP_KEY_ARGS:
		in->files = state->argv + state->next;
		in->file_count = (size_t)(state->argc - state->next);
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no file given");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* ---- one file ---- */

static bool read_file(struct finding *f, struct error *err)
{
	AUTO(file_closep) int fd = -1;
	struct stat st;

	if (!file_open(f->file, O_RDONLY | O_NONBLOCK, &fd, err))
		return false;
	if (fstat(fd, &st))
		return error_sys(err, "cannot look at '%s'", TEXT_SAFE(f->file));
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_FORMAT, "'%s' is %s, not a file",
				 TEXT_SAFE(f->file), digest_many_kind(st.st_mode));
	return (digest_of_fd(fd, &f->digest, &f->size, err) &&
		gobin_read_fd(fd, f->size, &f->go, err)) ||
	       error_prefix(err, "'%s'", TEXT_SAFE(f->file));
}

static bool ask(struct inspect *in, const char *path, struct buf *url, struct buf *out,
		struct error *err)
{
	buf_reset(url);
	return http_join(in->server, path, url, err) &&
	       http_get(in->http, url->data, out, err);
}

/* A web server with an exported tree has no answer to give, which is not a no: only
 * fips-manifestd tells what it can be asked. */
static bool is_asked_rightly(struct inspect *in, struct error *err)
{
	AUTO(buf_clear) struct buf url = BUF_MAX(URL_MAX), out = BUF_MAX(ANSWER_MAX);

	in->answers = in->answers || ask(in, "openapi.json", &url, &out, err);
	if (in->answers || err->code != ERR_NOT_FOUND)
		return in->answers;
	error_set_(err, ERR_NOT_FOUND,
		   "cannot say which releases list a digest: no fips-manifestd "
		   "answers there; give --manifest");
	return http_blame(in->server, err);
}

static bool ask_server(struct inspect *in, struct finding *f, struct error *err)
{
	AUTO(buf_clear) struct buf url = BUF_MAX(URL_MAX), answer = BUF_MAX(ANSWER_MAX);
	char path[sizeof("digests/") + DIGEST_HEX_SIZE];

	snprintf(path, sizeof(path), "digests/%s", DIGEST_HEX(&f->digest));
	if (!ask(in, path, &url, &answer, err))
		return err->code == ERR_NOT_FOUND && is_asked_rightly(in, err);
	if (!json_parse(answer.data ? answer.data : "", answer.len, ANSWER_MAX,
			&f->server, err) ||
	    !json_as_object(json_root(&f->server), err))
		return http_blame(url.data, err);
	return true;
}

static void finding_clear(struct finding *f)
{
	free(f->places);
	json_doc_clear(&f->server);
}

static bool add_place(struct finding *f, const char *component, const char *what,
		      struct error *err)
{
	if (f->place_count == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 8;
		void *more = reallocarray(f->places, cap, sizeof(*f->places));

		if (!more)
			return error_set(err, ERR_SYSTEM, "no memory");
		f->places = more;
		f->cap = cap;
	}
	f->places[f->place_count++] = (struct place){component, what};
	return true;
}

/* Where the manifest lists it: as a file, or as what a component came from. */
static bool find_places(const struct manifest *m, struct finding *f, struct error *err)
{
	for (size_t i = 0; i < m->component_count; i++) {
		const struct manifest_component *c = &m->components[i];

		if (digest_equal(&c->source.sha256, &f->digest) &&
		    !add_place(f, c->name, c->source.name, err))
			return false;
		for (size_t k = 0; k < c->file_count; k++)
			if (!c->files[k].link &&
			    digest_equal(&c->files[k].sha256, &f->digest) &&
			    !add_place(f, c->name, c->files[k].path, err))
				return false;
	}
	return true;
}

/* ---- as text ---- */

static void put_line(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "  %-9s", name);
	text_escape(value, strlen(value), out);
	buf_putc(out, '\n');
}

static void put_go(const struct gobin *go, struct buf *out)
{
	if (!*go->version) {
		put_line(out, "go", "no Go program");
		return;
	}
	put_line(out, "go", go->version);
	put_line(out, "crypto", go->crypto);
	for (const char *s = go->settings; *s; s += strspn(s, "\n")) {
		size_t n = strcspn(s, "\n");

		buf_printf(out, "  setting  %.*s\n", (int)n, s);
		s += n;
	}
}

/* A member as text; "" when it has none of the kind. */
static const char *member(struct json object, const char *key)
{
	struct error err;
	const char *s = "";

	return json_get_string(object, key, &s, &err) ? s : "";
}

static void put_hit(struct json hit, struct buf *out)
{
	static const char *const whats[] = {"file", "artifact", "image"};
	AUTO(buf_clear) struct buf line = BUF_MAX(16384);
	struct error err;
	struct json listed;
	int64_t revision = 0;

	if (!json_as_object(hit, &err))
		return;
	if (!json_get_integer(hit, "revision", 1, INT32_MAX, &revision, &err))
		revision = 0;
	buf_printf(&line, "EL %s, Kubernetes %s, %s", member(hit, "el"),
		   member(hit, "kubernetes"), member(hit, "arch"));
	if (revision)
		buf_printf(&line, ", revision %" PRId64, revision);
	if (json_get(hit, "listed", JSON_KIND_OBJECT, &listed, &err)) {
		buf_printf(&line, ": %s", member(listed, "component"));
		for (size_t i = 0; i < ARRAY_LEN(whats); i++)
			if (*member(listed, whats[i]))
				buf_printf(&line, " %s", member(listed, whats[i]));
	}
	buf_puts(&line, " (says the server; not verified)");
	if (!line.failed)
		put_line(out, "server", line.data);
}

static void put_text(const struct inspect *in, const struct finding *f, struct buf *out)
{
	struct error err;
	struct json found;

	text_escape(f->file, strlen(f->file), out);
	buf_printf(out, "\n  sha256   %s\n  size     %" PRIu64 "\n",
		   DIGEST_HEX(&f->digest), f->size);
	put_go(&f->go, out);
	for (size_t i = 0; i < f->place_count; i++) {
		const struct place *p = &f->places[i];

		buf_printf(out, "  listed   %s ", p->component);
		text_escape(p->what, strlen(p->what), out);
		buf_putc(out, '\n');
	}
	if (in->manifest && !f->place_count)
		put_line(out, "listed", "not by the manifest");
	if (f->server.root &&
	    json_get(json_root(&f->server), "found", JSON_KIND_ARRAY, &found, &err))
		for (size_t i = 0; i < json_count(found); i++)
			put_hit(json_at(found, i), out);
	else if (in->server)
		put_line(out, "server", "knows no release that lists it");
}

/* ---- as JSON ---- */

static void put_go_json(const struct gobin *go, struct json_writer *w)
{
	if (!*go->version) {
		json_put_null(w, "go");
		return;
	}
	json_open(w, "go", '{');
	json_put_string(w, "crypto", go->crypto);
	json_open(w, "settings", '[');
	for (const char *s = go->settings; *s; s += strspn(s, "\n")) {
		size_t n = strcspn(s, "\n");
		AUTO(text_freep) char *one = text_dup(s, n);

		json_put_string(w, NULL, one ? one : "");
		s += n;
	}
	json_close(w);
	json_put_string(w, "version", go->version);
	json_close(w);
}

static void put_json(const struct inspect *in, const struct finding *f,
		     struct json_writer *w)
{
	AUTO(buf_clear) struct buf name = BUF_MAX(65536);

	text_escape(f->file, strlen(f->file), &name);
	json_open(w, NULL, '{');
	json_put_string(w, "file", name.data ? name.data : "");
	put_go_json(&f->go, w);
	json_open(w, "listed", '[');
	for (size_t i = 0; i < f->place_count; i++) {
		json_open(w, NULL, '{');
		json_put_string(w, "component", f->places[i].component);
		json_put_string(w, "what", f->places[i].what);
		json_close(w);
	}
	json_close(w);
	if (f->server.root)
		json_put_value(w, "server", json_root(&f->server));
	else if (in->server)
		json_put_null(w, "server");
	json_put_string(w, "sha256", DIGEST_HEX(&f->digest));
	json_put_integer(w, "size", (int64_t)f->size);
	json_close(w);
}

/* ---- all of them ---- */

static bool inspect_one(struct inspect *in, struct finding *f, struct buf *out,
			struct json_writer *w, struct error *err)
{
	if (!read_file(f, err) ||
	    (in->manifest && !find_places(&in->source.manifest, f, err)) ||
	    (in->server && !ask_server(in, f, err)))
		return false;
	if (in->json)
		put_json(in, f, w);
	else
		put_text(in, f, out);
	return true;
}

static bool prepare(struct inspect *in, struct error *err)
{
	AUTO(buf_clear) struct buf file = BUF_MAX(SOURCE_FILE_MAX);
	const struct http_options limits = {
		.user_agent = "fips-tool/" FIPS_MANIFEST_VERSION,
		.total_seconds = in->timeout,
	};
	const struct source_trust trust = {
		.keyring = in->keyring,
		.threshold = in->threshold,
		.now = (int64_t)time(NULL),
	};

	if (in->server && !http_new(&limits, &in->http, err))
		return false;
	if (!in->manifest)
		return true;
	return file_read(in->manifest, &file, err) &&
	       source_load(in->manifest, file.data ? file.data : "", file.len, &trust,
			   &in->source, err);
}

static void inspect_clear(struct inspect *in)
{
	source_clear(&in->source);
	http_free(in->http);
}

/* The worst of what befell the files: 3 before 1 before 0. */
static enum cli_exit worse(enum cli_exit a, enum cli_exit b)
{
	return b > a ? b : a;
}

static enum cli_exit inspect_all(struct inspect *in, const struct cli *cli)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(OUTPUT_MAX);
	struct json_writer w = json_writer(&out);
	enum cli_exit status = CLI_GOOD;
	struct error err = EMPTY;

	if (in->json)
		json_open(&w, NULL, '[');
	for (size_t i = 0; i < in->file_count; i++) {
		AUTO(finding_clear) struct finding f = {.file = in->files[i]};

		if (!inspect_one(in, &f, &out, &w, &err))
			status = worse(status, cli_fail(cli, &err));
		else if ((in->manifest && !f.place_count) ||
			 (in->server && !f.server.root))
			status = worse(status, CLI_FINDINGS);
	}
	if (in->json)
		json_close(&w);
	if (in->json ? !json_write_end(&w, &err) : !buf_ok(&out, &err))
		return cli_fail(cli, &err);
	fwrite(out.data ? out.data : "", 1, out.len, cli->out);
	return cli_flush(cli, &err) ? status : cli_fail(cli, &err);
}

enum cli_exit inspect_main(int argc, char **argv, struct cli *cli)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse,
		.args_doc = "FILE...",
		.doc = "Say what a program is: digest, Go toolchain, crypto module, "
		       "and which releases list it.\v"
		       "Examples:\n"
		       "  fips-tool inspect /usr/local/bin/kubelet\n"
		       "  fips-tool inspect --server https://fips.example.org/ --json "
		       "kubelet",
	};
	char name[] = "fips-tool inspect";
	AUTO(inspect_clear)
	struct inspect in = {.threshold = 1, .timeout = TIMEOUT_DEFAULT};
	struct error err = EMPTY;

	argv[0] = name;
	cli_parse(&argp, argc, argv, 0, NULL, &in);
	if (!prepare(&in, &err))
		return cli_fail(cli, &err);
	return inspect_all(&in, cli);
}
