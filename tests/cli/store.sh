#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The store from the command line: add, publish, list, show, find, withdraw, log, tool.
. "$TOP/tests/cli/lib.sh"
. "$TOP/tests/cli/keys.sh"
need gpg sqlite3 jq
judges

manifest=$TOP/tests/data/manifest-el8-x86_64.json
export FIPS_MANIFEST_STORE=$PWD/s.db

# manifest FILE [SED-EXPRESSION]...: the sample, changed, signed by keys a and b
manifest() {
	local out=$1 args=(-e "s/^//")
	shift
	for e; do args+=(-e "$e"); done
	sed "${args[@]}" "$manifest" >"$out.json"
	expect 0 fips-manifest sign --yes --quiet --key "$a" --output "$out.asc" "$out.json"
	expect 0 fips-manifest sign --yes --quiet --key "$b" --output "$out-b.asc" "$out.json"
}
states() { fips-manifest list --json | jq -r '.manifests[] | .id + " " + .state'; }

new_home keys
make_key a rsa3072
a=$FPR
make_key b rsa3072
b=$FPR
make_key stranger rsa3072
manifest one
manifest two 's/"revision": 1/"revision": 2/'
manifest el9 's/"el": "8"/"el": "9"/'

step "init makes a store once"
expect 0 fips-manifest init
says "made the store"
expect 3 fips-manifest init
says "exists already"
one_line

step "a store without keys takes nothing"
expect 3 fips-manifest add one.asc
says "trusts no key yet"
one_line

step "a file that another program signed without the checksum gets it: gpg 2.2 needs it"
sed '/^=/d' one.asc >bare.asc
cmp -s one.asc bare.asc && fail "it has no checksum"
for arg in init "key add a.pub" "add bare.asc"; do
	# shellcheck disable=SC2086 # words of a command
	expect 0 fips-manifest --store bare.db $arg
done
expect 0 fips-manifest --store bare.db show --asc el8/v1.21.3
cmp out one.asc || fail "the stored file is of another form"

step "a manifest that a release key signed goes in; list, show and find know it"
expect 0 fips-manifest key add a.pub
expect 0 fips-manifest add one.asc
says "el8/v1.21.3/x86_64@1: complete, new; 1 signed, 1 needed" out
expect 0 fips-manifest add --json one.asc
[ "$(jq -r '.[0] | "\(.id) \(.state) \(.new) \(.owners)"' out)" = \
	"el8/v1.21.3/x86_64@1 complete false 1" ] || fail "$(cat out)"
expect 0 fips-manifest list
says "el8/v1.21.3/x86_64@1" out
says "complete" out
says "$(sha256sum <one.json | cut -d' ' -f1)" out
expect 0 fips-manifest show --json el8/v1.21.3
cmp out one.json || fail "show --json is not the canonical text"
expect 0 fips-manifest show --asc el8/v1.21.3@1
cmp out one.asc || fail "show --asc is not the signed file"
expect 0 fips-manifest show el8/v1.21.3/x86_64
says "state       complete" out
grep -A1 '^    /usr/bin/kubelet  go' out | tail -n 1 >digest
says "      sha256 $(jq -r '.components[].files[] | select(.path == "/usr/bin/kubelet").sha256' one.json)" digest
says "      image $(jq -r '.components[].source.image | select(.).reference' one.json)" out
grep -v '^exception' out | awk 'length > 80 { exit 1 }' || fail "show is wide: $(cat out)"
expect 0 fips-manifest show one.asc
says "el8/v1.21.3/x86_64@1" out
kubelet=$(jq -r '.components[] | select(.name == "kubelet").files[] |
	select(.path == "/usr/bin/kubelet").sha256' one.json)
expect 0 fips-manifest find "$kubelet"
says "kubelet /usr/bin/kubelet" out
expect 0 fips-manifest find "sha256:$kubelet" --json
[ "$(jq -r '.found[0].path' out)" = /usr/bin/kubelet ] || fail "$(cat out)"
expect 0 fips-manifest find one.json
says "(the manifest)" out
expect 0 fips-manifest find one.asc
says "(the manifest)" out
expect 1 fips-manifest find "$(printf '%064d' 7)"
says "no manifest lists the digest"
expect 3 fips-manifest find nowhere
says "'nowhere' is neither a digest, 64 hex digits, nor a file that is here"

step "a path that would turn a terminal's colours is shown escaped"
sed '/path.*kube-apiserver"/{s,kube-apiserver",x\\u009b31m",;n;s,: "[^"]*",: "'"$(sha256sum </bin/true | cut -c1-64)"'",}' \
	one.json >odd.json
expect 0 fips-manifest sign --yes --quiet --key "$a" --output odd.asc odd.json
expect 0 fips-manifest --store odd.db init --no-roles
expect 0 fips-manifest --store odd.db key add a.pub
expect 0 fips-manifest --store odd.db add odd.asc
for command in "fips-manifest show odd.asc" "fips-manifest --store odd.db find /bin/true" \
	"fips-tool inspect --manifest odd.asc --keyring a.pub /bin/true"; do
	expect 0 $command
	says '/usr/local/bin/x\xc2\x9b31m' out
	grep -q $'\xc2\x9b' out err && fail "$command: $(cat -v out err)"
done

step "IDs that name nothing, too much or no manifest"
expect 3 fips-manifest show el8/v1.21.4
says "the store has no manifest 'el8/v1.21.4'"
expect 3 fips-manifest show el8/v1.21.3@7
expect 64 fips-manifest withdraw --reason x v1.21.3
says "names no manifest"
expect 3 fips-manifest show ./el8/v1.21.3
says "'./el8/v1.21.3' is neither an ID, such as el8/v1.21.3@2, nor a file that is here"
manifest arm 's/"arch": "x86_64"/"arch": "aarch64"/' 's/\.x86_64\.rpm/.aarch64.rpm/'
expect 0 fips-manifest add arm.asc
expect 64 fips-manifest show el8/v1.21.3
says "say which"
expect 0 fips-manifest show el8/v1.21.3/aarch64

step "what nobody trusted signed stays out"
expect 0 fips-manifest sign --yes --quiet --key stranger --output strange.asc el9.json
before=$(fips-manifest log --json)
expect 2 fips-manifest add strange.asc
says "'strange.asc'"
one_line
sed 's/v1.21.3/v1.21.4/' one.asc >forged.asc
expect 2 fips-manifest add forged.asc
{ echo; cat one.asc; } >before.asc
expect 2 fips-manifest add before.asc
says "line 1"
expect 3 fips-manifest add nowhere.asc
expect 2 fips-manifest add el9.asc strange.asc
: >empty.asc
expect 2 fips-manifest add empty.asc
[ "$(fips-manifest log --json)" = "$before" ] || fail "a refusal left a trace"
states >out
grep el9 out && fail "all files go in, or none"

step "another text under the same name"
manifest other 's/"note": "first"/"note": "other"/'
expect 3 fips-manifest add other.asc
says "'other.asc': the store holds another text as el8/v1.21.3/x86_64@1"
one_line

step "publish makes it visible, once"
expect 0 fips-manifest publish
says "published el8/v1.21.3/x86_64@1 as manifests/v1.21.3/manifest-el8-x86_64.json.asc"
says "published keys/release.asc"
expect 0 fips-manifest publish
says "nothing new to publish"
states >out
says "el8/v1.21.3/x86_64@1 published" out

step "too few signatures: pending, until the other one comes"
expect 0 fips-manifest key add b.pub
expect 0 fips-manifest key --threshold 2
expect 0 fips-manifest add two.asc
says "el8/v1.21.3/x86_64@2: pending, new; 1 of 2 owners have signed" out
expect 0 fips-manifest list
says "untrusted" out
expect 1 fips-manifest publish
says "took el8/v1.21.3/x86_64@1 out of the tree: 1 of 2 owners have signed"
says "2 published manifests are no longer trusted"
expect 0 fips-manifest publish
says "el8/v1.21.3/x86_64@1 stays out of the tree: 1 of 2"
expect 0 fips-manifest list --json
[ "$(jq -c '[.manifests[] | select(.state == "published") | [.visible, .trusted]]' out)" = \
	"[[false,false],[false,false]]" ] || fail "$(cat out)"
expect 0 fips-manifest add one-b.asc arm-b.asc
says "el8/v1.21.3/x86_64@1: published, gained signatures; 2 signed, 2 needed" out
expect 0 fips-manifest publish --json
[ "$(jq -r '.manifests[] | select(.why).id' out)" = el8/v1.21.3/x86_64@2 ] ||
	fail "$(cat out)"
[ "$(jq -r '[.manifests[] | select(.published).id] | join(" ")' out)" = \
	"el8/v1.21.3/aarch64@1 el8/v1.21.3/x86_64@1" ] || fail "$(cat out)"
expect 0 fips-manifest publish
says "el8/v1.21.3/x86_64@2 stays pending: 1 of 2 owners have signed"
expect 0 fips-manifest add two-b.asc
says "el8/v1.21.3/x86_64@2: complete, gained signatures; 2 signed, 2 needed" out
expect 0 fips-manifest publish
says "published el8/v1.21.3/x86_64@2"
expect 0 fips-manifest list
says "superseded" out
expect 0 fips-manifest find "$kubelet"
grep -q '^el8/v1.21.3/x86_64@1 * superseded' out || fail "$(cat out)"
expect 0 fips-manifest find "$kubelet" --json
jq -e '[.found[] | select(.superseded).id] | unique == ["el8/v1.21.3/x86_64@1"]' out >/dev/null ||
	fail "$(cat out)"
expect 0 fips-manifest show --asc el8/v1.21.3/x86_64
cp out both.asc
expect 0 gpg --verify both.asc
says "Good signature from \"a <a@example.org>\""
says "Good signature from \"b <b@example.org>\""

step "a removed key takes out what it carried, and brings it back"
expect 0 fips-manifest key remove "$b"
expect 1 fips-manifest publish --json
[ "$(jq -r '.manifests[] | select(.taken_out).id' out)" = "el8/v1.21.3/aarch64@1
el8/v1.21.3/x86_64@2" ] || fail "$(cat out)"
expect 0 fips-manifest key --threshold 1
expect 0 fips-manifest publish
says "published el8/v1.21.3/x86_64@2 as manifests"
expect 0 fips-manifest log
says "distrust el8/v1.21.3/x86_64@2: 1 of 2 owners have signed" out
says "trust el8/v1.21.3/x86_64@2" out
cp s.db no-keys.db
expect 0 fips-manifest --store no-keys.db key remove "$a"
expect 0 fips-manifest --store no-keys.db list
says "untrusted" out

step "withdraw takes it back, and nothing takes its place"
expect 64 fips-manifest withdraw el8/v1.21.3/x86_64
says "say why"
expect 64 fips-manifest withdraw --reason $'two\nlines' el8/v1.21.3/x86_64
expect 0 fips-manifest withdraw --reason "wrong build" el8/v1.21.3/x86_64
says "el8/v1.21.3/x86_64@2 is withdrawn; nothing is served in its place"
expect 0 fips-manifest list --json
[ "$(jq -r '.manifests[] | select(.arch == "x86_64") | "\(.revision) \(.state) \(.visible)"' \
	out)" = "2 withdrawn false
1 published false" ] || fail "$(cat out)"
expect 3 fips-manifest withdraw --reason again el8/v1.21.3/x86_64@2
says "withdrawn already"
expect 3 fips-manifest add two.asc
says "was withdrawn (wrong build)"
manifest three 's/"revision": 1/"revision": 3/'
expect 0 fips-manifest add three.asc
expect 0 fips-manifest publish
says "published el8/v1.21.3/x86_64@3 as manifests/v1.21.3/manifest-el8-x86_64.json.asc"

step "the tool and the signed list"
cp "$BIN/fips-manifest" program
case $(uname -m) in x86_64) right=x86_64 wrong=aarch64 ;; *) right=aarch64 wrong=x86_64 ;; esac
expect 64 fips-manifest tool add program --version 1.0.0
says "'--arch' is missing"
expect 3 fips-manifest tool add program --version 1.0.0 --arch $wrong
says "'program': it is a program for $right, not $wrong"
one_line
head -c -1 program >"cut"
printf '#!/bin/sh\nexec fips-tool "$@"\n' >script
for bad in "cut: it is cut short" "script: it is no program" "one.json: it is no program"; do
	expect 3 fips-manifest tool add "${bad%%:*}" --version 1.0.0 --arch $right
	says "'${bad%%:*}':${bad#*:}"
	one_line
done
expect 64 fips-manifest tool add program --version 1/0 --arch $right
expect 0 fips-manifest tool add program --version 1.0.0 --arch $right
cp program other
printf X >>other
expect 3 fips-manifest tool add other --version 1.0.0 --arch $right
says "never changes its bytes"
expect 0 fips-manifest tool list
says "complete  $(sha256sum <program | cut -d' ' -f1)" out
expect 0 fips-manifest tool sums
cp out SHA256SUMS
cp program "fips-tool-1.0.0-linux-$right"
expect 0 sha256sum -c SHA256SUMS
sed 's/1.0.0/1.0.1/' SHA256SUMS >wrong
clearsign wrong.asc wrong -u "$a"
expect 3 fips-manifest tool add-sums wrong.asc
says "does not list the tools"
clearsign strange-sums.asc SHA256SUMS -u stranger@example.org
expect 2 fips-manifest tool add-sums strange-sums.asc
clearsign SHA256SUMS.asc SHA256SUMS -u "$a"
expect 0 fips-manifest tool add-sums SHA256SUMS.asc
expect 0 fips-manifest publish
says "published 1 tool"
says "published tool/SHA256SUMS.asc"
expect 0 fips-manifest tool list --json
[ "$(jq -r '.tools[0].sha256' out)" = "$(sha256sum <program | cut -d' ' -f1)" ] ||
	fail "$(cat out)"
expect 64 fips-manifest tool remove
says "tool knows add, list, sums and add-sums"

step "the log tells it all, and a stranger can recompute it"
expect 0 fips-manifest log
says "withdraw el8/v1.21.3/x86_64@2: wrong build" out
expect 0 fips-manifest log --verify
rows=$(cut -d' ' -f1 out)
[ "$rows" -gt 15 ] || fail "$(cat out)"
fips-manifest log --json >log.json
for i in 0 $((rows - 1)); do
	jq -cS ".events[$i] | del(.digest)" log.json | tr -d '\n' | sha256sum |
		grep -q "^$(jq -r ".events[$i].digest" log.json)" || fail "row $i"
done
expect 19 sqlite3 s.db "UPDATE log SET detail = 'right build' WHERE action = 'withdraw'"
says "the log never changes"
expect 19 sqlite3 s.db "UPDATE signed SET asc = x'00'"
says "never changes"
expect 19 sqlite3 s.db "DELETE FROM manifest"
says "never deleted"
cp s.db tampered.db
sqlite3 tampered.db "DROP TRIGGER log_fixed;
	UPDATE log SET detail = 'right build' WHERE action = 'withdraw'"
row=$(jq -r '.events[] | select(.action == "withdraw").row' log.json)
expect 1 fips-manifest --store tampered.db log --verify
says "row $row was changed"
one_line

step "on a terminal the lines fit: list cuts digests, log puts below what does not stand beside"
seen() { # seen COLUMNS COMMAND: what a terminal of that width gets
	script -qec "stty cols $1; fips-manifest $2" /dev/null </dev/null | tr -d '\r' >seen
	[ -s seen ] || fail "nothing was shown"
	awk -v n="$1" 'length > n { exit 1 }' seen || fail "wider than $1: $(cat seen)"
}
if command -v script >/dev/null; then
	for columns in 80 100; do
		for c in list log "key list" "tool list"; do seen $columns "$c"; done
	done
	seen 100 log
	sed ':a; N; $!ba; s/\n  / /g' seen >joined
	expect 0 fips-manifest log
	diff <(sed 's/: / /g' out) <(sed 's/: / /g' joined) || fail "the log says other things"
	seen 200 list
	expect 0 fips-manifest list
	cmp out seen || fail "it has room enough"
fi

step "index.json is what its schema says; a changed one is not"
expect 0 fips-manifest export tree
jq -e '(.manifests | length) == 2 and (.tools | length) == 1 and .withdrawn[0].revision == 2' \
	tree/index.json >out || fail "$(cat tree/index.json)"
expect 0 judge ajv.mjs "$TOP/schema/index.schema.json" tree/index.json
for change in '.threshold = 0' '.manifests[0].path |= "../" + .' 'del(.tools)' '.x = 1' \
	'.withdrawn[0].reason = ""' '.manifests[0].signers = []' '.tools[0].size = "1"'; do
	jq "$change" tree/index.json >changed.json
	expect 1 judge ajv.mjs "$TOP/schema/index.schema.json" changed.json
done

step "the whole store holds together"
expect 0 sqlite3 s.db "PRAGMA integrity_check; PRAGMA foreign_key_check"
[ "$(cat out)" = ok ] || fail "$(cat out)"

# was ID ROW: SQL that lists the manifest's digests as the tables of schema 4 had them
was() {
	fips-manifest show --json "$1" | jq -r --arg row "$2" '.components[] | .name as $c |
		({path: "", sha256: (.source | .sha256, (.image // {} | .manifest, .config))},
			(.files[] | {path, sha256})) | select(.sha256) |
		"INSERT OR IGNORE INTO name (text) VALUES (\u0027\($c)\u0027), (\u0027\(.path)\u0027);
		INSERT OR IGNORE INTO file SELECT x\u0027\(.sha256)\u0027, c.id, p.id,
			(SELECT count(*) + 1 FROM file) FROM name c, name p
			WHERE c.text = \u0027\($c)\u0027 AND p.text = \u0027\(.path)\u0027;
		INSERT OR IGNORE INTO listing SELECT f.id, \($row) FROM file f
			JOIN name c ON c.id = f.component JOIN name p ON p.id = f.path
			WHERE f.digest = x\u0027\(.sha256)\u0027 AND c.text = \u0027\($c)\u0027
			AND p.text = \u0027\(.path)\u0027;"'
}
step "a store of schema 4 is brought to the newest, and find says what its tables said"
cat "$TOP"/schema/00[1-4]_*.sql >four.sql
sqlite3 four.db <four.sql || fail "schema 4"
{
	echo "ATTACH 's.db' AS new; DELETE FROM setting; PRAGMA user_version = 4;"
	sqlite3 four.db "SELECT 'INSERT INTO ' || name || ' SELECT * FROM new.' || name ||
		' ORDER BY 1;' FROM sqlite_schema
		WHERE type = 'table' AND name NOT IN ('name', 'file', 'listing')"
	sqlite3 s.db "SELECT id, 'el' || el || '/' || kubernetes || '/' || arch || '@' || revision
		FROM manifest" | while IFS='|' read -r row id; do was "$id" "$row"; done
} >fill.sql
expect 0 sqlite3 -bail four.db <fill.sql
expect 3 fips-manifest --store four.db find "$kubelet"
says "is of schema 4 and must be brought to"
sqlite3 four.db "SELECT lower(hex(f.digest)), printf('%-32s %-11s %s %s',
	'el' || el || '/' || kubernetes || '/' || arch || '@' || revision,
	CASE state WHEN 0 THEN 'pending' WHEN 1 THEN 'complete' WHEN 3 THEN 'withdrawn'
		ELSE iif(EXISTS (SELECT 1 FROM manifest n WHERE (n.el, n.kubernetes, n.arch) =
			(m.el, m.kubernetes, m.arch) AND n.revision > m.revision
			AND n.published IS NOT NULL), 'superseded', 'published') END,
	c.text, CASE p.text WHEN '' THEN '(the artifact)' ELSE p.text END)
	FROM file f JOIN listing l ON l.file = f.id JOIN manifest m ON m.id = l.manifest
	JOIN name c ON c.id = f.component JOIN name p ON p.id = f.path" | sort >was
[ "$(wc -l <was)" -gt 20 ] || fail "$(cat was)"
rm s.db
expect 0 fips-manifest --store four.db key add a.pub
cut -d'|' -f1 was | uniq | while read -r digest; do
	fips-manifest --store four.db find "$digest" | sed "s/^/$digest|/"
done | sort >is
diff was is || fail "find says other things (>) than the tables (<)"
expect 0 fips-manifest --store four.db log --verify
expect 0 sqlite3 four.db "PRAGMA integrity_check; PRAGMA foreign_key_check;
	SELECT count(*) FROM sqlite_schema WHERE name IN ('name', 'file', 'listing')"
[ "$(cat out)" = ok$'\n'0 ] || fail "$(cat out)"
