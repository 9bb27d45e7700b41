#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A courier's stick: a file system of its own on a loop device. Written, carried, read;
# and taken away in the middle of both.
# long
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
PATH=$PATH:/usr/sbin:/sbin
need gpg jq python3 unshare mkfs.ext4 losetup

# a mount namespace of our own: what is mounted ends with the test
if [ -z "${ISOLATED-}" ]; then
	mkdir stick
	truncate -s 1M image
	mkfs.ext4 -qF image || fail "mkfs.ext4"
	unshare --mount mount -o loop image stick 2>err ||
		skip "this machine refuses to mount a loop device: $(tail -n 1 err)"
	ISOLATED=1 exec unshare --mount bash "$0"
fi
truncate -s 160M image
mkfs.ext4 -qF image || fail "mkfs.ext4"
plug() { mount -o loop image stick || fail "cannot mount the stick"; }
unplug() { umount stick || fail "cannot unmount the stick"; }
# taken_away AFTER COUNTER COMMAND...: run it; take the stick away as soon as that counter
# of /proc/PID/io is over AFTER; the command's exit status in $status. Taken away is what
# ext4 does when its device is gone (EXT4_IOC_SHUTDOWN): whatever is read or written from
# then on is an I/O error, and what was not on the device yet is lost.
cat >taken_away.py <<'PY'
import fcntl, os, struct, subprocess, sys
stick = os.open("stick", os.O_RDONLY)
after, counter = int(sys.argv[1]), sys.argv[2].encode() + b": "
with open("out", "wb") as out, open("err", "wb") as err:
    command = subprocess.Popen(sys.argv[3:], stdout=out, stderr=err)
io = os.open("/proc/%d/io" % command.pid, os.O_RDONLY)
while command.poll() is None:
    line = [x for x in os.pread(io, 4096, 0).split(b"\n") if x.startswith(counter)]
    if not line or int(line[0][len(counter):]) >= after:
        break
fcntl.ioctl(stick, 0x8004587D, struct.pack("I", 2))
sys.exit(command.wait())
PY
taken_away() {
	python3 taken_away.py "$@"
	status=$?
}

two_trees 12000000

step "written here, read there: folder, tar and layout"
for what in folder tar.tar tar.tar.zst oci:layout; do
	dest=${what/#/stick/}
	[ "$what" = oci:layout ] && dest=oci:stick/layout
	plug
	expect 0 fips-manifest export "$dest"
	unplug
	plug
	cp old.db m.db
	expect 0 fips-manifest --store m.db import "$dest"
	rm -rf stick/* stick/.[!.]* m
	unplug
	expect 0 fips-manifest --store m.db export m
	same b m
done

step "taken away while it is read: the store keeps the tree that it had"
plug
expect 0 fips-manifest export stick/tree
expect 0 fips-manifest export stick/tree.tar
sync
size=$(stat -c %s stick/tree.tar)
unplug
broken=0
for i in $(seq 5); do
	for what in tree tree.tar; do
		plug
		cp old.db m.db
		taken_away $((size * i / 4)) rchar fips-manifest --store m.db import stick/$what
		unplug
		tree=b
		if [ $status != 0 ]; then
			[ $status = 3 ] || fail "exit $status: $(cat err)"
			one_line
			says "Input/output error"
			tree=a
			broken=$((broken + 1))
		fi
		expect 0 fips-manifest --store m.db export during
		same during $tree
	done
done
[ $broken -ge 4 ] || fail "taken away in time $broken times"
echo "taken away in time $broken times of 10"

step "taken away while it is written: what it held before is whole, or the new tree is"
plug
rm -rf stick/*
for s in old.db s.db; do
	expect 0 fips-manifest --store $s export whole.tar
	mv whole.tar $s.tar
done
expect 0 fips-manifest --store old.db export stick/t.tar
expect 0 fips-manifest --store old.db export stick/tree
expect 0 fips-manifest --store old.db export oci:stick/layout
unplug
cp image image.old
# what came out of it, in during, is the new tree, or the old one after a failure
same_as_one() {
	if [ "$1" = t.tar ]; then
		cmp -s during s.db.tar || { [ "$status" != 0 ] && cmp during old.db.tar; }
	else
		diff -rq during b >other || { [ "$status" != 0 ] && diff -rq during a; }
	fi
}
broken=0
for i in $(seq 4); do
	for what in t.tar tree layout; do
		dest=stick/$what
		[ $what = layout ] && dest=oci:$dest
		cp image.old image
		plug
		taken_away $((6000000 * i)) wchar fips-manifest export "$dest"
		unplug
		plug
		if [ $status != 0 ]; then
			[ $status = 3 ] || fail "exit $status: $(cat err)"
			one_line
			broken=$((broken + 1))
		fi
		rm -rf during
		[ $what = layout ] || cp -a "$dest" during
		if [ $what = layout ]; then
			cp old.db m.db
			expect 0 fips-manifest --store m.db import "$dest"
			expect 0 fips-manifest --store m.db export during
		fi
		same_as_one "$what" || fail "exit $status, and $what is neither tree"
		unplug
	done
done
[ $broken -ge 4 ] || fail "taken away in time $broken times"
echo "taken away in time $broken times of 12"

step "what is left is mended by the next export"
plug
for what in t.tar tree layout; do
	dest=stick/$what
	[ $what = layout ] && dest=oci:$dest
	expect 0 fips-manifest export "$dest"
done
same stick/tree b
cmp stick/t.tar s.db.tar || fail "the tar"
[ "$(ls -A stick)" = "$(printf 'layout\nt.tar\ntree')" ] || fail "left over: $(ls -A stick)"
unplug
