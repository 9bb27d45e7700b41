#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mirror, import and export killed with SIGKILL at random ones of their system calls that
# change something: the store, folder, tar or layout holds the tree of before or the new
# one, whole; the same command once more ends well, with nothing left over.
# long
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
# the leak check does not work where strace looks on
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
need gpg sqlite3 jq strace nginx curl
CALLS="pwrite64 write fsync fdatasync openat mkdir mkdirat rename renameat renameat2
	linkat unlink unlinkat"
EACH=1 # kills a system call

two_trees
expect 0 fips-manifest --store b.db init --no-roles --quiet
expect 0 fips-manifest --store b.db import b --trust root.json
nginx_serve b

# killed_at CALL N COMMAND...: status 137 when it was; else it made fewer such calls
killed_at() {
	local call=$1 n=$2
	shift 2
	{
		strace -f -qq -o /dev/null -e "trace=$call" \
			-e "inject=$call:signal=KILL:when=$n" "$@" >out 2>err
	} 2>/dev/null # bash's own word about it
}
# count CALL: how many of these the command made at most in one of its threads
count() { awk -v c="$1" '$2 ~ "^"c"[(]" { n[$1]++ } END { for (p in n) if (n[p] > m) m = n[p]; print m + 0 }' calls; }
# kill_at_random BEFORE WHOLE COMMAND...: BEFORE, the command killed, WHOLE; then the
# command to its end, and WHOLE of the new tree
kill_at_random() {
	local before=$1 whole=$2 call n most killed=0 got=
	shift 2
	$before
	strace -f -o calls -e "trace=${CALLS//[[:space:]]/,}" "$@" >out 2>err ||
		fail "$*: $(cat err)"
	for call in $CALLS; do
		most=$(count "$call")
		[ "$most" -gt 0 ] || continue
		for ((n = 0; n < EACH && n < most; n++)); do
			$before
			where="$call $((RANDOM % most + 1)) of $most"
			# shellcheck disable=SC2086  # call and number
			killed_at ${where%% of*} "$@" && continue
			[ $? = 137 ] || fail "$where: $(cat err)"
			killed=$((killed + 1))
			tree=
			$whole
			got=$got$tree
			"$@" >out 2>err || fail "$where: not gone on with: $(cat err)"
			$whole
			[ "$tree" = b ] || fail "$where: gone on with, and still $tree"
			clean
		done
	done
	[ $killed -ge 8 ] || fail "killed $killed times"
	echo "killed $killed times: the old tree was there ${got//b/}, the new one ${got//a/}"
}
is_one() { # is_one FOLDER: which of the trees, in $tree
	for tree in a b; do
		diff -r "$1" $tree >/dev/null 2>&1 && return
	done
	return 1
}

# ---- the store ----

from_old() {
	rm -rf store
	mkdir store
	cp old.db store/m.db
}
# sound STORE: it opens, its pages and its log hold together, its tree is one of the two
sound() {
	rm -rf now
	fips-manifest --store "$1" export --quiet now >/dev/null 2>err && is_one now &&
		[ "$(sqlite3 "$1" 'PRAGMA integrity_check' 2>&1)" = ok ] &&
		fips-manifest --store "$1" log --verify >/dev/null 2>err
}
store_whole() { sound store/m.db || fail "$where: $(cat err)"; }
clean() { [ "$(ls -A store)" = m.db ] || fail "$where: left over: $(ls -A store)"; }

step "mirror"
kill_at_random from_old store_whole fips-manifest --store store/m.db mirror "$URL"

step "import"
EACH=2 kill_at_random from_old store_whole fips-manifest --store store/m.db import b

step "a store that is torn does not pass for whole"
torn=0
most=$(count pwrite64)
for ((n = most; n > 0; n -= most / 16 + 1)); do
	from_old
	killed_at pwrite64 $n fips-manifest --store store/m.db import b && continue
	# what undoes the half of it is taken away
	[ -s store/m.db-journal ] && rm store/m.db-journal
	sound store/m.db || torn=$((torn + 1))
done
[ $torn -ge 3 ] || fail "$torn torn stores were seen"
echo "$torn torn stores were seen"

# ---- what is exported ----

from_a() {
	rm -rf dest
	mkdir dest
	fips-manifest --store old.db export --quiet "$1" >/dev/null 2>err || fail "$(cat err)"
}
clean() { [ "$(ls -A dest)" = "$name" ] || fail "$where: left over: $(ls -A dest)"; }

step "export to a folder"
name=tree
from_a_tree() { from_a dest/tree; }
tree_whole() { is_one dest/tree || fail "$where: neither tree"; }
EACH=2 kill_at_random from_a_tree tree_whole fips-manifest --store b.db export dest/tree

step "export to a tar"
name=t.tar
from_a_tar() { from_a dest/t.tar; }
tar_whole() {
	rm -rf now
	mkdir now
	tar -xf dest/t.tar -C now || fail "$where: no tar"
	is_one now || fail "$where: neither tree"
}
EACH=4 kill_at_random from_a_tar tar_whole fips-manifest --store b.db export dest/t.tar

step "export to a layout"
name=img
from_a_layout() { from_a oci:dest/img; }
layout_whole() {
	cp old.db layout.db
	fips-manifest --store layout.db import oci:dest/img >out 2>err || fail "$where: $(cat err)"
	rm -rf now
	fips-manifest --store layout.db export --quiet now >/dev/null 2>err
	is_one now || fail "$where: neither tree"
}
clean() {
	find dest -type f | grep -Ev '^dest/img/(index.json|oci-layout|blobs/sha256/[0-9a-f]{64})$' &&
		fail "$where: left over"
}
kill_at_random from_a_layout layout_whole fips-manifest --store b.db export oci:dest/img
