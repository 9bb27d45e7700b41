/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check: what every check of a node is given.
 *
 * Rules: a check reports what it found and never decides the outcome; it reports
 * REPORT_UNKNOWN for what it could not look at, also when time was over. False
 * only when it could not run at all.
 */
#ifndef CLIENT_CHECK_H
#define CLIENT_CHECK_H

#include "client/owner.h"
#include "client/process.h"
#include "client/programs.h"
#include "client/report.h"
#include "client/seen.h"

/* Bytes by which a file may be larger than what is listed and is read all the same;
 * beyond that its size says enough, and a container may have made it of holes. */
enum { CHECK_SIZE_SLACK = 1 << 30 };

struct check {
	const struct manifest *manifest;
	const struct node *node;
	struct report *report;
	struct seen *seen;                    /* what was read so far */
	const struct process_list *processes; /* of a live node */
	const struct owner
		*owner; /* the node's users; NULL: owners mean nothing here */
	const char *containerd_root; /* beneath the node's root */
	bool *archived;              /* by component: an archive holds it as listed */
	int64_t deadline;            /* milliseconds of digest_many_now() */
	unsigned threads;            /* 0: what is best */
	/* Called after a file of `bytes` bytes was read; may be NULL. */
	void (*progress)(void *arg, const char *what, uint64_t bytes);
	void *progress_arg;
};

struct check_images; /* that were found */

enum { CHECK_ACTUAL_SIZE = DIGEST_HEX_SIZE + 8 };

/* Kernel FIPS mode, EL version, architecture. */
void check_system(const struct check *c);
/* Every host file of the manifest: content, mode, owner, capabilities. */
bool check_file(const struct check *c, struct error *err) MUST_CHECK;
/* Programs that are named like a component's and lie elsewhere in the usual places;
 * after check_file(). */
bool check_extra(const struct check *c, struct error *err) MUST_CHECK;
/* Processes that are named like a component's program; after check_file(). What the
 * images are going to be asked for is digested together with what they are. */
bool check_process(const struct check *c, const struct check_images *images,
		   struct error *err) MUST_CHECK;
/* Image archives and layouts that are going to be shipped, named on the command line:
 * what the manifest lists of each must be in it. Fills c->archived. */
bool check_archive(const struct check *c, char *const *archives, size_t count,
		   struct error *err) MUST_CHECK;
/* The files that the manifest lists in container images, as containerd keeps them:
 * sought, and told after check_archive(). */
bool check_image_seek(const struct check *c, struct check_images **out,
		      struct error *err) MUST_CHECK;
const struct digest_many_item *check_image_items(const struct check_images *x,
						 size_t *count);
bool check_image(struct check_images *x, struct error *err) MUST_CHECK;
void check_images_freep(struct check_images **images);
/* What the manifest's TLS endpoints accept. */
void check_service(const struct check *c);

/* Digest the items that c->seen does not know, remember all of them. Items have
 * their descriptors open, or paths beneath the node's root. */
bool check_digests(const struct check *c, struct digest_many_item *items, size_t count,
		   struct error *err) MUST_CHECK;
/* The same, and of items that are going to be digested next those that this can do on
 * the way: one core does not wait while another is with the last large file. */
bool check_digests_ahead(const struct check *c, struct digest_many_item *items,
			 size_t count, const struct digest_many_item *next,
			 size_t next_count, struct error *err) MUST_CHECK;
/* Is it the file by which an image, or a layer of it, is known to be of the component?
 */
bool check_identifies(const struct manifest_component *c,
		      const struct manifest_file *f) MUST_CHECK;
/* Why an item has no digest, in words. */
const char *check_why_not(const struct digest_many_item *it);
/* What was found: "sha256:...", of one that is too large "4398046511104 bytes". */
void check_actual(const struct digest_many_item *it, char out[CHECK_ACTUAL_SIZE]);

#endif
