/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output: the report to standard output and to files, each in a form of its own.
 *
 * Rule: a file appears whole or not at all (mode 0644, for who collects it), and a
 * failure of one is told when all have been tried.
 */
#ifndef CLIENT_OUTPUT_H
#define CLIENT_OUTPUT_H

#include "client/options.h"
#include "client/report.h"
#include "core/cli.h"

/* "text", "json", "junit", "prometheus". */
bool output_format(const char *name, size_t len, enum output_format *out) MUST_CHECK;

bool output_all(const struct report *r, const struct options *o, const struct cli *cli,
		struct error *err) MUST_CHECK;

#endif
