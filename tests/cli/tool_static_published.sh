#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The static file with its trust built in, published, and asked whether it is the one that
# was published: over HTTP, from a folder and from a tar.
# long
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq curl
[ "${OUT##*/}" = san ] && skip "the static file is built without sanitizers"
[ "$(uname -m)" = x86_64 ] || skip "the manifest is for x86_64"

step "an authority with a manifest"
new_key alice
new_key mallory
node_root root
cp /bin/true root/usr/bin/kubelet
component root kubelet required /usr/bin/kubelet | manifest m.json
sign m.json alice
echo a-passphrase >pass
authority() { # authority STORE COMMAND...
	FIPS_MANIFEST_STORE=$PWD/$1.db fips-manifest "${@:2}" 3<pass
}
for store in s other; do
	expect 0 authority $store init --quiet --passphrase-fd 3
	expect 0 authority $store key add alice.asc
	expect 0 authority $store add m.json.asc
	expect 0 authority $store publish --passphrase-fd 3
	expect 0 authority $store export $store.tar
	expect 0 authority $store export $store
done
cp s/metadata/1.root.json root.json

step "make TRUST=root.json KEYRING=release.asc"
static_tool fips-tool-static # its libcurl is used again
mkdir -p built/static
cp -r "$TOP/build/static/curl" built/static/
tool=$PWD/built/static/fips-tool
build() { make -s -C "$TOP" -j"$(nproc)" fips-tool-static BUILD="$PWD/built" "$@" >make.log 2>&1 || fail "$(tail -n 5 make.log)"; }
build
cmp "$tool" "$TOP/build/static/fips-tool" || fail "not the same bytes when it is made elsewhere"
build TRUST="$PWD/root.json" KEYRING="$PWD/alice.asc"
n=0
fresh() { # fresh PROGRAM ARGUMENT...: with a state that knows nothing
	"$1" --state "$PWD/state$((++n))" "${@:2}"
}
expect 0 "$tool" --root root m.json.asc # no --keyring
says "pass (image)" out
jq -aS '.revision = 2' m.json >forged.json
sign forged.json mallory
expect 2 "$tool" --root root forged.json.asc
one_line
expect 0 "$tool" --root root --keyring mallory.asc forged.json.asc # who says so is believed
expect 0 fresh "$tool" --root root --tree s # no --trust
grep -qE '  metadata root  *version 1, expires 20' out || fail "$(cat out)"
expect 2 fresh "$tool" --root root --tree other # the same release key, another root
says "timestamp: signed by 0 of the 1 keys"
one_line
expect 2 "$BIN/fips-tool" --root root m.json.asc # this one has nothing built in
says "release.asc"

step "published"
expect 3 fresh "$tool" --self-check --tree s
says "tool/SHA256SUMS.asc"
one_line
expect 0 authority s tool add "$tool" --version 1.0.0 --arch x86_64
expect 0 authority s tool sums
cp out SHA256SUMS
sign SHA256SUMS alice
expect 0 authority s tool add-sums SHA256SUMS.asc
expect 0 authority s publish --passphrase-fd 3
expect 0 authority s export s
expect 0 authority s export new.tar
sum=$(sha256sum <"$tool" | cut -c1-64)
(cd s/tool && sha256sum -c ./*.sha256 SHA256SUMS && gpg -q --verify SHA256SUMS.asc) >sums 2>&1 || fail "$(cat sums)"
jq -e --arg d "$sum" '.signed.targets["tool/fips-tool-1.0.0-linux-x86_64"].hashes.sha256 == $d' \
	s/metadata/*.targets.json >/dev/null || fail "no target"

step "is it this one?"
background server.log fips-manifestd --store s.db --listen 127.0.0.1:0
wait_for 60 grep -q '127\.0\.0\.1:[1-9]' server.log || fail "$(cat server.log)"
url=http://$(grep -o '127\.0\.0\.1:[1-9][0-9]*' server.log | head -n 1)
wait_for 60 curl -fs "$url/tool/SHA256SUMS.asc" || fail "not served"
cp "$tool" replaced
echo >>replaced
for from in "--server=$url" --tree=s --bundle=new.tar; do
	expect 0 fresh "$tool" --self-check "$from"
	says "$sum is fips-tool-1.0.0-linux-x86_64" out
	says "alice@release.example" out
	expect 0 fresh "$tool" --json --root root "$from"
	[ "$(jq -r .tool.sha256 out)" = "$sum" ] || fail "the report has another tool"
	expect 1 fresh ./replaced --self-check "$from"
	says "$(sha256sum <replaced | cut -c1-64)) is not in the signed list of published tools"
	one_line
	expect 0 fresh ./replaced --json --root root "$from"
	[ "$(jq -r .tool.sha256 out)" = "$(sha256sum <replaced | cut -c1-64)" ] || fail "another digest"
	for kernel in 3.10 4.18; do
		expect 0 "$OUT/tests/old_kernel" $kernel "$tool" --state state$((++n)) --root root "$from"
		says "pass (image)" out
	done
done

step "an older list is refused, and one that others signed"
expect 0 "$tool" --self-check --state last --bundle new.tar
expect 2 "$tool" --self-check --state last --bundle s.tar
says "rolled back from version"
one_line
expect 0 "$tool" --self-check --state last --as-of-last-seen
expect 2 fresh "$tool" --self-check --tree s --keyring mallory.asc
one_line
expect 2 fresh "$tool" --self-check --tree other
one_line
expect 64 "$tool" --self-check m.json.asc
