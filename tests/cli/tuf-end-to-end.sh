#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From init to a node: fips-manifest publishes, fips-manifestd serves, fips-tool, tuf-js
# and the client of the TUF project's protocol read; through a new revision, a rotation of
# keys, a withdrawal and a refresh.
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq curl
judges

new_key alice
node_root root
cp /bin/true root/usr/bin/kubelet
component root kubelet required /usr/bin/kubelet >kubelet.json
signed() { # signed NAME JQ: NAME.json.asc
	manifest "$1.json" "$2" <kubelet.json
	sign "$1.json" alice
}
signed one '.revision = 1'
signed two '.revision = 2'
signed seven '.el = "7"'

export FIPS_MANIFEST_STORE=$PWD/store.db
maker() { # fips-manifest with the passphrase of the role keys
	fips-manifest "$@" --passphrase-fd 3 3<<<"correct horse battery"
}
step "first ceremony, first publication"
expect 0 maker init
expect 0 fips-manifest key add alice.asc
expect 0 fips-manifest add one.json.asc seven.json.asc
expect 0 maker publish
background server.log fips-manifestd --store store.db --listen 127.0.0.1:0
wait_for 60 grep -q '127\.0\.0\.1:[1-9]' server.log || fail "$(cat server.log)"
url=http://$(grep -o '127\.0\.0\.1:[1-9][0-9]*' server.log | head -n 1)
curl -sf "$url/metadata/1.root.json" >root.json || fail "no root is served"

tool() {
	fips-tool --root root --server "$url" --state state --kubernetes v1.21.3 "$@"
}
mkdir judge
cp root.json judge/root.json
el8=manifests/v1.21.3/manifest-el8-x86_64.json.asc
js() { judge tuf.mjs judge "$url" judge-out "$@"; }
client() {
	"$OUT/tests/tuf-client" --metadata-dir conf --metadata-url "$url/metadata" "$@"
}
"$OUT/tests/tuf-client" --metadata-dir conf init root.json || fail "no init"
mkdir conf-out

version() { # version ROLE N: each of the three clients trusts this version now
	local dir
	for dir in state conf judge; do
		[ "$(jq .signed.version $dir/"$1".json)" = "$2" ] ||
			fail "$dir trusts $1 $(jq .signed.version $dir/"$1".json), not $2"
	done
}
everybody() { # everybody ASC: all three get this file as the manifest of EL 8
	expect 0 tool
	says "pass (image)" out
	expect 0 client --target-name $el8 --target-name keys/release.asc \
		--target-base-url "$url/targets" --target-dir conf-out download
	expect 0 js $el8 keys/release.asc
	local got=manifests%2Fv1.21.3%2Fmanifest-el8-x86_64.json.asc dir
	for dir in conf-out judge-out; do
		cmp "$1" "$dir/$got" || fail "not the manifest that was published"
	done
}
# a change shows without a restart, but not at once
sees() { [ "$(curl -s "$url/metadata/timestamp.json" | jq .signed.version)" = "$1" ]; }
now() { curl -s "$url/metadata/timestamp.json" | jq .signed.version; }

expect 0 tool --trust root.json
everybody one.json.asc
version root 1
t=$(now)
targets=$(jq .signed.version state/targets.json)

step "one Kubernetes version alone need not be named; which, the signed index says"
expect 0 fips-tool --root root --server "$url" --state state
grep -qE '  metadata index  *version 2, expires 20' out || fail "$(cat out)"
expect 0 fips-tool --root root --state state --as-of-last-seen
says "Kubernetes v1.21.3" out

step "a new revision"
expect 0 fips-manifest add two.json.asc
expect 0 maker publish
wait_for 60 sees $((t + 1)) || fail "the server does not see it"
everybody two.json.asc
version el8 2
version targets "$targets"

step "timestamp gets another key"
id=$(fips-manifest root show --json | jq -r '.published.roles.timestamp.keyids[0]')
expect 0 maker root make-key timestamp-2
expect 0 fips-manifest root add-key timestamp store.db.keys/timestamp-2.pub
expect 0 fips-manifest root remove-key timestamp "$id"
expect 0 maker root sign
rm store.db.keys/timestamp.pem
expect 0 maker root publish
wait_for 60 sees $((t + 2)) || fail "no timestamp by the new key"
everybody two.json.asc
version root 2
jq -e --arg id "$id" '[.signatures[].keyid] | index($id) == null' state/timestamp.json \
	>/dev/null || fail "still signed by the old key"

step "refresh signs the timestamp alone"
before=$(curl -s "$url/metadata/timestamp.json" | jq -c .signed.meta)
expect 0 maker refresh
wait_for 60 sees $((t + 3)) || fail "no newer timestamp"
[ "$(curl -s "$url/metadata/timestamp.json" | jq -c .signed.meta)" = "$before" ] ||
	fail "refresh changed more"
everybody two.json.asc
version timestamp $((t + 3))

step "withdraw"
expect 0 maker withdraw el8/v1.21.3@2 --reason "the wrong containerd"
expect 0 maker publish
wait_for 60 sees $((t + 4)) || fail "the withdrawal is not published"
curl -s "$url/index.json" | jq -e '.withdrawn[0].reason == "the wrong containerd"' >/dev/null ||
	fail "the index does not say it"
expect 3 tool
says "has no manifest for EL 8.4"
one_line
expect 1 js $el8
says "no role vouches for"
expect 1 client --target-name $el8 --target-base-url "$url/targets" --target-dir conf-out \
	download
signed three '.revision = 3'
expect 0 fips-manifest add three.json.asc
expect 0 maker publish
wait_for 60 sees $((t + 5)) || fail "revision 3 is not published"
everybody three.json.asc
expect 0 tool
says "revision 2 was withdrawn: the wrong containerd" out
