# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# fips-tool against a published tree: the real server, and servers that lie.
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq python3

new_key alice
node_root root
cp /bin/true root/usr/bin/kubelet
component root kubelet required /usr/bin/kubelet >kubelet.json

step "a store with two Kubernetes versions, served"
export FIPS_MANIFEST_STORE=$PWD/store.db
expect 0 fips-manifest init
expect 0 fips-manifest key add alice.asc
for v in v1.21.3 v1.22.0; do
	manifest $v.json ".kubernetes = \"$v\"" <kubelet.json
	sign $v.json alice
	expect 0 fips-manifest add $v.json.asc
	[ $v = v1.21.3 ] || break
	expect 0 fips-manifest publish
	background server.log fips-manifestd --store store.db --listen 127.0.0.1:0
	wait_for 60 grep -qo 'http://[0-9.:]*\|127.0.0.1:[0-9]*' server.log ||
		fail "the server does not start: $(cat server.log)"
	url=http://$(grep -o '127\.0\.0\.1:[1-9][0-9]*' server.log | head -n 1)
	# one version alone: it need not be named
	expect 0 fips-tool --keyring alice.asc --root root --server "$url"
	says "$url/manifests/v1.21.3/manifest-el8-x86_64.json.asc" out
done
expect 0 fips-manifest publish
sees_both() { curl -s "$url/index.json" | grep -q 'v1\.22\.0'; }
wait_for 60 sees_both || fail "the server does not see the second version"

step "which one"
expect 64 fips-tool --keyring alice.asc --root root --server "$url"
says "give --kubernetes with one of v1.22.0, v1.21.3"
one_line
expect 0 fips-tool --json --keyring alice.asc --root root --server "$url/" --kubernetes v1.22.0
jq -e '.manifest.kubernetes == "v1.22.0"' out >/dev/null || fail "another version"
expect 3 fips-tool --keyring alice.asc --root root --server "$url" --kubernetes v1.23.0
says "has no manifest for EL 8.4, Kubernetes v1.23.0, x86_64"
expect 3 fips-tool --keyring alice.asc --root root --server "$url" --el 9
says "has no manifest for EL 9"
secret=http://node:mellon@${url#http://}
expect 0 fips-tool --json --keyring alice.asc --root root --server "$secret" --kubernetes v1.22.0
says "$url/manifests" out
expect 3 fips-tool --keyring alice.asc --root root --server "$secret" --el 9
grep -q mellon out err && fail "a password is shown: $(cat out err)"
rm root/etc/os-release root/usr/lib/os-release
expect 3 fips-tool --keyring alice.asc --root root --server "$url" --kubernetes v1.22.0
says "--el says which manifest is meant"
# --el chooses the manifest; what the node is stays a finding
expect 1 fips-tool --keyring alice.asc --root root --server "$url" --el 8 --kubernetes v1.22.0
says "the os-release names no Enterprise Linux" out
node_root root

step "a tree of another machine gets the manifest of that machine"
machine() { # machine NUMBER: of the ELF header of both programs of ./arm
	local program
	mkdir -p arm/bin
	node_root arm
	for program in arm/bin/sh arm/usr/bin/kubelet; do
		cp /bin/true $program
		# shellcheck disable=SC2059
		printf "\\x$1" | dd of=$program bs=1 seek=18 conv=notrunc status=none
	done
}
machine b7
component arm kubelet required /usr/bin/kubelet |
	manifest arm.json '.kubernetes = "v1.22.0" | .arch = "aarch64"'
sign arm.json alice
expect 0 fips-manifest add arm.json.asc
expect 0 fips-manifest publish
sees_arm() { curl -s "$url/index.json" | grep -q aarch64; }
wait_for 60 sees_arm || fail "the server does not see it"
expect 0 fips-tool --json --keyring alice.asc --root arm --server "$url" --kubernetes v1.22.0
jq -e '.manifest.arch == "aarch64" and .node.arch == "aarch64"' out >/dev/null || fail "$(cat out)"
rm arm/usr/bin/kubelet # its shell tells, too
expect 1 fips-tool --keyring alice.asc --root arm v1.22.0.json.asc
says "the manifest is for another architecture; expected x86_64; actual aarch64  fail" out
machine 15 # ppc64
expect 3 fips-tool --keyring alice.asc --root arm --server "$url" --kubernetes v1.22.0
says "has no manifest for EL 8.4, Kubernetes v1.22.0, another machine"
one_line

step "what is an unknown program"
expect 0 fips-tool inspect --manifest v1.21.3.json.asc --keyring alice.asc root/usr/bin/kubelet
says "listed   kubelet /usr/bin/kubelet" out
expect 0 fips-tool inspect --server "$url" root/usr/bin/kubelet
says "EL 8, Kubernetes v1.22.0, x86_64, revision 1: kubelet /usr/bin/kubelet (says the server; not verified)" out
says "EL 8, Kubernetes v1.21.3" out
sort out >plain
expect 0 fips-tool inspect --server "$url//" root/usr/bin/kubelet # as everywhere
sort out | cmp - plain || fail "slashes behind the URL are no longer left out"
closed() { "$@" >&-; } # no connection is taken for the output
expect 3 closed fips-tool inspect --server "$url" root/usr/bin/kubelet
says "cannot write the output: Bad file descriptor"
for bad in "$url/?a=b" "$url/#a"; do
	for what in "inspect /bin/cat" "--root root --kubernetes v1.21.3" --self-check \
		"--root root --kubernetes v1.21.3 --state none --trust alice.asc"; do
		# shellcheck disable=SC2086
		expect 64 fips-tool $what --server "$bad"
		says "'$bad': no URL of a tree: it has a query or fragment"
	done
done
long=$url/$(printf '%05000d' 0)
for what in "inspect /bin/cat" "--root root --kubernetes v1.21.3" --self-check \
	"--root root --kubernetes v1.21.3 --state none --trust alice.asc"; do
	# shellcheck disable=SC2086
	expect 3 fips-tool $what --server "$long"
	says "more than 4096 bytes"
done
expect 1 fips-tool inspect --server "$url" --manifest v1.21.3.json.asc --keyring alice.asc /bin/cat
says "listed   not by the manifest" out
says "server   knows no release that lists it" out
expect 1 fips-tool inspect --json --server "$url" root/usr/bin/kubelet /bin/cat
jq -aS . out | cmp - out || fail "not canonical"
[ "$(jq -r '.[0].server.found | length' out)" = 2 ] || fail "not both releases"
[ "$(jq -c '.[1].server' out)" = null ] || fail "a release for /bin/cat"
expect 3 fips-tool inspect --manifest v1.21.3.json.asc --keyring alice.asc.missing /bin/cat
mkfifo pipe
expect 3 fips-tool inspect /bin/cat pipe missing
says "'pipe' is a FIFO, not a file"
says "'missing'"
says "$(sha256sum </bin/cat | cut -c1-64)" out

step "is this program the one that was published?"
self() { fips-tool --self-check --keyring alice.asc --server "$url" "$@"; }
expect 3 self # nothing is published
one_line
expect 0 fips-manifest tool add "$BIN/fips-tool" --version 1.0.0 --arch x86_64
expect 0 fips-manifest tool sums
cp out SHA256SUMS
sign SHA256SUMS alice
expect 0 fips-manifest tool add-sums SHA256SUMS.asc
expect 0 fips-manifest publish
published() { curl -fs "$url/tool/SHA256SUMS.asc" >/dev/null; }
wait_for 60 published || fail "no signed list of tools"
expect 0 self
says "$(sha256sum <"$BIN/fips-tool" | cut -c1-64) is fips-tool-1.0.0-linux-x86_64" out
says "alice@release.example" out
new_key mallory
expect 2 fips-tool --self-check --keyring mallory.asc --server "$url"
one_line
cp "$BIN/fips-tool" other-tool
echo >>other-tool
expect 1 ./other-tool --self-check --keyring alice.asc --server "$url"
says "is not in the signed list of published tools"
one_line
expect 64 fips-tool --self-check v1.21.3.json.asc
for option in --json --format=junit --report=json:report; do
	expect 64 self $option
	says "--self-check writes no report"
done
[ ! -e report ] || fail "a report"
expect 3 self --require-fips-provider
says "FIPS provider"

step "no server"
expect 3 fips-tool --keyring alice.asc --root root --server http://127.0.0.1:1
one_line
expect 64 fips-tool --keyring alice.asc --root root --server "file://$PWD"
one_line
expect 3 fips-tool --keyring alice.asc --root root --server "$url/healthz"
one_line

step "servers that lie: a copy of the tree, changed"
mkdir -p lie/manifests/v1.21.3 lie/manifests/v1.22.0
path=manifests/v1.21.3/manifest-el8-x86_64.json.asc
other=manifests/v1.22.0/manifest-el8-x86_64.json.asc
for f in index.json $path $other; do curl -s "$url/$f" >"lie/$f"; done
background lie.log python3 -u -m http.server --bind 127.0.0.1 --directory lie 0
wait_for 60 grep -q 'port [0-9]' lie.log || fail "no python server"
lie=http://127.0.0.1:$(sed -n 's/.*port \([0-9]*\).*/\1/p' lie.log | head -n 1)
cp lie/index.json index.json
check() { fips-tool --keyring alice.asc --root root --server "$lie" --kubernetes v1.21.3; }
expect 0 check
expect 3 fips-tool inspect --server "$lie" root/usr/bin/kubelet
says "no fips-manifestd answers there; give --manifest"
one_line
echo >>lie/$path
expect 2 check
says "is not the file that the server's index lists"
one_line
# the table of version X links the manifest of version Y: well signed, and refused
cp lie/$other lie/$path
jq -aS --arg d "$(sha256sum <lie/$path | cut -c1-64)" --argjson s "$(stat -c %s lie/$path)" \
	'(.manifests[] | select(.kubernetes == "v1.21.3")) |= with_entries(
		if .value == "'"$(sha256sum <v1.21.3.json.asc | cut -c1-64)"'" then .value = $d
		elif .key == "size" then .value = $s else . end)' index.json >lie/index.json
expect 2 check
says "holds EL 8, Kubernetes v1.22.0, x86_64, revision 1, but the server's index says EL 8, Kubernetes v1.21.3"
one_line
sed 's/v1\.21\.3/v1.21.4/' index.json >lie/index.json
expect 3 check
echo '{}' >lie/index.json
expect 3 check
says index.json
rm lie/index.json
expect 3 check

step "a server whose every answer comes, late or a little at a time, does not hold it"
cat >slow.py <<'END'
import http.server, time
class Slow(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/digests/"): # faster than what libcurl takes for dead
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            for _ in range(400):
                self.wfile.write(b" " * 40)
                time.sleep(0.25)
        else:
            time.sleep(2)
            super().do_GET()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
print(server.server_port, flush=True)
server.serve_forever()
END
echo a-passphrase >pass
with_roles() { fips-manifest --store roles.db "$@" --passphrase-fd 3 3<pass; }
expect 0 with_roles init --quiet
expect 0 fips-manifest --store roles.db key add alice.asc
expect 0 fips-manifest --store roles.db add v1.21.3.json.asc
expect 0 fips-manifest --store roles.db tool add "$BIN/fips-tool" --version 1.0.0 --arch x86_64
expect 0 fips-manifest --store roles.db tool add-sums SHA256SUMS.asc
expect 0 with_roles publish
expect 0 fips-manifest --store roles.db export tree
(cd tree && exec python3 ../slow.py) >slow.log 2>slow.err &
PIDS+=($!)
wait_for 60 test -s slow.log || fail "$(cat slow.err)"
slow=http://127.0.0.1:$(cat slow.log)
for what in "--self-check" "--root root --kubernetes v1.21.3"; do
	start=$SECONDS
	# shellcheck disable=SC2086
	expect 3 fips-tool $what --timeout 3 --keyring alice.asc --server "$slow" \
		--trust tree/metadata/1.root.json --state state.slow
	says "time was over (--timeout) before "
	one_line
	[ $((SECONDS - start)) -lt 15 ] || fail "took $((SECONDS - start)) s"
	rm -rf state.slow
done
expect 3 fips-tool inspect --timeout 2 --server "$slow" root/usr/bin/kubelet
says "time"
one_line

step "a server that drips or hangs ends with the time"
mkfifo open
exec 7<>open
# shellcheck disable=SC2016
background bad.log bash -c 'exec python3 -u "$TOP/tests/http/misbehave.py" <open'
wait_for 60 test -s bad.log || fail "no misbehaving server"
expect 3 fips-tool --timeout 2 --keyring alice.asc --root root \
	--server "http://127.0.0.1:$(head -n 1 bad.log)/hang"
says "time"
one_line
