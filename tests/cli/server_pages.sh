#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The pages in a real browser, and the API held against its OpenAPI description.
# long
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/server_lib.bash"
. "$TOP/tests/cli/keys.sh"
need gpg chromium jq faketime
judges
# faketime is preloaded before ASan, which is fine here
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0

sample=$TOP/tests/data/manifest-el8-x86_64.json
export FIPS_MANIFEST_STORE=$PWD/s.db
new_home keys
make_key release rsa3072
expect 0 fips-manifest init
expect 0 fips-manifest key add release.pub
# make FILE SED-EXPRESSION...: the sample, changed, signed, in the store
make() {
	local out=$1 args=()
	shift
	for e; do args+=(-e "$e"); done
	sed "${args[@]}" "$sample" >"$out"
	expect 0 fips-manifest sign --yes --quiet --key "$FPR" --output "$out.asc" "$out"
	expect 0 fips-manifest add "$out.asc"
	expect 0 fips-manifest publish
}
make el8-1 's/x/x/'
make el8-2 's/"revision": 1/"revision": 2/; s/"size": 114000000/"size": 114000001/'
make el7 's/"el": "8"/"el": "7"/'
make bad 's/"kubernetes": "v1.21.3"/"kubernetes": "v1.21.2+fips.0"/; s/"note": "first"/"note": "<b>"/'
make newer 's/"kubernetes": "v1.21.3"/"kubernetes": "v1.21.4+fips.0"/; s/"note": "first"/"note": "<b>"/'
expect 0 fips-manifest withdraw el8/v1.21.2+fips.0 --reason "built <without> the module"
make_program fips-tool 100000
expect 0 fips-manifest tool add fips-tool --version 1.0.0 --arch x86_64
expect 0 fips-manifest publish

# a mirror of all that, whose site says what it has: this morning's, looked at just now
mirror_of_it() {
	echo a-passphrase >pass
	expect 0 fips-manifest --store a.db init --quiet --passphrase-fd 3 3<pass
	expect 0 fips-manifest --store a.db key add release.pub
	expect 0 fips-manifest --store a.db tool add fips-tool --version 1.0.0 --arch x86_64
	for f in el8-1 el8-2 el7 newer; do
		expect 0 fips-manifest --store a.db add --quiet $f.asc
		expect 0 fips-manifest --store a.db publish --quiet --passphrase-fd 3 3<pass
	done
	expect 0 fips-manifest --store a.db export --quiet tree
	expect 0 fips-manifest --store m.db init --no-roles --quiet
	expect 0 fips-manifest --store m.db site init --plain --name 'Reactor 4 <north>'
	expect 0 fips-manifest --store m.db import --quiet tree --trust tree/metadata/1.root.json
}

serve --access-log errors

step "OpenAPI"
judge openapi.mjs "$TOP/schema/openapi.json" "$URL" || fail "the API is not as described"

step "browser"
shots=$OUT/screenshots
judge browser.mjs "$URL" "$shots" || fail "the pages"
[ -s "$shots/page-phone-dark.png" ] || fail "no screenshots in $shots"
stop

step "a mirror tells what its site says"
mirror_of_it
serve --store m.db
judge openapi.mjs "$TOP/schema/openapi.json" "$URL" || fail "the API is not as described"
get "$URL/healthz" | jq .site >said
get "$URL/site/statement.json" | jq '.signed | {arrived, checked, name: .site, snapshot, source}' |
	diff - said || fail "/healthz says something else than the statement"
arrived=$(jq -r '.arrived | fromdateiso8601' said)
get "$URL/metrics" | grep -qx "fips_manifestd_site_arrived_timestamp_seconds $arrived" ||
	fail "metrics"
cmp <(get "$URL/index.json") tree/index.json || fail "index.json is not the authority's"
judge browser.mjs "$URL" "$shots/site" "dress|site|link|valid" || fail "the pages of a mirror"
expect 0 faketime -f +2d fips-manifest --store m.db import --quiet tree
later() { [ "$(get "$URL/healthz" | jq -r '.site | (.checked | fromdateiso8601) - (.arrived | fromdateiso8601) > 86400')" = true ]; }
wait_for 20 later || fail "the new statement is not served: $(get "$URL/healthz")"
stop
