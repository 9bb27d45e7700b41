/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cli.h"

#include "core/text.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

const char *argp_program_version = FIPS_MANIFEST_VERSION;

enum cli_exit cli_exit_of(enum error_code code)
{
	switch (code) {
	case ERR_NONE:
		return CLI_GOOD;
	case ERR_MISMATCH:
		return CLI_FINDINGS;
	case ERR_UNTRUSTED:
		return CLI_UNTRUSTED;
	case ERR_USAGE:
		return CLI_USAGE;
	case ERR_SYSTEM:
	case ERR_FORMAT:
	case ERR_LIMIT:
	case ERR_NOT_FOUND:
	case ERR_CONFLICT:
	case ERR_INTERNAL:
		break;
	}
	return CLI_UNDECIDED;
}

enum cli_exit cli_fail(const struct cli *cli, const struct error *err)
{
	fflush(cli->out);
	fprintf(cli->talk, "%s: %s\n", cli->program, err->msg);
	return cli_exit_of(err->code);
}

void cli_say(const struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->quiet)
		return;
	va_start(ap, fmt);
	vfprintf(cli->talk, fmt, ap);
	va_end(ap);
	fputc('\n', cli->talk);
}

size_t cli_columns(FILE *out)
{
	enum { USUAL = 80 };
	int fd = fileno(out); /* -1: in memory */
	struct winsize size;

	if (!isatty(fd))
		return 0;
	return !ioctl(fd, TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : USUAL;
}

bool cli_flush(const struct cli *cli, struct error *err)
{
	if (fflush(cli->out))
		return error_sys(err, "cannot write the output");
	if (ferror(cli->out)) /* an earlier write, whose errno is gone */
		return error_set(err, ERR_SYSTEM, "cannot write the output");
	return true;
}

void cli_parse(const struct argp *argp, int argc, char **argv, unsigned flags,
	       int *arg_index, void *input)
{
	argp_err_exit_status = CLI_USAGE;
	if (argp_parse(argp, argc, argv, flags, arg_index, input))
		exit(CLI_USAGE);
}

/* ---- the progress line ---- */

struct cli_progress {
	FILE *to; /* NULL: nothing is drawn */
	const char *what;
	uint64_t total, done;
	struct timespec drawn;
	pthread_mutex_t lock;
};

struct cli_progress *cli_progress_new(const struct cli *cli, const char *what,
				      uint64_t total)
{
	struct cli_progress *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->what = what;
	p->total = total;
	if (!cli->quiet && isatty(fileno(cli->talk)))
		p->to = cli->talk;
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

static bool due(struct cli_progress *p)
{
	struct timespec now;
	int64_t ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (now.tv_sec - p->drawn.tv_sec) * 1000 +
	     (now.tv_nsec - p->drawn.tv_nsec) / 1000000;
	if (ms < 100)
		return false;
	p->drawn = now;
	return true;
}

void cli_progress_add(struct cli_progress *p, uint64_t done, const char *now)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->done += done;
	if (p->to && due(p)) {
		fprintf(p->to, "\r\033[K%s %3" PRIu64 "%% %.60s", p->what,
			p->done < p->total ? p->done * 100 / p->total : 100,
			TEXT_SAFE(now));
		fflush(p->to);
	}
	pthread_mutex_unlock(&p->lock);
}

void cli_progress_end(struct cli_progress *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	if (p->to)
		fputs("\r\033[K", p->to);
	p->to = NULL;
	pthread_mutex_unlock(&p->lock);
}

void cli_progress_free(struct cli_progress *p)
{
	if (!p)
		return;
	cli_progress_end(p);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void cli_progress_freep(struct cli_progress **p)
{
	cli_progress_free(*p);
	*p = NULL;
}
