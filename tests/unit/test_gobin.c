/* SPDX-License-Identifier: Apache-2.0 */
#include "core/file.h"
#include "core/gobin.h"
#include "core/text.h"
#include "tests/unit/test.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A program of two segments: constants at 0x400000 and data at 0x500000. */
enum {
	RODATA = 512,
	DATA = 1024,
	ELF_SIZE = 2048,
	CONSTANTS = 0x400000,
	VARS = 0x500000
};

struct elf {
	unsigned char bytes[ELF_SIZE];
};

static void segment(struct elf *e, unsigned i, unsigned flags, uint64_t at,
		    uint64_t size, uint64_t address)
{
	Elf64_Phdr p = {.p_type = PT_LOAD,
			.p_flags = flags,
			.p_offset = at,
			.p_filesz = size,
			.p_memsz = size,
			.p_vaddr = address};

	memcpy(e->bytes + sizeof(Elf64_Ehdr) + i * sizeof(p), &p, sizeof(p));
}

static struct elf elf_new(void)
{
	Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
			.e_type = ET_EXEC,
			.e_phoff = sizeof(h),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2};
	struct elf e = EMPTY;

	memcpy(e.bytes, &h, sizeof(h));
	segment(&e, 0, PF_R, RODATA, DATA - RODATA, CONSTANTS);
	segment(&e, 1, PF_R | PF_W, DATA, ELF_SIZE - DATA, VARS);
	return e;
}

static void put(struct elf *e, size_t at, const void *data, size_t len)
{
	memcpy(e->bytes + at, data, len);
}

static void put_text(struct elf *e, size_t at, const char *text)
{
	put(e, at, text, strlen(text));
}

static void put_u64(struct elf *e, size_t at, uint64_t v)
{
	put(e, at, &v, sizeof(v));
}

/* Go >= 1.18: both strings behind the blob, which stands 16-aligned at DATA + 32. */
static struct elf inline_elf(const char *version, const char *lines)
{
	struct elf e = elf_new();
	size_t at = DATA + 32, n = strlen(version), m = 32 + strlen(lines);

	put_text(&e, at, "\xff Go buildinf:\b\2");
	at += 32;
	e.bytes[at++] = (unsigned char)n;
	put_text(&e, at, version);
	at += n;
	e.bytes[at++] = (unsigned char)(m & 0x7f) | 0x80;
	e.bytes[at++] = (unsigned char)(m >> 7);
	put_text(&e, at, "0123456789abcdef");
	put_text(&e, at + 16, lines);
	put_text(&e, at + 16 + strlen(lines), "0123456789abcdef");
	return e;
}

/* Before: the blob points to a string's header, that to its bytes in the constants. */
static struct elf pointer_elf(const char *version)
{
	struct elf e = elf_new();

	put_text(&e, DATA + 64, "\xff Go buildinf:\b");
	put_u64(&e, DATA + 64 + 16, VARS + 16);
	put_u64(&e, DATA + 16, CONSTANTS + 100);
	put_u64(&e, DATA + 24, strlen(version));
	put_text(&e, RODATA + 100, version);
	return e;
}

static void put_marker(struct elf *e)
{
	put_text(e, RODATA + 200, "crypto/internal/boring/sig.BoringCrypto");
}

static bool read_memory(void *arg, uint64_t at, void *to, size_t len, struct error *e)
{
	if (at > ELF_SIZE || len > ELF_SIZE - at)
		return error_set(e, ERR_INTERNAL, "read beyond the end");
	memcpy(to, ((struct elf *)arg)->bytes + at, len);
	return true;
}

/* The same answer however the file comes. */
static bool look(struct elf *e, size_t size, struct gobin *out, struct error *error)
{
	static const size_t chunks[] = {1, 7, 64, 600, ELF_SIZE};
	struct gobin g;

	if (!gobin_read(read_memory, e, size, out, error))
		return false;
	for (size_t c = 0; c < ARRAY_LEN(chunks); c++) {
		AUTO(gobin_stream_freep) struct gobin_stream *s = NULL;

		if (!gobin_stream_new(size, &s, error))
			return false;
		for (size_t at = 0; at < size; at += chunks[c])
			if (!gobin_stream_add(s, e->bytes + at,
					      size - at < chunks[c] ? size - at
								    : chunks[c],
					      error))
				return false;
		if (!gobin_stream_end(s, &g, error))
			return false;
		assert_string_equal(g.version, out->version);
		assert_string_equal(g.crypto, out->crypto);
		assert_string_equal(g.settings, out->settings);
	}
	return true;
}

static const struct {
	const char *version, *lines;
	bool marker;
	const char *want_version, *want_crypto;
} builds[] = {
	{"go1.19.8", "path\tx\nbuild\tGOOS=linux\n", false, "go1.19.8", "none"},
	{"go1.19.8", "", true, "go1.19.8", "none"},
	{"go1.19.8 X:boringcrypto", "build\tGOEXPERIMENT=boringcrypto\n", true,
	 "go1.19.8", "boringcrypto"},
	{"go1.19.8", "build\tGOEXPERIMENT=fieldtrack,boringcrypto\n", true, "go1.19.8",
	 "boringcrypto"},
	/* CGO_ENABLED=0: the experiment is on and BoringCrypto is not there */
	{"go1.19.8 X:boringcrypto", "build\tGOEXPERIMENT=boringcrypto\n", false,
	 "go1.19.8", "none"},
	{"go1.19.8", "build\tGOEXPERIMENT=noboringcrypto\n", true, "go1.19.8", "none"},
	{"go1.18.3b7", "", true, "go1.18.3b7", "boringcrypto"},
	{"go1.18beta1", "", true, "go1.18beta1", "none"},
	{"go1.24.4", "build\tDefaultGODEBUG=a=1,fips140=on\nbuild\tGOFIPS140=v1.0.0\n",
	 false, "go1.24.4", "fips140-v1.0.0"},
	{"go1.24.4", "build\tDefaultGODEBUG=fips140=only\nbuild\tGOFIPS140=latest\n",
	 false, "go1.24.4", "fips140-latest"},
	/* linked and switched off */
	{"go1.24.4", "build\tDefaultGODEBUG=fips140=off\nbuild\tGOFIPS140=v1.0.0\n",
	 false, "go1.24.4", "none"},
	{"go1.24.4", "build\tDefaultGODEBUG=fips140=on\nbuild\tGOFIPS140=off\n", false,
	 "go1.24.4", "none"},
	/* not a build setting */
	{"go1.24.4", "dep\tGOFIPS140=v1.0.0\tDefaultGODEBUG=fips140=on\n", false,
	 "go1.24.4", "none"},
	{"devel go1.25-abc", "", false, "devel go1.25-abc", "none"},
	{"", "", false, "unknown", "none"},
};

TEST(gobin_tells_toolchain_and_module_of_newer_programs)
{
	for (size_t i = 0; i < ARRAY_LEN(builds); i++) {
		struct elf e = inline_elf(builds[i].version, builds[i].lines);
		struct gobin g = EMPTY;

		if (builds[i].marker)
			put_marker(&e);
		assert_ok(look(&e, ELF_SIZE, &g, &err));
		assert_string_equal(g.version, builds[i].want_version);
		assert_string_equal(g.crypto, builds[i].want_crypto);
	}
}

TEST(gobin_takes_no_text_of_a_program_for_the_name_of_a_function)
{
	static const char *const texts[] = {
		"xcrypto/internal/boring/sig.BoringCrypto",
		"crypto/internal/boring/sig.BoringCryptox",
		"xcrypto/internal/boring/sig.BoringCryptox",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct elf e = inline_elf("go1.19.8 X:boringcrypto",
					  "build\tGOEXPERIMENT=boringcrypto\n");
		struct gobin g = EMPTY;

		put_text(&e, RODATA + 200, texts[i]);
		assert_ok(look(&e, ELF_SIZE, &g, &err));
		assert_string_equal(g.crypto, "none");
	}
}

TEST(gobin_takes_no_program_with_go_crypto_for_boring)
{
	struct elf e = inline_elf("go1.19.8 X:boringcrypto",
				  "build\tGOEXPERIMENT=boringcrypto\n");
	struct gobin g = EMPTY;

	put_marker(&e);
	put_text(&e, RODATA + 300, "crypto/internal/boring/sig.StandardCrypto");
	assert_ok(look(&e, ELF_SIZE, &g, &err));
	assert_string_equal(g.crypto, "none");
}

TEST(gobin_finds_constants_that_lie_with_the_code)
{
	struct elf e = inline_elf("go1.19.8 X:boringcrypto",
				  "build\tGOEXPERIMENT=boringcrypto\n");
	struct gobin g = EMPTY;

	put_marker(&e);
	segment(&e, 0, PF_R | PF_X, RODATA, DATA - RODATA, CONSTANTS);
	assert_ok(look(&e, ELF_SIZE, &g, &err));
	assert_string_equal(g.crypto, "boringcrypto");
}

TEST(gobin_finds_build_information_in_data_that_is_executable)
{
	struct elf e = inline_elf("go1.19.8", "");
	struct gobin g = EMPTY;

	segment(&e, 1, PF_R | PF_W | PF_X, DATA, ELF_SIZE - DATA, VARS);
	assert_ok(look(&e, ELF_SIZE, &g, &err));
	assert_string_equal(g.version, "go1.19.8");
}

/* The same with headers of 32 bits. */
static struct elf narrow(struct elf e)
{
	static const Elf32_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32,
						 ELFDATA2LSB, 1},
				     .e_type = ET_EXEC,
				     .e_phoff = sizeof(h),
				     .e_phentsize = sizeof(Elf32_Phdr),
				     .e_phnum = 2};
	static const Elf32_Phdr p[] = {
		{.p_type = PT_LOAD,
		 .p_flags = PF_R,
		 .p_offset = RODATA,
		 .p_filesz = DATA - RODATA,
		 .p_vaddr = CONSTANTS},
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_W,
		 .p_offset = DATA,
		 .p_filesz = ELF_SIZE - DATA,
		 .p_vaddr = VARS},
	};

	put(&e, 0, &h, sizeof(h));
	put(&e, sizeof(h), p, sizeof(p));
	return e;
}

TEST(gobin_finds_programs_of_32_bits)
{
	struct elf e = narrow(inline_elf("go1.19.8", ""));
	struct gobin g = EMPTY;

	assert_ok(look(&e, ELF_SIZE, &g, &err));
	assert_string_equal(g.version, "go1.19.8");
	assert_string_equal(g.crypto, "none");
	e = narrow(pointer_elf("go1.16.7"));
	e.bytes[DATA + 64 + 14] = 4;
	assert_ok(look(&e, ELF_SIZE, &g, &err));
	assert_string_equal(g.version, "unknown");
	assert_string_equal(g.crypto, "none");
}

TEST(gobin_tells_settings_escaped)
{
	struct elf e = inline_elf("go1.19.8",
				  "path\tx\nbuild\tA=1\nbuild\tB=\x1b[2J\nmod\ty\n");
	struct gobin g = EMPTY;

	assert_ok(look(&e, ELF_SIZE, &g, &err));
	assert_string_equal(g.settings, "A=1\nB=\\x1b[2J\n");
}

TEST(gobin_tells_toolchain_and_module_of_older_programs)
{
	static const struct {
		const char *version;
		bool marker;
		const char *crypto;
	} old[] = {
		{"go1.16.7", false, "none"},
		{"go1.16.7", true, "none"},
		{"go1.16.7b7", false, "none"},
		{"go1.16.7b7", true, "boringcrypto"},
		{"go1.16.7b", true, "none"},
		{"go1.16.7b7x", true, "none"},
		{"go1.15.15b5", true, "boringcrypto"},
	};

	for (size_t i = 0; i < ARRAY_LEN(old); i++) {
		struct elf e = pointer_elf(old[i].version);
		struct gobin g = EMPTY;

		if (old[i].marker)
			put_marker(&e);
		assert_ok(look(&e, ELF_SIZE, &g, &err));
		assert_string_equal(g.version, old[i].version);
		assert_string_equal(g.crypto, old[i].crypto);
	}
}

TEST(gobin_calls_a_version_unknown_whose_address_leads_nowhere)
{
	static const uint64_t places[] = {0, 0x400000 - 1, 0x500000 + 1020,
					  UINT64_MAX - 3};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct elf e = pointer_elf("go1.16.7");
		struct gobin g = EMPTY;

		put_u64(&e, DATA + 64 + 16, places[i]);
		assert_ok(look(&e, ELF_SIZE, &g, &err));
		assert_string_equal(g.version, "unknown");
		assert_string_equal(g.crypto, "none");
	}
}

TEST(gobin_finds_no_program_in_other_files)
{
	static const struct {
		size_t at;
		unsigned char byte;
	} damage[] = {
		{0, 'x'},               /* not ELF */
		{EI_CLASS, ELFCLASS32}, /* 32 bits, with headers of 64 */
		{EI_CLASS, 3},          /* bits of no number */
		{EI_DATA, ELFDATA2MSB}, /* big-endian */
		{16, ET_REL},           /* not a program */
		{54, 12},               /* program headers of another size */
		{34, 1},                /* program headers beyond the head */
		{DATA + 32, 0},         /* no magic */
		{DATA + 32 + 15, 7},    /* flags that nobody writes */
		{sizeof(Elf64_Ehdr) + 56 + 4, PF_R}, /* data not writable */
		{sizeof(Elf64_Ehdr) + 56 + 34, 1}, /* data beyond the end of the file */
	};

	for (size_t i = 0; i < ARRAY_LEN(damage); i++) {
		struct elf e = inline_elf("go1.19.8", "");
		struct gobin g = {.version = "before"};

		e.bytes[damage[i].at] = damage[i].byte;
		assert_ok(look(&e, ELF_SIZE, &g, &err));
		assert_string_equal(g.version, "");
		assert_string_equal(g.crypto, "");
	}
}

TEST(gobin_finds_no_program_in_a_few_bytes)
{
	struct elf e = inline_elf("go1.19.8", "");
	struct gobin g;

	for (size_t size = 0; size <= sizeof(Elf64_Ehdr) + 100; size++) {
		assert_ok(look(&e, size, &g, &err));
		assert_string_equal(g.version, "");
	}
}

TEST(gobin_refuses_build_information_that_is_cut_off)
{
	struct elf e = elf_new();
	struct gobin g = {.version = "before"};

	put_text(&e, ELF_SIZE - 32, "\xff Go buildinf:\b\2");
	assert_err(ERR_FORMAT, look(&e, ELF_SIZE, &g, &err));
	e = inline_elf("go1.19.8", "");
	memset(e.bytes + DATA + 64, 0xff, 8); /* a length without an end */
	assert_err(ERR_FORMAT, look(&e, ELF_SIZE, &g, &err));
	e = inline_elf("go1.19.8", "");
	e.bytes[DATA + 64] = 65; /* longer than a version can be */
	assert_err(ERR_LIMIT, look(&e, ELF_SIZE, &g, &err));
	assert_string_equal(g.version, "before");
}

TEST(gobin_gives_up_where_everything_looks_like_build_information)
{
	struct elf e = elf_new();
	struct gobin g;

	for (size_t at = DATA; at < ELF_SIZE; at += 32)
		put_text(&e, at, "\xff Go buildinf:\7\7");
	assert_err(ERR_LIMIT, look(&e, ELF_SIZE, &g, &err));
}

TEST(gobin_finds_no_go_in_this_program)
{
	AUTO(file_closep) int fd = -1;
	struct stat st;
	struct gobin g;

	assert_ok(file_open("/proc/self/exe", O_RDONLY, &fd, &err));
	assert_int_equal(fstat(fd, &st), 0);
	assert_ok(gobin_read_fd(fd, (uint64_t)st.st_size, &g, &err));
	assert_string_equal(g.version, "");
}

TEST(gobin_refuses_a_file_that_became_shorter)
{
	AUTO(file_closep) int fd = -1;
	struct elf e = inline_elf("go1.19.8", "");
	struct gobin g;

	assert_ok(file_unnamed(&fd, &err));
	assert_ok(file_write_fd(fd, e.bytes, DATA + 40, &err));
	assert_err(ERR_FORMAT, gobin_read_fd(fd, ELF_SIZE, &g, &err));
}
