/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An RPM: lead, signature header, header, and a compressed cpio archive.
 *
 * 1. The header is read and believed (rpm_header.h), then the file is read once from
 *    its start; the bytes of the header that flow by must be those that were believed.
 * 2. The payload's compressed bytes are digested for the header's word on them, then
 *    unpacked as they come.
 * 3. Every entry must be a file of the header, each once; the content of a file that is
 *    asked for must have the digest that the header has.
 *
 * Of a set of hard links the last entry holds the content and the others are empty. A
 * payload with a file over 4 GiB is "stripped": instead of a cpio header each entry has
 * "07070X", the file's index in the header as 8 hex digits and two bytes of padding,
 * then the content, padded to 4 bytes; sizes are in the header.
 */
#include "core/text.h"
#include "signer/artifact.h"
#include "signer/rpm_header.h"
#include "signer/unxz.h"

#include <inttypes.h>
#include <stdlib.h>

struct rpm {
	const struct artifact_job *job;
	struct artifact_source *source;
	struct rpm_header header;
	size_t *order; /* indices of the header's files, sorted by path */
	size_t *last;  /* by index of the first of a set of hard links: of the last */
	bool *seen;    /* the payload has had an entry of that index */
	bool *wanted;  /* by index of the first of a set of hard links */
	uint64_t watched; /* bytes of the file that its reader saw */
	uint64_t at;      /* bytes of it that flowed by here */
	struct artifact_hasher hasher;
	/* of a stripped payload: */
	const char *data; /* unpacked bytes that are not used yet */
	size_t len;
	uint64_t left; /* of the current entry's content */
};

static void rpm_clear(struct rpm *r)
{
	artifact_source_free(r->source);
	rpm_header_clear(&r->header);
	artifact_hasher_clear(&r->hasher);
	free(r->order);
	free(r->last);
	free(r->seen);
	free(r->wanted);
}

/* ---- the compressed payload ---- */

/* Are the bytes before the payload those that were believed? */
static bool same_header(const struct rpm *r, const char *data, size_t len)
{
	const struct rpm_header *h = &r->header;
	uint64_t start = h->payload_at - h->bytes_len, from = start,
		 end = r->watched + len;

	if (end > h->payload_at)
		end = h->payload_at;
	if (from < r->watched)
		from = r->watched;
	return from >= end || !memcmp(data + (from - r->watched),
				      h->bytes + (from - start), (size_t)(end - from));
}

/* Of a chunk at offset `at` of the file: bytes that stand before the payload. */
static size_t before_payload(const struct rpm *r, uint64_t at, size_t len)
{
	uint64_t payload = r->header.payload_at;

	if (at >= payload)
		return 0;
	return payload - at < len ? (size_t)(payload - at) : len;
}

/* In the reader's thread. */
static bool watch(void *arg, const void *data, size_t len, struct error *err)
{
	struct rpm *r = arg;
	size_t skip = before_payload(r, r->watched, len);

	if (!same_header(r, data, len))
		return error_set(err, ERR_SYSTEM, "changed while it was read");
	r->watched += len;
	return rpm_header_payload(&r->header, (const char *)data + skip, len - skip,
				  err);
}

/* The next bytes of the payload. */
static bool payload_next(void *arg, const void **data, size_t *len, struct error *err)
{
	struct rpm *r = arg;
	const void *chunk;
	size_t n, skip;

	do {
		if (!artifact_source_next(r->source, &chunk, &n, err))
			return false;
		skip = before_payload(r, r->at, n);
		r->at += n;
	} while (n && skip == n);
	*data = (const char *)chunk + skip;
	*len = n - skip;
	return true;
}

/* ---- files ---- */

/* An index and what it is sorted by. */
struct by_path {
	const char *path;
	size_t at;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct by_path *)a)->path,
		      ((const struct by_path *)b)->path);
}

static bool sort_files(struct rpm *r, struct error *err)
{
	size_t count = r->header.count;
	struct by_path *sorted = calloc(count + 1, sizeof(*sorted));

	r->order = calloc(count + 1, sizeof(*r->order));
	r->last = calloc(count + 1, sizeof(*r->last));
	r->seen = calloc(count + 1, sizeof(*r->seen));
	r->wanted = calloc(count + 1, sizeof(*r->wanted));
	if (!sorted || !r->order || !r->last || !r->seen || !r->wanted) {
		free(sorted);
		return error_set(err, ERR_SYSTEM, "no memory");
	}
	for (size_t i = 0; i < count; i++) {
		sorted[i] = (struct by_path){r->header.files[i].entry.file.path, i};
		r->last[r->header.files[i].set] = i;
	}
	qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t i = 0; i < count; i++)
		r->order[i] = sorted[i].at;
	free(sorted);
	return true;
}

/* The index of the file of that path; the count when there is none. */
static size_t find(const struct rpm *r, const char *path)
{
	size_t from = 0, end = r->header.count;

	while (from < end) {
		size_t mid = from + (end - from) / 2;
		int cmp = strcmp(path, r->header.files[r->order[mid]].entry.file.path);

		if (cmp == 0)
			return r->order[mid];
		if (cmp < 0)
			end = mid;
		else
			from = mid + 1;
	}
	return r->header.count;
}

static void mark_wanted(struct rpm *r)
{
	for (size_t i = 0; i < r->header.count; i++) {
		const struct rpm_header_file *f = &r->header.files[i];

		if (f->digested && artifact_wanted(r->job, &f->entry))
			r->wanted[f->set] = true;
	}
}

/* The content of file i, whose entry in the payload has `size` bytes. */
static bool take(struct rpm *r, size_t i, struct unpack_from content, uint64_t size,
		 struct error *err)
{
	struct rpm_header_file *f = &r->header.files[i];
	char hex[2][DIGEST_HEX_SIZE];

	if (r->seen[i])
		return error_set(err, ERR_FORMAT, "its payload holds '%s' twice",
				 TEXT_SAFE(f->entry.file.path));
	r->seen[i] = true;
	if (!f->digested || !r->wanted[f->set])
		return true;
	if (size == 0 && f->entry.file.size > 0)
		return true; /* its content comes with another name */
	if (size != f->entry.file.size)
		return error_set(err, ERR_UNTRUSTED,
				 "'%s' has %" PRIu64
				 " bytes in the payload and %" PRIu64 " by the header",
				 TEXT_SAFE(f->entry.file.path), size,
				 f->entry.file.size);
	if (!artifact_hash(&r->hasher, content, size, &f->entry, err))
		return false;
	if (digest_equal(&f->entry.file.sha256, &f->sha256))
		return true;
	return error_set(err, ERR_UNTRUSTED,
			 "'%s' has the digest %s in the payload and %s by the header",
			 TEXT_SAFE(f->entry.file.path),
			 digest_text(&f->entry.file.sha256, hex[0]),
			 digest_text(&f->sha256, hex[1]));
}

/* ---- the unpacked payload ---- */

static bool read_cpio(struct rpm *r, struct unpack_from from, struct error *err)
{
	AUTO(unpack_freep) struct unpack *u = NULL;
	struct unpack_entry in;
	bool more;

	if (!unpack_open(from, UNPACK_CPIO, &u, err))
		return false;
	for (;;) {
		AUTO(text_freep) char *path = NULL;
		size_t i;

		if (!unpack_next(u, &in, &more, err))
			return false;
		if (!more)
			return true;
		/* the rare package built without the "./" */
		if (!unpack_path("/", in.name + (in.name[0] == '/'), &path, err))
			return false;
		i = find(r, path);
		if (i == r->header.count)
			return error_set(
				err, ERR_FORMAT,
				"its payload holds '%s', which its header does "
				"not list",
				TEXT_SAFE(path));
		if (!take(r, i, unpack_content(u), in.size, err))
			return false;
	}
}

/* Bytes of the stripped payload: at most `max`, and at least one. */
static bool stripped_bytes(struct rpm *r, struct unpack_from from, uint64_t max,
			   const char **data, size_t *len, struct error *err)
{
	const void *next;

	if (!r->len) {
		if (!from.next(from.arg, &next, &r->len, err))
			return false;
		if (!r->len)
			return error_set(err, ERR_FORMAT, "its payload is cut off");
		r->data = next;
	}
	*data = r->data;
	*len = r->len < max ? r->len : (size_t)max;
	r->data += *len;
	r->len -= *len;
	return true;
}

static bool stripped_fill(struct rpm *r, struct unpack_from from, char *to, size_t len,
			  struct error *err)
{
	while (len) {
		const char *data;
		size_t n;

		if (!stripped_bytes(r, from, len, &data, &n, err))
			return false;
		memcpy(to, data, n);
		to += n;
		len -= n;
	}
	return true;
}

struct stripped {
	struct rpm *rpm;
	struct unpack_from from;
};

/* What is left of the current entry's content. */
static bool stripped_next(void *arg, const void **data, size_t *len, struct error *err)
{
	struct stripped *s = arg;
	const char *bytes;

	*len = 0;
	if (!s->rpm->left)
		return true;
	if (!stripped_bytes(s->rpm, s->from, s->rpm->left, &bytes, len, err))
		return false;
	s->rpm->left -= *len;
	*data = bytes;
	return true;
}

/* The index of the next entry; the count at the trailer, a whole cpio header. */
static bool stripped_header(struct rpm *r, struct unpack_from from, size_t *out,
			    struct error *err)
{
	char head[16], text[9] = EMPTY;
	unsigned char index[4];

	if (!stripped_fill(r, from, head, sizeof(head), err))
		return false;
	*out = r->header.count;
	if (!memcmp(head, "070701", 6) || !memcmp(head, "070702", 6))
		return true;
	memcpy(text, head + 6, 8);
	if (memcmp(head, "07070X", 6) != 0 || !text_unhex(text, index, sizeof(index)))
		return error_set(err, ERR_FORMAT, "its payload is damaged");
	*out = (size_t)index[0] << 24 | (size_t)index[1] << 16 | (size_t)index[2] << 8 |
	       index[3];
	if (*out >= r->header.count)
		return error_set(err, ERR_FORMAT, "its payload holds file %zu of %zu",
				 *out, r->header.count);
	return true;
}

/* Does the payload's entry of file i carry content: is it the last of its set of hard
 * links? */
static bool carries(const struct rpm *r, size_t i)
{
	const struct rpm_header_file *f = &r->header.files[i];

	return f->entry.type == UNPACK_LINK ||
	       (f->entry.type == UNPACK_REGULAR && r->last[f->set] == i);
}

static bool read_stripped(struct rpm *r, struct unpack_from from, struct error *err)
{
	struct stripped s = {r, from};
	char padding[4];

	for (;;) {
		uint64_t size;
		size_t i;

		if (!stripped_header(r, from, &i, err))
			return false;
		if (i == r->header.count)
			return true;
		size = carries(r, i) ? r->header.files[i].entry.file.size : 0;
		r->left = size;
		if (!take(r, i, (struct unpack_from){stripped_next, &s}, size, err) ||
		    !unpack_drain((struct unpack_from){stripped_next, &s}, err) ||
		    !stripped_fill(r, from, padding, -size & 3, err))
			return false;
	}
}

static bool read_unpacked(struct rpm *r, struct unpack_from from, struct error *err)
{
	return (r->header.stripped ? read_stripped(r, from, err)
				   : read_cpio(r, from, err)) &&
	       unpack_drain(from, err);
}

/* By a thread of its own: liblzma alone keeps a core busy for a long time. */
static bool read_xz(struct rpm *r, struct unpack_from packed, struct error *err)
{
	AUTO(unxz_freep) struct unxz *xz = NULL;
	AUTO(ahead_freep) struct ahead *a = NULL; /* ends before what it uses */

	return unxz_open(packed, &xz, err) && ahead_new(unxz_fill, xz, &a, err) &&
	       read_unpacked(r, (struct unpack_from){ahead_next, a}, err);
}

static bool read_payload(struct rpm *r, struct error *err)
{
	AUTO(unpack_freep) struct unpack *stream = NULL;
	struct unpack_from packed = {payload_next, r};
	struct unpack_entry entry;
	bool more;

	if (r->header.xz)
		return read_xz(r, packed, err);
	if (!unpack_open(packed, UNPACK_STREAM, &stream, err) ||
	    !unpack_next(stream, &entry, &more, err))
		return false;
	if (!more)
		return error_set(err, ERR_FORMAT, "its payload is empty");
	return read_unpacked(r, unpack_content(stream), err);
}

/* ---- the whole ---- */

/* The file's size by its signature header tells a cut from a change. */
static bool check_size(const struct rpm *r, struct error *err)
{
	if (r->header.size && artifact_source_size(r->source) < r->header.size)
		return error_set(err, ERR_FORMAT,
				 "it is cut off: %" PRIu64 " of %" PRIu64 " bytes",
				 artifact_source_size(r->source), r->header.size);
	return true;
}

/* Unpack, and have the verdict on all bytes whatever became of that: a payload that
 * was changed is called so, not a damaged archive. */
static bool read_and_judge(struct rpm *r, struct manifest_source *source,
			   struct error *err)
{
	struct error first = EMPTY;
	bool ok = read_payload(r, &first);

	if (!ok && first.code != ERR_FORMAT && first.code != ERR_UNTRUSTED) {
		*err = first;
		return false;
	}
	if (!unpack_drain((struct unpack_from){payload_next, r}, err) ||
	    !rpm_header_verdict(&r->header, err))
		return false;
	*err = first;
	return ok && artifact_source_end(r->source, source, err);
}

/* Give every name of a set of hard links its content. */
static bool share(struct rpm *r, struct error *err)
{
	struct rpm_header_file *files = r->header.files;
	size_t *holder = calloc(r->header.count + 1, sizeof(*holder));
	bool ok = holder || error_set(err, ERR_SYSTEM, "no memory");

	for (size_t i = 0; ok && i < r->header.count; i++)
		if (files[i].entry.taken)
			holder[files[i].set] = i + 1;
	for (size_t i = 0; ok && i < r->header.count; i++) {
		size_t from = holder[files[i].set];

		if (!files[i].digested || !r->wanted[files[i].set] ||
		    files[i].entry.taken)
			continue;
		if (!from || !digest_equal(&files[i].sha256, &files[from - 1].sha256))
			ok = error_set(err, ERR_FORMAT,
				       "its payload does not hold '%s'",
				       TEXT_SAFE(files[i].entry.file.path));
		else
			ok = artifact_same(&files[from - 1].entry, &files[i].entry,
					   err);
	}
	free(holder);
	return ok;
}

bool artifact_rpm_read(const struct artifact_job *job, struct artifact *out,
		       struct error *err)
{
	AUTO(rpm_clear) struct rpm r = {.job = job};
	AUTO(artifact_clear) struct artifact a = EMPTY;

	if (!artifact_source_open(job, &r.source, err) ||
	    !rpm_header_read(artifact_source_fd(r.source), job, &r.header, err) ||
	    !check_size(&r, err) || !sort_files(&r, err))
		return false;
	artifact_source_watch(r.source, watch, &r);
	mark_wanted(&r);
	if (!read_and_judge(&r, &a.source, err) || !share(&r, err))
		return false;
	for (size_t i = 0; i < r.header.count; i++) {
		struct artifact_entry from = TAKE(r.header.files[r.order[i]].entry);
		struct artifact_entry *to = artifact_add(&a, TAKE(from.file.path), err);

		if (!to) {
			artifact_entry_clear(&from);
			return false;
		}
		from.file.path = to->file.path;
		*to = from;
	}
	a.version = TAKE(r.header.version);
	a.source.signer = TAKE(r.header.signer);
	*out = TAKE(a);
	return true;
}
