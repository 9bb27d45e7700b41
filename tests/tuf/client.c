/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tuf-client: the protocol by which the TUF project's tests drive a client
 * (theupdateframework/tuf-conformance, CLIENT-CLI.md), over core/tuf_*:
 *
 *     tuf-client --metadata-dir DIR init TRUSTED_ROOT
 *     tuf-client --metadata-dir DIR --metadata-url URL refresh
 *     tuf-client --metadata-dir DIR --metadata-url URL --target-name PATH...
 *                --target-base-url URL --target-dir DIR download
 *
 * Exit status 0 when all of it succeeded, else 1. A target is stored under its path,
 * percent-encoded into one file name.
 */
#include "core/file.h"
#include "core/remote.h"
#include "core/text.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>

enum { NAMES_MAX = 64 };

struct args {
	const char *metadata_dir, *metadata_url, *target_base_url, *target_dir;
	const char *names[NAMES_MAX];
	size_t name_count;
	const char *command, *root;
};

static bool parse(int argc, char **argv, struct args *a)
{
	static const struct option options[] = {
		{"metadata-dir", required_argument, NULL, 'm'},
		{"metadata-url", required_argument, NULL, 'u'},
		{"target-name", required_argument, NULL, 'n'},
		{"target-base-url", required_argument, NULL, 'b'},
		{"target-dir", required_argument, NULL, 'd'},
		{0},
	};

	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'm')
			a->metadata_dir = optarg;
		else if (c == 'u')
			a->metadata_url = optarg;
		else if (c == 'n' && a->name_count < NAMES_MAX)
			a->names[a->name_count++] = optarg;
		else if (c == 'b')
			a->target_base_url = optarg;
		else if (c == 'd')
			a->target_dir = optarg;
		else
			return false;
	}
	a->command = optind < argc ? argv[optind] : "";
	a->root = optind + 1 < argc ? argv[optind + 1] : NULL;
	return a->metadata_dir != NULL;
}

static bool init(const struct args *a, struct error *err)
{
	AUTO(buf_clear) struct buf root = BUF_MAX(TUF_ROOT_MAX);

	if (!a->root)
		return error_set(err, ERR_USAGE, "init needs TRUSTED_ROOT");
	return file_read(a->root, &root, err) &&
	       tuf_client_init(a->metadata_dir, root.data, root.len, err);
}

static bool save(struct tuf_client *c, const struct args *a, const char *name,
		 struct error *err)
{
	AUTO(buf_clear) struct buf path = BUF_MAX(PATH_MAX);
	const struct tuf_target *target;
	bool fetched;

	buf_printf(&path, "%s/", a->target_dir);
	text_percent(name, "", &path);
	return buf_ok(&path, err) && tuf_client_find(c, name, &target, err) &&
	       tuf_client_save(c, target, path.data, &fetched, err);
}

static bool update(const struct args *a, struct error *err)
{
	AUTO(http_freep) struct http *http = NULL;
	AUTO(tuf_client_freep) struct tuf_client *client = NULL;
	struct remote remote = {.metadata = a->metadata_url,
				.targets = a->target_base_url};
	struct tuf_options options = {.state_dir = a->metadata_dir,
				      .source = remote_source(&remote)};

	if (!a->metadata_url ||
	    (a->name_count && (!a->target_base_url || !a->target_dir)))
		return error_set(err, ERR_USAGE, "an option is missing");
	if (!http_new(&(struct http_options){.total_seconds = 60}, &remote.http, err))
		return false;
	http = remote.http;
	if (!tuf_client_new(&options, &client, err) || !tuf_client_refresh(client, err))
		return false;
	for (size_t i = 0; i < a->name_count; i++)
		if (!save(client, a, a->names[i], err))
			return false;
	return true;
}

static bool run(const struct args *a, struct error *err)
{
	if (!strcmp(a->command, "init"))
		return init(a, err);
	if (!strcmp(a->command, "refresh") && !a->name_count)
		return update(a, err);
	if (!strcmp(a->command, "download") && a->name_count)
		return update(a, err);
	return error_set(err, ERR_USAGE, "'%s' is no command", TEXT_SAFE(a->command));
}

int main(int argc, char **argv)
{
	struct args args = EMPTY;
	struct error err = EMPTY;

	if (!parse(argc, argv, &args)) {
		fprintf(stderr, "usage: tuf-client --metadata-dir DIR [OPTION]... "
				"init ROOT | refresh | download\n");
		return 1;
	}
	if (run(&args, &err))
		return 0;
	fprintf(stderr, "tuf-client: %s\n", err.msg);
	return 1;
}
