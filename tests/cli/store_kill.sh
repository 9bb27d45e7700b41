#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A store whose writers are killed at any moment: it opens again, its log's chain is
# whole, and it holds every acknowledged row and no half of another.
# long
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
# the leak check does not work where strace looks on
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
need gpg sqlite3 jq strace

manifest=$TOP/tests/data/manifest-el8-x86_64.json
new_home keys
make_key a rsa3072
a=$FPR
export FIPS_MANIFEST_STORE=$PWD/s.db

ids() { fips-manifest list --json | jq -r '.manifests[].id' | sort; }
sound() {
	# a reader comes first: it undoes what the killed writer left
	fips-manifest list >table 2>err || fail "does not open: $(cat err)"
	fips-manifest log --verify >out 2>err || fail "chain: $(cat err)"
	[ "$(sqlite3 "$FIPS_MANIFEST_STORE" 'PRAGMA integrity_check')" = ok ] ||
		fail "integrity"
}
# kill_everywhere STEP PREPARE CHECK COMMAND...: PREPARE, run the command killed at its
# Nth call of one of the system calls that write, CHECK; for each of them and N = 1, 1 +
# STEP and so on until the command gets through
kill_everywhere() {
	local step=$1 prepare=$2 check=$3 call n killed=0
	shift 3
	for call in pwrite64 fdatasync unlink ftruncate fsync link rename write; do
		for ((n = 1; n < 500; n += step)); do
			$prepare
			strace -o /dev/null -e "trace=$call" \
				-e "inject=$call:signal=KILL:when=$n" "$@" >out 2>err && break
			where="$call $n"
			$check
			killed=$((killed + 1))
		done
	done
	((killed > 5 && n < 500)) || fail "killed $killed times"
	echo "killed $killed times"
}

step "signing what is added"
for i in 1 2 3; do
	sed "s/\"revision\": 1/\"revision\": $i/" "$manifest" >$i.json
done
expect 0 fips-manifest sign --yes --quiet --key "$a" 1.json 2.json 3.json

step "init, killed at each of its writes: no store, or a whole one"
none() { rm -f s.db*; }
none_or_whole() { [ ! -e s.db ] || sound; }
kill_everywhere 1 none none_or_whole fips-manifest init
none

step "add, killed at each of its writes"
expect 0 fips-manifest init
expect 0 fips-manifest key add a.pub
cp s.db empty.db
from() {
	cp "$1" s.db
	rm -f s.db-journal
}
from_empty() { from empty.db; }
acknowledged_is_there() {
	local said=0
	[ -s out ] && said=1
	sound
	case "$said:$(ids | wc -l)" in
	0:0 | 0:2 | 1:2) ;; # killed behind the commit: all of them are there
	*) fail "$where: said $said, rows: $(ids)" ;;
	esac
}
kill_everywhere 1 from_empty acknowledged_is_there fips-manifest add 1.json.asc 2.json.asc
sound
cp s.db added.db

step "publish, killed at each of its writes: all of it or nothing"
from_added() { from added.db; }
all_or_nothing() {
	sound
	sqlite3 s.db "SELECT count(published) FROM manifest UNION ALL
		SELECT count(published) FROM keyring" | tr '\n' ' ' >counts
	case $(cat counts) in
	"0 0 " | "2 1 ") ;;
	*) fail "$where: half a publish: $(cat counts)" ;;
	esac
}
kill_everywhere 1 from_added all_or_nothing fips-manifest publish

step "publish under TUF, killed at each of its writes: a reader never sees half of it"
cp added.db s.db
echo "correct horse" >passphrase
expect 0 fips-manifest root init --passphrase-fd 3 3<passphrase
cp s.db roles.db
# every file that timestamp leads to is in the tree, and is what its roles say
whole() {
	local role version path hash
	rm -rf tree
	fips-manifest export tree >/dev/null 2>err || fail "export: $(cat err)"
	version=$(jq .signed.meta.'"snapshot.json"'.version tree/metadata/timestamp.json)
	cp "tree/metadata/$version.snapshot.json" snapshot || fail "no snapshot $version"
	[ "$(sha256sum <snapshot | cut -d' ' -f1)" = "$(jq -r \
		.signed.meta.'"snapshot.json"'.hashes.sha256 tree/metadata/timestamp.json)" ] ||
		fail "another snapshot than timestamp's"
	while read -r role version; do
		[ -s "tree/metadata/$version.$role" ] || fail "no $role $version"
		jq -r '.signed.targets | to_entries[] | .key + " " + .value.hashes.sha256' \
			"tree/metadata/$version.$role"
	done < <(jq -r '.signed.meta | to_entries[] | "\(.key) \(.value.version)"' snapshot) >list
	while read -r path hash; do
		sha256sum "tree/targets/${path%"${path##*/}"}$hash.${path##*/}" "tree/$path" |
			cut -d' ' -f1 | uniq | grep -qx "$hash" || fail "$path is not as signed"
	done <list
}
whole
# what is published beside the index and the page, which are there from the beginning
listed() { grep -vc '^index\.' list; }
[ "$(listed)" = 0 ] || fail "published before publish"
from_roles() { from roles.db; }
whole_or_nothing() {
	whole
	case $(listed):$(find tree/manifests -type f 2>/dev/null | wc -l) in
	0:0 | 2:1) ;; # nothing; the newest revision and the keyring
	*) fail "$where: half a publish: $(cat list)" ;;
	esac
}
cat >publish <<'END'
#!/bin/sh
exec fips-manifest publish --passphrase-fd 3 3<passphrase
END
chmod +x publish
kill_everywhere 5 from_roles whole_or_nothing ./publish
whole
[ "$(listed)" = 2 ] || fail "$(cat list)"

step "import, killed at each of its writes: the tree that was there, or the new one"
from_roles
expect 0 ./publish
expect 0 fips-manifest export a
expect 0 fips-manifest add 3.json.asc
expect 0 ./publish
expect 0 fips-manifest export b
mirror() { fips-manifest --store m.db "$@"; }
expect 0 mirror init --no-roles
expect 0 mirror import a --trust a/metadata/1.root.json
cp m.db mirror.db
from_mirror() {
	cp mirror.db m.db
	rm -f m.db-journal
}
old_or_new() {
	rm -rf tree
	mirror export tree >/dev/null 2>err || fail "$where: export: $(cat err)"
	diff -r tree a >/dev/null || diff -r tree b >/dev/null || fail "$where: neither tree"
}
kill_everywhere 12 from_mirror old_or_new fips-manifest --store m.db import b
old_or_new
diff -r tree b || fail "not imported"

step "killed by the clock, forty times"
cp added.db s.db
make_program program 20000
from=$(date +%s%N)
fips-manifest tool add program --version 0 --arch x86_64 --quiet || fail "tool add"
took=$((($(date +%s%N) - from) / 1000))
: >acknowledged
for i in $(seq 1 40); do
	make_program program $((i * 20000))
	fips-manifest tool add program --version "1.0.$i" --arch x86_64 2>said &
	PID=$!
	sleep "$(printf '0.%06d' $((RANDOM * took * 2 / 32768)))"
	kill -9 $PID 2>/dev/null
	wait $PID 2>/dev/null
	[ -s said ] && echo "1.0.$i" >>acknowledged
	sound
	fips-manifest tool list | cut -d' ' -f1 | sort >have
	sort acknowledged | comm -23 - have >lost
	[ ! -s lost ] || fail "acknowledged and lost: $(cat lost)"
done
echo "$(wc -l <acknowledged) of 40 were acknowledged"
