# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# fips-tool on trees: what passes, what is found, what is not trusted, what cannot be
# decided.
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq node

new_key alice
new_key bob
new_key mallory
cat alice.asc bob.asc >both.asc

node_root root
cp /bin/true root/usr/bin/kubelet
cp /bin/cat root/usr/bin/runc
ln -s ../../bin/runc root/usr/local/bin/runc
components() {
	component root kubelet required /usr/bin/kubelet
	component root runc optional /usr/bin/runc /usr/local/bin/runc
}
components | manifest m.json
sign m.json alice

step "a tree as the manifest says"
expect 0 fips-tool --keyring alice.asc --root root m.json.asc
says "pass (image): 10 checks, 5 pass, 5 skipped" out
says "kernel FIPS mode          not applicable: not a live node  skipped" out
grep -q '^kubelet .*/usr/bin/kubelet .* pass$' out || fail "no line for kubelet"
[ -s err ] && fail "talks without need"
expect 0 fips-tool --quiet --keyring alice.asc --root root m.json.asc
grep -qE "/usr/bin/kubelet|not applicable" out && fail "--quiet shows what is dull"
expect 0 fips-tool --json --keyring alice.asc --root root - <m.json.asc

step "the JSON report says what it stands on"
expect 0 fips-tool --json --keyring alice.asc --root root m.json.asc
jq -aS . out | cmp - out || fail "not canonical"
field() { [ "$(jq -r "$1" out)" = "$2" ] || fail "$1 is $(jq -r "$1" out), not $2"; }
field .verdict "pass (image)"
field .manifest.sha256 "$(sha256sum <m.json | cut -c1-64)"
field .tool.sha256 "$(sha256sum <"$BIN/fips-tool" | cut -c1-64)"
field '.signatures[0].counts' true
field '.signatures[0].key' "$(gpg --with-colons --show-keys alice.asc | sed -n '/^fpr/{s/fpr:*//;s/://;p;q}')"
field .node.el 8.4
field .node.hostname node-1
field .summary.checks 10
cp out pass.json

step "one changed byte"
cp root/usr/bin/kubelet kept
printf X | dd of=root/usr/bin/kubelet bs=1 seek=100 conv=notrunc 2>/dev/null
expect 1 fips-tool --keyring alice.asc --root root m.json.asc
says "differs in content; expected sha256:$(sha256sum <kept | cut -c1-64); actual sha256:$(sha256sum <root/usr/bin/kubelet | cut -c1-64)  fail" out
says "fail: 10 checks" out
expect 1 fips-tool --json --keyring alice.asc --root root m.json.asc
field .verdict fail
field '[.checks[] | select(.verdict == "fail") | .subject] | join(" ")' /usr/bin/kubelet
cp out fail.json
cp kept root/usr/bin/kubelet

step "who is trusted"
expect 2 fips-tool --keyring bob.asc --root root m.json.asc
one_line
expect 2 fips-tool --threshold 2 --keyring both.asc --root root m.json.asc
one_line
cp m.json two.json
sign two.json alice bob
expect 0 fips-tool --threshold 2 --keyring both.asc --root root two.json.asc
says "bob@release.example" out
cp m.json mixed.json
sign mixed.json alice mallory
expect 0 fips-tool --keyring alice.asc --root root mixed.json.asc
says "does not count" out
sed 's/"revision": 1/"revision": 2/' m.json.asc >tampered.asc
expect 2 fips-tool --keyring alice.asc --root root tampered.asc
one_line
if [ ! -e /etc/fips-manifest/release.asc ]; then
	expect 2 fips-tool --root root m.json.asc
	says "no keyring says whom to trust: give --keyring FILE, or put the release keys in '/etc/fips-manifest/release.asc'"
	one_line
fi
expect 3 fips-tool --keyring missing.asc --root root m.json.asc
says missing.asc
expect 2 fips-tool --keyring alice.asc --root root m.json
one_line
: >empty.asc
expect 2 fips-tool --keyring alice.asc --root root empty.asc
expect 3 fips-tool --keyring empty.asc --root root m.json.asc
one_line

step "signed well, but no manifest"
echo '{}' >none.json
sign none.json alice
expect 3 fips-tool --keyring alice.asc --root root none.json.asc
one_line
says none.json.asc

step "what differs, what is missing, what is no file"
cp -a root bad
rm bad/usr/bin/kubelet bad/usr/bin/runc bad/usr/local/bin/runc
mkfifo bad/usr/bin/kubelet
mkdir bad/usr/bin/runc
ln -s ../bin/runc bad/usr/local/bin/runc
expect 1 fips-tool --keyring alice.asc --root bad m.json.asc
says "not a regular file; " out
says "; actual a FIFO  fail" out
says "; actual a folder  fail" out
says "differs in target; expected link:../../bin/runc; actual link:../bin/runc  fail" out
rm -r bad/usr/bin/kubelet bad/usr/bin/runc
ln -s kubelet bad/usr/bin/kubelet
ln -s /usr/bin/kubelet bad/usr/bin/runc
expect 1 fips-tool --json --keyring alice.asc --root bad m.json.asc
field '.checks[] | select(.subject == "/usr/bin/kubelet") | .verdict' unknown
cp out unknown.json

step "optional may be absent, but as a whole"
cp -a root worker
rm worker/usr/bin/runc worker/usr/local/bin/runc
expect 0 fips-tool --keyring alice.asc --root worker m.json.asc
says "optional and not installed  skipped" out
ln -s ../../bin/runc worker/usr/local/bin/runc
expect 1 fips-tool --keyring alice.asc --root worker m.json.asc
says "missing; expected sha256:" out
rm worker/usr/bin/kubelet worker/usr/local/bin/runc
expect 1 fips-tool --keyring alice.asc --root worker m.json.asc

step "programs of that name elsewhere"
cp -a root extra
mkdir -p extra/opt/bin extra/usr/sbin
ln -s usr/bin extra/bin # the same folder: no finding
cp root/usr/bin/kubelet extra/opt/bin/
ln -s /usr/bin/kubelet extra/usr/sbin/kubelet
expect 0 fips-tool --keyring alice.asc --root extra m.json.asc
grep -q '^kubelet .*/opt/bin/kubelet  *pass$' out || fail "a copy is not told"
echo >extra/usr/local/bin/kubelet
expect 0 fips-tool --keyring alice.asc --root extra m.json.asc
chmod +x extra/usr/local/bin/kubelet
expect 1 fips-tool --keyring alice.asc --root extra m.json.asc
says "another kubelet beside /usr/bin/kubelet; expected absent; actual sha256:$(echo | sha256sum | cut -c1-64)  fail" out
rm extra/usr/local/bin/kubelet
ln -s kubelet extra/usr/local/bin/kubelet
expect 3 fips-tool --keyring alice.asc --root extra m.json.asc
says "Too many levels of symbolic links  unknown" out

step "nothing checked is never a pass"
component root runc optional /usr/bin/runc | manifest optional.json
sign optional.json alice
node_root empty
expect 3 fips-tool --keyring alice.asc --root empty optional.json.asc
says "undecided: 8 checks, 1 pass, 7 skipped; nothing that the manifest lists was found good here" out

step "another Enterprise Linux"
node_root el9 9.1
cp root/usr/bin/kubelet el9/usr/bin/
expect 1 fips-tool --keyring alice.asc --root el9 m.json.asc
says "the manifest is for another version; expected 8; actual 9.1  fail" out
printf 'ID=debian\nVERSION_ID=8\n' >el9/usr/lib/os-release
expect 1 fips-tool --keyring alice.asc --root el9 m.json.asc
says "the os-release names no Enterprise Linux" out

step "an os-release that cannot be read is told as such, and not passed over"
for what in "mkdir" "mkfifo" "ln -s os-release" "truncate -s 70000"; do
	rm -rf el9/etc/os-release
	cp root/usr/lib/os-release el9/usr/lib/
	$what el9/etc/os-release
	expect 3 timeout 5 fips-tool --keyring alice.asc --root el9 m.json.asc
	grep -q " Enterprise Linux version .*  unknown$" out || fail "$what: not unknown"
	says "/etc/os-release'" out
	expect 3 timeout 5 fips-tool --keyring alice.asc --root el9 --server http://127.0.0.1:1
	one_line
	says "/etc/os-release'"
done

step "a tree for another machine"
components | manifest arm.json '.arch = "aarch64"'
sign arm.json alice
expect 1 fips-tool --keyring alice.asc --root root arm.json.asc
says "the manifest is for another architecture; expected aarch64; actual x86_64  fail" out

step "exceptions are dated, listed and never silent"
cp -a root patched
echo >>patched/usr/bin/kubelet
excepted() { # DATE
	components | manifest x.json ".exceptions = [{path: \"/usr/bin/kubelet\",
		reason: \"hotfix 7\", expires: \"$1T00:00:00Z\"}]"
	sign x.json alice
}
excepted 2099-01-01
expect 0 fips-tool --keyring alice.asc --root patched x.json.asc
says "differs in content; excepted until 2099-01-01T00:00:00Z: hotfix 7; expected" out
says "exception for /usr/bin/kubelet: hotfix 7 (until 2099-01-01T00:00:00Z)" out
expect 0 fips-tool --keyring alice.asc --root root x.json.asc
says "exception for /usr/bin/kubelet: hotfix 7" out
expect 0 fips-tool --json --keyring alice.asc --root patched x.json.asc
cp out excepted.json
excepted 2022-01-01
expect 1 fips-tool --keyring alice.asc --root patched x.json.asc
says "(expired 2022-01-01T00:00:00Z)" out

step "the reports are what their schema says"
judges
judge ajv.mjs "$TOP/schema/report.schema.json" pass.json fail.json unknown.json excepted.json ||
	fail "not by the schema"
for bad in '.verdict = "passed"' '.checks[0].verdict = "ok"' 'del(.tool)' '.extra = 1' \
	'(.checks[] | select(.verdict == "fail")).reason = null'; do
	jq "$bad" fail.json >bad.json
	judge ajv.mjs "$TOP/schema/report.schema.json" bad.json >out && fail "the schema takes $bad"
done

step "usage"
expect 64 fips-tool
expect 64 fips-tool --server http://127.0.0.1:1 m.json.asc
expect 64 fips-tool m.json.asc m.json.asc
expect 64 fips-tool --threshold 0 m.json.asc
expect 64 fips-tool --timeout 0 m.json.asc
expect 64 fips-tool --el 8.4 m.json.asc
expect 64 fips-tool --server http://127.0.0.1:1 --el eight
expect 64 fips-tool --server http://127.0.0.1:1 --kubernetes 1.21
expect 64 fips-tool --nothing
expect 0 fips-tool --version
expect 0 fips-tool --help
says "Exit status:" out

step "what cannot be read or written"
expect 3 fips-tool --keyring alice.asc --root root missing.asc
one_line
expect 3 fips-tool --keyring alice.asc --root missing m.json.asc
one_line
expect 3 fips-tool --keyring alice.asc --root m.json m.json.asc
fips-tool --keyring alice.asc --root root m.json.asc >/dev/full 2>err
[ $? = 3 ] || fail "a full disk is not told"
says "cannot write the output"

step "time"
mkfifo never
start=$SECONDS
expect 3 fips-tool --timeout 1 --keyring never --root root m.json.asc
says "time was over (--timeout) before the manifest was verified"
[ $((SECONDS - start)) -lt 120 ] || fail "hung"
components | manifest huge.json '.components[0].files[0].size = 4398046511104'
sign huge.json alice
cp -a root sparse
truncate -s 4T sparse/usr/bin/kubelet
expect 3 fips-tool --timeout 8 --keyring alice.asc --root sparse huge.json.asc
says "time was over before it was read  unknown" out
says "undecided: " out

step "the man page names every option"
for help in "" inspect; do
	# shellcheck disable=SC2086
	fips-tool $help --help | grep -o -- '--[a-z][a-z-]*' | sort -u |
		while read -r option; do
			grep -qF -e "*$option*" "$TOP/docs/man/fips-tool.8.scd" || echo "$option"
		done >unnamed
	[ -s unnamed ] && fail "not in the man page: $(cat unnamed)"
done
true
