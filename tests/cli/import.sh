#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# import: a tree that a courier brought, over three hops and with everything that can be
# wrong with it.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
need gpg jq openssl python3 sqlite3 tar

mirror() { expect 0 fips-manifest --store "$1" init --no-roles --quiet; }
make_store roles
release 8 v1.21.3
release 7 v1.21.3
release 8 v1.22.0
make_program program 300000
expect 0 fips-manifest tool add program --version 1.0.0 --arch x86_64
publish
expect 0 fips-manifest export a
expect 0 fips-manifest export a.tar

step "a mirror begins with a root that somebody trusts, and with nothing of its own"
mirror m.db
cp m.db q0.db
unchanged m.db expect 64 fips-manifest --store m.db import a
one_line
says "--trust root.json"
unchanged s.db expect 3 fips-manifest import a --trust root.json
one_line
says "the store has an authority of its own"
mirror own.db
expect 0 fips-manifest --store own.db key add release.pub
expect 0 fips-manifest --store own.db add el8-v1.21.3-1.asc
unchanged own.db expect 3 fips-manifest --store own.db import a --trust root.json
one_line
says "holds el8/v1.21.3/x86_64@1 of its own"

step "--dry-run says what would change and changes nothing"
unchanged m.db expect 0 fips-manifest --store m.db import a --trust root.json --dry-run
says "new        el8/v1.21.3/x86_64@1" out
says "tool new   fips-tool-1.0.0-linux-x86_64" out
says "key new    $KEY" out
says "would take snapshot"

step "three hops over three carriers: not one byte changes"
expect 0 fips-manifest --store m.db import a --trust root.json
says "took snapshot"
expect 0 fips-manifest --store m.db export m.tar
mirror n.db
expect 0 fips-manifest --store n.db import m.tar --trust root.json
expect 0 fips-manifest --store n.db export oci:n:7
mirror o.db
expect 0 fips-manifest --store o.db import oci:n:7 --trust root.json
expect 0 fips-manifest --store o.db export o
same a o
expect 0 fips-manifest --store o.db export o.tar
cmp a.tar o.tar || fail "the tar of the third hand is another one"
expect 0 fips-manifest --store o.db list
says "el7/v1.21.3/x86_64@1             published" out
expect 0 fips-manifest --store o.db show --asc el8/v1.21.3
cmp out a/manifests/v1.21.3/manifest-el8-x86_64.json.asc || fail "the signed file"
expect 0 fips-manifest --store o.db find "$(sha256sum <el8-v1.21.3-1.json | cut -d' ' -f1)"
expect 0 fips-manifest --store o.db log --verify
expect 0 fips-manifest --store o.db verify --all

step "what another tar made of it is as good"
mkdir untarred && tar -xf m.tar -C untarred && tar -cf again.tar -C untarred .
mirror p.db
expect 0 fips-manifest --store p.db import again.tar --trust root.json
expect 0 fips-manifest --store p.db export p
same a p

step "the same again: nothing new, said so"
expect 0 fips-manifest --store m.db import a.tar
says "nothing new: snapshot"
[ ! -s out ] || fail "$(cat out)"

step "a mirror changes by import and mirror alone"
for c in "publish" "add el8-v1.21.3-1.asc" "key add release.pub" "refresh" \
	"withdraw el8/v1.21.3 --reason x" "tool add program --version 2 --arch x86_64"; do
	# shellcheck disable=SC2086  # words
	unchanged m.db expect 3 fips-manifest --store m.db $c
	one_line
	says "is a mirror of"
done

step "new, replaced and withdrawn manifests, a new key"
make_key second rsa3072
expect 0 fips-manifest key add second.pub
release 8 v1.21.3 2
release 9 v1.22.0
expect 0 fips-manifest withdraw el7/v1.21.3 --reason "not built with the module" \
	--passphrase-fd 3 3<pass
publish
expect 0 fips-manifest export b
expect 0 fips-manifest export b.tar.zst
unchanged m.db expect 0 fips-manifest --store m.db import b.tar.zst --dry-run --json
jq -r '.changes[] | .change + " " + .subject + " " + (.detail // "")' out >changes
cat >want <<WANT
replaced el8/v1.21.3/x86_64@2 was revision 1
new el9/v1.22.0/x86_64@1 
withdrawn el7/v1.21.3/x86_64@1 not built with the module
key new $(fprs second | head -n 1) second <second@example.org>
WANT
diff want changes || fail "the report"
expect 0 fips-manifest --store m.db import b.tar.zst
says "withdrawn  el7/v1.21.3/x86_64@1 (not built with the module)" out
expect 0 fips-manifest --store m.db export m
same b m
expect 0 fips-manifest --store m.db list
says "el7/v1.21.3/x86_64@1             withdrawn" out

step "only what is new travels; a base that is too old is told"
cp n.db since.db
old=$(jq '.signed.version' "$(ls a/metadata/*.snapshot.json)")
expect 0 fips-manifest export since.tar --since "$old"
expect 0 fips-manifest export since-bundle.tar --since-bundle a.tar
tar -tf since.tar | sort >list
tar -tf since-bundle.tar | sort >list2
grep -q fips-tool- list list2 && fail "the tool travels again"
grep -q 'manifests/v1.22.0/.*el9' list || fail "the new manifest is missing"
for f in since.tar since-bundle.tar; do
	cp n.db since.db
	expect 0 fips-manifest --store since.db import $f
	rm -rf since
	expect 0 fips-manifest --store since.db export since
	same b since
	cp q0.db fresh.db
	unchanged fresh.db expect 3 fips-manifest --store fresh.db import $f --trust root.json
	one_line
done
expect 64 fips-manifest export x --since 1

step "an older tree is refused with both versions named"
for old in a a.tar m.tar oci:n; do
	unchanged m.db expect 2 fips-manifest --store m.db import $old
	one_line
	grep -Eq 'rolled back from version [0-9]+ to [0-9]+' err || fail "$(cat err)"
done

step "the operator's own keyring must vouch, too, now and later"
mirror k.db
unchanged k.db expect 2 fips-manifest --store k.db import a --trust root.json \
	--keyring second.pub
one_line
says "by the pinned keyring: the signature by $KEY does not count"
unchanged k.db expect 64 fips-manifest --store k.db import a --trust root.json --threshold 2
unchanged k.db expect 3 fips-manifest --store k.db import a --trust root.json --keyring program
one_line
expect 0 fips-manifest --store k.db import a --trust root.json --keyring release.pub
expect 0 fips-manifest --store k.db log
says "threshold 1" out
# what is here already is held against other keys as well
for how in import mirror; do
	unchanged k.db expect 2 fips-manifest --store k.db $how a --keyring second.pub
	says "by the pinned keyring"
done
cat release.pub second.pub >both.pub
unchanged k.db expect 2 fips-manifest --store k.db import a --keyring both.pub --threshold 2
says "1 of 2 owners have signed"
expect 0 fips-manifest --store k.db import b
second=$(fprs second | head -n 1)
KEY=$second release 9 v1.23.0
publish
expect 0 fips-manifest export c
expect 0 fips-manifest --store m.db import c
unchanged k.db expect 2 fips-manifest --store k.db import c
one_line
says "manifest-el9-x86_64.json.asc': by the pinned keyring: the signature by $second"
cp k.db k2.db
expect 0 fips-manifest --store k.db import c --keyring both.pub
expect 0 fips-manifest --store k2.db import c --no-keyring
unchanged k.db expect 64 fips-manifest --store k.db import c --keyring both.pub --no-keyring
for s in k k2; do
	expect 0 fips-manifest --store $s.db export $s
	same c $s
	expect 0 fips-manifest --store $s.db log --verify
done

step "another authority's tree is refused, and is called that"
carry authority a other
unchanged m.db expect 2 fips-manifest --store m.db import other
one_line
says "is the tree of another authority"
cp other/metadata/1.root.json other.json
unchanged m.db expect 3 fips-manifest --store m.db import b --trust other.json
says "mirrors another authority"
mirror q.db
unchanged q.db expect 2 fips-manifest --store q.db import a --trust other.json
one_line
expect 0 fips-manifest --store q.db import other --trust other.json

step "a new root alone"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out root-2.pem 2>/dev/null
openssl pkey -in root-2.pem -pubout -out root-2.pub
expect 0 fips-manifest root add-key root root-2.pub
expect 0 fips-manifest root sign --passphrase-fd 3 3<pass
expect 0 fips-manifest root publish --passphrase-fd 3 3<pass
expect 0 fips-manifest export r
unchanged m.db expect 0 fips-manifest --store m.db import r --dry-run
says "root       2 (was 1)" out
says "would take root 2 (before: 1), and nothing else"
expect 0 fips-manifest --store m.db import r
says "took root 2 (before: 1), and nothing else"
expect 0 fips-manifest --store m.db import r
says "nothing new: snapshot"
expect 0 fips-manifest --store m.db export m
same r m
