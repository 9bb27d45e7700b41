#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Signing with a key that never leaves a PKCS#11 token, through gpg-agent; the recipe is
# that of docs/OPERATIONS.md.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg gpgv gnupg-pkcs11-scd certtool
# shellcheck source=tests/cli/softhsm.bash
. "$TOP/tests/cli/softhsm.bash"

cp "$TOP/tests/data/manifest-el8-x86_64.json" m.json
step "a key that is made in the token, and its certificate"
softhsm2-util --init-token --free --label release --pin 123456 --so-pin 654321 >/dev/null
url="pkcs11:token=release;object=release"
export GNUTLS_PIN=123456
p11tool --provider "$SOFTHSM" --login --batch --generate-privkey=rsa --bits 3072 \
	--label release --id 01 "pkcs11:token=release" >p11.log 2>&1 || fail "$(cat p11.log)"
printf 'cn = release\nexpiration_days = 900\nsigning_key\n' >template
certtool --provider "$SOFTHSM" --generate-self-signed --template template \
	--load-privkey "$url;type=private" --load-pubkey "$url;type=public" \
	--outfile cert.pem >p11.log 2>&1 || fail "$(cat p11.log)"
p11tool --provider "$SOFTHSM" --login --batch --write --load-certificate cert.pem \
	--label release --id 01 --no-mark-private "pkcs11:token=release" >p11.log 2>&1 ||
	fail "$(cat p11.log)"
unset GNUTLS_PIN

step "an OpenPGP key around it, through gpg-agent"
new_home keys
use() { # use MODULE SCDAEMON
	gpgconf --kill all
	printf 'providers token\nprovider-token-library %s\n' "$1" \
		>"$GNUPGHOME/gnupg-pkcs11-scd.conf"
	printf 'scdaemon-program %s\npinentry-program /bin/false\n' "$2" \
		>"$GNUPGHOME/gpg-agent.conf"
}
scd=$(command -v gnupg-pkcs11-scd)
use "$LOCKING" "$scd"
grip=$(gpg-connect-agent 'learn --sendinfo --force' /bye 2>/dev/null |
	awk '$1 == "S" && $2 == "KEYPAIRINFO" { print $3; exit }')
[ -n "$grip" ] || fail "gpg-agent sees no key in the token"
cat >parameters <<END
Key-Type: RSA
Key-Grip: $grip
Key-Usage: cert,sign
Name-Real: token
Name-Email: token@example.org
Expire-Date: 2y
%commit
END
PASSPHRASE=123456 g --cert-digest-algo SHA512 --full-generate-key parameters || fail "no key"
export_key token
gpg -K 2>/dev/null | grep -q 'Card serial no' || fail "the secret key is not in the token"

sign() { # sign STATUS PIN [WORDS]: each time by a new agent, which remembers no PIN
	gpgconf --kill all
	rm -f m.json.asc
	expect "$1" timeout 60 fips-manifest sign --yes --quiet --passphrase-fd 5 m.json 5<<<"$2"
	[ "$1" = 0 ] || says "'m.json': cannot sign: $3"
	[ "$1" = 0 ] || [ ! -e m.json.asc ] || fail "m.json.asc was written"
}

step "the right PIN"
sign 0 123456
expect 0 gpgv --keyring ./token.gpg m.json.asc
expect 0 fips-manifest verify --keyring token.gpg m.json.asc
expect 0 fips-manifest key check token.pub
cp m.json m2.json
gpgconf --kill all
expect 0 fips-manifest sign --yes --quiet --passphrase-fd 5 m.json.asc m2.json 5<<<123456

step "a wrong PIN costs one attempt of the token's three, not all of them"
sign 3 000000 "the token refused the PIN: wrong PIN"
[ "$(cat wrong-pins)" = 1 ] || fail "$(cat wrong-pins) attempts were made"
sign 0 123456
[ "$(cat wrong-pins)" = 0 ] || fail "$(cat wrong-pins)"

step "no PIN and nobody to ask"
gpgconf --kill all
expect 3 timeout 60 fips-manifest sign --yes --quiet --output x.asc m.json
says "gpg-agent has no pinentry to ask for the passphrase; give it with --passphrase-fd"

step "no token: it is said, and not asked for for ever"
SOFTHSM2_CONF=/dev/null sign 3 123456 "the token is not plugged in"
use /nonexistent.so "$scd"
sign 3 123456 "no token: gpg-agent has no scdaemon that runs"
use "$LOCKING" /nonexistent
sign 3 123456 "no token: gpg-agent has no scdaemon that runs"
use "$LOCKING" "$scd"

step "a locked token"
for _ in 1 2 3; do
	sign 3 000000 "the token refused the PIN: wrong PIN"
done
sign 3 123456 "the token is locked after too many wrong PINs"
rm wrong-pins
sign 0 123456
gpgconf --kill all
echo "all good"
