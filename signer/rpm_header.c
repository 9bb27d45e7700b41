/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/rpm_header.h"

#include "core/late.h"
#include "core/text.h"
#include "soname.inc"

#include <endian.h>
#include <pthread.h>
#include <rpm/header.h>
#include <rpm/rpmcrypto.h>
#include <rpm/rpmfi.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmio.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmts.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* clang-format off */
#define FUNCTIONS(_) \
	_(Fclose) _(fdDup) _(Fdescr) _(headerFree) _(headerGet) _(headerGetAsString) \
	_(headerGetNumber) _(headerGetString) _(headerIsEntry) _(headerIsSource) \
	_(rpmfilesFC) _(rpmfilesFCaps) _(rpmfilesFDigest) _(rpmfilesFFlags) \
	_(rpmfilesFGroup) _(rpmfilesFLink) _(rpmfilesFLinks) _(rpmfilesFMode) \
	_(rpmfilesFN) _(rpmfilesFree) _(rpmfilesFSize) _(rpmfilesFUser) \
	_(rpmfilesNew) _(rpmInitCrypto) _(rpmKeyringFree) _(rpmKeyringNew) \
	_(rpmlogRecMessage) _(rpmlogSetCallback) _(rpmReadPackageFile) \
	_(rpmtdFreeData) _(rpmtsCreate) _(rpmtsFree) _(rpmtsSetKeyring) \
	_(rpmtsSetVSFlags)
LATE_LIBRARY(FUNCTIONS, RPM, "building manifests from RPMs")
/* clang-format on */

/* One thread at a time in librpm: its log, its macros and its crypto are global. */
static pthread_mutex_t librpm = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static void unlock(int *locked)
{
	if (*locked)
		pthread_mutex_unlock(&librpm);
}

static int lock(void)
{
	pthread_mutex_lock(&librpm);
	return 1;
}

static bool no_memory(struct error *err)
{
	return error_set(err, ERR_SYSTEM, "no memory");
}

/* ---- the list of files ---- */

static enum unpack_type type_of(mode_t mode)
{
	if (S_ISREG(mode))
		return UNPACK_REGULAR;
	if (S_ISLNK(mode))
		return UNPACK_LINK;
	return S_ISDIR(mode) ? UNPACK_FOLDER : UNPACK_OTHER;
}

static char *copy(const char *s, bool *ok)
{
	char *new = s &&*s ? text_dup(s, strlen(s)) : NULL;

	*ok = *ok && (new || !s || !*s);
	return new;
}

/* "root:root" */
static char *owner_of(rpmfiles files, int i, bool *ok)
{
	const char *user = lib.rpmfilesFUser(files, i),
		   *group = lib.rpmfilesFGroup(files, i);
	char text[256];

	if (!user || !group)
		return NULL;
	snprintf(text, sizeof(text), "%s:%s", user, group);
	return copy(text, ok);
}

static bool take_digest(rpmfiles files, int i, struct rpm_header_file *f,
			struct error *err)
{
	int algo = 0;
	size_t len = 0;
	const unsigned char *digest = lib.rpmfilesFDigest(files, i, &algo, &len);

	f->digested =
		f->entry.type == UNPACK_REGULAR && !(f->entry.flags & ARTIFACT_GHOST);
	if (!f->digested)
		return true;
	if (!digest || algo != RPM_HASH_SHA256 || len != DIGEST_SIZE)
		return error_set(err, ERR_FORMAT,
				 "its file digests are not SHA-256, at '%s'",
				 TEXT_SAFE(f->entry.file.path));
	memcpy(f->sha256.bytes, digest, DIGEST_SIZE);
	return true;
}

static bool take_file(rpmfiles files, int i, struct rpm_header_file *f,
		      struct error *err)
{
	mode_t mode = lib.rpmfilesFMode(files, i);
	rpmfileAttrs flags = lib.rpmfilesFFlags(files, i);
	struct manifest_file *file = &f->entry.file;
	const int *set = NULL;
	char *path = lib.rpmfilesFN(files, i);
	bool ok = true;

	file->path = copy(path, &ok);
	free(path);
	f->entry.type = type_of(mode);
	if (flags & RPMFILE_CONFIG)
		f->entry.flags |= ARTIFACT_CONFIG;
	if (flags & RPMFILE_GHOST)
		f->entry.flags |= ARTIFACT_GHOST;
	file->mode = mode & 07777;
	file->size = lib.rpmfilesFSize(files, i);
	file->owner = owner_of(files, i, &ok);
	file->capabilities = copy(lib.rpmfilesFCaps(files, i), &ok);
	if (f->entry.type == UNPACK_LINK)
		file->link = copy(lib.rpmfilesFLink(files, i), &ok);
	f->set = lib.rpmfilesFLinks(files, i, &set) > 1 && set && set[0] >= 0
			 ? (size_t)set[0]
			 : (size_t)i;
	if (!ok)
		return no_memory(err);
	if (!file->path || !text_is_path(file->path))
		return error_set(err, ERR_FORMAT,
				 "it has a file whose path is no path: '%s'",
				 file->path ? TEXT_SAFE(file->path) : "");
	return take_digest(files, i, f, err);
}

static bool take_files(Header h, struct rpm_header *out, struct error *err)
{
	rpmfiles files = lib.rpmfilesNew(NULL, h, RPMTAG_BASENAMES, 0);
	size_t count = files ? lib.rpmfilesFC(files) : 0;
	bool ok = true;

	if (count > UNPACK_ENTRIES_MAX)
		ok = error_set(err, ERR_LIMIT, "more than %d files",
			       UNPACK_ENTRIES_MAX);
	out->files = ok ? calloc(count + 1, sizeof(*out->files)) : NULL;
	if (ok && !out->files)
		ok = no_memory(err);
	for (size_t i = 0; ok && i < count; i++) {
		out->count++;
		ok = take_file(files, (int)i, &out->files[i], err);
		if (ok && out->files[i].set >= count)
			ok = error_set(err, ERR_FORMAT, "its hard links are damaged");
	}
	lib.rpmfilesFree(files);
	return ok;
}

/* ---- the header ---- */

/* The last thing that librpm said, instead of saying it on stderr. */
static int keep_message(rpmlogRec rec, rpmlogCallbackData data)
{
	const char *said = lib.rpmlogRecMessage(rec);

	snprintf(data, 256, "%.*s", said ? (int)strcspn(said, "\n") : 0, said);
	return 0;
}

static void close_fd(FD_t *fd)
{
	if (*fd)
		lib.Fclose(*fd);
}

static void free_header(Header *h)
{
	if (*h)
		lib.headerFree(*h);
}

/* librpm's reason without its name for the file. */
static bool refuse(FD_t rpm, const char *said, struct error *err)
{
	const char *name = lib.Fdescr(rpm);

	if (text_starts(said, name) && text_starts(said + strlen(name), ": "))
		said += strlen(name) + 2;
	if (text_starts(said, "it: "))
		said += 4;
	return error_set(err, ERR_FORMAT, "not an RPM, or damaged: %s",
			 *said ? TEXT_SAFE(said) : "librpm cannot read it");
}

/* Its digests are checked here; of its signatures librpm does not tell enough. */
static bool parse(int fd, Header *h, uint64_t *payload_at, struct error *err)
{
	AUTO(close_fd) FD_t rpm = lib.fdDup(fd);
	char said[256] = "";
	rpmKeyring none = lib.rpmKeyringNew();
	rpmts ts = lib.rpmtsCreate();
	off_t at;
	rpmRC rc;

	lib.rpmlogSetCallback(keep_message, said);
	lib.rpmtsSetKeyring(ts, none);
	lib.rpmtsSetVSFlags(ts, RPMVSF_MASK_NOSIGNATURES);
	rc = lib.rpmReadPackageFile(ts, rpm, "it", h);
	lib.rpmlogSetCallback(NULL, NULL);
	lib.rpmtsFree(ts);
	lib.rpmKeyringFree(none);
	if (rc != RPMRC_OK || !*h)
		return refuse(rpm, said, err);
	/* the descriptors share a position, which is now behind the header */
	at = lseek(fd, 0, SEEK_CUR);
	if (at < 0)
		return error_sys(err, "cannot seek");
	*payload_at = (uint64_t)at;
	return true;
}

/*
 * Is there a signature in the form of rpm 6? librpm drops its tag without a word. The
 * signature header, behind the lead: 8 bytes of magic, the count of tags, the bytes of
 * their data; then 16 bytes a tag, its number first. librpm has read it already, so
 * that nothing here needs to be refused again.
 */
static bool has_rpm6_signature(int fd)
{
	enum { LEAD = 96, INTRO = 16, ENTRY = 16, TAGS_MAX = 256, OPENPGP = 278 };
	unsigned char intro[INTRO], entries[TAGS_MAX * ENTRY];
	uint32_t count, tag;

	if (pread(fd, intro, INTRO, LEAD) != INTRO)
		return false;
	memcpy(&count, intro + 8, sizeof(count));
	count = be32toh(count) < TAGS_MAX ? be32toh(count) : TAGS_MAX;
	if (pread(fd, entries, count * ENTRY, LEAD + INTRO) != (ssize_t)count * ENTRY)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		memcpy(&tag, entries + (size_t)i * ENTRY, sizeof(tag));
		if (be32toh(tag) == OPENPGP)
			return true;
	}
	return false;
}

static bool take_bytes(Header h, struct rpm_header *out, struct error *err)
{
	struct rpmtd_s td;
	bool ok = lib.headerGet(h, RPMTAG_HEADERIMMUTABLE, &td, HEADERGET_DEFAULT);

	if (!ok || td.count > RPM_HEADER_SIZE_MAX || td.count > out->payload_at)
		ok = error_set(err, ERR_LIMIT,
			       "its header has no signed region, or more "
			       "than %d bytes",
			       RPM_HEADER_SIZE_MAX);
	else {
		out->bytes = text_dup(td.data, td.count);
		out->bytes_len = td.count;
		ok = out->bytes ? true : no_memory(err);
	}
	lib.rpmtdFreeData(&td);
	return ok;
}

static bool check_kind(Header h, const struct artifact_job *job, struct error *err)
{
	const char *arch = lib.headerGetString(h, RPMTAG_ARCH);
	const char *format = lib.headerGetString(h, RPMTAG_PAYLOADFORMAT);

	if (lib.headerIsSource(h))
		return error_set(err, ERR_FORMAT, "it is a source package");
	if (format && strcmp(format, "cpio") != 0)
		return error_set(err, ERR_FORMAT, "its payload is '%s', not cpio",
				 TEXT_SAFE(format));
	if (!arch || (strcmp(arch, job->arch) != 0 && strcmp(arch, "noarch") != 0))
		return error_set(err, ERR_CONFLICT,
				 "it is for %s, and the manifest for %s",
				 arch ? TEXT_SAFE(arch) : "no architecture", job->arch);
	return true;
}

static bool take_facts(Header h, struct rpm_header *out, struct error *err)
{
	uint64_t claimed =
		lib.headerGetNumber(h, lib.headerIsEntry(h, RPMTAG_LONGSIGSIZE)
					       ? RPMTAG_LONGSIGSIZE
					       : RPMTAG_SIGSIZE);
	const char *compressor = lib.headerGetString(h, RPMTAG_PAYLOADCOMPRESSOR);

	out->version = lib.headerGetAsString(h, RPMTAG_EVR);
	if (!out->version)
		return error_set(err, ERR_FORMAT, "it has no version");
	/* counted from the header's magic, which stands before the signed bytes */
	if (claimed)
		out->size = out->payload_at - out->bytes_len - 8 + claimed;
	out->xz = compressor && !strcmp(compressor, "xz");
	out->stripped = lib.headerIsEntry(h, RPMTAG_LONGFILESIZES);
	return true;
}

bool rpm_header_read(int fd, const struct artifact_job *job, struct rpm_header *out,
		     struct error *err)
{
	AUTO(unlock) int locked = lock();
	AUTO(rpm_header_clear) struct rpm_header r = EMPTY;
	AUTO(free_header) Header h = NULL;

	if (!lib_load(err))
		return false;
	lib.rpmInitCrypto();
	if (!parse(fd, &h, &r.payload_at, err) || !check_kind(h, job, err) ||
	    !take_bytes(h, &r, err) || !take_facts(h, &r, err) ||
	    !rpm_trust_new(&(struct rpm_trust_header){h, r.bytes, r.bytes_len,
						      has_rpm6_signature(fd)},
			   job, &r.trust, &r.signer, err) ||
	    !take_files(h, &r, err))
		return false;
	*out = TAKE(r);
	return true;
}

bool rpm_header_payload(struct rpm_header *h, const void *data, size_t len,
			struct error *err)
{
	return rpm_trust_payload(h->trust, data, len, err);
}

bool rpm_header_verdict(struct rpm_header *h, struct error *err)
{
	AUTO(unlock) int locked = lock();

	return rpm_trust_end(h->trust, &h->signer, err);
}

void rpm_header_clear(struct rpm_header *h)
{
	AUTO(unlock) int locked = lock();

	for (size_t i = 0; i < h->count; i++)
		artifact_entry_clear(&h->files[i].entry);
	free(h->files);
	free(h->version);
	free(h->signer);
	free(h->bytes);
	rpm_trust_free(h->trust);
	*h = (struct rpm_header)EMPTY;
}
