#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The procedures of docs/OPERATIONS.md for the TUF roles, each command as it stands there:
# first ceremony, every day, rotation, accidents. A server carries the tree, and a node
# follows through all of it.
# long
# shellcheck source=tests/cli/lib.sh
. "${TOP:?}/tests/cli/lib.sh"
# shellcheck source=tests/cli/node.bash
. "$TOP/tests/cli/node.bash"
# shellcheck source=tests/cli/walk.bash
. "$TOP/tests/cli/walk.bash"
need gpg jq sqlite3 curl faketime
# faketime is preloaded before ASan, which is fine here
export ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0
walk_sections "## First ceremony" "## Every day" "## A manifest was wrong" "## Rotation" \
	"## Accidents"

PASSPHRASE="correct horse battery"
MEANS[/srv/fips/]=$PWD/srv/
new_key alice
new_key bob
new_key mallory
node_root root
cp /bin/true root/usr/bin/kubelet
component root kubelet required /usr/bin/kubelet >kubelet.json
for n in 1 2 3; do
	manifest "m$n.json" ".revision = $n" <kubelet.json
	sign "m$n.json" alice bob
done
manifest forged.json '.revision = 9' <kubelet.json
sign forged.json mallory

# the store's machine, where owner A sits, too; and those of owners B and C
mkdir srv B C
cp alice.asc bob.asc m*.json.asc srv
cd srv || exit
ln -s ../B ../C .
version() { # version ROLE: what the store has published
	sqlite3 release.db "SELECT version FROM metadata WHERE role = '$1' AND until IS NULL"
}
servers=0
serve() { # serve STORE: a server for it, at $URL
	local log=server-$((++servers)).log
	background "$log" fips-manifestd --store "$1" --listen 127.0.0.1:0
	wait_for 20 grep -qs 'listening on' "$log" || fail "$(cat "$log")"
	URL=$(sed -n 's,^listening on \(http://.*\)/$,\1,p' "$log")
}
has() { # has VERSION: does the server have this timestamp?
	curl -sf "$URL/metadata/timestamp.json" | jq -e ".signed.version == $1"
}
published() { # the server shows what the store has
	wait_for 20 has "$(version timestamp)" || fail "the server does not show it"
}
owners_sign() { # owner A has root.pem with him, owner B has the file sent
	cp A/root.pem release.db.keys
	walk '$ fips-manifest root sign'
	rm release.db.keys/root.pem
	mv release.db.root.json B
	walk 'owner B$ fips-manifest root sign --file release.db.root.json --role-keys b-keys'
	mv B/release.db.root.json .
	walk '$ fips-manifest root publish'
	published
}
key_of() { # key_of ROLE: the id of its only key, as "root show" tells it
	command fips-manifest root show --json |
		jq -er --arg r "$1" '(.delegated[$r] // .published.roles[$r]).keyids | .[0]' ||
		fail "root show tells of no key of $1"
}
node() { # node STATUS [OPTION...]: fips-tool on the node, which keeps its state
	local status=$1
	shift
	expect "$status" fips-tool --root ../root --server "$URL" --state "${STATE-state}" \
		--kubernetes v1.21.3 --threshold 2 "$@"
}

step "the first ceremony"
walk '$ export FIPS_MANIFEST_STORE=/srv/fips/release.db'
walk '$ fips-manifest init'
says "move root.pem to a safe place"
walk '$ fips-manifest root show'
walk 'owner B$ fips-manifest root make-key root-b --role-keys b-keys'
walk 'owner C$ fips-manifest root make-key root-c --role-keys c-keys'
cp B/b-keys/root-b.pub C/c-keys/root-c.pub .
walk '$ fips-manifest root add-key root root-b.pub'
walk '$ fips-manifest root add-key root root-c.pub'
walk '$ fips-manifest root threshold root 2'
walk '$ fips-manifest root sign'
mv release.db.root.json B # it travels
walk 'owner B$ fips-manifest root sign --file release.db.root.json --role-keys b-keys'
mv B/release.db.root.json .
walk '$ fips-manifest root publish'
says "published the new root"
walk '$ fips-manifest key add alice.asc'
walk '$ fips-manifest key add bob.asc --threshold 2'
expect 0 command fips-manifest add m1.json.asc
walk '$ fips-manifest publish'
mkdir A
mv release.db.keys/root.pem A
serve release.db
curl -sf "$URL/metadata/$(version root).root.json" >root.json || fail "no root"
node 0 --trust root.json
says "revision 1" out

step "the node needs root once; the newest one, which two owners signed"
node 0
[ "$(jq .signed.version state/root.json)" = 2 ] || fail "not root 2"

step "every day"
expect 0 fips-manifest refresh
published
node 0
walk '$ fips-manifest status --within 14'
walk '$ fips-manifest log --verify'
says "the chain is whole" out

step "a manifest was wrong"
walk '$ fips-manifest withdraw el8/v1.21.3 --reason "containerd was built without the module"'
published
node 3
says "has no manifest for EL 8.4, Kubernetes v1.21.3, x86_64"
cp m2.json.asc manifest-el8-x86_64.json.asc
walk '$ fips-manifest add manifest-el8-x86_64.json.asc'
walk '$ fips-manifest publish'
published
node 0
says "revision 1 was withdrawn: containerd was built without the module" out

step "rotation of a role key"
walk '$ fips-manifest root make-key timestamp-2'
walk '$ fips-manifest root add-key timestamp release.db.keys/timestamp-2.pub'
walk '$ fips-manifest root show'
MEANS[OLD-KEYID]=$(key_of timestamp)
walk '$ fips-manifest root remove-key timestamp OLD-KEYID'
owners_sign
rm release.db.keys/timestamp.pem
node 0
[ "$(jq .signed.version state/root.json)" = 3 ] || fail "not root 3"

step "keys of its own for an EL: without the key of targets it is published"
walk '$ fips-manifest root make-key el8'
walk '$ fips-manifest root add-key el8 release.db.keys/el8.pub'
walk '$ fips-manifest root make-key index'
walk '$ fips-manifest root add-key index release.db.keys/index.pub'
walk '$ fips-manifest publish'
mv release.db.keys/targets.pem A
expect 0 command fips-manifest add m3.json.asc
walk '$ fips-manifest publish'
mv A/targets.pem release.db.keys
published
node 0
says "revision 3" out

step "a root key is lost: the other two owners put another in its place"
rm -r C/c-keys
expect 0 fips-manifest root make-key root-c --role-keys C/new-keys
expect 0 fips-manifest root add-key root C/new-keys/root-c.pub
expect 0 fips-manifest root remove-key root "$(
	jq -r '.signed | .roles.root.keyids[] as $id | select(.keys[$id].keyval.public ==
		$old) | $id' --rawfile old root-c.pub release.db.root.json
)"
owners_sign
node 0

# steal KEY...: the thief has a copy of the store and these keys, and a server
steal() {
	rm -rf ../thief
	mkdir -p ../thief/release.db.keys
	sqlite3 release.db ".backup ../thief/release.db"
	cp "${@/#/release.db.keys/}" ../thief/release.db.keys
}
thief() {
	FIPS_MANIFEST_STORE=../thief/release.db fips-manifest "$@"
}
replace() { # replace ROLE: a new key instead of the old one
	local old
	old=$(key_of "$1")
	expect 0 fips-manifest root make-key "$1-$((++made))"
	expect 0 fips-manifest root add-key "$1" "release.db.keys/$1-$made.pub"
	expect 0 fips-manifest root remove-key "$1" "$old"
}
made=10 true_url=$URL

step "timestamp and snapshot are stolen: versions so high that nothing newer can come"
steal timestamp-2.pem snapshot.pem
for days in 16 32 48 64 80; do
	CLOCK=(faketime -f "+${days}d")
	expect 0 thief refresh
	says "signed snapshot"
done
CLOCK=()
serve ../thief/release.db
node 0
[ "$(jq .signed.version state/snapshot.json)" -gt "$(version snapshot)" ] || fail "no attack"
URL=$true_url
node 2
says "rolled back from version"
one_line
replace timestamp
replace snapshot
owners_sign
node 0
for role in timestamp snapshot; do
	[ "$(jq .signed.version state/$role.json)" = "$(version $role)" ] || fail "$role"
done

step "all keys but those of root are stolen: a pinned keyring still holds"
mv release.db.keys/timestamp-2.pem release.db.keys/snapshot.pem A
(cd release.db.keys && echo ./*.pem) >keys
# shellcheck disable=SC2046  # a list of names
steal $(cat keys)
expect 0 thief key add ../mallory.asc --threshold 1
for name in alice bob; do
	expect 0 thief key remove "$(gpg --with-colons --show-keys $name.asc |
		awk -F: '$1 == "fpr" { print $10; exit }')"
done
expect 0 thief add ../forged.json.asc
expect 1 thief publish
says "took el8/v1.21.3/x86_64@3 out of the tree"
serve ../thief/release.db
cat alice.asc bob.asc >pinned.asc
cp -r state pinned-state
node 2
expect 0 fips-tool --root ../root --server "$URL" --state state --kubernetes v1.21.3
says "revision 9" out
STATE=pinned-state node 2 --keyring pinned.asc
one_line
URL=$true_url
for role in targets el8 index snapshot timestamp; do
	replace $role
done
owners_sign
walk '$ fips-manifest publish'
published
for name in targets el8 snapshot timestamp; do
	jq -r '.signatures[].keyid' "state/$name.json"
done | sort >before
node 0
says "revision 3" out
# nothing that the thief had signs any more
for name in targets el8 snapshot timestamp; do
	jq -r '.signatures[].keyid' "state/$name.json"
done | sort | comm -12 - before >both
[ ! -s both ] || fail "an old key signs: $(cat both)"
STATE=pinned-state node 0 --keyring pinned.asc

step "root has expired"
CLOCK=(faketime -f '+400d')
late_node() {
	expect "$1" "${CLOCK[@]}" fips-tool --root ../root --server "$URL" --state state \
		--kubernetes v1.21.3 --threshold 2
}
late_node 2
says "expired on"
one_line
expect 2 fips-manifest publish
says "expired on"
walk '$ fips-manifest root expiry root 365'
owners_sign
walk '$ fips-manifest publish'
published
late_node 0
[ "$(jq .signed.version state/root.json)" = "$(version root)" ] || fail "an old root"

step "root keys are lost below the threshold: a new authority, and nodes that begin anew"
CLOCK=()
export FIPS_MANIFEST_STORE=$PWD/new.db
expect 0 fips-manifest init
expect 0 fips-manifest key add alice.asc
expect 0 fips-manifest key add bob.asc --threshold 2
expect 0 fips-manifest add m3.json.asc
expect 0 fips-manifest publish
serve new.db
curl -sf "$URL/metadata/1.root.json" >new-root.json || fail "no root"
node 2 --trust new-root.json
one_line
rm -r state
node 0 --trust new-root.json
walk_end
