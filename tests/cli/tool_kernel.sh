# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# fips-tool as it is shipped on a real kernel in FIPS mode, and on the same one out of it:
# Debian's, started by qemu with nothing but what the check needs. There libgcrypt is in FIPS
# mode, too, and what may be mounted over /proc is what an administrator would mount.
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
# shellcheck source=tests/cli/fixtures.sh
. "$TOP/tests/cli/fixtures.sh"
need gpg jq ldd cpio qemu-system-x86_64 apt-get
[ "$(uname -m)" = x86_64 ] || skip "the manifest is for x86_64"
fixture kernel || fail "no kernel"

step "a node: a shell, mount, gpgv, fips-tool and what it checks"
new_key alice
node_root node
cp /bin/true node/usr/bin/kubelet
component node kubelet required /usr/bin/kubelet | manifest m.json
sign m.json alice
copy_programs node /bin/bash /bin/mount /bin/umount /usr/bin/gpgv "$BIN/fips-tool"
ln -s "$BIN/fips-tool" node/fips-tool
cp m.json.asc alice.asc node/
mkdir -p node/{proc,dev,tmp}
echo 1 >node/one
cat >node/init <<-'END'
	#!/bin/bash
	check() {
		local said
		said=$(/fips-tool --keyring /alice.asc /m.json.asc)
		printf '%s\n=== %s: %s\n' "$said" "$1" $?
	}
	enabled=/proc/sys/crypto/fips_enabled
	mount -t devtmpfs none /dev
	mount -t proc none /proc
	check as-it-is
	mount --bind /proc/sys /proc/sys
	mount -o remount,bind,ro /proc/sys
	check read-only
	umount /proc/sys
	mount --bind /one $enabled
	check file
	umount $enabled
	echo 1 >/proc/sys/vm/overcommit_memory
	mount --bind /proc/sys/vm/overcommit_memory $enabled
	check file-of-proc
	umount $enabled
	check uncovered
	echo o >/proc/sysrq-trigger
	sleep 60
END
chmod +x node/init

# checks FIPS: all that is said there, up to the end of a check, as the check's name
checks() {
	boot node "fips=$1"
	awk '/^=== /{ name = substr($2, 1, length($2) - 1); printf "%s", text >name
		print $3 >(name ".status"); text = ""; next } { text = text $0 "\n" }' console
}
# ended NAME STATUS TEXT: that check ended so and its report has a line like this
ended() {
	[ "$(cat "$1.status")" = "$2" ] || fail "$1 ended with $(cat "$1.status"): $(cat "$1" console)"
	grep -qE "$3" "$1" || fail "$1: $(cat "$1")"
}
asked="^node +system +kernel FIPS mode +"
covered="${asked}something is mounted over /proc/sys/crypto/fips_enabled, .* unknown$"

# kernel FIPS STATUS VERDICT COVERED: started so, the checks that reach the kernel end with
# STATUS and that verdict, and those that do not with COVERED
kernel() {
	local name
	checks "$1"
	for name in as-it-is read-only uncovered; do
		ended $name "$2" "$asked$3$"
	done
	ended file "$4" "$covered"
	ended file-of-proc "$4" "$covered"
}

step "in FIPS mode: it passes by the kernel's own word alone"
kernel 1 0 pass 3

step "not in FIPS mode: it fails, and what is mounted over it does not help"
kernel 0 1 "off: enable it .* fail" 1
