/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: the command line of fips-tool.
 *
 * Rule: what comes back was checked as a whole; a usage error was printed and ended the
 * process with CLI_USAGE. No environment variable changes a check.
 */
#ifndef CLIENT_OPTIONS_H
#define CLIENT_OPTIONS_H

#include "core/base.h"

enum { OPTIONS_IMAGES_MAX = 1000, OPTIONS_REPORTS_MAX = 16 };

enum output_format { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_JUNIT, OUTPUT_PROMETHEUS };

struct options_report {
	enum output_format format;
	const char *file;
};

struct options {
	const char *file; /* the operand */
	const char *server, *el, *kubernetes;
	bool local; /* server is a folder or a tar: --tree, --bundle */
	const char *keyring, *root, *containerd_root;
	char *images[OPTIONS_IMAGES_MAX];
	size_t image_count;
	const char *trust, *state;
	bool as_of_last_seen;
	const char *site_key;
	int64_t max_site_age; /* seconds */
	size_t threshold;
	unsigned timeout; /* seconds */
	enum output_format format;
	struct options_report reports[OPTIONS_REPORTS_MAX];
	size_t report_count;
	bool quiet, nice, require_fips, self_check;
};

/* Does not return on --help, --version and usage errors. */
void options_parse(int argc, char **argv, struct options *out);

#endif
