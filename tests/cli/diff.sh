#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# diff: files and IDs, as text and as JSON, and the exit status of each outcome.
. "${TOP:?}/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg jq

one=$TOP/tests/data/manifest-el8-x86_64.json
fours=$(printf 4%.0s {1..64}) zeros=$(printf 0%.0s {1..64})
sed -e 's/"revision": 1/"revision": 2/' -e "s/$fours/$zeros/" \
	-e '/"note": /d' -e 's/kubelet-link/kubelet-alias/' "$one" >two.json

step "a manifest does not differ from itself"
expect 0 fips-manifest diff "$one" "$one"
[ -z "$(cat out err)" ] || fail "something was said"
expect 0 fips-manifest diff --json "$one" "$one"
[ "$(jq -c .changes out)" = '[]' ] || fail "$(cat out)"

step "one line a difference, status 1"
expect 1 fips-manifest diff "$one" two.json
cat out
diff - out <<-END || fail "other differences"
	kubelet /usr/bin/kubelet: sha256 $fours -> $zeros
	kubelet /usr/bin/kubelet-alias: added (kubelet)
	kubelet /usr/bin/kubelet-link: removed (kubelet)
	manifest: note first -> absent
	manifest: revision 1 -> 2
END
says "fips-manifest: el8/v1.21.3/x86_64@1 and el8/v1.21.3/x86_64@2 differ in 5 places"

step "the same as JSON"
expect 1 fips-manifest diff --json "$one" two.json
jq -aS . out | cmp - out || fail "not canonical"
[ "$(jq -r .to.id out)" = el8/v1.21.3/x86_64@2 ] || fail "$(cat out)"
[ "$(jq -r .from.digest out)" = "$(sha256sum <"$one" | cut -d' ' -f1)" ] || fail "digest"
[ "$(jq -c '.changes[0] | [.component, .path, .field]' out)" = \
	'["kubelet","/usr/bin/kubelet","sha256"]' ] || fail "$(cat out)"
[ "$(jq -c '.changes[3]' out)" = '{"field":"note","from":"first"}' ] || fail "$(cat out)"

step "IDs of a store, and signed files"
new_home keys
make_key a rsa3072
cp "$one" one.json
expect 0 fips-manifest sign --yes --quiet --key "$FPR" one.json two.json
expect 1 fips-manifest diff one.json.asc two.json
expect 3 fips-manifest diff el8/v1.21.3@1 two.json
says "there is none here: name it with --store FILE"
one_line
export FIPS_MANIFEST_STORE=$PWD/s.db
expect 0 fips-manifest init
expect 0 fips-manifest key add a.pub
expect 0 fips-manifest add one.json.asc two.json.asc
expect 1 fips-manifest diff el8/v1.21.3@1 el8/v1.21.3
says "differ in 5 places"
expect 0 fips-manifest diff el8/v1.21.3 two.json.asc
expect 3 fips-manifest diff el8/v1.21.3 el9/v1.21.3
says "the store has no manifest 'el9/v1.21.3'"
one_line

step "what is no manifest is refused with file, line and reason"
expect 3 fips-manifest diff "$one" "$TOP/tests/data/refuse/manifest/float.json"
says "float.json': line 46: a number that is not an integer"
one_line
expect 3 fips-manifest diff "$one" nothing.json
says "'nothing.json' is neither an ID, such as el8/v1.21.3@2, nor a file that is here"
one_line
expect 64 fips-manifest diff "$one"
says "an operand is missing: A B"
expect 64 fips-manifest diff "$one" "$one" "$one"
