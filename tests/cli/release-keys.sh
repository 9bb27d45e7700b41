#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The procedures of docs/OPERATIONS.md for release keys, each command as it stands there:
# making, trusting, signing, expiry, loss and theft. Real gpg, with real passphrases.
# long
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/keys.sh
. "$TOP/tests/cli/keys.sh"
# shellcheck source=tests/cli/walk.bash
. "$TOP/tests/cli/walk.bash"
need gpg gpgv jq faketime
# faketime is preloaded before ASan, which is fine here
export ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0
walk_sections "### Making one" "### Trusting keys" "### Signing, alone and together" \
	"### Expiry" "### A signing machine is lost or stolen" "### A key is lost or stolen"

export HOME=$PWD
# who types the passphrase into gpg-agent's window
cat >pinentry <<'END'
#!/bin/sh
echo OK
while read -r command rest; do
	[ "$command" = GETPIN ] && echo "D correct horse battery"
	echo OK
	[ "$command" = BYE ] && exit
done
END
chmod +x pinentry
home() { # home NAME: a GnuPG home whose owner knows the passphrase
	new_home "$1"
	echo "pinentry-program $PWD/pinentry" >"$GNUPGHOME/gpg-agent.conf"
	ln -sfn "$GNUPGHOME" "$HOME/.gnupg"
}
gpg() { # at a terminal, or with the answers that the file dialog has
	if [ -e dialog ]; then
		command "${CLOCK[@]}" gpg --quiet --no-tty --command-fd 5 "$@" 5<dialog
	else
		typed gpg --quiet "$@"
	fi
}
fingerprints() { # of the keys in FILE, primary and subkeys
	command gpg --with-colons --show-keys "$1" | awk -F: '$1 == "fpr" { print $10 }'
}
PASSPHRASE=yes # to whether to sign
MEANS[keys-example/make-keys.sh]="$TOP/keys-example/make-keys.sh --throw-away"

step "a key by the script"
walk "\$ keys-example/make-keys.sh my-key 'My Name <me@example.org>'"
walk '$ fips-manifest key check my-key/release.asc'
says "fit for use" out
cp my-key/release.asc bob.asc

step "a key by hand: the primary signs keys alone, a subkey signs manifests"
home primary
walk "\$ gpg --cert-digest-algo SHA512 --quick-generate-key 'My Name <me@example.org>' rsa4096 cert 2y"
MEANS[FINGERPRINT]=$(gpg --with-colons --list-keys | awk -F: '$1 == "fpr" { print $10; exit }')
walk '$ gpg --cert-digest-algo SHA512 --quick-add-key FINGERPRINT rsa3072 sign 1y'
walk '$ gpg --armor --export FINGERPRINT > release.asc'
walk '$ gpg --armor --export-secret-subkeys FINGERPRINT > signing.secret.asc'
walk '$ gpg --armor --export-secret-keys FINGERPRINT > primary.secret.asc'
walk '$ cp ~/.gnupg/openpgp-revocs.d/FINGERPRINT.rev revocation.asc'
MEANS[SUBKEY-FINGERPRINT]=$(fingerprints release.asc | tail -n 1)
for f in release.asc my-key/release.asc; do
	expect 0 fips-manifest key check $f
	sed 's/[0-9A-F]\{40\}/KEY/; s/expires.*Z/expires/' out >"shape-${f%%/*}"
done
cmp shape-release.asc shape-my-key || fail "the script makes another kind of key"
expect 0 gpg --list-packets signing.secret.asc
[ "$(grep -c 'gnu-dummy S2K' out)" = 1 ] || fail "the primary goes along"

step "the store trusts two owners"
cp release.asc alice.asc
export FIPS_MANIFEST_STORE=$PWD/s.db
expect 0 command fips-manifest init --no-roles
walk '$ fips-manifest key add alice.asc'
walk '$ fips-manifest key add bob.asc --threshold 2'
walk '$ fips-manifest key list'
says "threshold 2: signatures of 2 different owners" out
says "${MEANS[FINGERPRINT]}" out

step "signing, alone and together, on two machines that have a subkey each"
mkdir alice bob bob/artifacts
cp /bin/true bob/artifacts/kubelet
cat >bob/el8.yaml <<END
el: "8"
kubernetes: v1.21.3
created: 2021-08-25T00:00:00Z
components:
  - name: kubelet
    file: kubelet
    path: /usr/bin/kubelet
    version: "1.21.3"
END
expect 0 command fips-manifest build bob/el8.yaml --artifacts bob/artifacts --output alice
home alice-home
expect 0 gpg --import signing.secret.asc
walk 'alice$ fips-manifest sign --key FINGERPRINT manifest-el8-x86_64.json'
cp alice/manifest-el8-x86_64.json.asc bob
home bob-home
expect 0 gpg --import my-key/signing.secret.asc
walk 'bob$ fips-manifest build --check manifest-el8-x86_64.json.asc el8.yaml --artifacts artifacts'
walk 'bob$ fips-manifest sign manifest-el8-x86_64.json.asc'
cat alice.asc bob.asc >both.asc
expect 0 command fips-manifest verify --keyring both.asc --threshold 2 \
	bob/manifest-el8-x86_64.json.asc
expect 0 command fips-manifest add bob/manifest-el8-x86_64.json.asc
expect 0 command fips-manifest publish
export GNUPGHOME=$PWD/alice-home
cp alice/manifest-el8-x86_64.json .
gpgconf --kill all # which forgets the passphrase
mv pinentry away # and nobody is there to type it
echo "correct horse battery" >passphrase-file
walk '$ fips-manifest sign --yes --passphrase-fd 5 manifest-el8-x86_64.json 5<passphrase-file'

step "the subkey expires: neither signed nor counted, until it is prolonged"
mv away pinentry
CLOCK=(faketime -f '+400d')
command gpgconf --kill all
expect 2 fips-manifest verify bob/manifest-el8-x86_64.json.asc
says "expired" out
expect 0 fips-manifest list
says "untrusted" out
rm manifest-el8-x86_64.json.asc
expect 3 fips-manifest sign manifest-el8-x86_64.json
says "cannot sign: its subkey has expired"
expect 1 fips-manifest key check release.asc
says "fault: subkey ${MEANS[SUBKEY-FINGERPRINT]} expired on" out
expect 0 fips-manifest key --threshold 1 # bob's key is the same story
expect 1 fips-manifest publish
says "took el8/v1.21.3/x86_64@1 out of the tree"
export GNUPGHOME=$PWD/primary
walk '$ gpg --cert-digest-algo SHA512 --quick-set-expire FINGERPRINT 2y'
walk '$ gpg --cert-digest-algo SHA512 --quick-set-expire FINGERPRINT 1y SUBKEY-FINGERPRINT'
walk '$ gpg --armor --export FINGERPRINT > release.asc'
walk '$ fips-manifest key add release.asc && fips-manifest publish'
says "published el8/v1.21.3/x86_64@1"
expect 0 fips-manifest key check release.asc
expect 0 fips-manifest verify bob/manifest-el8-x86_64.json.asc
export GNUPGHOME=$PWD/alice-home
expect 3 fips-manifest sign manifest-el8-x86_64.json
says "cannot sign: its subkey has expired"
cp release.asc alice
walk 'alice$ gpg --import release.asc'
expect 0 fips-manifest sign manifest-el8-x86_64.json
expect 0 fips-manifest verify manifest-el8-x86_64.json.asc
expect 2 fips-manifest verify --keyring alice.asc manifest-el8-x86_64.json.asc

step "a signing machine is lost: another subkey, and the old one is revoked"
export GNUPGHOME=$PWD/primary
printf '%s\n' y 1 '' y >dialog # really, stolen, no more to say, really
walk "\$ gpg --cert-digest-algo SHA512 --edit-key FINGERPRINT 'key SUBKEY-FINGERPRINT' revkey save"
rm dialog
walk '$ gpg --cert-digest-algo SHA512 --quick-add-key FINGERPRINT rsa3072 sign 1y'
walk '$ gpg --armor --export FINGERPRINT > release.asc'
walk '$ gpg --armor --export-secret-subkeys FINGERPRINT > signing.secret.asc'
walk '$ fips-manifest key add release.asc'
grep -A1 "${MEANS[SUBKEY-FINGERPRINT]} RSA3072\$" out | grep -q revoked || fail "$(cat out)"
expect 2 fips-manifest verify manifest-el8-x86_64.json.asc
says "its key is revoked" out
expect 0 fips-manifest list
says "untrusted" out
export GNUPGHOME=$PWD/alice-home
expect 0 gpg --import signing.secret.asc release.asc
rm manifest-el8-x86_64.json.asc
expect 0 fips-manifest sign manifest-el8-x86_64.json
expect 0 fips-manifest verify manifest-el8-x86_64.json.asc
expect 0 fips-manifest add manifest-el8-x86_64.json.asc
expect 0 fips-manifest publish
expect 0 fips-manifest list
says " published " out

step "the key is lost, and then bob's, of which there is no certificate"
walk '$ sed -i s/^:// revocation.asc'
walk '$ fips-manifest key revoke revocation.asc'
walk '$ fips-manifest list'
says "untrusted" out
expect 1 fips-manifest publish
MEANS[FINGERPRINT]=$(fingerprints bob.asc | head -n 1) MEANS[TEXT]="'the house burnt down'"
walk '$ fips-manifest key revoke FINGERPRINT --reason TEXT'
walk '$ fips-manifest publish'
expect 0 fips-manifest key list
grep -q "${MEANS[FINGERPRINT]}" out && fail "bob's key is still there"
walk_end
