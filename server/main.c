/* SPDX-License-Identifier: Apache-2.0 */
/* fips-manifestd: serve what a store has published, over HTTP. */
#include "core/cli.h"
#include "core/file.h"
#include "core/page.h"
#include "core/text.h"
#include "openapi.inc" /* openapi_json: schema/openapi.json */
#include "server/listen.h"
#include "server/options.h"
#include "server/tls.h"
#include "server/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LOOK_MS = 10,       /* between two looks at the store: 15 us each */
	REAP_LOOKS = 10,    /* looks between two at the connections' deadlines */
	STOP_MS = 9 * 1000, /* for requests under way at the end */
	SPARE_FDS = 64,     /* descriptors beside connections */
	PEM_MAX = 1024 * 1024,
};

/* A running server: what main() and the loop share. */
struct server {
	struct options options;
	struct cli cli;
	struct log log;
	struct serve serve;
	struct watch watch;
	struct buf cert, key;
	struct digest served; /* of the certificate that new connections get */
};

/* ---- before it serves ---- */

/* Standard error; where it is a pipe, opened once more so that a reader who stopped
 * reading loses lines and stops nobody. The pipe's other users see no change. */
static int open_log(void)
{
	struct stat st;
	int fd = -1;

	if (!fstat(STDERR_FILENO, &st) && S_ISFIFO(st.st_mode))
		fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? STDERR_FILENO : fd;
}

/* As many descriptors as the system allows; how many connections fit? */
static unsigned connections_for(uint64_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return SPARE_FDS;
	if (limit.rlim_cur < limit.rlim_max) {
		const struct rlimit all = {limit.rlim_max, limit.rlim_max};

		if (!setrlimit(RLIMIT_NOFILE, &all))
			limit = all;
	}
	if (limit.rlim_cur < wanted + SPARE_FDS)
		wanted = limit.rlim_cur > 2 * SPARE_FDS ? limit.rlim_cur - SPARE_FDS
							: SPARE_FDS;
	return (unsigned)wanted;
}

/* How many bodies may be in files, beside so many connections? */
static size_t files_for(unsigned connections)
{
	struct rlimit limit;
	size_t fit;

	if (getrlimit(RLIMIT_NOFILE, &limit) ||
	    limit.rlim_cur < connections + SPARE_FDS)
		return 0;
	fit = (limit.rlim_cur - connections - SPARE_FDS) / SNAPSHOT_FILE_FDS;
	return fit < SNAPSHOT_FILES_MAX ? fit : SNAPSHOT_FILES_MAX;
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

static bool read_tls(struct server *s, struct error *err)
{
	if (!s->options.tls_cert)
		return true;
	buf_reset(&s->cert);
	buf_reset(&s->key);
	return file_read(s->options.tls_cert, &s->cert, err) &&
	       file_read(s->options.tls_key, &s->key, err) &&
	       (tls_check_pair(&s->cert, &s->key, err) ||
		error_prefix(err, "'%s', '%s'", TEXT_SAFE(s->options.tls_cert),
			     TEXT_SAFE(s->options.tls_key)));
}

/* Confine the process to the folders that a reload needs. */
static bool confine(struct server *s, struct error *err)
{
	const char *const files[] = {s->options.store, s->options.tls_cert,
				     s->options.tls_key};
	char *real[ARRAY_LEN(files)] = EMPTY;
	const char *folders[ARRAY_LEN(files)];
	struct sandbox_options o = {.mode = s->options.sandbox, .folders = folders};
	struct sandbox_state state;
	bool ok;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		real[i] = files[i] ? realpath(files[i], NULL) : NULL;
		if (real[i])
			folders[o.folder_count++] = dirname(real[i]);
	}
	ok = sandbox_enter(&o, &state, err);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		free(real[i]);
	if (ok)
		log_event(&s->log, LOG_INFO, "sandbox",
			  (const struct log_field[]){{"user", s->options.user
								      ? s->options.user
								      : "unchanged"},
						     {"landlock", state.landlock},
						     {"seccomp", state.seccomp},
						     {0}});
	return ok;
}

/* ---- while it serves ---- */

/* The same certificate again is none that is new: read_tls() saw that the key fits it.
 */
static bool renew_tls(struct server *s, bool *renewed, struct error *err)
{
	struct digest d;

	*renewed = false;
	if (!read_tls(s, err) || !digest_of_bytes(s->cert.data, s->cert.len, &d, err))
		return false;
	if (digest_equal(&d, &s->served))
		return true;
	if (!httpd_reload_tls(s->serve.httpd, s->cert.data, s->key.data, err))
		return false;
	s->served = d;
	*renewed = true;
	return true;
}

static void reload_tls(struct server *s)
{
	struct error err = EMPTY;
	bool renewed;

	if (!s->options.tls_cert)
		return;
	if (!renew_tls(s, &renewed, &err))
		log_event(&s->log, LOG_ERROR, "TLS files cannot be used",
			  (const struct log_field[]){{"reason", err.msg}, {0}});
	else if (renewed)
		log_event(&s->log, LOG_INFO, "new TLS certificate", NULL);
	buf_cleanse(&s->key);
}

/* SIGTERM and SIGINT end it, SIGHUP reads everything again; all are taken here
 * alone, synchronously. */
static void loop(struct server *s, const sigset_t *signals)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};

	for (unsigned looks = 1;; looks++) {
		int got = sigtimedwait(signals, NULL, &pause);

		if (got == SIGTERM || got == SIGINT)
			return;
		if (got == SIGHUP)
			reload_tls(s);
		watch_look(&s->watch, got == SIGHUP);
		if (looks % REAP_LOOKS == 0)
			httpd_reap(s->serve.httpd);
	}
}

static bool start(struct server *s, int listen_fd, struct error *err)
{
	const unsigned connections = connections_for(s->options.connections);
	struct httpd_options http = {
		.listen_fd = listen_fd,
		.threads = (unsigned)s->options.threads,
		.connections = connections,
		.per_address = (unsigned)s->options.per_address,
		.timeout_ms = (unsigned)s->options.timeout * 1000,
		.min_rate = (unsigned)s->options.min_rate,
		.answer = serve_answer,
		.done = serve_done,
		.arg = &s->serve,
	};
	char address[LISTEN_TEXT_SIZE];

	/* with TLS nothing can be sent from a file */
	if (!s->options.tls_cert)
		s->watch.settings.files = files_for(connections);
	if (!listen_text(listen_fd, address, err) || !read_tls(s, err) ||
	    !sandbox_become(s->options.user, err) || !watch_start(&s->watch, err) ||
	    !confine(s, err))
		return false;
	http.tls_cert = s->cert.data;
	http.tls_key = s->key.data;
	if (http.tls_cert &&
	    !digest_of_bytes(s->cert.data, s->cert.len, &s->served, err))
		return false;
	if (!httpd_start(&http, &s->serve.httpd, err))
		return false;
	buf_cleanse(&s->key);
	fprintf(s->cli.out, "listening on http%s://%s/\n", http.tls_cert ? "s" : "",
		address);
	return true;
}

static void stop(struct server *s)
{
	char cut[24];

	serve_set_stopping(&s->serve);
	log_event(&s->log, LOG_INFO, "stopping", NULL);
	snprintf(cut, sizeof(cut), "%u", httpd_stop(s->serve.httpd, STOP_MS));
	s->serve.httpd = NULL;
	log_event(&s->log, LOG_INFO, "stopped",
		  (const struct log_field[]){{"cut", cut}, {0}});
}

static bool run(struct server *s, struct error *err)
{
	sigset_t signals;
	int fd;

	/* before the first thread, so that all have them blocked */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGPIPE);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	sigdelset(&signals, SIGPIPE);
	if (!open_socket(&s->options, &fd, err))
		return false;
	if (!start(s, fd, err)) {
		close(fd);
		return false;
	}
	if (cli_flush(&s->cli, err))
		loop(s, &signals);
	stop(s);
	return err->code == ERR_NONE;
}

int main(int argc, char **argv)
{
	AUTO(buf_clear) struct buf policy = BUF_MAX(4096);
	struct server s = {
		.cli = {.program = "fips-manifestd", .out = stdout, .talk = stderr},
		.log = {.least = LOG_INFO,
			.fd = open_log(),
			.lost = &s.serve.metrics.log_lost},
		.cert = BUF_MAX(PEM_MAX),
		.key = BUF_MAX(PEM_MAX),
	};
	struct error err = EMPTY;
	bool ok;

	file_take_standard();
	options_parse(argc, argv, &s.options);
	s.log.format = s.options.log_format;
	if (!page_policy(&policy, &err) ||
	    !serve_init(&s.serve, &s.log, s.options.access, policy.data, &err))
		return (int)cli_fail(&s.cli, &err);
	s.watch = (struct watch){
		.path = s.options.store,
		.serve = &s.serve,
		.settings = {.policy = policy.data, .openapi = openapi_json},
	};
	ok = run(&s, &err);
	watch_clear(&s.watch);
	serve_clear(&s.serve);
	buf_clear(&s.cert);
	buf_cleanse(&s.key);
	return ok ? CLI_GOOD : (int)cli_fail(&s.cli, &err);
}
