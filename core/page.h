/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page: the published tree for people, one HTML file without external resources,
 * made from the tree alone (so that any carrier of the tree has it too).
 *
 * Rules: links are relative, so that the tree may lie under any URL, and lead to what
 * is in it; every value
 * is escaped; whatever the page shows is there without script (core/page.js adds
 * the filter, the copy buttons and the server's own URL); style and script stand
 * in the file and page_policy() allows exactly these two.
 */
#ifndef CORE_PAGE_H
#define CORE_PAGE_H

#include "core/index.h"
#include "core/site.h"

/* What a tree has beside the files of its index and, where that has tools,
 * tool/SHA256SUMS. */
struct page_beside {
	bool keys;        /* keys/release.asc */
	bool signed_sums; /* tool/SHA256SUMS.asc */
};

/* Append the page. */
bool page_write(const struct index *x, const struct page_beside *beside,
		struct buf *out, struct error *err) MUST_CHECK;

/* A TUF role's newest metadata. */
enum { PAGE_ROLES = 4 };
struct page_role {
	const char *name; /* static */
	int64_t version, expires;
};
/* What is known of a tree beside its index: for people alone, verified by nobody. */
struct page_about {
	struct page_beside beside;
	struct page_role roles[PAGE_ROLES]; /* those that the tree has */
	size_t role_count;
	bool is_site;
	struct site site; /* where a mirror's site says what it has */
};
/* The same as fips-manifestd serves it: with links to its views of manifests, with how
 * fresh the metadata is and what the site says. */
bool page_write_served(const struct index *x, const struct page_about *about,
		       struct buf *out, struct error *err) MUST_CHECK;

/* Append the Content-Security-Policy that every page made here needs. */
bool page_policy(struct buf *out, struct error *err) MUST_CHECK;

/* ---- for other pages in the same clothes ---- */

/* Everything up to the first heading; `root` is the relative URL of the tree's
 * root from this page, "./" or "../../"; `title` is escaped here. */
void page_head(struct buf *out, const char *root, const char *title);
void page_foot(struct buf *out);
/* Append text with & < > " ' as character references. */
void page_text(struct buf *out, const char *s);
/* Append a path of the tree as it stands in a URL. */
void page_url(struct buf *out, const char *path);
/* A block of commands with a button that copies it; write the commands (HTML)
 * between the two. */
void page_command_open(struct buf *out);
void page_command_close(struct buf *out);
/* A fingerprint, short, with the whole one as its title. */
void page_signer(struct buf *out, const char *fingerprint);
/* "2021-08-25" in a <time> element. */
void page_date(struct buf *out, int64_t t);
/* "2021-08-25 00:00 UTC" in a <time> element. */
void page_time(struct buf *out, int64_t t);

#endif
