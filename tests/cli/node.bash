# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the tests of fips-tool beside lib.sh: keys, manifests and node trees of
# their own, signed by stock gpg.

# new_key NAME: a throw-away release key; NAME.asc is its public part
new_key() {
	export GNUPGHOME=${GNUPGHOME:-$(mktemp -d "$PWD/gpg-XXX")}
	gpg --batch -q --pinentry-mode loopback --passphrase '' --quick-gen-key \
		"Example $1 (throw-away) <$1@release.example>" rsa3072 sign never 2>/dev/null ||
		fail "cannot make a key"
	gpg --batch -q --armor --export "<$1@release.example>" >"$1.asc"
}

# sign FILE NAME...: FILE.asc, signed by each
sign() {
	local file=$1 users=() name
	shift
	for name; do users+=(-u "<$name@release.example>"); done
	rm -f "$file.asc"
	gpg --batch -q --digest-algo SHA256 "${users[@]}" --output "$file.asc" \
		--clearsign "$file" || fail "cannot sign"
}

# component ROOT NAME PRESENCE PATH...: one component as JSON, its files as they lie
# beneath ROOT; PATH may be image:PATH for a file that belongs into an image
component() {
	local root=$1 name=$2 presence=$3 path kind=host type=file
	shift 3
	[ "${1#image:}" = "$1" ] || type=image
	for path; do
		kind=host
		[ "${path#image:}" = "$path" ] || kind=image path=${path#image:}
		if [ -L "$root$path" ]; then
			jq -n --arg p "$path" --arg l "$(readlink "$root$path")" --arg k $kind \
				'{path: $p, kind: $k, link: $l}'
			continue
		fi
		jq -n --arg p "$path" --arg k $kind --arg m "0$(stat -c %a "$root$path")" \
			--arg d "$(sha256sum <"$root$path" | cut -c1-64)" \
			--argjson s "$(stat -c %s "$root$path")" \
			'{path: $p, kind: $k, mode: $m, sha256: $d, size: $s}'
	done | jq -s --arg n "$name" --arg pr "$presence" --arg t $type '{name: $n,
		version: "1.21.3", presence: $pr, files: sort_by(.path),
		source: {type: $t, name: $n, sha256: ("00" * 32), size: 1}} |
		if $t == "image" then .source.image = {reference: $n,
			manifest: ("11" * 32), config: ("22" * 32)} else . end'
}

# manifest FILE [JQ-FILTER]: the components on stdin as a canonical manifest for EL 8
manifest() {
	jq -s '{format: "fips-manifest/1", el: "8", kubernetes: "v1.21.3",
		arch: "x86_64", revision: 1, created: "2021-08-25T00:00:00Z",
		components: sort_by(.name)}' |
		jq -aS "${2:-.}" >"$1"
}

# node_root DIR [VERSION]: an empty Enterprise Linux tree
node_root() {
	mkdir -p "$1/etc" "$1/usr/bin" "$1/usr/local/bin" "$1/usr/lib"
	printf 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="%s"\n%s\n' \
		"${2:-8.4}" 'PRETTY_NAME="Rocky Linux 8.4 (Green Obsidian)"' \
		>"$1/usr/lib/os-release"
	ln -sf ../usr/lib/os-release "$1/etc/os-release"
	echo node-1 >"$1/etc/hostname"
}

# own_node SCRIPT: run the test again in namespaces of its own (mounts, processes,
# network), in which this machine becomes a node by become_node; nothing that it starts outlives it.
# There fips-tool is the one that takes a tmpfs over /proc for the kernel's word.
own_node() {
	if [ -n "${OWN_NODE-}" ]; then
		PATH=$OUT/tests/stand-in:$PATH
		return 0
	fi
	local own=(unshare -nmpf --kill-child --mount-proc)
	[ "$(id -u)" = 0 ] || own=(unshare -Urnmpf --kill-child --mount-proc)
	"${own[@]}" true 2>/dev/null || skip "this machine gives no namespaces"
	OWN_NODE=1 "${own[@]}" bash "$1"
	exit $?
}
# become_node: Enterprise Linux 8.4 in FIPS mode
become_node() {
	node_root facts
	set -e
	ip link set lo up
	mount --bind facts/usr/lib/os-release "$(readlink -f /etc/os-release)"
	mount -t tmpfs none /proc/sys
	mkdir /proc/sys/crypto
	echo 1 >/proc/sys/crypto/fips_enabled
	echo BOOT_IMAGE=/vmlinuz ro fips=1 quiet >/proc/sys/cmdline
	mount --bind /proc/sys/cmdline /proc/cmdline
	set +e
}

# static_tool TARGET: build a static file, once for all tests that run now
static_tool() {
	need flock
	mkdir -p "$TOP/build/static"
	flock "$TOP/build/static" make -s -C "$TOP" "$1" >make.log 2>&1 ||
		fail "$(tail -n 5 make.log)"
}
# copy_programs DIR PROGRAM...: each, with its libraries, where it is, beneath DIR
copy_programs() {
	local program file
	for program in "${@:2}"; do
		for file in "$program" $(ldd "$program" | grep -oE '/[^ ]+'); do
			mkdir -p "$1${file%/*}"
			cp -L "$file" "$1$file"
		done
	done
}
# boot DIR [OPTION]...: start Debian's kernel with DIR as all that it has and with these
# options of its own; DIR/init ends it. What was said is in ./console. Behind fixture kernel
boot() {
	echo "\$ boot $*"
	(cd "$1" && find . | cpio -o -H newc --quiet) >initrd || fail "no initrd"
	timeout 300 qemu-system-x86_64 -accel tcg -m 1024 -nographic -no-reboot -net none \
		-kernel "$FIXTURES/kernel/vmlinuz" -initrd initrd \
		-append "console=ttyS0 quiet panic=-1 ${*:2}" >said 2>&1 </dev/null ||
		fail "$(tail -n 20 said)"
	tr -d '\r' <said >console
}
# in_root DIR COMMAND...: run it with DIR as its root, which gets a /dev/null, and a /proc
# where it has that folder
in_root() {
	local enter=(unshare -m)
	[ "$(id -u)" = 0 ] || enter=(unshare -Urm)
	mkdir -p "$1/dev" "$1/tmp"
	[ -e "$1/dev/null" ] || : >"$1/dev/null"
	# shellcheck disable=SC2016
	"${enter[@]}" bash -c 'mount --bind /dev/null "$1/dev/null" &&
		{ [ ! -d "$1/proc" ] || mount --rbind /proc "$1/proc"; } &&
		exec chroot "$@"' in_root "$@"
}
