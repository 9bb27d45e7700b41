#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Attacks on the signed file and on the machine that verifies it, each really carried
# out: every one is refused by verify, by add and by fips-tool, with status 2, and
# leaves nothing behind. docs/TRUST.md tells them.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg strace jq node

cp "$TOP/tests/data/manifest-el8-x86_64.json" m.json
new_home keys
make_key a rsa3072
a=$FPR
make_key mallory rsa3072
mallory=$FPR
export FIPS_MANIFEST_STORE=$PWD/s.db
expect 0 fips-manifest init
expect 0 fips-manifest key add a.pub
clearsign good.asc m.json -u "$a" --digest-algo SHA512
g --output good.sig -u "$a" --digest-algo SHA512 --textmode --detach-sign <(head -c -1 m.json)
expect 0 fips-manifest verify good.asc
mkdir root

# private folders would be made here: none ever is, so none is left at ^C and kill -9
mkdir -m 700 run
touch -d @0 run
export XDG_RUNTIME_DIR=$PWD/run
clean() { [ "$(stat -c %Y run)" = 0 ] || fail "something was made in a private folder"; }
refused() { # refused FILE WORDS: by everything that reads it
	expect 2 fips-manifest verify "$1"
	says "$2"
	grep -q evil out && fail "the attacker's text reached the output"
	expect 2 fips-manifest verify --json --keyring a.pub "$1"
	[ "$(jq -r '.[0].trusted' out)" = false ] || fail "$(cat out)"
	expect 2 fips-manifest add "$1"
	one_line
	expect 2 fips-tool --keyring a.pub --root root "$1"
	one_line
	clean
}

step "text and keys around the signed file"
g --quick-gen-key 'evil "kubelet": "/tmp/evil" <evil@example.org>' rsa3072 sign never
g --armor --export evil@example.org >evil.pub
cat evil.pub good.asc >x1.asc
refused x1.asc "line 1: '-----BEGIN PGP PUBLIC KEY BLOCK-----' where"
cat good.asc evil.pub >x2.asc
refused x2.asc "something stands behind the signature"
{ echo words; cat good.asc; } >x3.asc
refused x3.asc "line 1: 'words' where"
{ cat good.asc; echo words; } >x4.asc
refused x4.asc "something stands behind the signature"
cat good.asc good.asc >x5.asc
refused x5.asc "something stands behind the signature"
sed 's/kubelet/evil/' m.json >evil.json
clearsign evil.asc evil.json -u "$mallory"
cat evil.asc good.asc >x6.asc
refused x6.asc "something stands behind the signature"
sed '/BEGIN PGP SIGNATURE/,$d' good.asc | sed '$a words' >x7.asc
sed -n '/BEGIN PGP SIGNATURE/,$p' good.asc >>x7.asc
refused x7.asc "is bad: the text or the signature was changed"

step "something else in the signature's place"
g --output inline.gpg -u "$a" --compress-level 0 --sign evil.json
g --output compressed.gpg -u "$a" --sign evil.json
g --output literal.gpg --compress-level 0 --store evil.json
cat good.sig a.gpg >sigkey.gpg
cat a.gpg good.sig >keysig.gpg
cat good.sig literal.gpg >sigliteral.gpg
g --output binary.sig -u "$a" --detach-sign <(head -c -1 m.json)
printf '\xca\x03PGP' >marker.gpg
head -c -20 good.sig >short.sig
for p in "inline.gpg has tag 4 and is no signature" "compressed.gpg definite length" \
	"literal.gpg has tag 11 and is no signature" "a.gpg has tag 6 and is no signature" \
	"sigkey.gpg packet 2 of the signature block has tag 6" \
	"keysig.gpg packet 1 of the signature block has tag 6" \
	"sigliteral.gpg has tag 11" "marker.gpg has tag 10" \
	"good.asc not an OpenPGP packet" "short.sig cut off" \
	"binary.sig signature 1 is of type 0x00 and not of a text"; do
	framed p.asc m.json "${p%% *}"
	refused p.asc "${p#* }"
done
sed '/BEGIN PGP SIGNATURE/,$d' good.asc >none.asc
refused none.asc "the file ends before"
printf -- '-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n' >>none.asc
refused none.asc "an empty block"
refused inline.gpg "not a cleartext-signed file"
refused good.sig "not a cleartext-signed file"
refused m.json "not a cleartext-signed file"

step "the text in another spelling: gpg calls each of them good"
{ sed -n '1,/^$/p' good.asc; sed '1,/^$/d' good.asc | sed 's/,$/, /'; } >blank.asc
{ sed -n '1,/^$/p' good.asc; sed '1,/^$/d; /BEGIN PGP SIGNATURE/,$d' good.asc | sed 's/$/\r/'
	sed -n '/BEGIN PGP SIGNATURE/,$p' good.asc; } >crlf.asc
sed 's/$/\r/' good.asc >allcrlf.asc
sed 's/^  "note/- &/; s/^  "el"/- &/' good.asc >dash.asc
for f in blank crlf allcrlf dash; do
	cmp -s $f.asc good.asc && fail "$f.asc is not changed"
	expect 0 gpg --verify $f.asc
done
refused blank.asc "a line that ends in a blank"
refused crlf.asc "not printable ASCII"
refused allcrlf.asc "line 1"
refused dash.asc "a line that begins with '-'"

step "other headers of the armor"
clearsign nde.asc m.json -u "$a" --not-dash-escaped
refused nde.asc "NotDashEscaped"
sed '2s/.*/Comment: words\n&/' good.asc >comment.asc
refused comment.asc "where 'Hash: '"
sed '2s/.*/&\n&/' good.asc >twice.asc
refused twice.asc "line 3"
clearsign version.asc m.json -u "$a" --emit-version
refused version.asc "'Version:'"
sed '2s/.*/Hash: SHA256/' good.asc >hash.asc
refused hash.asc "which the 'Hash:' line does not name"
sed '2s/.*/Hash: SHA1/' good.asc >hash1.asc
refused hash1.asc "'Hash: SHA1' where"
sed '2d' good.asc >nohash.asc
refused nohash.asc "line 2"

step "every bit of a signed file, a sample of them flipped"
python3 - <<'END'
import random
good = open('good.asc', 'rb').read()
random.seed(4)
for i, at in enumerate(random.sample(range(len(good) * 8), 40)):
	bad = bytearray(good)
	bad[at // 8] ^= 1 << at % 8
	open(f'flip{i:02d}.asc', 'wb').write(bad)
END
expect 2 fips-manifest verify --keyring a.pub flip*.asc
[ "$(grep -c 'NOT TRUSTED' out)" = 40 ] || fail "$(grep -v 'NOT TRUSTED' out)"

step "one owner counts once"
cat good.sig good.sig >same.sig
framed same.asc m.json same.sig
expect 2 fips-manifest verify --keyring a.pub --threshold 2 same.asc
says "1 of 2 owners have signed"
says "its owner is counted already" out
cp same.asc mine.asc
expect 0 fips-manifest sign --yes --key "$a" --output merged.asc mine.asc
[ "$(gpg --status-fd 1 --verify merged.asc 2>/dev/null | grep -c GOODSIG)" = 2 ] ||
	fail "the same signature is kept twice"

step "a notation that forges a line of gpg's status"
judges
g --armor --export-secret-keys "$mallory" >mallory.secret
forged='x\n[GNUPG:] GOODSIG '${a: -16}' a\n[GNUPG:] VALIDSIG '$a' 2026-01-01 1767225600 0 4 0 1 10 01 '$a
judge openpgp.mjs sign mallory.secret m.json notation.asc "$forged" || fail "no notation"
expect 0 fips-manifest verify --keyring mallory.gpg notation.asc
[ "$(grep -c counts: out)" = 1 ] || fail "$(cat out)"
refused notation.asc "made by a key that is not in the keyring"

step "a hostile user id in the keyring is shown harmlessly"
g --display-charset utf-8 --utf8-strings --quick-gen-key $'evil\x1b[2Jid \xe2\x80\xae <e2@example.org>' rsa3072 sign never
g --export e2@example.org >e2.gpg
clearsign e2.asc m.json -u e2@example.org
expect 0 fips-manifest verify --keyring e2.gpg e2.asc
grep -q $'\x1b\|\xe2\x80\xae' out && fail "control characters reach the terminal"
says 'evil\x1b[2Jid \xe2\x80\xae' out

step "the user's own GnuPG settings have no say"
mkdir -m 700 evil home home/.gnupg
cat >evil/gpg.conf <<END
keyring $PWD/mallory.gpg
auto-key-import
auto-key-retrieve
auto-key-locate local,wkd
keyserver hkp://127.0.0.1:9
include-key-block
allow-weak-digest-algos
END
cp evil/gpg.conf home/.gnupg/
cp mallory.gpg evil/pubring.gpg
cp mallory.gpg home/.gnupg/pubring.gpg
g --include-key-block --digest-algo SHA512 -u "$mallory" --output block.asc --clearsign m.json
for env in "GNUPGHOME=$PWD/evil" "HOME=$PWD/home"; do
	for f in block.asc notation.asc; do
		expect 2 env -u GNUPGHOME "$env" fips-manifest verify --keyring a.pub $f
		says "made by a key that is not in the keyring"
	done
	expect 0 env -u GNUPGHOME "$env" fips-manifest verify --keyring a.pub good.asc
done

step "a gpg that stands first in PATH is never run"
mkdir fake
for f in gpg gpg2 gpgv gpgsm gpgconf gpg-agent keyboxd dirmngr; do
	# shellcheck disable=SC2016  # the script's own
	printf '#!/bin/sh\necho "$0 $*" >>%s\nexit 0\n' "$PWD/ran" >fake/$f
	chmod 755 fake/$f
done
expect 2 env PATH="$PWD/fake:$PATH" fips-manifest verify --keyring a.pub block.asc
expect 0 env PATH="$PWD/fake:$PATH" fips-manifest verify --keyring a.pub good.asc
expect 2 env PATH="$PWD/fake:$PATH" fips-tool --keyring a.pub --root root evil.asc
expect 0 env PATH="$PWD/fake:$PATH" fips-manifest key check a.pub
expect 0 env PATH="$PWD/fake:$PATH" fips-manifest sign --yes --key "$a" --output f.asc m.json
[ ! -e ran ] || fail "$(cat ran)"
expect 0 env PATH=/nonexistent "$BIN/fips-manifest" verify --keyring a.pub good.asc

step "long, odd and missing folders for temporary files"
long=$PWD/$(printf 'x%.0s' {1..100})
mkdir -m 700 "$long"
for dir in "$long" /nonexistent relative "" /proc; do
	expect 0 env XDG_RUNTIME_DIR="$dir" TMPDIR="$dir" fips-manifest verify --keyring a.pub good.asc
done
[ -z "$(ls -A "$long")" ] || fail "something is left in $long"

step "one process, no network, nothing that stays"
gpgconf --kill all
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 # does not work where strace looks on
# traced STATUS FILE: verify it, every call of every process in ./trace; a file a process,
# so that no call is cut in two
traced() {
	rm -f trace.*
	expect "$1" strace -ff -qq -o trace -e trace=execve,connect,socket,openat,mkdir \
		env GNUPGHOME="$PWD/evil" fips-manifest verify --keyring a.pub "$2"
	cat trace.* >trace
}
traced 0 good.asc
grep -E 'sin_port|sin6_port|AF_INET|AF_INET6' trace && fail "a network socket"
[ "$(grep -c 'execve(.*= 0$' trace)" = 3 ] || # env, fips-manifest, gpgv
	fail "$(grep execve trace)"
grep -q 'execve("/usr/bin/gpgv"' trace || fail "$(grep execve trace)"
traced 2 block.asc
grep -E 'sin_port|sin6_port|AF_INET|AF_INET6' trace && fail "a network socket"
[ ! -S evil/S.gpg-agent ] || fail "an agent was started"
grep -E 'mkdir\(|O_CREAT' trace && fail "a file is made"
pgrep -f "$PWD/(evil|run/fips-)" && fail "a process stays"
[ "$(ls evil)" = "gpg.conf
pubring.gpg" ] || fail "$(ls evil)"
clean

step "standard input, output and error that are closed"
expect 0 fips-manifest verify --keyring a.pub good.asc <&-
fips-manifest verify --keyring a.pub good.asc >&- 2>&-
[ $? != 2 ] || fail "not trusted, without a standard output"

step "keys are listed without a folder, too"
expect 0 fips-manifest key check a.pub
expect 0 fips-manifest key add a.pub
expect 0 fips-manifest key list
expect 0 fips-manifest sign --yes --key "$a" --output again.asc m.json
clean

step "kill -9 in the middle of it: no folder and no process stays"
mark=MARK=$$-$RANDOM # whatever the victim starts inherits this
gone() { ! grep -qsz "^$mark\$" /proc/[0-9]*/environ; }
many=$(printf 'good.asc %.0s' {1..200})
struck=0
for i in {1..12}; do
	# shellcheck disable=SC2086
	env "$mark" fips-manifest verify --keyring a.pub $many >/dev/null 2>&1 &
	PIDS+=($!)
	sleep 0.0$((2 + i % 8))
	kill -9 $! 2>/dev/null
	wait $! 2>/dev/null
	[ $? = 137 ] && struck=$((struck + 1))
	wait_for 5 gone || fail "a process stays: $(grep -lsz "^$mark\$" /proc/[0-9]*/environ)"
	clean
done
[ $struck -gt 6 ] || fail "only $struck of 12 were killed in the middle"
echo "all good"
