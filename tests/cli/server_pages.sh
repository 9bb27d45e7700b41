#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The pages in a real browser, and the API held against its OpenAPI description.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/server_lib.bash"
. "$TOP/tests/cli/keys.sh"
need gpg chromium
judges

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
head -c 100000 /dev/urandom >fips-tool
expect 0 fips-manifest tool add fips-tool --version 1.0.0 --arch x86_64
expect 0 fips-manifest publish

serve --access-log errors

step "OpenAPI"
judge openapi.mjs "$TOP/schema/openapi.json" "$URL" || fail "the API is not as described"

step "browser"
shots=$OUT/screenshots
judge browser.mjs "$URL" "$shots" || fail "the pages"
[ -s "$shots/page-phone-dark.png" ] || fail "no screenshots in $shots"
stop
