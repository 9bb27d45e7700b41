/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late: a library that few commands need is loaded when first needed.
 *
 * libcurl, libarchive, librpm and liblzma bring 45 libraries with them, LDAP, Kerberos
 * and ICU among them, and the dynamic linker took 5.0 of the 6.8 ms for them in which
 * `fips-manifest --version` ran (curl 2.2 ms, archive 1.2, rpm 0.8 beside the others).
 * The rest takes 1.0 ms, half of it libcrypto, and stays linked.
 *
 * Rules: the module that owns a library lists the functions that it calls, once, and
 * calls them through the table that comes of it; their types are those of the
 * library's own header. It calls lib_load() before anything else in it. The name is
 * that of the library that was linked at build time (soname.inc), and goes into the
 * program's .note.dlopen, where packagers' tools look for it. In the static fips-tool
 * (FIPS_TOOL_STATIC) the table is filled by the linker.
 *
 *     #define FUNCTIONS(_) _(curl_easy_init) _(curl_easy_cleanup)
 *     LATE_LIBRARY(FUNCTIONS, CURL, "fetching")
 *     ...
 *             if (!lib_load(err))
 *                     return false;
 *             curl = lib.curl_easy_init();
 */
#ifndef CORE_LATE_H
#define CORE_LATE_H

#include "core/error.h"

#include <pthread.h>

struct late_library {
	const char *soname;
	const char *package; /* that has it, for the error */
	const char *const *names;
	size_t count;
	void *table; /* a function pointer for each name */
	pthread_mutex_t lock;
	bool loaded;
};

/* Where to get them: Debian's name, EL's name. */
#define LATE_PACKAGE_CURL "libcurl4 or libcurl"
#define LATE_PACKAGE_ARCHIVE "libarchive13 or libarchive"
#define LATE_PACKAGE_RPM "librpm9 or rpm-libs"
#define LATE_PACKAGE_LZMA "liblzma5 or xz-libs"

/* Once a process, however often it is called. ERR_SYSTEM with the reason; then the
 * table is not to be used. */
bool late_load(struct late_library *l, struct error *err) MUST_CHECK;

/* One note (UAPI group, "ELF dlopen metadata"): owner, type and a text in JSON. */
#define LATE_NOTE_TYPE 0x407c0c0a
#define LATE_NOTE(json_)                                                               \
	static const struct {                                                          \
		uint32_t owner_size, size, type;                                       \
		char owner[4];                                                         \
		char json[(sizeof(json_) + 3) / 4 * 4];                                \
	} late_note_ __attribute__((used, section(".note.dlopen"), aligned(4))) = {    \
		4, sizeof(json_), LATE_NOTE_TYPE, "FDO", json_};

#define LATE_SLOT(name_) __typeof__(name_) *name_;
#define LATE_NAME(name_) #name_,
#define LATE_BIND(name_) name_,

#ifdef FIPS_TOOL_STATIC
#define LATE_LIBRARY(functions_, library_, use_)                                       \
	static const struct {                                                          \
		functions_(LATE_SLOT)                                                  \
	} lib = {functions_(LATE_BIND)};                                               \
	static bool lib_load(struct error *err)                                        \
	{                                                                              \
		(void)err;                                                             \
		return true;                                                           \
	}
#else
#define LATE_LIBRARY(functions_, library_, use_)                                       \
	static struct {                                                                \
		functions_(LATE_SLOT)                                                  \
	} lib;                                                                         \
	static bool lib_load(struct error *err)                                        \
	{                                                                              \
		static const char *const names[] = {functions_(LATE_NAME)};            \
		static struct late_library late = {                                    \
			.soname = SONAME_##library_,                                   \
			.package = LATE_PACKAGE_##library_,                            \
			.names = names,                                                \
			.count = ARRAY_LEN(names),                                     \
			.table = &lib,                                                 \
			.lock = PTHREAD_MUTEX_INITIALIZER,                             \
		};                                                                     \
                                                                                       \
		return late_load(&late, err);                                          \
	}                                                                              \
	LATE_NOTE("[{\"description\":\"" use_ "\",\"priority\":\"recommended\","       \
		  "\"soname\":[\"" SONAME_##library_ "\"]}]")
#endif

#endif
