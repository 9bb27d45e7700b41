/* SPDX-License-Identifier: Apache-2.0 */
/* options: the command line of fips-manifestd as a value. */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "core/log.h"
#include "server/sandbox.h"
#include "server/serve.h"

struct options {
	const char *store, *listen, *user;
	const char *tls_cert, *tls_key; /* both or neither */
	uint64_t threads, connections, per_address, timeout, min_rate;
	enum log_format log_format;
	enum serve_access access;
	enum sandbox_mode sandbox;
};

/* Does not return on --help, --version and usage errors. */
void options_parse(int argc, char **argv, struct options *out);

#endif
