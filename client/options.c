/* SPDX-License-Identifier: Apache-2.0 */
#include "client/options.h"

#include "client/containerd.h"
#include "client/current.h"
#include "client/output.h"
#include "client/site_check.h"
#include "core/cli.h"
#include "core/text.h"

enum {
	TIMEOUT_DEFAULT = 600,  /* seconds */
	SITE_AGE = 14 * 86400,  /* seconds */
	TIMEOUT_MAX = 86400,    /* seconds */
	OPT_THRESHOLD = 0x1000, /* options without a letter */
	OPT_EL,
	OPT_KUBERNETES,
	OPT_TIMEOUT,
	OPT_NICE,
	OPT_SELF_CHECK,
	OPT_REQUIRE_FIPS,
	OPT_CONTAINERD_ROOT,
	OPT_IMAGE,
	OPT_TREE,
	OPT_TRUST,
	OPT_STATE,
	OPT_AS_OF_LAST_SEEN,
	OPT_SITE_KEY,
	OPT_MAX_SITE_AGE,
};

#define FORMATS "the formats are text, json, junit and prometheus"

static const struct argp_option option_table[] = {
	{"json", 'j', NULL, 0, "The same as --format json", 0},
	{"format", 'f', "FORMAT", 0,
	 "Of the report on standard output: text, json, junit or prometheus", 0},
	{"report", 'R', "FORMAT:FILE", 0,
	 "Write the report to a file, too, whole or not at all; may be repeated", 0},
	{"quiet", 'q', NULL, 0,
	 "Leave out what passed or does not apply; no progress line", 0},
	{"keyring", 'k', "FILE", 0, "The release keys; default " SOURCE_KEYRING_DEFAULT,
	 0},
	{"threshold", OPT_THRESHOLD, "N", 0,
	 "Owners of release keys that must have signed; default 1", 0},
	{"root", 'r', "DIR", 0, "Check a tree that is not running: of an image", 0},
	{"server", 's', "URL", 0, "Take the manifest from a published tree", 0},
	{"tree", OPT_TREE, "DIR", 0,
	 "As --server, from an exported folder, without any network", 0},
	{"bundle", OPT_TREE, "FILE.tar", 0, "As --server, from an exported tar", 0},
	{"el", OPT_EL, "N", 0,
	 "With --server: EL version; default the node's os-release", 0},
	{"kubernetes", OPT_KUBERNETES, "V", 0,
	 "With --server: Kubernetes version; default the only one there", 0},
	{"containerd-root", OPT_CONTAINERD_ROOT, "DIR", 0,
	 "Where containerd keeps images; default " CONTAINERD_ROOT, 0},
	{"image", OPT_IMAGE, "FILE", 0,
	 "Check an image in an archive or layout (docker, OCI), too; may be repeated",
	 0},
	{"trust", OPT_TRUST, "ROOT.json", 0,
	 "With --server: the TUF root to begin with, once; then the state has it", 0},
	{"state", OPT_STATE, "DIR", 0,
	 "What TUF keeps between runs; default " CURRENT_STATE_DEFAULT, 0},
	{"as-of-last-seen", OPT_AS_OF_LAST_SEEN, NULL, 0,
	 "Use metadata that expired, say so in the report; without --server ask nobody",
	 0},
	{"site-key", OPT_SITE_KEY, "FILE.pub", 0,
	 "With --server: require the statement of the site with this key; it may stand "
	 "in for an expired timestamp",
	 0},
	{"max-site-age", OPT_MAX_SITE_AGE, "AGE", 0,
	 "How long ago the site may have looked: 14d, 36h; default 14d", 0},
	{"nice", OPT_NICE, NULL, 0, "One thread, lowest priority of CPU and of disk",
	 0},
	{"require-fips-provider", OPT_REQUIRE_FIPS, NULL, 0,
	 "Refuse to run unless OpenSSL's FIPS provider computes the digests", 0},
	{"self-check", OPT_SELF_CHECK, NULL, 0,
	 "Is this program one of those that were published? Checks nothing else", 0},
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
static void check_options(struct argp_state *state, struct options *o)
{
	bool published = o->server || o->as_of_last_seen;

	if (o->self_check && o->file)
		argp_error(state, "--self-check takes no MANIFEST.asc");
	if (o->self_check && (o->format != OUTPUT_TEXT || o->report_count))
		argp_error(state, "--self-check writes no report");
	if (!o->file == !published)
		argp_error(state,
			   "give one of %s--server URL, --tree DIR and --bundle "
			   "FILE.tar",
			   o->self_check ? "" : "MANIFEST.asc, ");
	if (o->site_key && !o->server)
		argp_error(state, "--site-key goes with --server, --tree and --bundle");
	if (o->max_site_age && !o->site_key)
		argp_error(state, "--max-site-age goes with --site-key");
	if (!o->max_site_age)
		o->max_site_age = SITE_AGE;
	if (o->file && (o->el || o->kubernetes || o->trust || o->state))
		argp_error(state, "--el, --kubernetes, --trust and --state go with "
				  "--server, --tree and --bundle");
}

static void add_report(struct argp_state *state, const char *arg)
{
	struct options *o = state->input;
	size_t format = strcspn(arg, ":");
	struct options_report *r = &o->reports[o->report_count];

	if (o->report_count == OPTIONS_REPORTS_MAX)
		argp_error(state, "more than %d reports", OPTIONS_REPORTS_MAX);
	if (!arg[format] || !arg[format + 1] || !output_format(arg, format, &r->format))
		argp_error(state, "--report must be FORMAT:FILE, not '%s'; " FORMATS,
			   TEXT_SAFE(arg));
	r->file = arg + format + 1;
	o->report_count++;
}

/* The options of --server. */
static error_t parse_published(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 's':
	case OPT_TREE:
		if (o->server)
			argp_error(state, "give one of --server, --tree and --bundle");
		o->server = arg;
		o->local = key == OPT_TREE;
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
	case OPT_SITE_KEY:
		o->site_key = arg;
		break;
	case OPT_MAX_SITE_AGE:
		if (!site_check_parse_age(arg, &o->max_site_age))
			argp_error(state,
				   "--max-site-age must be like 14d or 36h, not '%s'",
				   TEXT_SAFE(arg));
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
		o->format = OUTPUT_JSON;
		break;
	case 'f':
		if (!output_format(arg, strlen(arg), &o->format))
			argp_error(state, "no format '%s'; " FORMATS, TEXT_SAFE(arg));
		break;
	case 'R':
		add_report(state, arg);
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
	case OPT_SELF_CHECK:
		o->self_check = true;
		break;
	case OPT_NICE:
		o->nice = true;
		break;
	case OPT_REQUIRE_FIPS:
		o->require_fips = true;
		break;
	case OPT_CONTAINERD_ROOT:
		o->containerd_root = arg;
		break;
	case OPT_IMAGE:
		if (o->image_count == OPTIONS_IMAGES_MAX)
			argp_error(state, "more than %d images", OPTIONS_IMAGES_MAX);
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
	"decide; 64 usage.\n\n"
	"Examples:\n"
	"  fips-tool --keyring release.asc manifest-el8-x86_64.json.asc\n"
	"  fips-tool --server https://fips.example.org/ --trust root.json\n"
	"  fips-tool --bundle tree.tar --trust root.json --root /mnt/image --json";

void options_parse(int argc, char **argv, struct options *out)
{
	const struct argp argp = {
		.options = option_table,
		.parser = parse,
		.args_doc = "MANIFEST.asc\n--server URL\ninspect FILE...",
		.doc = doc,
	};

	*out = (struct options){
		.threshold = 1,
		.timeout = TIMEOUT_DEFAULT,
		.containerd_root = CONTAINERD_ROOT,
	};
	cli_parse(&argp, argc, argv, 0, NULL, out);
}
