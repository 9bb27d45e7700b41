/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: a bounded GET through libcurl.
 *
 * Rules: http and https alone, at most 3 redirects and never from https to http;
 * a ceiling on the body that libcurl's own limit does not replace; a body shorter
 * than announced is an error; no compression is asked for; connect and low-speed
 * time limits; proxies only from the usual environment. One handle keeps its
 * connection between requests. This module alone includes <curl/curl.h>.
 */
#ifndef CORE_HTTP_H
#define CORE_HTTP_H

#include "core/buf.h"

struct http; /* one client: connection, limits */

struct http_options {
	const char *user_agent;
	long connect_seconds;   /* 0: 10 */
	long low_speed_seconds; /* 0: 30 s below 16 bytes a second */
	long total_seconds;     /* 0: no limit beyond the ones above */
	const char *ca_file;    /* or NULL: the system's */
	const char *netrc_file; /* or NULL: names and passwords, one a host */
};

bool http_new(const struct http_options *options, struct http **out,
	      struct error *err) MUST_CHECK;
void http_free(struct http *http);
void http_freep(struct http **http);

/* GET url; the body is appended to `out`, whose ceiling holds. A status other
 * than 200 is ERR_NOT_FOUND (403, 404, 410) or ERR_SYSTEM; too long is ERR_LIMIT;
 * transport faults are ERR_SYSTEM. */
bool http_get(struct http *http, const char *url, struct buf *out,
	      struct error *err) MUST_CHECK;
/* The same into a descriptor with a ceiling of `max` bytes. */
bool http_get_fd(struct http *http, const char *url, int fd, uint64_t max,
		 struct error *err) MUST_CHECK;

/* From now on caches on the way are asked to look whether what they keep is current. */
bool http_past_caches(struct http *http, struct error *err) MUST_CHECK;

/* Append BASE/PATH with one slash between them, however many `base` ends with; `path`
 * stays as it is. ERR_USAGE: `base` has a query or fragment; ERR_LIMIT: beyond the
 * ceiling of `out`. Both name `base` as http_name() does. */
bool http_join(const char *base, const char *path, struct buf *out,
	       struct error *err) MUST_CHECK;

/* Append a URL as people may see it and as it may be kept: without name and password;
 * only the protocol of one that has an '@' elsewhere, where a password may be cut in
 * two. What has no "://" is no URL and stays as it is. */
void http_name(const char *url, struct buf *out);
/* Put the URL so before what is wrong with it; false. */
bool http_blame(const char *url, struct error *err) MUST_CHECK;

/* Requests made through this client. */
unsigned http_requests(const struct http *http);

#endif
