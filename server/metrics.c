/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics.h"

#include <inttypes.h>

/* Those that are sent; the last stands for any other. */
static const unsigned statuses[] = {200, 206, 304, 400, 404, 405, 406, 412,
				    413, 414, 416, 431, 500, 503, 505, 0};

static const struct {
	uint64_t ns;
	const char *text;
} bounds[METRICS_BUCKETS] = {
	{100000u, "0.0001"},  {250000u, "0.00025"}, {500000u, "0.0005"},
	{1000000u, "0.001"},  {5000000u, "0.005"},  {25000000u, "0.025"},
	{100000000u, "0.1"},  {1000000000u, "1"},   {10000000000u, "10"},
	{60000000000u, "60"},
};

_Static_assert(ARRAY_LEN(statuses) <= METRICS_STATUSES, "a counter each");

static void count(atomic_uint_fast64_t *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static uint64_t read_count(atomic_uint_fast64_t *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

void metrics_request(struct metrics *m, unsigned status, uint64_t bytes, uint64_t ns,
		     bool complete)
{
	size_t s = 0, b = 0;

	while (statuses[s] && statuses[s] != status)
		s++;
	while (b < METRICS_BUCKETS && ns > bounds[b].ns)
		b++;
	count(&m->requests[s], 1);
	count(&m->buckets[b], 1);
	count(&m->nanoseconds, ns);
	if (complete)
		count(&m->bytes, bytes);
	else
		count(&m->incomplete, 1);
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out,
		   "# HELP fips_manifestd_%s %s\n# TYPE fips_manifestd_%s "
		   "%s\n",
		   name, help, name, type);
}

static void one(struct buf *out, const char *name, const char *type, const char *help,
		uint64_t value)
{
	head(out, name, type, help);
	buf_printf(out, "fips_manifestd_%s %" PRIu64 "\n", name, value);
}

static void requests(struct metrics *m, struct buf *out)
{
	head(out, "requests_total", "counter", "Requests by the status of the answer.");
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		if (statuses[i])
			buf_printf(out, "fips_manifestd_requests_total{code=\"%u\"} ",
				   statuses[i]);
		else
			buf_puts(out, "fips_manifestd_requests_total{code=\"other\"} ");
		buf_printf(out, "%" PRIu64 "\n", read_count(&m->requests[i]));
	}
}

static void durations(struct metrics *m, struct buf *out)
{
	uint64_t sum = 0, ns = read_count(&m->nanoseconds);

	head(out, "request_duration_seconds", "histogram",
	     "From complete request headers to the last byte handed to the system.");
	for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
		sum += read_count(&m->buckets[i]);
		buf_printf(out,
			   "fips_manifestd_request_duration_seconds_bucket{le=\"%s\"} "
			   "%" PRIu64 "\n",
			   i < METRICS_BUCKETS ? bounds[i].text : "+Inf", sum);
	}
	buf_printf(out,
		   "fips_manifestd_request_duration_seconds_sum %" PRIu64 ".%09" PRIu64
		   "\nfips_manifestd_request_duration_seconds_count %" PRIu64 "\n",
		   ns / 1000000000u, ns % 1000000000u, sum);
}

static void expiries(const struct page_about *a, struct buf *out)
{
	if (!a->role_count)
		return;
	head(out, "metadata_expires_timestamp_seconds", "gauge",
	     "When the newest TUF metadata of a role expires.");
	for (size_t i = 0; i < a->role_count; i++)
		buf_printf(out,
			   "fips_manifestd_metadata_expires_timestamp_seconds{role="
			   "\"%s\"} %" PRId64 "\n",
			   a->roles[i].name, a->roles[i].expires);
}

static void site(const struct page_about *a, struct buf *out)
{
	if (!a->is_site)
		return;
	one(out, "site_arrived_timestamp_seconds", "gauge",
	    "When the tree came to this site, as its statement says.",
	    (uint64_t)a->site.arrived);
	one(out, "site_checked_timestamp_seconds", "gauge",
	    "When this site looked for a newer tree, as its statement says.",
	    (uint64_t)a->site.checked);
}

bool metrics_write(struct metrics *m, const struct metrics_now *now, struct buf *out,
		   struct error *err)
{
	int64_t age = now->now > now->loaded ? now->now - now->loaded : 0;

	head(out, "info", "gauge", "The program's version.");
	buf_puts(out, "fips_manifestd_info{version=\"" FIPS_MANIFEST_VERSION "\"} 1\n");
	requests(m, out);
	durations(m, out);
	one(out, "response_bytes_total", "counter", "Bytes of bodies sent whole.",
	    read_count(&m->bytes));
	one(out, "incomplete_total", "counter", "Answers that were not sent whole.",
	    read_count(&m->incomplete));
	one(out, "connections", "gauge", "Open connections.", now->connections);
	one(out, "refused_connections_total", "counter",
	    "Connections over the limit of their address.", now->refused);
	one(out, "log_lines_lost_total", "counter",
	    "Lines of the log that could not be written.", read_count(&m->log_lost));
	one(out, "snapshot_loads_total", "counter", "Snapshots made of the store.",
	    read_count(&m->loads));
	one(out, "snapshot_load_failures_total", "counter",
	    "Times that the store could not be read.", read_count(&m->load_failures));
	one(out, "store_ok", "gauge",
	    "1 while the store can be read; 0: the last good snapshot is served.",
	    now->store_ok);
	one(out, "manifests", "gauge", "Published manifests.", now->manifests);
	one(out, "tools", "gauge", "Published tools.", now->tools);
	one(out, "body_bytes", "gauge", "Bytes of all published bodies.",
	    now->body_bytes);
	expiries(&now->about, out);
	site(&now->about, out);
	if (now->loaded)
		one(out, "snapshot_age_seconds", "gauge",
		    "Age of the snapshot that is served.", (uint64_t)age);
	return buf_ok(out, err);
}
