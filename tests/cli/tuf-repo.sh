#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The tree under TUF: init, publish, delegations, rotation, withdraw, refresh, status. It
# is read by our own client and by one that is not ours (tuf-js), through the server.
# long
# shellcheck source=tests/cli/lib.sh
. "$TOP/tests/cli/lib.sh"
# shellcheck source=tests/cli/keys.sh
. "$TOP/tests/cli/keys.sh"
need gpg sqlite3 jq curl faketime openssl
judges
client=$OUT/tests/tuf-client
# faketime is preloaded before ASan, which is fine here
export ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0

sample=$TOP/tests/data/manifest-el8-x86_64.json
export FIPS_MANIFEST_STORE=$PWD/s.db
echo "correct horse" >passphrase
want_rounds=200000
[ "${OUT##*/}" = san ] && want_rounds=2000 # as the Makefile says
fm() { # with the passphrase at descriptor 3
	fips-manifest "$@" 3<passphrase
}
signing=(--passphrase-fd 3)
new_home keys
make_key a rsa3072
# manifest NAME SED...: sign and add the sample, changed
manifest() {
	local out=$1 args=(-e "")
	shift
	for e; do args+=(-e "$e"); done
	sed "${args[@]}" "$sample" >"$out.json"
	clearsign "$out.asc" "$out.json" -u "$FPR"
	expect 0 fips-manifest add "$out.asc"
}
versions() { # of what is current: "root 1 timestamp 3 ..."
	sqlite3 s.db "SELECT role || ' ' || version FROM metadata WHERE until IS NULL
		AND role <> 'index' ORDER BY role" | tr '\n' ' '
}
path=manifests/v1.21.3/manifest-el8-x86_64.json.asc

step "init makes store, roles and keys; without anybody to ask it says so"
expect 0 fips-manifest --store bare.db init
says "made no TUF roles"
expect 3 fips-manifest --store bare.db status
says "'root init' makes them"
expect 3 fips-manifest --store bare.db refresh
one_line
expect 0 fm init "${signing[@]}"
says "move root.pem to a safe place"
[ "$(stat -c %a s.db.keys)" = 700 ] || fail "mode of the folder"
for role in root targets snapshot timestamp; do
	grep -q '^-----BEGIN ENCRYPTED PRIVATE KEY-----$' s.db.keys/$role.pem || fail "$role"
	[ "$(stat -c %a s.db.keys/$role.pem)" = 600 ] || fail "mode of $role.pem"
	rounds=$(openssl asn1parse -in s.db.keys/$role.pem | sed -n '/OCTET/{n;s/.*INTEGER *://p}')
	[ $((16#${rounds%%[!0-9A-F]*})) = "$want_rounds" ] || fail "rounds of $role.pem: $rounds"
done
[ "$(versions)" = "root 1 snapshot 1 targets 1 timestamp 1 " ] || fail "$(versions)"
expect 64 fips-manifest --store short.db init "${signing[@]}" 3<<<"short"
says "8 to"
if [ -e short.db ] || [ -e short.db.keys ]; then
	fail "init left something"
fi
expect 3 fm --store other.db init --role-keys s.db.keys "${signing[@]}"
[ ! -e other.db ] || fail "init left a store"
[ -s s.db.keys/root.pem ] || fail "init took away keys that it did not make"
expect 0 fm --store rsa.db init --scheme rsa --expiry root=10 --expiry timestamp=1 "${signing[@]}"
expect 0 fips-manifest --store rsa.db status --json
[ "$(jq -c '[.roles[] | select(.role != "index") | [.role, ((.days_left + 1) / 10 | floor)]]' out)" = \
	'[["root",1],["snapshot",3],["targets",9],["timestamp",0]]' ] || fail "$(cat out)"
expect 1 fips-manifest --store rsa.db status --within 1
says "1 TUF role expires within 1 days"
expect 64 fm --store x.db init --scheme dsa "${signing[@]}"
expect 64 fm --store x.db init --expiry nobody=1 "${signing[@]}"

step "^C at the question for the passphrase: the terminal echoes again, and no store is there"
cat >interrupt.py <<'END'
import os, pty, signal, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
asked = b""
while not asked.endswith(b": "):
    asked += os.read(terminal, 4096)
echo = lambda: bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
assert not echo(), "the passphrase would be seen"
os.write(terminal, b"half of it\x03")
state = os.waitpid(pid, 0)[1]
assert os.WIFSIGNALED(state) and os.WTERMSIG(state) == signal.SIGINT, state
assert echo(), "the terminal stays silent"
END
expect 0 python3 interrupt.py fips-manifest --store interrupted.db init
[ ! -e interrupted.db.keys/root.pem ] || fail "it made a key"

step "a store without roles says so"
expect 0 fips-manifest --store none.db init --no-roles
for c in "root show" status refresh "export x.tar --since 1"; do
	# shellcheck disable=SC2086  # words of a command
	expect 3 fips-manifest --store none.db $c
	says "the store has no TUF roles: 'root init' makes them"
done
expect 0 fips-manifest --store none.db key add a.pub
expect 0 fips-manifest --store none.db verify --all
says "the store holds no manifest"
expect 3 fips-manifest export x.tar --since 99
says "no mirror is at snapshot 99: the newest is "
[ ! -e x.tar ] || fail "it was written"

step "publish signs what changed; a server carries it; two clients take it"
expect 0 fips-manifest key add a.pub
manifest one
expect 64 fips-manifest publish
says "no terminal to ask for the passphrase"
one_line
expect 3 fips-manifest publish "${signing[@]}" 3<<<"wrong passphrase"
says "the passphrase is wrong"
expect 0 fips-manifest list
says complete out
expect 0 fm publish "${signing[@]}"
says "signed targets 2, index 2, el8 1, snapshot 2, timestamp 2"
expect 0 fips-manifest publish
says "nothing new"
background server.log fips-manifestd --store s.db --listen 127.0.0.1:0
wait_for 10 grep -q 'listening on' server.log || fail "$(cat server.log)"
url=$(sed -n 's,^listening on \(http://.*\)/$,\1,p' server.log)
curl -sf "$url/metadata/1.root.json" >root.json || fail "no root"
for t in $path keys/release.asc; do
	hash=$(curl -sf "$url/$t" | sha256sum | cut -d' ' -f1)
	curl -sf "$url/targets/${t%/*}/$hash.${t##*/}" | cmp - <(curl -sf "$url/$t") ||
		fail "$t is not a target"
done
ours() { # FOLDER [PATH]: our client, as the conformance tests call it
	local dir=$1
	shift
	[ -e "$dir/root.json" ] || "$client" --metadata-dir "$dir" init root.json || return 1
	if [ $# = 0 ]; then
		"$client" --metadata-dir "$dir" --metadata-url "$url/metadata" refresh
	else
		mkdir -p "$dir.targets"
		"$client" --metadata-dir "$dir" --metadata-url "$url/metadata" \
			--target-name "$1" --target-base-url "$url/targets" \
			--target-dir "$dir.targets" download
	fi
}
theirs() { # FOLDER [PATH [FILE]]
	local dir=$1
	shift
	mkdir -p "$dir"
	[ -e "$dir/root.json" ] || cp root.json "$dir/root.json"
	rm -rf "$dir.targets"
	judge tuf.mjs "$dir" "$url" "$dir.targets" ${1+"$1"} || return
	[ $# = 2 ] && cp "$dir.targets"/* "$2"
	return 0
}
custom() { sed -n "s,^[a-z]*/[^ ]* ,,p" out; }
mkdir us
expect 0 ours us $path
cmp one.asc us.targets/* || fail "not the manifest"
expect 0 theirs them $path got
cmp one.asc got || fail "not the manifest"
[ "$(custom)" = \
	'{"arch":"x86_64","el":"8","kubernetes":"v1.21.3","revision":1}' ] || fail "$(cat out)"
expect 0 theirs them keys/release.asc keyring
gpg --show-keys --with-colons keyring | grep -q "$FPR" || fail "not the keyring"
expect 1 theirs them manifests/v1.21.4/manifest-el8-x86_64.json.asc got
says "no role vouches"
expect 1 ours us manifests/v1.21.4/manifest-el8-x86_64.json.asc

step "another EL gets a role of its own; the others are not signed again"
manifest el9 's/"el": "8"/"el": "9.2"/'
expect 0 fm publish "${signing[@]}"
says "signed targets 3, index 3, el9 1, snapshot 3, timestamp 3"
manifest later 's/v1.21.3/v1.21.4/g'
expect 0 fm publish "${signing[@]}"
says "signed index 4, el8 2, snapshot 4, timestamp 4"
expect 0 theirs them manifests/v1.21.3/manifest-el9.2-x86_64.json.asc got
expect 0 ours us manifests/v1.21.4/manifest-el8-x86_64.json.asc

step "refresh signs timestamp alone, without the keys of root and targets"
mkdir away
mv s.db.keys/root.pem s.db.keys/targets.pem away
mv s.db.keys/timestamp.pem away
echo "file:$PWD/away/timestamp.pem" >s.db.keys/timestamp.uri # as a token has one
expect 0 fm refresh "${signing[@]}"
says "signed timestamp 5"
echo "pkcs11:token=none" >s.db.keys/timestamp.uri
expect 3 fm refresh "${signing[@]}"
says "pkcs11:token=none"
rm s.db.keys/timestamp.uri
mv away/timestamp.pem s.db.keys
expect 0 theirs them
says "timestamp 5" out
manifest v5 's/v1.21.3/v1.21.5/g'
expect 3 fm publish "${signing[@]}"
says "TUF role 'index': no private key that may sign it"
expect 0 fips-manifest list
says "el8/v1.21.5/x86_64@1             complete" out
[ "$(versions)" = "el8 2 el9 1 root 1 snapshot 4 targets 3 timestamp 5 " ] || fail "$(versions)"
mv away/targets.pem s.db.keys

step "keys of its own for el8: then those of targets do not sign it any more"
expect 0 fm root make-key el8 "${signing[@]}"
id=$(cat out)
expect 0 fips-manifest root add-key el8 s.db.keys/el8.pub
says "el8: changed with the next 'publish'"
expect 3 fips-manifest root add-key el8 s.db.keys/el8.pub
expect 64 fips-manifest root threshold el8 2
expect 64 fips-manifest root add-key el8.4 s.db.keys/el8.pub
expect 3 fips-manifest root add-key el8 passphrase
says "no public key"
expect 0 fm publish "${signing[@]}"
says "signed targets 4, index 5, el8 3, snapshot 5, timestamp 6"
curl -sf "$url/metadata/3.el8.json" | jq -e --arg id "$id" \
	'[.signatures[].keyid] == [$id]' >/dev/null || fail "not signed by el8's key"
expect 0 theirs them manifests/v1.21.5/manifest-el8-x86_64.json.asc got
expect 0 ours us manifests/v1.21.5/manifest-el8-x86_64.json.asc
expect 0 fm root make-key index "${signing[@]}"
index=$(cat out)
expect 0 fips-manifest root add-key index s.db.keys/index.pub
expect 0 fm publish "${signing[@]}"
mv s.db.keys/targets.pem away
manifest seven 's/v1.21.3/v1.21.7/g'
expect 0 fm publish "${signing[@]}"
says "signed index 7, el8 4, snapshot 7, timestamp 8"
mv away/targets.pem s.db.keys
expect 0 fips-manifest root remove-key index "$index"
expect 3 fips-manifest root remove-key el8 abc
expect 0 fips-manifest root remove-key el8 "$id"
expect 0 fm publish "${signing[@]}"
says "signed targets 6, index 8, el8 5, snapshot 8, timestamp 9"
expect 0 theirs them $path got

step "withdraw takes the target out and tells the reason with what follows"
expect 64 fips-manifest withdraw el8/v1.21.3 --reason "wrong build"
says "no terminal"
curl -sf "$url/$path" >/dev/null || fail "withdrawn without being signed"
expect 0 fm withdraw el8/v1.21.3 --reason "wrong build" "${signing[@]}"
says "signed index 9, el8 6, snapshot 9, timestamp 10"
wait_for 10 bash -c "! curl -sf $url/$path" || fail "still there"
hash=$(sha256sum <one.asc | cut -d' ' -f1)
curl -sf "$url/targets/manifests/v1.21.3/$hash.${path##*/}" >/dev/null &&
	fail "the withdrawn file is still served"
expect 1 theirs them $path got
expect 1 ours us $path
manifest two 's/"revision": 1/"revision": 2/'
expect 0 fm publish "${signing[@]}"
expect 0 theirs them $path got
[ "$(custom | jq -c .withdrawn)" = '[{"reason":"wrong build","revision":1}]' ] ||
	fail "$(cat out)"
expect 0 ours us $path

step "a new root: prepared here, signed on two machines, published here"
mkdir offline
mv away/root.pem offline
expect 0 fips-manifest root show
says "root 1, expires" out
expect 0 fm root make-key root-b --role-keys second "${signing[@]}"
expect 0 fm root make-key timestamp-2 --role-keys fresh "${signing[@]}"
expect 0 fips-manifest root add-key root second/root-b.pub
says "changed root 2 in '$PWD/s.db.root.json'"
expect 64 fips-manifest root threshold root 3
says "root would have 2 keys and a threshold of 3"
expect 0 fips-manifest root threshold root 2
expect 0 fips-manifest root add-key timestamp fresh/timestamp-2.pub
old=$(jq -r '.signed.roles.timestamp.keyids[0]' s.db.root.json)
expect 0 fips-manifest root remove-key timestamp "$old"
expect 3 fips-manifest root remove-key timestamp "$old"
expect 2 fm root publish "${signing[@]}"
says "signed by 0 of 1 keys of the published root and by 0 of 2 of its own"
# no store on the other machines: the file travels
mkdir there
mv s.db.root.json there/next.json
(
	unset FIPS_MANIFEST_STORE
	cd there || exit
	expect 0 fips-manifest root sign --file next.json --role-keys ../offline "${signing[@]}" \
		3<../passphrase
	says "it has 1 signature"
	expect 3 fips-manifest root sign --file next.json --role-keys ../fresh "${signing[@]}" \
		3<../passphrase
	says "no private key of root"
) || exit 1
mv there/next.json s.db.root.json
expect 2 fm root publish "${signing[@]}"
says "signed by 1 of 1 keys of the published root and by 1 of 2 of its own"
expect 0 fm root sign --role-keys second "${signing[@]}"
says "it has 2 signatures"
expect 0 fips-manifest root show --json
[ "$(jq -c .signed out)" = \
	'{"new":2,"new_needed":2,"published":1,"published_needed":1}' ] || fail "$(cat out)"
expect 3 fm root publish "${signing[@]}"
says "TUF role 'timestamp': no private key that may sign it"
[ "$(versions | grep -o 'root [0-9]*')" = "root 1" ] || fail "half a root"
mv fresh/timestamp-2.pem s.db.keys/
expect 0 fm root publish "${signing[@]}"
says "published the new root; signed timestamp"
[ ! -e s.db.root.json ] || fail "the root in preparation is still there"
curl -sf "$url/metadata/1.root.json" | cmp - root.json || fail "root 1 is not as it was"
expect 0 theirs them $path got
says "root 2" out
expect 0 ours us $path
[ "$(jq .signed.version us/root.json)" = 2 ] || fail "our client did not follow"
expect 0 theirs fresh-client $path got
expect 3 fm root sign "${signing[@]}"
says "no root in preparation"

step "an expired root: nothing is published under it, a new one helps"
# the clock stands in the year after next, for the programs alone
later() { faketime -f '+700d' "$@"; }
manifest six 's/v1.21.3/v1.21.6/g'
expect 2 later fips-manifest publish "${signing[@]}" 3<passphrase
says "root 2 expired on"
one_line
expect 1 later fips-manifest status
says "EXPIRED" out
expect 0 later fips-manifest root expiry root 400 3<passphrase
cp offline/root.pem s.db.keys
expect 0 later fips-manifest root sign "${signing[@]}" 3<passphrase
expect 0 later fips-manifest root sign --role-keys second "${signing[@]}" 3<passphrase
expect 0 later fips-manifest root publish "${signing[@]}" 3<passphrase
says "published the new root; signed targets"
expect 0 later fips-manifest publish "${signing[@]}" 3<passphrase
expect 0 theirs them manifests/v1.21.6/manifest-el8-x86_64.json.asc got
expect 0 later "$client" --metadata-dir us --metadata-url "$url/metadata" refresh

step "the store holds together, and the log tells of every version"
expect 0 sqlite3 s.db "PRAGMA integrity_check; PRAGMA foreign_key_check"
[ "$(cat out)" = ok ] || fail "$(cat out)"
expect 0 fips-manifest log --verify
[ "$(sqlite3 s.db "SELECT count(*) FROM metadata")" = \
	"$(sqlite3 s.db "SELECT count(*) FROM log WHERE action = 'metadata'")" ] ||
	fail "the log misses versions"
expect 19 sqlite3 s.db "UPDATE metadata SET bytes = x'00' WHERE role = 'root'"
expect 19 sqlite3 s.db "DELETE FROM metadata"
