/* SPDX-License-Identifier: Apache-2.0 */
/* fips-tool: hold a node against a signed manifest. */
#include "client/check.h"
#include "client/containerd.h"
#include "client/current.h"
#include "client/fetch.h"
#include "client/watch.h"
#include "core/cli.h"
#include "core/digest_many.h"
#include "core/file.h"
#include "core/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	TIMEOUT_DEFAULT = 600,  /* seconds */
	TIMEOUT_MAX = 86400,    /* seconds */
	LATE_MS = 3000,         /* for checks to notice that time is over */
	OPT_THRESHOLD = 0x1000, /* options without a letter */
	OPT_EL,
	OPT_KUBERNETES,
	OPT_TIMEOUT,
	OPT_CONTAINERD_ROOT,
	OPT_IMAGE,
	OPT_TRUST,
	OPT_STATE,
	OPT_AS_OF_LAST_SEEN,
	IMAGES_MAX = 1000,
};

struct options {
	const char *file; /* the operand */
	const char *server, *el, *kubernetes;
	const char *keyring, *root, *containerd_root;
	char *images[IMAGES_MAX];
	size_t image_count;
	const char *trust, *state;
	bool as_of_last_seen;
	size_t threshold;
	unsigned timeout; /* seconds */
	bool json, quiet;
};

/* ---- the command line ---- */

static const struct argp_option option_table[] = {
	{"json", 'j', NULL, 0, "Write the report as JSON", 0},
	{"quiet", 'q', NULL, 0, "Leave out what passed; no progress line", 0},
	{"keyring", 'k', "FILE", 0, "The release keys; default " SOURCE_KEYRING_DEFAULT,
	 0},
	{"threshold", OPT_THRESHOLD, "N", 0,
	 "How many of them must have signed; default 1", 0},
	{"root", 'r', "DIR", 0, "Check a tree that is not running, such as an image",
	 0},
	{"server", 's', "URL", 0, "Take the manifest from a published tree", 0},
	{"el", OPT_EL, "N", 0,
	 "With --server: EL version; default the node's os-release", 0},
	{"kubernetes", OPT_KUBERNETES, "V", 0,
	 "With --server: Kubernetes version; default the only one there", 0},
	{"containerd-root", OPT_CONTAINERD_ROOT, "DIR", 0,
	 "Where containerd keeps images; default " CONTAINERD_ROOT, 0},
	{"image", OPT_IMAGE, "FILE", 0,
	 "Check an image archive, too: the manifest must have been built from it", 0},
	{"trust", OPT_TRUST, "ROOT.json", 0,
	 "With --server: the TUF root to begin with, once; then the state has it", 0},
	{"state", OPT_STATE, "DIR", 0,
	 "What TUF keeps between runs; default " CURRENT_STATE_DEFAULT, 0},
	{"as-of-last-seen", OPT_AS_OF_LAST_SEEN, NULL, 0,
	 "Use metadata that expired, say so in the report; without --server ask nobody",
	 0},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0,
	 "Report what is known by then; default 600", 0},
	{0},
};

static uint64_t number(struct argp_state *state, const char *what, const char *arg,
		       uint64_t max)
{
	uint64_t n = 0;

	if (!text_u64(arg, 1, max, &n))
		argp_error(state, "%s must be a number from 1 to %u, not '%s'", what,
			   (unsigned)max, TEXT_SAFE(arg));
	return n;
}

/* What must hold of all options together. */
static void check_options(struct argp_state *state, const struct options *o)
{
	bool published = o->server || o->as_of_last_seen;

	if (!o->file == !published)
		argp_error(state, "give one of MANIFEST.asc and --server URL");
	if (o->file && (o->el || o->kubernetes || o->trust || o->state))
		argp_error(state, "--el, --kubernetes, --trust and --state go with "
				  "--server");
}

/* The options of --server. */
static error_t parse_published(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 's':
		o->server = arg;
		break;
	case OPT_TRUST:
		o->trust = arg;
		break;
	case OPT_STATE:
		o->state = arg;
		break;
	case OPT_AS_OF_LAST_SEEN:
		o->as_of_last_seen = true;
		break;
	case OPT_EL:
		if (!text_is_el(arg))
			argp_error(state, "--el must be like 8 or 8.4, not '%s'",
				   TEXT_SAFE(arg));
		o->el = arg;
		break;
	case OPT_KUBERNETES:
		if (!text_is_kubernetes(arg))
			argp_error(state, "--kubernetes must be like v1.21.3, not '%s'",
				   TEXT_SAFE(arg));
		o->kubernetes = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'j':
		o->json = true;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'k':
		o->keyring = arg;
		break;
	case 'r':
		o->root = arg;
		break;
	case OPT_THRESHOLD:
		o->threshold = number(state, "--threshold", arg, PGP_KEYS_MAX);
		break;
	case OPT_TIMEOUT:
		o->timeout = (unsigned)number(state, "--timeout", arg, TIMEOUT_MAX);
		break;
	case OPT_CONTAINERD_ROOT:
		o->containerd_root = arg;
		break;
	case OPT_IMAGE:
		if (o->image_count == IMAGES_MAX)
			argp_error(state, "more than %d images", IMAGES_MAX);
		o->images[o->image_count++] = arg;
		break;
	case ARGP_KEY_ARG:
		if (o->file)
			argp_error(state, "one manifest at a time");
		o->file = arg;
		break;
	case ARGP_KEY_END:
		check_options(state, o);
		break;
	default:
		return parse_published(key, arg, state);
	}
	return 0;
}

static const char doc[] =
	"Hold this node, or the tree of one, against a signed manifest of the digests "
	"that its FIPS builds have.\v"
	"Exit status: 0 everything checked is as the manifest says and the node is in "
	"FIPS mode; 1 something differs; 2 the manifest is not trusted; 3 cannot "
	"decide; 64 usage.";

/* ---- one run ---- */

struct run {
	const struct options *options;
	struct cli *cli;
	int64_t deadline;
	struct cli_progress *progress;
	struct node node;
	struct source source;
	struct report report;
	struct owner owner;
	struct seen seen;
	struct current current;
	bool reporting; /* the manifest is trusted: there is something to report */
	bool ok;
	struct error err;
};

static void show_progress(void *arg, const char *what, uint64_t bytes)
{
	cli_progress_add(arg, bytes, file_basename(what));
}

static bool load_file(struct run *run, const struct source_trust *trust,
		      struct error *err)
{
	AUTO(buf_clear) struct buf file = BUF_MAX(SOURCE_FILE_MAX);
	const char *name = run->options->file;

	return file_read(name, &file, err) &&
	       source_load(name, file.data ? file.data : "", file.len, trust,
			   &run->source, err);
}

/* By the server's index, which nothing vouches for. */
static bool load_from_index(struct run *run, const struct fetch_options *how,
			    const struct source_trust *trust, struct error *err)
{
	AUTO(fetch_clear) struct fetch f = FETCH_NONE;

	return fetch_manifest(how, &f, err) &&
	       source_load(f.url, f.file.data, f.file.len, trust, &run->source, err) &&
	       fetch_confirm(&f, &run->source, err);
}

/* The release keys that came through TUF must vouch for it, and the pinned ones where
 * the user gave some. */
static bool load_current(struct run *run, const struct current_options *how,
			 const struct source_trust *pinned, struct error *err)
{
	AUTO(source_clear) struct source also = EMPTY;
	struct current *c = &run->current;
	struct source_trust trust = *pinned;

	if (!current_fetch(how, c, err))
		return false;
	trust.keyring = c->keyring;
	return source_load(c->origin, c->file.data, c->file.len, &trust, &run->source,
			   err) &&
	       (!pinned->keyring || source_load(c->origin, c->file.data, c->file.len,
						pinned, &also, err)) &&
	       current_confirm(c, &run->source, err);
}

static bool load_published(struct run *run, const struct source_trust *trust,
			   struct error *err)
{
	const struct options *o = run->options;
	struct fetch_options index = {
		.server = o->server,
		.el = o->el ? o->el : run->node.os.el,
		.arch = *run->node.arch ? run->node.arch : "x86_64",
		.kubernetes = o->kubernetes,
		.seconds = o->timeout,
	};
	struct current_options how = {
		.server = o->server,
		.trust = o->trust,
		.state = o->state,
		.el = index.el,
		.arch = index.arch,
		.kubernetes = o->kubernetes,
		.seconds = o->timeout,
		.as_of_last_seen = o->as_of_last_seen,
	};
	char version[64] = "";

	if (!*how.el)
		return error_set(err, ERR_NOT_FOUND,
				 "the os-release here names no Enterprise Linux: --el "
				 "says which manifest is meant");
	if (!current_possible(&how) && !o->as_of_last_seen && !o->state)
		return load_from_index(run, &index, trust, err);
	if (!o->kubernetes && !o->server)
		return error_set(err, ERR_USAGE,
				 "without a server, --kubernetes must say which "
				 "manifest is meant");
	if (!o->kubernetes && !fetch_version(&index, version, err))
		return false;
	how.kubernetes = o->kubernetes ? o->kubernetes : version;
	return load_current(run, &how, trust, err);
}

/* The digest of the program that runs, for the report. */
static void digest_self(struct report *r)
{
	AUTO(file_closep) int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct digest d;
	struct error err;
	uint64_t size;

	if (fd >= 0 && digest_of_fd(fd, &d, &size, &err))
		digest_hex(&d, r->tool_digest);
}

static uint64_t total_size(const struct manifest *m)
{
	uint64_t total = 0;

	for (size_t i = 0; i < m->component_count; i++)
		for (size_t k = 0; k < m->components[i].file_count; k++)
			if (m->components[i].files[k].kind == MANIFEST_ON_HOST)
				total += m->components[i].files[k].size;
	return total;
}

/* A tree that somebody unpacked without being root has nobody's owners. */
static bool owners_count(const struct node *node)
{
	struct stat st;

	return node->live || (!fstat(node->root_fd, &st) && st.st_uid == 0);
}

static bool check_all(struct run *run, struct error *err)
{
	struct check c = {
		.manifest = &run->source.manifest,
		.node = &run->node,
		.report = &run->report,
		.seen = &run->seen,
		.owner = owners_count(&run->node) ? &run->owner : NULL,
		.containerd_root = run->options->containerd_root,
		.deadline = run->deadline,
		.progress = show_progress,
	};

	run->progress = cli_progress_new(run->cli, "check", total_size(c.manifest));
	c.progress_arg = run->progress;
	if (!c.progress_arg)
		c.progress = NULL;
	owner_read(&run->node, &run->owner);
	check_system(&c);
	return check_file(&c, err) && check_extra(&c, err) && check_process(&c, err) &&
	       check_image(&c, err) &&
	       check_archive(&c, run->options->images, run->options->image_count, err);
}

static bool work(struct run *run, struct error *err)
{
	const struct options *o = run->options;
	const struct source_trust trust = {
		.keyring = o->keyring,
		.threshold = o->threshold,
		.now = (int64_t)time(NULL),
	};

	if (!node_open(o->root, &run->node, err))
		return false;
	if (o->file ? !load_file(run, &trust, err) : !load_published(run, &trust, err))
		return false;
	report_init(&run->report, &run->node, &run->source);
	run->report.threshold = o->threshold;
	digest_self(&run->report);
	if (!o->file)
		current_report(run->current.client ? &run->current : NULL,
			       &run->report);
	__atomic_store_n(&run->reporting, true, __ATOMIC_RELEASE);
	return check_all(run, err);
}

static void work_thread(void *arg)
{
	struct run *run = arg;

	run->ok = work(run, &run->err);
}

/* ---- the report ---- */

static bool write_report(const struct run *run, struct error *err)
{
	AUTO(buf_clear) struct buf out = BUF_MAX(REPORT_TEXT_MAX);
	const char *no_colour = getenv("NO_COLOR");
	const struct report_style style = {
		.colour = isatty(fileno(run->cli->out)) && !(no_colour && *no_colour),
		.brief = run->options->quiet,
	};
	bool made = run->options->json
			    ? report_json_write(&run->report, &out, err)
			    : report_text_write(&run->report, &style, &out, err);

	if (!made || !report_ok(&run->report, err))
		return false;
	fwrite(out.data, 1, out.len, run->cli->out);
	return cli_flush(run->cli, err);
}

static enum cli_exit status_of(enum report_outcome o)
{
	switch (o) {
	case REPORT_PASSED:
	case REPORT_PASSED_IMAGE:
		return CLI_GOOD;
	case REPORT_FAILED:
		return CLI_FINDINGS;
	case REPORT_UNDECIDED:
		break;
	}
	return CLI_UNDECIDED;
}

static enum cli_exit conclude(struct run *run)
{
	cli_progress_free(run->progress);
	if (!run->ok)
		return cli_fail(run->cli, &run->err);
	report_close(&run->report);
	if (!write_report(run, &run->err))
		return cli_fail(run->cli, &run->err);
	return status_of(report_outcome(&run->report));
}

/* The checks did not come back: say what is known, leave the rest to the kernel. */
static void conclude_late(struct run *run)
{
	static const struct report_entry late = {
		.kind = REPORT_SYSTEM,
		.verdict = REPORT_UNKNOWN,
		.subject = "all checks",
	};

	run->ok = __atomic_load_n(&run->reporting, __ATOMIC_ACQUIRE);
	if (run->ok)
		report_add(&run->report, &late,
			   "time was over (--timeout) and one of them did not end");
	else
		error_set_(
			&run->err, ERR_SYSTEM,
			"time was over (--timeout) before the manifest was verified");
	_exit((int)conclude(run));
}

int main(int argc, char **argv)
{
	const struct argp argp = {
		.options = option_table,
		.parser = parse,
		.args_doc = "MANIFEST.asc\n--server URL",
		.doc = doc,
	};
	struct options options = {.threshold = 1,
				  .timeout = TIMEOUT_DEFAULT,
				  .containerd_root = CONTAINERD_ROOT};
	struct cli cli = {.program = "fips-tool", .out = stdout, .talk = stderr};
	struct run run = {.options = &options,
			  .cli = &cli,
			  .node = NODE_NONE,
			  .current = CURRENT_NONE};
	enum cli_exit status;
	bool finished = false;

	cli_parse(&argp, argc, argv, 0, NULL, &options);
	cli.json = options.json;
	cli.quiet = options.quiet;
	run.deadline = digest_many_now() + (int64_t)options.timeout * 1000;
	if (!watch_run(work_thread, &run, run.deadline + LATE_MS, &finished, &run.err))
		return (int)cli_fail(&cli, &run.err);
	if (!finished)
		conclude_late(&run);
	status = conclude(&run);
	if (run.reporting)
		report_clear(&run.report);
	source_clear(&run.source);
	current_clear(&run.current);
	owner_clear(&run.owner);
	seen_clear(&run.seen);
	node_close(&run.node);
	return (int)status;
}
