/* SPDX-License-Identifier: Apache-2.0 */
/* Every target once: obtained, digested, and its signatures judged. */
#include "core/digest_sink.h"
#include "core/file.h"
#include "core/text.h"
#include "signer/bundle.h"
#include "signer/vouch.h"
#include "signer/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- what is meant ---- */

/* "manifests/VERSION/manifest-elEL-ARCH.json.asc" */
bool bundle_wants(const struct bundle_options *o, const char *path)
{
	char kubernetes[64], el[8];
	const char *p = path;
	size_t len;

	if (!text_starts(path, "manifests/"))
		return true;
	p += strlen("manifests/");
	len = strcspn(p, "/");
	snprintf(kubernetes, sizeof(kubernetes), "%.*s", (int)len, p);
	p += len;
	if (text_starts(p, "/manifest-el"))
		p += strlen("/manifest-el");
	snprintf(el, sizeof(el), "%.*s", (int)strcspn(p, "-"), p);
	return (!*o->kubernetes || !fnmatch(o->kubernetes, kubernetes, 0)) &&
	       (!*o->el || (text_is_el(el) && text_el_covers(o->el, el)));
}

/* "targets/DIR/DIGEST.NAME": where a tree has a target. */
static bool path_of(const struct bundle_target *t, struct buf *out, struct error *err)
{
	const char *file = file_basename(t->path);

	buf_puts(out, "targets/");
	buf_append(out, t->path, (size_t)(file - t->path));
	buf_printf(out, "%s.%s", DIGEST_HEX(&t->digest), file);
	return buf_ok(out, err);
}

/* ---- bytes ---- */

static bool wrong(const struct bundle_target *t, struct error *err)
{
	return error_set(err, ERR_UNTRUSTED,
			 "it does not have the %" PRIu64
			 " bytes with sha256 %s that are signed",
			 t->size, DIGEST_HEX(&t->digest));
}

static char *file_of(const struct bundle *b, const struct bundle_target *t)
{
	return file_join(b->folder, DIGEST_HEX(&t->digest));
}

static bool give(struct bundle *b, const struct bundle_target *t, const struct sink *to,
		 struct error *err)
{
	AUTO(buf_clear) struct buf path = BUF_MAX(PATH_MAX);
	AUTO(text_freep) char *file = file_of(b, t);
	AUTO(file_closep) int fd = -1;

	if (!b->remote)
		return path_of(t, &path, err) &&
		       tree_source_stream(b->source, path.data, t->size, to, err);
	return file && file_open(file, O_RDONLY, &fd, err) &&
	       tree_source_pour(fd, t->size, to, err);
}

bool bundle_give(struct bundle *b, const struct bundle_target *t, const struct sink *to,
		 struct error *err)
{
	AUTO(digest_sink_clear) struct digest_sink passing = EMPTY;
	struct digest d;

	if (!digest_sink_begin(&passing, to, err))
		return false;
	if (!give(b, t, &passing.sink, err) || !digest_sink_end(&passing, &d, err))
		return err->code == ERR_LIMIT ? wrong(t, err) : false;
	return (passing.size == t->size && digest_equal(&d, &t->digest)) ||
	       wrong(t, err);
}

bool bundle_load(struct bundle *b, const struct bundle_target *t, size_t max,
		 struct buf *out, struct error *err)
{
	struct sink to = sink_buf(out);

	*out = (struct buf)BUF_MAX(max);
	if (t->size > max)
		return error_set(err, ERR_LIMIT,
				 "%" PRIu64 " bytes are announced, the limit is %zu",
				 t->size, max);
	return t->here ? store_tuf_target_bytes(b->store, &t->there, out, err)
		       : bundle_give(b, t, &to, err);
}

/* ---- fetching from a server ---- */

/* Is it there from a run before? Then nothing is asked. */
static bool fetched(const char *file, const struct bundle_target *t)
{
	AUTO(file_closep) int fd = -1;
	struct error ignored;
	struct digest d;
	uint64_t size;

	return file_open(file, O_RDONLY, &fd, &ignored) &&
	       digest_of_fd(fd, &d, &size, &ignored) && size == t->size &&
	       digest_equal(&d, &t->digest);
}

static bool fetch(struct bundle *b, const struct bundle_target *t, struct error *err)
{
	AUTO(file_temp_clear) struct file_temp temp = FILE_TEMP;
	AUTO(buf_clear) struct buf path = BUF_MAX(PATH_MAX);
	AUTO(text_freep) char *file = file_of(b, t);
	struct digest d;
	uint64_t size;

	if (!file)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (fetched(file, t))
		return true;
	if (!path_of(t, &path, err) || !file_temp_open(file, &temp, err))
		return false;
	if (!tree_source_save(b->source, path.data, temp.fd, t->size, err))
		return err->code == ERR_LIMIT ? wrong(t, err) : false;
	if (lseek(temp.fd, 0, SEEK_SET) < 0 || !digest_of_fd(temp.fd, &d, &size, err))
		return error_sys(err, "cannot read");
	if (size != t->size || !digest_equal(&d, &t->digest))
		return wrong(t, err);
	return file_temp_place(&temp, 0600, err);
}

/* ---- what the store has ---- */

static bool look_up(struct bundle *b, struct error *err)
{
	for (size_t i = 0; i < b->target_count; i++) {
		struct bundle_target *t = &b->targets[i];

		t->here = store_mirror_find(b->store, &t->digest, &t->there, err);
		if (!t->here && err->code != ERR_NOT_FOUND)
			return false;
	}
	error_clear(err);
	return true;
}

/* ---- keys and index, by which the rest is judged ---- */

static struct bundle_target *find(struct bundle *b, const char *path)
{
	for (size_t i = 0; i < b->target_count; i++)
		if (!strcmp(b->targets[i].path, path))
			return &b->targets[i];
	return NULL;
}

static bool load_named(struct bundle *b, const char *path, size_t max, struct buf *out,
		       struct error *err)
{
	struct bundle_target *t = find(b, path);

	if (!t)
		return error_set(err, ERR_NOT_FOUND, "nobody vouches for '%s'", path);
	if (b->remote && !t->here && !fetch(b, t, err))
		return error_prefix(err, "target '%s'", path);
	return bundle_load(b, t, max, out, err) ||
	       error_prefix(err, "target '%s'", path);
}

static bool load_index(struct bundle *b, struct error *err)
{
	AUTO(buf_clear) struct buf text = EMPTY;

	if (!load_named(b, "index.json", INDEX_TEXT_MAX, &text, err))
		return false;
	if (!index_parse(text.data, text.len, &b->index, err))
		return error_prefix(err, "target 'index.json'");
	/* reading 10,000 rows takes 25 MB, which no other thread would get to use */
	malloc_trim(0);
	return true;
}

/* Keys are no statement that they sign themselves. */
static bool is_signed(const struct bundle_target *t)
{
	return text_ends(t->path, ".asc") && !text_starts(t->path, "keys/");
}

static bool any_signed(const struct bundle *b)
{
	for (size_t i = 0; i < b->target_count; i++)
		if (is_signed(&b->targets[i]))
			return true;
	return false;
}

/* Keys and threshold as the authority tells them. One that has no key any more, for the
 * last was stolen, has a tree in which nothing is signed. */
static bool load_vouch(struct bundle *b, struct vouch *v, struct error *err)
{
	AUTO(buf_clear) struct buf keys = EMPTY;

	v->policy = (struct pgp_policy){.threshold = b->index.threshold,
					.now = (int64_t)time(NULL)};
	if (!find(b, "keys/release.asc") && !any_signed(b))
		return true;
	if (!load_named(b, "keys/release.asc", 2 * PGP_KEYRING_MAX, &keys, err))
		return false;
	if (!pgp_keyring_parse(keys.data, keys.len, &b->keyring, err) ||
	    !pgp_keyring_parse(keys.data, keys.len, &v->keyring, err) ||
	    !pgp_inspect(&v->keyring, err))
		return error_prefix(err, "target 'keys/release.asc'");
	return true;
}

/* What was judged under other keys or another threshold, the pinned ones too, is judged
 * again. */
static bool trust_changed(struct bundle *b, bool *changed, struct error *err)
{
	AUTO(buf_clear) struct buf old = BUF_MAX(PGP_KEYRING_MAX);
	unsigned threshold;

	if (!store_keyring(b->store, &old, err) ||
	    !store_threshold(b->store, &threshold, err))
		return false;
	*changed = threshold != b->index.threshold || b->pin_changed ||
		   !buf_equal(&old, &b->keyring.bytes);
	return true;
}

/* ---- one target ---- */

static bool drop(void *arg, const void *data, size_t len, struct error *err)
{
	(void)arg;
	(void)data;
	(void)len;
	(void)err;
	return true;
}

static bool vouch_enough(const struct vouch *v, const struct buf *file,
			 struct vouched *out, struct error *err)
{
	if (!vouch_for(v, file->data ? file->data : "", file->len, out, err))
		return false;
	return out->enough || error_set(err, ERR_UNTRUSTED, "%s", out->why);
}

/* By the keys that came with the tree, then by those that the operator pinned. */
static bool check_signed(const struct bundle *b, const struct vouch *v,
			 const struct buf *file, struct bundle_target *t,
			 struct error *err)
{
	struct vouched vouched = EMPTY, ignored;

	if (!vouch_enough(v, file, &vouched, err))
		return false;
	if (b->pin.policy.threshold && !vouch_enough(&b->pin, file, &ignored, err))
		return error_prefix(err, "by the pinned keyring");
	text_freep(&t->signers);
	t->signers = text_dup(vouched.signers, strlen(vouched.signers));
	t->text = vouched.text;
	return t->signers || error_set(err, ERR_SYSTEM, "no memory");
}

/* ---- all targets: obtained one at a time, judged on all cores ---- */

struct work {
	struct bundle *b;
	const struct vouch *v;
	bool again;
	pthread_mutex_t lock; /* of the bundle, its source and store, and of these: */
	size_t next;
	size_t failed; /* the first one in order; none: as many as there are */
	struct error why;
};

struct job {
	size_t at;
	bool judge;
	struct buf file; /* to be judged */
};

static void job_clear(struct job *j)
{
	buf_clear(&j->file);
}

/* Here and whole. */
static bool obtain(struct work *w, struct job *j, struct error *err)
{
	struct bundle *b = w->b;
	struct bundle_target *t = &b->targets[j->at];

	if (b->step)
		b->step(b->arg, t);
	j->judge = is_signed(t) && (!t->here || w->again);
	if (b->remote && !t->here && !fetch(b, t, err))
		return false;
	if (j->judge)
		return bundle_load(b, t, VOUCH_FILE_MAX, &j->file, err);
	/* fetching has digested it already */
	return t->here || b->remote ||
	       bundle_give(b, t, &(const struct sink){drop, NULL}, err);
}

static bool obtain_next(struct work *w, struct job *j, bool *more, struct error *err)
{
	bool ok;

	pthread_mutex_lock(&w->lock);
	*more = w->failed == w->b->target_count && w->next < w->b->target_count;
	j->at = w->next;
	w->next += *more;
	ok = !*more || obtain(w, j, err);
	pthread_mutex_unlock(&w->lock);
	return ok;
}

static void refuse(struct work *w, size_t at, const struct error *why)
{
	pthread_mutex_lock(&w->lock);
	if (at < w->failed) {
		w->failed = at;
		w->why = *why;
	}
	pthread_mutex_unlock(&w->lock);
}

static void *work_on(void *arg)
{
	struct work *w = arg;
	bool more = true;

	while (more) {
		AUTO(job_clear) struct job j = EMPTY;
		struct error why = EMPTY;

		if (!obtain_next(w, &j, &more, &why) ||
		    (j.judge &&
		     !check_signed(w->b, w->v, &j.file, &w->b->targets[j.at], &why)))
			refuse(w, j.at, &why);
	}
	return NULL;
}

static bool check_all(struct bundle *b, const struct vouch *v, struct error *err)
{
	struct work w = {
		.b = b,
		.v = v,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.failed = b->target_count,
	};

	if (!trust_changed(b, &w.again, err))
		return false;
	workers_run(b->target_count, work_on, &w);
	pthread_mutex_destroy(&w.lock);
	if (w.failed == b->target_count)
		return true;
	*err = w.why;
	return error_prefix(err, "target '%s'", TEXT_SAFE(b->targets[w.failed].path));
}

/* ---- all of it ---- */

/* Of a bundle that has only what is new: is the rest here? */
static bool all_there(struct bundle *b, struct error *err)
{
	const struct bundle_target *first = NULL;
	size_t missing = 0;

	for (size_t i = 0; i < b->target_count && !b->remote; i++) {
		AUTO(buf_clear) struct buf path = BUF_MAX(PATH_MAX);
		const struct bundle_target *t = &b->targets[i];

		if (t->here)
			continue;
		if (!path_of(t, &path, err))
			return false;
		if (tree_source_has(b->source, path.data))
			continue;
		first = first ? first : t;
		missing++;
	}
	if (!missing)
		return true;
	return error_set(err, ERR_NOT_FOUND,
			 "%s lacks %zu file%s that this store does not have either, "
			 "%s'%s': a bundle by 'export --since %" PRId64 "' has %s",
			 tree_source_name(b->source), missing, missing > 1 ? "s" : "",
			 missing > 1 ? "the first of them " : "",
			 TEXT_SAFE(first->path), b->old_snapshot,
			 missing > 1 ? "them" : "it");
}

bool bundle_check(struct bundle *b, struct error *err)
{
	AUTO(vouch_clear) struct vouch v = EMPTY;

	return look_up(b, err) && all_there(b, err) && load_index(b, err) &&
	       load_vouch(b, &v, err) && check_all(b, &v, err);
}
