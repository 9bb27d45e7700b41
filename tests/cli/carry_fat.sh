#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A courier's stick as it is bought: FAT and exFAT by Debian's kernel, started by qemu, for
# few machines that run the tests may mount them. Written twice and read by root, by the
# user whom the stick was mounted for, and by one of those whom it was mounted for all.
# long
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/node.bash"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
. "$TOP/tests/cli/fixtures.sh"
PATH=$PATH:/usr/sbin:/sbin
need gpg jq ldd cpio qemu-system-x86_64 apt-get mkfs.vfat mkfs.exfat insmod setpriv
[ "$(uname -m)" = x86_64 ] || skip "the kernel is for x86_64"
fixture kernel || fail "no kernel"

step "an authority's tree before and after, and a mirror that has the first"
two_trees
expect 0 fips-manifest export b.tar

step "a machine with nothing but a shell, the programs and two sticks"
node_root vm
copy_programs vm /bin/{bash,mount,umount,rm,cp,mkdir} /usr/bin/{cmp,setpriv,gpg,gpgv} \
	"$(type -P insmod)" "$BIN/fips-tool" "$BIN/fips-manifest"
libarchive=$(ldconfig -p | sed -n 's/.*libarchive\.so\.13 .*x86-64.* => //p' | head -n 1)
copy_programs vm "$libarchive"
ln -s "$BIN/fips-tool" "$BIN/fips-manifest" vm/usr/bin/
cp old.db s.db root.json b.tar vm/
cp "$FIXTURES"/kernel/*.ko vm/
chmod a+r vm/*
mkdir -p vm/{proc,dev,tmp,var/tmp,stick}
truncate -s 34M vm/vfat
truncate -s 8M vm/exfat
mkfs.vfat -F 32 vm/vfat >/dev/null && mkfs.exfat vm/exfat >/dev/null || fail "mkfs"
cat >vm/init <<-'END'
	#!/bin/bash
	export PATH=/usr/bin:/bin:/usr/sbin:/sbin LC_ALL=C XDG_CACHE_HOME=/tmp
	mount -t devtmpfs none /dev
	mount -t proc none /proc
	mount -t tmpfs -o mode=1777 none /tmp
	for module in loop fat nls_ascii nls_cp437 nls_utf8 vfat exfat; do
		insmod /$module.ko
	done
	end() { # never comes back
		echo "$*"
		echo o >/proc/sysrq-trigger
		sleep 60
	}
	run() { # STATUS COMMAND...
		local want=$1 got
		shift
		"${user[@]}" "$@" >/tmp/said 2>&1
		got=$?
		[ $got = "$want" ] && return
		echo "$fs $how: exit $got: $*"
		end "$(</tmp/said)"
	}
	written() { # FILE-SYSTEM MOUNT-OPTIONS [COMMAND...]
		local dest
		fs=$1 how=$2 user=("${@:3}")
		for db in old s; do
			mount -t $fs -o loop,$how /$fs /stick || end "cannot mount $fs"
			for dest in /stick/tree /stick/t.tar /stick/t.tar.zst oci:/stick/layout; do
				run 0 fips-manifest --store /$db.db export --quiet "$dest"
			done
			umount /stick
		done
		mount -t $fs -o loop,$how /$fs /stick
		run 0 cmp /stick/t.tar /b.tar
		local left=$(echo /stick/* /stick/.[!.]*)
		[ "$left" = "/stick/layout /stick/t.tar /stick/t.tar.zst /stick/tree /stick/.[!.]*" ] ||
			end "$fs $how: left over: $left"
	}
	read_back() {
		local dest
		user=()
		for dest in /stick/tree /stick/t.tar /stick/t.tar.zst oci:/stick/layout; do
			rm -rf /tmp/*
			cp /old.db /tmp/m.db
			run 0 fips-manifest --store /tmp/m.db import --quiet "$dest"
			run 0 fips-manifest --store /tmp/m.db export --quiet /tmp/m.tar
			run 0 cmp /tmp/m.tar /b.tar
			# there is no kubelet here: that it says so says that it has the manifest
			run 1 fips-tool --trust /root.json --tree "$dest" --state /tmp/state \
				--kubernetes v1.21.3 --root /
			[[ $(</tmp/said) == *"/usr/bin/kubelet"*"missing"* ]] ||
				end "$(</tmp/said)"
		done
	}
	taken_out() {
		rm -rf /stick/*
		umount /stick
		echo "$fs $how: good"
	}
	other=(setpriv --reuid 1000 --regid 1000 --clear-groups)
	for fs in vfat exfat; do
		written $fs umask=022
		read_back
		taken_out
		written $fs uid=1000,gid=1000 "${other[@]}"
		taken_out
		written $fs umask=000 "${other[@]}"
		taken_out
	done
	end "every stick is good"
END
chmod +x vm/init

step "FAT and exFAT"
boot vm
grep ': ' console | tail -n 20
grep -q '^every stick is good' console || fail "$(tail -n 30 console)"
