# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# build: what an RPM gives, and every RPM that gives nothing
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/fixtures.sh"
. "$TOP/tests/cli/build.bash"
need rpmbuild rpmsign rpm2cpio jq python3
fixture rpms keys programs || fail "no fixtures"
mkdir art
cp "$FIXTURES"/keys/*.asc "$FIXTURES"/rpms/*.rpm art/

# definition RPM [KEY [LINE [FILES]]]
definition() {
	cat >one.yaml <<-EOF
		el: "8"
		kubernetes: v1.21.3
		created: 2021-08-25T00:00:00Z
		rpm-keys: [art/${2:-vendor}.asc]
		components:
		  - name: tool
		    rpm: $1
		    ${3-}
		    ${4:+files: [$4]}
	EOF
}
files() { jq -r '.components[0].files[].path' $m; }

# retag FROM.rpm TO.rpm TAG NEW: the same file, where another number stands for one tag of
# the signature header
retag() {
	python3 - "$@" <<-'EOF' || fail "no tag $3 in $1"
		import struct, sys
		b, found = bytearray(open(sys.argv[1], 'rb').read()), False
		for at in range(96 + 16, 96 + 16 + 16 * struct.unpack('>I', b[104:108])[0], 16):
		    if struct.unpack('>I', b[at:at + 4])[0] == int(sys.argv[3]):
		        b[at:at + 4] = struct.pack('>I', int(sys.argv[4]))
		        found = True
		open(sys.argv[2], 'wb').write(b)
		sys.exit(not found)
	EOF
}

step "every compression: the same files"
mkdir node
(cd node && rpm2cpio ../art/tool-gzip-1.0-1.x86_64.rpm | cpio -idm --quiet) || fail "rpm2cpio"
for kind in gzip xz zstd bzip2 plain; do
	definition "tool-$kind-1.0-1.x86_64.rpm"
	expect 0 build
	jq -r '.components[0].files[] | "\(.sha256)  .\(.path)"' $m >sums
	(cd node && sha256sum --quiet --strict -c ../sums) || fail "$kind: wrong digests"
	jq -S '.components[0].files' $m >"files-$kind"
	cmp files-gzip "files-$kind" || fail "$kind gives other files"
	jq -e --arg fpr "$(cat "$FIXTURES/keys/vendor.fpr")" '.components[0] |
		.source.signer == $fpr and .version == "1.0-1"' $m >/dev/null || fail "$kind: signer, version"
done

step "without a list: regular files that are neither configuration nor ghosts"
files | tr '\n' ' ' >got
echo -n '/usr/bin/tool /usr/share/tool/README /usr/share/tool/empty /usr/share/tool/first /usr/share/tool/second /usr/share/tool/text /usr/share/tool/third ' |
	cmp - got || fail "$(cat got)"
[ "$(jq -r '.components[0].files[] | select(.path | test("first|second|third")) | .sha256' $m | sort -u)" = \
	"$(seq 20000 | sha256sum | cut -d' ' -f1)" ] || fail "hard links"
jq -e '.components[0].files[] | select(.path == "/usr/share/tool/text") | .owner == "daemon:adm"' $m >/dev/null || fail owner

step "a list: exact paths, also of configuration; patterns, which leave it out"
definition tool-gzip-1.0-1.x86_64.rpm vendor '' '/etc/tool.conf, /usr/bin/tool-link, /usr/share/tool/second'
expect 0 build
[ "$(files | tr '\n' ' ')" = '/etc/tool.conf /usr/bin/tool-link /usr/share/tool/second ' ] || fail "$(files)"
jq -e '.components[0].files[1] == {kind: "host", link: "tool", owner: "root:root", path: "/usr/bin/tool-link"}' $m >/dev/null || fail link
definition tool-gzip-1.0-1.x86_64.rpm vendor '' '"/usr/bin/*", "/etc/*", "/usr/share/*/f*"'
refused 3 "matches '/etc/*'"
definition tool-gzip-1.0-1.x86_64.rpm vendor '' '"/usr/bin/*", "/usr/share/*/f*"'
expect 0 build
[ "$(files | tr '\n' ' ')" = '/usr/bin/tool /usr/bin/tool-link /usr/share/tool/first ' ] || fail "$(files)"
definition tool-gzip-1.0-1.x86_64.rpm vendor '' /var/log/tool.log
refused 3 "'/var/log/tool.log' is a ghost"
definition tool-gzip-1.0-1.x86_64.rpm vendor '' /usr/share/tool
refused 3 "'/usr/share/tool' is a folder"
definition tool-gzip-1.0-1.x86_64.rpm vendor '' /usr/bin/other
refused 3 "one.yaml:6: tool: 'tool-gzip-1.0-1.x86_64.rpm': it holds nothing that matches '/usr/bin/other'"

step "who signed"
definition tool-subkey-1.0-1.x86_64.rpm subkey
expect 0 build
[ "$(jq -r '.components[0].source.signer' $m)" = "$(cat "$FIXTURES/keys/subkey.fpr")" ] || fail "not the primary fingerprint"
definition tool-v3-1.0-1.x86_64.rpm
expect 0 build
cat art/other.asc art/vendor.asc >art/both.asc
definition tool-other-1.0-1.x86_64.rpm both
expect 0 build
[ "$(jq -r '.components[0].source.signer' $m)" = "$(cat "$FIXTURES/keys/other.fpr")" ] || fail "two keys in a file"
definition tool-other-1.0-1.x86_64.rpm
refused 2 "which is not among the definition's rpm-keys"
definition tool-subkey-1.0-1.x86_64.rpm
refused 2 "which is not among the definition's rpm-keys"
definition tool-unsigned-1.0-1.x86_64.rpm
refused 2 "it is not signed"
definition tool-unsigned-1.0-1.x86_64.rpm vendor 'unsigned: allowed'
expect 0 build
[ "$(jq -c '.components[0].source.signer' $m)" = null ] || fail "signer of an unsigned RPM"
# allowed to be unsigned is not allowed to be signed by anybody
definition tool-other-1.0-1.x86_64.rpm vendor 'unsigned: allowed'
refused 2 "which is not among the definition's rpm-keys"
definition tool-gzip-1.0-1.x86_64.rpm vendor.secret
refused 3 "no public key"
gpg --dearmor <art/both.asc >art/binary.asc
definition tool-other-1.0-1.x86_64.rpm binary
expect 0 build
gpg --dearmor <art/other.secret.asc >art/binary-secret.asc
definition tool-other-1.0-1.x86_64.rpm binary-secret
refused 3 "rpm-keys: 'art/binary-secret.asc': "
sed '5s/./#/' art/vendor.asc >art/damaged.asc
definition tool-gzip-1.0-1.x86_64.rpm damaged
refused 3 "rpm-keys: 'art/damaged.asc'"
definition tool-gzip-1.0-1.x86_64.rpm
sed -i '/^rpm-keys/d' one.yaml
refused 2 "not among the definition's rpm-keys"

step "a pinned key that its owner revoked"
export GNUPGHOME=$PWD/gpg
mkdir -m 0700 gpg
gpg -q --import art/vendor.secret.asc
fpr=$(cat "$FIXTURES/keys/vendor.fpr")
printf 'y\n0\n\ny\n' | gpg --no-tty --command-fd 0 --status-fd 1 --gen-revoke "$fpr" >revocation 2>log || fail "$(cat log)"
sed -n '/BEGIN/,$p' revocation | sed '/^\[GNUPG/d' | gpg -q --import || fail "no revocation: $(cat revocation)"
gpg --armor --export >art/revoked.asc
definition tool-gzip-1.0-1.x86_64.rpm revoked
refused 2 "rpm-keys: 'art/revoked.asc': the key, or a subkey of it, is revoked"

step "a signature in the form of rpm 6 alone is neither believed nor nothing"
# its tag is OPENPGP, which rpm 4 does not know; what it holds is not looked at
retag art/tool-gzip-1.0-1.x86_64.rpm art/rpm6.rpm 268 278
definition rpm6.rpm
refused 2 "it is signed in the form of rpm 6 alone"
definition rpm6.rpm vendor 'unsigned: allowed'
refused 2 "it is signed in the form of rpm 6 alone"

step "RPMs as EL 7 writes them: no digest of the payload"
"$OUT/tests/rpm_el7" art/tool-unsigned-1.0-1.x86_64.rpm art/el7.rpm || fail rpm_el7
cp art/el7.rpm art/el7-unsigned.rpm
RPMSIGN_FLAGS=--rpmv3 fixture_rpm_sign vendor "$PWD/art/el7.rpm" >log 2>&1 || fail "$(cat log)"
definition el7.rpm
expect 0 build
jq -S '.components[0].files' $m | cmp - files-gzip || fail "other files"
definition el7-unsigned.rpm
refused 2 "it is not signed"
definition el7-unsigned.rpm vendor 'unsigned: allowed'
expect 0 build
# the signature over the header stays, that over header and payload goes
retag art/el7.rpm art/half.rpm 1002 1003
definition half.rpm
refused 2 "neither a digest of the payload in its header nor a signature over the payload"

# flip FROM TO OFFSET: one bit
flip() {
	python3 -c 'import sys
b = bytearray(open(sys.argv[1], "rb").read())
b[int(sys.argv[3])] ^= 1
open(sys.argv[2], "wb").write(b)' "$@"
}

step "a bit flipped in header, payload, end; cut off; something added"
size=$(stat -c %s art/tool-gzip-1.0-1.x86_64.rpm)
header=$(python3 - art/tool-gzip-1.0-1.x86_64.rpm <<-'EOF'
	import struct, sys
	il, dl = struct.unpack('>II', open(sys.argv[1], 'rb').read()[104:112])
	print((96 + 16 + 16 * il + dl + 7) // 8 * 8)
EOF
)
flip art/tool-gzip-1.0-1.x86_64.rpm art/flip.rpm $((header + 3000))
definition flip.rpm
refused 3 "'flip.rpm': not an RPM, or damaged: "
for at in $((size - 9)) $((size / 2)) $((size / 3)); do
	flip art/tool-gzip-1.0-1.x86_64.rpm art/flip.rpm "$at"
	refused 2 "'flip.rpm': its payload is not the one that its header vouches for"
done
flip art/el7.rpm art/flip7.rpm $((size / 2))
definition flip7.rpm
refused 2 "bad signature by key $(cat "$FIXTURES/keys/vendor.fpr")"
for cut in 0 50 96 4000 $((size / 2)) $((size - 1)); do
	head -c "$cut" art/tool-gzip-1.0-1.x86_64.rpm >art/cut.rpm
	definition cut.rpm
	refused 3 "'cut.rpm': "
done
says "it is cut off: $((size - 1)) of $size bytes"
{ cat art/tool-gzip-1.0-1.x86_64.rpm; echo; } >art/longer.rpm
definition longer.rpm
refused 2 "its payload is not the one that its header vouches for"

step "another payload under a valid header"
mkdir -p evil/usr/bin
cp "$FIXTURES/programs/containerd-shim" evil/usr/bin/tool
echo more >>evil/usr/bin/tool
{
	python3 - art/tool-gzip-1.0-1.x86_64.rpm <<-'EOF'
		import struct, sys
		b = open(sys.argv[1], 'rb').read()
		def end(at):
		    il, dl = struct.unpack('>II', b[at + 8:at + 16])
		    return at + 16 + 16 * il + dl
		sys.stdout.buffer.write(b[:end((end(96) + 7) // 8 * 8)])
	EOF
	(cd evil && find . -type f | cpio -o -H newc --quiet | gzip)
} >art/evil.rpm
rpm -qp --nosignature art/evil.rpm >/dev/null || fail "rpm does not take the header"
definition evil.rpm
refused 3 "'evil.rpm': it is cut off"
# as long as the right one
python3 - art/evil.rpm "$size" <<-'EOF'
	import sys
	with open(sys.argv[1], 'ab') as f:
	    f.write(bytes(int(sys.argv[2]) - f.tell()))
EOF
refused 2 "its payload is not the one that its header vouches for"

step "not RPMs of the kind"
cp one.yaml art/text.rpm
definition text.rpm
refused 3 "'text.rpm': not an RPM"
mkdir art/folder.rpm
definition folder.rpm
refused 3 "is not a regular file"
exit 0
