#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The static file on an older system: a root with the gpg and the C library (glibc 2.31)
# of Debian 11, and a name service module that is built for that one.
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq unshare python3 umoci skopeo
[ "${OUT##*/}" = san ] && skip "the static file is built without sanitizers"
"$TOP/.ci/bullseye" "$TOP/build/bullseye" 2>why || skip "$(tail -n 1 why)"
cp -a "$TOP/build/bullseye" root
in_root root /usr/bin/gpg --version >gpg.log 2>&1 || skip "cannot run in a root of its own: $(tail -n 1 gpg.log)"
grep -q '^gpg (GnuPG) 2\.2\.2[0-9]' gpg.log || fail "not the gpg of Debian 11: $(cat gpg.log)"
in_root root /lib64/ld-linux-x86-64.so.2 /lib/x86_64-linux-gnu/libc.so.6 | grep -q 'version 2\.31' || fail "not glibc 2.31"
static_tool fips-tool-static

step "what is linked for this system does not even start there"
cp "$BIN/fips-tool" root/dynamic
expect 127 in_root root /dynamic --version

new_key alice
node_root root
cp /bin/true root/usr/bin/kubelet
mkdir -p image/usr/local/bin
cp /bin/cat image/usr/local/bin/kas
{
	component root kubelet required /usr/bin/kubelet
	component image kas required image:/usr/local/bin/kas
} | manifest m.json
sign m.json alice
cp "$TOP/build/static/fips-tool" m.json.asc alice.asc root/
tar -C image -cf layer.tar usr
umoci init --layout root/oci && umoci new --image root/oci:v1 &&
	umoci raw add-layer --image root/oci:v1 layer.tar &&
	skopeo copy -q oci:root/oci:v1 docker-archive:root/kas.tar:example/kas:v1 || fail "no image"
xz -T2 -0 root/kas.tar
check=(in_root root /fips-tool --keyring /alice.asc --root /)

step "it verifies, and looks into images"
expect 0 "${check[@]}" --json --image /oci --image /kas.tar.xz /m.json.asc
jq -e '.verdict == "pass (image)" and ([.checks[] | select(.kind == "image" and .verdict == "pass") | .subject] ==
	["/oci /usr/local/bin/kas", "/kas.tar.xz /usr/local/bin/kas"])' out >/dev/null || fail "$(cat out)"
sed 's/"revision": 1/"revision": 2/' m.json.asc >root/tampered.asc
expect 2 "${check[@]}" /tampered.asc
one_line
cp /bin/false root/usr/bin/kubelet
expect 1 "${check[@]}" --image /oci /m.json.asc
cp /bin/true root/usr/bin/kubelet

step "hosts: files dns myhostname"
[ -e root/usr/lib/x86_64-linux-gnu/libnss_myhostname.so.2 ] || fail "no such module"
echo 'hosts: files dns myhostname' >root/etc/nsswitch.conf
expect 3 "${check[@]}" --server http://unknown.invalid/ --kubernetes v1.21.3
says unknown.invalid
one_line
echo '127.0.0.1 manifests.example' >root/etc/hosts
mkdir -p tree/manifests
background http.log python3 -u -m http.server --bind 127.0.0.1 --directory tree 0
wait_for 60 grep -q 'port [0-9]' http.log || fail "no server"
port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' http.log | head -n 1)
expect 3 "${check[@]}" --server "http://manifests.example:$port" --kubernetes v1.21.3
says 404
grep -q 'GET /index.json' http.log || fail "the name was not found in the file"
