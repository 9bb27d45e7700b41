/* SPDX-License-Identifier: Apache-2.0 */
/* fips-tool: hold a node against a signed manifest. */
#include "client/check.h"
#include "client/inspect.h"
#include "client/load.h"
#include "client/output.h"
#include "client/portable.h"
#include "client/self_check.h"
#include "client/watch.h"
#include "core/cli.h"
#include "core/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LATE_MS = 3000 }; /* for checks to notice that time is over */

/* ---- one run ---- */

struct run {
	const struct options *options;
	struct cli *cli;
	int64_t deadline;
	struct cli_progress *progress;
	struct node node;
	char tool_digest[DIGEST_HEX_SIZE];
	struct process_list processes;
	struct error processes_err;
	bool prepared, listed;
	struct load load;
	struct report report;
	struct owner owner;
	struct seen seen;
	bool *archived; /* struct check */
	enum cli_exit self_checked;
	bool reporting; /* the manifest is trusted: there is something to report */
	bool ok;        /* this and the next: of work() when it came back */
	struct error err;
};

static void show_progress(void *arg, const char *what, uint64_t bytes)
{
	cli_progress_add(arg, bytes, file_basename(what));
}

static uint64_t total_size(const struct manifest *m)
{
	uint64_t total = 0;

	for (size_t i = 0; i < m->component_count; i++)
		for (size_t k = 0; k < m->components[i].file_count; k++)
			if (m->components[i].files[k].kind == MANIFEST_ON_HOST)
				total += m->components[i].files[k].size;
	return total;
}

/* While gpgv works there is a core free, and something to do whatever the manifest
 * says. What it says is not looked at before it is verified. */
static void prepare(void *arg)
{
	struct run *run = arg;

	if (run->prepared)
		return;
	run->prepared = true;
	self_check_digest(run->tool_digest);
	run->listed = run->node.proc_fd < 0 ||
		      process_list(run->node.proc_fd, run->deadline, &run->processes,
				   &run->processes_err);
}

/* A tree that somebody unpacked without being root has nobody's owners. */
static bool owners_count(const struct node *node)
{
	struct stat st;

	return node->live || (!fstat(node->root_fd, &st) && st.st_uid == 0);
}

static bool check_all(struct run *run, struct error *err)
{
	AUTO(check_images_freep) struct check_images *images = NULL;
	struct check c = {
		.manifest = &run->load.source.manifest,
		.node = &run->node,
		.report = &run->report,
		.seen = &run->seen,
		.processes = &run->processes,
		.owner = owners_count(&run->node) ? &run->owner : NULL,
		.containerd_root = run->options->containerd_root,
		.deadline = run->deadline,
		.threads = run->options->nice ? 1 : 0,
		.progress = show_progress,
	};

	c.progress_arg = run->progress;
	run->archived = calloc(c.manifest->component_count + 1, sizeof(bool));
	c.archived = run->archived;
	if (!c.archived)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (!c.progress_arg)
		c.progress = NULL;
	owner_read(&run->node, &run->owner);
	check_system(&c);
	if (!check_file(&c, err) || !check_extra(&c, err) ||
	    !check_image_seek(&c, &images, err) || !check_process(&c, images, err) ||
	    !check_archive(&c, run->options->images, run->options->image_count, err) ||
	    !check_image(images, err))
		return false;
	check_service(&c);
	return true;
}

static bool work(struct run *run, struct error *err)
{
	const struct load_beside beside = {prepare, run};
	const struct options *o = run->options;

	if ((o->require_fips && !digest_require_fips(err)) ||
	    !node_open(o->root, &run->node, err) ||
	    !load_manifest(o, &run->node, &beside, run->deadline, &run->load, err))
		return false;
	prepare(run); /* what nobody had time for */
	if (!run->listed) {
		*err = run->processes_err;
		return false;
	}
	report_init(&run->report, &run->node, &run->load.source);
	run->report.threshold = o->threshold;
	memcpy(run->report.tool_digest, run->tool_digest, sizeof(run->tool_digest));
	if (o->site_key)
		run->report.site = &run->load.current.site;
	if (!o->file)
		current_report(run->load.current.client ? &run->load.current : NULL,
			       &run->report);
	run->progress = cli_progress_new(run->cli, "check",
					 total_size(&run->load.source.manifest));
	__atomic_store_n(&run->reporting, true, __ATOMIC_RELEASE);
	return check_all(run, err);
}

static void work_thread(void *arg)
{
	struct run *run = arg;

	run->ok = work(run, &run->err);
}

static void self_check_thread(void *arg)
{
	struct run *run = arg;

	run->self_checked = self_check(run->options, run->cli);
}

/* ---- the end ---- */

static enum cli_exit status_of(enum report_outcome o)
{
	switch (o) {
	case REPORT_PASSED:
	case REPORT_PASSED_IMAGE:
		return CLI_GOOD;
	case REPORT_FAILED:
		return CLI_FINDINGS;
	case REPORT_UNDECIDED:
		break;
	}
	return CLI_UNDECIDED;
}

static enum cli_exit conclude(struct run *run)
{
	struct error err = EMPTY;

	report_close(&run->report);
	if (!report_ok(&run->report, &err) ||
	    !output_all(&run->report, run->options, run->cli, &err))
		return cli_fail(run->cli, &err);
	return status_of(report_outcome(&run->report));
}

/* The checks did not come back: say what is known, leave the rest to the kernel. The
 * thread may still wake and go on with what is its own. */
static enum cli_exit conclude_late(struct run *run)
{
	static const struct report_entry late = {
		.kind = REPORT_SYSTEM,
		.verdict = REPORT_UNKNOWN,
		.subject = "all checks",
	};
	struct error err;

	if (__atomic_load_n(&run->reporting, __ATOMIC_ACQUIRE)) {
		cli_progress_end(run->progress);
		report_add(&run->report, &late,
			   "time was over (--timeout) and one of them did not end");
		return conclude(run);
	}
	error_set_(&err, ERR_SYSTEM, "time was over (--timeout) before the %s verified",
		   run->options->self_check ? "list of published tools was"
					    : "manifest was");
	return cli_fail(run->cli, &err);
}

/* For this thread and those that it starts: last in line for CPU and disk. */
static void be_nice(void)
{
	enum { OF_PROCESS = 1, IDLE = 3 << 13 }; /* linux/ioprio.h */

	/* what is not allowed here leaves the run as it is: slower for others */
	if (setpriority(PRIO_PROCESS, 0, 19) ||
	    syscall(SYS_ioprio_set, OF_PROCESS, 0, IDLE))
		return;
}

/* Each file that is to be digested is open from when it is found until then; an image
 * may have thousands. */
static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return; /* what cannot be opened is told */
}

int main(int argc, char **argv)
{
	/* as long as the process: what 50,000 checks hold is not freed one by one */
	static struct options options;
	static struct cli cli = {.program = "fips-tool"};
	static struct run run = {
		.options = &options, .cli = &cli, .node = NODE_NONE, .load = LOAD_NONE};
	bool finished = false;

	cli.out = stdout;
	cli.talk = stderr;
	file_take_standard();
	portable_init();
	if (argc > 1 && !strcmp(argv[1], "inspect"))
		return (int)inspect_main(argc - 1, argv + 1, &cli);
	options_parse(argc, argv, &options);
	cli.quiet = options.quiet;
	if (options.nice)
		be_nice();
	allow_files();
	run.deadline = digest_many_now() + (int64_t)options.timeout * 1000;
	if (!watch_run(options.self_check ? self_check_thread : work_thread, &run,
		       run.deadline + LATE_MS, &finished, &run.err))
		return (int)cli_fail(&cli, &run.err);
	if (!finished)
		_exit((int)conclude_late(&run));
	if (options.self_check)
		return (int)run.self_checked;
	cli_progress_end(run.progress);
	return (int)(run.ok ? conclude(&run) : cli_fail(&cli, &run.err));
}
