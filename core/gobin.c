/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the facts are (Go's debug/buildinfo reads the same):
 *
 * A writable segment holds, 16-aligned in memory, the blob
 *
 *     0   "\xff Go buildinf:"
 *     14  pointer size
 *     15  flags: 1 = big-endian, 2 = strings are in line
 *     16  in line (Go >= 1.18): padding to 32, then two strings, each a varint length
 *         and its bytes: the version and the module information
 *         otherwise: the addresses of two Go strings (address, length)
 *
 * The module information is framed by 16 bytes on either side; its lines
 * "build<TAB>KEY=VALUE" are the build settings. BoringCrypto's function is found by
 * its name, which the table of functions keeps through strip, and so is that of Go's
 * own crypto, of which no program has both.
 */
#include "core/gobin_elf.h"

#include "core/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	BLOB_SIZE = 32,
	BLOB_ALIGN = 16,
	FLAG_INLINE = 2,
	FRAME = 16,       /* bytes around the module information */
	VERSION_MAX = 64, /* bytes; real ones have 8 to 40 */
	VARINT_MAX = 5,   /* bytes that we take of one */
	BLOBS_MAX = 16,   /* places that look like one */
	CHUNK = 256 * 1024,
};

struct view {
	bool (*read_at)(void *arg, uint64_t at, void *to, size_t len,
			struct error *err);
	void *arg;
	struct gobin_segments segments;
	char *chunk; /* CHUNK bytes */
};

/* Read `len` bytes at a memory address; *found is false when no segment has them. */
static bool read_address(struct view *v, uint64_t address, void *to, size_t len,
			 bool *found, struct error *err)
{
	for (size_t i = 0; i < v->segments.count; i++) {
		const struct gobin_segment *s = &v->segments.at[i];

		if (address < s->address || address - s->address > s->size ||
		    len > s->size - (address - s->address))
			continue;
		*found = true;
		return v->read_at(v->arg, s->offset + (address - s->address), to, len,
				  err);
	}
	*found = false;
	return true;
}

struct needle {
	const char *bytes;
	size_t len;
	unsigned align;
};

static const struct needle magic = {"\xff Go buildinf:", 14, BLOB_ALIGN};
/* A name of that table stands between NULs, most texts in a program do not. */
static const struct needle boring_name = {"\0crypto/internal/boring/sig.BoringCrypto",
					  41, 1};
static const struct needle plain_name = {"\0crypto/internal/boring/sig.StandardCrypto",
					 43, 1};

/*
 * Find the needle in a segment, from offset `from` of it, at an address that is a
 * multiple of its alignment. *at is the offset in the segment, or the segment's size
 * when it is not there.
 */
static bool find_in(struct view *v, const struct gobin_segment *s, uint64_t from,
		    const struct needle *n, uint64_t *at, struct error *err)
{
	while (from < s->size && s->size - from >= n->len) {
		uint64_t left = s->size - from;
		size_t len = left < CHUNK ? (size_t)left : CHUNK;
		const char *hit = v->chunk - 1;

		if (!v->read_at(v->arg, s->offset + from, v->chunk, len, err))
			return false;
		while ((hit = memmem(hit + 1, len - (size_t)(hit + 1 - v->chunk),
				     n->bytes, n->len))) {
			uint64_t where = from + (uint64_t)(hit - v->chunk);

			if ((s->address + where) % n->align == 0) {
				*at = where;
				return true;
			}
		}
		if (len == left)
			break;
		from += len - (n->len - 1);
	}
	*at = s->size;
	return true;
}

/* ---- the build information ---- */

struct info {
	bool found;
	char version[VERSION_MAX]; /* as the toolchain writes it; "" when unreadable */
	struct buf modinfo;
};

static void info_clear(struct info *info)
{
	buf_clear(&info->modinfo);
}

static bool is_version(const char *s, size_t len)
{
	return len > 2 && len < VERSION_MAX && text_is_printable(s, len) &&
	       (!strncmp(s, "go", 2) || !strncmp(s, "devel", 5));
}

static void take_version(const char *s, size_t len, struct info *info)
{
	info->found = true;
	if (is_version(s, len))
		snprintf(info->version, sizeof(info->version), "%.*s", (int)len, s);
}

/* One string with its varint length at *at (an address), which moves behind it. */
static bool inline_string(struct view *v, uint64_t *at, struct buf *out,
			  struct error *err)
{
	uint64_t len = 0;
	unsigned char byte = 0x80;
	bool found;
	char *to;

	for (unsigned i = 0; byte & 0x80; i++) {
		if (i == VARINT_MAX)
			return error_set(err, ERR_FORMAT,
					 "Go build information is damaged");
		if (!read_address(v, (*at)++, &byte, 1, &found, err))
			return false;
		if (!found)
			return error_set(err, ERR_FORMAT,
					 "Go build information is cut off");
		len |= (uint64_t)(byte & 0x7f) << (7 * i);
	}
	if (len > out->max)
		return error_set(err, ERR_LIMIT,
				 "Go build information has more than %zu bytes",
				 out->max);
	to = buf_reserve(out, (size_t)len);
	if (!to)
		return buf_ok(out, err);
	if (!read_address(v, *at, to, (size_t)len, &found, err))
		return false;
	if (!found)
		return error_set(err, ERR_FORMAT, "Go build information is cut off");
	buf_advance(out, (size_t)len);
	*at += len;
	return true;
}

static bool read_inline(struct view *v, uint64_t blob, struct info *info,
			struct error *err)
{
	AUTO(buf_clear) struct buf version = BUF_MAX(VERSION_MAX);
	uint64_t at = blob + BLOB_SIZE;

	if (!inline_string(v, &at, &version, err) ||
	    !inline_string(v, &at, &info->modinfo, err))
		return false;
	take_version(version.data ? version.data : "", version.len, info);
	return true;
}

/* A Go string through its address. In a position-independent program the addresses
 * are left to the dynamic linker: zero, and the version stays unknown. */
static bool read_pointers(struct view *v, const char *blob, struct info *info,
			  struct error *err)
{
	uint64_t where, string[2];
	char version[VERSION_MAX];
	bool found;

	memcpy(&where, blob + BLOB_ALIGN, sizeof(where));
	info->found = true;
	if (!read_address(v, where, string, sizeof(string), &found, err))
		return false;
	if (!found || string[1] >= sizeof(version))
		return true;
	if (!read_address(v, string[0], version, (size_t)string[1], &found, err))
		return false;
	if (found)
		take_version(version, (size_t)string[1], info);
	return true;
}

/* What stands at offset `at` of the segment, where the magic was found. */
static bool read_blob(struct view *v, const struct gobin_segment *s, uint64_t at,
		      struct info *info, struct error *err)
{
	char blob[BLOB_SIZE];
	unsigned flags;

	if (s->size - at < sizeof(blob))
		return true;
	if (!v->read_at(v->arg, s->offset + at, blob, sizeof(blob), err))
		return false;
	flags = (unsigned char)blob[15];
	if (flags == FLAG_INLINE)
		return read_inline(v, s->address + at, info, err);
	if (flags == 0 && blob[14] == sizeof(uint64_t))
		return read_pointers(v, blob, info, err);
	if (flags == 0 && blob[14] == sizeof(uint32_t)) {
		info->found = true; /* of 32 bits: its version stays unknown */
		return true;
	}
	return true; /* the constant in a program that reads build information */
}

static bool find_info(struct view *v, struct info *info, struct error *err)
{
	unsigned tries = 0;

	for (size_t i = 0; i < v->segments.count && !info->found; i++) {
		const struct gobin_segment *s = &v->segments.at[i];

		for (uint64_t at = 0; s->writable && !info->found; at++) {
			if (!find_in(v, s, at, &magic, &at, err))
				return false;
			if (at == s->size)
				break;
			if (++tries > BLOBS_MAX)
				return error_set(err, ERR_LIMIT,
						 "more than %d places look like Go "
						 "build information",
						 BLOBS_MAX);
			if (!read_blob(v, s, at, info, err))
				return false;
		}
	}
	return true;
}

/* ---- what it means ---- */

/* The lines "build<TAB>KEY=VALUE" as "KEY=VALUE\n". */
static void settings_of(const struct info *info, struct buf *out)
{
	const char *p = info->modinfo.data, *end = p ? p + info->modinfo.len : NULL;

	if (info->modinfo.len < 2 * FRAME)
		return;
	p += FRAME;
	end -= FRAME;
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		const char *line_end = lf ? lf : end;

		if (line_end - p > 6 && !memcmp(p, "build\t", 6)) {
			text_escape(p + 6, (size_t)(line_end - p) - 6, out);
			buf_putc(out, '\n');
		}
		p = line_end + 1;
	}
}

/* The value of KEY=VALUE, and its length. */
static const char *setting(const char *settings, const char *key, size_t *len)
{
	size_t n = strlen(key);

	for (const char *p = settings; *p; p += strcspn(p, "\n") + 1)
		if (!strncmp(p, key, n) && p[n] == '=') {
			*len = strcspn(p + n + 1, "\n");
			return p + n + 1;
		}
	*len = 0;
	return "";
}

/* Is `word` one of the values between commas? */
static bool setting_has(const char *settings, const char *key, const char *word)
{
	size_t len, n = strlen(word);
	const char *p = setting(settings, key, &len), *end = p + len;

	while (p < end) {
		size_t one = strcspn(p, ",\n");

		if (one == n && !memcmp(p, word, n))
			return true;
		p += one + 1;
	}
	return false;
}

/* "go1.16.7b7": the goboring toolchains up to Go 1.18. */
static bool is_goboring(const char *version)
{
	size_t n = strspn(version + 2, "0123456789.");
	const char *b = version + 2 + n;

	return text_starts(version, "go1.") && *b == 'b' && b[1] &&
	       !b[1 + strspn(b + 1, "0123456789")];
}

static bool has_name(struct view *v, const struct needle *name, bool *out,
		     struct error *err)
{
	*out = false;
	for (size_t i = 0; i < v->segments.count && !*out; i++) {
		const struct gobin_segment *s = &v->segments.at[i];
		uint64_t at;

		if (!find_in(v, s, 0, name, &at, err))
			return false;
		*out = at < s->size;
	}
	return true;
}

static bool find_crypto(struct view *v, const char *version, const char *settings,
			struct gobin *g, struct error *err)
{
	bool boring = is_goboring(version) || strstr(version, "X:boringcrypto") ||
		      setting_has(settings, "GOEXPERIMENT", "boringcrypto");
	bool plain = false;
	size_t len;
	const char *fips = setting(settings, "GOFIPS140", &len);

	if (boring && (!has_name(v, &boring_name, &boring, err) ||
		       !has_name(v, &plain_name, &plain, err)))
		return false;
	if (boring && !plain)
		snprintf(g->crypto, sizeof(g->crypto), "boringcrypto");
	else if (len && strncmp(fips, "off\n", 4) != 0 &&
		 (setting_has(settings, "DefaultGODEBUG", "fips140=on") ||
		  setting_has(settings, "DefaultGODEBUG", "fips140=only")))
		snprintf(g->crypto, sizeof(g->crypto), "fips140-%.*s", (int)len, fips);
	else
		snprintf(g->crypto, sizeof(g->crypto), "none");
	return true;
}

static bool judge(struct view *v, const struct info *info, struct gobin *out,
		  struct error *err)
{
	AUTO(buf_clear) struct buf settings = BUF_MAX(4 * GOBIN_MODINFO_MAX);
	struct gobin g = EMPTY;
	const char *text;

	settings_of(info, &settings);
	if (!buf_ok(&settings, err))
		return false;
	text = settings.data ? settings.data : "";
	if (!find_crypto(v, info->version, text, &g, err))
		return false;
	/* "go1.19.8 X:boringcrypto": the experiments are in the settings too */
	snprintf(g.version, sizeof(g.version), "%.*s",
		 (int)(text_starts(info->version, "devel")
			       ? strlen(info->version)
			       : strcspn(info->version, " ")),
		 info->version);
	if (!g.version[0])
		snprintf(g.version, sizeof(g.version), "unknown");
	snprintf(g.settings, sizeof(g.settings), "%s", text);
	*out = g;
	return true;
}

bool gobin_read(bool (*read_at)(void *arg, uint64_t at, void *to, size_t len,
				struct error *err),
		void *arg, uint64_t size, struct gobin *out, struct error *err)
{
	AUTO(text_freep) char *chunk = malloc(CHUNK);
	AUTO(info_clear) struct info info = {.modinfo = BUF_MAX(GOBIN_MODINFO_MAX)};
	struct view v = {.read_at = read_at, .arg = arg, .chunk = chunk};
	size_t head = 0;

	if (!chunk)
		return error_set(err, ERR_SYSTEM, "no memory");
	if (size >= GOBIN_ELF_HEADER) {
		if (!read_at(arg, 0, chunk, GOBIN_ELF_HEADER, err))
			return false;
		head = gobin_head_size(chunk, size);
	}
	if (head) {
		if (!read_at(arg, 0, chunk, head, err))
			return false;
		gobin_find_segments(chunk, size, &v.segments);
		if (!find_info(&v, &info, err))
			return false;
	}
	if (info.found)
		return judge(&v, &info, out, err);
	*out = (struct gobin)EMPTY;
	return true;
}

static bool read_fd(void *arg, uint64_t at, void *to, size_t len, struct error *err)
{
	int fd = *(int *)arg;

	for (size_t done = 0; done < len;) {
		ssize_t n =
			pread(fd, (char *)to + done, len - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, "cannot read");
		if (n == 0)
			return error_set(err, ERR_FORMAT,
					 "ends at byte %zu: it was cut while it was "
					 "read",
					 (size_t)at + done);
		done += (size_t)n;
	}
	return true;
}

bool gobin_read_fd(int fd, uint64_t size, struct gobin *out, struct error *err)
{
	return gobin_read(read_fd, &fd, size, out, err);
}
