#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stores and exports on a small file system that fills up: at whatever byte it is full,
# the old tree is there whole or the new one is.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
need gpg jq python3 unshare

# a mount namespace of our own: what is mounted ends with the test
if [ -z "${ISOLATED-}" ]; then
	isolate=(unshare --mount)
	[ "$(id -u)" = 0 ] || isolate+=(--user --map-root-user)
	"${isolate[@]}" mount -t tmpfs none /mnt 2>err ||
		skip "this machine refuses to mount a tmpfs: $(tail -n 1 err)"
	ISOLATED=1 exec "${isolate[@]}" bash "$0"
fi
mkdir small whole
mount -t tmpfs -o size=64k none small || fail "no tmpfs"
size() { mount -o "remount,size=$1k" small || fail "remount to $1 kB"; }
used() { echo $(($(df --output=used -k small | tail -n 1))); }
# what the store in small/ has: "a" or "b", or the test fails
holds() {
	expect 0 fips-manifest --store small/m.db export --quiet now >&2
	for t in a b; do
		diff -r now $t >/dev/null && echo $t && return
	done
	fail "neither tree"
}

two_trees
python3 "$TOP/tests/cli/carry.py" serve b log >served 2>served.err &
PIDS+=($!)
wait_for 10 test -s served || fail "$(cat served.err)"
url=http://127.0.0.1:$(cat served)

# fill_up COMMAND...: with more room each time until it gets through
fill_up() {
	local full=0 room status
	size 4096
	rm -rf small/m.db*
	cp old.db small/m.db
	room=$(($(used) + 100)) # the small files need less
	while :; do
		size "$room"
		fips-manifest --store small/m.db "$@" >out 2>err
		status=$?
		[ $status = 0 ] && break
		[ $status = 3 ] || fail "$room kB: exit $status: $(cat err)"
		one_line
		grep -qi 'no space left on \(the \)\?device' err || fail "$(cat err)"
		full=$((full + 1))
		[ "$(holds)" = a ] || fail "$room kB: the new tree, and exit 3"
		room=$((room + 40))
	done
	[ "$(holds)" = b ] || fail "exit 0, and the old tree"
	[ $full -ge 5 ] || fail "it was full $full times"
	echo "full $full times, then through with $room kB: $(tail -n 1 err)"
}
step "import into a store that has no room"
fill_up import b

step "mirror likewise; what had room before is not fetched again"
: >log
fill_up mirror "$url"
[ ! -e small/m.db.incoming ] || fail "something is left beside the store"
# small files had room from the first time on
grep '^/targets/manifests/' log | sort | uniq -c | awk '$1 > 1 { exit 1 }' ||
	fail "a manifest was fetched again: $(sort log | uniq -c)"

step "export onto a full file system: what was there stays whole"
rm -rf small/m.db
size 8192
for name in www t.tar t.tar.zst img; do
	dest=small/$name
	[ $name = img ] && dest=oci:$dest
	rm -rf small/* was
	size 8192
	expect 0 fips-manifest --store old.db export "$dest"
	cp -a small/$name was
	full=0
	for ((room = $(used); ; room += 60)); do
		size "$room"
		fips-manifest export "$dest" >out 2>err
		status=$?
		[ $status = 0 ] && break
		[ $status = 3 ] || fail "$name, $room kB: exit $status: $(cat err)"
		one_line
		says "No space left on device"
		# whole new blobs may lie in a layout: the next run needs them
		diff -r was small/$name >new
		grep -Evq '^Only in small/img/blobs/sha256: [0-9a-f]{64}$' new && fail "$(cat new)"
		[ "$(ls -A small)" = $name ] || fail "$name: left over: $(ls -A small)"
		full=$((full + 1))
	done
	[ $full -ge 3 ] || fail "$name: it was full $full times"
	echo "$name: full $full times, then through with $room kB"
	expect 0 fips-manifest export "${dest/small/whole}"
	same small/$name whole/$name
done
