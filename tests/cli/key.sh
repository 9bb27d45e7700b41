#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# key: the keys that a store trusts, its threshold, and revocation.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg jq sq

export FIPS_MANIFEST_STORE=$PWD/s.db
cp "$TOP/tests/data/manifest-el8-x86_64.json" m.json
new_home keys
make_key a rsa3072
make_subkey a rsa3072 1y
a=$(fprs a | head -n 1)
make_key b rsa3072
b=$FPR
clearsign a.asc m.json -u "$a"
clearsign ab.asc m.json -u "$a" -u "$b"
expect 0 fips-manifest init

step "an empty store trusts nobody"
expect 0 fips-manifest key list
says "the store trusts no key yet"
says "threshold 1" out
expect 3 fips-manifest verify a.asc
says "the store trusts no key yet"

step "add, list, and verify by the store"
expect 0 fips-manifest key add a.pub
says "$a RSA3072 good" out
says "a <a@example.org>, expires 20" out
says "  subkey $(fprs a | tail -n 1) RSA3072 signs" out
expect 0 fips-manifest verify a.asc
expect 2 fips-manifest verify --threshold 2 ab.asc
expect 0 fips-manifest key add b.gpg
says "advice: its primary key signs" out
expect 0 fips-manifest key --threshold 2
expect 0 fips-manifest verify ab.asc
says "2 signed, 2 needed" out
expect 2 fips-manifest verify a.asc
expect 0 fips-manifest key list
says "threshold 2: signatures of 2 different owners" out
cp s.db two.db
expect 0 fips-manifest --store two.db key remove "$b"
says "the store has 1 key fit for use: nothing is complete before it has 2"
expect 0 fips-manifest --store two.db key add b.gpg
grep "fit for use" err && fail "it has two"
expect 0 fips-manifest --store two.db key add b.gpg --json
[ "$(jq -c '[.keys[].fingerprint]' out)" = "[\"$b\"]" ] || fail "$(cat out)"
expect 0 fips-manifest --store two.db key --threshold 3
says "the store has 2 keys fit for use: nothing is complete before it has 3"
expect 0 fips-manifest key list --json
[ "$(jq -c '[.threshold, (.keys | length), .keys[0].fingerprint, (.keys[0].subkeys | length)]' out)" = \
	"[2,2,\"$a\",1]" ] || fail "$(cat out)"
expect 0 fips-manifest log
says "$a a <a@example.org>" out

step "adding again replaces, byte for byte"
g --quick-set-expire "$b" 3y
export_key b
expect 0 fips-manifest key add b.gpg --threshold 1
expect 0 fips-manifest key list --json
[ "$(jq -r '.keys[1].expires[:4]' out)" = $(($(date +%Y) + 3)) ] || fail "$(cat out)"
[ "$(jq -c '[.threshold, (.keys | length)]' out)" = "[1,2]" ] || fail "$(cat out)"

step "a file of several keys: each is named, or nothing is added"
make_key c rsa3072
c=$FPR
make_key d rsa3072
d=$FPR
cat c.gpg d.gpg >cd.gpg
cp s.db before.db
expect 3 fips-manifest key add cd.gpg
says "'cd.gpg' holds 2 keys: name the fingerprint of each"
expect 3 fips-manifest key add cd.gpg "$c"
expect 3 fips-manifest key add c.gpg "$d"
says "no key has the fingerprint $d"
expect 64 fips-manifest key add c.gpg "${c: -16}"
says "not a full fingerprint"
cmp -s s.db before.db || fail "the store was changed"
expect 0 fips-manifest key add cd.gpg "$c" "$d"
expect 0 fips-manifest log
grep -q "add $c" out && grep -q "add $d" out || fail "the log does not name each key"

step "many keys with long names at once"
long=$(printf 'n%.0s' {1..200})
many=()
for i in {1..9}; do
	make_key "m$i$long" rsa3072
	many+=("$FPR")
done
gpg --batch -q --export "${many[@]}" >many.gpg
expect 0 fips-manifest --store many.db init
expect 0 fips-manifest --store many.db key add many.gpg "${many[@]}"
expect 0 fips-manifest --store many.db log
for i in "${many[@]}"; do
	grep -q "add $i" out || fail "the log does not name $i"
done

step "remove"
expect 0 fips-manifest key remove "$d"
says "removed $d"
expect 3 fips-manifest key remove "$d"
says "no key has the fingerprint"
expect 64 fips-manifest key remove "d@example.org"
expect 0 fips-manifest key list
! grep -q "$d" out || fail "$d is still there"

step "keys that are not fit for use are not added; check says why"
unfit="sha1 old"
fips || { unfit="$unfit short ed" && make_key short rsa1024 && make_key ed ed25519; }
make_key sha1 rsa3072 2y --cert-digest-algo SHA1
make_key old rsa3072 20200601T000000 --faked-system-time 20200101T000000!
for k in $unfit; do
	expect 2 fips-manifest key add "$k.pub"
	says "is not fit for use: "
	expect 1 fips-manifest key check "$k.pub"
	says "  fault: " out
	says "1 of 1 keys are not fit for use"
done
expect 1 fips-manifest key check old.pub
says "it expired on 2020-06-01T00:00:00Z; prolong it: gpg --quick-set-expire" out
expect 1 fips-manifest key check sha1.pub
says "binds itself with SHA1; renew that" out
expect 1 fips-manifest key check --json old.pub
[ "$(jq -r '.keys[0].findings[0] | "\(.fault) \(.text)"' out | cut -c1-26)" = \
	"true it expired on 2020-06" ] || fail "$(cat out)"
expect 0 fips-manifest key check a.pub
says "  fit for use" out
make_key p nistp256 never
expect 0 fips-manifest key check p.pub
says "advice: not for EL 7: the key is P-256" out
says "advice: it never expires" out
make_key r2 rsa2048
expect 0 fips-manifest key check r2.pub
says "advice: 'sign' will not use it: the key is RSA2048" out
g --export-secret-keys "$a" >secret.gpg
expect 3 fips-manifest key add secret.gpg
says "it holds a secret key"
expect 3 fips-manifest key check m.json

step "revoke by certificate: as gpg leaves it, it is refused; made ready, it is taken"
cp "$GNUPGHOME/openpgp-revocs.d/$c.rev" c.rev
expect 3 fips-manifest key revoke c.rev
says "':' in front of the BEGIN line"
sed -i 's/^:---/---/' c.rev
clearsign c.asc m.json -u "$c"
expect 0 fips-manifest verify c.asc
expect 0 fips-manifest key revoke c.rev
says "revoked $c"
expect 2 fips-manifest verify c.asc
says "its key is revoked"
expect 0 fips-manifest key list
says "$c RSA3072 revoked" out
expect 3 fips-manifest key add c.gpg
says "the key $c was revoked in this store on"
expect 0 fips-manifest log
says "key-revoke $c: by certificate" out
expect 3 fips-manifest key revoke c.rev
says "is revoked already"
cp c.gpg c-old.gpg
g --import c.rev
export_key c
expect 2 fips-manifest key add c.gpg
says "it is revoked; 'key revoke' takes this file, too"

step "a revoked key does not come back by being removed and added"
expect 0 fips-manifest key remove "$c"
says "removed $c c <c@example.org>"
expect 3 fips-manifest key add c-old.gpg
says "the key $c was revoked in this store on"

step "nor does a subkey, by an older copy of its key"
make_key e rsa3072
make_subkey e rsa3072
e_sub=$FPR
cp e.gpg e-old.gpg
clearsign e.asc m.json -u "$e_sub!"
expect 0 fips-manifest key add e.gpg
expect 0 fips-manifest verify e.asc
revoke_subkey e "$e_sub" 2
make_subkey e rsa3072
expect 0 fips-manifest key add e.gpg
expect 2 fips-manifest verify e.asc
says "its key is revoked"
expect 3 fips-manifest key add e-old.gpg
says "the subkey $e_sub is revoked and stays so: this copy of the key is older"
expect 0 fips-manifest key remove "$(fprs e | head -n 1)"
expect 3 fips-manifest key add e-old.gpg
says "the key $e_sub was revoked in this store on"
expect 0 fips-manifest key add e.gpg
expect 2 fips-manifest verify e.asc

step "nor by a newer copy that leaves it out"
make_key n rsa3072
n=$FPR
make_subkey n rsa3072
n_sub=$FPR
cp n.gpg n-old.gpg
clearsign n.asc m.json -u "$n_sub!"
revoke_subkey n "$n_sub" 1
expect 0 fips-manifest key add n.gpg
g --export-filter "drop-subkey=fpr=$n_sub" --export "$n" >n-without.gpg
expect 0 fips-manifest key add n-without.gpg
! grep -q "$n_sub" out || fail "it is not left out"
expect 0 fips-manifest log
says "key-revoke $n_sub: was revoked when a copy without it came" out
expect 3 fips-manifest key add n-old.gpg
says "the key $n_sub was revoked in this store on"
expect 0 fips-manifest key add n.gpg
expect 2 fips-manifest verify n.asc
says "its key is revoked"

step "a certificate behind its key, where gpg overlooks it"
sed -n '/^:---/,$p' "$GNUPGHOME/openpgp-revocs.d/$n.rev" | sed 's/^:---/---/' >n.rev
cat n.pub n.rev >both.asc
expect 1 fips-manifest key check both.asc
says "fault: its key carries a revocation that gpg passes over" out
expect 2 fips-manifest key add both.asc
expect 2 fips-manifest verify --keyring both.asc n.asc

step "a key that its owner revoked and exported serves as the certificate"
make_key f rsa3072
cp f.gpg f-old.gpg
expect 0 fips-manifest key add f.gpg
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$FPR.rev" >f.rev
g --import f.rev
export_key f
expect 0 fips-manifest key revoke f.pub
says "revoked $FPR f <f@example.org>"
expect 0 fips-manifest key list
says "$FPR RSA3072 revoked" out
expect 3 fips-manifest key add f-old.gpg

step "certificates of two keys in one file: neither is lost"
make_key h rsa3072
h=$FPR
expect 0 fips-manifest key add h.gpg
expect 0 fips-manifest key add n.gpg
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$h.rev" | sed -n '/^---/,$p' >h.rev
cat n.rev h.rev >nh.rev
cp s.db before.db
expect 3 fips-manifest key revoke nh.rev
says "it revokes more than one key"
cmp -s s.db before.db || fail "the store was changed"
expect 0 fips-manifest key revoke h.rev
says "revoked $h"

step "certificates that revoke nothing here"
cp s.db before.db
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$d.rev" >d.rev
expect 3 fips-manifest key revoke d.rev
says "the key that it revokes is not in the keyring"
expect 3 fips-manifest key revoke b.pub
says "it is not a revocation certificate"
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$b.rev" | sed -n '/^---/,$p' |
	gpg --dearmor >b.rev
printf x | dd of=b.rev bs=1 seek=200 conv=notrunc status=none
expect 2 fips-manifest key revoke b.rev
says "names a key that did not make it"
cmp -s s.db before.db || fail "the store was changed"

step "revoke without a certificate: gone for good"
expect 64 fips-manifest key revoke "$b"
says "--reason"
expect 0 fips-manifest key revoke "$b" --reason "the laptop was stolen"
expect 2 fips-manifest verify --threshold 2 ab.asc
expect 3 fips-manifest key add b.gpg
says "the key $b was revoked in this store on"
expect 0 fips-manifest log
says "the laptop was stolen" out
expect 0 fips-manifest log --verify

step "usage"
expect 64 fips-manifest key
expect 64 fips-manifest key nothing
expect 64 fips-manifest key add
expect 64 fips-manifest key remove
expect 64 fips-manifest key list extra
expect 64 fips-manifest key --threshold 0
expect 64 fips-manifest key --threshold 65
expect 3 fips-manifest --store none.db key list
expect 0 fips-manifest --store none.db key check a.pub
step "keys-example/make-keys.sh: nothing to advise, and the signing half alone signs"
expect 0 "$TOP/keys-example/make-keys.sh" --throw-away made 'Made Right <made@example.org>'
[ "$(stat -c %a made/primary.secret.asc made/release.asc | xargs)" = "600 644" ] || fail "modes"
expect 64 "$TOP/keys-example/make-keys.sh"
expect 3 "$TOP/keys-example/make-keys.sh" --throw-away made 'Made Right <made@example.org>'
says "'made' is there already"
# without a terminal there is nobody to ask for a passphrase
expect 2 setsid -w "$TOP/keys-example/make-keys.sh" half 'Made Right <made@example.org>'
[ ! -e half ] || fail "half a key is left"
expect 0 sq inspect made/release.asc # another judge's eyes
[ "$(grep 'Key flags' out | xargs)" = "Key flags: certification Key flags: signing" ] ||
	fail "$(cat out)"
expect 0 fips-manifest key check made/release.asc
grep "advice\|fault" out && fail "it advises"
says "fit for use" out
new_home signer
g --import made/signing.secret.asc
[ "$(gpg -K --with-colons 2>/dev/null | awk -F: '$1 == "sec" { print $15 }')" = "#" ] ||
	fail "the primary is not offline"
expect 0 fips-manifest sign --yes --quiet --output made.asc m.json
expect 0 fips-manifest verify --keyring made/release.asc made.asc
says "    subkey " out
expect 0 fips-manifest key add made/release.asc
sed -i 's/^:---/---/' made/revocation.asc
expect 0 fips-manifest key revoke made/revocation.asc
for k in alice bob; do # they may have expired by now, and they are readable
	fips-manifest key check "$TOP/keys-example/$k.asc" >out 2>err
	[ $? -le 1 ] || fail "$(cat err)"
	says "never trust" out
done
echo "all good"
