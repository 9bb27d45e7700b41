# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The one static file: in a root that holds nothing but gpg, under a name service and an
# OpenSSL configuration that are not its own.
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq gcc unshare file
[ "${OUT##*/}" = san ] && skip "the static file is built without sanitizers"

step "it is one file"
static_tool fips-tool-static
static=$TOP/build/static/fips-tool
file "$static" | grep -q 'static-pie linked.*stripped' || fail "$(file "$static")"
[ "$(stat -c %s "$static")" -lt 8388608 ] || fail "larger than 8 MB"

new_key alice
node_root root
cp /bin/true root/usr/bin/kubelet
component root kubelet required /usr/bin/kubelet | manifest m.json
sign m.json alice

step "a root with nothing but one program of GnuPG and its libraries"
fill_root() { # fill_root PROGRAM NAME: root gets that program as /usr/bin/NAME
	rm -rf root/lib64 root/lib root/usr/lib/x86_64-linux-gnu root/usr/bin/gpg*
	copy_programs root "$1"
	[ "root$1" -ef "root/usr/bin/$2" ] || mv "root$1" "root/usr/bin/$2"
}
in_root root true 2>/dev/null
[ $? = 127 ] || skip "this machine gives no mount namespace" # the root has no true
cp "$static" m.json.asc alice.asc root/
check=(in_root root /fips-tool --keyring /alice.asc --root /)
sed 's/"revision": 1/"revision": 2/' m.json.asc >root/tampered.asc
need gpgv gpg1 gpgv1 # 1.4 gives the verdicts of EL 7's 2.0
for program in gpgv gpg gpgv1 gpg1; do
	fill_root "/usr/bin/$program" "${program%1}"
	mkdir root/proc
	expect 0 "${check[@]}" /m.json.asc
	expect 2 "${check[@]}" /tampered.asc
	rmdir root/proc # its files lie in a private folder then
	expect 0 "${check[@]}" /m.json.asc
	expect 2 "${check[@]}" /tampered.asc
	[ -z "$(ls -A root/tmp)" ] || fail "left in /tmp: $(ls -A root/tmp)"
done
fill_root /usr/bin/gpg gpg
expect 0 "${check[@]}" --json /m.json.asc
jq -e '.verdict == "pass (image)"' out >/dev/null || fail "does not pass"

step "without any gpg"
mv root/usr/bin/gpg kept-gpg
expect 3 "${check[@]}" /m.json.asc
one_line
mv kept-gpg root/usr/bin/gpg

step "name services of the node are not loaded"
mkdir -p root/lib/x86_64-linux-gnu
cp /lib/x86_64-linux-gnu/libnss_* root/lib/x86_64-linux-gnu/ 2>/dev/null
printf 'hosts: files dns myhostname evil\npasswd: files evil\n' >root/etc/nsswitch.conf
evil() { # evil FILE: a library that leaves a mark when it is loaded
	# shellcheck disable=SC2016
	echo '#include <fcntl.h>
		__attribute__((constructor)) static void f(void) { open("/loaded", O_CREAT | O_WRONLY, 0644); }
		int OSSL_provider_init(void) { return 0; }' | gcc -shared -fPIC -x c - -o "$1"
}
evil root/lib/x86_64-linux-gnu/libnss_evil.so.2
expect 3 "${check[@]}" --server http://unknown.invalid/ --kubernetes v1.21.3
says unknown.invalid
one_line
[ ! -e root/loaded ] || fail "a name service of the node was loaded"
# the trap works: what is linked dynamically falls into it
fill_root /usr/bin/getent getent
cp /lib/x86_64-linux-gnu/libnss_* root/lib/x86_64-linux-gnu/
evil root/lib/x86_64-linux-gnu/libnss_evil.so.2
in_root root /usr/bin/getent hosts unknown.invalid
[ -e root/loaded ] || fail "no name service can be loaded here"
fill_root /usr/bin/gpg gpg

step "an OpenSSL configuration and its modules are not loaded"
evil root/evil.so
cat >root/openssl.cnf <<-END
	openssl_conf = init
	[init]
	providers = list
	[list]
	evil = evil
	[evil]
	module = /evil.so
	activate = 1
END
rm -f root/loaded
export OPENSSL_CONF=/openssl.cnf
expect 0 "${check[@]}" /m.json.asc
unset OPENSSL_CONF
[ ! -e root/loaded ] || fail "the module was loaded"
expect 3 "${check[@]}" --require-fips-provider /m.json.asc
says "FIPS provider"

step "on the node itself"
expect 0 "$static" --keyring alice.asc --root root --json m.json.asc
[ "$(jq -r .tool.sha256 out)" = "$(sha256sum <"$static" | cut -c1-64)" ] || fail "another digest of its own"

step "with the system calls that the kernels of EL 7 and EL 8 have"
sed 's/"revision": 1/"revision": 2/' m.json.asc >tampered.asc
cp -a root changed
echo >>changed/usr/bin/kubelet
for kernel in 3.10 4.18; do
	old=("$OUT/tests/old_kernel" "$kernel" "$static" --keyring alice.asc)
	expect 0 "${old[@]}" --root root m.json.asc
	expect 1 "${old[@]}" --root changed m.json.asc
	expect 2 "${old[@]}" --root root tampered.asc
done
