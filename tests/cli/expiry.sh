#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a key's end does to what is published: list, publish, the tree and the node agree,
# when a key, the subkey that signed or a signature itself expires, is prolonged, and when
# the last key goes.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg faketime
export ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0

cp "$TOP/tests/data/manifest-el8-x86_64.json" m.json
for i in 4 5 6 7; do sed "s/v1.21.3\"/v1.21.$i\"/" m.json >m$i.json; done
new_home keys
make_key a rsa3072 1d
a=$FPR
make_key b rsa3072
make_subkey b rsa3072 1d
short=$FPR
make_subkey b rsa3072 1y
clearsign m.asc m.json -u "$a"
clearsign m4.asc m4.json -u "$short!"
clearsign m5.asc m5.json -u "$FPR!"
export FIPS_MANIFEST_STORE=$PWD/s.db
expect 0 fips-manifest init --no-roles
expect 0 fips-manifest key add a.pub
expect 0 fips-manifest key add b.pub
expect 0 fips-manifest add m.asc m4.asc m5.asc
expect 0 fips-manifest publish
expect 0 fips-manifest publish
says "nothing new to publish"
later() { faketime -f +2d "$@"; }
state() { awk -v id="el8/v1.21.$1/x86_64@1" '$1 == id { print $2 }' out; }
mkdir root

step "a key and a subkey expire, nothing else changes: list tells, publish takes out"
expect 0 later fips-manifest list
[ "$(state 3) $(state 4) $(state 5)" = "untrusted untrusted published" ] || fail "$(cat out)"
expect 1 later fips-manifest publish
says "took el8/v1.21.3/x86_64@1 out of the tree: the signature by $a does not count: its key expired on "
says "took el8/v1.21.4/x86_64@1 out of the tree: the signature by $short does not count: its key expired on "
says "2 published manifests are no longer trusted"
grep "v1.21.5" err && fail "that one is still good"
expect 0 fips-manifest log
says "distrust el8/v1.21.3/x86_64@1" out
expect 0 fips-manifest export tree
[ "$(cd tree && find manifests -type f)" = manifests/v1.21.5/manifest-el8-x86_64.json.asc ] ||
	fail "$(find tree)"
for f in m.asc m4.asc; do
	expect 2 later fips-tool --keyring tree/keys/release.asc --root root $f
	says "its key expired on "
	expect 2 later fips-manifest add $f
	says "its key expired on "
done
expect 0 later fips-manifest publish
says "el8/v1.21.3/x86_64@1 stays out of the tree: "
says "el8/v1.21.4/x86_64@1 stays out of the tree: "

step "prolonged, it comes back"
g --quick-set-expire "$a" 1y
export_key a
expect 0 fips-manifest key add a.pub
expect 0 later fips-manifest publish
says "published el8/v1.21.3/x86_64@1 as "
expect 0 later fips-manifest list
[ "$(state 3) $(state 4) $(state 5)" = "published untrusted published" ] || fail "$(cat out)"

step "a signature expires by its own word: told when it is added, in list, show, find, publish"
clearsign m6.asc m6.json -u "$FPR!" --default-sig-expire 1d
clearsign m7.asc m7.json -u "$FPR!" --default-sig-expire 1d
expect 0 fips-manifest add m6.asc
says "a signature of it expires on "
expect 0 fips-manifest verify m6.asc
says ", expires " out
expect 0 fips-manifest publish
expect 0 fips-manifest add m7.asc --json
jq -e '.[0].expires' out >/dev/null || fail "no day"
expect 0 fips-manifest list
[ "$(state 5) $(state 6) $(state 7)" = "published published complete" ] || fail "$(cat out)"
expect 0 later fips-manifest list
[ "$(state 5) $(state 6) $(state 7)" = "published untrusted pending" ] || fail "$(cat out)"
expect 0 later fips-manifest list --json
[ "$(jq -c '.manifests[] | select(.kubernetes > "v1.21.5") | [.state, .trusted]' out)" = \
	'["complete",false]
["published",false]' ] || fail "$(cat out)"
expect 0 later fips-manifest show el8/v1.21.6
says "state       untrusted: the signature by $FPR does not count: the signature expired on " out
expect 0 later fips-manifest find m6.json
says " untrusted " out
expect 0 later fips-manifest find m6.json --json
jq -e '.found[0].trusted == false' out >/dev/null || fail "$(cat out)"
expect 2 later fips-manifest add m6.asc
says "the signature expired on "
expect 1 later fips-manifest publish
says "took el8/v1.21.6/x86_64@1 out of the tree: the signature by $FPR does not count: the signature expired on "
says "el8/v1.21.7/x86_64@1 stays pending: "
clearsign again.asc m6.json -u "$FPR!"
expect 0 fips-manifest add again.asc
expect 0 later fips-manifest publish
says "published el8/v1.21.6/x86_64@1 as "
expect 0 later fips-manifest publish
grep "1.21.6" err && fail "the second signature holds"
expect 0 later fips-manifest list
[ "$(state 5) $(state 6) $(state 7)" = "published published pending" ] || fail "$(cat out)"

step "the last keys are revoked without a certificate: nothing stays in the tree"
expect 0 fips-manifest key revoke "$a" --reason "the laptop was stolen"
expect 0 fips-manifest key revoke "$(fprs b | head -n 1)" --reason "the laptop was stolen"
says "the store has 0 keys fit for use"
expect 0 fips-manifest list
[ "$(state 3) $(state 4) $(state 5)" = "untrusted untrusted untrusted" ] || fail "$(cat out)"
expect 1 fips-manifest publish
says "took el8/v1.21.3/x86_64@1 out of the tree: "
says "took el8/v1.21.5/x86_64@1 out of the tree: "
says "took out keys/release.asc"
expect 0 fips-manifest export tree
[ ! -e tree/keys ] && [ ! -e tree/manifests ] || fail "$(find tree)"
expect 3 fips-manifest add m.asc
says "the store trusts no key yet"
expect 0 fips-manifest log --verify
step "a stolen key had signed the list of tools: it goes, too, and mirrors follow"
make_key c rsa3072
make_key d rsa3072
export FIPS_MANIFEST_STORE=$PWD/t.db
role() { expect "$1" fips-manifest "${@:2}" --passphrase-fd 5 5<<<"eight letters"; }
role 0 init
expect 0 fips-manifest key add c.pub
expect 0 fips-manifest key add d.pub
clearsign c.asc m.json -u "$(fprs c)"
expect 0 fips-manifest add c.asc
expect 0 fips-manifest tool add /bin/true --version 1.0.0 --arch x86_64
fips-manifest tool sums >SHA256SUMS
clearsign SHA256SUMS.asc SHA256SUMS -u "$(fprs c)"
expect 0 fips-manifest tool add-sums SHA256SUMS.asc
role 0 publish
expect 0 fips-manifest export one
expect 0 fips-manifest --store mirror.db init --no-roles
expect 0 fips-manifest --store mirror.db import one --trust one/metadata/1.root.json
expect 0 fips-manifest key revoke "$(fprs c)" --reason "the laptop was stolen"
role 1 publish
says "took tool/SHA256SUMS.asc out of the tree: "
expect 0 fips-manifest log
says "distrust tool/SHA256SUMS.asc" out
expect 0 fips-manifest export two
[ -e two/tool/SHA256SUMS ] && [ ! -e two/tool/SHA256SUMS.asc ] || fail "$(find two)"
expect 0 fips-manifest --store mirror.db import two
says "gone       el8/v1.21.3/x86_64@1" out
clearsign SHA256SUMS.asc SHA256SUMS -u "$(fprs d)"
expect 0 fips-manifest tool add-sums SHA256SUMS.asc
role 0 publish
says "published tool/SHA256SUMS.asc"
expect 0 fips-manifest key revoke "$(fprs d)" --reason "so was this one"
role 1 publish
says "the signed list of the tools is no longer trusted"
role 0 publish
expect 0 fips-manifest export three
expect 0 fips-manifest --store mirror.db import three # a tree without any key
expect 0 fips-manifest --store mirror.db key list
says "the store trusts no key yet"
expect 0 fips-manifest log --verify
echo "all good"
