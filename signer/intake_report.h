/* SPDX-License-Identifier: Apache-2.0 */
/* intake_report: what a bundle changes in the store, for people and machines. */
#ifndef SIGNER_INTAKE_REPORT_H
#define SIGNER_INTAKE_REPORT_H

#include "core/cli.h"
#include "signer/bundle.h"

enum intake_change {
	INTAKE_NEW,
	INTAKE_REPLACED,
	INTAKE_WITHDRAWN, /* taken back by the authority, with a reason */
	INTAKE_GONE, /* not in the tree any more, or not in the part that is kept */
	INTAKE_KEY_NEW,
	INTAKE_KEY_GONE,
	INTAKE_TOOL_NEW,
	INTAKE_TOOL_GONE,
	INTAKE_ROOT,
};

struct intake_line {
	enum intake_change change;
	char subject[160];
	char *detail; /* "": none */
};

struct intake_report {
	struct intake_line *lines;
	size_t count, room;
};

/* From what the store has, before the bundle is stored. */
bool intake_report_make(struct bundle *b, struct intake_report *out,
			struct error *err) MUST_CHECK;
void intake_report_clear(struct intake_report *r);
bool intake_report_print(const struct cli *cli, const struct bundle *b,
			 const struct intake_report *r, bool dry_run,
			 struct error *err) MUST_CHECK;

#endif
