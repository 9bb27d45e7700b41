/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options.h"

#include "core/cli.h"
#include "core/text.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	OPT_THREADS = 256,
	OPT_CONNECTIONS,
	OPT_PER_ADDRESS,
	OPT_TIMEOUT,
	OPT_MIN_RATE,
	OPT_LOG,
	OPT_ACCESS,
	OPT_SANDBOX,
	OPT_TLS_CERT,
	OPT_TLS_KEY,
};

static const struct argp_option table[] = {
	{"store", 's', "FILE", 0, "The store; default $FIPS_MANIFEST_STORE", 0},
	{"listen", 'l', "ADDRESS:PORT", 0,
	 "Where to take connections; default 127.0.0.1:8080; port 0: any free one; "
	 "left out when systemd hands a socket over",
	 0},
	{"user", 'u', "NAME", 0, "Become this user when started as root", 0},
	{"tls-cert", OPT_TLS_CERT, "FILE", 0, "Speak TLS with this certificate (PEM)",
	 0},
	{"tls-key", OPT_TLS_KEY, "FILE", 0, "and this key (PEM)", 0},
	{"threads", OPT_THREADS, "N", 0, "Threads that serve; default 1", 0},
	{"connections", OPT_CONNECTIONS, "N", 0,
	 "Connections at most; default 10000, or what the system allows", 0},
	{"per-address", OPT_PER_ADDRESS, "N", 0,
	 "Connections at most from one address; default 1000; 0: no limit (behind a "
	 "proxy)",
	 0},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0,
	 "For a request to arrive, and for its answer to be taken beside what "
	 "--min-rate gives it; default 30",
	 0},
	{"min-rate", OPT_MIN_RATE, "BYTES", 0,
	 "A second, at which an answer must be taken; default 8192", 0},
	{"log-format", OPT_LOG, "text|json", 0, "Form of a log line; default text", 0},
	{"access-log", OPT_ACCESS, "off|errors|all", 0,
	 "Which requests are logged; default errors", 0},
	{"sandbox", OPT_SANDBOX, "auto|require|off", 0,
	 "auto (default): as much as the kernel has; require: all of it or exit", 0},
	{0},
};

static const struct argp_option *option_of(int key)
{
	const struct argp_option *o = table;

	while (o->key != key)
		o++;
	return o;
}

static void number(struct argp_state *state, int key, const char *arg, uint64_t least,
		   uint64_t most, uint64_t *out)
{
	if (!text_u64(arg, least, most, out))
		argp_error(state,
			   "--%s takes a number from %" PRIu64 " to %" PRIu64
			   ", not '%s'",
			   option_of(key)->name, least, most, TEXT_SAFE(arg));
}

/* The index of `arg` in a list of words; -1: none of them. */
static int word_of(const char *arg, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(arg, words[i]))
			return i;
	return -1;
}

/* Options whose value is one of a few words. */
static void parse_word(struct argp_state *state, int key, const char *arg)
{
	struct options *o = state->input;
	static const char *const formats[] = {"text", "json", NULL};
	static const char *const accesses[] = {"off", "errors", "all", NULL};
	static const char *const sandboxes[] = {"auto", "require", "off", NULL};
	int n = word_of(arg, key == OPT_LOG      ? formats
			     : key == OPT_ACCESS ? accesses
						 : sandboxes);

	if (n < 0)
		argp_error(state, "--%s takes %s, not '%s'", option_of(key)->name,
			   option_of(key)->arg, TEXT_SAFE(arg));
	else if (key == OPT_LOG)
		o->log_format = n ? LOG_JSON : LOG_TEXT;
	else if (key == OPT_ACCESS)
		o->access = (enum serve_access)n;
	else
		o->sandbox = (enum sandbox_mode)n;
}

static void check(const struct options *o, struct argp_state *state)
{
	if (!o->store)
		argp_error(state, "which store? give --store FILE");
	if (!o->tls_cert != !o->tls_key)
		argp_error(state, "--tls-cert and --tls-key go together");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 's':
		o->store = arg;
		break;
	case 'l':
		o->listen = arg;
		break;
	case 'u':
		o->user = arg;
		break;
	case OPT_TLS_CERT:
		o->tls_cert = arg;
		break;
	case OPT_TLS_KEY:
		o->tls_key = arg;
		break;
	case OPT_THREADS:
		number(state, key, arg, 1, 256, &o->threads);
		break;
	case OPT_CONNECTIONS:
		number(state, key, arg, 1, 1000000, &o->connections);
		break;
	case OPT_PER_ADDRESS:
		number(state, key, arg, 0, 1000000, &o->per_address);
		break;
	case OPT_TIMEOUT:
		number(state, key, arg, 1, 3600, &o->timeout);
		break;
	case OPT_MIN_RATE:
		number(state, key, arg, 1, UINT32_MAX, &o->min_rate);
		break;
	case OPT_LOG:
	case OPT_ACCESS:
	case OPT_SANDBOX:
		parse_word(state, key, arg);
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "there are no operands: '%s'", TEXT_SAFE(arg));
		break;
	case ARGP_KEY_END:
		check(o, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void options_parse(int argc, char **argv, struct options *out)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "Serve what a store has published, over HTTP, until SIGTERM.\v"
		       "The first line on standard output is \"listening on URL\"; the "
		       "log goes to standard error. SIGHUP reads the store and the TLS "
		       "files again.\n\n"
		       "Exit status: 0 ended by a signal; 3 it could not start; 64 "
		       "usage.\n\n"
		       "Examples:\n"
		       "  fips-manifestd --store fips-manifest.db\n"
		       "  fips-manifestd --store mirror.db --listen '[::]:8080' "
		       "--access-log all",
	};

	*out = (struct options){
		.store = getenv("FIPS_MANIFEST_STORE"),
		.listen = "127.0.0.1:8080",
		.threads = 1,
		.connections = 10000,
		.per_address = 1000,
		.timeout = 30,
		.min_rate = 8192,
		.access = SERVE_ACCESS_ERRORS,
	};
	cli_parse(&argp, argc, argv, 0, NULL, out);
}
