#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fips-tool --tree and --bundle: the node without a server, and without a network call.
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq strace python3

new_key alice
node_root root
cp /bin/true root/usr/bin/kubelet
component root kubelet required /usr/bin/kubelet >kubelet.json
export FIPS_MANIFEST_STORE=$PWD/s.db
echo a-passphrase >pass
expect 0 fips-manifest init --quiet --passphrase-fd 3 3<pass
expect 0 fips-manifest key add alice.asc
release() { # release REVISION
	manifest "r$1.json" ".revision = $1" <kubelet.json
	sign "r$1.json" alice
	expect 0 fips-manifest add "r$1.json.asc"
	expect 0 fips-manifest publish --passphrase-fd 3 3<pass
}
release 1
expect 0 fips-manifest export tree
expect 0 fips-manifest export old.tar
cp tree/metadata/1.root.json root.json
n=0
tool() {
	fips-tool --root root --state "$STATE" --trust root.json --kubernetes v1.21.3 "$@"
}

step "a folder, a tar, a layout: the same as a server, and no network"
expect 0 fips-manifest export b.tar.zst
expect 0 fips-manifest export oci:img
for from in --tree=tree --bundle=old.tar --bundle=b.tar.zst --tree=oci:img; do
	STATE=$PWD/state$((++n))
	expect 0 tool "$from" --json
	jq -e '[.checks[] | select(.subject | startswith("metadata "))] | length >= 5' out \
		>/dev/null || fail "the report does not say what was used"
	STATE=$PWD/state$((++n))
	if [ "${OUT##*/}" != san ]; then
		expect 0 strace -f -qq -o trace -e trace=network fips-tool --root root \
			--state "$STATE" --trust root.json --kubernetes v1.21.3 "$from"
		grep -E 'AF_INET|AF_PACKET' trace && fail "$from: a network call"
	fi
done

step "a changed program is found, and an older tree is refused"
release 2
expect 0 fips-manifest export tree
STATE=$PWD/last
expect 0 tool --tree tree
expect 2 tool --bundle old.tar
says "rolled back from version"
one_line
cp /bin/false root/usr/bin/kubelet
expect 1 tool --tree tree
says "/usr/bin/kubelet" out

step "usage and bad input"
expect 64 tool --tree tree --server http://127.0.0.1:1
expect 3 fips-tool --tree tree --self-check --state none
says "no root to begin with"
expect 3 tool --tree nowhere
one_line
head -c 5000 old.tar >cut.tar
expect 3 tool --bundle cut.tar
one_line
STATE=$PWD/none
expect 3 fips-tool --root root --state "$STATE" --kubernetes v1.21.3 --tree tree
says "no root to begin with"
