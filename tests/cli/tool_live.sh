# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# fips-tool on a live node: a mount namespace of its own in which this machine is an
# Enterprise Linux in FIPS mode, or not.
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
need gpg jq unshare
[ "$(uname -m)" = x86_64 ] || skip "the manifest is for x86_64"
ready() { # a manifest of one file, signed
	new_key alice
	node_root root
	cp /bin/true root/kubelet
	component "" kubelet required "$PWD/root/kubelet" | manifest m.json
	sign m.json alice
}
elsewhere="processes of other PID namespaces"
if [ -z "${OWN_NODE-}" ] && [ "$(cat /proc/2/comm)" = kthreadd ]; then
	step "the machine as it is: all of it is seen, and the kernel itself is asked"
	mkdir whole
	cd whole || fail "no folder"
	ready
	fips-tool --keyring alice.asc m.json.asc >out 2>err
	grep -qE "^node +process +all processes " out || fail "$(cat out err)"
	grep -E "$elsewhere|mounted over" out && fail "that is not so"
	gpgconf --kill all
	unset GNUPGHOME
	cd .. || fail "no folder"
fi
own_node "$0"
ready

mkdir facts
mount -t tmpfs none facts || fail "no tmpfs"
echo ro fips=1 quiet >facts/cmdline

# on_node FIPS COMMAND...: with what /proc/sys/crypto/fips_enabled says: 1, 0, none (a
# kernel without it), unreadable (no /proc), fifo
on_node() {
	# shellcheck disable=SC2016
	unshare -m bash -c '
		fips=$1; shift
		mount --bind root/usr/lib/os-release "$(readlink -f /etc/os-release)" &&
		mount -t tmpfs none /proc/sys && mkdir /proc/sys/crypto &&
		mount --bind facts/cmdline /proc/cmdline || exit 99
		case $fips in
		0 | 1) echo "$fips" >/proc/sys/crypto/fips_enabled ;;
		fifo) mkfifo /proc/sys/crypto/fips_enabled ;;
		unreadable) mount -t tmpfs none /proc ;;
		esac
		exec "$@"' on_node "$@"
}

step "a node in FIPS mode passes"
expect 0 on_node 1 fips-tool --keyring alice.asc m.json.asc
grep -q '^node .*kernel FIPS mode  *pass$' out || fail "no FIPS mode"
grep -q '^node .*architecture  *pass$' out || fail "no architecture"
says "pass: 9 checks, 6 pass, 3 skipped" out
grep -qE "^node +process +$elsewhere +not seen: .* skipped$" out || fail "$(cat out)"
expect 0 on_node 1 fips-tool --json --keyring alice.asc m.json.asc
jq -e '.verdict == "pass" and .node.live and .node.arch == "x86_64"' out >/dev/null ||
	fail "the report does not name a live node"

step "as it is shipped, it takes nothing that is mounted over /proc for the kernel's word"
covered() { # covered FILE...: no more than these are in its way
	local file
	[ "$(grep -c "mounted over" out)" = $# ] || fail "$(cat out)"
	for file; do
		grep -qE "^node +system +kernel .* something is mounted over /proc/$file, .* unknown$" out ||
			fail "$file: $(cat out)"
	done
}
expect 3 on_node 1 "$BIN/fips-tool" --keyring alice.asc m.json.asc
says "undecided: 9 checks, 4 pass, 2 unknown, 3 skipped" out
covered sys/crypto/fips_enabled cmdline
another_file_of_proc() {
	# shellcheck disable=SC2016
	on_node 1 bash -c 'umount /proc/cmdline && mount --bind /proc/version /proc/cmdline && exec "$@"' bash "$@"
}
expect 3 another_file_of_proc fips-tool --keyring alice.asc m.json.asc
covered cmdline

step "the kernels of EL 7 and EL 8 have fewer system calls"
expect 0 on_node 1 "$OUT/tests/old_kernel" 4.18 fips-tool --keyring alice.asc m.json.asc
says "pass: 9 checks, 6 pass, 3 skipped" out
# this libgcrypt in FIPS mode does not start without getrandom(2)
expect 1 on_node 0 "$OUT/tests/old_kernel" 3.10 fips-tool --keyring alice.asc m.json.asc
says "fail: 9 checks, 5 pass, 1 fail, 3 skipped" out

step "one that is not never does"
for fips in 0 none; do
	expect 1 on_node $fips fips-tool --keyring alice.asc m.json.asc
	says " checks, 5 pass, 1 fail" out
done
if [ "${OUT##*/}" != san ]; then # the leak check wants /proc itself
	expect 3 on_node unreadable fips-tool --keyring alice.asc m.json.asc
	says "undecided: 8 checks, 3 pass, 3 unknown, 2 skipped" out
fi
step "gpg waits for ever: libgcrypt reads the same file"
expect 3 on_node fifo timeout 120 fips-tool --timeout 1 --keyring alice.asc m.json.asc
says "'/usr/bin/gpgv' did not end within 1 s: does it work by hand?"
one_line

step "the command line and the crypto policy"
for line in "ro quiet" "fips=0" "ro xfips=1" "fips=1 fips=0" "fips=11"; do
	echo "$line" >facts/cmdline
	expect 1 on_node 1 fips-tool --keyring alice.asc m.json.asc
	says "the kernel was not booted with fips=1; expected fips=1; actual $line  fail" out
done
echo "fips=0 fips=1" >facts/cmdline
expect 0 on_node 1 fips-tool --keyring alice.asc m.json.asc
mkdir -p root/etc/crypto-policies/state
component root kubelet required /kubelet | manifest tree.json
sign tree.json alice
for policy in FIPS FIPS:OSPP; do
	echo $policy >root/etc/crypto-policies/state/current
	expect 0 fips-tool --keyring alice.asc --root root tree.json.asc
done
for policy in DEFAULT LEGACY FIPSY ""; do
	echo "$policy" >root/etc/crypto-policies/state/current
	expect 1 fips-tool --keyring alice.asc --root root tree.json.asc
	says "another policy: update-crypto-policies --set FIPS; expected FIPS" out
done
rm -r root/etc/crypto-policies

step "no setting of the environment and no option makes it pass"
expect 1 on_node 0 env OPENSSL_FORCE_FIPS_MODE=1 LIBGCRYPT_FORCE_FIPS_MODE=1 \
	OPENSSL_CONF=/dev/null fips-tool --keyring alice.asc m.json.asc

step "another architecture"
jq -aS '.arch = "aarch64"' m.json >arm.json
sign arm.json alice
expect 1 on_node 1 fips-tool --keyring alice.asc arm.json.asc
says "the manifest is for another architecture; expected aarch64; actual x86_64  fail" out
