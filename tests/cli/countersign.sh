#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two engineers who share no machine: one builds and signs, the other derives the
# manifest again from the artifacts and adds a signature; and revocation, from the
# certificate to the tree and the node.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg jq

mkdir -p one/artifacts two/artifacts
cp /bin/true one/artifacts/kubelet
cp /bin/cat one/artifacts/runc
cp one/artifacts/* two/artifacts/
cat >one/el8.yaml <<'END'
el: "8"
kubernetes: v1.21.3
created: 2021-08-25T00:00:00Z
components:
  - name: kubelet
    file: kubelet
    path: /usr/bin/kubelet
    version: 1.21.3
  - name: runc
    file: runc
    path: /usr/bin/runc
    version: 1.0.0
END
cp one/el8.yaml two/

step "the first builds and signs"
cd one || exit
new_home keys
make_key a rsa3072
expect 0 fips-manifest build el8.yaml --artifacts artifacts --output .
expect 0 fips-manifest sign --yes manifest-el8-x86_64.json
cd ..

step "the second derives it again: the same, or told what differs"
cd two || exit
new_home keys
make_key b rsa3072
cp ../one/manifest-el8-x86_64.json.asc m.asc
cp m.asc alone.asc
expect 0 fips-manifest build --check m.asc el8.yaml --artifacts artifacts
printf x >>artifacts/runc
expect 1 fips-manifest build --check m.asc el8.yaml --artifacts artifacts
says "runc" out
says "sha256" out
cp ../one/artifacts/runc artifacts/
sed -i 's/version: 1.0.0/version: 1.0.1/' el8.yaml
expect 1 fips-manifest build --check m.asc el8.yaml --artifacts artifacts
says "1.0.1" out
sed -i 's/version: 1.0.1/version: 1.0.0/' el8.yaml
expect 0 fips-manifest build --check m.asc el8.yaml --artifacts artifacts
expect 0 fips-manifest sign --yes m.asc
says "carries 1 signature already"
cd ..

step "one file with two signatures, for stock gpg, too"
cat one/a.gpg two/b.gpg >ab.gpg
expect 0 fips-manifest verify --keyring ab.gpg --threshold 2 two/m.asc
expect 0 gpgv --keyring ./ab.gpg two/m.asc
says 'Good signature from "a <a@example.org>"'
says 'Good signature from "b <b@example.org>"'

step "they sign at the same time, and the store joins both"
cd two || exit
expect 0 fips-manifest sign --yes --quiet --output ../b-alone.asc \
	<(sed '1,/^$/d; /^-----BEGIN PGP SIG/,$d' alone.asc)
cd ..
for order in "one/manifest-el8-x86_64.json.asc b-alone.asc" \
	"b-alone.asc one/manifest-el8-x86_64.json.asc"; do
	rm -f s.db
	export FIPS_MANIFEST_STORE=$PWD/s.db
	expect 0 fips-manifest init
	expect 0 fips-manifest key add one/a.pub
	expect 0 fips-manifest key add two/b.pub --threshold 2
	for f in $order $order; do
		expect 0 fips-manifest add "$f"
	done
	expect 0 fips-manifest show --asc el8/v1.21.3/x86_64
	cp out "joined-${order:0:1}"
	expect 0 fips-manifest verify --all
	says "2 signed, 2 needed" out
	[ "$(grep -c counts: out)" = 2 ] || fail "a signature is kept twice"
done
cmp joined-o joined-b || fail "the order of signatures matters"

step "a new revision is shown against the one in the store before it is signed"
expect 0 fips-manifest publish
cd one || exit
sed -i 's/version: 1.0.0/version: 1.0.2/; s/^kubernetes.*/&\nrevision: 2/' el8.yaml
printf y >>artifacts/runc
expect 0 fips-manifest build el8.yaml --artifacts artifacts --output .
GNUPGHOME=$PWD/keys
expect 0 fips-manifest sign --yes --output r2.asc manifest-el8-x86_64.json
says "against revision 1 in the store:"
says "runc version: 1.0.0 -> 1.0.2"
says "runc /usr/bin/runc sha256: "
cd ..
mv one/r2.asc r2.asc
GNUPGHOME=$PWD/two/keys
expect 0 fips-manifest sign --yes --quiet r2.asc

step "revocation by certificate: list, add, publish, the tree's keyring, the node"
b=$(cd two && fprs b)
sed 's/^:---/---/' "two/keys/openpgp-revocs.d/$b.rev" >b.rev
expect 0 fips-manifest key revoke b.rev
expect 0 fips-manifest list
says "untrusted" out
expect 0 fips-manifest add r2.asc
says "pending" out
expect 2 fips-manifest verify --all
says "its key is revoked" out
cp b-alone.asc b-only.asc
expect 2 fips-manifest add b-only.asc
says "its key is revoked"
expect 1 fips-manifest publish
says "took el8/v1.21.3/x86_64@1 out of the tree"
says "its key is revoked"
expect 0 fips-manifest log
says "distrust el8/v1.21.3/x86_64@1" out
says "key" out
expect 0 fips-manifest export tree
expect 0 gpg --show-keys --with-colons tree/keys/release.asc
grep "^pub:r:" out | grep -q "${b: -16}" || fail "the published keyring does not say revoked"
[ ! -e tree/manifests/v1.21.3/manifest-el8-x86_64.json.asc ] || fail "it is still published"
mkdir root
expect 2 fips-tool --keyring tree/keys/release.asc --threshold 2 --root root two/m.asc
says "its key is revoked"

step "with another second signature it comes back"
cd two || exit
make_key c rsa3072
expect 0 fips-manifest sign --yes --quiet --key c@example.org --output ../again.asc ../r2.asc
cd ..
expect 0 fips-manifest key add two/c.pub
expect 0 fips-manifest add again.asc
expect 0 fips-manifest publish
says "published el8/v1.21.3/x86_64@2"
expect 0 fips-manifest log --verify
echo "all good"
