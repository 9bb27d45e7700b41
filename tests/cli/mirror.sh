#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# mirror: over HTTP, only what is new, cut off and gone on with, from servers that lie.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
. "$TOP/tests/cli/carry.bash"
need gpg jq curl nginx python3 faketime
# faketime is preloaded before ASan, which is fine here
export ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0

make_store roles
release 8 v1.21.3
release 7 v1.22.0
make_program program 100000
expect 0 fips-manifest tool add program --version 1.0.0 --arch x86_64
publish
expect 0 fips-manifest export www
cp -a www first-www
nginx_serve www
expect 0 fips-manifest --store m.db init --no-roles --quiet
cp m.db empty.db
# asked: what was asked of nginx since the last time, a path a line
asked() {
	cat nginx.access >asked
	: >nginx.access
}

step "the first time everything, once"
unchanged m.db expect 64 fips-manifest --store m.db mirror
says "name the URL"
asked
expect 0 fips-manifest --store m.db mirror "$URL" --trust root.json
says "took snapshot"
asked
[ -z "$(sort asked | uniq -d)" ] || fail "asked twice: $(sort asked | uniq -d)"
expect 0 fips-manifest --store m.db export m
same www m
[ ! -e m.db.incoming ] || fail "something is left beside the store"

step "nothing new: two requests"
expect 0 fips-manifest --store m.db mirror
says "nothing new"
asked
printf '/metadata/%s\n' 2.root.json timestamp.json | cmp - asked || fail "asked: $(cat asked)"

step "a new root alone, under the timestamp of before"
expect 0 fips-manifest root make-key second --passphrase-fd 3 3<pass
expect 0 fips-manifest root add-key root s.db.keys/second.pub
expect 0 fips-manifest root sign --passphrase-fd 3 3<pass
expect 0 fips-manifest root publish --passphrase-fd 3 3<pass
expect 0 fips-manifest export www
expect 0 fips-manifest --store m.db mirror
says "took root 2 (before: 1), and nothing else"
expect 0 fips-manifest --store m.db export m
same www m
asked

step "nothing new, and what is here has expired: that is said, whatever timestamp says"
for role in snapshot timestamp; do
	expect 0 fips-manifest root expiry $role 200
done
expect 0 fips-manifest refresh --passphrase-fd 3 3<pass
expect 0 fips-manifest export www
expect 0 fips-manifest --store m.db mirror
refused m.db faketime -f +95d fips-manifest --store m.db mirror
says "targets 3: expired on "
asked

step "something new: only that"
release 8 v1.21.3 2
publish
expect 0 fips-manifest export www
expect 0 fips-manifest --store m.db mirror
says "replaced   el8/v1.21.3/x86_64@2 (was revision 1)" out
asked
grep -q 'targets/tool/.*fips-tool' asked && fail "the tool was fetched again"
grep -q 'manifest-el7' asked && fail "another manifest was fetched again"
[ "$(grep -c '^/targets/manifests/' asked)" = 1 ] || fail "$(cat asked)"
expect 0 fips-manifest --store m.db export m
same www m

step "a part: all metadata, the manifests that were asked for, verifiable as ever"
cp empty.db part.db
expect 0 fips-manifest --store part.db mirror "$URL" --trust root.json --el 8 \
	--kubernetes 'v1.21.*'
expect 0 fips-manifest --store part.db export part
[ "$(cd part && find manifests -type f)" = manifests/v1.21.3/manifest-el8-x86_64.json.asc ] ||
	fail "$(find part)"
diff -r part/metadata www/metadata || fail "the metadata"
cp empty.db part2.db
expect 0 fips-manifest --store part2.db import part --trust root.json --el 8 \
	--kubernetes 'v1.21.*'
expect 0 fips-manifest --store part2.db export part2
same part part2
asked
expect 0 fips-manifest --store part.db mirror
says "nothing new"

step "cut off at any moment, it goes on where it was"
python3 "$TOP/tests/cli/carry.py" serve www log >served 2>served.err &
PIDS+=($!)
wait_for 10 test -s served || fail "$(cat served.err)"
base=http://127.0.0.1:$(cat served)
echo "slow targets/" >www.mode
cp empty.db cut.db
expect 0 fips-manifest --store cut.db export before
for i in 1 2 3 4 5; do
	fips-manifest --store cut.db mirror "$base" --trust root.json >/dev/null 2>&1 &
	p=$!
	sleep "0.$((RANDOM % 5 + 2))"
	kill -9 $p 2>/dev/null
	wait $p 2>/dev/null
	expect 0 fips-manifest --store cut.db export during
	diff -r during before >/dev/null || diff -r during www >/dev/null || fail "run $i: a mix"
done
rm www.mode
expect 0 fips-manifest --store cut.db mirror "$base" --trust root.json
expect 0 fips-manifest --store cut.db export during
same during www
# each kill cost one request at most: the file that was on its way
targets=$(find www/targets -type f | wc -l)
[ "$(grep -c '^/targets/' log)" -le $((targets + 5)) ] || fail "$(sort log | uniq -c)"
[ "$(grep '^/targets/' log | sort -u | wc -l)" = "$targets" ] || fail "$(sort log | uniq -c)"
[ ! -e cut.db.incoming ] || fail "something is left beside the store"

step "import, killed at any moment or on a full disk: the old tree whole or the new one"
cp empty.db kill.db
expect 0 fips-manifest --store kill.db import first-www --trust root.json
cp kill.db old.db
for i in $(seq 12); do
	cp old.db kill.db
	rm -f kill.db-journal
	fips-manifest --store kill.db import www >/dev/null 2>&1 &
	p=$!
	sleep "0.0$((RANDOM % 10))"
	kill -9 $p 2>/dev/null
	wait $p 2>/dev/null
	expect 0 fips-manifest --store kill.db export during
	diff -r during first-www >/dev/null || diff -r during www >/dev/null || fail "run $i: a mix"
	expect 0 fips-manifest --store kill.db import www
	expect 0 fips-manifest --store kill.db export during
	same during www
done
for blocks in 1 100 400 600 700; do
	cp old.db full.db
	(trap '' XFSZ && ulimit -f $blocks && fips-manifest --store full.db import www) >out 2>err
	expect 0 fips-manifest --store full.db export during
	diff -r during first-www >/dev/null || diff -r during www >/dev/null ||
		fail "$blocks blocks: a mix"
done

step "servers that lie, hang up or never end"
while read -r mode what status text; do
	echo "$mode $what" >www.mode
	rm -rf full.db.incoming
	cp old.db full.db
	unchanged full.db expect "$status" timeout 30 \
		fips-manifest --store full.db mirror "$base" --timeout 2
	one_line
	says "$text"
done <<CASES
drip metadata/timestamp 3 Less than 16 bytes/sec
drip manifest-el8 3 manifest-el8
mute metadata/timestamp 3 metadata/timestamp.json': Operation too slow
endless metadata/timestamp 3 the server sends more than is allowed
endless snapshot.json 3 snapshot
endless manifest-el8 2 that are signed
page metadata/timestamp 3 timestamp
page manifest-el8 2 that are signed
missing manifest-el8 3 404
broken snapshot.json 3 500
broken root.json 3 500
CASES
rm www.mode

step "servers of another authority's tree, and of an old file in a new tree"
serve() { # serve TREE: in $URL
	python3 "$TOP/tests/cli/carry.py" serve "$1" "$1.log" >"$1.port" 2>served.err &
	PIDS+=($!)
	wait_for 10 test -s "$1.port" || fail "$(cat served.err)"
	URL=http://127.0.0.1:$(cat "$1.port")
}
carry authority www other
serve other
cp old.db full.db
unchanged full.db expect 2 fips-manifest --store full.db mirror "$URL"
one_line
says "is the tree of another authority"
cp empty.db fresh.db
unchanged fresh.db expect 2 fips-manifest --store fresh.db mirror "$URL" --trust root.json
one_line
cp -a www stale
cp first-www/targets/manifests/v1.21.3/*-el8-x86_64.json.asc \
	stale/targets/manifests/v1.21.3/*-el8-x86_64.json.asc
serve stale
for store in old empty; do
	cp $store.db full.db
	unchanged full.db expect 2 fips-manifest --store full.db mirror "$URL" --trust root.json
	one_line
	says "that are signed"
	rm -rf full.db.incoming
done
