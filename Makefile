# SPDX-License-Identifier: Apache-2.0
#
# fips-manifest: what `make` can do
#
#   make                     build/bin/{fips-manifest,fips-manifestd,fips-tool}
#   make demo                the main job in front of your eyes (installs what is missing)
#   make check               every test (installs what is missing)
#   make check SAN=1         the same under ASan and UBSan
#   make unit cli            the unit tests, the command-line tests alone (T=name: one)
#   make lint                the promises of style: layers, prefixes, formatting, analyzers
#   make fuzz                each fuzz target for FUZZ_SECONDS (60)
#   make soak                the server under load and publishes for SOAK_SECONDS (300)
#   make bench               speed and memory as ratios against real peers
#   make deps                install what building and testing need (needs root or sudo)
#   make man                 the man pages
#   make fips-tool-static    build/static/fips-tool, one file for any node
#   make check-fips          test with OpenSSL's FIPS provider, built for it
#   make format              run clang-format over the tree
#   make tidy                run clang-tidy over the tree
#   make compile_commands.json
#   make install             into DESTDIR/PREFIX (/usr/local)
#   make clean               remove build/
#
# Settings: CC CFLAGS LDFLAGS PREFIX DESTDIR WERROR=1 SAN=1 JOBS=N SOURCE_DATE_EPOCH
#   TRUST=root.json, KEYRING=release.asc: what fips-tool trusts from the beginning

VERSION := 1.0.0

PREFIX ?= /usr/local
BUILD := build

# a folder a variant
ifdef SAN
OUT := $(BUILD)/san
VARIANT := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OPT := -O1 -g
# The rounds of PBKDF2 are OpenSSL's loop, and ASan makes a passphrase take 0.3 s there.
VARIANT += -DTUF_SIGN_ROUNDS=2000
else
OUT := $(BUILD)
OPT := -O2 -g
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

CC ?= cc
AR ?= ar
PKG_CONFIG ?= pkg-config
CFLAGS ?= $(OPT)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wcast-qual -Wmissing-prototypes -Wvla \
	-Wformat=2 -Wundef $(if $(WERROR),-Werror)
HARDEN := $(FORTIFY) -fstack-protector-strong -fPIE
COMMON := -std=gnu17 -D_GNU_SOURCE -DFIPS_MANIFEST_VERSION='"$(VERSION)"' \
	-I. -I$(OUT)/gen -ffile-prefix-map=$(CURDIR)=. -pthread

# what each folder may use; the lint test holds the sources to it
CORE_PKGS := libcrypto jansson gpgme yaml-0.1 libcurl sqlite3 libarchive
SIGNER_PKGS := $(CORE_PKGS) rpm liblzma
SERVER_PKGS := $(CORE_PKGS) libmicrohttpd libseccomp zlib libzstd
CLIENT_PKGS := $(CORE_PKGS)
TEST_PKGS := $(sort $(SIGNER_PKGS) $(SERVER_PKGS)) cmocka
# the oldest that will do are those of EL 9
OLDEST := 'gpgme >= 1.15' 'jansson >= 2.14' 'libarchive >= 3.5' 'libcrypto >= 3.0' \
	'libcurl >= 7.76' 'libmicrohttpd >= 0.9.72' 'libseccomp >= 2.5' 'rpm >= 4.16' \
	'sqlite3 >= 3.34' 'yaml-0.1 >= 0.2.5'

# asked of pkg-config once a package list and only by rules that compile
pkg_cflags = $(shell $(PKG_CONFIG) --cflags $(1))
pkg_libs = $(shell $(PKG_CONFIG) --libs $(1))

ALL_CFLAGS = $(COMMON) $(WARN) $(HARDEN) $(VARIANT) $(CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(VARIANT) $(LDFLAGS) -pthread

CORE_SRC := $(wildcard core/*.c)
SIGNER_SRC := $(wildcard signer/*.c)
SERVER_SRC := $(wildcard server/*.c)
CLIENT_SRC := $(wildcard client/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
BENCH_SRC := $(wildcard tests/bench/*.c)
SQL := $(sort $(wildcard schema/*.sql))

objects = $(patsubst %.c,$(OUT)/obj/%.o,$(1))

CORE_LIB := $(OUT)/libcore.a
SIGNER_LIB := $(OUT)/libsigner.a
SERVER_LIB := $(OUT)/libserver.a
CLIENT_LIB := $(OUT)/libclient.a
BIN := $(OUT)/bin
PROGRAMS := $(BIN)/fips-manifest $(BIN)/fips-manifestd $(BIN)/fips-tool
UNIT := $(patsubst tests/unit/%.c,$(OUT)/tests/%,$(UNIT_SRC))
REPLAY := $(patsubst tests/fuzz/%.c,$(OUT)/tests/%,$(FUZZ_SRC))
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))
CLI_HELPERS := $(patsubst tests/cli/%.c,$(OUT)/tests/%,$(wildcard tests/cli/*.c))
BENCH := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(BENCH_SRC))
MAN := $(patsubst docs/man/%.scd,$(BUILD)/man/%,$(wildcard docs/man/*.scd))

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all help check unit cli demo lint fuzz soak bench deps man format tidy install clean force fips-tool-static check-fips

all: $(PROGRAMS) $(if $(SAN),,man)

help:
	@sed -n '/^# fips-manifest/,/^# Settings/s/^# \{0,1\}//p' Makefile

# on all cores, unless make was told otherwise by -j
ON_ALL_CORES = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

# ---- compiling ----

# a change of compiler or flags rebuilds everything
STAMP := $(OUT)/flags
$(STAMP): force
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' >$@

PKG_FLAGS := $(OUT)/pkg.mk
$(PKG_FLAGS): Makefile
	@mkdir -p $(@D)
	@$(PKG_CONFIG) --print-errors --exists $(TEST_PKGS) $(OLDEST) || \
		{ echo "libraries are missing or too old: 'make deps' installs what this system has" >&2; \
		exit 1; }
	@{ \
	echo 'PKG_CFLAGS := $(call pkg_cflags,$(TEST_PKGS))'; \
	echo 'SIGNER_LIBS := $(call pkg_libs,$(SIGNER_PKGS))'; \
	echo 'SERVER_LIBS := $(call pkg_libs,$(SERVER_PKGS))'; \
	echo 'CLIENT_LIBS := $(call pkg_libs,$(CLIENT_PKGS))'; \
	echo 'TEST_LIBS := $(call pkg_libs,$(TEST_PKGS))'; \
	} >$@

# goals that compile nothing must not need the packages
ifneq ($(filter-out help clean deps check demo format lint fuzz bench fips-tool-static check-fips,$(or $(MAKECMDGOALS),all)),)
-include $(PKG_FLAGS)
endif

GEN := $(addprefix $(OUT)/gen/,schema.inc page.inc openapi.inc trust.inc keyring.inc soname.inc)

$(OUT)/obj/%.o: %.c $(STAMP) | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -MMD -MP -c $< -o $@

# schema/NNN_name.sql as C strings: { NNN, "name", "text" },
$(OUT)/gen/schema.inc: $(SQL) schema/embed.sh
	@mkdir -p $(@D)
	schema/embed.sh $(SQL) >$@

# texts as C strings: page_css[], page_js[], openapi_json[]
AS_STRING = for f in $^; do n=$${f\#\#*/}; echo "static const char $${n%.*}_$${n\#\#*.}[] ="; \
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' $$f; echo ';'; done
$(OUT)/gen/page.inc: core/page.css core/page.js
	@mkdir -p $(@D)
	$(AS_STRING) >$@
$(OUT)/gen/openapi.inc: schema/openapi.json
	@mkdir -p $(@D)
	$(AS_STRING) >$@

# the libraries that are loaded late (core/late.h), by the names that a linker finds
$(OUT)/gen/soname.inc: $(PKG_FLAGS)
	@mkdir -p $(@D)
	@echo 'int main(void) { return 0; }' | \
		$(CC) -x c - -Wl,--no-as-needed $(SIGNER_LIBS) -o $@.linked
	@for lib in CURL:libcurl ARCHIVE:libarchive RPM:librpm LZMA:liblzma; do \
		readelf -d $@.linked | sed -n 's/.*NEEDED.*\[\('$${lib#*:}'\.so.*\)\]/#define SONAME_'$${lib%:*}' "\1"/p'; \
	done >$@
	@rm $@.linked

# what fips-tool trusts from the beginning: make TRUST=root.json KEYRING=release.asc
AS_BYTES = @mkdir -p $(@D); { echo 'static const char $(1)[] ='; \
	$(if $(2),od -An -v -tx1 $(2) | sed 's/ \(..\)/\\x\1/g; s/.*/"&"/',echo '""'); \
	echo ';'; } >$@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(OUT)/gen/trust.inc: $(TRUST) force
	$(call AS_BYTES,trust_root,$(TRUST))
$(OUT)/gen/keyring.inc: $(KEYRING) force
	$(call AS_BYTES,keyring_built_in,$(KEYRING))

$(CORE_LIB): $(call objects,$(CORE_SRC))
$(SIGNER_LIB): $(call objects,$(filter-out signer/main.c,$(SIGNER_SRC)))
$(SERVER_LIB): $(call objects,$(filter-out server/main.c,$(SERVER_SRC)))
$(CLIENT_LIB): $(call objects,$(filter-out client/main.c,$(CLIENT_SRC)))
$(CORE_LIB) $(SIGNER_LIB) $(SERVER_LIB) $(CLIENT_LIB):
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcsD $@ $^

$(BIN)/fips-manifest: $(OUT)/obj/signer/main.o $(SIGNER_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(SIGNER_LIBS) -o $@
$(BIN)/fips-manifestd: $(OUT)/obj/server/main.o $(SERVER_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(SERVER_LIBS) -o $@
$(BIN)/fips-tool: $(OUT)/obj/client/main.o $(CLIENT_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(CLIENT_LIBS) -o $@

# The tests' own fips-tool: no test can put the kernel into FIPS mode, so there a tmpfs over a
# file of /proc stands for one that is (tests/cli/tool_kernel.sh boots a real one).
STAND_IN := $(OUT)/tests/stand-in
$(STAND_IN)/proc_own.o: client/proc_own.c $(STAMP)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DPROC_STAND_IN=true -MMD -MP -c $< -o $@
$(STAND_IN)/fips-tool: $(OUT)/obj/client/main.o $(STAND_IN)/proc_own.o $(CLIENT_LIB) $(CORE_LIB)
	$(CC) $(ALL_LDFLAGS) $^ $(CLIENT_LIBS) -o $@

# One static file that runs on any node of EL 7, 8 and 9. The distribution's static
# libraries, and a libcurl that is nothing but an HTTP client (.ci/libcurl-static).
STATIC := $(BUILD)/static/fips-tool
STATIC_LIBS := -ljansson -larchive -lzstd -llzma -lbz2 -lz
fips-tool-static:
	@.ci/deps static
	+@$(MAKE) --no-print-directory $(ON_ALL_CORES) $(STATIC)
$(BUILD)/static/curl/libcurl.a: .ci/libcurl-static
	.ci/libcurl-static $(@D)
# what differs there: it loads no library late
STATIC_OBJ := $(patsubst %,$(BUILD)/static/obj/%.o,client/portable core/http core/tree_tar core/unpack)
$(STATIC_OBJ): $(BUILD)/static/obj/%.o: %.c $(STAMP) | $(GEN)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -DFIPS_TOOL_STATIC -MMD -MP -c $< -o $@
$(STATIC) $(STAND_IN)/static/fips-tool: $(OUT)/obj/client/main.o $(STATIC_OBJ) $(CLIENT_LIB) \
		$(CORE_LIB) $(BUILD)/static/curl/libcurl.a
	@mkdir -p $(@D)
	$(CC) -static-pie -Wl,-z,relro,-z,now -Wl,--gc-sections -Wl,--build-id=none -s \
		$(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(STATIC_LIBS) -lssl -lcrypto -pthread -o $@.new
	mv $@.new $@
$(STAND_IN)/static/fips-tool: $(STAND_IN)/proc_own.o

# options, paths and values are not broken at the end of a line
$(BUILD)/man/%: docs/man/%.scd
	@mkdir -p $(@D)
	scdoc <$< >$@
	sed -i 's/^\.TH .*/&\n.hy 0\n.cflags 0 - \\-/' $@

man: $(MAN)

# ---- tests ----

$(UNIT): $(OUT)/tests/%: $(OUT)/obj/tests/unit/%.o $(OUT)/obj/tests/unit/test.o \
		$(SIGNER_LIB) $(SERVER_LIB) $(CLIENT_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(TEST_LIBS) -o $@

$(REPLAY): $(OUT)/tests/%: $(OUT)/obj/tests/fuzz/%.o $(OUT)/obj/tests/fuzz/replay.o \
		$(SIGNER_LIB) $(SERVER_LIB) $(CLIENT_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(TEST_LIBS) -o $@

$(CLI_HELPERS): $(OUT)/tests/%: $(OUT)/obj/tests/cli/%.o $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(TEST_LIBS) -o $@

# what the TUF project's tests drive
TUF_CLIENT := $(OUT)/tests/tuf-client
$(TUF_CLIENT): $(OUT)/obj/tests/tuf/client.o $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(CLIENT_LIBS) -o $@

deps:
	@.ci/deps check

# deps first, then a make of its own: pkg-config may only now be there; all that is to be
# compiled, then the tests; -k: a failed unit test does not hide what the programs do
check: deps
	+@$(MAKE) --no-print-directory $(ON_ALL_CORES) all $(UNIT) $(REPLAY) $(CLI_HELPERS) $(TUF_CLIENT) $(STAND_IN)/fips-tool
	+@$(MAKE) --no-print-directory $(ON_ALL_CORES) -k unit cli

unit: $(UNIT) $(REPLAY)
	@tests/run unit $(OUT) $(filter %$(T),$^)

cli: $(PROGRAMS) $(CLI_HELPERS) $(TUF_CLIENT) $(STAND_IN)/fips-tool
	@tests/run cli $(OUT) $(filter-out %/lib.sh %/fixtures.sh %/keys.sh,$(wildcard tests/cli/*$(T).sh))

check-fips:
	@.ci/deps check
	@.ci/openssl-fips $(BUILD)/fips
	+@$(MAKE) --no-print-directory $(ON_ALL_CORES) all
	@tests/run cli $(OUT) tests/fips/*.sh

# quietly: a person looks on
demo:
	@.ci/deps demo
	@echo '# Building fips-manifest, fips-manifestd and fips-tool'
	+@$(MAKE) --no-print-directory --silent $(ON_ALL_CORES) all
	@tests/demo.sh $(CURDIR)/$(BIN)

# libFuzzer wants everything compiled by clang with its coverage
FUZZ_FLAGS := -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_OBJ := $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(CORE_SRC) \
	$(filter-out %/main.c,$(SIGNER_SRC) $(SERVER_SRC) $(CLIENT_SRC)))

$(BUILD)/fuzz/obj/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	clang $(COMMON) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link $(PKG_CFLAGS) -MMD -MP \
		-c $< -o $@

$(BUILD)/fuzz/lib.a: $(FUZZ_OBJ)
	@rm -f $@
	$(AR) rcsD $@ $^

$(FUZZ): $(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(BUILD)/fuzz/lib.a
	@mkdir -p $(@D)
	clang $(FUZZ_FLAGS) -fsanitize=fuzzer $^ $(TEST_LIBS) -o $@

fuzz:
	@.ci/deps fuzz
	+@$(MAKE) --no-print-directory $(ON_ALL_CORES) $(FUZZ)
	@tests/run fuzz $(BUILD) $(FUZZ)

lint:
	@.ci/deps lint
	+@$(MAKE) --no-print-directory $(ON_ALL_CORES) compile_commands.json $(PROGRAMS)
	@tests/lint/run $(OUT)

$(BENCH): $(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(SIGNER_LIB) $(SERVER_LIB) \
		$(CLIENT_LIB) $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(TEST_LIBS) -o $@

bench:
	@.ci/deps bench
	+@$(MAKE) --no-print-directory $(ON_ALL_CORES) $(PROGRAMS) $(BENCH) $(BUILD)/tests/store_fill $(STAND_IN)/fips-tool
	@tests/bench/run $(BUILD)

# always with the sanitizers
soak:
	+@$(MAKE) --no-print-directory SAN=1 $(BUILD)/san/bin/fips-manifestd $(BUILD)/san/tests/store_fill
	@tests/soak.sh $(BUILD)/san

# ---- the rest ----

SOURCES := $(wildcard core/*.[ch] signer/*.[ch] server/*.[ch] client/*.[ch] \
	tests/unit/*.[ch] tests/cli/*.c tests/fuzz/*.[ch] tests/bench/*.[ch] \
	tests/tuf/*.[ch])

format:
	clang-format -i $(SOURCES)

tidy: compile_commands.json
	clang-tidy --quiet -p . $(filter %.c,$(SOURCES))

compile_commands.json: Makefile $(filter %.c,$(SOURCES))
	@{ sep='['; for f in $(filter %.c,$(SOURCES)); do \
	printf '%s\n{"directory":"%s","file":"%s","command":"cc %s -c %s"}' "$$sep" \
		'$(CURDIR)' "$$f" '$(subst ",\",$(subst ','\'',$(COMMON) $(WARN) $(PKG_CFLAGS)))' "$$f"; \
	sep=','; done; echo ']'; } >$@

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man8
	install -m 0755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	for page in $(MAN); do \
		install -m 0644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}; done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	for program in $(notdir $(PROGRAMS)); do install -m 0644 docs/completion.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$program; done
	install -d $(addprefix $(DESTDIR)$(PREFIX)/lib/,systemd/system sysusers.d tmpfiles.d)
	sed 's,/usr/local,$(PREFIX),' server/systemd/fips-manifestd.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/fips-manifestd.service
	install -m 0644 server/systemd/fips-manifestd.socket \
		$(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 0644 server/systemd/fips-manifest.sysusers \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/fips-manifest.conf
	install -m 0644 server/systemd/fips-manifest.tmpfiles \
		$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/fips-manifest.conf

clean:
	rm -rf $(BUILD) compile_commands.json

-include $(shell find $(OUT)/obj $(STAND_IN) $(BUILD)/fuzz/obj $(BUILD)/static/obj -name '*.d' 2>/dev/null)
