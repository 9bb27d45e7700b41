#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sign: what it signs, what it refuses to sign, and with what.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg gpgv strace

manifest=$TOP/tests/data/manifest-el8-x86_64.json
new_home keys
make_key a rsa3072
a=$FPR
make_key b rsa3072
make_subkey b rsa3072
b=$FPR

step "a manifest becomes an .asc that stock gpg verifies"
cp "$manifest" m.json
expect 0 fips-manifest sign --yes --key "$a" m.json
says m.json.asc out
says "EL 8, Kubernetes v1.21.3, x86_64, revision 1"
says "kubelet 1.21.3-0"
says "$(sha256sum <m.json | cut -d' ' -f1)"
says "key $a RSA3072 a <a@example.org>"
expect 0 gpg --verify m.json.asc
says "Good signature from \"a <a@example.org>\""
expect 0 gpgv --keyring ./a.gpg m.json.asc
[ "$(stat -c %a m.json.asc)" = 644 ] || fail "mode $(stat -c %a m.json.asc)"

step "a second signature joins the first, whatever the file's name"
expect 0 fips-manifest sign --yes --key b@example.org m.json.asc
says "carries 1 signature already"
expect 0 gpg --verify m.json.asc
says "Good signature from \"a <a@example.org>\""
says "Good signature from \"b <b@example.org>\""
says "$b"
cat a.gpg b.gpg >ab.gpg
expect 0 fips-manifest verify --keyring ab.gpg --threshold 2 m.json.asc
cp m.json.asc both.asc
expect 0 fips-manifest sign --yes --key "$a" m.json
[ "$(grep -c 'BEGIN PGP SIGNED' m.json.asc)" = 1 ] || fail "not one block"
expect 0 fips-manifest verify --keyring ab.gpg --threshold 2 m.json.asc

step "two keys in one go"
expect 0 fips-manifest sign --yes --key "$a" --key b@example.org --output ab.asc m.json
expect 0 fips-manifest verify --keyring ab.gpg --threshold 2 ab.asc

step "several manifests in one call, and JSON"
sed 's/"revision": 1/"revision": 2/' m.json >m2.json
sed 's/"revision": 1/"revision": 3/' m.json >m3.json
expect 0 fips-manifest sign --yes --json --quiet --key "$a" m2.json m3.json
[ "$(jq -r '.[].file' out)" = "m2.json.asc
m3.json.asc" ] || fail "$(cat out)"
[ "$(jq -r '.[1].signatures[0].primary' out)" = "$a" ] || fail "$(cat out)"
[ ! -s err ] || fail "talk in spite of --quiet"
odd=$'odd \x01\xff\e[31m.json' # whatever a file is called, what was done is told
cp m.json "$odd"
expect 0 fips-manifest sign --yes --json --quiet --key "$a" "$odd"
[ "$(jq -r '.[].file' out)" = 'odd \x01\xff\x1b[31m.json.asc' ] || fail "$(cat out)"
expect 0 fips-manifest verify --json --keyring ab.gpg "$odd.asc"
[ "$(jq -r '.[].file' out)" = 'odd \x01\xff\x1b[31m.json.asc' ] || fail "$(cat out)"

step "what is not a canonical manifest is not signed"
echo '{"a": 1}' >other.json
sed 's/: 1,/: 1, /' m.json >blank.json
sed 's/$/\r/' m.json >crlf.json
sha256sum m.json >digest
printf '%s' "$(cat m.json)" >short.json
for f in other.json blank.json crlf.json digest short.json; do
	expect 3 fips-manifest sign --yes --key "$a" $f
	one_line
	says "'$f' is not signed: not a valid manifest"
	[ ! -e $f.asc ] || fail "$f.asc was written"
done
sed 's/"kubelet"/"kubelex"/' m.json.asc >changed.asc
cp changed.asc before
expect 2 fips-manifest sign --yes --key "$a" changed.asc
says "that it carries is bad"
cmp -s changed.asc before || fail "a refused file was changed"
expect 2 fips-manifest sign --yes --key "$a" <(cat m.json.asc m.json.asc) --output x.asc
expect 3 fips-manifest sign --yes --key "$a" none.json
says "none.json"

step "one bad file: nothing at all is signed"
rm -f m2.json.asc
expect 3 fips-manifest sign --yes --key "$a" m2.json other.json
[ ! -e m2.json.asc ] || fail "m2.json.asc was written"

step "another text at the output is never overwritten"
cp both.asc m2.json.asc
expect 3 fips-manifest sign --yes --key "$a" m2.json
says "not a signed form of this manifest"
cmp -s both.asc m2.json.asc || fail "m2.json.asc was changed"

step "nor when an .asc is signed to it; of one text the signatures of both are kept"
expect 0 fips-manifest sign --yes --quiet --key "$a" --output one.asc m2.json
cp one.asc keep.asc
expect 3 fips-manifest sign --yes --key "$a" --output one.asc both.asc
says "'one.asc' is there and is not a signed form of this manifest"
cmp -s one.asc keep.asc || fail "one.asc was changed"
make_key d rsa3072
expect 0 fips-manifest sign --yes --quiet --key "$FPR" --output two.asc m2.json
expect 0 fips-manifest sign --yes --key b@example.org --output two.asc one.asc
says "carries 2 signatures already"
cat a.gpg b.gpg d.gpg >abd.gpg
expect 0 fips-manifest verify --keyring abd.gpg --threshold 3 two.asc

step "what somebody else signed while the question stood is not overwritten"
cat >slow <<'END'
#!/bin/sh
# a pinentry that takes its time: somebody else signs meanwhile
cp "$NEWER" "$VICTIM"
echo "OK"
while read -r line; do
	case $line in
	GETPIN*) printf 'D open sesame\nOK\n' ;;
	*) echo OK ;;
	esac
done
END
chmod 755 slow
PASSPHRASE="open sesame" make_key asked rsa3072
echo "pinentry-program $PWD/slow" >"$GNUPGHOME/gpg-agent.conf"
gpgconf --kill gpg-agent
NEWER=$PWD/two.asc VICTIM=$PWD/one.asc gpgconf --launch gpg-agent
expect 3 fips-manifest sign --yes --key "$FPR" one.asc
says "'one.asc' was changed meanwhile: look at it, and sign again"
cmp one.asc two.asc || fail "the other's signature is gone"
gpgconf --kill gpg-agent
expect 0 fips-manifest sign --yes --key "$FPR" one.asc
rm "$GNUPGHOME/gpg-agent.conf"
gpgconf --kill gpg-agent
g --delete-secret-keys "$FPR"
g --delete-secret-keys "$(fprs d)"

step "without a terminal --yes is needed; the question is asked on one"
rm -f m2.json.asc
expect 64 fips-manifest sign --key "$a" m2.json
says "--yes"
[ ! -e m2.json.asc ] || fail "signed without a yes"
if command -v script >/dev/null; then
	expect 64 script -qec "fips-manifest sign --key $a m2.json" /dev/null <<<n
	[ ! -e m2.json.asc ] || fail "signed after a no"
	expect 0 script -qec "fips-manifest sign --key $a m2.json" /dev/null <<<y
	says "sign this manifest? [y/N]" out
	[ -e m2.json.asc ] || fail "not signed after a yes"
fi

step "exactly one usable secret key"
expect 3 fips-manifest sign --yes m.json
says "2 secret keys of the GnuPG home could sign: name one by its fingerprint with --key"
expect 3 fips-manifest sign --yes --key example.org m.json
says "2 secret keys that match 'example.org' could sign: name one"
expect 3 fips-manifest sign --yes --key nobody m.json
says "no secret key matches 'nobody'"
expect 64 fips-manifest sign --yes --key "$a" --key a@example.org m.json
says "named twice"
expect 3 env GNUPGHOME="$PWD/tmp" fips-manifest sign --yes m.json
says "no secret key is in the GnuPG home; GNUPGHOME names another"

step "a home whose path is too long for gpg's sockets"
long=$PWD/$(printf 'x%.0s' {1..90})
mkdir -m 700 "$long"
expect 3 env GNUPGHOME="$long" fips-manifest sign --yes m.json
says "longer than the 86 bytes that gpg's sockets take"

step "key policy: RSA of 3072 bits and more, P-256, P-384; EL 7 by RSA alone"
make_key short rsa2048
expect 2 fips-manifest sign --yes --key "$FPR" --output x.asc m.json
says "the key is RSA2048; to sign, RSA of at least 3072 bits, P-256 and P-384 are allowed"
if ! fips; then
	make_key ed ed25519
	expect 2 fips-manifest sign --yes --key "$FPR" --output x.asc m.json
	says "Ed25519"
fi
make_key p nistp256
p=$FPR
expect 0 fips-manifest sign --yes --key "$FPR" --output p.asc m.json
expect 0 fips-manifest verify --keyring p.gpg p.asc
sed 's/"el": "8"/"el": "7"/' m.json >el7.json
expect 2 fips-manifest sign --yes --key "$FPR" el7.json
says "the gpg of EL 7 verifies RSA alone"
expect 0 fips-manifest sign --yes --key "$a" el7.json
make_key old rsa3072 2y --cert-digest-algo SHA1
expect 2 fips-manifest sign --yes --key "$FPR" --output x.asc m.json
says "SHA1"
says "--quick-set-expire $FPR"
echo "digest-algo SHA1" >"$GNUPGHOME/gpg.conf"
expect 2 fips-manifest sign --yes --key "$a" --output x.asc m.json
says "gpg signed with SHA1"
echo "default-sig-expire 1y" >"$GNUPGHOME/gpg.conf"
expect 2 fips-manifest sign --yes --key "$a" --output x.asc m.json
says "gpg made a signature that expires"
rm "$GNUPGHOME/gpg.conf"
[ ! -e x.asc ] || fail "x.asc was written"

step "expired and revoked keys do not sign"
make_key gone rsa3072 seconds=1
sleep 2
expect 3 fips-manifest sign --yes --key "$FPR" --output x.asc m.json
says "expired"

step "a passphrase comes through a descriptor and nowhere else"
PASSPHRASE="open sesame" make_key locked rsa3072
gpgconf --kill gpg-agent
expect 0 fips-manifest sign --yes --key "$FPR" --passphrase-fd 5 --output l.asc m.json 5<<<"open sesame"
gpgconf --kill gpg-agent
expect 3 fips-manifest sign --yes --key "$FPR" --passphrase-fd 5 --output x.asc m.json 5<<<"wrong"
says "wrong passphrase"
expect 3 fips-manifest sign --yes --key "$FPR" --passphrase-fd 9 --output x.asc m.json
says "cannot read the passphrase from descriptor 9"
expect 64 fips-manifest sign --yes --passphrase-fd x m.json
[ ! -e x.asc ] || fail "x.asc was written"

step "it is in no argument and no environment, of no process"
gpgconf --kill gpg-agent
gpgconf --launch gpg-agent # strace would wait for the end of its own
expect 0 env ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" \
	strace -ff -v -s 65536 -qq -o trace -e trace=execve fips-manifest sign --yes \
	--key "$FPR" --passphrase-fd 5 --output l.asc m.json 5<<<"open sesame"
cat trace.* | grep -c 'execve("/usr/bin/gpg"' | grep -q '[3-9]' || fail "gpg is not seen"
agent=$(gpg-connect-agent 'getinfo pid' /bye | sed -n 's/^D //p')
grep -l sesame trace.* "/proc/$agent/cmdline" "/proc/$agent/environ" && fail "it is seen"

step "an empty one, and none to be asked for"
gpgconf --kill gpg-agent
expect 3 fips-manifest sign --yes --key "$FPR" --passphrase-fd 5 --output x.asc m.json 5</dev/null
says "the passphrase is empty"
expect 3 fips-manifest sign --yes --key "$FPR" --output x.asc m.json
says "give it with --passphrase-fd"
head -c 100000 /dev/zero | tr '\0' x >long
expect 3 fips-manifest sign --yes --key "$FPR" --passphrase-fd 5 --output x.asc m.json 5<long
says "the passphrase is longer than 1023 bytes"
[ ! -e x.asc ] || fail "x.asc was written"

step "many at once: named in their order, the passphrase given once"
for i in {1..9}; do sed "s/\"revision\": 1/\"revision\": $i/" m.json >"many$i.json"; done
gpgconf --kill gpg-agent
expect 0 fips-manifest sign --quiet --yes --key "$FPR" --passphrase-fd 5 many?.json 5<<<"open sesame"
printf '%s\n' many{1..9}.json.asc | cmp - out || fail "$(cat out)"
expect 0 fips-manifest verify --keyring locked.gpg many?.json.asc
[ "$(grep -c ': trusted: ' out)" = 9 ] || fail "$(cat out)"
rm many?.json.asc
gpgconf --kill gpg-agent
expect 3 fips-manifest sign --quiet --yes --key "$FPR" --passphrase-fd 5 many?.json 5<<<"wrong"
one_line
says "'many1.json': cannot sign: wrong passphrase"
step "one of many that fails: those that were written are named, and no others"
sed -i 's/"el": "8"/"el": "7"/' many5.json # which a P-256 key does not sign
expect 2 fips-manifest sign --quiet --yes --key "$p" many?.json
says "'many5.json': "
[ "$(wc -l <err)" = 1 ] || fail "$(cat err)"
printf '%s\n' many?.json.asc | cmp - out || fail "written: $(ls many?.json.asc), named: $(cat out)"
[ -e many1.json.asc ] && [ ! -e many5.json.asc ] || fail "$(ls many*)"
# shellcheck disable=SC2046  # names without blanks
expect 0 fips-manifest verify --keyring p.gpg $(cat out)

step "nothing is left half-written"
mkdir ro
cp m.json ro/
expect 3 fips-manifest sign --yes --key "$a" --output /proc/nowhere m.json
expect 64 fips-manifest sign --yes --key "$a" --output x.asc m.json m2.json
expect 64 fips-manifest sign --yes
expect 64 fips-manifest sign --yes - <m.json
[ -z "$(find . -name '*.tmp-*')" ] || fail "a temporary file is left"
echo "all good"
