#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Libraries that are loaded when first needed: what needs them says in one line which one
# is missing, and whoever does not need them does not notice.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg gcc readelf strace

cp "$TOP/tests/data/manifest-el8-x86_64.json" m.json
new_home keys
make_key a rsa3072
clearsign a.asc m.json -u "$FPR"
export FIPS_MANIFEST_STORE=$PWD/s.db
expect 0 fips-manifest init
expect 0 fips-manifest key add a.pub
expect 0 fips-manifest add a.asc
expect 0 fips-manifest publish
expect 0 fips-manifest export tree.tar
mkdir root rpms made
echo no rpm >rpms/x.rpm
cat >x.yaml <<-END
	el: "8"
	kubernetes: v1.21.3
	created: 2021-08-25T00:00:00Z
	components:
	  - name: x
	    rpm: x.rpm
	    unsigned: allowed
END

step "the programs are linked to none of them, and name them in a note"
for p in fips-manifest fips-tool; do
	readelf -d "$BIN/$p" >dynamic
	grep -E 'NEEDED.*lib(curl|archive|rpm|lzma)' dynamic && fail "$p is linked to them"
	readelf -p .note.dlopen "$BIN/$p" >"$p.notes"
	says '"soname":["libcurl.so.4"]' "$p.notes"
done
archive=$(grep -om1 'libarchive\.so\.[0-9]*' fips-manifest.notes)
rpm=$(grep -om1 'librpm\.so\.[0-9]*' fips-manifest.notes)
grep -q 'liblzma\.so\.[0-9]' fips-manifest.notes && [ -n "$archive" ] && [ -n "$rpm" ] || fail "$(cat fips-manifest.notes)"

step "verifying loads none of them"
ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 expect 0 strace -f -o trace -e trace=openat \
	fips-manifest verify --keyring a.pub a.asc
grep -E 'lib(curl|archive|rpm|lzma|ldap|xml2)[-.0-9]*so' trace && fail "a library too many"

step "one that is damaged, or something else under its name, is named with its package"
mkdir broken
loading() { env LD_LIBRARY_PATH="$PWD/broken" "$@"; }
# refused PACKAGE VERB LIBRARY WHY COMMAND...: in one line
refused() {
	local package=$1 words="cannot $2 $3: " why=$4
	shift 4
	expect 3 loading "$@"
	one_line
	says "$words"
	says "$why"
	says " (install $package)"
}
all_refused() { # all_refused VERB WHY
	refused "libcurl4 or libcurl" "$1" libcurl.so.4 "$2" \
		fips-tool --keyring a.pub --root root --el 8 --kubernetes v1.21.3 --server http://127.0.0.1:9/
	refused "libcurl4 or libcurl" "$1" libcurl.so.4 "$2" fips-manifest mirror http://127.0.0.1:9/
	refused "libarchive13 or libarchive" "$1" "$archive" "$2" fips-manifest export other.tar
	refused "libarchive13 or libarchive" "$1" "$archive" "$2" fips-manifest import tree.tar
	refused "librpm9 or rpm-libs" "$1" "$rpm" "$2" \
		fips-manifest build x.yaml --artifacts rpms --output made
	[ -z "$(ls -A made)" ] && [ ! -e other.tar ] || fail "something half-made: $(ls . made)"
	expect 0 loading fips-manifest verify --all
	expect 0 loading fips-manifest list
}
for lib in libcurl.so.4 "$archive" "$rpm"; do echo words >"broken/$lib"; done
all_refused load "file too short"
for lib in libcurl.so.4 "$archive" "$rpm"; do
	echo | gcc -shared -Wl,-soname,"$lib" -x c - -o "broken/$lib"
done
all_refused use ": it has no "
echo "all good"
