#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# site: the key of a mirror's site, and the statement that import and mirror sign.
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/site.bash
. "$TOP/tests/cli/site.bash"
judges
authority
version() { jq -r .signed.snapshot.version "$1"; }

step "a site is a mirror; its key is made with a passphrase, or plain when that is said"
mirror m.db
unchanged s.db expect 3 fips-manifest site init --plain
one_line
says "the store has an authority of its own"
for wrong in '' '--plain --passphrase-fd 3' '--plain --name '; do
	# shellcheck disable=SC2086  # a list of options
	unchanged m.db expect 64 fips-manifest --store m.db site init $wrong 3<pass
done
unchanged m.db expect 64 fips-manifest --store m.db site init --plain --name $'a\nb'
unchanged m.db expect 64 fips-manifest --store m.db site
unchanged m.db expect 64 fips-manifest --store m.db site init now
unchanged m.db expect 64 fips-manifest --store m.db site end
unchanged m.db expect 64 fips-manifest --store m.db site show --name x
unchanged m.db expect 64 fips-manifest --store m.db site add-key --plain
unchanged m.db expect 3 fips-manifest --store m.db site show
one_line
says "no site"
unchanged m.db expect 3 fips-manifest --store m.db site add-key two --plain
[ ! -e m.db.keys ] || fail "a folder without a key"
expect 0 fips-manifest --store m.db site init --plain --name 'Reactor "4" \ north'
says "made 'm.db.keys/site.pem' without a passphrase"
id=$(cat out)
[ "$(stat -c %a m.db.keys m.db.keys/site.pem | tr '\n' ' ')" = "700 600 " ] ||
	fail "others can read the key"
openssl pkey -in m.db.keys/site.pem -noout || fail "openssl does not read the key"
cp m.db.keys/site.pub site.pub
unchanged m.db expect 3 fips-manifest --store m.db site init --plain
says "has a site already"
cmp -s site.pub m.db.keys/site.pub || fail "the key was replaced"
unchanged m.db expect 3 fips-manifest --store m.db site show
says "has said nothing yet"

step "import signs what came, and leaves the tree as it is"
before=$(date -u +%FT%TZ)
expect 0 fips-manifest --store m.db import tree1 --trust root.json
says "signed the site's statement"
expect 0 fips-manifest --store m.db export m
[ "$(cat m/site/statement.json)" = "$(fips-manifest --store m.db site show --json)" ] ||
	fail "another statement in the tree"
cp m/site/statement.json one.json
rm -r m/site
same m tree1
signed_by one.json site.pub || fail "openssl does not verify it"
expect 0 judge ajv.mjs "$TOP/schema/site.schema.json" one.json
jq -e --arg d "$(sha256sum <tree1/metadata/2.snapshot.json | cut -c1-64)" \
	--arg b "$before" --arg e "$(jq -r .signed.expires tree1/metadata/timestamp.json)" \
	--arg k "$id" '.signatures[0].keyid == $k and (.signed |
	._type == "site" and .format == "fips-manifest-site/1" and
	.site == "Reactor \"4\" \\ north" and .source == "tree1" and
	.snapshot == {sha256: $d, version: 2} and .timestamp == {expires: $e, version: 2} and
	.arrived >= $b and .checked >= .arrived)' one.json >/dev/null || fail "$(jq . one.json)"
expect 0 fips-manifest --store m.db site show
says 'site       Reactor "4" \ north' out
says "snapshot   2 sha256 $(sha256sum <tree1/metadata/2.snapshot.json | cut -c1-64)" out
says "key        $id" out

step "nothing new: when it was looked for is new, when it came is not"
expect 0 at +1d fips-manifest --store m.db import tree1
says "nothing new"
statement m.db two.json
jq -es '(.[0].signed.arrived == .[1].signed.arrived) and
	(.[0].signed.checked < .[1].signed.checked)' one.json two.json >/dev/null ||
	fail "$(jq . two.json)"
expect 0 at +2d fips-manifest --store m.db mirror
says "nothing new"
statement m.db three.json
jq -es '(.[0].signed.arrived == .[1].signed.arrived) and
	(.[0].signed.checked < .[1].signed.checked)' two.json three.json >/dev/null ||
	fail "$(jq . three.json)"
signed_by three.json site.pub || fail "openssl does not verify it"

step "something new: both"
cp m.db old.db
expect 0 at +3d fips-manifest --store m.db import tree2
statement m.db four.json
jq -es '.[0].signed.checked < .[1].signed.arrived and .[1].signed.source == "tree2"' \
	three.json four.json >/dev/null || fail "$(jq . four.json)"
[ "$(version four.json)" = 3 ] || fail "$(jq . four.json)"

step "what is refused renews nothing, and a dry run needs no key"
refused m.db fips-manifest --store m.db import tree1
refused m.db at +40d fips-manifest --store m.db import tree2
refused m.db fips-manifest --store m.db import nowhere
mv m.db.keys hidden
refused m.db fips-manifest --store m.db import tree2
one_line
says "the key of site 'Reactor \"4\" \\ north' is not in 'm.db.keys'"
cp old.db dry.db
unchanged dry.db expect 0 fips-manifest --store dry.db import tree2 --dry-run
refused dry.db fips-manifest --store dry.db import tree2
expect 0 fips-manifest --store m.db import tree2 --role-keys hidden
echo junk >hidden/site.pem
refused m.db fips-manifest --store m.db import tree2 --role-keys hidden
says "hidden/site.pem"
one_line

step "the clock was set back: it came at the latest when it was looked at"
mv hidden m.db.keys
rm m.db.keys/*
mirror c.db
expect 0 fips-manifest --store c.db site init --plain --name c
expect 0 at +5d fips-manifest --store c.db import tree1 --trust root.json
expect 0 fips-manifest --store c.db import tree1
statement c.db c.json
jq -e '.signed.arrived == .signed.checked' c.json >/dev/null || fail "$(jq . c.json)"

step "a key with a passphrase"
mirror e.db
expect 0 fips-manifest --store e.db site init --passphrase-fd 3 3<pass
grep -q 'BEGIN ENCRYPTED PRIVATE KEY' e.db.keys/site.pem || fail "it is not encrypted"
[ "$(sqlite3 e.db 'SELECT name FROM site')" = "$(hostname)" ] || fail "another name"
cp e.db empty.db
refused e.db fips-manifest --store e.db import tree1 --trust root.json --passphrase-fd 3 \
	3<<<"wrong-passphrase"
one_line
says "the passphrase is wrong"
unchanged e.db expect 64 fips-manifest --store e.db import tree1 --trust root.json
one_line
says "no terminal to ask for the passphrase at"
cmp -s e.db empty.db || fail "something was stored"
expect 0 fips-manifest --store e.db import tree1 --trust root.json --passphrase-fd 3 3<pass
statement e.db e.json
signed_by e.json e.db.keys/site.pub || fail "openssl does not verify it"

step "what it came from, without a password, in printable ASCII"
port
background py.log python3 -m http.server --bind 127.0.0.1 --directory tree2 "$PORT"
wait_for 20 curl -sf "http://127.0.0.1:$PORT/index.json" || fail "$(cat py.log)"
expect 0 fips-manifest --store e.db mirror "http://me:secret@127.0.0.1:$PORT" \
	--passphrase-fd 3 3<pass
statement e.db e.json
[ "$(jq -r .signed.source e.json)" = "http://127.0.0.1:$PORT" ] || fail "$(jq . e.json)"
cp -r tree2 $'tr\xc3\xa9e\n2'
expect 0 fips-manifest --store e.db import $'tr\xc3\xa9e\n2' --passphrase-fd 3 3<pass
statement e.db e.json
[ "$(jq -r .signed.source e.json)" = 'tr\xc3\xa9e\n2' ] || fail "$(jq . e.json)"
expect 0 judge ajv.mjs "$TOP/schema/site.schema.json" e.json

step "another key: both sign until the old one is gone"
expect 0 fips-manifest --store c.db site add-key 2027 --plain
says "made 'c.db.keys/site-2027.pem'"
unchanged c.db expect 3 fips-manifest --store c.db site add-key 2027 --plain
says "is there already"
unchanged c.db expect 64 fips-manifest --store c.db site add-key ../x --plain
expect 0 fips-manifest --store c.db import tree1
statement c.db c.json
signed_by c.json c.db.keys/site-2027.pub && signed_by c.json c.db.keys/site.pub 1 ||
	fail "not signed by both"
expect 0 judge ajv.mjs "$TOP/schema/site.schema.json" c.json
rm c.db.keys/site.pem
expect 0 fips-manifest --store c.db import tree1
statement c.db c.json
[ "$(jq '.signatures | length' c.json)" = 1 ] || fail "the old key still signs"
signed_by c.json c.db.keys/site-2027.pub || fail "the new key does not sign"

for n in $(seq 16); do
	cp c.db.keys/site-2027.pem "c.db.keys/site-more$n.pem"
done
refused c.db fips-manifest --store c.db import tree1
one_line
rm c.db.keys/site-more*
mkdir many.keys
for n in $(seq 17); do
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "many.keys/site-$n.pem"
done
refused c.db fips-manifest --store c.db import tree1 --role-keys many.keys
one_line
says "the site's statement: 17 signatures; 1 to 16 may be"

step "the third hand: a statement is not carried on, each site makes its own"
for to in dir one.tar oci:layout; do
	expect 0 fips-manifest --store c.db export "$to"
	rm -f third.db
	mirror third.db
	expect 0 fips-manifest --store third.db import "$to" --trust root.json
	expect 0 fips-manifest --store third.db export --quiet third
	same third tree1
done
[ -e dir/site/statement.json ] || fail "the folder has no statement"
expect 0 fips-manifest --store third.db site init --plain --name third
expect 0 fips-manifest --store third.db import dir
expect 0 fips-manifest --store third.db export --quiet third
signed_by third/site/statement.json third.db.keys/site.pub || fail "not the third's own"
rm -r third/site
same third tree1

step "the log tells of the site, and holds together"
expect 0 fips-manifest --store c.db log
says " site " out
expect 0 fips-manifest --store c.db log --verify
