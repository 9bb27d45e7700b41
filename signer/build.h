/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build: release definitions and a folder of artifacts become manifests.
 *
 * Rules:
 * - The same definitions and artifacts give the same bytes on any machine: nothing of
 *   the clock, the locale, the file system or the order of keys goes in.
 * - An artifact is read once however many components and definitions name it, and
 *   artifacts are read on all cores, the largest first.
 * - One refusal refuses everything; of several the one that is told is the first in the
 *   order of definitions and components.
 */
#ifndef SIGNER_BUILD_H
#define SIGNER_BUILD_H

#include "core/cli.h"
#include "core/manifest.h"
#include "core/release.h"

struct build_input {
	const struct release *releases;
	size_t count;
	const char *artifacts; /* the folder */
	int64_t created;       /* for definitions that have none; -1: not given */
};

/* Make in->count manifests, which are to be cleared: out[i] of releases[i]. Errors
 * begin with "FILE:LINE: COMPONENT: 'ARTIFACT':" where there is one. ERR_MISMATCH: a Go
 * program without the crypto module that is required; ERR_UNTRUSTED; ERR_NOT_FOUND;
 * ERR_USAGE: no time of creation. */
bool build_run(const struct build_input *in, const struct cli *cli,
	       struct manifest *out, struct error *err) MUST_CHECK;

#endif
