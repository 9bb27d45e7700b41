#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A store whose writers are killed at any moment: it opens again, its log's chain is
# whole, and it holds every acknowledged row and no half of another.
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
# killed_at N COMMAND...: run it, killed at the Nth system call that writes; 137 then
writes=pwrite64,write,ftruncate,fsync,fdatasync,unlink,link,rename
killed_at() {
	local n=$1
	shift
	strace -o /dev/null -e "trace=$writes" -e "inject=$writes:signal=KILL:when=$n" \
		"$@" >out 2>err
}

step "signing what is added"
for i in 1 2 3; do
	sed "s/\"revision\": 1/\"revision\": $i/" "$manifest" >$i.json
done
expect 0 fips-manifest sign --yes --quiet --key "$a" 1.json 2.json 3.json

step "init, killed at each of its writes: no store, or a whole one"
for n in $(seq 1 200); do
	rm -f s.db*
	killed_at "$n" fips-manifest init && break
	[ -e s.db ] && sound
done
((n > 10 && n < 200)) || fail "killed $n times"
echo "killed $((n - 1)) times"
rm -f s.db*

step "add, killed at each of its writes"
expect 0 fips-manifest init
expect 0 fips-manifest key add a.pub
cp s.db empty.db
for n in $(seq 1 500); do
	cp empty.db s.db
	rm -f s.db-journal
	killed_at "$n" fips-manifest add 1.json.asc 2.json.asc && break
	# killed behind the commit: the rows may be there, but then all of them
	[ -s out ] && acknowledged=1 || acknowledged=0
	sound
	case "$acknowledged:$(ids | wc -l)" in
	0:0 | 0:2 | 1:2) ;;
	*) fail "write $n: acknowledged $acknowledged, rows: $(ids)" ;;
	esac
done
((n > 20 && n < 500)) || fail "killed $n times"
echo "killed $((n - 1)) times"
sound
cp s.db added.db

step "publish, killed at each of its writes: all of it or nothing"
for n in $(seq 1 500); do
	cp added.db s.db
	rm -f s.db-journal
	killed_at "$n" fips-manifest publish && break
	sound
	sqlite3 s.db "SELECT count(published) FROM manifest UNION ALL
		SELECT count(published) FROM keyring" | tr '\n' ' ' >counts
	case $(cat counts) in
	"0 0 " | "2 1 ") ;;
	*) fail "write $n: half a publish: $(cat counts)" ;;
	esac
done
((n > 10 && n < 500)) || fail "killed $n times"
echo "killed $((n - 1)) times"

step "killed by the clock, forty times"
cp added.db s.db
for i in $(seq 1 40); do
	head -c $((i * 20000)) /dev/urandom >program
	fips-manifest tool add program --version "1.0.$i" --arch x86_64 2>said &
	PID=$!
	sleep "0.00$((RANDOM % 10))$((RANDOM % 10))"
	kill -9 $PID 2>/dev/null
	wait $PID 2>/dev/null
	[ -s said ] && echo "1.0.$i" >>acknowledged
	sound
	fips-manifest tool list | cut -d' ' -f1 | sort >have
	sort acknowledged 2>/dev/null | comm -23 - have >lost
	[ ! -s lost ] || fail "acknowledged and lost: $(cat lost)"
done
echo "$(wc -l <acknowledged) of 40 were acknowledged"
