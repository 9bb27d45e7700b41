#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# verify: which signatures count, and what is said of those that do not.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg jq

cp "$TOP/tests/data/manifest-el8-x86_64.json" m.json
new_home keys
make_key a rsa3072
a=$FPR
make_key b rsa3072
make_subkey b rsa3072
b2=$FPR
b=$(fprs b | head -n 1)
cat a.gpg b.gpg >ab.gpg
cat a.pub b.pub >ab.pub
clearsign a.asc m.json -u "$a"
clearsign b.asc m.json -u "$b"
clearsign ab.asc m.json -u "$a" -u "$b"

step "what stock gpg signs is verified; the keyring is armored or binary"
for k in ab.gpg ab.pub; do
	expect 0 fips-manifest verify --keyring $k a.asc b.asc ab.asc
	says "a.asc: trusted: el8/v1.21.3/x86_64@1; 1 signed, 1 needed" out
	says "  sha256 $(sha256sum <m.json | cut -d' ' -f1)" out
	says "counts: RSA3072 SHA512 2" out
	says "    key $b" out
	says "    subkey $b2" out
done
expect 0 fips-manifest verify --keyring ab.gpg --threshold 2 ab.asc
says "2 signed, 2 needed" out
expect 0 fips-manifest verify --keyring ab.gpg --json ab.asc
[ "$(jq -c '.[0] | [.trusted, .owners, .threshold, .manifest, (.signatures | length)]' out)" = \
	'[true,2,1,"el8/v1.21.3/x86_64@1",2]' ] || fail "$(cat out)"
[ "$(jq -r '.[0].signatures[] | select(.uid | startswith("b")) | .primary + .signer' out)" = \
	"$b$b2" ] || fail "$(cat out)"

step "the order of signatures does not matter"
clearsign ba.asc m.json -u "$b" -u "$a"
expect 0 fips-manifest verify --keyring ab.gpg --threshold 2 ba.asc

step "too few owners"
expect 2 fips-manifest verify --keyring ab.gpg --threshold 2 a.asc
says "'a.asc': 1 of 2 owners have signed"
says "counts: RSA3072" out
expect 2 fips-manifest verify --keyring a.gpg --threshold 2 ab.asc
says "1 of 2 owners have signed; the signature by $b2 does not count: made by a key that is not in the keyring"
says "unknown key" out
expect 0 fips-manifest verify --keyring a.gpg ab.asc
says "does not count: " out
expect 2 fips-manifest verify --keyring b.gpg a.asc
says "the signature by $a does not count: made by a key that is not in the keyring"
expect 2 fips-manifest verify --keyring b.gpg --json a.asc
[ "$(jq -c '.[0] | [.trusted, .owners, .manifest, .sha256, .signatures[0].counts]' out)" = \
	'[false,0,null,null,false]' ] || fail "$(cat out)"

step "one file that is not trusted among others"
expect 2 fips-manifest verify --keyring a.gpg a.asc b.asc none.asc ab.asc a.asc
says "2 of 5 manifests are not trusted: 'b.asc': "
says "none.asc: UNDECIDED: cannot open 'none.asc'" out
[ "$(grep -c ': trusted: ' out)" = 3 ] || fail "$(cat out)"
expect 3 fips-manifest verify --keyring a.gpg a.asc none.asc
says "1 of 2 manifests cannot be verified: cannot open 'none.asc'"

step "a changed byte of text or signature"
sed 's/"kubelet"/"kubelex"/' a.asc >text.asc
expect 2 fips-manifest verify --keyring ab.gpg text.asc
says "is bad: the text or the signature was changed"
says "does not count: RSA3072 SHA512 undated a <a@example.org>" out
awk '/BEGIN PGP SIGNATURE/ { n = NR } n && NR == n + 5 {
	c = substr($0, 7, 1); $0 = substr($0, 1, 6) (c == "A" ? "B" : "A") substr($0, 8) }
	!/^=/' a.asc >sig.asc
expect 2 fips-manifest verify --keyring ab.gpg sig.asc
says "is bad"

step "a good signature does not hide a bad one, in either order"
for order in "$a $b" "$b $a"; do
	read -r one two <<<"$order"
	g --output one.sig -u "$one" --textmode --detach-sign <(head -c -1 m.json)
	g --output two.sig -u "$two" --textmode --detach-sign <(echo other)
	cat one.sig two.sig >both.sig
	framed mixed.asc m.json both.sig
	expect 2 fips-manifest verify --keyring ab.gpg mixed.asc
	says "is bad: the text or the signature was changed"
done

step "more signatures than a pipe surely takes: gpgv is started anew for them"
for i in {1..10}; do
	g --output "n$i.sig" -u "$a" --faked-system-time $(($(date +%s) + i)) \
		--textmode --detach-sign <(head -c -1 m.json)
done
cat n*.sig >many.sig
[ "$(stat -c %s many.sig)" -gt 4096 ] || fail "only $(stat -c %s many.sig) bytes"
framed many.asc m.json many.sig
expect 0 fips-manifest verify --keyring ab.gpg many.asc
[ "$(grep -c 'its owner is counted already' out)" = 9 ] || fail "$(cat out)"
sed 's/"kubelet"/"kubelex"/' many.asc >many_bad.asc
expect 2 fips-manifest verify --keyring ab.gpg many_bad.asc
says "is bad"

step "a right signature on another manifest"
sed 's/"revision": 1/"revision": 2/' m.json >m2.json
{
	sed '/BEGIN PGP SIGNATURE/,$d' a.asc | sed 's/"revision": 1/"revision": 2/'
	sed -n '/BEGIN PGP SIGNATURE/,$p' a.asc
} >swap.asc
expect 2 fips-manifest verify --keyring ab.gpg swap.asc
says "is bad"

step "another text in the same form, a list of digests"
sha256sum m.json >SHA256SUMS
clearsign SHA256SUMS.asc SHA256SUMS -u "$a"
expect 0 fips-manifest verify --keyring ab.gpg SHA256SUMS.asc
says "trusted: a text that is no manifest; " out
says "  sha256 $(sha256sum <SHA256SUMS | cut -d' ' -f1)" out

step "two subkeys of one owner, two signatures of one key: one owner"
make_key c rsa3072
make_subkey c rsa3072
clearsign c1.asc m.json -u "$(fprs c | sed -n 1p)!"
clearsign c2.asc m.json -u "$FPR!"
clearsign cc.asc m.json -u "$(fprs c | sed -n 1p)!" -u "$FPR!"
expect 2 fips-manifest verify --keyring c.gpg --threshold 2 cc.asc
says "1 of 2 owners have signed"
says "its owner is counted already" out
expect 0 fips-manifest verify --keyring c.gpg c1.asc c2.asc cc.asc

step "an expired key, and the switch for what it signed before"
make_key late rsa3072 20261231 --faked-system-time 20200101T000000!
late=$FPR
# a day later: of two self-signatures in one second nobody can tell which is the newer
g --faked-system-time 20200102T000000! --quick-set-expire "$late" 20200601T000000
export_key late
clearsign late.asc m.json -u "$late" --faked-system-time 20200301T000000!
expect 2 fips-manifest verify --keyring late.gpg late.asc
says "its key expired on 2020-06-01T00:00:00Z"
expect 0 fips-manifest verify --keyring late.gpg --signed-before-expiry late.asc
g --faked-system-time 20200901T000000! --quick-set-expire "$late" 20300101T000000
clearsign after.asc m.json -u "$late" --faked-system-time 20200901T000000!
expect 2 fips-manifest verify --keyring late.gpg --signed-before-expiry after.asc
says "its key expired on 2020-06-01T00:00:00Z"

step "an expired signature"
clearsign short.asc m.json -u "$a" --default-sig-expire seconds=1
sleep 2
expect 2 fips-manifest verify --keyring ab.gpg --signed-before-expiry short.asc
says "the signature expired on 2"

step "a signature from the future, and one older than its key"
make_key never rsa3072 never
clearsign future.asc m.json -u "$FPR" --faked-system-time 20300101T000000!
expect 2 fips-manifest verify --keyring never.gpg future.asc
says "dated 2030-01-01T00:00:0"
says "which is in the future"
clearsign before.asc m.json -u "$a" --faked-system-time 20200101T000000! --ignore-time-conflict
expect 2 fips-manifest verify --keyring ab.gpg before.asc
says "dated 2020-01-01T00:00:0"
says "before its key was made"

step "a revoked key, whatever it signed and when"
make_key gone rsa3072
gone=$FPR
clearsign gone.asc m.json -u "$gone"
expect 0 fips-manifest verify --keyring gone.gpg gone.asc
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$gone.rev" >gone.rev
g --import gone.rev
export_key gone
expect 2 fips-manifest verify --keyring gone.gpg gone.asc
says "its key is revoked"
expect 2 fips-manifest verify --keyring gone.gpg --signed-before-expiry gone.asc

step "a key whose revocation is signed with SHA-1 is revoked, too"
make_key gone1 rsa3072
clearsign gone1.asc m.json -u "$FPR"
printf 'y\n0\n\ny\n' | gpg --no-tty --command-fd 0 --pinentry-mode loopback --passphrase '' \
	--cert-digest-algo SHA1 --output gone1.rev --gen-revoke "$FPR" 2>/dev/null
gpg --list-packets gone1.rev | grep -q 'digest algo 2,' || fail "not by SHA-1"
g --import gone1.rev
export_key gone1
expect 2 fips-manifest verify --keyring gone1.gpg gone1.asc
says "its key is revoked"

step "a revoked key that has expired since is revoked, for the switch, too"
make_key over rsa3072 20261231 --faked-system-time 20200101T000000!
over=$FPR
g --faked-system-time 20200102T000000! --quick-set-expire "$over" 20200601T000000
export_key over
clearsign over.asc m.json -u "$over" --faked-system-time 20200301T000000!
expect 0 fips-manifest verify --keyring over.gpg --signed-before-expiry over.asc
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$over.rev" >over.rev
g --import over.rev
export_key over
for switch in "" --signed-before-expiry; do
	# shellcheck disable=SC2086  # none is no word
	expect 2 fips-manifest verify --keyring over.gpg $switch over.asc
	says "its key is revoked"
done

step "the same of a subkey"
make_key part rsa3072 20300101T000000 --faked-system-time 20191231T000000!
make_subkey part rsa3072 20200601T000000 --faked-system-time 20200101T000000!
clearsign part.asc m.json -u "$FPR!" --faked-system-time 20200301T000000!
expect 0 fips-manifest verify --keyring part.gpg --signed-before-expiry part.asc
revoke_subkey part "$FPR"
for switch in "" --signed-before-expiry; do
	# shellcheck disable=SC2086
	expect 2 fips-manifest verify --keyring part.gpg $switch part.asc
	says "its key is revoked"
done

step "algorithms: SHA-1 and RIPEMD-160, RSA 1024, Ed25519, P-521 and SHA-1 self-signatures"
for digest in SHA1 RIPEMD160; do
	fips && [ $digest = RIPEMD160 ] && continue
	clearsign weak.asc m.json -u "$a" --digest-algo $digest --allow-weak-digest-algos
	expect 2 fips-manifest verify --keyring ab.gpg weak.asc
	says "'Hash: $digest' where 'Hash: ' with SHA256, SHA384 or SHA512 must stand"
	sed "s/^Hash: .*/Hash: SHA512/" weak.asc >weak2.asc
	expect 2 fips-manifest verify --keyring ab.gpg weak2.asc
	says "which the 'Hash:' line does not name"
done
for algo in rsa1024 ed25519 nistp521; do
	fips && [ $algo != nistp521 ] && continue
	make_key "$algo" "$algo"
	clearsign $algo.asc m.json -u "$FPR" --digest-algo SHA512
	expect 2 fips-manifest verify --keyring $algo.gpg $algo.asc
	says "RSA of at least 2048 bits, P-256 and P-384 are allowed"
done
for algo in rsa2048 nistp256 nistp384; do
	make_key "$algo" "$algo"
	clearsign $algo.asc m.json -u "$FPR" --digest-algo SHA384
	expect 0 fips-manifest verify --keyring $algo.gpg $algo.asc
done
make_key sha1 rsa3072 2y --cert-digest-algo SHA1
clearsign sha1.asc m.json -u "$FPR"
expect 2 fips-manifest verify --keyring sha1.gpg sha1.asc
says "binds itself with SHA1; renew that: gpg --cert-digest-algo SHA512 --quick-set-expire $FPR 2y"
g --cert-digest-algo SHA512 --quick-set-expire "$FPR" 3y
export_key sha1
expect 0 fips-manifest verify --keyring sha1.gpg sha1.asc

step "keyrings that are none"
g --armor --export-secret-keys "$a" >secret.asc
expect 3 fips-manifest verify --keyring secret.asc a.asc
says "'secret.asc': keyring: it holds a secret key"
expect 3 fips-manifest verify --keyring m.json a.asc
expect 3 fips-manifest verify --keyring /dev/null a.asc
says "it is empty"
cat a.gpg a.gpg >twice.gpg
expect 3 fips-manifest verify --keyring twice.gpg a.asc
says "is there twice"
head -c -7 a.gpg >cut.gpg
expect 3 fips-manifest verify --keyring cut.gpg a.asc
expect 64 fips-manifest verify a.asc
says "--keyring FILE or --store FILE"
expect 64 fips-manifest verify --keyring a.gpg
expect 64 fips-manifest verify --keyring a.gpg --threshold 0 a.asc
expect 64 fips-manifest verify --keyring a.gpg --all a.asc
echo "all good"
