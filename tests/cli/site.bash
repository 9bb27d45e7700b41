# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced behind lib.sh by the tests of site statements: an authority (s.db, its tree in
# tree1 and tree2, root.json) with one manifest for a node that lies in root.
#
#     authority                 make all of that
#     mirror STORE              an empty store for a mirror
#     at TIME COMMAND...        the same with the clock at that time: '+20d'
#     statement STORE FILE      what the store's site says
#     tool TREE OPTION...       fips-tool with a new state each time
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
# shellcheck source=tests/cli/carry.bash
. "$TOP/tests/cli/carry.bash"
need gpg jq faketime openssl sqlite3
# faketime is preloaded before ASan, which is fine here
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0

authority() {
	local n
	new_key alice
	node_root root
	cp /bin/true root/usr/bin/kubelet
	component root kubelet required /usr/bin/kubelet >kubelet.json
	echo a-passphrase >pass
	export FIPS_MANIFEST_STORE=$PWD/s.db
	expect 0 fips-manifest init --quiet --passphrase-fd 3 3<pass
	expect 0 fips-manifest key add alice.asc
	expect 0 fips-manifest tool add "$BIN/fips-tool" --version 1.0.0 --arch x86_64
	expect 0 fips-manifest tool sums
	cp out SHA256SUMS
	sign SHA256SUMS alice
	expect 0 fips-manifest tool add-sums SHA256SUMS.asc
	for n in 1 2; do
		manifest "r$n.json" ".revision = $n" <kubelet.json
		sign "r$n.json" alice
		expect 0 fips-manifest add --quiet "r$n.json.asc"
		expect 0 fips-manifest publish --quiet --passphrase-fd 3 3<pass
		expect 0 fips-manifest export --quiet "tree$n"
	done
	cp tree1/metadata/1.root.json root.json
}
mirror() { expect 0 fips-manifest --store "$1" init --no-roles --quiet; }
at() {
	local when=$1
	shift
	faketime -f "$when" "$@"
}
statement() { fips-manifest --store "$1" site show --json >"$2" || fail "no statement"; }
# signed_by FILE KEY [N]: a stranger's eyes: what docs/FORMAT.md says, by any shell
signed_by() {
	rm -rf stranger
	mkdir stranger
	cp "$1" stranger/statement.json
	cp "$2" stranger/site.pub
	sed -n '/^    jq -jcS .signed/,/^    openssl dgst/p' "$TOP/docs/FORMAT.md" |
		sed "s/signatures\[0\]/signatures[${3:-0}]/" >stranger/verify
	[ "$(wc -l <stranger/verify)" = 5 ] && (cd stranger && sh -e verify >/dev/null)
}
NODES=0
tool() {
	local tree=$1
	shift
	fips-tool --root root --state "state$((++NODES))" --trust root.json \
		--kubernetes v1.21.3 "$tree" "$@"
}
