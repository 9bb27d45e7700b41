#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What was typed wrongly is told with what is right: one refusal that names the thing, and
# the exit status that goes with it.
. "$TOP/tests/cli/lib.sh"

# refused STATUS TEXT COMMAND...
refused() {
	local status=$1 text=$2
	shift 2
	expect "$status" "$@"
	says "$text"
	[ ! -s out ] || fail "something on standard output"
}

step "a command that is none, and one that is nearly one"
for typo in pubish:publish sgin:sign bulid:build lst:list mirrror:mirror staus:status; do
	refused 64 "no command '${typo%:*}': is '${typo#*:}' meant? --help lists them" \
		fips-manifest "${typo%:*}"
	one_line
done
refused 64 "no command 'foo'; --help lists them" fips-manifest foo
refused 64 "no command 'x'; --help" fips-manifest x
refused 64 "no command 'aaaa" fips-manifest "$(printf 'a%.0s' {1..300})"

step "operands that name nothing"
expect 0 fips-manifest init --no-roles
: >empty
for name in el8 el8/1.21.3 EL8/v1.21.3 el8/v1.21.3@x el8/v1.21.3/arm64 gone.json; do
	refused 3 "'$name' is neither an ID, such as el8/v1.21.3@2, nor a file" fips-manifest show "$name"
	refused 3 "'$name' is neither an ID" fips-manifest diff "$name" empty
done
refused 3 "'abc' is neither a digest, 64 hex digits, nor a file" fips-manifest find abc
refused 3 "'sha256:abc' is neither a digest" fips-manifest find sha256:abc
refused 3 "cannot read the passphrase from descriptor 9" \
	fips-manifest --store n.db init --passphrase-fd 9
[ ! -e n.db ] || fail "half a store"

step "no folder gets the name of an archive"
for name in tree.tar.gz tree.tgz tree.zip tree.tar.xz tree.zst; do
	refused 64 "an archive is written as NAME.tar or NAME.tar.zst, not as '$name'" \
		fips-manifest export "$name"
	[ ! -e "$name" ] || fail "$name is there"
done

step "the server's options say what they take"
server() { fips-manifestd --store fips-manifest.db --listen 127.0.0.1:0 "$@"; }
refused 64 "--threads takes a number from 1 to 256, not '0'" server --threads 0
refused 64 "--connections takes a number from 1 to 1000000, not '-1'" server --connections -1
refused 64 "--per-address takes a number from 0 to 1000000, not 'x'" server --per-address x
refused 64 "--timeout takes a number from 1 to 3600, not '1h'" server --timeout 1h
refused 64 "--min-rate takes a number from 1 to 4294967295, not '0'" server --min-rate 0
refused 64 "--sandbox takes auto|require|off, not 'on'" server --sandbox on
refused 64 "--access-log takes off|errors|all, not 'yes'" server --access-log yes
refused 64 "--log-format takes text|json, not 'xml'" server --log-format xml

step "so do the tool's"
formats="the formats are text, json, junit and prometheus"
refused 64 "no format 'xml'; $formats" fips-tool --format xml m.asc
refused 64 "--report must be FORMAT:FILE, not 'xml:o'; $formats" fips-tool --report xml:o m.asc
refused 64 "give one of MANIFEST.asc, --server URL, --tree DIR and --bundle FILE.tar" fips-tool
refused 64 "give one of --server URL, --tree DIR and --bundle FILE.tar" fips-tool --self-check
refused 3 "no root to begin with, and no --trust that names one: cannot open 'none/root.json'" \
	fips-tool --tree . --el 8 --state none
refused 3 "'empty' is empty" fips-tool --tree . --el 8 --state none --trust empty
echo x >junk
refused 3 "the root that --trust gives: root: line 1:" \
	fips-tool --tree . --el 8 --state none --trust junk
