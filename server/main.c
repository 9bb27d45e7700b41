/* SPDX-License-Identifier: Apache-2.0 */
/* fips-manifestd: serve what a store has published, over HTTP. */
#include "core/cli.h"
#include "core/page.h"
#include "core/text.h"
#include "openapi.inc" /* openapi_json: schema/openapi.json */
#include "server/listen.h"
#include "server/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	LOOK_MS = 50,       /* between two looks at the store */
	STOP_MS = 9 * 1000, /* for requests under way at the end */
	SPARE_FDS = 64,     /* descriptors beside connections */
};

struct options {
	const char *store, *listen;
	uint64_t threads, connections, per_address;
	enum log_format log_format;
	enum serve_access access;
};

enum { OPT_THREADS = 256, OPT_CONNECTIONS, OPT_PER_ADDRESS, OPT_LOG, OPT_ACCESS };

static const struct argp_option option_table[] = {
	{"store", 's', "FILE", 0, "The store; default $FIPS_MANIFEST_STORE", 0},
	{"listen", 'l', "ADDRESS:PORT", 0,
	 "Where to take connections; default 127.0.0.1:8080; port 0: any free one", 0},
	{"threads", OPT_THREADS, "N", 0, "Threads that serve; default 1", 0},
	{"connections", OPT_CONNECTIONS, "N", 0,
	 "Connections at most; default 10000, or what the system allows", 0},
	{"per-address", OPT_PER_ADDRESS, "N", 0,
	 "Connections at most from one address; default 1000; 0: no limit (behind a "
	 "proxy)",
	 0},
	{"log-format", OPT_LOG, "text|json", 0, "Form of a log line; default text", 0},
	{"access-log", OPT_ACCESS, "off|errors|all", 0,
	 "Which requests are logged; default errors", 0},
	{0},
};

/* The index of `arg` in a list of words; -1: none of them. */
static int word_of(const char *arg, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(arg, words[i]))
			return i;
	return -1;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	static const char *const formats[] = {"text", "json", NULL};
	static const char *const accesses[] = {"off", "errors", "all", NULL};
	struct options *o = state->input;
	bool good = true;
	int n;

	switch (key) {
	case 's':
		o->store = arg;
		return 0;
	case 'l':
		o->listen = arg;
		return 0;
	case OPT_THREADS:
		good = text_u64(arg, 1, 256, &o->threads);
		break;
	case OPT_CONNECTIONS:
		good = text_u64(arg, 1, 1000000, &o->connections);
		break;
	case OPT_PER_ADDRESS:
		good = text_u64(arg, 0, 1000000, &o->per_address);
		break;
	case OPT_LOG:
		n = word_of(arg, formats);
		good = n >= 0;
		o->log_format = n == 1 ? LOG_JSON : LOG_TEXT;
		break;
	case OPT_ACCESS:
		n = word_of(arg, accesses);
		good = n >= 0;
		o->access = good ? (enum serve_access)n : SERVE_ACCESS_ERRORS;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "there are no operands: '%s'", arg);
		break;
	case ARGP_KEY_END:
		if (!o->store)
			argp_error(state, "which store? give --store FILE");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	if (!good)
		argp_error(state, "'%s' is not a value of this option", arg);
	return 0;
}

/* As many descriptors as the system allows; how many connections fit? */
static unsigned connections_for(uint64_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 100;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < wanted + SPARE_FDS)
		wanted = limit.rlim_cur > 2 * SPARE_FDS ? limit.rlim_cur - SPARE_FDS
							: SPARE_FDS;
	return (unsigned)wanted;
}

static bool open_socket(const struct options *o, int *fd, struct error *err)
{
	struct error none;

	if (listen_inherited(fd, &none))
		return true;
	if (none.code != ERR_NOT_FOUND)
		return error_set(err, none.code, "%s", none.msg);
	return listen_on(o->listen, fd, err);
}

/* SIGTERM and SIGINT end it, SIGHUP reads the store again; all are taken here
 * alone, synchronously. */
static void loop(struct watch *w, struct httpd *httpd, const sigset_t *signals)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};

	for (;;) {
		int got = sigtimedwait(signals, NULL, &pause);

		if (got == SIGTERM || got == SIGINT)
			return;
		if (got > 0 || errno == EAGAIN)
			watch_look(w, got == SIGHUP);
		httpd_reap(httpd);
	}
}

static bool serve_until_told(const struct options *o, struct cli *cli,
			     struct serve *serve, struct watch *w, struct error *err)
{
	struct httpd_options http = {
		.listen_fd = -1,
		.threads = (unsigned)o->threads,
		.connections = connections_for(o->connections),
		.per_address = (unsigned)o->per_address,
		.answer = serve_answer,
		.done = serve_done,
		.arg = serve,
	};
	char address[LISTEN_TEXT_SIZE];
	sigset_t signals;

	/* before the first thread, so that all have them blocked */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGPIPE);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	sigdelset(&signals, SIGPIPE);
	if (!open_socket(o, &http.listen_fd, err))
		return false;
	if (!listen_text(http.listen_fd, address, err) || !watch_start(w, err) ||
	    !httpd_start(&http, &serve->httpd, err)) {
		close(http.listen_fd);
		return false;
	}
	fprintf(cli->out, "listening on http://%s/\n", address);
	if (cli_flush(cli, err))
		loop(w, serve->httpd, &signals);
	serve_set_stopping(serve);
	log_event(serve->log, LOG_INFO, "stopping", NULL);
	httpd_stop(serve->httpd, STOP_MS);
	serve->httpd = NULL;
	return err->code == ERR_NONE;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_table,
		.parser = parse_option,
		.doc = "Serve what a store has published, over HTTP, until SIGTERM.\v"
		       "The first line on standard output is \"listening on URL\"; the "
		       "log goes to standard error. SIGHUP reads the store again.",
	};
	struct cli cli = {.program = "fips-manifestd", .out = stdout, .talk = stderr};
	struct options o = {
		.store = getenv("FIPS_MANIFEST_STORE"),
		.listen = "127.0.0.1:8080",
		.threads = 1,
		.connections = 10000,
		.per_address = 1000,
		.access = SERVE_ACCESS_ERRORS,
	};
	AUTO(buf_clear) struct buf policy = BUF_MAX(4096);
	struct log log = {.least = LOG_INFO, .fd = STDERR_FILENO};
	struct error err = EMPTY;
	struct serve serve;
	struct watch w;
	bool ok;

	cli_parse(&argp, argc, argv, 0, NULL, &o);
	log.format = o.log_format;
	if (!page_policy(&policy, &err) || !serve_init(&serve, &log, o.access, &err))
		return (int)cli_fail(&cli, &err);
	w = (struct watch){
		.path = o.store,
		.serve = &serve,
		.settings = {.policy = policy.data, .openapi = openapi_json},
	};
	ok = serve_until_told(&o, &cli, &serve, &w, &err);
	watch_clear(&w);
	serve_clear(&serve);
	return ok ? CLI_GOOD : (int)cli_fail(&cli, &err);
}
