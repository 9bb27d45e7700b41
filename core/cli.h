/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli: what the three programs do alike on a command line.
 *
 * Rules: data on stdout, talk on stderr; the exit status derives from the error
 * code alone; an error is printed once, as "program: message"; a progress line
 * is drawn only on a terminal and only when not --quiet. This module alone
 * includes <argp.h>.
 */
#ifndef CORE_CLI_H
#define CORE_CLI_H

#include "core/error.h"

#include <argp.h>
#include <stdio.h>

enum cli_exit {
	CLI_GOOD = 0,
	CLI_FINDINGS = 1,  /* the node differs; content is not what it should be */
	CLI_UNTRUSTED = 2, /* signature, threshold, expiry, rollback */
	CLI_UNDECIDED = 3, /* I/O, network, damaged or missing input, no gpg */
	CLI_USAGE = 64,
};

enum cli_exit cli_exit_of(enum error_code code);

/* Where a program writes; handed to every command, so that tests capture it. */
struct cli {
	const char *program;
	FILE *out;
	FILE *talk;
	bool json;
	bool quiet;
};

/* Print "program: message" to the talk stream and yield the exit status. */
enum cli_exit cli_fail(const struct cli *cli, const struct error *err);

/* A line of talk, unless quiet. */
void cli_say(const struct cli *cli, const char *fmt, ...) PRINTF(2, 3);

/* How wide the terminal is that `out` goes to; 0: it goes to none. */
size_t cli_columns(FILE *out);

/* Flush stdout: a full disk or a closed pipe is an error, never a quiet loss. */
bool cli_flush(const struct cli *cli, struct error *err) MUST_CHECK;

/* argp_parse() with our exit status (64), --version from FIPS_MANIFEST_VERSION
 * alone; does not return on --help, --version and usage errors. */
void cli_parse(const struct argp *argp, int argc, char **argv, unsigned flags,
	       int *arg_index, void *input);

/* A progress line: "build  41% kubelet". Draws at most ten times a second;
 * safe from several threads. */
struct cli_progress;
struct cli_progress *cli_progress_new(const struct cli *cli, const char *what,
				      uint64_t total);
void cli_progress_add(struct cli_progress *p, uint64_t done, const char *now);
/* Take the line away; nothing draws it again. */
void cli_progress_end(struct cli_progress *p);
void cli_progress_free(struct cli_progress *p); /* ends it, too */
void cli_progress_freep(struct cli_progress **p);

#endif
